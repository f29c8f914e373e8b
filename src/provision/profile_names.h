/* The AWS profiles of this machine, by name: of the credentials file and of the configuration
 * (AWS_CONFIG_FILE, else ~/.aws/config).  A file that is missing has none. */
#ifndef CREDRELAY_PROVISION_PROFILE_NAMES_H
#define CREDRELAY_PROVISION_PROFILE_NAMES_H

#include "base/err.h"

enum { PROFILE_NAMES = 64, PROFILE_NAME_SIZE = 128 };

struct profile_names {
    char name[PROFILE_NAMES][PROFILE_NAME_SIZE];
    size_t count;
    bool more; /* than there is room for */
};

bool profile_names(struct profile_names *ret, struct err *e) MUST_CHECK;

bool profile_named(const struct profile_names *p, const char *name);

#endif
