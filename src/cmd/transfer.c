#include "cmd/transfer.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "cmd/show.h"

static const struct {
    const char *did, *would;
} verbs[] = {
    [DO_NOTHING] = {"nothing to do", "nothing to do"},
    [DO_PUBLISH] = {"published it", "would publish it"},
    [DO_FORWARD] = {"finished a publication", "would finish a publication"},
    [DO_INSTALL_SHARED] = {"pulled it", "would pull it"},
    [DO_INSTALL_RENEWABLE] = {"pulled it", "would pull it"},
    [DO_WAIT] = {"nothing to do", "nothing to do"},
    [DO_HUMAN] = {"nothing to do", "nothing to do"},
};
_Static_assert(sizeof verbs / sizeof verbs[0] == ACTION_COUNT, "one row for each action");

/* The login that the sentence is about: what was put in place, or what stands. */
static const struct login_facts *subject(const struct sync_report *r, bool dry_run)
{
    bool store = r->did.action == DO_FORWARD || (dry_run && sync_installed(r));
    const struct login_facts *f = store ? &r->shared : &r->local;
    if (dry_run && r->did.action == DO_FORWARD)
        f = &r->renewable;
    return f->state == LOGIN_USABLE ? f : &r->shared;
}

static void tell(const struct relay *r, const struct sync_report *report, bool dry_run)
{
    char login[128];
    enum action did = report->did.action;
    /* What stands in the other direction is why nothing was done, not what was done. */
    enum reason why = did == DO_NOTHING ? report->stands.reason : report->did.reason;
    show_login_words(subject(report, dry_run), login, sizeof login);
    printf("%s: %s (%s", dry_run ? verbs[did].would : verbs[did].did, reason_text(why), login);
    if (report->version)
        printf("; %s version %lld", r->store_url, (long long)report->version);
    puts(")");
}

static void tell_json(const char *command, const struct relay *r, const struct sync_report *report,
                      const struct options *o, const struct err *unmet)
{
    jv *v = jv_object();
    jv_put_bool(v, "ok", !unmet);
    jv_put_text(v, "command", command);
    jv_put_text(v, "relay", r->name);
    jv_put_text(v, "machine", r->machine);
    jv_put_text(v, "role", role_name(r->role));
    jv_put_text(v, "store", r->store_url);
    jv_put_bool(v, "dry_run", o->dry_run);
    jv_put_text(v, "did", action_name(report->did.action));
    jv_put_text(
        v, "why",
        reason_name(report->did.action == DO_NOTHING ? report->stands.reason : report->did.reason));
    jv_put_text(v, "to_do", action_name(report->stands.action));
    jv_put(v, "local", show_login(&report->local));
    jv_put(v, "shared", show_login(&report->shared));
    jv_put_int(v, "version", report->version);
    jv_put_text(v, "holder", report->holder[0] ? report->holder : NULL);
    if (report->warning.code != ERR_NONE)
        jv_put_text(v, "warning", report->warning.text);
    if (unmet) {
        jv_put_text(v, "error", err_name(unmet->code));
        jv_put_text(v, "message", unmet->text);
        jv_put_text(v, "hint", unmet->hint);
    }
    jv_put_int(v, "exit_status", unmet ? err_exit_status(unmet->code) : 0);
    show_line(v);
}

static void tell_more(const struct sync_report *report, const struct options *o)
{
    if (report->warning.code != ERR_NONE && !o->json)
        tell_warning(&report->warning);
    if (o->verbose)
        fprintf(stderr, "credrelay: the store was read %u times and written %u times\n",
                report->reads, report->writes);
}

/* Other people's text: as it is, control characters aside. */
static void tell_helper(const struct buf *told)
{
    for (size_t i = 0; i < told->len; i++) {
        unsigned char c = (unsigned char)told->data[i];
        putc(c == '\n' || (c >= ' ' && c != 0x7f) ? c : '?', stderr);
    }
}

int transfer(const char *command, enum intent intent, const struct options *o)
{
    struct relay r;
    struct err e;
    struct sync_report report = {.version = 0};
    struct buf told;
    if (!relay_load(o->relay, &r, &e))
        return tell_failure(command, o, &e);
    buf_init(&told, LIMIT_HELPER_STDERR);
    const struct sync_request rq = {.intent = intent,
                                    .force = o->force,
                                    .dry_run = o->dry_run,
                                    .deadline = clock_steady_ms() + r.timeout_ms,
                                    .told = o->verbose ? &told : NULL};
    int status = 0;
    bool ok = relay_sync(&r, &rq, RELAY_LOCK_WAIT_MS, &report, &e);
    tell_helper(&told);
    if (!ok) {
        status = tell_failure(command, o, &e);
    } else {
        if (!o->dry_run && sync_unmet(&r, intent, &report, &e))
            status = err_exit_status(e.code);
        tell_more(&report, o);
        if (o->json)
            tell_json(command, &r, &report, o, status ? &e : NULL);
        else if (status)
            tell_failure(command, o, &e);
        else if (!o->quiet)
            tell(&r, &report, o->dry_run);
    }
    buf_free(&told);
    relay_free(&r);
    return status;
}
