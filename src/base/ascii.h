/* Kinds of bytes, without a locale. */
#ifndef CREDRELAY_BASE_ASCII_H
#define CREDRELAY_BASE_ASCII_H

#include <stdbool.h>
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

#endif
