/* What the client uses: what goes before its login, and the login. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "doctor/check.h"
#include "doctor/outlook.h"
#include "relay/state.h"
#include "run/recover.h"
#include "tool/override.h"

/* ---- what goes before it ---- */

static bool note_override(void *ctx, const struct override *o)
{
    struct visit *v = ctx;
    char name[SHELL_PATH_SIZE];
    if (!o->used) {
        note(v, FOUND_FINE, o->name, "not set");
    } else if (!o->where[0]) {
        note_hint(note(v, FOUND_WARNING, o->name, "set in this environment"), "unset %s", o->name);
    } else {
        struct finding *f =
            note(v, FOUND_WARNING, o->name, "set in %s", shell_path(o->where, name));
        note_hint(f, "take %s out of %s", o->name, name);
    }
    return true;
}

void look_overrides(struct visit *v)
{
    tool_overrides(v->relay->tool, note_override, v);
}

/* ---- the login ---- */

/* The memory of what the server refused; without it, nothing was. */
static bool was_refused(const struct relay *r, const struct login_facts *l)
{
    char path[LIMIT_PATH];
    struct memory memory = {.rejected_count = 0};
    struct err ignored;
    if (relay_state_path(r, ".json", path, &ignored))
        state_peek(path, clock_wall_ms(), &memory);
    return memory_rejects(&memory, l->fingerprint);
}

static void note_usable(struct visit *v, const struct login_facts *l)
{
    char span[64];
    int64_t left = l->expires_at - clock_wall_ms();
    clock_duration(left > 0 ? left : -left, span, sizeof span);
    if (was_refused(v->relay, l))
        note_hint(note(v, FOUND_BROKEN, "login", "%.*s, and the server refused it",
                       FINGERPRINT_SHOWN, l->fingerprint),
                  "credrelay pull");
    else if (!l->expires_at)
        note(v, FOUND_FINE, "login", "%.*s, usable", FINGERPRINT_SHOWN, l->fingerprint);
    else if (left > 0)
        note(v, FOUND_FINE, "login", "%.*s, usable, expires in %s", FINGERPRINT_SHOWN,
             l->fingerprint, span);
    else
        note_hint(note(v, FOUND_WARNING, "login", "%.*s, expired %s ago", FINGERPRINT_SHOWN,
                       l->fingerprint, span),
                  "credrelay sync");
}

static void note_deadline(struct visit *v, const struct login_facts *l)
{
    char span[64];
    int64_t left = l->deadline - clock_wall_ms();
    if (!l->deadline)
        return;
    clock_duration(left, span, sizeof span);
    enum found found = left <= 0                 ? FOUND_BROKEN
                       : left < DEADLINE_NEAR_MS ? FOUND_WARNING
                                                 : FOUND_FINE;
    struct finding *f = left > 0
                            ? note(v, found, "deadline", "a person must log in again in %s", span)
                            : note(v, found, "deadline", "the login has reached its time limit");
    if (found == FOUND_FINE)
        return;
    snprintf(f->matters, sizeof f->matters,
             "from then on no machine can renew it, and every run fails until a person has");
    how_to_log_in(v->relay, f->hint, sizeof f->hint);
}

void look_login(struct visit *v)
{
    struct login_facts l;
    struct err why = {.code = ERR_NONE};
    const struct login_source source = relay_login_source(v->relay);
    if (!login_source_look(&source, &l, &why) || l.state != LOGIN_USABLE) {
        note_err(v, FOUND_BROKEN, "login", &why);
        return;
    }
    note_usable(v, &l);
    note_deadline(v, &l);
}

/* Where the login really is.  Whoever can write there can put another in its place. */
static bool look_login_folder(struct visit *v)
{
    char folder[LIMIT_PATH], name[SHELL_PATH_SIZE];
    struct stat st;
    struct err why;
    if (!file_real(v->relay->login_path, folder, &why)) {
        note_err(v, FOUND_BROKEN, "login file", &why);
        return false;
    }
    *strrchr(folder, '/') = '\0';
    if (stat(folder, &st) != 0 || !(st.st_mode & (S_IWGRP | S_IWOTH)))
        return true;
    note_hint(note(v, FOUND_BROKEN, "login file",
                   "others can write in %s (mode %04o), where the login is",
                   shell_path(folder, name), (unsigned)st.st_mode & 07777),
              "chmod go-w %s", name);
    return false;
}

void look_login_file(struct visit *v)
{
    char name[SHELL_PATH_SIZE];
    struct stat st;
    if (stat(v->relay->login_path, &st) != 0)
        return; /* which has been told */
    unsigned mode = (unsigned)st.st_mode & 07777;
    shell_path(v->relay->login_path, name);
    if (st.st_uid != geteuid())
        note_hint(note(v, FOUND_WARNING, "login file", "%s belongs to user %u", name,
                       (unsigned)st.st_uid),
                  "run this as the user who owns it");
    else if (mode & 077)
        note_hint(note(v, FOUND_BROKEN, "login file", "others can open %s (mode %04o)", name, mode),
                  "chmod 600 %s", name);
    else if (look_login_folder(v))
        note(v, FOUND_FINE, "login file", "%s (mode %04o)", name, mode);
}

/* What is in the Keychain, whatever is in the file. */
void look_keychain(struct visit *v)
{
    const struct login_source source = relay_login_source(v->relay);
    struct login_source item = source;
    struct login_facts l = {.state = LOGIN_UNREADABLE, .flaw = ""}; /* out of memory, it stays so */
    struct err why = {.code = ERR_NONE};
    item.place = LOGIN_KEYCHAIN;
    if (!login_source_is_polled(&source))
        note(v, FOUND_FINE, "keychain", "not used: the login is in the client's file");
    else if (login_source_look(&item, &l, &why) && l.state == LOGIN_USABLE)
        note(v, FOUND_FINE, "keychain", "it has the login");
    else if (l.state == LOGIN_ABSENT && source.place == LOGIN_AUTO)
        note(v, FOUND_FINE, "keychain", "it has no login: the client's file is used");
    else
        note_err(v, FOUND_BROKEN, "keychain", &why);
}
