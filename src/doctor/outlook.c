#include "doctor/outlook.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "run/recover.h"
#include "watch/install.h"

static const char *const kinds[] = {
    [NOTE_OVERRIDDEN] = "overridden",   [NOTE_NO_LOGIN] = "no_login", [NOTE_PULLS] = "pulls_first",
    [NOTE_RENEWS] = "renews",           [NOTE_DEADLINE] = "deadline", [NOTE_STORE] = "store",
    [NOTE_UNPUBLISHED] = "unpublished", [NOTE_BEHIND] = "behind",     [NOTE_KEPT] = "kept",
    [NOTE_INCIDENT] = "incident",       [NOTE_WATCHER] = "watcher",
};
_Static_assert(sizeof kinds / sizeof kinds[0] == NOTE_KIND_COUNT, "one name for each kind");

static const char *const standings[] = {[STANDS_UNKNOWN] = NULL,
                                        [STANDS_SAME] = "same",
                                        [STANDS_NEWER] = "newer",
                                        [STANDS_OLDER] = "older"};
_Static_assert(sizeof standings / sizeof standings[0] == STANDING_COUNT, "one name for each");

static const char *const prospects[] = {
    [WILL_WORK] = "works", [WILL_NOT_WORK] = "does_not_work", [CANNOT_TELL] = "overridden"};
_Static_assert(sizeof prospects / sizeof prospects[0] == PROSPECT_COUNT, "one name for each");

static const char *const answers[] = {
    [NOT_ASKED] = "not_asked", [NO_ANSWER] = "failed", [ANSWERED] = "answered"};
_Static_assert(sizeof answers / sizeof answers[0] == ANSWER_COUNT, "one name for each");

const char *prospect_name(enum prospect p)
{
    return prospects[p];
}

const char *answer_name(enum answer a)
{
    return answers[a];
}

const char *note_kind_name(enum note_kind k)
{
    return kinds[k];
}

const char *standing_name(enum standing s)
{
    return standings[s];
}

/* ---- facts about the login ---- */

/* Of a usable one. */
static bool refused(const struct facts *f)
{
    return memory_rejects(&f->memory, f->local.fingerprint);
}

static bool works_here(const struct facts *f)
{
    return f->local.state == LOGIN_USABLE && !refused(f) && !login_expired(&f->local, f->now);
}

/* Expired, but the client can get itself a new one. */
static bool renews(const struct facts *f)
{
    return f->local.state == LOGIN_USABLE && !refused(f) && f->local.renewable &&
           strcmp(f->memory.refused, f->local.fingerprint) != 0 &&
           !(f->local.deadline && f->local.deadline <= f->now);
}

static struct decision ask(const struct facts *f)
{
    /* The one call that status makes is for the shared value: of the two forms of a login it is the
     * bare one that is installed then. */
    const struct stored unknown = {.known = false, .login = {.state = LOGIN_ABSENT, .flaw = ""}};
    const struct situation s = {
        .local = &f->local,
        .shared = &f->shared,
        .renewable = &unknown,
        .memory = &f->memory,
        .role = f->relay->role,
        .plain = f->relay->plain,
        .machine = f->relay->machine,
        .now = f->now,
    };
    return decide(&s);
}

static bool installs(const struct facts *f, const struct outlook *o)
{
    return f->answer == ANSWERED && o->decision.action == DO_INSTALL_SHARED;
}

/* ---- notes ---- */

static struct note *add(struct outlook *o, enum note_kind kind, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static struct note *add(struct outlook *o, enum note_kind kind, const char *fmt, ...)
{
    struct note *n = &o->notes[o->count++];
    va_list arguments;
    n->kind = kind;
    n->hint[0] = '\0';
    va_start(arguments, fmt);
    vsnprintf(n->text, sizeof n->text, fmt, arguments);
    va_end(arguments);
    return n;
}

static void hint(struct note *n, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void hint(struct note *n, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(n->hint, sizeof n->hint, fmt, arguments);
    va_end(arguments);
}

static void hint_log_in(const struct facts *f, struct note *n)
{
    how_to_log_in(f->relay, n->hint, sizeof n->hint);
}

static void hint_publish(const struct facts *f, struct note *n)
{
    hint(n, f->relay->role == ROLE_WRITER ? "credrelay publish" : "on a writer: credrelay publish");
}

static const char *const flaws[] = {
    [LOGIN_USABLE] = "",
    [LOGIN_ABSENT] = "there is no login here",
    [LOGIN_EMPTY] = "the login here is empty",
    [LOGIN_TORN] = "the login here is torn",
    [LOGIN_NONE] = "this machine is logged out",
    [LOGIN_BLANK] = "the login here is blank",
    [LOGIN_MALFORMED] = "the login here is malformed",
    [LOGIN_NOT_A_FILE] = "something else than a file is in the login's place",
    [LOGIN_UNREADABLE] = "the login here cannot be read",
};
_Static_assert(sizeof flaws / sizeof flaws[0] == LOGIN_STATE_COUNT, "one for each state");

/* What is wrong with the login here, of one that does not work. */
static void say_local(const struct facts *f, char *out, size_t size)
{
    char span[64];
    if (f->local.state != LOGIN_USABLE) {
        snprintf(out, size, "%s", flaws[f->local.state]);
    } else if (refused(f)) {
        snprintf(out, size, "the server refused the login here");
    } else {
        clock_duration(f->now - f->local.expires_at, span, sizeof span);
        snprintf(out, size, "the login here expired %s ago", span);
    }
}

static void note_override(const struct facts *f, struct outlook *o)
{
    struct note *n =
        add(o, NOTE_OVERRIDDEN, "%s uses %s instead of its login: nothing here can mend that",
            f->relay->tool->product, f->overriding);
    if (strchr(f->overriding, ' '))
        hint(n, "take it out: %s", f->overriding);
    else
        hint(n, "unset %s", f->overriding);
}

/* The store was not asked, or gave no answer. */
static void note_no_help(const struct facts *f, struct outlook *o, const char *ails)
{
    if (f->answer == NOT_ASKED) {
        struct note *n =
            add(o, NOTE_NO_LOGIN, "%s, and the store was not asked for a better one", ails);
        hint(n, "ask it: credrelay status");
    } else {
        struct note *n = add(o, NOTE_NO_LOGIN, "%s, and the store gave no answer", ails);
        hint(n, "%s", f->store_why.hint);
    }
}

static void note_no_login(const struct facts *f, struct outlook *o)
{
    char ails[200], span[64];
    struct note *n;
    say_local(f, ails, sizeof ails);
    if (f->answer != ANSWERED) {
        note_no_help(f, o, ails);
        return;
    }
    if (f->shared.login.state == LOGIN_USABLE && login_expired(&f->shared.login, f->now)) {
        clock_duration(f->now - f->shared.login.expires_at, span, sizeof span);
        n = add(o, NOTE_NO_LOGIN, "%s, and the store's expired %s ago", ails, span);
    } else {
        n = add(o, NOTE_NO_LOGIN, "%s, and %s", ails, reason_text(o->decision.reason));
    }
    if (f->relay->role == ROLE_WRITER || o->decision.action == DO_HUMAN)
        hint_log_in(f, n);
    else
        hint(n, "it comes when a writer publishes; on a writer: credrelay publish");
}

/* The login here does not work by itself. */
static enum prospect look_for_help(const struct facts *f, struct outlook *o)
{
    char ails[200];
    say_local(f, ails, sizeof ails);
    if (login_in_the_way(&f->local)) {
        hint(add(o, NOTE_NO_LOGIN, "%s, and no run or sync takes it away", ails), "%s",
             f->local_why.hint);
        return WILL_NOT_WORK;
    }
    if (installs(f, o) && !login_expired(&f->shared.login, f->now)) {
        hint(add(o, NOTE_PULLS, "%s: the run pulls the store's first", ails), "credrelay pull");
        return WILL_WORK;
    }
    if (!installs(f, o) && renews(f)) {
        add(o, NOTE_RENEWS, "%s: %s renews it in the run", ails, f->relay->tool->product);
        return WILL_WORK;
    }
    note_no_login(f, o);
    return WILL_NOT_WORK;
}

static void note_deadline(const struct facts *f, struct outlook *o)
{
    const struct login_facts *used = installs(f, o) ? &f->shared.login : &f->local;
    int64_t left = used->deadline - f->now;
    char span[64];
    if (used->state != LOGIN_USABLE || !used->deadline || left >= DEADLINE_NEAR_MS)
        return;
    clock_duration(left, span, sizeof span);
    if (left > 0)
        hint_log_in(f, add(o, NOTE_DEADLINE, "a person must log in again within %s", span));
    else
        hint_log_in(f, add(o, NOTE_DEADLINE,
                           "a person must log in again: the login has reached its time limit"));
}

/* ---- what a sync would do ---- */

static void note_idle(const struct facts *f, struct outlook *o)
{
    enum reason why = o->decision.reason;
    if (why == WHY_SAME)
        return;
    struct note *n = add(o, why == WHY_READER_KEEPS ? NOTE_KEPT : NOTE_STORE, "%s",
                         reason_text(o->decision.reason));
    if (why == WHY_READER_KEEPS)
        hint(n, "credrelay pull --force takes the store's; one for all machines: log in on a "
                "writer");
    else
        hint_publish(f, n);
}

static void note_sync(const struct facts *f, struct outlook *o)
{
    if (f->answer == NO_ANSWER) {
        hint(add(o, NOTE_STORE, "%s", f->store_why.text), "%s", f->store_why.hint);
        return;
    }
    if (f->answer == NOT_ASKED || o->prospect == WILL_NOT_WORK)
        return;
    switch (o->decision.action) {
    case DO_PUBLISH:
        hint(add(o, NOTE_UNPUBLISHED, "not in the store: %s", reason_text(o->decision.reason)),
             "credrelay publish");
        break;
    case DO_INSTALL_SHARED:
        if (works_here(f))
            hint(add(o, NOTE_BEHIND, "%s", reason_text(o->decision.reason)), "credrelay pull");
        break;
    case DO_NOTHING: note_idle(f, o); break;
    default: break;
    }
}

static void note_incident(const struct facts *f, struct outlook *o)
{
    const struct incident *i = &f->incident;
    char span[64];
    if (!i->open)
        return;
    clock_duration(f->now - i->since, span, sizeof span);
    hint(add(o, NOTE_INCIDENT, "wrong since %s: %s", span, i->why.text), "%s", i->why.hint);
}

static void note_watcher(const struct facts *f, struct outlook *o)
{
    const struct watcher *w = &f->watcher;
    if (w->running && w->ails.code != ERR_NONE)
        hint(add(o, NOTE_WATCHER, "the watcher cannot do its duty: %s", w->ails.text), "%s",
             w->ails.hint);
    if (w->running)
        return;
    struct note *n =
        add(o, NOTE_WATCHER, "no watcher is running: %s",
            f->relay->role == ROLE_WRITER
                ? "what changes here is not published, what changes elsewhere not pulled"
                : "what changes elsewhere is pulled only when a run needs it");
    hint(n, "%s", watch_start_command(!f->no_manager));
}

/* ---- together ---- */

void outlook(const struct facts *f, struct outlook *ret)
{
    struct outlook o = {.prospect = WILL_WORK};
    if (f->answer == ANSWERED)
        o.decision = ask(f);
    if (f->overriding) {
        o.prospect = CANNOT_TELL;
        note_override(f, &o);
    } else if (!works_here(f)) {
        o.prospect = look_for_help(f, &o);
    }
    note_deadline(f, &o);
    note_sync(f, &o);
    note_incident(f, &o);
    note_watcher(f, &o);
    *ret = o;
}

enum standing store_standing(const struct facts *f, const struct outlook *o)
{
    if (f->answer != ANSWERED || f->shared.login.state != LOGIN_USABLE ||
        f->local.state != LOGIN_USABLE)
        return STANDS_UNKNOWN;
    if (login_same(&f->local, &f->shared.login))
        return STANDS_SAME;
    switch (o->decision.reason) {
    case WHY_SUCCESSOR:
    case WHY_LATER:
    case WHY_READER_KEEPS: return STANDS_OLDER;
    case WHY_STORE_LATER:
    case WHY_SUPERSEDED:
    case WHY_EXPIRED:
    case WHY_LOCAL_REJECTED:
    case WHY_OLDER_BUT_LIVE: return STANDS_NEWER;
    default: return STANDS_UNKNOWN;
    }
}

const char *who_renews(const struct facts *f)
{
    const struct relay *r = f->relay;
    bool token = f->local.state == LOGIN_USABLE && f->local.renewable;
    bool others = f->answer == ANSWERED && f->shared.login.state == LOGIN_USABLE &&
                  !login_same(&f->local, &f->shared.login);
    if (r->role == ROLE_WRITER && !r->plain && token && !others)
        return r->machine;
    return f->holder[0] ? f->holder : NULL;
}

int outlook_exit_status(const struct outlook *o)
{
    if (o->prospect == WILL_NOT_WORK)
        return 1;
    return o->count > 0 ? 2 : 0;
}
