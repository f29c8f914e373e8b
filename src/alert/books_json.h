/* The books (alert/books.h) as JSON: one object, "v" its schema. */
#ifndef CREDRELAY_ALERT_BOOKS_JSON_H
#define CREDRELAY_ALERT_BOOKS_JSON_H

#include "alert/books.h"

/* The JSON value DOC (may be NULL) into *RET, which is empty. */
void books_read(const jv *doc, struct books *ret);

/* Appended to OUT, with a newline. */
bool books_write(const struct books *b, struct buf *out, struct err *e) MUST_CHECK;

#endif
