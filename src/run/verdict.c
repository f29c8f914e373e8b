#include "run/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/parse.h"
#include "run/excerpt.h"
#include "run/json_events.h"
#include "tool/wording.h"

/* What is known of the object being read. */
struct object {
    enum signal_type type;
    enum { MODEL_NONE, MODEL_SYNTHETIC, MODEL_REAL } model;
    enum { FLAG_ABSENT, FLAG_FALSE, FLAG_TRUE } is_error;
    bool retry;
    bool worked;
    bool more;  /* its text is one of several */
    int status; /* of HTTP, 0 if none */
    enum failure_class kind;
};

struct verdict {
    const struct failure_table *table;
    const struct signal_table *signals;
    enum run_format format;
    size_t fed;
    bool released;
    bool begun;   /* something other than white space has come */
    bool is_text; /* and it is no JSON, or none was asked for */

    size_t len; /* of `text`, and whether there was more */
    bool cut;
    enum wording wording;
    enum { PLAIN, ESCAPED, COLOURED } colour; /* where in "ESC [ 31 m" the text is */

    struct object now;
    enum failure_class outcome; /* of the last result, if `settled` */
    enum failure_class kind;    /* of what the client said after it, FAILURE_NONE if nothing */
    bool plain_403;             /* with a name that says nothing about a 403 */
    bool settled, worked, retrying, key_in_use;
    char session[LIMIT_SESSION_ID];
    char message[LIMIT_EXCERPT];

    /* Not cleared at birth, from here on: pages that a short answer does not touch cost nothing. */
    struct json_events events;
    /* The output that is text, or the result of the object being read. */
    char text[LIMIT_FAILURE_TEXT];
};

static void append(struct verdict *v, const char *bytes, size_t len)
{
    size_t room = sizeof v->text - v->len;
    v->cut |= len > room;
    len = len < room ? len : room;
    memcpy(v->text + v->len, bytes, len);
    v->len += len;
}

/* The text that a terminal would show: a client told to colour its output says the same. */
static void append_shown(struct verdict *v, const char *bytes, size_t len)
{
    const char *p = bytes, *end = bytes + len;
    while (p < end) {
        if (v->colour == PLAIN) {
            const char *escape = memchr(p, '\033', (size_t)(end - p));
            append(v, p, (size_t)((escape ? escape : end) - p));
            v->colour = escape ? ESCAPED : PLAIN;
            p = escape ? escape + 1 : end;
        } else if (v->colour == ESCAPED) {
            v->colour = *p++ == '[' ? COLOURED : PLAIN;
        } else if (*p++ >= '@') {
            v->colour = PLAIN;
        }
    }
}

/* Past this only a body can still be going on, which is read at the end. */
#define LOOK_AHEAD (2 * LIMIT_FAILURE_LINE)

static void read_text(struct verdict *v, const char *bytes, size_t len)
{
    enum failure_class unused;
    size_t before = v->len;
    if (v->wording == WORDING_NO)
        return;
    append_shown(v, bytes, len);
    size_t look = v->len < LOOK_AHEAD ? v->len : LOOK_AHEAD;
    if (v->cut)
        v->wording = WORDING_NO;
    else if (before < LOOK_AHEAD)
        v->wording = wording_read(v->table, v->text, look, false, &unused);
    v->released |= v->wording == WORDING_NO;
}

static enum failure_class judge_text(struct verdict *v)
{
    enum failure_class meaning;
    if (v->wording == WORDING_NO ||
        wording_read(v->table, v->text, v->len, true, &meaning) != WORDING_YES)
        return FAILURE_OTHER;
    excerpt(v->text, v->len, v->message, sizeof v->message);
    return meaning;
}

static enum signal_type type_by_name(const struct signal_table *t, const char *name)
{
    for (const struct signal_name *n = t->types; n->name; n++)
        if (strcmp(n->name, name) == 0)
            return n->type;
    return TYPE_ELSE;
}

static bool is_word(const struct json_member *m, const char *word)
{
    return word && m->kind == JSON_STRING && strcmp(m->text, word) == 0;
}

static int http_status(const struct json_member *m)
{
    int64_t status;
    return m->kind == JSON_NUMBER && parse_int64(m->text, 100, 599, &status) ? (int)status : 0;
}

/* A positive number, however it is written: some digit of its mantissa is not 0. */
static bool is_positive(const struct json_member *m)
{
    return m->kind == JSON_NUMBER && m->text[0] != '-' &&
           strcspn(m->text, "123456789") < strcspn(m->text, "eE");
}

static bool is_several(const struct json_member *m)
{
    return is_positive(m) && strcmp(m->text, "1") != 0;
}

static void note_session(struct verdict *v, const struct json_member *m)
{
    size_t plain =
        strspn(m->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    if (m->kind == JSON_STRING && plain == m->len && m->len < sizeof v->session &&
        m->text[0] != '-')
        memcpy(v->session, m->text, m->len + 1);
}

static void note_result(struct verdict *v, const struct json_member *m)
{
    v->len = 0;
    v->cut = m->cut;
    append(v, m->text, m->len);
}

/* Of several texts the first counts that is a known failure, else the last. */
static void note_more(struct verdict *v, const struct json_member *m)
{
    enum failure_class unused;
    v->now.more |= v->len == 0;
    if (m->kind != JSON_STRING || !v->now.more ||
        wording_read(v->table, v->text, v->len, true, &unused) == WORDING_YES)
        return;
    note_result(v, m);
}

static void note_error(struct verdict *v, const struct json_member *m)
{
    if (m->kind != JSON_STRING)
        return;
    v->now.kind = failure_by_kind(v->table, m->text);
    if (v->now.kind != FAILURE_NONE || v->len > 0)
        return;
    note_result(v, m);
    v->now.more = true; /* a name that says nothing must not stand in the way of words */
}

static void note(struct verdict *v, const struct json_member *m)
{
    struct object *o = &v->now;
    bool string = m->kind == JSON_STRING;
    switch (v->signals->roles[m->which]) {
    case SIGNAL_TYPE: o->type = string ? type_by_name(v->signals, m->text) : TYPE_ELSE; break;
    case SIGNAL_SUBTYPE: o->retry = is_word(m, v->signals->retrying); break;
    case SIGNAL_IS_ERROR:
        o->is_error = m->kind == JSON_TRUE    ? FLAG_TRUE
                      : m->kind == JSON_FALSE ? FLAG_FALSE
                                              : FLAG_ABSENT;
        break;
    case SIGNAL_STATUS: o->status = http_status(m); break;
    case SIGNAL_KIND: note_error(v, m); break;
    case SIGNAL_MORE_TEXT: note_more(v, m); break;
    case SIGNAL_TEXT:
        o->more = false;
        if (string)
            note_result(v, m);
        break;
    case SIGNAL_TURNS: o->worked |= is_several(m); break;
    case SIGNAL_COST: o->worked |= is_positive(m); break;
    case SIGNAL_SESSION: note_session(v, m); break;
    case SIGNAL_KEY_SOURCE: v->key_in_use = string && failure_is_override(v->table, m->text); break;
    case SIGNAL_MODEL:
        o->model = is_word(m, v->signals->made_up) ? MODEL_SYNTHETIC : MODEL_REAL;
        break;
    case SIGNAL_ROLE_COUNT: break;
    }
}

/* The run has got past its login, and shows it. */
static bool show_work(struct verdict *v)
{
    v->released = true;
    v->worked = true;
    v->kind = FAILURE_NONE;
    return false;
}

static void begin_object(void *ctx)
{
    struct verdict *v = ctx;
    v->now = (struct object){0};
    v->len = 0;
    v->cut = false;
    if (v->is_text) { /* a line of something else came first */
        v->wording = WORDING_NO;
        v->released = true;
    }
}

static bool see_member(void *ctx, const struct json_member *m)
{
    struct verdict *v = ctx;
    const struct object *o = &v->now;
    note(v, m);
    if (o->type == TYPE_ANSWER && o->model == MODEL_REAL)
        return show_work(v);
    if (o->type == TYPE_WORK)
        return show_work(v);
    if (o->type == TYPE_DONE)
        v->released = true;
    if (o->is_error == FLAG_FALSE && (o->type == TYPE_RESULT || o->type == TYPE_NOT_YET))
        v->released = true;
    return o->type != TYPE_INPUT;
}

/* The words, the status and the name of an error, in the order of how much each says. */
static enum failure_class weigh(const struct verdict *v, enum failure_class kind)
{
    const struct failure_table *t = v->table;
    const struct object *o = &v->now;
    enum failure_class words;
    if (!v->cut && wording_read(t, v->text, v->len, true, &words) == WORDING_YES)
        return words;
    if (o->status != 0 && kind != FAILURE_FORBIDDEN)
        return failure_by_status(t, o->status, v->text, v->len);
    if (kind != FAILURE_NONE)
        return kind;
    if (!failure_asks_for_login(t, v->text, v->len, false))
        return FAILURE_OTHER;
    return failure_by_status(t, 0, v->text, v->len);
}

static enum failure_class judge_result(const struct verdict *v)
{
    enum failure_class kind = v->now.kind != FAILURE_NONE ? v->now.kind : v->kind;
    bool refused = v->now.status == 0 || v->now.status == 401 || v->now.status == 403 ||
                   failure_by_status(v->table, v->now.status, v->text, v->len) == FAILURE_LAPSED;
    enum failure_class meaning = weigh(v, kind);
    if (meaning == FAILURE_LAPSED && (!refused || kind == FAILURE_OTHER))
        return FAILURE_OTHER;
    return meaning;
}

static void settle(struct verdict *v)
{
    bool failed = v->now.is_error == FLAG_TRUE || v->now.type == TYPE_FAILED;
    v->outcome = failed ? judge_result(v) : FAILURE_OTHER;
    v->message[0] = '\0';
    if (failed)
        excerpt(v->text, v->len, v->message, sizeof v->message);
    v->settled = true;
    v->worked |= v->now.worked;
    v->kind = FAILURE_NONE;
}

/* Of a refusal that has no words: any may be called one of the login, and some have no name. */
static enum failure_class by_status_and_kind(const struct verdict *v)
{
    enum failure_class kind = v->now.kind;
    bool lapsed = failure_by_status(v->table, v->now.status, "", 0) == FAILURE_LAPSED;
    if (kind == FAILURE_NONE && lapsed)
        return FAILURE_LAPSED;
    return kind == FAILURE_LAPSED && !lapsed ? FAILURE_OTHER : kind;
}

static void end_object(void *ctx)
{
    struct verdict *v = ctx;
    const struct object *o = &v->now;
    bool retry = o->type == TYPE_NOTICE && o->retry;
    if (retry && o->status != 0)
        v->now.kind = by_status_and_kind(v);
    if (o->type == TYPE_FAILED || o->type == TYPE_RESULT ||
        (o->type == TYPE_NOT_YET && o->is_error != FLAG_ABSENT))
        settle(v);
    if (retry || (o->type == TYPE_ANSWER && o->model == MODEL_SYNTHETIC)) {
        v->kind = o->kind;
        v->plain_403 = !retry && o->status == 403;
    }
    v->retrying |= retry && o->kind == FAILURE_LAPSED;
}

static const struct json_sink sink = {begin_object, see_member, end_object};

struct verdict *verdict_new(const struct tool *t, enum run_format format)
{
    struct verdict *v = malloc(sizeof *v);
    if (!v)
        return NULL;
    memset(v, 0, offsetof(struct verdict, events));
    v->table = &t->failures;
    v->signals = &t->signals;
    v->format = format;
    v->wording = WORDING_OPEN;
    json_events_init(&v->events, v->signals->members, &sink, v);
    return v;
}

void verdict_free(struct verdict *v)
{
    free(v);
}

/* Step over white space and the bytes of a byte order mark; the first other byte tells text from JSON. */
static size_t begin(struct verdict *v, const char *bytes, size_t len)
{
    size_t at = 0;
    while (at < len && ascii_is_one_of(bytes[at], " \t\r\n\xef\xbb\xbf"))
        at++;
    if (at < len) {
        v->begun = true;
        v->is_text = v->format == RUN_TEXT || (bytes[at] != '{' && bytes[at] != '[');
    }
    return at;
}

enum verdict_now verdict_feed(struct verdict *v, const void *bytes, size_t len)
{
    const char *p = bytes;
    v->fed += len < LIMIT_HELD ? len : LIMIT_HELD + 1;
    if (!v->begun) {
        size_t skipped = begin(v, p, len);
        p += skipped;
        len -= skipped;
    }
    if (v->is_text && len > 0)
        read_text(v, p, len);
    if (v->format != RUN_TEXT && len > 0)
        json_events_feed(&v->events, p, len);
    if (v->fed > LIMIT_HELD)
        v->released = true;
    return v->released ? VERDICT_FINE : VERDICT_UNDECIDED;
}

bool verdict_retrying(const struct verdict *v)
{
    return v->retrying;
}

static enum failure_class judge(struct verdict *v)
{
    if (v->kind != FAILURE_NONE) {
        v->message[0] = '\0';
        return v->plain_403 && v->kind == FAILURE_LAPSED ? FAILURE_OTHER : v->kind;
    }
    if (v->settled)
        return v->outcome;
    return v->is_text ? judge_text(v) : FAILURE_OTHER;
}

void verdict_end(struct verdict *v, int exit_status, bool overridden, struct verdict_result *ret)
{
    enum failure_class meaning = exit_status == 0 ? FAILURE_NONE : judge(v);
    bool other_key = overridden || v->key_in_use;
    if (other_key && (meaning == FAILURE_LAPSED || meaning == FAILURE_FORBIDDEN))
        meaning = FAILURE_OVERRIDDEN;
    *ret = (struct verdict_result){.meaning = meaning, .worked = v->worked};
    memcpy(ret->session, v->session, sizeof ret->session);
    if (meaning != FAILURE_NONE && meaning != FAILURE_OTHER)
        memcpy(ret->message, v->message, sizeof ret->message);
}
