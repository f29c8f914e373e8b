#include "provision/setup.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "base/ini_edit.h"
#include "base/lock.h"
#include "provision/aws_profile.h"

enum { LOCK_WAIT_MS = 10000 };

/* ---- looking ---- */

static bool look_at_config(struct setup *s, struct err *e)
{
    struct buf text;
    bool found = false;
    buf_init(&text, LIMIT_CONFIG);
    bool ok = file_read_if_there(s->config_path, &text, e) &&
              section_read(buf_str(&text), text.len, s->config_path, s->section->name, &s->present,
                           &found, e) &&
              (found || relay_may_be_added(s->section->name, s->config_path, &text, e));
    buf_free(&text);
    if (!ok)
        return false;
    s->differs = section_difference(&s->present, s->section);
    s->config = !found ? SETUP_ABSENT : s->differs == SECTION_KEYS ? SETUP_THERE : SETUP_ANOTHER;
    return true;
}

static bool holds(const struct aws_profile *p, const struct invitation_key *key)
{
    return !p->source[0] && strcmp(p->key_id, key->id) == 0 && p->secret &&
           strcmp(secret_reveal(p->secret, NULL), secret_reveal(key->secret, NULL)) == 0;
}

static bool look_at_key(struct setup *s, size_t k, struct err *e)
{
    const struct invitation_key *key = &s->keys[k];
    struct aws_profile p;
    struct err why;
    if (!aws_profile_read(key->profile, &p, &why)) {
        if (why.code != ERR_NOT_FOUND) {
            *e = why;
            return false;
        }
        s->key[k] = SETUP_ABSENT;
        return true;
    }
    s->key[k] = holds(&p, key)               ? SETUP_THERE
                : p.source[0] || p.key_id[0] ? SETUP_ANOTHER
                                             : SETUP_ABSENT;
    if (s->key[k] == SETUP_ANOTHER && !s->present_holder) {
        s->present_holder = key->profile;
        snprintf(s->present_key, sizeof s->present_key, "%s", p.source[0] ? p.source : p.key_id);
    }
    aws_profile_free(&p);
    return true;
}

bool setup_look(const struct section *section, const struct invitation_key *keys, size_t count,
                struct setup *ret, struct err *e)
{
    struct setup s = {.section = section, .keys = keys, .key_count = count};
    if (!relay_config_path(s.config_path, e) || !aws_profile_file(s.keys_path, e) ||
        !look_at_config(&s, e))
        return false;
    for (size_t k = 0; k < count; k++)
        if (!look_at_key(&s, k, e))
            return false;
    *ret = s;
    return true;
}

bool setup_in_the_way(const struct setup *s, struct err *e)
{
    if (s->config == SETUP_ANOTHER) {
        const char *is = section_value(&s->present, s->differs);
        const char *wanted = section_value(s->section, s->differs);
        err_set(e, ERR_INVALID, "[%s] in %s says %s = %s, not %s", s->section->name, s->config_path,
                section_key_name(s->differs), *is ? is : "(none)", *wanted ? wanted : "(none)");
        return true;
    }
    if (!s->present_holder)
        return false;
    err_set(e, ERR_INVALID, "profile %s in %s has another key (%s)", s->present_holder,
            s->keys_path, s->present_key);
    return true;
}

/* ---- writing ---- */

static bool write_key(const struct setup *s, size_t k, struct err *e)
{
    const struct invitation_key *key = &s->keys[k];
    const struct aws_profile_keys keys = {
        .profile = key->profile, .key_id = key->id, .secret = key->secret};
    return aws_profile_write(&keys, s->key[k] == SETUP_ANOTHER ? aws_profile_any : NULL, e);
}

static bool edit_config(const struct setup *s, struct err *e)
{
    struct ini_change changes[SECTION_KEYS];
    for (enum section_key k = 0; k < SECTION_KEYS; k++)
        changes[k] = (struct ini_change){section_key_name(k),
                                         s->section->value[k][0] ? s->section->value[k] : NULL};
    const struct ini_edit edit = {s->config_path, s->section->name, changes, SECTION_KEYS};
    struct buf text, out;
    buf_init(&text, LIMIT_CONFIG);
    buf_init(&out, LIMIT_CONFIG);
    bool ok = file_read_if_there(s->config_path, &text, e) &&
              ini_edit(buf_str(&text), text.len, &edit, &out, e) &&
              file_replace(s->config_path, buf_str(&out), out.len, e);
    buf_free(&text);
    buf_free(&out);
    return ok;
}

/* Two of us that set up at once would lose one's section. */
static bool take_lock(struct lock *ret, struct err *e)
{
    char folder[LIMIT_PATH], path[LIMIT_PATH];
    if (!home_state(folder, e) || !dir_make(folder, e))
        return false;
    if (!path_join(path, folder, "config.lock"))
        return err_set(e, ERR_INVALID, "%.64s...: the path is too long", folder);
    return lock_take(path, LOCK_WAIT_MS, ret, e);
}

static bool write_config(const struct setup *s, struct err *e)
{
    struct lock lock = LOCK_NONE;
    if (!dir_make_for(s->config_path, e) || !take_lock(&lock, e))
        return false;
    bool ok = edit_config(s, e);
    lock_release(&lock);
    return ok;
}

bool setup_apply(const struct setup *s, struct err *e)
{
    for (size_t k = 0; k < s->key_count; k++)
        if (s->key[k] != SETUP_THERE && !write_key(s, k, e))
            return false;
    return s->config == SETUP_THERE || write_config(s, e);
}
