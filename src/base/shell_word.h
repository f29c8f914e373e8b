/* A text of ours as a word of a command that a person pastes into a shell.
 *
 *   err_hint(e, "see who: fuser -v %s", QUOTED(path));     -> fuser -v '/home/o'\''neill/x.lock'
 *   err_hint(e, "credrelay init -r %s", AS_WORD(name));    -> credrelay init -r claude
 *
 * POSIX, XCU 2.2.2: between single quotes everything but a single quote means itself. */
#ifndef CREDRELAY_BASE_SHELL_WORD_H
#define CREDRELAY_BASE_SHELL_WORD_H

#include <stddef.h>

#include "base/err.h"

/* As long as a hint: a word that was cut leaves no room for the rest of it (err_hint). */
enum { SHELL_WORD_SIZE = sizeof((struct err *)0)->hint };

/* TEXT in single quotes.  Returns OUT, of SIZE bytes; what does not fit is cut, and then fills it. */
const char *shell_quoted(const char *text, char *out, size_t size);

/* The same, but as it is where a shell takes it for one word. */
const char *shell_word(const char *text, char *out, size_t size);

/* The same in a buffer that lasts as long as the block. */
#define QUOTED(text)  shell_quoted(text, (char[SHELL_WORD_SIZE]){""}, SHELL_WORD_SIZE)
#define AS_WORD(text) shell_word(text, (char[SHELL_WORD_SIZE]){""}, SHELL_WORD_SIZE)

#endif
