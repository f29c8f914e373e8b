/* Expat, whose one door this is: the text of leaf elements of an XML answer (STS, IAM).
 *
 * Nothing outside the document is read, a document type is refused, and all of expat's memory is
 * wiped: answers carry keys. */
#ifndef CREDRELAY_HELPERS_XML_H
#define CREDRELAY_HELPERS_XML_H

#include <stddef.h>

#include "base/buf.h"

/* Append the text of the first element called NAME (without a prefix) to OUT.  False: there is
 * none before the document ends or stops being XML, or it does not fit. */
bool xml_text(const char *xml, size_t len, const char *name, struct buf *out);

/* The same of the one after the first N of that name. */
bool xml_text_at(const char *xml, size_t len, const char *name, size_t n, struct buf *out);

#endif
