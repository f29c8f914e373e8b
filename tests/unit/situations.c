#include "situations.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void parse_name(char name, char out[FINGERPRINT_SIZE])
{
    memset(out, name, FINGERPRINT_SIZE - 1);
    out[FINGERPRINT_SIZE - 1] = '\0';
}

struct login_facts parse_login(const char *text)
{
    struct login_facts f = {.state = LOGIN_USABLE, .flaw = ""};
    char *rest;
    if (!text || strcmp(text, "-") == 0)
        f.state = LOGIN_ABSENT;
    else if (strcmp(text, "blank") == 0)
        f.state = LOGIN_BLANK;
    else if (strcmp(text, "torn") == 0)
        f.state = LOGIN_TORN;
    else if (strcmp(text, "folder") == 0)
        f.state = LOGIN_NOT_A_FILE;
    else if (strcmp(text, "unreadable") == 0)
        f.state = LOGIN_UNREADABLE;
    if (f.state != LOGIN_USABLE)
        return f;
    parse_name(text[0], f.fingerprint);
    if (text[1] == '?')
        rest = (char *)(uintptr_t)text + 2;
    else
        f.expires_at = NOW + strtol(text + 1, &rest, 10) * HOUR;
    if (*rest == 'r') {
        f.renewable = true;
        rest++;
    }
    if (*rest == '@')
        f.deadline = NOW + strtol(rest + 1, &rest, 10) * 24 * HOUR;
    if (*rest == '~')
        f.fresh_at = NOW + strtol(rest + 1, NULL, 10) * HOUR;
    return f;
}

struct memory parse_memory(const char *text)
{
    struct memory m = {.seen_count = 0};
    char name[FINGERPRINT_SIZE];
    for (const char *p = text ? text : ""; *p; p += strcspn(p, " "), p += strspn(p, " ")) {
        char kind = *p;
        const char *word = strchr("=!?&^", kind) ? p + 1 : p;
        long version = strtol(word + 1, NULL, 10);
        parse_name(*word, name);
        switch (kind) {
        case '=': memory_in_step(&m, name, version); break;
        case '!': memory_reject(&m, name, NOW); break;
        case '?': memcpy(m.refused, name, sizeof m.refused); break;
        case '&': memcpy(m.entrusted, name, sizeof m.entrusted); break;
        case '^': memcpy(m.claimed, name, sizeof m.claimed); break;
        default: memory_saw(&m, name, version);
        }
    }
    return m;
}
