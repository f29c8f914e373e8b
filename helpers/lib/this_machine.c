#include "this_machine.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool is_this_machine(const char *authority)
{
    char host[64];
    struct in_addr v4;
    size_t len = strcspn(authority, ":");
    if (strcmp(authority, "[::1]") == 0 || strncmp(authority, "[::1]:", 6) == 0)
        return true;
    if ((size_t)snprintf(host, sizeof host, "%.*s", (int)len, authority) >= sizeof host)
        return false;
    return strcmp(host, "localhost") == 0 ||
           (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127);
}
