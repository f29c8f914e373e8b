#include "provision/invitation_body.h"

#include <stdio.h>
#include <string.h>

/* ---- writing ---- */

static jv *settings_value(const struct section *s)
{
    jv *v = jv_object();
    for (enum section_key k = 0; k < SECTION_KEYS; k++)
        if (s->value[k][0])
            jv_put_text(v, section_key_name(k), s->value[k]);
    return v;
}

static jv *key_value(const struct invitation_key *key)
{
    size_t len;
    const char *secret = secret_reveal(key->secret, &len);
    jv *v = jv_object();
    jv_put_text(v, "profile", key->profile);
    jv_put_text(v, "id", key->id);
    jv_put_bytes(v, "secret", secret, len);
    return v;
}

bool invitation_body_write(const struct invitation *i, struct buf *out, struct err *e)
{
    jv *v = jv_object(), *keys = jv_array();
    for (size_t k = 0; k < i->key_count; k++)
        jv_push(keys, key_value(&i->keys[k]));
    jv_put_int(v, "made", i->made_at);
    jv_put_int(v, "expires", i->expires_at);
    jv_put_text(v, "by", i->by);
    jv_put_text(v, "relay", i->section.name);
    jv_put(v, "settings", settings_value(&i->section));
    bool ok = jv_put(v, "keys", keys) && jv_write(v, out);
    jv_free(v);
    return ok || buf_error(out, "the invitation", e);
}

/* ---- reading ---- */

bool invitation_not_valid(const char *why, struct err *e)
{
    err_set(e, ERR_INVALID, "the invitation is not valid: %s", why);
    return err_hint(e, "make another one, with the same credrelay on both machines");
}

/* A member that is one line of text with no bracket, and fits: it becomes a part of an INI file. */
static const char *plain(const jv *object, const char *key, size_t size)
{
    const char *value = jv_text(object, key);
    if (!value || !*value || strlen(value) >= size)
        return NULL;
    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '[' || *p == ']')
            return NULL;
    return value;
}

static bool text(const jv *object, const char *key, char *out, size_t size)
{
    const char *value = plain(object, key, size);
    if (value)
        snprintf(out, size, "%s", value);
    return value != NULL;
}

/* Any machine's name, fit to be shown. */
static bool read_maker(const jv *v, char *out, size_t size)
{
    const char *by = jv_text(v, "by");
    if (!by || (size_t)snprintf(out, size, "%s", by) >= size)
        return false;
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    return true;
}

static bool read_key(const jv *v, struct invitation_key *ret, struct err *e)
{
    const char *secret = plain(v, "secret", INVITATION_NAME_SIZE);
    if (!text(v, "profile", ret->profile, sizeof ret->profile) ||
        !text(v, "id", ret->id, sizeof ret->id) || !secret)
        return invitation_not_valid("one of its keys is none", e);
    ret->secret = secret_copy(secret, strlen(secret));
    return ret->secret || err_no_memory(e);
}

static bool read_keys(const jv *keys, struct invitation *i, struct err *e)
{
    if (!jv_is_array(keys) || jv_size(keys) > INVITATION_KEYS)
        return invitation_not_valid("it has no list of keys, or too many", e);
    for (size_t k = 0; k < jv_size(keys); k++) {
        if (!read_key(jv_at(keys, k), &i->keys[k], e))
            return false;
        i->key_count = k + 1;
    }
    return true;
}

struct settings {
    struct section *section;
    struct err *e;
};

static bool take_setting(void *ctx, const char *key, const jv *value)
{
    struct settings *s = ctx;
    const char *said = jv_string(value);
    for (enum section_key k = 0; said && k < SECTION_KEYS; k++)
        if (strcmp(key, section_key_name(k)) == 0)
            return section_set(s->section, k, said, "the invitation", s->e);
    return invitation_not_valid("it has a setting that is not known here", s->e);
}

static bool read_section(const jv *v, struct section *ret, struct err *e)
{
    struct settings s = {ret, e};
    if (!text(v, "relay", ret->name, sizeof ret->name) || !relay_name_ok(ret->name))
        return invitation_not_valid("it names no relay", e);
    if (!jv_is_object(jv_get(v, "settings")))
        return invitation_not_valid("it has no settings", e);
    if (!jv_each(jv_get(v, "settings"), take_setting, &s))
        return false;
    if (!ret->value[SECTION_ROLE][0] || !ret->value[SECTION_STORE][0])
        return invitation_not_valid("it names no role or no store", e);
    return true;
}

bool invitation_body_read(const char *json, size_t len, struct invitation *ret, struct err *e)
{
    struct invitation i = {.made_at = 0};
    jv *v = jv_parse(json, len, e);
    if (!v)
        return e->code == ERR_NO_MEMORY ? false : invitation_not_valid("it is not JSON", e);
    i.made_at = jv_number(v, "made", 0);
    i.expires_at = jv_number(v, "expires", 0);
    bool ok = i.expires_at > 0 || invitation_not_valid("it has no expiry", e);
    ok = ok && (read_maker(v, i.by, sizeof i.by) ||
                invitation_not_valid("it does not say who made it", e));
    ok = ok && read_section(v, &i.section, e) && read_keys(jv_get(v, "keys"), &i, e);
    jv_free(v);
    if (ok)
        *ret = i;
    else
        invitation_free(&i);
    return ok;
}
