/* credrelay aws rotate-key: a role's key replaced, here and on the machines that share it. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/ascii.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/shell_word.h"
#include "cmd/aws.h"
#include "cmd/show.h"
#include "provision/key_letter.h"
#include "provision/rotate.h"
#include "run/program.h"

/* Connecting, somebody typing a passphrase, and a new key becoming known there. */
enum { SSH_WITHIN_MS = 300000 };

/* A role, and machines; more at once are a loop in a shell. */
enum { MOST_ARGUMENTS = 65 };

struct telling {
    const struct options *o;
    const struct aws_subject_of *subject;
    enum role role;
    /* What commands that we print must say again: " -r NAME", the same and " --admin-profile NAME". */
    char relay[RELAY_NAME_SIZE + 8], options[SHELL_WORD_SIZE + RELAY_NAME_SIZE + 32];
    char *const *hosts;
    size_t host_count;
    jv *steps, *failed;
};

static const char *const texts[] = {
    [ROTATE_MADE] = "made key %s",
    [ROTATE_DISCARDED] =
        ("deleted key %s, which a rotation that was interrupted had made and nobody "
         "has"),
    [ROTATE_ACCEPTED] = "key %s is accepted by STS and by Parameter Store",
    [ROTATE_WRITTEN] = "wrote key %s into the profile",
    [ROTATE_VERIFIED] = "key %s works from the profile",
    [ROTATE_HANDED_OVER] = "%s has the new key",
    [ROTATE_DEACTIVATED] = "deactivated the old key %s",
    [ROTATE_DELETED] = "deleted the old key %s",
};
_Static_assert(sizeof texts / sizeof texts[0] == ROTATE_EVENT_COUNT, "one text for each event");

/* ---- telling ---- */

static void told(void *ctx, enum rotate_event event, const char *key)
{
    struct telling *t = ctx;
    jv *step = jv_object();
    jv_put_text(step, "did", rotate_event_name(event));
    jv_put_text(step, event == ROTATE_HANDED_OVER ? "host" : "key", key);
    jv_push(t->steps, step);
    if (t->o->json)
        return;
    const char *text = texts[event], *at = strstr(text, "%s");
    printf("%.*s%s%s\n", (int)(at - text), text, key, at + 2);
    fflush(stdout);
}

/* The others are still to come, so the reason is told here; what it means for the old key at the end. */
static void told_failed(const struct telling *t, const char *host, const struct err *why)
{
    jv *v = jv_object();
    jv_put_text(v, "host", host);
    jv_put_text(v, "error", err_name(why->code));
    jv_put_text(v, "message", why->text);
    jv_put_text(v, "hint", why->hint);
    jv_push(t->failed, v);
    if (!t->o->json)
        tell_failure("aws rotate-key", t->o, why);
}

static void note_options(struct telling *t)
{
    const char *relay = t->o->relay, *admin = t->o->admin_profile;
    snprintf(t->relay, sizeof t->relay, "%s%s", relay ? " -r " : "", relay ? relay : "");
    snprintf(t->options, sizeof t->options, "%s%s%s", t->relay, admin ? " --admin-profile " : "",
             admin ? AS_WORD(admin) : "");
}

/* Hosts that the key was to be given to and that did not take it. */
static void tell_awaited(const struct telling *t, const struct rotate_report *r)
{
    const char *role = role_name(t->role);
    bool one = !strchr(r->awaited, ' ');
    printf("%s %s not have the new key yet, so the old one, %s, stays.\n"
           "  give it to %s: credrelay aws rotate-key %s%s --ssh %s\n"
           "  when %s to be left out: credrelay aws rotate-key %s%s --finish --grace 0\n",
           r->awaited, one ? "does" : "do", r->old_id, one ? "it" : "them", role, t->options,
           r->awaited, one ? "it is" : "they are", role, t->options);
}

/* How the machines that share the role's key come by the new one. */
static void tell_others(const struct telling *t, const struct rotate_report *r)
{
    const char *role = role_name(t->role);
    char until[32];
    clock_rfc3339(r->until, until, sizeof until);
    printf("the old key %s goes on working until %s, for other machines that have it.\n"
           "  each of them gets the new one by: credrelay aws rotate-key %s%s --ssh HOST\n"
           "  without ssh: credrelay invite %s%s, and there: credrelay join --replace\n"
           "  when all have it: credrelay aws rotate-key %s%s --finish --grace 0\n",
           r->old_id, until, role, t->options, role, t->relay, role, t->options);
}

static void tell_end(const struct telling *t, const struct rotate_report *r)
{
    const char *role = role_name(t->role);
    switch (r->stands.step) {
    case ROTATION_WAIT: (r->awaited[0] ? tell_awaited : tell_others)(t, r); break;
    case ROTATION_KEPT:
        printf("the old key %s is kept, inactive, in case it was in use somewhere.\n"
               "  a machine that still has it gets the new one by: credrelay aws rotate-key %s%s "
               "--ssh HOST\n"
               "  delete it: credrelay aws rotate-key %s%s --finish\n",
               r->old_id, role, t->options, role, t->options);
        break;
    case ROTATION_DONE: printf("nothing to finish: user %s has one key\n", r->user); break;
    default: break;
    }
}

/* What would be done, from where it stands. */
static void tell_plan(const struct telling *t, const struct rotate_report *r)
{
    const struct aws_place *p = &t->subject->place;
    const char *profile = p->profile[t->role];
    switch (r->stands.step) {
    case ROTATION_MAKE:
        printf("would make a new key of user %s, wait until STS and Parameter Store accept it, "
               "write it\n"
               "into profile %s and use it from there; then deactivate the old key %s\n",
               r->user, profile, r->about);
        break;
    case ROTATION_DISCARD:
    case ROTATION_FORGET:
    case ROTATION_LOOK_AGAIN:
        printf("would tidy up after a rotation that was interrupted, then begin a new one\n");
        break;
    case ROTATION_INSTALL:
    case ROTATION_VERIFY:
        printf("would go on with key %s: wait until it is accepted, and write it into profile %s\n",
               r->new_id, profile);
        break;
    case ROTATION_DEACTIVATE: printf("would deactivate the old key %s\n", r->old_id); break;
    case ROTATION_DELETE: printf("would delete the old key %s\n", r->about); break;
    default: tell_end(t, r); break;
    }
    for (size_t i = 0; i < t->host_count; i++)
        printf("would give the key to %s over ssh, before the old one is touched\n", t->hosts[i]);
}

static jv *as_list(const char *words)
{
    char copy[ROTATION_AWAITED_SIZE], *rest = copy;
    jv *list = jv_array();
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word; (word = strtok_r(rest, " ", &rest));)
        jv_push(list, jv_new_text(word));
    return list;
}

static int end(const struct telling *t, const struct rotate_report *r, const struct err *e)
{
    jv *v = jv_object();
    int status = e ? err_exit_status(e->code) : 0;
    jv_put_bool(v, "ok", !e);
    jv_put_text(v, "command", "aws rotate-key");
    jv_put_bool(v, "dry_run", t->o->dry_run);
    jv_put_text(v, "role", role_name(t->role));
    jv_put_text(v, "profile", t->subject->place.profile[t->role]);
    jv_put_text(v, "user", r->user);
    jv_put_text(v, "account", r->account);
    jv_put_text(v, "old_key", r->old_id[0] ? r->old_id : NULL);
    jv_put_text(v, "new_key", r->new_id[0] ? r->new_id : NULL);
    jv_put(v, "steps", t->steps);
    jv_put(v, "failed", t->failed);
    jv_put(v, "awaited", as_list(r->awaited));
    jv_put_text(v, "next", rotation_step_name(r->stands.step));
    jv_put_text(v, "why", rotation_reason_name(r->stands.reason));
    if (r->until)
        jv_put_int(v, "until", r->until);
    if (e) {
        jv_put_text(v, "error", err_name(e->code));
        jv_put_text(v, "message", e->text);
        jv_put_text(v, "hint", e->hint);
    }
    jv_put_int(v, "exit_status", status);
    if (t->o->json)
        show_line(v);
    else
        jv_free(v);
    if (t->o->json)
        return status;
    if (e)
        return tell_failure("aws rotate-key", t->o, e);
    if (t->o->dry_run)
        tell_plan(t, r);
    else
        tell_end(t, r);
    return 0;
}

/* ---- another machine ---- */

/* What the program there says of itself: its own sentence and hint. */
static bool explain(const char *host, int status, const struct buf *said, struct err *e)
{
    const char *text = buf_str(said);
    size_t first = strcspn(text, "\n");
    const char *hint = text + first + strspn(text + first, "\n ");
    size_t second = strcspn(hint, "\n");
    err_set(e, ERR_FAILED, "%.100s did not take the key (exit status %d)%s%.*s", host,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), first ? ": " : "",
            (int)first, text);
    if (second)
        err_hint(e, "%.*s", (int)second, hint);
    else
        err_hint(e, "try: ssh %s credrelay version", AS_WORD(host));
    return false;
}

/* The letter goes through the pipe: argv holds names alone. */
static bool give_key(const struct telling *t, const char *host, struct err *e)
{
    const struct aws_subject_of *s = t->subject;
    const char *const argv[] = {"ssh",      host,      "credrelay",   "aws",
                                "take-key", "--relay", s->relay.name, NULL};
    char ssh[LIMIT_PATH];
    struct buf letter, out, said;
    int status = 0;
    buf_init(&letter, LIMIT_KEY_LETTER);
    buf_init(&out, LIMIT_HELPER_STDERR);
    buf_init(&said, LIMIT_HELPER_STDERR);
    bool ok = program_find("ssh", ssh, e) &&
              key_letter_write(s->place.profile[t->role], t->role, &letter, e);
    const struct child_run run = {.program = ssh,
                                  .argv = argv,
                                  .input = letter.data,
                                  .input_len = letter.len,
                                  .deadline = clock_steady_ms() + SSH_WITHIN_MS};
    ok = ok && child_run(&run, &out, &said, &status, e) &&
         ((WIFEXITED(status) && WEXITSTATUS(status) == 0) || explain(host, status, &said, e));
    buf_free(&letter);
    buf_free(&out);
    buf_free(&said);
    return ok;
}

static bool hand_over(void *ctx, const char *host, struct err *e)
{
    const struct telling *t = ctx;
    bool ok = give_key(t, host, e);
    if (!ok)
        told_failed(t, host, e);
    return ok;
}

/* ---- the command ---- */

struct wishes {
    enum role role;
    int64_t grace_ms;
    char *const *hosts;
    size_t host_count;
};

/* What begins with a dash would be an option of ssh's, and a list of names has blanks between them. */
static bool is_host(const char *text)
{
    size_t len = 0;
    while (text[len] && !ascii_is_space(text[len]))
        len++;
    return len && !text[len] && text[0] != '-';
}

static bool read_hosts(const struct options *o, int argc, char **argv, struct wishes *w,
                       struct err *e)
{
    if (argc > 0 && !o->ssh) {
        err_set(e, ERR_USAGE, "'%.40s' is neither a role nor after --ssh", argv[0]);
        return err_hint(e, "say reader or writer");
    }
    if (argc == 0 && o->ssh)
        return err_set(e, ERR_USAGE, "--ssh without a host");
    for (int i = 0; i < argc; i++)
        if (!is_host(argv[i]))
            return err_set(e, ERR_USAGE, "'%.40s' is no host", argv[i]);
    w->hosts = argv;
    w->host_count = (size_t)argc;
    return true;
}

static bool read_wishes(const struct options *o, const struct relay *r, int argc, char **argv,
                        struct wishes *w, struct err *e)
{
    const char *grace = o->grace;
    struct err ignored;
    bool named = argc > 0 && aws_role(argv[0], &w->role, &ignored);
    if (!named)
        w->role = r->role;
    w->grace_ms = ROTATE_GRACE_NOT_SAID;
    if (grace && !parse_duration(grace, &w->grace_ms)) {
        err_set(e, ERR_USAGE, "--grace %.40s is no time span", grace);
        return err_hint(e, "for instance --grace 2h");
    }
    return read_hosts(o, argc - named, argv + named, w, e);
}

static int rotate_for(const struct options *o, const struct aws_subject_of *s,
                      const struct wishes *w)
{
    struct telling t = {.o = o,
                        .subject = s,
                        .role = w->role,
                        .hosts = w->hosts,
                        .host_count = w->host_count,
                        .steps = jv_array(),
                        .failed = jv_array()};
    struct rotate_report report;
    struct err e;
    note_options(&t);
    const struct rotate_request rq = {
        .relay = &s->relay,
        .place = &s->place,
        .role = w->role,
        .admin_profile = o->admin_profile,
        .options = t.options,
        .grace_ms = w->grace_ms,
        .finish = o->finish,
        .dry_run = o->dry_run,
        .hosts = w->hosts,
        .host_count = w->host_count,
        .hand_over = hand_over,
        .told = told,
        .ctx = &t,
    };
    bool ok = rotate(&rq, &report, &e);
    return end(&t, &report, ok ? NULL : &e);
}

static int run(const struct options *o, int argc, char **argv)
{
    struct aws_subject_of s;
    struct wishes w;
    struct err e;
    if (!aws_load(o, &s, &e))
        return tell_failure("aws rotate-key", o, &e);
    int status = read_wishes(o, &s.relay, argc, argv, &w, &e)
                     ? rotate_for(o, &s, &w)
                     : tell_failure("aws rotate-key", o, &e);
    relay_free(&s.relay);
    return status;
}

const struct command cmd_aws_rotate_key = {
    .name = "aws rotate-key",
    .arguments = "[reader|writer] [HOST...]",
    .summary = "give a role a new key, here and on other machines",
    .about =
        "Makes a new key of the role's user, waits until AWS accepts it, writes it into the "
        "profile and uses\n"
        "it from there; then the old one is deactivated, once other machines have had the time "
        "to get the\n"
        "new one, and deleted with --finish.  Stopped anywhere, the same again goes on from "
        "there.\n"
        "Without a role: this machine's.",
    .options = TAKES(RELAY) | TAKES(ADMIN_PROFILE) | TAKES(GRACE) | TAKES(FINISH) | TAKES(SSH) |
               TAKES(JSON) | TAKES(DRY_RUN),
    .most = MOST_ARGUMENTS,
    .run = run,
};
