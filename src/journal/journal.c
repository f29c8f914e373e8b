#include "journal/journal.h"

#include <string.h>

#include "base/clock.h"
#include "journal/files.h"

struct reading {
    const struct journal_wanted *wanted;
    journal_fn *fn;
    void *ctx;
};

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

static bool worth_parsing(const struct journal_wanted *w, const char *line, size_t len)
{
    size_t name_len;
    if (w->except && memmem(line, len, w->except, strlen(w->except)))
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
    if (!worth_parsing(r->wanted, line, len))
        return true;
    jv *members = parse(&line, &len);
    const struct journal_event ev = event_of(members, line, len);
    bool more = !is_wanted(r->wanted, &ev) || r->fn(r->ctx, &ev);
    jv_free(members);
    return more;
}

/* ---- the files ---- */

static enum lines_end oldest_first(const struct log_files *files, struct reading *r, struct err *e)
{
    enum lines_end end = LINES_ALL;
    for (int i = files->count; end == LINES_ALL && i-- > 0;) {
        off_t at = 0;
        end = lines_forward(files->fd[i], &at, take_line, r, e);
    }
    return end;
}

static enum lines_end newest_first(const struct log_files *files, struct reading *r, struct err *e)
{
    enum lines_end end = LINES_ALL;
    int64_t left = r->wanted->reach ? r->wanted->reach : INT64_MAX;
    for (int i = 0; end == LINES_ALL && i < files->count && left > 0; i++) {
        end = lines_backward(files->fd[i], left, take_line, r, e);
        left -= log_file_size(files->fd[i]);
    }
    return end;
}

bool journal_read(const char *state_dir, enum journal_order order,
                  const struct journal_wanted *wanted, journal_fn *fn, void *ctx, struct err *e)
{
    struct log_files files;
    struct reading r = {.wanted = wanted, .fn = fn, .ctx = ctx};
    if (!log_files_open(state_dir, &files, e))
        return false;
    enum lines_end end =
        order == JOURNAL_OLDEST_FIRST ? oldest_first(&files, &r, e) : newest_first(&files, &r, e);
    log_files_close(&files);
    return end != LINES_FAILED;
}
