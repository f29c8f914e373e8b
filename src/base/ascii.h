/* Kinds of bytes, without a locale. */
#ifndef CREDRELAY_BASE_ASCII_H
#define CREDRELAY_BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool ascii_is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static inline bool ascii_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline int ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* N bytes are the same but for the case of letters. */
static inline bool ascii_same(const char *a, const char *b, size_t n)
{
    while (n > 0 && ascii_lower(*a) == ascii_lower(*b))
        a++, b++, n--;
    return n == 0;
}

#endif
