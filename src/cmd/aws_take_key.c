/* credrelay aws take-key: the other end of rotate-key --ssh.
 *
 * The key comes from standard input, never from the command line.  It is tried before it is written,
 * so that a profile that works is not made worse. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/aws.h"
#include "cmd/show.h"
#include "provision/key_letter.h"
#include "relay/events.h"

/* Not another account's: the key that is there now tells whose it must be, when it still works. */
static bool belongs_here(const struct aws_admin *a, const struct aws_key *key, struct err *e)
{
    struct aws_identity now, new;
    struct err ignored;
    if (!aws_admin_identity(a, key, &new, e) || !aws_admin_probe(a, key, e))
        return false;
    if (!aws_admin_identity(a, NULL, &now, &ignored) || strcmp(now.arn, new.arn) == 0)
        return true;
    err_set(e, ERR_CONFLICT, "the key that came is %s's, and profile %s is %s's", new.arn,
            a->profile, now.arn);
    return err_hint(e, "to join that fleet: credrelay invite there, credrelay join here");
}

static bool take(const struct aws_place *p, enum role role, const struct aws_key *key,
                 struct err *e)
{
    const char *profile = p->profile[role];
    const struct aws_profile_keys keys = {
        .profile = profile, .key_id = key->id, .secret = key->secret};
    struct aws_profile there;
    struct aws_admin a;
    if (!aws_profile_read(profile, &there, e))
        return err_hint(e,
                        "to make this machine one of the fleet: credrelay invite %s on another, "
                        "credrelay join here",
                        role_name(role));
    bool ok = aws_admin_open(p, profile, &a, e) && belongs_here(&a, key, e) &&
              aws_profile_write(&keys, there.key_id[0] ? there.key_id : NULL, e);
    aws_profile_free(&there);
    return ok;
}

static bool take_from_input(const struct aws_place *p, enum role *ret_role, struct aws_key *key,
                            struct err *e)
{
    struct buf text;
    buf_init(&text, LIMIT_KEY_LETTER);
    bool ok = file_read_stream(STDIN_FILENO, "what came on standard input", &text, e) &&
              key_letter_read(buf_str(&text), text.len, ret_role, key, e);
    buf_free(&text);
    return ok && take(p, *ret_role, key, e);
}

static void tell(const struct options *o, const char *profile, const char *key_id)
{
    if (!o->json) {
        printf("profile %s has the new key %s\n", profile, key_id);
        return;
    }
    jv *v = jv_object();
    jv_put_bool(v, "ok", true);
    jv_put_text(v, "command", "aws take-key");
    jv_put_text(v, "profile", profile);
    jv_put_text(v, "key", key_id);
    show_line(v);
}

static int run(const struct options *o, int argc, char **argv)
{
    struct aws_subject_of s;
    struct aws_key key = {.secret = NULL};
    struct err e;
    enum role role = ROLE_READER;
    (void)argc;
    (void)argv;
    if (!aws_load(o, &s, &e))
        return tell_failure("aws take-key", o, &e);
    bool ok = take_from_input(&s.place, &role, &key, &e);
    if (ok) {
        const struct key_event taken = {
            .did = "taken", .role = role, .profile = s.place.profile[role], .key = key.id};
        event_key(&s.relay, &taken);
        tell(o, s.place.profile[role], key.id);
    }
    aws_key_free(&key);
    relay_free(&s.relay);
    return ok ? 0 : tell_failure("aws take-key", o, &e);
}

const struct command cmd_aws_take_key = {
    .name = "aws take-key",
    .arguments = "",
    .summary = "take a role's new key from standard input (rotate-key --ssh)",
    .about =
        "Reads a key that `credrelay aws rotate-key --ssh` on another machine gives, tries it, "
        "and writes it\n"
        "into the role's profile here in place of the old one.",
    .options = TAKES(RELAY) | TAKES(JSON),
    .most = 0,
    .run = run,
};
