#include "provision/aws_profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "base/ini.h"
#include "base/ini_edit.h"
#include "base/lock.h"
#include "base/shell_word.h"

enum { LOCK_WAIT_MS = 10000 };

const char aws_profile_any[] = "";

/* Settings by which a profile gets its keys from elsewhere, most of which go before keys that stand
 * beside them (botocore's create_credential_resolver). */
static const char *const sources[] = {
    "aws_session_token", "aws_security_token", "role_arn",      "source_profile",
    "credential_source", "sso_session",        "sso_start_url", "web_identity_token_file",
    "login_session",     "credential_process",
};
enum { SOURCES = sizeof sources / sizeof sources[0] };

static const char key_id_setting[] = "aws_access_key_id";
static const char secret_setting[] = "aws_secret_access_key";

bool aws_profile_file(char *out, struct err *e)
{
    const char *set = getenv("AWS_SHARED_CREDENTIALS_FILE");
    if (!set || !*set)
        return home_path(".aws/credentials", out, e);
    if (strncmp(set, "~/", 2) == 0)
        return home_path(set + 2, out, e);
    return snprintf(out, LIMIT_PATH, "%s", set) < LIMIT_PATH ||
           err_set(e, ERR_INVALID, "AWS_SHARED_CREDENTIALS_FILE is too long for a path");
}

/* ---- reading ---- */

struct reading {
    const char *profile;
    struct aws_profile found;
    bool any;
};

static bool is_source(const char *key)
{
    for (size_t i = 0; i < SOURCES; i++)
        if (strcmp(sources[i], key) == 0)
            return true;
    return false;
}

static bool take_setting(void *ctx, const char *section, const char *key, const char *value,
                         unsigned line, struct err *e)
{
    struct reading *r = ctx;
    struct aws_profile *p = &r->found;
    (void)line;
    if (!key || strcmp(section, r->profile) != 0)
        return true;
    r->any = true;
    if (strcmp(key, key_id_setting) == 0) {
        snprintf(p->key_id, sizeof p->key_id, "%s", value);
    } else if (strcmp(key, secret_setting) == 0) {
        secret_free(p->secret);
        p->secret = secret_copy(value, strlen(value));
        return p->secret || err_no_memory(e);
    } else if (strcmp(key, "region") == 0) {
        snprintf(p->region, sizeof p->region, "%s", value);
    } else if (is_source(key)) {
        snprintf(p->source, sizeof p->source, "%s", key);
    }
    return true;
}

/* An open file: what is in it, and of the profile. */
struct file {
    char path[LIMIT_PATH];
    struct buf text;
    struct reading r;
};

static void close_file(struct file *f)
{
    buf_free(&f->text);
    aws_profile_free(&f->r.found);
}

static bool open_file(struct file *f, const char *profile, struct err *e)
{
    *f = (struct file){.r = {.profile = profile}};
    buf_init(&f->text, LIMIT_CONFIG);
    return aws_profile_file(f->path, e) && file_read_if_there(f->path, &f->text, e) &&
           ini_parse(buf_str(&f->text), f->text.len, f->path, take_setting, &f->r, e);
}

static bool no_such_profile(const struct file *f, struct err *e)
{
    err_set(e, ERR_NOT_FOUND, "there is no profile %s in %s", f->r.profile, f->path);
    return err_hint(e, "enter its keys: aws configure --profile %s", AS_WORD(f->r.profile));
}

bool aws_profile_read(const char *profile, struct aws_profile *ret, struct err *e)
{
    struct file f;
    bool ok = open_file(&f, profile, e) && (f.r.any || no_such_profile(&f, e));
    if (ok) {
        *ret = f.r.found;
        f.r.found = (struct aws_profile){.secret = NULL};
    }
    close_file(&f);
    return ok;
}

void aws_profile_free(struct aws_profile *p)
{
    secret_free(p->secret);
    *p = (struct aws_profile){.secret = NULL};
}

/* ---- writing ---- */

static bool take_lock(struct lock *ret, struct err *e)
{
    char folder[LIMIT_PATH], path[LIMIT_PATH];
    if (!home_state(folder, e) || !dir_make(folder, e))
        return false;
    if (!path_join(path, folder, "aws-credentials.lock"))
        return err_set(e, ERR_INVALID, "%.64s...: the path is too long", folder);
    return lock_take(path, LOCK_WAIT_MS, ret, e);
}

static bool replace(const struct file *f, const struct buf *text, struct err *e)
{
    return dir_make_for(f->path, e) && file_replace(f->path, buf_str(text), text->len, e);
}

static bool is_somebodys(const struct file *f, const char *what, const char *which, struct err *e)
{
    err_set(e, ERR_CONFLICT, "profile %s in %s has %s (%s)", f->r.profile, f->path, what, which);
    return err_hint(e, "name another profile, or take this one out of the file");
}

static bool may_replace(const struct file *f, const char *key_id, const char *replaces,
                        struct err *e)
{
    const struct aws_profile *p = &f->r.found;
    if (replaces == aws_profile_any)
        return true;
    if (p->source[0])
        return is_somebodys(f, "keys from elsewhere", p->source, e);
    if (!p->key_id[0] || strcmp(p->key_id, key_id) == 0 ||
        (replaces && strcmp(p->key_id, replaces) == 0))
        return true;
    return is_somebodys(f, "another key", p->key_id, e);
}

static bool holds(const struct aws_profile *p, const struct aws_profile_keys *keys)
{
    return strcmp(p->key_id, keys->key_id) == 0 && p->secret &&
           strcmp(secret_reveal(p->secret, NULL), secret_reveal(keys->secret, NULL)) == 0 &&
           !p->source[0] && (!keys->region || strcmp(p->region, keys->region) == 0);
}

static bool write_keys(const struct file *f, const struct aws_profile_keys *keys, struct err *e)
{
    struct ini_change changes[SOURCES + 3];
    struct buf out;
    size_t n = 0;
    changes[n++] = (struct ini_change){key_id_setting, keys->key_id};
    changes[n++] = (struct ini_change){secret_setting, secret_reveal(keys->secret, NULL)};
    if (keys->region)
        changes[n++] = (struct ini_change){"region", keys->region};
    for (size_t i = 0; i < SOURCES; i++)
        changes[n++] = (struct ini_change){sources[i], NULL};
    const struct ini_edit edit = {f->path, keys->profile, changes, n};
    buf_init(&out, LIMIT_CONFIG);
    bool ok = ini_edit(buf_str(&f->text), f->text.len, &edit, &out, e) && replace(f, &out, e);
    buf_free(&out);
    return ok;
}

static bool can_be_profile(const char *profile, struct err *e)
{
    size_t len = strlen(profile);
    if (len > 0 && len < 128 && strcmp(profile, "DEFAULT") != 0)
        return true;
    return err_set(e, ERR_INVALID, "'%.64s' cannot be the name of a profile", profile);
}

bool aws_profile_write(const struct aws_profile_keys *keys, const char *replaces, struct err *e)
{
    struct lock lock = LOCK_NONE;
    struct file f;
    if (!can_be_profile(keys->profile, e) || !take_lock(&lock, e))
        return false;
    bool ok = open_file(&f, keys->profile, e) &&
              (holds(&f.r.found, keys) ||
               (may_replace(&f, keys->key_id, replaces, e) && write_keys(&f, keys, e)));
    close_file(&f);
    lock_release(&lock);
    return ok;
}
