/* Where a tool's JSON output says how the run went, as data: which members matter, and what the
 * types of its objects stand for.  The verdict (run/verdict.h) knows what to make of them. */
#ifndef CREDRELAY_TOOL_SIGNAL_H
#define CREDRELAY_TOOL_SIGNAL_H

#include <stddef.h>

/* What a member says. */
enum signal_role {
    SIGNAL_TYPE,       /* the object's type, a name of `types` */
    SIGNAL_SUBTYPE,    /* of a notice: the client tries again */
    SIGNAL_IS_ERROR,   /* true or false, of a result */
    SIGNAL_STATUS,     /* of HTTP */
    SIGNAL_KIND,       /* the name of an error, or else its words */
    SIGNAL_TEXT,       /* an error's words, or the answer */
    SIGNAL_MORE_TEXT,  /* the same, where nothing else has said it */
    SIGNAL_TURNS,      /* more than 1: the run did work */
    SIGNAL_COST,       /* more than 0: the run did work */
    SIGNAL_SESSION,    /* to resume */
    SIGNAL_KEY_SOURCE, /* of the credential in use */
    SIGNAL_MODEL,      /* that answers */
    SIGNAL_ROLE_COUNT
};

/* What an object of a type is. */
enum signal_type {
    TYPE_NOT_YET, /* its type has not come (json: never does) */
    TYPE_NOTICE,  /* of the client itself: it starts, it tries again */
    TYPE_ANSWER,  /* a message: of the model, or made up by the client about an error */
    TYPE_INPUT,   /* what went to the model: nothing to see */
    TYPE_WORK,    /* shows that the run got past its login */
    TYPE_RESULT,  /* the end, with `is-error` */
    TYPE_FAILED,  /* an error that may be the end */
    TYPE_DONE,    /* the end of work that went well */
    TYPE_ELSE,
    SIGNAL_TYPE_COUNT
};

struct signal_name {
    const char *name;
    enum signal_type type;
};

struct signal_table {
    const char *const *members;      /* paths as json_events takes them; ends with NULL */
    const enum signal_role *roles;   /* of each */
    const struct signal_name *types; /* ends with a row without a name */
    const char *retrying;            /* the subtype of a notice of that; NULL: none */
    const char *made_up; /* the model of an answer that the client made up; NULL: none */
};

#endif
