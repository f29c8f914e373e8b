#include "addresses.h"

#include <stdio.h>
#include <string.h>

static const char between[] = ", \t\r\n";

static bool too_many(struct err *e)
{
    return err_hint(e, "let it be one address, of a list");
}

bool addresses_split(const char *list, struct addresses *ret, struct err *e)
{
    ret->count = 0;
    if (strlen(list) >= sizeof ret->text) {
        err_set(e, ERR_TOO_LARGE, "mail is longer than %zu bytes", sizeof ret->text - 1);
        return too_many(e);
    }
    snprintf(ret->text, sizeof ret->text, "%s", list);
    for (char *p = ret->text; *(p += strspn(p, between));) {
        if (ret->count == MOST_RECIPIENTS) {
            err_set(e, ERR_TOO_LARGE, "mail has more than %d addresses", MOST_RECIPIENTS);
            return too_many(e);
        }
        ret->at[ret->count++] = p;
        p += strcspn(p, between);
        if (*p)
            *p++ = '\0';
    }
    if (ret->count)
        return true;
    err_set(e, ERR_INVALID, "mail has no address");
    return err_hint(e, "write into [alert]: mail = you@example.com");
}
