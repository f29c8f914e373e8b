/* credrelay aws: permissions and keys in AWS.  A command of commands, each in a file of its own. */
#include "cmd/aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/policy.h"

bool aws_load(const struct options *o, struct aws_subject_of *ret, struct err *e)
{
    if (!relay_load(o->relay, &ret->relay, e))
        return false;
    if (aws_place_of(&ret->relay, &ret->place, e))
        return true;
    relay_free(&ret->relay);
    return false;
}

bool aws_role(const char *word, enum role *ret, struct err *e)
{
    for (int role = ROLE_READER; role <= ROLE_WRITER; role++)
        if (strcmp(word, role_name((enum role)role)) == 0) {
            *ret = (enum role)role;
            return true;
        }
    err_set(e, ERR_USAGE, "'%.40s' is no role", word);
    return err_hint(e, "say reader or writer");
}

const char *aws_region(const struct aws_place *p)
{
    const char *region = p->url.region[0] ? p->url.region : getenv("AWS_REGION");
    if (!region || !*region)
        region = getenv("AWS_DEFAULT_REGION");
    return region && *region ? region : NULL;
}

bool aws_no_region(struct err *e)
{
    err_set(e, ERR_INVALID, "no AWS region: neither in the store's URL nor in AWS_REGION");
    return err_hint(e, "write the store as ssm://us-west-2/NAME");
}

void aws_warn_default_key(void)
{
    fprintf(stderr, "credrelay: warning: %s\n", policy_default_key_warning);
}

static const struct command *const within[] = {
    &cmd_aws_policy,     &cmd_aws_template, &cmd_aws_setup,
    &cmd_aws_rotate_key, &cmd_aws_take_key, NULL,
};

static int run(const struct options *o, int argc, char **argv)
{
    (void)o;
    return command_run_within(&cmd_aws, argc, argv);
}

const struct command cmd_aws = {
    .name = "aws",
    .arguments = "policy|template|setup|rotate-key|take-key [ARGUMENT...]",
    .summary = "set up AWS: policies, users and their keys",
    .about =
        "Prints the least that a role needs of AWS, makes it there, and gives roles new keys.\n"
        "Each is a command of its own: credrelay aws policy --help.",
    .options = 0,
    .least = 1,
    .most = -1,
    .run = run,
    .within = within,
};
