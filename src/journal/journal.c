#include "journal/journal.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "journal/files.h"

struct reading {
    const struct journal_wanted *wanted;
    char since[32]; /* its text, as lines have it */
    journal_fn *fn;
    void *ctx;
};

static struct reading reading_of(const struct journal_wanted *wanted, journal_fn *fn, void *ctx)
{
    struct reading r = {.wanted = wanted, .fn = fn, .ctx = ctx};
    clock_rfc3339(wanted->since, r.since, sizeof r.since);
    return r;
}

/* ---- a look at the text, before it is worth parsing ---- */

/* "KEY":" of a line as we write it; a string of JSON's cannot hold it, its quotes are escaped. */
static const char *text_of(const char *line, size_t len, const char *key, size_t *ret_len)
{
    size_t n = strlen(key);
    const char *at = memmem(line, len, key, n);
    if (!at)
        return NULL;
    at += n;
    const char *quote = memchr(at, '"', (size_t)(line + len - at));
    *ret_len = quote ? (size_t)(quote - at) : 0;
    return quote ? at : NULL;
}

static bool is_named(const char *const *names, const char *name, size_t len)
{
    for (; *names; names++)
        if (strlen(*names) == len && memcmp(*names, name, len) == 0)
            return true;
    return false;
}

/* Times as we write them, in UTC and all of one length, are in order as texts are. */
static bool is_too_old(const struct reading *r, const char *line, size_t len)
{
    size_t n;
    const char *ts = r->wanted->since ? text_of(line, len, "\"ts\":\"", &n) : NULL;
    return ts && n == strlen(r->since) && ts[n - 1] == 'Z' && memcmp(ts, r->since, n) < 0;
}

static bool worth_parsing(const struct reading *r, const char *line, size_t len)
{
    const struct journal_wanted *w = r->wanted;
    size_t name_len;
    if (w->except && memmem(line, len, w->except, strlen(w->except)))
        return false;
    if (is_too_old(r, line, len))
        return false;
    if (!w->names)
        return true;
    const char *name = text_of(line, len, "\"event\":\"", &name_len);
    return name && is_named(w->names, name, name_len);
}

/* ---- events ---- */

/* What a killed writer left unfinished stands before an event of the next one: where does that
 * begin?  Every event of ours begins so. */
static const char *last_beginning(const char *line, size_t len)
{
    static const char begin[] = "{\"v\":";
    const char *found = NULL, *p = line;
    while ((p = memmem(p, (size_t)(line + len - p), begin, sizeof begin - 1)))
        found = p++;
    return found;
}

static jv *parse(const char **line, size_t *len)
{
    struct err ignored;
    jv *v = jv_parse(*line, *len, &ignored);
    const char *begin = v ? NULL : last_beginning(*line, *len);
    if (begin && begin != *line) {
        *len -= (size_t)(begin - *line);
        *line = begin;
        v = jv_parse(*line, *len, &ignored);
    }
    return v;
}

static struct journal_event event_of(const jv *members, const char *line, size_t len)
{
    const char *ts = jv_text(members, "ts"), *name = jv_text(members, "event"),
               *relay = jv_text(members, "relay");
    struct journal_event ev = {.name = name ? name : "",
                               .relay = relay ? relay : "",
                               .line = line,
                               .len = len,
                               .members = members};
    if (!ts || !clock_parse_rfc3339(ts, &ev.at))
        ev.at = 0;
    return ev;
}

static bool is_wanted(const struct journal_wanted *w, const struct journal_event *ev)
{
    return *ev->name && (!w->relay || strcmp(w->relay, ev->relay) == 0) &&
           (!w->names || is_named(w->names, ev->name, strlen(ev->name))) && ev->at >= w->since;
}

static bool take_line(void *ctx, const char *line, size_t len)
{
    const struct reading *r = ctx;
    if (!worth_parsing(r, line, len))
        return true;
    jv *members = parse(&line, &len);
    const struct journal_event ev = event_of(members, line, len);
    bool more = !is_wanted(r->wanted, &ev) || r->fn(r->ctx, &ev);
    jv_free(members);
    return more;
}

/* ---- the files ---- */

/* What is told of the file: the newest up to `at`, the others whole. */
static bool end_of(const struct journal *j, int i, off_t *ret, struct err *e)
{
    *ret = j->at;
    return i == 0 || lines_last_end(j->files.fd[i], ret, e);
}

static enum lines_end oldest_first(const struct journal *j, struct reading *r, struct err *e)
{
    enum lines_end how = LINES_ALL;
    for (int i = j->files.count; how == LINES_ALL && i-- > 0;) {
        off_t at = 0, end;
        how = end_of(j, i, &end, e) ? lines_forward(j->files.fd[i], &at, end, take_line, r, e)
                                    : LINES_FAILED;
    }
    return how;
}

static enum lines_end newest_first(const struct journal *j, struct reading *r, struct err *e)
{
    enum lines_end how = LINES_ALL;
    int64_t left = r->wanted->reach ? r->wanted->reach : INT64_MAX;
    for (int i = 0; how == LINES_ALL && i < j->files.count && left > 0; i++) {
        off_t end;
        if (!end_of(j, i, &end, e))
            return LINES_FAILED;
        how = lines_backward(j->files.fd[i], end, left, take_line, r, e);
        left -= end;
    }
    return how;
}

bool journal_open(const char *state_dir, struct journal *ret, struct err *e)
{
    struct journal j = {.at = 0};
    if ((size_t)snprintf(j.state_dir, sizeof j.state_dir, "%s", state_dir) >= sizeof j.state_dir)
        return err_errno(e, ENAMETOOLONG, "%.64s...", state_dir);
    if (!log_files_open(state_dir, &j.files, e))
        return false;
    if (j.files.count && !lines_last_end(j.files.fd[0], &j.at, e)) {
        journal_close(&j);
        return false;
    }
    *ret = j;
    return true;
}

void journal_close(struct journal *j)
{
    log_files_close(&j->files);
}

bool journal_past(const struct journal *j, enum journal_order order,
                  const struct journal_wanted *wanted, journal_fn *fn, void *ctx, struct err *e)
{
    struct reading r = reading_of(wanted, fn, ctx);
    enum lines_end how =
        order == JOURNAL_OLDEST_FIRST ? oldest_first(j, &r, e) : newest_first(j, &r, e);
    return how != LINES_FAILED;
}

bool journal_read(const char *state_dir, enum journal_order order,
                  const struct journal_wanted *wanted, journal_fn *fn, void *ctx, struct err *e)
{
    struct journal j = {.at = 0};
    if (!journal_open(state_dir, &j, e))
        return false;
    bool ok = journal_past(&j, order, wanted, fn, ctx, e);
    journal_close(&j);
    return ok;
}

/* ---- what comes ---- */

static bool tell(void *ctx, const char *line, size_t len)
{
    (void)take_line(ctx, line, len);
    return true;
}

static bool tell_rest(struct journal *j, struct reading *r, struct err *e)
{
    int fd = j->files.fd[0];
    if (log_file_size(fd) < j->at)
        j->at = 0; /* somebody emptied it */
    return lines_forward(fd, &j->at, INT64_MAX, tell, r, e) != LINES_FAILED;
}

/* The files that have come since, and then the newest of them is ours. */
static bool tell_newer(struct journal *j, struct reading *r, struct err *e)
{
    struct log_files now;
    if (!log_files_open(j->state_dir, &now, e))
        return false;
    int newer = log_files_newer(&now, &j->files);
    bool ok = true;
    if (newer > 0) {
        off_t at = 0;
        for (int i = newer; ok && i-- > 0;) {
            at = 0;
            ok = lines_forward(now.fd[i], &at, INT64_MAX, tell, r, e) != LINES_FAILED;
        }
        log_files_close(&j->files);
        j->files = now;
        j->at = at;
    } else {
        log_files_close(&now);
    }
    return ok;
}

bool journal_news(struct journal *j, const struct journal_wanted *wanted, journal_fn *fn, void *ctx,
                  struct err *e)
{
    struct reading r = reading_of(wanted, fn, ctx);
    /* Looked at first: nobody writes into a file once another has its name. */
    bool stale = log_files_stale(&j->files, j->state_dir);
    if (j->files.count && !tell_rest(j, &r, e))
        return false;
    return !stale || tell_newer(j, &r, e);
}

/* ---- from where another process has read to ---- */

static bool take_digits(void *ctx, const char *line, size_t len)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)line, len);
    sodium_bin2hex(ctx, JOURNAL_FILE_DIGITS + 1, hash, JOURNAL_FILE_DIGITS / 2);
    return false;
}

/* Where the lines of file I end; RET->file "": it has none. */
static bool mark_end(const struct journal *j, int i, struct journal_mark *ret, struct err *e)
{
    off_t begin = 0, end = 0;
    *ret = (struct journal_mark){.file = ""};
    if (!end_of(j, i, &end, e) ||
        lines_forward(j->files.fd[i], &begin, end, take_digits, ret->file, e) == LINES_FAILED)
        return false;
    ret->at = end;
    return true;
}

/* From file *RET_I, byte *RET_AT on; all there is when the mark's file is gone. */
static bool find_mark(const struct journal *j, const struct journal_mark *m, int *ret_i,
                      off_t *ret_at, struct err *e)
{
    struct journal_mark end = {.file = ""};
    for (int i = 0; m->file[0] && i < j->files.count; i++) {
        if (!mark_end(j, i, &end, e))
            return false;
        if (strcmp(end.file, m->file) == 0 && end.at >= m->at) {
            *ret_i = i;
            *ret_at = m->at;
            return true;
        }
    }
    *ret_i = j->files.count - 1;
    *ret_at = 0;
    return true;
}

static bool tell_behind(const struct journal *j, const struct journal_mark *from, struct reading *r,
                        struct err *e)
{
    off_t at = 0, end = 0;
    int first = -1;
    if (!find_mark(j, from, &first, &at, e))
        return false;
    for (int i = first; i >= 0; i--, at = 0)
        if (!end_of(j, i, &end, e) ||
            lines_forward(j->files.fd[i], &at, end, take_line, r, e) == LINES_FAILED)
            return false;
    return true;
}

bool journal_behind(const char *state_dir, const struct journal_mark *from, journal_fn *fn,
                    void *ctx, struct journal_mark *ret, struct err *e)
{
    static const struct journal_wanted all = {.since = 0};
    struct reading r = reading_of(&all, fn, ctx);
    struct journal j = {.at = 0};
    struct journal_mark end = *from;
    if (!journal_open(state_dir, &j, e))
        return false;
    bool ok = tell_behind(&j, from, &r, e);
    /* A writer that was killed may have left the newest without a line. */
    for (int i = 0; ok && i < j.files.count && (i == 0 || !end.file[0]); i++)
        ok = mark_end(&j, i, &end, e);
    if (ok)
        *ret = end;
    journal_close(&j);
    return ok;
}
