/* INI files, read as Python's RawConfigParser (and so botocore) reads them: `[section]`,
 * `key = value` or `key : value`, keys in lower case, whole-line comments with # or ;, values
 * untouched otherwise (no inline comments, no quotes), a line indented deeper than the key
 * above continues its value.  Own code because Debian's libinih cuts lines at 200 bytes and
 * strips inline comments; an AWS session token has 1,200.
 *
 * Parsed values may be AWS keys: everything is held in wiped buffers. */
#ifndef CREDRELAY_BASE_INI_H
#define CREDRELAY_BASE_INI_H

#include <stddef.h>

#include "base/err.h"

/* One call for each section's own line, with KEY and VALUE NULL, and one for each key, in file
 * order.  VALUE has its continuation lines joined by '\n', each
 * trimmed ("" first for a nested section such as `ssm =\n  endpoint_url = ...`).  The strings
 * live until the call returns.  False ends the parse with the function's own error. */
typedef bool ini_fn(void *ctx, const char *section, const char *key, const char *value,
                    unsigned line, struct err *e);

/* NAME stands in messages: "credrelay.conf:12: ...".  Errors are ERR_INVALID. */
bool ini_parse(const char *text, size_t len, const char *name, ini_fn *fn, void *ctx,
               struct err *e) MUST_CHECK;

#endif
