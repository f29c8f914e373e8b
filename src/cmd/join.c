/* credrelay join: become one of a fleet by an invitation.
 *
 * The line comes from standard input or, where that is the terminal, from the person there; never
 * from the command line, which every user of the machine can read.  Nothing is written before all of
 * it is known to be good and nothing is in its way; what is written comes in an order in which doing
 * it again finishes it (provision/setup.h). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/terminal.h"
#include "cmd/set_up.h"
#include "provision/passphrase.h"

enum { TRIES = 3 };

/* ---- the line ---- */

static bool read_line(struct buf *text, struct err *e)
{
    struct terminal t;
    bool ok;
    if (!isatty(STDIN_FILENO)) {
        ok = file_read_stream(STDIN_FILENO, "the invitation", text, e);
    } else if (terminal_open(&t)) {
        terminal_say(&t, "Paste the invitation (it is not shown) and press Enter: ");
        ok = terminal_read(&t, TERMINAL_HIDDEN, text, e);
        terminal_close(&t);
    } else {
        ok = err_set(e, ERR_USAGE, "there is nothing to read the invitation from");
    }
    if (!ok)
        return false;
    if (text->len > 0)
        text->len = invitation_trim(text->data, text->len);
    if (text->len > 0)
        return true;
    err_set(e, ERR_INVALID, "there is no invitation on standard input");
    return err_hint(e, "credrelay invite reader --no-seal | ssh THIS-MACHINE credrelay join");
}

/* ---- the passphrase ---- */

static bool no_terminal(struct err *e)
{
    err_set(e, ERR_USAGE,
            "the invitation is sealed, and there is no terminal to ask for the "
            "passphrase on");
    return err_hint(e, "ssh -t, or --passphrase-file FILE, or send one that is not sealed: "
                       "credrelay invite reader --no-seal");
}

static bool open_with(const struct invitation_line *l, const struct buf *typed,
                      struct invitation *ret, struct err *e)
{
    struct secret *passphrase = passphrase_typed(buf_str(typed), typed->len);
    bool ok =
        passphrase ? invitation_open(l, passphrase, clock_wall_ms(), ret, e) : err_no_memory(e);
    secret_free(passphrase);
    return ok;
}

static bool open_by_file(const struct invitation_line *l, const char *path, struct invitation *ret,
                         struct err *e)
{
    struct buf text;
    buf_init(&text, LIMIT_PASSPHRASE);
    bool ok = file_read(path, &text, e) && open_with(l, &text, ret, e);
    buf_free(&text);
    return ok;
}

static bool open_by_person(const struct invitation_line *l, struct invitation *ret, struct err *e)
{
    struct terminal t;
    struct buf text;
    bool ok = false, again = true;
    if (!terminal_open(&t))
        return no_terminal(e);
    buf_init(&text, LIMIT_PASSPHRASE);
    for (int tries = 1; again; tries++) {
        buf_clear(&text);
        terminal_say(&t, tries == 1 ? "Passphrase: " : "That is not it. Passphrase: ");
        ok = terminal_read(&t, TERMINAL_HIDDEN, &text, e);
        again = ok && !(ok = open_with(l, &text, ret, e)) && e->code == ERR_BAD_CREDENTIALS &&
                tries < TRIES;
    }
    buf_free(&text);
    terminal_close(&t);
    return ok;
}

static bool read_invitation(const struct options *o, struct invitation *ret, struct err *e)
{
    struct invitation_line l;
    struct buf text;
    buf_init(&text, LIMIT_INVITATION);
    bool ok = read_line(&text, e) && invitation_look(buf_str(&text), text.len, &l, e);
    if (ok)
        ok = !l.sealed            ? invitation_open(&l, NULL, clock_wall_ms(), ret, e)
             : o->passphrase_file ? open_by_file(&l, o->passphrase_file, ret, e)
                                  : open_by_person(&l, ret, e);
    buf_free(&text);
    return ok;
}

/* ---- joining ---- */

static void tell_invitation(struct steps *s, const struct invitation *i)
{
    const char *role = section_value(&i->section, SECTION_ROLE);
    const char *store = section_value(&i->section, SECTION_STORE);
    steps_tell(s, "invitation", STEP_THERE, "relay %s of %s, as a %s; from %s", i->section.name,
               store, role, i->by);
    jv_put_text(s->value, "relay", i->section.name);
    jv_put_text(s->value, "role", role);
    jv_put_text(s->value, "store", store);
    jv_put_text(s->value, "invited_by", i->by);
}

static bool look(const struct options *o, const struct invitation *i, struct setup *ret,
                 struct err *e)
{
    if (!setup_look(&i->section, i->keys, i->key_count, ret, e))
        return false;
    if (o->replace || !setup_in_the_way(ret, e))
        return true;
    return err_hint(e, "if that is to go: credrelay join --replace");
}

static void join(struct steps *s, const struct invitation *i)
{
    struct setup setup;
    struct err e;
    if (!look(s->o, i, &setup, &e)) {
        steps_fail(s, "files", &e);
        return;
    }
    tell_invitation(s, i);
    if (!set_up_files(s, &setup))
        return;
    set_up_login(s, i->section.name, INTENT_PULL);
    if (!s->o->no_service)
        set_up_service(s);
    set_up_check(s, i->section.name);
}

static int run(const struct options *o, int argc, char **argv)
{
    struct invitation i = {.made_at = 0};
    struct steps s;
    struct err e;
    (void)argv;
    if (argc > 0) {
        err_set(&e, ERR_USAGE,
                "an invitation is not taken from the command line, where every user "
                "of this machine can read it");
        err_hint(&e, "run credrelay join, then paste it");
        return tell_failure("join", o, &e);
    }
    if (!read_invitation(o, &i, &e))
        return tell_failure("join", o, &e);
    steps_begin(&s, "join", o);
    join(&s, &i);
    invitation_free(&i);
    return steps_end(&s);
}

const struct command cmd_join = {
    .name = "join",
    .arguments = "",
    .summary = "make this machine one of a fleet, by an invitation",
    .about =
        "Reads the line that `credrelay invite` printed on another machine, from standard input or "
        "the\n"
        "terminal, and asks for its passphrase.  Writes the configuration and the AWS keys, pulls "
        "the login,\n"
        "installs the watcher as a service and runs doctor.  Joining again changes nothing.",
    .options =
        TAKES(PASSPHRASE_FILE) | TAKES(REPLACE) | TAKES(NO_SERVICE) | TAKES(JSON) | TAKES(DRY_RUN),
    .most = 1,
    .run = run,
};
