/* A tool's description while it is read (description.h): what has been read, and what the files that
 * read it have in common.  Private to src/tool/description*.c and reading.c. */
#ifndef CREDRELAY_TOOL_READING_H
#define CREDRELAY_TOOL_READING_H

#include "base/limits.h"
#include "tool/description.h"

enum { FORMS = 96, STATUSES = 96, KINDS = 48, WORDS = 24, MEMBERS = 24, TYPES = 32 };

/* A tool and everything it points to, in one block. */
struct description {
    struct tool tool; /* first: the one is the other */
    struct failure_form forms[FORMS + 1];
    struct failure_status statuses[STATUSES + 1];
    struct failure_kind kinds[KINDS + 1];
    tool_list advice, key_sources;
    const char *members[MEMBERS + 1];
    enum signal_role roles[MEMBERS + 1];
    struct signal_name types[TYPES + 1];
    size_t used;
    char text[LIMIT_TOOL_TEXT];
};

struct reading {
    struct description *d;
    const char *where;
    unsigned line;
    const char *section, *key, *value;
    struct err *e;
    uint64_t said; /* bit N: rows[N] */
    size_t at;     /* of the section read last in `sections` */
    unsigned forms, statuses, kinds, members, types, words, remarks;
    struct {
        const char *name, *value;
    } word[WORDS];
};

/* The value at hand is not what the setting takes; there are more of WHAT than may be.  Both return
 * false. */
bool reading_bad(const struct reading *rd, const char *takes);
bool reading_too_many(const struct reading *rd, unsigned most, const char *what);

/* A copy that lives as long as the tool.  NULL: the description has too much text. */
const char *reading_keep_bytes(struct reading *rd, const char *bytes, size_t len);
const char *reading_keep(struct reading *rd, const char *text);

/* The next item of a list, between commas or line ends; false: there is none.  *P moves past it. */
bool reading_next_item(const char **p, const char *ends, const char **item, size_t *len);

/* Letters, digits and those in MORE, at least one. */
bool reading_is_name(const char *text, size_t len, const char *more);

/* Which of WORDS (an array with holes) the text is. */
bool reading_word(const char *const *words, size_t count, const char *text, size_t len,
                  unsigned *ret);

#define LIST  ",\n"
#define BLANK " \t\n"

/* Takes the value at hand into a field of the description. */
typedef bool take_fn(struct reading *rd, void *field);

/* Settings of [login] (description_login.c). */
take_fn take_parts, take_member, take_time, take_bare, take_required;

/* The sections about failures (description_wordings.c): one setting of each. */
bool take_word(struct reading *rd);
bool take_form(struct reading *rd);
bool take_status(struct reading *rd);
bool take_line(struct reading *rd);
bool take_kind(struct reading *rd);

#endif
