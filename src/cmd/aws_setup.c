/* credrelay aws setup: users, policies, keys and profiles made. */
#include <stdio.h>
#include <string.h>

#include "cmd/aws.h"
#include "cmd/show.h"
#include "provision/aws_setup.h"

static const char *const item_names[] = {
    [AWS_SETUP_KMS_KEY] = "kms_key", [AWS_SETUP_ALIAS] = "alias", [AWS_SETUP_USER] = "user",
    [AWS_SETUP_POLICY] = "policy",   [AWS_SETUP_KEY] = "key",
};
static const char *const item_texts[] = {
    [AWS_SETUP_KMS_KEY] = "customer-managed key",
    [AWS_SETUP_ALIAS] = "alias",
    [AWS_SETUP_USER] = "user",
    [AWS_SETUP_POLICY] = "policy of user",
    [AWS_SETUP_KEY] = "access key in profile",
};
_Static_assert(sizeof item_names / sizeof item_names[0] == AWS_SETUP_ITEM_COUNT &&
                   sizeof item_texts / sizeof item_texts[0] == AWS_SETUP_ITEM_COUNT,
               "two names for each item");

static const char *const outcome_names[] = {
    [AWS_SETUP_THERE] = "there", [AWS_SETUP_DONE] = "made", [AWS_SETUP_WOULD] = "would_make"};
static const char *const outcome_texts[] = {[AWS_SETUP_THERE] = "is as it should be",
                                            [AWS_SETUP_DONE] = "made",
                                            [AWS_SETUP_WOULD] = "would be made"};

struct telling {
    const struct options *o;
    bool wanted[2];
    jv *steps;
    jv *settings; /* that the relay's section has yet to say */
};

static void told(void *ctx, enum aws_setup_item item, enum aws_setup_outcome outcome,
                 const char *name)
{
    struct telling *t = ctx;
    jv *step = jv_object();
    jv_put_text(step, "item", item_names[item]);
    jv_put_text(step, "name", name);
    jv_put_text(step, "outcome", outcome_names[outcome]);
    jv_push(t->steps, step);
    if (t->o->json)
        return;
    printf("%s %s: %s\n", item_texts[item], name, outcome_texts[outcome]);
    fflush(stdout);
}

static bool read_roles(int argc, char **argv, bool wanted[2], struct err *e)
{
    enum role role = ROLE_READER;
    wanted[ROLE_READER] = wanted[ROLE_WRITER] = argc == 0;
    for (int i = 0; i < argc; i++) {
        if (!aws_role(argv[i], &role, e))
            return false;
        wanted[role] = true;
    }
    return true;
}

/* An alias can be made for the key that the configuration names by it, or for one of ours. */
static bool kms_free(const struct aws_place *p, struct err *e)
{
    if (!p->kms_key[0] || strncmp(p->kms_key, "alias/", 6) == 0)
        return true;
    err_set(e, ERR_USAGE, "kms-key-id names a key already: %s", p->kms_key);
    return err_hint(e, "leave --kms out, or set kms-key-id to an alias");
}

static bool names_profile(const struct aws_subject_of *s, const char *key)
{
    return s->place.url.profile[0] || jv_text(s->relay.store_options, key);
}

static void note_profile(struct telling *t, const struct aws_subject_of *s, enum role role,
                         const char *key)
{
    if (t->wanted[role] && !names_profile(s, key))
        jv_put_text(t->settings, key, s->place.profile[role]);
}

/* Keys that no section names are never used. */
static void note_settings(struct telling *t, const struct aws_subject_of *s)
{
    note_profile(t, s, ROLE_READER, "reader-profile");
    if (s->relay.role == ROLE_WRITER)
        note_profile(t, s, ROLE_WRITER, "writer-profile");
    if (t->o->kms && !s->place.kms_key[0])
        jv_put_text(t->settings, "kms-key-id", s->place.alias);
}

static bool tell_setting(void *ctx, const char *key, const jv *value)
{
    (void)ctx;
    printf("  %s = %s\n", key, jv_string(value));
    return true;
}

static void tell_configuration(const struct telling *t, const struct aws_subject_of *s)
{
    if (t->o->json)
        return;
    if (!t->o->kms && !s->place.kms_key[0])
        aws_warn_default_key();
    if (jv_size(t->settings) == 0)
        return;
    printf("%s in [%s] of credrelay.conf (invitations bring it to other machines):\n",
           t->o->dry_run ? "to be said then" : "now say", s->relay.name);
    jv_each(t->settings, tell_setting, NULL);
}

static int end(const struct options *o, const struct telling *t, const char *account,
               const struct err *e)
{
    jv *v = jv_object();
    int status = e ? err_exit_status(e->code) : 0;
    jv_put_bool(v, "ok", !e);
    jv_put_text(v, "command", "aws setup");
    jv_put_bool(v, "dry_run", o->dry_run);
    jv_put_text(v, "account", *account ? account : NULL);
    jv_put(v, "steps", t->steps);
    jv_put(v, "settings", t->settings);
    if (e) {
        jv_put_text(v, "error", err_name(e->code));
        jv_put_text(v, "message", e->text);
        jv_put_text(v, "hint", e->hint);
    }
    jv_put_int(v, "exit_status", status);
    if (o->json)
        show_line(v);
    else
        jv_free(v);
    return e && !o->json ? tell_failure("aws setup", o, e) : status;
}

static bool set_up(const struct options *o, const struct aws_subject_of *s, int argc, char **argv,
                   struct telling *t, char account[16], struct err *e)
{
    struct aws_setup_request rq = {
        .relay = &s->relay,
        .place = &s->place,
        .admin_profile = o->admin_profile ? o->admin_profile : "",
        .kms = o->kms,
        .rotate_self = o->rotate_self,
        .dry_run = o->dry_run,
        .told = told,
        .ctx = t,
    };
    bool ok = read_roles(argc, argv, rq.wanted, e) && (!rq.kms || kms_free(&s->place, e)) &&
              aws_setup(&rq, account, e);
    memcpy(t->wanted, rq.wanted, sizeof t->wanted);
    return ok;
}

static int run(const struct options *o, int argc, char **argv)
{
    struct aws_subject_of s;
    struct telling t = {.o = o};
    struct err e;
    char account[16] = "";
    if (!aws_load(o, &s, &e))
        return tell_failure("aws setup", o, &e);
    t.steps = jv_array();
    t.settings = jv_object();
    bool ok = set_up(o, &s, argc, argv, &t, account, &e);
    if (ok) {
        note_settings(&t, &s);
        tell_configuration(&t, &s);
    }
    int status = end(o, &t, account, ok ? NULL : &e);
    relay_free(&s.relay);
    return status;
}

const struct command cmd_aws_setup = {
    .name = "aws setup",
    .arguments = "[reader|writer]",
    .summary = "make users, policies and keys, and write the profiles",
    .about =
        "With an administrator's keys: makes the users of readers and writers, or of one of "
        "them, gives each\n"
        "its policy and a key, and writes the key into the profile of the same name here.  What "
        "is there\n"
        "already stays; the same again goes on where it was stopped.",
    .options = TAKES(RELAY) | TAKES(ADMIN_PROFILE) | TAKES(ROTATE_SELF) | TAKES(KMS) | TAKES(JSON) |
               TAKES(DRY_RUN),
    .most = 1,
    .run = run,
};
