/* credrelay aws template: users, policies and a key as CloudFormation or Terraform. */
#include <stdio.h>
#include <string.h>

#include "cmd/aws.h"
#include "provision/template.h"

static const struct {
    const char *language;
    bool (*make)(const struct template_request *rq, struct buf *out, struct err *e);
} languages[] = {
    {"cloudformation", template_cloudformation},
    {"terraform", template_terraform},
};
enum { LANGUAGES = sizeof languages / sizeof languages[0] };

static bool make(const struct options *o, const char *language, const struct aws_place *p,
                 struct buf *out, struct err *e)
{
    const struct template_request rq = {.place = p,
                                        .region = aws_region(p),
                                        .kms = o->kms,
                                        .roles = o->roles,
                                        .rotate_self = o->rotate_self};
    if (!rq.region)
        return aws_no_region(e);
    for (size_t i = 0; i < LANGUAGES; i++)
        if (strcmp(languages[i].language, language) == 0)
            return languages[i].make(&rq, out, e);
    err_set(e, ERR_USAGE, "'%.40s' is no language for a template", language);
    return err_hint(e, "say cloudformation or terraform");
}

static int run(const struct options *o, int argc, char **argv)
{
    struct aws_subject_of s;
    struct buf text;
    struct err e;
    (void)argc;
    if (!aws_load(o, &s, &e))
        return tell_failure("aws template", o, &e);
    buf_init(&text, LIMIT_STATE);
    bool ok = make(o, argv[0], &s.place, &text, &e);
    if (ok) {
        fputs(buf_str(&text), stdout);
        if (!o->kms && !s.place.kms_key[0])
            aws_warn_default_key();
    }
    buf_free(&text);
    relay_free(&s.relay);
    return ok ? 0 : tell_failure("aws template", o, &e);
}

const struct command cmd_aws_template = {
    .name = "aws template",
    .arguments = "cloudformation|terraform",
    .summary = "print users, policies and a key as a template",
    .about =
        "Prints what `aws setup` makes as a template to keep and to apply: a user for readers "
        "and one for\n"
        "writers, each with its policy, and with --kms a customer-managed key.  Templates make "
        "no access\n"
        "keys: `aws setup` gives those to users that are there.",
    .options = TAKES(RELAY) | TAKES(ROTATE_SELF) | TAKES(KMS) | TAKES(ROLES),
    .least = 1,
    .most = 1,
    .run = run,
};
