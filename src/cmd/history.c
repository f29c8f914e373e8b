/* The logins that the store has had, and what this machine knows of each. */
#include "relay/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/terminal.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/show.h"

enum { LAST_FEW = 20, BY_WIDTH = 20 };

/* ---- for people ---- */

static void add_expiry(const struct login_facts *f, struct buf *out)
{
    char left[64];
    int64_t away = f->expires_at - clock_wall_ms();
    if (f->state != LOGIN_USABLE) {
        buf_text(out, login_state_name(f->state));
        return;
    }
    if (!f->expires_at) {
        buf_text(out, "usable");
        return;
    }
    clock_duration(away > 0 ? away : -away, left, sizeof left);
    buf_printf(out, away > 0 ? "expires in %s" : "expired %s ago", left);
}

/* "expires in 7 h 59 min; here; desk renews it" */
static void add_words(const struct history *h, size_t i, struct buf *out)
{
    const struct history_version *v = &h->version[i];
    add_expiry(&v->login, out);
    if (v->here)
        buf_text(out, "; here");
    if (v->rejected)
        buf_text(out, "; refused here");
    if (v->same_as)
        buf_printf(out, "; same as %lld", (long long)v->same_as);
    if (i == 0 && v->holder[0])
        buf_printf(out, "; %s renews it", v->holder);
}

/* A store may say it at length (arn:aws:iam::123456789012:user/claude-creds-writer): who it is stands
 * last. */
static const char *short_name(const char *by)
{
    const char *slash = strrchr(by, '/');
    return slash && slash[1] ? slash + 1 : by;
}

/* Padded, or cut, to the width of its column. */
static void add_name(const char *name, struct buf *out)
{
    size_t len = 0;
    int columns = 0;
    for (; name[len] && columns < BY_WIDTH; columns++)
        len += utf8_character(name + len);
    buf_bytes(out, name, len);
    buf_printf(out, "%*s", BY_WIDTH - columns, "");
}

static const char *tone_of(const struct history_version *v)
{
    static const char good[] = "\x1b[32m", bad[] = "\x1b[31m";
    if (v->login.state != LOGIN_USABLE || v->rejected)
        return bad;
    return v->here ? good : "";
}

static void tell_version(const struct history *h, size_t i, bool colour, struct buf *out)
{
    const struct history_version *v = &h->version[i];
    char when[32];
    const char *tone = colour ? tone_of(v) : "";
    bool usable = v->login.state == LOGIN_USABLE;
    clock_local(v->modified, when, sizeof when);
    buf_printf(out, "%7lld  %-16.16s  ", (long long)v->version, when);
    add_name(*v->by ? short_name(v->by) : "?", out);
    buf_printf(out, "  %-8.*s  %s", FINGERPRINT_SHOWN, usable ? v->login.fingerprint : "-", tone);
    add_words(h, i, out);
    buf_text(out, *tone ? "\x1b[0m\n" : "\n");
}

static void tell(const struct history *h, struct buf *out)
{
    bool colour = terminal_has_colour(STDOUT_FILENO);
    if (!h->count) {
        buf_text(out, "the store has no login yet\n");
        return;
    }
    buf_text(out, "version  when              by                    login\n");
    for (size_t i = 0; i < h->count; i++)
        tell_version(h, i, colour, out);
}

/* ---- as data ---- */

static jv *version_value(const struct history_version *v)
{
    jv *value = jv_object();
    jv_put_int(value, "version", v->version);
    if (v->modified)
        jv_put_int(value, "modified", v->modified);
    jv_put_text(value, "by", *v->by ? v->by : NULL);
    jv_put(value, "login", show_login(&v->login));
    jv_put_bool(value, "here", v->here);
    jv_put_bool(value, "rejected", v->rejected);
    jv_put_bool(value, "renewed", v->renewed);
    if (v->same_as)
        jv_put_int(value, "same_as", v->same_as);
    if (v->renewable_version)
        jv_put_int(value, "renewable_version", v->renewable_version);
    jv_put_text(value, "holder", *v->holder ? v->holder : NULL);
    return value;
}

static void tell_json(const struct relay *r, const struct history *h)
{
    jv *v = jv_object(), *versions = jv_array();
    jv_put_bool(v, "ok", true);
    jv_put_text(v, "command", "history");
    jv_put_text(v, "relay", r->name);
    jv_put_text(v, "machine", r->machine);
    jv_put_text(v, "role", role_name(r->role));
    jv_put_text(v, "store", r->store_url);
    jv_put(v, "local", show_login(&h->local));
    for (size_t i = 0; i < h->count; i++)
        jv_push(versions, version_value(&h->version[i]));
    jv_put(v, "versions", versions);
    jv_put_bool(v, "more", h->cut);
    jv_put_int(v, "exit_status", 0);
    show_line(v);
}

/* ---- the command ---- */

static bool read_limit(const struct options *o, int64_t *ret, struct err *e)
{
    *ret = LAST_FEW;
    return !o->lines || parse_int64(o->lines, 1, HISTORY_MOST, ret) ||
           err_set(e, ERR_USAGE, "--lines: '%.64s' is no number from 1 to %d", o->lines,
                   HISTORY_MOST);
}

static void show(const struct relay *r, const struct options *o, const struct history *h)
{
    struct buf text;
    if (o->json) {
        tell_json(r, h);
        return;
    }
    buf_init(&text, LIMIT_SHOWN);
    tell(h, &text);
    fputs(buf_str(&text), stdout);
    buf_free(&text);
    if (h->cut)
        fprintf(stderr, "credrelay: there are older ones: credrelay history -n %d\n", HISTORY_MOST);
}

static int show_history(const struct relay *r, const struct options *o, struct history *h)
{
    struct history_request rq = {.deadline = clock_steady_ms() + r->timeout_ms};
    struct err e;
    if (!read_limit(o, &rq.limit, &e) || !history_read(r, &rq, h, &e))
        return tell_failure("history", o, &e);
    show(r, o, h);
    return 0;
}

static int run(const struct options *o, int argc, char **argv)
{
    struct relay r;
    struct err e;
    (void)argc;
    (void)argv;
    if (!relay_load(o->relay, &r, &e))
        return tell_failure("history", o, &e);
    struct history *h = calloc(1, sizeof *h); /* large */
    if (!h)
        err_no_memory(&e);
    int status = h ? show_history(&r, o, h) : tell_failure("history", o, &e);
    free(h);
    relay_free(&r);
    return status;
}

const struct command cmd_history = {
    .name = "history",
    .arguments = "",
    .summary = "show the logins that the store has had",
    .about =
        "Shows the versions of the store's login, the newest first: when it was put and by whom, "
        "its\n"
        "fingerprint, when it expires, and which of them is the one here.  A reader's key may "
        "most often\n"
        "not read the history.",
    .options = TAKES(RELAY) | TAKES(LINES) | TAKES(JSON),
    .most = 0,
    .run = run,
};
