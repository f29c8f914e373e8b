/* What to do next about the key of a role: a pure function over what is known, as relay/decide.h is
 * about a login.  rotate.h performs a step, looks again and asks again, so that a rotation goes on
 * from wherever it was stopped.
 *
 * The order of a whole one, and what each step leaves behind when nothing follows:
 *
 *   note that a key will be made   the profile has the old key
 *   make it                        a key nobody has: found by the note and deleted
 *   note it with its secret        the profile has the old key; the new one is in the note
 *   wait until AWS accepts it      the same
 *   write it into the profile      the profile has the new key; the old one works too
 *   verify it through the profile  the note holds no secret any more
 *   give it to other machines      the same
 *   deactivate the old one         nobody's keys work but the new ones
 *   delete it (--finish)           the end
 *
 * At no point is the key in the profile one that was deactivated here. */
#ifndef CREDRELAY_PROVISION_ROTATION_H
#define CREDRELAY_PROVISION_ROTATION_H

#include "provision/aws_admin.h"

/* Of the hosts that a command line can name. */
enum { ROTATION_AWAITED_SIZE = 4096 };

/* What a rotation remembers (rotation_note.h keeps it). */
struct rotation_note {
    char user[128], account[16];
    int64_t began; /* AWS's clock when a key was about to be made, in ms; 0: no rotation is noted */
    char known[AWS_USER_KEYS][AWS_KEY_ID_SIZE]; /* the keys there were then; "" none */
    char old_id[AWS_KEY_ID_SIZE];               /* the one in the profile then; "" none */
    struct aws_key new;                         /* id "": not made as far as is known; secret NULL:
                                                 * the profile has had it and it worked */
    int64_t until; /* the old one goes on working until then, for other machines; ms since 1970 */
    char awaited[ROTATION_AWAITED_SIZE]; /* hosts that were to get the new one and have not yet, as
                                          * words of a shell, a blank between them: it stays for them */
};

enum rotation_step {
    ROTATION_MAKE,       /* note, make, note */
    ROTATION_DISCARD,    /* delete the key that was made and that nobody has */
    ROTATION_INSTALL,    /* wait until AWS accepts it, write it into the profile */
    ROTATION_VERIFY,     /* use it through the profile, then forget the secret */
    ROTATION_DEACTIVATE, /* the old one */
    ROTATION_DELETE,     /* the old one */
    ROTATION_FORGET,     /* the note: it is about what is no more */
    ROTATION_LOOK_AGAIN, /* in a moment: IAM may not yet list what it has made */
    ROTATION_WAIT,       /* nothing to do before `until`, or before a host has the new one */
    ROTATION_KEPT,       /* nothing to do without --finish */
    ROTATION_DONE,       /* nothing to do */
    ROTATION_REFUSE,     /* a person must look */
    ROTATION_STEP_COUNT
};

enum rotation_reason {
    ROTATION_FRESH,       /* one key, that of the profile: the beginning */
    ROTATION_NO_KEY,      /* the user has none yet */
    ROTATION_INTERRUPTED, /* a key was made and not written down */
    ROTATION_REPLACED,    /* the profile got another key meanwhile */
    ROTATION_UNDER_WAY,   /* as it should be */
    ROTATION_AWAITED,     /* a host has not taken the new key */
    ROTATION_GONE,        /* the new key was deleted by somebody */
    ROTATION_VOID,        /* no key was made */
    ROTATION_COMPLETE,    /* the old key is gone */
    ROTATION_NOTHING,     /* no rotation is under way */
    ROTATION_HAS_KEY,     /* the profile has its user's key */
    ROTATION_ELSEWHERE,   /* the user has a key and this machine has not */
    ROTATION_NOT_ITS_KEY, /* the key in the profile is not the user's */
    ROTATION_UNFINISHED,  /* an older, inactive key: the last rotation was not finished */
    ROTATION_TWO_NEWER,   /* a second key, made later than the profile's */
    ROTATION_TWO_OLDER,   /* a second key, made earlier and in use */
    ROTATION_WENT_BACK,   /* the profile has the old key again */
    ROTATION_REASON_COUNT
};

struct rotation_decision {
    enum rotation_step step;
    enum rotation_reason reason;
    const char *key; /* that the step is about, in the facts; "" none */
};

struct rotation_facts {
    const char *profile_key; /* "": it has none */
    const struct aws_key_list *keys;
    const struct rotation_note *note;
    int64_t now; /* ms since 1970 */
    bool finish; /* the old key may go; nothing new is begun */
    bool first;  /* all that is wanted is a key in the profile (aws setup) */
};

struct rotation_decision rotation_next(const struct rotation_facts *f);

/* What a ROTATION_REFUSE is about, for its sentence. */
struct rotation_names {
    const char *user, *profile, *role;
    const char *options; /* of the command that is under way, to be given again; "": none */
};

/* Why a person must look, and what to do (ERR_CONFLICT).  Returns false. */
bool rotation_advise(const struct rotation_decision *d, const struct rotation_names *names,
                     struct err *e);

/* "discard", "interrupted": for --json. */
const char *rotation_step_name(enum rotation_step s);
const char *rotation_reason_name(enum rotation_reason r);

#endif
