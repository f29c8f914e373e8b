/* The one thing needed of STS's XML answers: the text of a leaf element by its name.  Not a
 * parser: no attributes, comments or namespaces are understood, the first element counts. */
#ifndef CREDRELAY_HELPERS_XML_H
#define CREDRELAY_HELPERS_XML_H

#include <stdbool.h>
#include <stddef.h>

/* The text between <NAME> and </NAME> into OUT, cut to SIZE, the five standard entities
 * resolved.  False: there is no such element. */
bool xml_text(const char *xml, size_t len, const char *name, char *out, size_t size);

#endif
