#include "provision/passphrase.h"

#include <sodium.h>

#include "base/ascii.h"
#include "base/buf.h"

enum { GROUP = 5, GROUPS = PASSPHRASE_CHARS / GROUP };

/* More than anybody types; the rest cannot fit either. */
#define LIMIT_TYPED 1024

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* 32 divides what randombytes_uniform draws from, so every character is equally likely. */
_Static_assert(sizeof alphabet - 1 == 32, "five bits a character");
_Static_assert(PASSPHRASE_CHARS * 5 == PASSPHRASE_BITS, "five bits a character");

struct secret *passphrase_make(void)
{
    char text[PASSPHRASE_CHARS + GROUPS - 1];
    if (!secret_init())
        return NULL;
    for (size_t i = 0; i < sizeof text; i++)
        if (i % (GROUP + 1) == GROUP)
            text[i] = '-';
        else
            text[i] = alphabet[randombytes_uniform(32)];
    struct secret *made = secret_copy(text, sizeof text);
    sodium_memzero(text, sizeof text);
    return made;
}

static char meant(char c)
{
    char lower = (char)ascii_lower(c);
    switch (lower) {
    case 'o': return '0';
    case 'i':
    case 'l': return '1';
    default: return lower;
    }
}

struct secret *passphrase_typed(const char *text, size_t len)
{
    struct buf b;
    buf_init(&b, LIMIT_TYPED);
    size_t count = 0;
    for (size_t i = 0; i < len && count < LIMIT_TYPED - LIMIT_TYPED / GROUP; i++) {
        if (text[i] == '-' || ascii_is_space(text[i]))
            continue;
        char c = meant(text[i]);
        if (count && count % GROUP == 0)
            buf_text(&b, "-");
        buf_bytes(&b, &c, 1);
        count++;
    }
    struct secret *typed = b.failed ? NULL : secret_copy(buf_str(&b), b.len);
    buf_free(&b);
    return typed;
}
