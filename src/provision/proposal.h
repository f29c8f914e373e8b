/* What to propose to somebody who sets a machine up, from what is found on it.  Pure; a table of
 * cases (tests/unit/test_proposal.c).
 *
 * A login that this machine can renew was made here, so it may be published: a writer.  The readers'
 * key without the writers' says that this machine is to read.  A profile of either name says that
 * the fleet's store is in AWS; without one the store is this machine's own. */
#ifndef CREDRELAY_PROVISION_PROPOSAL_H
#define CREDRELAY_PROVISION_PROPOSAL_H

#include "provision/section.h"

struct surroundings {
    bool renewable;  /* a usable login with a refresh token is here */
    bool has_reader; /* the AWS profiles TOOL-creds-reader and TOOL-creds-writer */
    bool has_writer;
    const char *region; /* what the environment says; NULL: nothing */
};

/* The value to propose for K, given what S says already; "": none.  OUT has SECTION_VALUE_SIZE
 * bytes.  S's tool must be said; role before store before profiles. */
void proposal(const struct surroundings *f, const struct section *s, enum section_key k, char *out);

/* The name of a role's profile, "claude-creds-reader", into OUT of SECTION_VALUE_SIZE. */
void proposal_profile(const char *tool, enum role role, char *out);

/* Is the store one whose keys are AWS profiles? */
bool proposal_asks_profiles(const struct section *s);

#endif
