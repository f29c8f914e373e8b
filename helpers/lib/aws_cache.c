#include "aws_cache.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/lock.h"

#define FOLDER "aws-cache"

/* Keys and a session token are 2 KiB. */
#define LIMIT_ENTRY (32u << 10)

/* No role lasts longer than 12 hours: what has not been renewed for so long is of no use. */
#define ABANDONED_S (24 * 60 * 60)

enum aws_cache_age aws_cache_age(int64_t expires_ms, int64_t now_ms)
{
    int64_t left = expires_ms - now_ms;
    return left <= 0                        ? AGE_EXPIRED
           : left <= AWS_CACHE_MANDATORY_MS ? AGE_MANDATORY
           : left <= AWS_CACHE_ADVISORY_MS  ? AGE_ADVISORY
                                            : AGE_FRESH;
}

struct entry {
    char folder[LIMIT_PATH], path[LIMIT_PATH], lock_path[LIMIT_PATH];
    char name[AWS_CACHE_NAME_SIZE];
};

static bool entry_open(const char *name, struct entry *ret)
{
    struct err ignored;
    char state[LIMIT_PATH], lock_name[AWS_CACHE_NAME_SIZE + 8];
    snprintf(ret->name, sizeof ret->name, "%s", name);
    snprintf(lock_name, sizeof lock_name, "%s.lock", name);
    return home_state(state, &ignored) && path_join(ret->folder, state, FOLDER) &&
           path_join(ret->path, ret->folder, name) &&
           path_join(ret->lock_path, ret->folder, lock_name) && dir_make(ret->folder, &ignored);
}

static void name_of(const struct buf *identity, char out[AWS_CACHE_NAME_SIZE])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)buf_str(identity), identity->len);
    sodium_bin2hex(out, AWS_CACHE_NAME_SIZE, hash, sizeof hash);
}

/* ---- the file ---- */

/* A file that others may write or read is not ours to believe. */
static bool is_private(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
           (st.st_mode & 077) == 0;
}

static bool load(const struct entry *entry, struct aws_keys *ret)
{
    struct buf text;
    struct err ignored;
    buf_init(&text, LIMIT_ENTRY);
    bool ok = is_private(entry->path) && file_read(entry->path, &text, &ignored);
    jv *doc = ok ? jv_parse(buf_str(&text), text.len, &ignored) : NULL;
    const struct aws_keys_text keys = aws_keys_members(doc, "SessionToken");
    struct aws_keys loaded = *ret;
    ok = keys.expires && aws_keys_take(&loaded, FOLDER, &keys, &ignored);
    if (ok) {
        snprintf(loaded.cached, sizeof loaded.cached, "%s", entry->name);
        *ret = loaded;
    } else if (doc) {
        secret_free(loaded.secret);
        secret_free(loaded.token);
    }
    jv_free(doc);
    buf_free(&text);
    return ok;
}

static void save(const struct entry *entry, const struct aws_keys *k)
{
    char expires[32];
    struct buf text;
    struct err ignored;
    clock_rfc3339(k->expires_ms, expires, sizeof expires);
    jv *doc = jv_object();
    buf_init(&text, LIMIT_ENTRY);
    bool ok = jv_put_text(doc, "AccessKeyId", k->id) &&
              jv_put_text(doc, "SecretAccessKey", secret_reveal(k->secret, NULL)) &&
              (!k->token || jv_put_text(doc, "SessionToken", secret_reveal(k->token, NULL))) &&
              jv_put_text(doc, "Expiration", expires) && jv_write(doc, &text);
    if (ok)
        (void)!file_replace(entry->path, text.data, text.len, &ignored);
    jv_free(doc);
    buf_free(&text);
}

/* Entries of roles and programs that are no longer used. */
static void sweep(const struct entry *entry)
{
    DIR *dir = opendir(entry->folder);
    time_t now = time(NULL);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        char path[LIMIT_PATH];
        struct stat st;
        if (d->d_name[0] != '.' && path_join(path, entry->folder, d->d_name) &&
            lstat(path, &st) == 0 && now - st.st_mtime > ABANDONED_S)
            unlink(path);
    }
    if (dir)
        closedir(dir);
}

/* ---- renewing ---- */

static void forget(struct aws_keys *k)
{
    secret_free(k->secret);
    secret_free(k->token);
    k->secret = k->token = NULL;
    k->cached[0] = '\0';
}

static enum aws_cache_age look(const struct entry *entry, struct aws_keys *ret)
{
    forget(ret);
    if (!load(entry, ret))
        return AGE_EXPIRED;
    enum aws_cache_age age = aws_cache_age(ret->expires_ms, clock_wall_ms());
    if (age == AGE_EXPIRED)
        forget(ret);
    return age;
}

static bool fetch_and_keep(const struct entry *entry, aws_fetch_fn *fetch, void *ctx,
                           struct aws_keys *ret, struct err *e)
{
    struct aws_keys fetched = *ret;
    fetched.secret = fetched.token = NULL;
    fetched.cached[0] = '\0';
    if (!fetch(ctx, &fetched, e))
        return false;
    if (fetched.expires_ms) {
        save(entry, &fetched);
        snprintf(fetched.cached, sizeof fetched.cached, "%s", entry->name);
        sweep(entry);
    }
    forget(ret);
    *ret = fetched;
    return true;
}

/* The lock is held.  Another process may have renewed while we waited for it. */
static bool renew(const struct entry *entry, aws_fetch_fn *fetch, void *ctx, struct aws_keys *ret,
                  struct err *e)
{
    struct err why;
    enum aws_cache_age age = look(entry, ret);
    if (age == AGE_FRESH || fetch_and_keep(entry, fetch, ctx, ret, &why) || age != AGE_EXPIRED)
        return true; /* old keys that still work beat none */
    *e = why;
    return false;
}

bool aws_cache_get(const struct buf *identity, int64_t deadline, aws_fetch_fn *fetch, void *ctx,
                   struct aws_keys *ret, struct err *e)
{
    struct entry entry;
    char name[AWS_CACHE_NAME_SIZE];
    name_of(identity, name);
    if (!entry_open(name, &entry))
        return fetch(ctx, ret, e);
    enum aws_cache_age age = look(&entry, ret);
    if (age == AGE_FRESH)
        return true;
    struct lock lock = LOCK_NONE;
    struct err busy;
    int64_t wait = age == AGE_ADVISORY ? 0 : (deadline - clock_steady_ms()) / 2;
    if (!lock_take(entry.lock_path, wait > 0 ? wait : 0, &lock, &busy)) {
        if (age != AGE_EXPIRED)
            return true;
        return fetch(ctx, ret, e);
    }
    bool ok = renew(&entry, fetch, ctx, ret, e);
    lock_release(&lock);
    return ok;
}

void aws_cache_drop(const struct aws_keys *k)
{
    struct entry entry;
    if (k->cached[0] && entry_open(k->cached, &entry))
        unlink(entry.path);
}
