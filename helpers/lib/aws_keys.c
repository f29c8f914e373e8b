#include "aws_keys.h"

#include <stdio.h>
#include <string.h>

void aws_keys_free(struct aws_keys *k)
{
    secret_free(k->secret);
    secret_free(k->token);
    *k = (struct aws_keys){0};
}

/* They go into headers, where a stray character is a puzzle of its own. */
static bool plain(const char *text)
{
    return !text || text[strcspn(text, " \t\r\n")] == '\0';
}

static bool check(const struct aws_keys *k, const char *where, const struct aws_keys_text *text,
                  struct err *e)
{
    if (!text->id || !text->secret) {
        err_set(e, ERR_BAD_CREDENTIALS, "%s has %s without %s", where,
                text->id ? "an access key" : "a secret key",
                text->id ? "a secret key" : "an access key");
        return err_hint(e, "enter both: aws configure%s", k->flag);
    }
    if (strlen(text->id) < sizeof k->id && plain(text->id) && plain(text->secret) &&
        plain(text->token))
        return true;
    err_set(e, ERR_BAD_CREDENTIALS,
            "the keys of %s have white space inside, or more than keys have", where);
    return err_hint(e, "enter them again: aws configure%s", k->flag);
}

bool aws_keys_take(struct aws_keys *ret, const char *where, const struct aws_keys_text *text,
                   struct err *e)
{
    if (!check(ret, where, text, e))
        return false;
    snprintf(ret->id, sizeof ret->id, "%s", text->id);
    ret->secret = secret_copy(text->secret, strlen(text->secret));
    ret->token = text->token ? secret_copy(text->token, strlen(text->token)) : NULL;
    ret->expires_ms = text->expires ? aws_time_ms(text->expires) : 0;
    return (ret->secret && (ret->token || !text->token)) || err_no_memory(e);
}

struct aws_keys_text aws_keys_members(const jv *doc, const char *token)
{
    return (struct aws_keys_text){.id = jv_text(doc, "AccessKeyId"),
                                  .secret = jv_text(doc, "SecretAccessKey"),
                                  .token = jv_text(doc, token),
                                  .expires = jv_text(doc, "Expiration")};
}

/* Days since 1970 of a date in the Gregorian calendar; years begin in March here, so that the
 * leap day is the last one. */
static int64_t days(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

int64_t aws_time_ms(const char *text)
{
    int year, month, day, hour, minute, second, used = 0, off_hour = 0, off_minute = 0;
    char sign = '+';
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second,
               &used) != 6 ||
        year < 1970 || month < 1 || month > 12)
        return 0;
    const char *zone = text + used;
    if (*zone == '.') /* a fraction of a second decides nothing here */
        zone += 1 + strspn(zone + 1, "0123456789");
    if (strcmp(zone, "Z") != 0 && sscanf(zone, "%c%2d:%2d", &sign, &off_hour, &off_minute) != 3)
        return 0;
    int64_t offset_s = (off_hour * 60 + off_minute) * 60 * (sign == '-' ? -1 : 1);
    int64_t seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return (seconds - offset_s) * 1000;
}
