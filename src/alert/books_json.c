/* The books as text and back.  What is missing or of another kind is as if it had never been. */
#include "alert/books_json.h"

#include <stdio.h>
#include <string.h>

#define BOOKS_SCHEMA 1

/* ---- reading ---- */

static void copy(char *out, size_t size, const jv *object, const char *key)
{
    const char *text = jv_text(object, key);
    snprintf(out, size, "%s", text ? text : "");
}

static void read_why(const jv *v, struct err *ret)
{
    copy(ret->text, sizeof ret->text, v, "why");
    copy(ret->hint, sizeof ret->hint, v, "hint");
    ret->code = ret->text[0] || ret->hint[0] ? ERR_FAILED : ERR_NONE;
}

static void read_incident(const jv *v, struct incident *ret)
{
    const jv *causes = jv_get(v, "causes"), *openings = jv_get(v, "openings");
    for (int c = 0; c < TROUBLE_COUNT; c++) {
        const jv *cause = jv_get(causes, trouble_name((enum trouble)c));
        ret->causes[c].since = jv_number(cause, "since", 0);
        ret->causes[c].last = jv_number(cause, "last", 0);
        read_why(cause, &ret->causes[c].why);
    }
    ret->since = jv_number(v, "since", 0);
    ret->runs = jv_number(v, "runs", 0);
    ret->told_at = jv_number(v, "told_at", 0);
    for (size_t o = 0; o < OPENINGS_KEPT; o++)
        ret->openings[o] = jv_number(jv_at(openings, o), "at", 0);
    ret->deadline = jv_number(v, "deadline", 0);
    ret->deadline_days = (int)jv_number(v, "deadline_days", 0);
}

static bool read_kind(const jv *v, struct telling *ret)
{
    const char *kind = jv_text(v, "kind"), *what = jv_text(v, "what");
    for (int k = TELL_NOTHING + 1; kind && k < TELLING_COUNT; k++)
        if (strcmp(kind, telling_name((enum telling_kind)k)) == 0)
            ret->kind = (enum telling_kind)k;
    for (int w = 0; what && w < TROUBLE_COUNT; w++)
        if (strcmp(what, trouble_name((enum trouble)w)) == 0)
            ret->what = (enum trouble)w;
    return ret->kind != TELL_NOTHING;
}

static void read_delivery(const jv *to, enum channel c, struct delivery *ret)
{
    const jv *v = jv_get(to, channel_name(c));
    ret->pending = jv_is_object(v);
    ret->tries = (int)jv_number(v, "tries", 0);
    ret->next_at = jv_number(v, "next_at", 0);
}

static bool read_letter(const jv *v, struct letter *ret)
{
    *ret = (struct letter){.id = ""};
    struct telling *t = &ret->telling;
    copy(ret->id, sizeof ret->id, v, "id");
    t->at = jv_number(v, "at", 0);
    t->since = jv_number(v, "since", 0);
    t->runs = jv_number(v, "runs", 0);
    t->held_until = jv_number(v, "held_until", 0);
    t->deadline = jv_number(v, "deadline", 0);
    read_why(v, &t->why);
    for (int c = 0; c < CHANNEL_COUNT; c++)
        read_delivery(jv_get(v, "to"), (enum channel)c, &ret->to[c]);
    return read_kind(v, t) && ret->id[0];
}

void books_read(const jv *doc, struct books *ret)
{
    const jv *letters = jv_get(doc, "outbox");
    if (jv_number(doc, "v", 0) != BOOKS_SCHEMA)
        return;
    read_incident(jv_get(doc, "incident"), &ret->incident);
    for (size_t i = 0; i < jv_size(letters) && ret->outbox.count < OUTBOX_LETTERS; i++)
        ret->outbox.count +=
            read_letter(jv_at(letters, i), &ret->outbox.letters[ret->outbox.count]);
    ret->sent_at = jv_number(doc, "sent_at", 0);
    ret->failed_at = jv_number(doc, "failed_at", 0);
    copy(ret->failure, sizeof ret->failure, doc, "failure");
}

/* ---- writing; NULL and false: out of memory, or a text is not UTF-8 ---- */

static jv *whole(jv *v, bool ok)
{
    if (ok)
        return v;
    jv_free(v);
    return NULL;
}

static bool put_why(jv *v, const struct err *why)
{
    return jv_put_text(v, "why", why->text) && jv_put_text(v, "hint", why->hint);
}

static jv *cause_value(const struct cause *c)
{
    jv *v = jv_object();
    return whole(v, jv_put_int(v, "since", c->since) && jv_put_int(v, "last", c->last) &&
                        put_why(v, &c->why));
}

static jv *causes_value(const struct incident *i)
{
    jv *v = jv_object();
    bool ok = true;
    for (int c = 0; c < TROUBLE_COUNT; c++)
        if (i->causes[c].since)
            ok = jv_put(v, trouble_name((enum trouble)c), cause_value(&i->causes[c])) && ok;
    return whole(v, ok);
}

static jv *openings_value(const struct incident *i)
{
    jv *v = jv_array();
    bool ok = true;
    for (int o = 0; o < OPENINGS_KEPT; o++) {
        jv *opening = jv_object();
        ok = jv_push(v, whole(opening, jv_put_int(opening, "at", i->openings[o]))) && ok;
    }
    return whole(v, ok);
}

static jv *incident_value(const struct incident *i)
{
    jv *v = jv_object();
    return whole(
        v, jv_put_int(v, "since", i->since) && jv_put_int(v, "runs", i->runs) &&
               jv_put_int(v, "told_at", i->told_at) && jv_put(v, "causes", causes_value(i)) &&
               jv_put(v, "openings", openings_value(i)) && jv_put_int(v, "deadline", i->deadline) &&
               jv_put_int(v, "deadline_days", i->deadline_days));
}

static jv *delivery_value(const struct delivery *d)
{
    jv *v = jv_object();
    return whole(v, jv_put_int(v, "tries", d->tries) && jv_put_int(v, "next_at", d->next_at));
}

static jv *deliveries_value(const struct letter *l)
{
    jv *v = jv_object();
    bool ok = true;
    for (int c = 0; c < CHANNEL_COUNT; c++)
        if (l->to[c].pending)
            ok = jv_put(v, channel_name((enum channel)c), delivery_value(&l->to[c])) && ok;
    return whole(v, ok);
}

static jv *letter_value(const struct letter *l)
{
    const struct telling *t = &l->telling;
    jv *v = jv_object();
    return whole(v, jv_put_text(v, "id", l->id) && jv_put_text(v, "kind", telling_name(t->kind)) &&
                        jv_put_text(v, "what", trouble_name(t->what)) &&
                        jv_put_int(v, "at", t->at) && jv_put_int(v, "since", t->since) &&
                        jv_put_int(v, "runs", t->runs) &&
                        jv_put_int(v, "held_until", t->held_until) &&
                        jv_put_int(v, "deadline", t->deadline) && put_why(v, &t->why) &&
                        jv_put(v, "to", deliveries_value(l)));
}

static jv *outbox_value(const struct outbox *o)
{
    jv *v = jv_array();
    bool ok = true;
    for (size_t i = 0; i < o->count; i++)
        ok = jv_push(v, letter_value(&o->letters[i])) && ok;
    return whole(v, ok);
}

bool books_write(const struct books *b, struct buf *out, struct err *e)
{
    jv *v = jv_object();
    bool ok =
        jv_put_int(v, "v", BOOKS_SCHEMA) && jv_put(v, "incident", incident_value(&b->incident)) &&
        jv_put(v, "outbox", outbox_value(&b->outbox)) && jv_put_int(v, "sent_at", b->sent_at) &&
        jv_put_int(v, "failed_at", b->failed_at) && jv_put_text(v, "failure", b->failure);
    if (!ok)
        err_no_memory(e);
    ok = ok && ((jv_write(v, out) && buf_text(out, "\n")) || buf_error(out, "the incident", e));
    jv_free(v);
    return ok;
}
