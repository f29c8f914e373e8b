#include "alert/sender.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "alert/books.h"
#include "alert/channel.h"
#include "alert/events.h"
#include "alert/plain.h"
#include "base/clock.h"
#include "base/detach.h"
#include "base/file.h"
#include "base/home.h"
#include "os/process.h"

enum {
    BOOKS_WAIT_MS = 30 * 1000, /* in the background there is time */
    SENDER_WAIT_MS = 1000,
    NAP_MS = 60 * 1000 /* the clock may be set while we sleep */
};

struct round {
    const struct sender *sender;
    const struct alert_settings *settings;
    struct sender_result *result;
    struct err *e;
    bool ok; /* false: *e says why the books of a relay could not be kept */
};

/* ---- one message ---- */

/* What is due next, taken out; false: nothing is, or *RD has the error. */
static bool take_due(struct round *rd, const struct relay *r, struct letter *ret,
                     enum channel *ret_c)
{
    struct books b;
    const struct letter *l;
    int64_t now = clock_wall_ms();
    rd->ok = books_open(r, BOOKS_WAIT_MS, &b, rd->e);
    if (!rd->ok)
        return false;
    outbox_expire(&b.outbox, now);
    bool due = outbox_take(&b.outbox, now, &l, ret_c);
    if (due)
        *ret = *l;
    rd->ok = books_close(&b, rd->e);
    return rd->ok && due;
}

static void note(struct books *b, const struct letter *l, enum channel c, const struct err *failure)
{
    int64_t now = clock_wall_ms();
    if (failure) {
        outbox_refused(&b->outbox, l->id, c, now, failure->retry_after_ms);
        b->failed_at = now;
        plain_text(failure->text, b->failure, sizeof b->failure);
    } else {
        outbox_delivered(&b->outbox, l->id, c);
        b->sent_at = now;
        b->failed_at = 0;
        b->failure[0] = '\0';
    }
}

static void settle(struct round *rd, const struct relay *r, const struct letter *l, enum channel c,
                   const struct err *failure)
{
    struct books b;
    event_alert(r, c, l, failure);
    rd->result->delivered += failure == NULL;
    rd->result->refused += failure != NULL;
    if (rd->sender->told)
        rd->sender->told(rd->sender->ctx, r, c, l, failure);
    rd->ok = books_open(r, BOOKS_WAIT_MS, &b, rd->e);
    if (!rd->ok)
        return;
    note(&b, l, c, failure);
    rd->ok = books_close(&b, rd->e);
}

/* A channel that is not set up any more is no reason to keep its messages. */
static void forget(struct round *rd, const struct relay *r, const struct letter *l, enum channel c)
{
    struct books b;
    rd->ok = books_open(r, BOOKS_WAIT_MS, &b, rd->e);
    if (!rd->ok)
        return;
    outbox_delivered(&b.outbox, l->id, c);
    rd->ok = books_close(&b, rd->e);
}

static void send_one(struct round *rd, const struct relay *r, const struct letter *l,
                     enum channel c)
{
    if (!(rd->settings->channels & 1u << c)) {
        forget(rd, r, l, c);
        return;
    }
    struct err failure;
    bool ok = channel_send(c, rd->settings, r, l, &failure);
    settle(rd, r, l, c, ok ? NULL : &failure);
}

/* ---- the relays ---- */

static bool load(const char *name, struct relay *ret)
{
    struct err ignored;
    return relay_load(name, ret, &ignored) || relay_load_of_tool(name, ret, &ignored);
}

static void drain(void *ctx, const char *name)
{
    struct round *rd = ctx;
    struct relay r;
    struct letter l;
    enum channel c;
    if (!rd->ok || !load(name, &r))
        return;
    while (take_due(rd, &r, &l, &c))
        send_one(rd, &r, &l, c);
    relay_free(&r);
}

static void tally(void *ctx, const char *name)
{
    struct sender_result *result = ctx;
    struct relay r;
    struct books b;
    struct err ignored;
    if (!load(name, &r))
        return;
    if (books_peek(&r, &b, &ignored)) {
        int64_t due_at = outbox_due_at(&b.outbox, clock_wall_ms());
        result->pending += outbox_pending(&b.outbox);
        result->due_at = due_at < result->due_at ? due_at : result->due_at;
        (void)books_close(&b, &ignored);
    }
    relay_free(&r);
}

static void look_what_is_left(const char *folder, struct sender_result *ret)
{
    ret->pending = 0;
    ret->due_at = INT64_MAX;
    books_each(folder, tally, ret);
}

/* ---- one process at a time ---- */

/* A service manager that ends our group may let us finish a message; each is bounded. */
static void put_off_the_end(sigset_t *ret_before)
{
    sigset_t later;
    sigemptyset(&later);
    sigaddset(&later, SIGTERM);
    sigaddset(&later, SIGHUP);
    sigprocmask(SIG_BLOCK, &later, ret_before);
}

static bool drain_all(const char *folder, struct round *rd)
{
    char path[LIMIT_PATH];
    struct lock lock;
    sigset_t before;
    if (!path_join(path, folder, "alerts.lock"))
        return err_errno(rd->e, ENAMETOOLONG, "%.64s...", folder);
    if (access(folder, F_OK) != 0)
        return true; /* no books, nothing to send */
    if (!lock_take(path, SENDER_WAIT_MS, &lock, rd->e))
        return false;
    put_off_the_end(&before);
    books_each(folder, drain, rd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    lock_release(&lock);
    return rd->ok;
}

/* Who finds the lock taken goes away; so its holder looks once more after letting it go. */
static bool drain_until_nothing_is_due(const char *folder, struct round *rd)
{
    do {
        size_t before = rd->result->delivered + rd->result->refused;
        if (!drain_all(folder, rd))
            return false;
        look_what_is_left(folder, rd->result);
        if (rd->result->delivered + rd->result->refused == before)
            break;
    } while (rd->result->due_at <= clock_wall_ms());
    return true;
}

bool sender_run(const struct sender *s, struct sender_result *ret, struct err *e)
{
    char folder[LIMIT_PATH];
    struct alert_settings settings;
    *ret = (struct sender_result){.due_at = INT64_MAX};
    if (!home_state(folder, e) || !alert_settings_load(&settings, e))
        return false;
    struct round rd = {.sender = s, .settings = &settings, .result = ret, .e = e, .ok = true};
    bool ok = drain_until_nothing_is_due(folder, &rd);
    if (!ok)
        look_what_is_left(folder, ret);
    alert_settings_free(&settings);
    return ok;
}

/* How long until it is worth another look. */
static int64_t nap(const struct sender_result *last)
{
    int64_t left = last->due_at - clock_wall_ms();
    return left < SENDER_WAIT_MS ? SENDER_WAIT_MS : left < NAP_MS ? left : NAP_MS;
}

bool sender_stay(const struct sender *s, int64_t patience_ms, struct sender_result *ret,
                 struct err *e)
{
    int64_t until = clock_steady_ms() + patience_ms;
    struct sender_result round = {.due_at = INT64_MAX};
    *ret = round;
    for (;;) {
        bool ok = sender_run(s, &round, e);
        ret->delivered += round.delivered;
        ret->refused += round.refused;
        ret->pending = round.pending;
        ret->due_at = round.due_at;
        if (!ok && e->code != ERR_BUSY)
            return false;
        if (!round.pending || clock_steady_ms() + nap(&round) > until)
            return ok || !round.pending;
        clock_sleep_ms(nap(&round));
    }
}

/* ---- in the background ---- */

/* The folder of the process will be another. */
static void keep_configuration_path(void)
{
    const char *given = getenv("CREDRELAY_CONFIG");
    char *whole = given && *given && *given != '/' ? realpath(given, NULL) : NULL;
    if (whole)
        setenv("CREDRELAY_CONFIG", whole, 1);
    free(whole);
}

bool sender_start(struct err *e)
{
    /* By this name, whatever the wrapper is installed as. */
    static const char *const argv[] = {"credrelay", "alert", "send", "--wait", "--quiet", NULL};
    char program[LIMIT_PATH];
    if (!os_program_path(program, sizeof program))
        return err_set(e, ERR_FAILED, "cannot tell where this program stands");
    keep_configuration_path();
    return detach(program, argv, e);
}
