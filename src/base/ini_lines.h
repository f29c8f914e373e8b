/* The lines of an INI text, told apart as Python's RawConfigParser (and so botocore) does: what
 * ini.h reads and ini_edit.h edits.
 *
 *   struct ini_lines lines;
 *   struct ini_line line;
 *   ini_lines_begin(&lines, text, len);
 *   while (ini_lines_next(&lines, &line)) ...
 *
 * A line ends with "\n", "\r\n" or "\r", as text that Python opens does.  What a line is depends on
 * those before it: one indented deeper than the setting above continues its value. */
#ifndef CREDRELAY_BASE_INI_LINES_H
#define CREDRELAY_BASE_INI_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum ini_kind {
    INI_BLANK,
    INI_COMMENT, /* a whole line, with # or ; as its first character */
    INI_SECTION, /* [NAME] */
    INI_KEY,     /* NAME = VALUE or NAME : VALUE */
    INI_MORE,    /* VALUE goes on */
    INI_BAD,     /* none of these: `why` says so */
};

struct ini_span {
    const char *at, *end;
};

/* All spans lie in the text; those that a kind does not have are empty. */
struct ini_line {
    enum ini_kind kind;
    unsigned number;       /* from 1 */
    size_t indent;         /* bytes of white space in front */
    struct ini_span whole; /* with its ending */
    const char *content_end;
    struct ini_span name;  /* as written: a key's case is kept */
    struct ini_span value; /* trimmed */
    const char *why;
};

struct ini_lines {
    const char *at, *end;
    unsigned number;
    size_t indent; /* of the last section or key */
    bool in_section, have_key;
};

void ini_lines_begin(struct ini_lines *l, const char *text, size_t len);
bool ini_lines_next(struct ini_lines *l, struct ini_line *ret);

#endif
