#include "relay/state.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/json_span.h"
#include "base/limits.h"

#define STATE_SCHEMA 1

/* False, and "": there is none. */
static bool read_fingerprint(const jv *object, const char *key, char out[FINGERPRINT_SIZE])
{
    const char *text = jv_text(object, key);
    bool whole = text && strlen(text) == FINGERPRINT_SIZE - 1;
    snprintf(out, FINGERPRINT_SIZE, "%s", whole ? text : "");
    return whole;
}

static void read_rejected(const jv *rejected, int64_t now, struct memory *m)
{
    for (size_t i = 0; i < jv_size(rejected) && m->rejected_count < MEMORY_REJECTED; i++) {
        struct rejected *r = &m->rejected[m->rejected_count];
        bool whole = read_fingerprint(jv_at(rejected, i), "login", r->fingerprint);
        r->at = jv_number(jv_at(rejected, i), "at", 0);
        /* A time in the future comes from a clock since put right: kept, like a fresh one. */
        m->rejected_count += whole && now - r->at < REJECTED_FOR_MS;
    }
}

static void read_memory(const jv *doc, int64_t now, struct memory *m)
{
    const jv *step = jv_get(doc, "step"), *seen = jv_get(doc, "seen");
    if (read_fingerprint(step, "login", m->step.fingerprint))
        m->step.version = jv_number(step, "version", 0);
    for (size_t i = 0; i < jv_size(seen) && m->seen_count < MEMORY_SEEN; i++) {
        struct seen *s = &m->seen[m->seen_count];
        s->version = jv_number(jv_at(seen, i), "version", 0);
        m->seen_count += read_fingerprint(jv_at(seen, i), "login", s->fingerprint);
    }
    read_rejected(jv_get(doc, "rejected"), now, m);
    read_fingerprint(doc, "refused", m->refused);
    read_fingerprint(doc, "entrusted", m->entrusted);
    read_fingerprint(doc, "claimed", m->claimed);
    const jv *putting = jv_get(doc, "putting");
    if (read_fingerprint(putting, "login", m->putting.fingerprint))
        m->putting.version = jv_number(putting, "version", 0);
}

bool state_load(const char *path, const char *store, int64_t now, struct state *ret, struct err *e)
{
    struct buf text;
    struct err why;
    buf_init(&text, LIMIT_STATE);
    memset(ret, 0, sizeof *ret);
    bool there = file_read(path, &text, &why);
    jv *doc = there ? jv_parse(buf_str(&text), text.len, &why) : NULL;
    bool damaged = there ? !doc && why.code != ERR_NO_MEMORY : why.code == ERR_TOO_LARGE;
    bool ok = doc || damaged || (!there && why.code == ERR_NOT_FOUND);
    if (!ok)
        *e = why;
    const char *of = jv_text(doc, "store");
    if (doc && of && strcmp(of, store) == 0 && jv_number(doc, "v", 0) == STATE_SCHEMA) {
        read_memory(doc, now, &ret->memory);
        ret->fruitless_at = jv_number(doc, "fruitless_at", 0);
        ret->waited_at = jv_number(doc, "waited_at", 0);
    }
    jv_free(doc);
    buf_free(&text);
    return ok;
}

/* Reading the whole document takes as long as starting the client: a hundred places in line, and
 * nothing of them is wanted here. */
void state_peek(const char *path, int64_t now, struct memory *ret)
{
    struct buf text;
    struct err ignored;
    struct json_span span;
    jv *rejected = NULL;
    buf_init(&text, LIMIT_STATE);
    ret->rejected_count = 0;
    /* Most days nothing is; no string of JSON's can hold these bytes, its quotes are escaped. */
    if (file_read(path, &text, &ignored) && !strstr(buf_str(&text), "\"rejected\":[]") &&
        json_span_find(buf_str(&text), text.len, "rejected", &span, &ignored) && span.found)
        rejected = jv_parse(text.data + span.at, span.len, &ignored);
    read_rejected(rejected, now, ret);
    jv_free(rejected);
    buf_free(&text);
}

static jv *seen_value(const struct seen *s)
{
    jv *v = jv_object();
    jv_put_text(v, "login", s->fingerprint);
    jv_put_int(v, "version", s->version);
    return v;
}

static jv *rejected_value(const struct rejected *r)
{
    jv *v = jv_object();
    jv_put_text(v, "login", r->fingerprint);
    jv_put_int(v, "at", r->at);
    return v;
}

static bool put_lists(jv *doc, const struct memory *m)
{
    jv *seen = jv_array(), *rejected = jv_array();
    bool whole = true;
    for (size_t i = 0; i < m->seen_count; i++)
        whole = jv_push(seen, seen_value(&m->seen[i])) && whole;
    for (size_t i = 0; i < m->rejected_count; i++)
        whole = jv_push(rejected, rejected_value(&m->rejected[i])) && whole;
    whole = jv_put(doc, "seen", seen) && whole;
    return jv_put(doc, "rejected", rejected) && whole;
}

bool state_text(const char *store, const struct state *s, struct buf *out, struct err *e)
{
    jv *doc = jv_object();
    bool ok = jv_put_int(doc, "v", STATE_SCHEMA) && jv_put_text(doc, "store", store) &&
              jv_put(doc, "step", seen_value(&s->memory.step)) && put_lists(doc, &s->memory) &&
              jv_put_text(doc, "refused", s->memory.refused) &&
              jv_put_text(doc, "entrusted", s->memory.entrusted) &&
              jv_put_text(doc, "claimed", s->memory.claimed) &&
              jv_put(doc, "putting", seen_value(&s->memory.putting)) &&
              jv_put_int(doc, "fruitless_at", s->fruitless_at) &&
              jv_put_int(doc, "waited_at", s->waited_at) && jv_write(doc, out) &&
              buf_text(out, "\n");
    jv_free(doc);
    return ok || buf_error(out, "the state", e);
}

bool state_save(const char *path, const struct buf *text, struct err *e)
{
    return file_replace(path, text->data, text->len, e);
}
