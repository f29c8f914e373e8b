/* What the store's helper says of itself, and what the store holds. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "doctor/ask.h"
#include "doctor/check.h"

/* Why a row of a helper's matters; those of stores that we do not know go by the check's own. */
static const struct {
    const char *row, *matters;
} reasons[] = {
    {"identity", "the store must know this machine's keys, or nothing can be read"},
    {"profile", "the keys a machine has are what somebody who breaks in has"},
    {"keys_file", "who can read the keys can read the login"},
    {"clock", "requests are refused 5 minutes off, and a login's expiry is told by this clock"},
    {"certificate", "a store that cannot be trusted is not asked at all"},
    {"read", "a login that lapsed here cannot be replaced"},
    {"kms", "the value is there and cannot be deciphered"},
    {"write", "a login renewed on this machine does not reach the others"},
    {"history", "in a doubt it tells an earlier login from a later one"},
    {"private", "who can open the store has the login"},
    {"writable", "a login made here is not kept"},
};

static const char *matters(const struct visit *v, const char *row)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reasons[i].row, row) == 0)
            return reasons[i].matters;
    return v->check->matters;
}

struct asking {
    struct visit *visit;
    bool renewable; /* the second value: what is the same of both is not said twice */
    bool readable;
};

static bool is_one_of(const char *row, const char *const *rows)
{
    while (*rows && strcmp(*rows, row) != 0)
        rows++;
    return *rows != NULL;
}

static const char *const of_one_value[] = {"read", "kms", "write", "history", NULL};

/* With these wrong a value can be read all the same. */
static const char *const beside[] = {"profile", "keys_file", "clock",  "write",
                                     "history", "writable",  "intact", NULL};

static void note_row(void *ctx, const struct store_finding *row)
{
    struct asking *a = ctx;
    char label[96];
    if (a->renewable && !is_one_of(row->name, of_one_value))
        return;
    snprintf(label, sizeof label, "%s %.64s", a->renewable ? ".renewable" : "store", row->name);
    for (char *c = label; (c = strchr(c, '_'));)
        *c = ' ';
    struct finding *f = note(a->visit,
                             !row->ok       ? FOUND_BROKEN
                             : row->warning ? FOUND_WARNING
                                            : FOUND_FINE,
                             label, "%s", row->detail);
    a->readable = a->readable && (row->ok || is_one_of(row->name, beside));
    if (f->found == FOUND_FINE)
        return;
    snprintf(f->matters, sizeof f->matters, "%s", matters(a->visit, row->name));
    note_hint(f, "%s", row->hint);
}

/* The helper's own rows.  True: as far as it can tell the value can be read. */
static bool ask_helper(struct visit *v, const struct store *s, const char *path, bool renewable)
{
    const struct store_call c = ask_call(v->relay, s, path);
    struct asking a = {.visit = v, .renewable = renewable, .readable = true};
    struct err e;
    if (store_check(&c, note_row, &a, &e))
        return a.readable;
    if (e.code == ERR_UNSUPPORTED && renewable)
        return true;
    if (e.code == ERR_UNSUPPORTED) {
        note(v, FOUND_FINE, "store", "its helper does not say what is so with it");
        return true;
    }
    note_err(v, FOUND_BROKEN, "store", &e);
    return false;
}

static const char *publish_hint(const struct relay *r)
{
    return r->role == ROLE_WRITER ? "credrelay publish" : "on a writer: credrelay publish";
}

static void note_value(struct visit *v, const struct asked *a, int64_t took)
{
    char span[64];
    clock_duration(took, span, sizeof span);
    if (!a->version)
        note_hint(note(v, FOUND_WARNING, "store value", "there is none yet"), "%s",
                  publish_hint(v->relay));
    else if (a->login.state != LOGIN_USABLE)
        note_hint(note(v, FOUND_BROKEN, "store value", "version %lld is no login that works (%s)",
                       (long long)a->version, login_state_name(a->login.state)),
                  "%s", publish_hint(v->relay));
    else
        note(v, FOUND_FINE, "store value", "version %lld, %.*s", (long long)a->version,
             FINGERPRINT_SHOWN, a->login.fingerprint);
    if (took < v->relay->preflight_ms)
        note(v, FOUND_FINE, "store latency", "answered in %s", span);
    else
        note_hint(note(v, FOUND_WARNING, "store latency",
                       "answered in %s: a run does not wait that long for a login", span),
                  "raise preflight in credrelay.conf, or find out what is slow on the way");
}

static void ask_value(struct visit *v, const struct store *s)
{
    struct asked a;
    struct err e;
    int64_t began = clock_steady_ms();
    if (ask_shared(v->relay, s, &a, &e))
        note_value(v, &a, clock_steady_ms() - began);
    else
        note_err(v, FOUND_BROKEN, "store value", &e);
}

void look_store(struct visit *v)
{
    const struct relay *r = v->relay;
    struct store s;
    struct err e;
    if (!store_open(r->store_url, r->name, &s, &e)) {
        note_err(v, FOUND_BROKEN, "store", &e);
        return;
    }
    if (!ask_helper(v, &s, s.path, false))
        return;
    ask_value(v, &s);
    if (r->role == ROLE_WRITER && !r->plain) {
        char path[sizeof s.path + 16];
        snprintf(path, sizeof path, "%s.renewable", s.path);
        (void)ask_helper(v, &s, path, true);
    }
}
