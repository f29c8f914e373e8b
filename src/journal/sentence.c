#include "journal/sentence.h"

#include <stdio.h>
#include <string.h>

#include "relay/decide.h"

static bool is(const jv *members, const char *key, const char *word)
{
    const char *text = jv_text(members, key);
    return text && strcmp(text, word) == 0;
}

static const char *or_nothing(const char *text)
{
    return text ? text : "";
}

/* ---- publish, pull, sync ---- */

static const char *verb_of(const jv *members)
{
    static const struct {
        const char *did, *verb;
    } verbs[] = {
        {"nothing", "nothing to do"},
        {"publish", "published it"},
        {"forward", "finished a publication"},
        {"install_shared", "pulled it"},
        {"install_renewable", "pulled it, with its refresh token"},
    };
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (is(members, "did", verbs[i].did))
            return verbs[i].verb;
    return or_nothing(jv_text(members, "did"));
}

/* The reason as half a sentence; one that we do not know as it is. */
static const char *reason_of(const jv *members)
{
    for (int r = 0; r < REASON_COUNT; r++)
        if (is(members, "why", reason_name((enum reason)r)))
            return reason_text((enum reason)r);
    return or_nothing(jv_text(members, "why"));
}

static void say_failure(const jv *members, struct buf *out)
{
    const char *message = jv_text(members, "message");
    buf_printf(out, "failed: %s", message ? message : or_nothing(jv_text(members, "error")));
}

static void say_sync(const jv *members, struct buf *out)
{
    const char *login = jv_text(members, "local"), *warning = jv_text(members, "warning");
    int64_t version = jv_number(members, "version", 0);
    if (!jv_flag(members, "ok")) {
        say_failure(members, out);
        return;
    }
    buf_printf(out, "%s: %s (login %s", verb_of(members), reason_of(members), or_nothing(login));
    if (version)
        buf_printf(out, ", version %lld", (long long)version);
    buf_text(out, ")");
    if (warning)
        buf_printf(out, "; warning: %s", warning);
}

static void say_rollback(const jv *members, struct buf *out)
{
    int64_t restored = jv_number(members, "restored", 0),
            version = jv_number(members, "version", 0);
    const char *to = jv_text(members, "to");
    if (!jv_flag(members, "ok")) {
        say_failure(members, out);
        return;
    }
    buf_printf(out, "put version %lld back as version %lld (login %s%s)", (long long)restored,
               (long long)version, or_nothing(to),
               is(members, "form", "full") ? "" : ", without a refresh token");
}

/* ---- run ---- */

enum { HOPELESS = 78 };

static const char *how_recovered(const jv *members)
{
    return jv_flag(members, "retried") ? "with a fresh login it ran once more"
                                       : "its login was replaced in time";
}

static void say_run(const jv *members, struct buf *out)
{
    int64_t status = jv_number(members, "exit_status", 0);
    const char *message = or_nothing(jv_text(members, "message"));
    if (jv_flag(members, "recovery_succeeded"))
        buf_printf(out, "recovered: %s", how_recovered(members));
    else if (status == HOPELESS && *message)
        buf_printf(out, "not recovered: %s", message);
    else if (is(members, "verdict", "lapsed"))
        buf_printf(out, "auth lapsed; not run again: %s", message);
    else
        buf_printf(out, "a login was looked for, the run ended %s",
                   is(members, "verdict", "fine") ? "well" : "for another reason");
    buf_printf(out, " (exit status %lld)", (long long)status);
}

/* ---- renew ---- */

static void say_renewal(const jv *members, struct buf *out)
{
    const char *holder = jv_text(members, "holder");
    if (!jv_flag(members, "ok")) {
        say_failure(members, out);
        return;
    }
    buf_text(out, "renewed it");
    if (jv_flag(members, "took_over") && holder)
        buf_printf(out, ", taking over from %s", holder);
    buf_printf(out, " (login %s, version %lld)", or_nothing(jv_text(members, "local")),
               (long long)jv_number(members, "version", 0));
}

/* ---- a role's key ---- */

/* TEXT with the member's text in place of each {member}. */
static void say_members(const jv *members, const char *text, struct buf *out)
{
    char name[16];
    for (const char *open; (open = strchr(text, '{')); text = open + 2 + strlen(name)) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(open + 1, "}"), open + 1);
        const char *value = jv_text(members, name);
        buf_printf(out, "%.*s%s", (int)(open - text), text, value ? value : "?");
    }
    buf_text(out, text);
}

static void say_key(const jv *members, struct buf *out)
{
    static const struct {
        const char *did, *text;
    } texts[] = {
        {"made", "made key {key} of user {user}"},
        {"discarded", "deleted key {key} of user {user}, which nobody has"},
        {"written", "wrote key {key} of user {user} into profile {profile}"},
        {"verified", "key {key} of user {user} works from profile {profile}"},
        {"handed_over", "gave the key of user {user} to {host}"},
        {"taken", "took key {key} into profile {profile}"},
        {"deactivated", "deactivated key {key} of user {user}"},
        {"deleted", "deleted key {key} of user {user}"},
    };
    if (!jv_flag(members, "ok")) {
        say_failure(members, out);
        return;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (is(members, "did", texts[i].did))
            say_members(members, texts[i].text, out);
}

/* ---- the watcher, and who was told ---- */

static void say_watch(const jv *members, struct buf *out)
{
    static const struct {
        const char *did, *text;
    } texts[] = {
        {"start", "watched from now on"},
        {"reload", "watched on, with the configuration read anew"},
        {"stop", "not watched any more"},
        {"change", "the login here is another one"},
        {"failing", "cannot be kept in step"},
        {"recovered", "in step again"},
        {"blind", "the system does not tell of changes"},
    };
    const char *did = jv_text(members, "did"), *local = jv_text(members, "local"),
               *message = jv_text(members, "message");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (is(members, "did", texts[i].did))
            did = texts[i].text;
    buf_text(out, or_nothing(did));
    if (local)
        buf_printf(out, " (%s)", local);
    if (message)
        buf_printf(out, ": %s", message);
}

static void say_incident(const jv *members, struct buf *out)
{
    buf_printf(out, "%s: %s", jv_flag(members, "open") ? "something is wrong" : "it is over",
               or_nothing(jv_text(members, "message")));
}

static void say_alert(const jv *members, struct buf *out)
{
    const char *channel = or_nothing(jv_text(members, "channel")),
               *kind = or_nothing(jv_text(members, "kind"));
    if (jv_flag(members, "ok"))
        buf_printf(out, "told by %s (%s)", channel, kind);
    else
        buf_printf(out, "could not tell by %s (%s): %s", channel, kind,
                   or_nothing(jv_text(members, "message")));
}

/* ---- any other ---- */

static bool say_member(void *ctx, const char *key, const jv *value)
{
    static const char *const shown_already[] = {"v", "ts", "event", "relay", "machine"};
    struct buf *out = ctx;
    for (size_t i = 0; i < sizeof shown_already / sizeof shown_already[0]; i++)
        if (strcmp(key, shown_already[i]) == 0)
            return true;
    buf_printf(out, "%s%s ", out->len ? ", " : "", key);
    if (jv_string(value))
        return buf_text(out, jv_string(value));
    return jv_write(value, out);
}

static void say_any(const jv *members, struct buf *out)
{
    struct buf list;
    const char *message = jv_text(members, "message");
    if (message) {
        buf_printf(out, "%s%s", jv_get(members, "ok") && !jv_flag(members, "ok") ? "failed: " : "",
                   message);
        return;
    }
    buf_init(&list, LIMIT_EVENT);
    jv_each(members, say_member, &list);
    buf_text(out, buf_str(&list));
    buf_free(&list);
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    void (*say)(const jv *members, struct buf *out);
} sentences[] = {
    {"publish", say_sync},  {"pull", say_sync},   {"sync", say_sync},    {"rollback", say_rollback},
    {"run", say_run},       {"watch", say_watch}, {"alert", say_alert},  {"incident", say_incident},
    {"renew", say_renewal}, {"key", say_key},     {"deadline", say_any},
};
enum { SENTENCES = sizeof sentences / sizeof sentences[0] };

const char *journal_event_name(size_t i)
{
    return i < SENTENCES ? sentences[i].name : NULL;
}

void journal_sentence(const struct journal_event *ev, struct buf *out)
{
    size_t before = out->len;
    for (size_t i = 0; i < SENTENCES; i++)
        if (strcmp(sentences[i].name, ev->name) == 0) {
            sentences[i].say(ev->members, out);
            break;
        }
    if (out->len == before)
        say_any(ev->members, out);
    buf_make_printable(out, before);
}
