#include "alert/channel.h"

#include <stdio.h>

#include "alert/events.h"
#include "alert/message.h"
#include "alert/plain.h"
#include "alert/protocol.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/helper.h"

static bool put_facts(jv *v, const struct telling *t)
{
    return jv_put_text(v, "kind", telling_name(t->kind)) && jv_put_int(v, "at", t->at) &&
           jv_put_text(v, "what", trouble_name(t->what)) && jv_put_int(v, "since", t->since) &&
           jv_put_int(v, "runs", t->runs) && jv_put_text(v, "why", t->why.text) &&
           jv_put_text(v, "hint", t->why.hint) && jv_put_int(v, "deadline", t->deadline);
}

static jv *message_value(const struct letter *l, const struct message_about *about)
{
    struct buf subject, text;
    buf_init(&subject, LIMIT_EVENT);
    buf_init(&text, LIMIT_ALERT_TEXT);
    jv *v = jv_object();
    bool ok =
        message_subject(&l->telling, about, &subject) && message_text(&l->telling, about, &text) &&
        jv_put_text(v, "id", l->id) && put_facts(v, &l->telling) &&
        jv_put_text(v, "relay", about->relay) && jv_put_text(v, "machine", about->machine) &&
        jv_put_text(v, "subject", buf_str(&subject)) && jv_put_text(v, "text", buf_str(&text));
    buf_free(&subject);
    buf_free(&text);
    if (ok)
        return v;
    jv_free(v);
    return NULL;
}

static bool no_helper(const char *name, struct err *e)
{
    err_set(e, ERR_UNSUPPORTED, "its helper %s is not installed", name);
    return err_hint(e, "install credrelay whole: make install");
}

/* MESSAGE is taken over.  NULL: out of memory. */
static jv *request(enum channel c, const char *op, const struct alert_settings *s, jv *message)
{
    jv *rq = jv_object();
    bool ok = jv_put(rq, "message", message) && jv_put_int(rq, "credrelay", ALERT_PROTOCOL) &&
              jv_put_text(rq, "op", op) && jv_put_text(rq, "channel", channel_name(c)) &&
              jv_put(rq, "options", jv_copy(s->options)) &&
              jv_put_int(rq, "deadline_ms", CHANNEL_CALL_MS);
    if (ok)
        return rq;
    jv_free(rq);
    return NULL;
}

static bool ask(enum channel c, const char *op, const struct alert_settings *s, jv *message,
                struct err *e)
{
    char name[32], program[LIMIT_PATH];
    jv *rq = request(c, op, s, message);
    if (!rq)
        return err_no_memory(e);
    snprintf(name, sizeof name, "alert-%s", channel_name(c));
    if (!helper_find(name, program)) {
        jv_free(rq);
        return no_helper(name, e);
    }
    const struct helper_call call = {.program = program, .timeout_ms = CHANNEL_CALL_MS};
    jv *answer = helper_ask(&call, rq, e);
    jv_free(answer);
    return answer != NULL;
}

bool channel_send(enum channel c, const struct alert_settings *s, const struct relay *r,
                  const struct letter *l, struct err *e)
{
    struct last_events events;
    char machine[HOLDER_SIZE];
    last_events(r, &events);
    plain_text(r->machine, machine, sizeof machine);
    const struct message_about about = {.relay = r->name,
                                        .machine = machine,
                                        .remind_ms = s->policy.remind_ms,
                                        .events = events.lines,
                                        .event_count = events.count};
    jv *message = message_value(l, &about);
    return ask(c, "send", s, message, e) || err_context(e, channel_name(c));
}

bool channel_check(enum channel c, const struct alert_settings *s, struct err *e)
{
    return ask(c, "check", s, jv_object(), e) || err_context(e, channel_name(c));
}

bool channel_test(enum channel c, const struct alert_settings *s, const struct relay *r,
                  struct err *e)
{
    struct letter l = {.telling = {.kind = TELL_TEST, .at = clock_wall_ms()}};
    l.to[c].tries = 1;
    letter_name(l.id);
    bool ok = dir_make(r->state_dir, e) && channel_send(c, s, r, &l, e);
    event_alert(r, c, &l, ok ? NULL : e);
    return ok;
}
