/* What the commands of `credrelay aws` have in common. */
#ifndef CREDRELAY_CMD_AWS_H
#define CREDRELAY_CMD_AWS_H

#include "cmd/cmd.h"
#include "provision/aws_place.h"

extern const struct command cmd_aws_policy;
extern const struct command cmd_aws_template;
extern const struct command cmd_aws_setup;
extern const struct command cmd_aws_rotate_key;
extern const struct command cmd_aws_take_key;

/* What they are about; relay_free(&ret->relay) after use. */
struct aws_subject_of {
    struct relay relay;
    struct aws_place place;
};
bool aws_load(const struct options *o, struct aws_subject_of *ret, struct err *e) MUST_CHECK;

/* ERR_USAGE: WORD is neither "reader" nor "writer". */
bool aws_role(const char *word, enum role *ret, struct err *e) MUST_CHECK;

/* The region of the store's URL, else AWS_REGION's or AWS_DEFAULT_REGION's.  NULL: none of them. */
const char *aws_region(const struct aws_place *p);
bool aws_no_region(struct err *e);

/* On standard error, that the account's default key protects nothing from within. */
void aws_warn_default_key(void);

#endif
