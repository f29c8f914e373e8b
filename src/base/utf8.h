/* UTF-8 (RFC 3629, section 4): what JSON, XML and terminals take. */
#ifndef CREDRELAY_BASE_UTF8_H
#define CREDRELAY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length in bytes of the character at P, of which HAVE bytes are there, at least one; 0: it is none. */
size_t utf8_character_of(const char *p, size_t have);

/* The same where a NUL follows somewhere. */
size_t utf8_character(const char *p);

/* The whole character at P is a control character, C1's (U+0080 to 9F) among them, ends a line or
 * paragraph (U+2028, 2029), or turns the direction of writing (U+202A to 202E, 2066 to 2069). */
bool utf8_is_control(const char *p);

/* The same of one that a terminal or a message shows on its line and does nothing else for: no control
 * character, also none beyond ASCII, no end of a line or paragraph, nothing that turns the direction of
 * writing; 0: it is none. */
size_t utf8_printable(const char *p);

/* Make every character of TEXT one, in place: '?' stands for each that is not. */
void utf8_make_printable(char *text);

/* TEXT is whole characters. */
bool utf8_is_text(const char *text);

/* TEXT is whole characters and none of them a control character: it stays on its line wherever it
 * is written. */
bool utf8_is_line(const char *text);

#endif
