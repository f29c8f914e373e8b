#include "os/keychain.h"

#include <stddef.h>

const char *os_keychain_program(void)
{
    return NULL;
}
