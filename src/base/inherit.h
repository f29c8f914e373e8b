/* What a process inherits and we change for ourselves: given back before a program of somebody
 * else's is started in our place or below us, so that it finds the world as without us. */
#ifndef CREDRELAY_BASE_INHERIT_H
#define CREDRELAY_BASE_INHERIT_H

#include <stdbool.h>

/* First thing in main.  Opens the standard streams that are closed (a file we open would get their
 * numbers, and what is meant for the terminal would go into it), sets the umask to 077, ignores
 * SIGPIPE and SIGXFSZ (a failing write says so), stops ignoring SIGCHLD (a parent that ignored it
 * would leave us without the exit status of our children), and closes the process to others.  False: a
 * standard stream cannot be opened. */
bool inherit_and_harden(void);

/* In the child, just before exec. */
void inherit_restore(void);

/* In a process that lives on by itself: close LOWEST and every descriptor above it, ours and what
 * others have given us.  (One above LIMIT_DESCRIPTORS stays.) */
void inherit_close_from(int lowest);

/* Was this standard stream closed when we were started? */
bool inherit_was_closed(int fd);

/* Would SIGPIPE have ended us, had we not ignored it? */
bool inherit_dies_of_pipe(void);

#endif
