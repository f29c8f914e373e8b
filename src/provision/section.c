#include "provision/section.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/ini.h"
#include "base/parse.h"
#include "relay/settings.h"

static const char *const names[] = {
    [SECTION_TOOL] = "tool",
    [SECTION_ROLE] = "role",
    [SECTION_STORE] = "store",
    [SECTION_READER_PROFILE] = "reader-profile",
    [SECTION_WRITER_PROFILE] = "writer-profile",
    [SECTION_KMS_KEY_ID] = "kms-key-id",
    [SECTION_TIER] = "tier",
    [SECTION_SHARE_REFRESH_TOKEN] = "share-refresh-token",
    [SECTION_WRITERS] = "writers",
    [SECTION_FLEET_SIZE] = "fleet-size",
};
_Static_assert(sizeof names / sizeof names[0] == SECTION_KEYS, "one name for each setting");

const char *section_key_name(enum section_key k)
{
    return names[k];
}

/* ---- values ---- */

static bool one_line(const char *value)
{
    size_t n = strlen(value);
    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return false;
    return n == 0 || (!ascii_is_space(value[0]) && !ascii_is_space(value[n - 1]));
}

/* Would the relay take it?  Asked of the table of settings itself. */
static bool taken(enum section_key k, const char *value, const char *from, struct err *e)
{
    struct relay scratch = {.store_options = jv_object()};
    if (!scratch.store_options)
        return err_no_memory(e);
    bool ok = settings_take(&scratch, names[k], value, from, e);
    relay_free(&scratch);
    return ok;
}

/* Two ways to say yes are one value. */
static void put(struct section *s, enum section_key k, const char *value)
{
    bool yes;
    if (value && k == SECTION_SHARE_REFRESH_TOKEN && parse_bool(value, &yes))
        value = yes ? "yes" : "no";
    snprintf(s->value[k], SECTION_VALUE_SIZE, "%s", value ? value : "");
}

bool section_set(struct section *s, enum section_key k, const char *value, const char *from,
                 struct err *e)
{
    if (!one_line(value)) {
        err_set(e, ERR_INVALID, "%s: the %s has characters that a setting cannot have", from,
                names[k]);
        return err_hint(e, "give it on one line, without blanks around it");
    }
    if (strlen(value) >= SECTION_VALUE_SIZE)
        return err_set(e, ERR_TOO_LARGE, "%s: the %s is longer than %d characters", from, names[k],
                       SECTION_VALUE_SIZE - 1);
    if (*value && !taken(k, value, from, e))
        return false;
    put(s, k, value);
    return true;
}

static const char *fallback(enum section_key k)
{
    const struct setting *s;
    for (size_t i = 0; (s = relay_setting(i)); i++)
        if (strcmp(s->key, names[k]) == 0)
            return s->fallback;
    return "";
}

const char *section_value(const struct section *s, enum section_key k)
{
    return s->value[k][0] ? s->value[k] : fallback(k);
}

/* About putting and renewing: nothing to a reader. */
static bool is_writers(enum section_key k)
{
    return k == SECTION_WRITER_PROFILE || k == SECTION_KMS_KEY_ID || k == SECTION_TIER ||
           k == SECTION_WRITERS;
}

static bool is_reader(const struct section *s)
{
    return strcmp(section_value(s, SECTION_ROLE), role_name(ROLE_READER)) == 0;
}

enum section_key section_difference(const struct section *a, const struct section *b)
{
    bool readers = is_reader(a) && is_reader(b);
    for (enum section_key k = 0; k < SECTION_KEYS; k++)
        if (!(readers && is_writers(k)) && strcmp(section_value(a, k), section_value(b, k)) != 0)
            return k;
    return SECTION_KEYS;
}

/* ---- out of a relay ---- */

void section_of_relay(const struct relay *r, enum role role, struct section *ret)
{
    struct section s = {.name = ""};
    char fleet_size[24];
    snprintf(s.name, sizeof s.name, "%s", r->name);
    snprintf(fleet_size, sizeof fleet_size, "%lld", (long long)r->fleet_size);
    put(&s, SECTION_TOOL, r->tool_name);
    put(&s, SECTION_ROLE, role_name(role));
    put(&s, SECTION_STORE, r->store_url);
    if (r->plain)
        put(&s, SECTION_SHARE_REFRESH_TOKEN, "yes");
    put(&s, SECTION_WRITERS, r->writers);
    if (strcmp(fleet_size, fallback(SECTION_FLEET_SIZE)) != 0)
        put(&s, SECTION_FLEET_SIZE, fleet_size);
    static const enum section_key of_store[] = {SECTION_READER_PROFILE, SECTION_WRITER_PROFILE,
                                                SECTION_KMS_KEY_ID, SECTION_TIER};
    for (size_t i = 0; i < sizeof of_store / sizeof of_store[0]; i++)
        put(&s, of_store[i], jv_text(r->store_options, names[of_store[i]]));
    for (enum section_key k = 0; role == ROLE_READER && k < SECTION_KEYS; k++)
        if (is_writers(k))
            s.value[k][0] = '\0';
    *ret = s;
}

bool section_relay(const struct section *s, struct relay *ret, struct err *e)
{
    struct relay r = {.store_options = jv_object()};
    if (!r.store_options)
        return err_no_memory(e);
    settings_default(&r);
    snprintf(r.name, sizeof r.name, "%s", s->name);
    snprintf(r.machine, sizeof r.machine, "unnamed"); /* nothing is put in its name */
    bool ok = true;
    for (enum section_key k = 0; ok && k < SECTION_KEYS; k++)
        ok = !s->value[k][0] || settings_take(&r, names[k], s->value[k], s->name, e);
    ok = ok && (r.tool = tool_load(r.tool_name, e)) != NULL;
    if (ok)
        *ret = r;
    else
        relay_free(&r);
    return ok;
}

/* ---- out of a file ---- */

struct reading {
    const char *name;
    struct section *section;
    bool found;
};

static bool take(void *ctx, const char *section, const char *key, const char *value, unsigned line,
                 struct err *e)
{
    struct reading *rd = ctx;
    (void)line;
    (void)e;
    if (strcmp(section, rd->name) != 0)
        return true;
    rd->found = true;
    for (enum section_key k = 0; key && k < SECTION_KEYS; k++)
        if (strcmp(key, names[k]) == 0)
            put(rd->section, k, value);
    return true;
}

bool section_read(const char *text, size_t len, const char *path, const char *name,
                  struct section *ret, bool *ret_found, struct err *e)
{
    struct section s = {.name = ""};
    struct reading rd = {.name = name, .section = &s};
    snprintf(s.name, sizeof s.name, "%s", name);
    if (!ini_parse(text, len, path, take, &rd, e))
        return false;
    *ret = s;
    *ret_found = rd.found;
    return true;
}
