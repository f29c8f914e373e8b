/* Change settings of one section of an INI text and leave every other byte as its owner wrote it:
 * comments, order, odd spacing, line endings, nested sections, a last line without an end.  Read as
 * ini_lines.h says.  (Every library that writes INI files writes the whole of them anew.)
 *
 *   const struct ini_change changes[] = {{"aws_access_key_id", id}, {"aws_session_token", NULL}};
 *   const struct ini_edit edit = {.name = "credentials", .section = "x", .changes = changes, .count = 2};
 *   if (!ini_edit(text, len, &edit, &out, &e)) ...
 *
 * A text that cannot be read is not edited (ERR_INVALID with the line), nor one that has the section
 * or a key of it twice: botocore refuses such a file, and which one counts is its owner's to say. */
#ifndef CREDRELAY_BASE_INI_EDIT_H
#define CREDRELAY_BASE_INI_EDIT_H

#include <stddef.h>

#include "base/buf.h"

#define INI_CHANGES_MAX 16

struct ini_change {
    const char *key;   /* in lower case; one in the text counts in any case */
    const char *value; /* one line without white space around it; NULL: the key goes */
};

struct ini_edit {
    const char *name; /* of the file, for messages */
    const char *section;
    const struct ini_change *changes;
    size_t count; /* at most INI_CHANGES_MAX */
};

/* Append TEXT to OUT with the changes made.  A key that is there keeps its place and spelling (lines
 * that continue its value go); others come after the section's last; a section that is not there
 * comes last, unless nothing is to be set in it. */
bool ini_edit(const char *text, size_t len, const struct ini_edit *edit, struct buf *out,
              struct err *e) MUST_CHECK;

#endif
