/* Will the next run work, and what needs a person's attention: what follows from the facts.  Pure;
 * tested by a table of cases (tests/unit/test_outlook.c).
 *
 * "The next run" is one through claude-p or `credrelay run`, which may ask the store first.  What a
 * sync would do is asked of decide(), so that status promises what the engine keeps. */
#ifndef CREDRELAY_DOCTOR_OUTLOOK_H
#define CREDRELAY_DOCTOR_OUTLOOK_H

#include "doctor/facts.h"

enum prospect {
    WILL_WORK,
    WILL_NOT_WORK,
    CANNOT_TELL, /* the client will use something else than its login */
    PROSPECT_COUNT
};

/* What a note is about. */
enum note_kind {
    NOTE_OVERRIDDEN,  /* something else goes before the login */
    NOTE_NO_LOGIN,    /* no login that works can be had */
    NOTE_PULLS,       /* the run will pull the store's login first */
    NOTE_RENEWS,      /* the client will have to renew its login */
    NOTE_DEADLINE,    /* a person must log in soon */
    NOTE_STORE,       /* the store gave no answer, or has no login */
    NOTE_UNPUBLISHED, /* the login here belongs into the store */
    NOTE_BEHIND,      /* the store's login belongs here */
    NOTE_KEPT,        /* a login made on a reader */
    NOTE_INCIDENT,    /* trouble that was told, and still stands */
    NOTE_WATCHER,     /* nobody keeps this machine in step, or it fails to */
    NOTE_KIND_COUNT
};

struct note {
    enum note_kind kind;
    char text[400]; /* what, and why */
    char hint[400]; /* what mends it */
};

struct outlook {
    enum prospect prospect;
    struct decision decision; /* what a sync would do; only where the store answered */
    struct note notes[NOTE_KIND_COUNT];
    size_t count; /* the most important first; at most one of each kind */
};

void outlook(const struct facts *f, struct outlook *ret);

/* What the decision says about the store's login, compared with the one here. */
enum standing { STANDS_UNKNOWN, STANDS_SAME, STANDS_NEWER, STANDS_OLDER, STANDING_COUNT };
enum standing store_standing(const struct facts *f, const struct outlook *o);

/* The machine whose client renews the login, as far as it is known here; NULL: not.  One call to the
 * store does not say it: the holder stands in the other value.  So it is this machine when its file
 * has the refresh token of the store's login, else the one that the watcher saw last. */
const char *who_renews(const struct facts *f);

/* 0 fine, 1 will not work, 2 works but needs attention. */
int outlook_exit_status(const struct outlook *o);

/* Words for --json. */
const char *prospect_name(enum prospect p);
const char *answer_name(enum answer a);
const char *note_kind_name(enum note_kind k);
const char *standing_name(enum standing s); /* NULL for STANDS_UNKNOWN */

/* A deadline nearer than this is told. */
#define DEADLINE_NEAR_MS (INT64_C(7) * 24 * 3600 * 1000)

#endif
