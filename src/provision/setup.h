/* Setting a machine up: a section of credrelay.conf and the AWS keys it names, put beside what is
 * there.  Looking changes nothing; what is there and says something else is somebody's, and is only
 * replaced when a person says so.
 *
 *   struct setup s;
 *   if (!setup_look(&section, keys, count, &s, &e)) ...     what there is to do
 *   if (setup_in_the_way(&s, &e) && !replace) ...           refuse
 *   if (!setup_apply(&s, &e)) ...
 *
 * Keys come first and the configuration that names them second, each replaced whole: stopped
 * anywhere, the machine works as before or is set up, and doing the same again finishes it. */
#ifndef CREDRELAY_PROVISION_SETUP_H
#define CREDRELAY_PROVISION_SETUP_H

#include "provision/invitation.h"

enum setup_need {
    SETUP_THERE,   /* it says so already */
    SETUP_ABSENT,  /* there is none: it is to be written */
    SETUP_ANOTHER, /* there is one that says something else */
};

struct setup {
    const struct section *section;
    const struct invitation_key *keys; /* not ours */
    size_t key_count;
    char config_path[LIMIT_PATH], keys_path[LIMIT_PATH];
    enum setup_need config, key[INVITATION_KEYS];
    struct section present;     /* the section that is there, unless it is absent */
    enum section_key differs;   /* SETUP_ANOTHER: the first setting that does */
    char present_key[160];      /* the same of a key: its id, or what it has instead */
    const char *present_holder; /* and the profile it is in */
};

bool setup_look(const struct section *section, const struct invitation_key *keys, size_t count,
                struct setup *ret, struct err *e) MUST_CHECK;

/* True: something says something else; *E says what (ERR_INVALID). */
bool setup_in_the_way(const struct setup *s, struct err *e);

/* Write what is not there and replace what is another. */
bool setup_apply(const struct setup *s, struct err *e) MUST_CHECK;

#endif
