#include "provision/rotation_note.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/shell_word.h"

#define NOTE_SCHEMA 1

void rotation_note_clear(struct rotation_note *n)
{
    aws_key_free(&n->new);
    *n = (struct rotation_note){.began = 0};
}

/* ---- the hosts ---- */

/* Where WORD stands in the list; NULL: nowhere.  No word has a blank (read_hosts). */
static char *find_awaited(struct rotation_note *n, const char *word)
{
    size_t len = strlen(word);
    for (char *p = n->awaited; *p;) {
        size_t this = strcspn(p, " ");
        if (this == len && memcmp(p, word, len) == 0)
            return p;
        p += this + (p[this] == ' ');
    }
    return NULL;
}

bool rotation_note_await(struct rotation_note *n, const char *host)
{
    const char *word = AS_WORD(host);
    size_t used = strlen(n->awaited), len = strlen(word);
    if (find_awaited(n, word))
        return true;
    if (len == SHELL_WORD_SIZE - 1 || used + 1 + len >= sizeof n->awaited)
        return false;
    if (used)
        n->awaited[used++] = ' ';
    memcpy(n->awaited + used, word, len + 1);
    return true;
}

void rotation_note_has(struct rotation_note *n, const char *host)
{
    const char *word = AS_WORD(host);
    char *at = find_awaited(n, word);
    if (!at)
        return;
    char *rest = at + strlen(word);
    memmove(at, rest + (*rest == ' '), strlen(rest + (*rest == ' ')) + 1);
    size_t used = strlen(n->awaited);
    if (used && n->awaited[used - 1] == ' ')
        n->awaited[used - 1] = '\0';
}

/* ---- the file ---- */

static bool take(const jv *doc, const char *key, char *out, size_t size)
{
    const char *text = jv_text(doc, key);
    return !text || (size_t)snprintf(out, size, "%s", text) < size;
}

static bool take_secret(const jv *doc, struct rotation_note *n, struct err *why)
{
    const char *secret = jv_text(doc, "secret");
    n->new.secret = secret ? secret_copy(secret, strlen(secret)) : NULL;
    return !secret || n->new.secret || err_no_memory(why);
}

static bool read_note(const jv *doc, struct rotation_note *n, struct err *why)
{
    n->began = jv_number(doc, "began", 0);
    n->until = jv_number(doc, "until", 0);
    return jv_number(doc, "v", 0) == NOTE_SCHEMA && n->began > 0 &&
           take(doc, "user", n->user, sizeof n->user) &&
           take(doc, "account", n->account, sizeof n->account) &&
           take(doc, "known1", n->known[0], sizeof n->known[0]) &&
           take(doc, "known2", n->known[1], sizeof n->known[1]) &&
           take(doc, "old", n->old_id, sizeof n->old_id) &&
           take(doc, "awaited", n->awaited, sizeof n->awaited) &&
           take(doc, "new", n->new.id, sizeof n->new.id) && take_secret(doc, n, why);
}

bool rotation_note_load(const char *path, struct rotation_note *ret, struct err *e)
{
    struct rotation_note n = {.began = 0};
    struct buf text;
    struct err why = {.code = ERR_NONE};
    buf_init(&text, LIMIT_STATE);
    bool ok = true;
    if (file_read(path, &text, &why)) {
        jv *doc = jv_parse(buf_str(&text), text.len, &why);
        ok = doc && read_note(doc, &n, &why);
        jv_free(doc);
        if (!ok)
            rotation_note_clear(&n);
        if (!ok && why.code == ERR_NO_MEMORY) {
            err_no_memory(e);
        } else if (!ok) {
            err_set(e, ERR_INVALID, "%s, the note of a key's rotation, is damaged", path);
            err_hint(e, "it may hold the secret of a new key: look at it, then move it away");
        }
    } else if (why.code != ERR_NOT_FOUND) {
        *e = why;
        ok = false;
    }
    buf_free(&text);
    if (ok)
        *ret = n;
    return ok;
}

static jv *note_value(const struct rotation_note *n)
{
    jv *doc = jv_object();
    jv_put_int(doc, "v", NOTE_SCHEMA);
    jv_put_text(doc, "user", n->user);
    jv_put_text(doc, "account", n->account);
    jv_put_int(doc, "began", n->began);
    jv_put_text(doc, "known1", n->known[0]);
    jv_put_text(doc, "known2", n->known[1]);
    jv_put_text(doc, "old", n->old_id);
    jv_put_text(doc, "new", n->new.id);
    if (n->new.secret)
        jv_put_text(doc, "secret", secret_reveal(n->new.secret, NULL));
    jv_put_int(doc, "until", n->until);
    if (n->awaited[0])
        jv_put_text(doc, "awaited", n->awaited);
    return doc;
}

static bool drop(const char *path, struct err *e)
{
    return unlink(path) == 0 || errno == ENOENT || err_errno(e, errno, "cannot remove %s", path);
}

bool rotation_note_save(const char *path, const struct rotation_note *n, struct err *e)
{
    struct buf text;
    if (!n->began)
        return drop(path, e);
    jv *doc = note_value(n);
    buf_init(&text, LIMIT_STATE);
    bool ok =
        ((jv_write(doc, &text) && buf_text(&text, "\n")) || buf_error(&text, "the note", e)) &&
        file_replace(path, buf_str(&text), text.len, e);
    buf_free(&text);
    jv_free(doc);
    return ok;
}
