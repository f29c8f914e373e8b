/* How a tool says that it failed, as data.  The verdict (run/verdict.h) knows formats; the wordings
 * are a tool's and stand in its description (tools/NAME.ini), read by tool/wording.h.
 *
 * Arrays end with a row whose words or name are NULL, and live as long as the tool. */
#ifndef CREDRELAY_TOOL_FAILURE_H
#define CREDRELAY_TOOL_FAILURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the failure of a run means for the login. */
enum failure_class {
    FAILURE_NONE,       /* the run was fine */
    FAILURE_LAPSED,     /* a newer login can help */
    FAILURE_OVERRIDDEN, /* the credential that failed is not the login */
    FAILURE_FORBIDDEN,  /* a human must act; a retry cannot help */
    FAILURE_OTHER,      /* not about credentials */
    FAILURE_CLASS_COUNT
};

/* "fine", "lapsed", ... for the log and --json. */
const char *failure_class_name(enum failure_class c);

/* What may follow the words of a form. */
enum failure_then {
    THEN_CLAUSE, /* nothing; a separator and another form; a middle dot and a line */
    THEN_LINE,   /* anything, to the end of this line, which is the last */
    THEN_ASKS,   /* the rest of one line, whose end asks for a login (`advice`) */
    THEN_STATUS, /* three digits of HTTP status and a body: a JSON object, a page, a line */
    THEN_FORM,   /* a separator and another form, which says what it means */
};

/* One wording.  WORDS are compared without regard to ASCII case; [a|b|] stands for any one of
 * its alternatives, ~ for whatever a client puts between two clauses (" · ", ". ", ": ", ...). */
struct failure_form {
    const char *words;
    enum failure_then then;
    enum failure_class meaning; /* not used with THEN_FORM and THEN_STATUS */
    uint32_t first;             /* the letters that WORDS can begin with (failure_letter) */
};

/* What a status means when the body contains WORDS; the first row that fits counts.
 * STATUS 0: rows for the rest of a line that came without a status. */
struct failure_status {
    int status;
    enum failure_class meaning;
    const char *words; /* "": any body */
};

/* A name a client uses for an error in its JSON. */
struct failure_kind {
    const char *name;
    enum failure_class meaning;
};

struct failure_table {
    const struct failure_form *forms;
    const struct failure_status *statuses;
    const struct failure_kind *kinds;
    const char *const *advice;      /* words that ask for a login */
    const char *const *key_sources; /* credentials that go before the login, as init names them */
};

/* Bit N is the letter N of the alphabet in either case, bit 31 anything else. */
uint32_t failure_letter(char c);

/* What an error body or message means that came with an HTTP STATUS; FAILURE_OTHER if no row says. */
enum failure_class failure_by_status(const struct failure_table *t, int status, const char *text,
                                     size_t len);

/* What an error's NAME means; FAILURE_NONE: it is not known or says nothing. */
enum failure_class failure_by_kind(const struct failure_table *t, const char *name);

/* TEXT is one short line that asks for a login, by words that are no part of a path or another word;
 * at its very end, punctuation aside, if AT_END. */
bool failure_asks_for_login(const struct failure_table *t, const char *text, size_t len,
                            bool at_end);

/* SOURCE of the credential in use goes before the login. */
bool failure_is_override(const struct failure_table *t, const char *source);

/* The class called NAME; FAILURE_CLASS_COUNT: there is none. */
enum failure_class failure_class_by_name(const char *name, size_t len);

#endif
