/* credrelay invite: what a new machine needs, in one line.
 *
 * The line is sealed with a passphrase that is shown once, on the terminal and never on standard
 * output.  Into a pipe it goes open: whoever pipes it has chosen who reads it (`| ssh new-host
 * credrelay join`), and a passphrase could not be asked for at the other end, which has no terminal.
 * That is said on standard error; --seal and --no-seal say it the other way. */
#include "provision/inviting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/terminal.h"
#include "cmd/cmd.h"
#include "provision/passphrase.h"

#define DEFAULT_LIFETIME "24h"

static bool read_role(const char *word, enum role *ret, struct err *e)
{
    for (enum role role = ROLE_READER; role <= ROLE_WRITER; role++)
        if (strcmp(word, role_name(role)) == 0) {
            *ret = role;
            return true;
        }
    err_set(e, ERR_USAGE, "'%.64s' is no role", word);
    return err_hint(e, "credrelay invite reader, or credrelay invite writer");
}

static bool read_options(const struct options *o, int64_t *ret_lifetime, struct err *e)
{
    if (o->seal && o->no_seal)
        return err_set(e, ERR_USAGE, "--seal and --no-seal exclude each other");
    const char *text = o->expires ? o->expires : DEFAULT_LIFETIME;
    if (parse_duration(text, ret_lifetime) && *ret_lifetime >= INVITATION_SHORTEST_MS &&
        *ret_lifetime <= INVITATION_LONGEST_MS)
        return true;
    err_set(e, ERR_USAGE, "--expires %.64s is not a time from 1 minute to 30 days", text);
    return err_hint(e, "for instance --expires 2h");
}

static bool is_pipe(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/* ---- telling ---- */

static void tell_pipe(const struct invitation *i)
{
    fprintf(stderr,
            "credrelay: not sealed, since it goes into a pipe: who reads it has the key\n"
            "  to paste it somewhere: credrelay invite %s --seal\n",
            section_value(&i->section, SECTION_ROLE));
}

static void tell_passphrase(const struct terminal *t, const struct secret *passphrase,
                            const char *lifetime)
{
    char text[256];
    terminal_say(t, "\npassphrase: ");
    terminal_say(t, secret_reveal(passphrase, NULL));
    snprintf(text, sizeof text,
             "   (%d bits; it is not shown again)\n"
             "On the new machine, within %s: credrelay join\n",
             PASSPHRASE_BITS, lifetime);
    terminal_say(t, text);
}

static jv *keys_value(const struct invitation *i)
{
    jv *keys = jv_array();
    for (size_t k = 0; k < i->key_count; k++) {
        jv *key = jv_object();
        jv_put_text(key, "profile", i->keys[k].profile);
        jv_put_text(key, "key_id", i->keys[k].id);
        jv_push(keys, key);
    }
    return keys;
}

static bool json_line(const struct relay *r, const struct invitation *i, const char *line,
                      bool sealed, struct buf *out)
{
    jv *v = jv_object();
    jv_put_bool(v, "ok", true);
    jv_put_text(v, "command", "invite");
    jv_put_text(v, "relay", r->name);
    jv_put_text(v, "role", section_value(&i->section, SECTION_ROLE));
    jv_put_text(v, "store", section_value(&i->section, SECTION_STORE));
    jv_put_bool(v, "sealed", sealed);
    jv_put_int(v, "expires_at", i->expires_at);
    jv_put(v, "keys", keys_value(i));
    jv_put_text(v, "invitation", line);
    bool ok = jv_write(v, out);
    jv_free(v);
    return ok;
}

/* Not through stdio, whose buffer nobody wipes. */
static bool put(const char *text, size_t len, struct err *e)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, errno, "the invitation could not be written");
        text += n;
        len -= (size_t)n;
    }
    return true;
}

/* ---- the command ---- */

/* Somebody must see the passphrase, and a file of messages is nobody. */
static bool no_terminal(const char *role, struct err *e)
{
    err_set(e, ERR_USAGE, "there is no terminal to show the passphrase on");
    return err_hint(e, "where nobody else can read it: credrelay invite %s --no-seal", role);
}

static bool show(const struct options *o, const struct relay *r, const struct invitation *i,
                 const struct secret *passphrase, struct err *e)
{
    struct buf line, json;
    buf_init(&line, LIMIT_INVITATION);
    buf_init(&json, 2 * LIMIT_INVITATION);
    bool ok = invitation_write(i, passphrase, &line, e);
    struct buf *out = o->json ? &json : &line;
    if (ok && ((o->json && !json_line(r, i, buf_str(&line), passphrase != NULL, &json)) ||
               !buf_text(out, "\n")))
        ok = buf_error(out, "the invitation", e);
    ok = ok && put(out->data, out->len, e);
    buf_free(&line);
    buf_free(&json);
    return ok;
}

static bool invite_sealed(const struct options *o, const struct relay *r,
                          const struct invitation *i, struct err *e)
{
    struct terminal t;
    char lifetime[64];
    if (!terminal_open(&t))
        return no_terminal(section_value(&i->section, SECTION_ROLE), e);
    struct secret *passphrase = passphrase_make();
    clock_duration(i->expires_at - i->made_at, lifetime, sizeof lifetime);
    bool ok = (passphrase || err_no_memory(e)) && show(o, r, i, passphrase, e);
    if (ok)
        tell_passphrase(&t, passphrase, lifetime);
    secret_free(passphrase);
    terminal_close(&t);
    return ok;
}

static bool invite(const struct options *o, const struct relay *r, enum role role, int64_t lifetime,
                   struct err *e)
{
    struct invitation i;
    if (!invitation_make(r, role, clock_wall_ms(), lifetime, &i, e))
        return false;
    bool pipe = is_pipe(STDOUT_FILENO), open = o->no_seal || (pipe && !o->seal);
    bool ok = open ? show(o, r, &i, NULL, e) : invite_sealed(o, r, &i, e);
    if (ok && open && !o->no_seal && !o->quiet && i.key_count)
        tell_pipe(&i);
    invitation_free(&i);
    return ok;
}

static int run(const struct options *o, int argc, char **argv)
{
    struct relay r;
    struct err e;
    enum role role = ROLE_READER;
    int64_t lifetime = 0;
    (void)argc;
    if (!read_role(argv[0], &role, &e) || !read_options(o, &lifetime, &e) ||
        !relay_load(o->relay, &r, &e))
        return tell_failure("invite", o, &e);
    bool ok = invite(o, &r, role, lifetime, &e);
    relay_free(&r);
    return ok ? 0 : tell_failure("invite", o, &e);
}

const struct command cmd_invite = {
    .name = "invite",
    .arguments = "reader|writer",
    .summary = "print a line that makes another machine one of the fleet",
    .about =
        "Prints one line with the store, the role and that role's AWS key, sealed with a "
        "passphrase that is\n"
        "shown once.  On the new machine: `credrelay join`, and paste it.  Into a pipe it goes "
        "unsealed:\n"
        "`credrelay invite reader | ssh new-host credrelay join` sets a machine up completely.\n"
        "A reader can invite readers only.",
    .options =
        TAKES(RELAY) | TAKES(EXPIRES) | TAKES(SEAL) | TAKES(NO_SEAL) | TAKES(JSON) | TAKES(QUIET),
    .least = 1,
    .most = 1,
    .run = run,
};
