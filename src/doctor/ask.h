/* Calls of a relay's store, as status and doctor make them. */
#ifndef CREDRELAY_DOCTOR_ASK_H
#define CREDRELAY_DOCTOR_ASK_H

#include "relay/relay.h"

/* A call for the value at PATH, with the relay's own time-out. */
struct store_call ask_call(const struct relay *r, const struct store *s, const char *path);

/* The newest value at PATH, read: *ret_version 0 and an absent login where there is none yet. */
struct asked {
    int64_t version, modified; /* ms since 1970; 0: not known */
    char by[128];              /* "": not known */
    struct login_facts login;
};
bool ask_shared(const struct relay *r, const struct store *s, struct asked *ret,
                struct err *e) MUST_CHECK;

#endif
