/* What a process can say about itself and how it can close itself to others. */
#ifndef CREDRELAY_OS_PROCESS_H
#define CREDRELAY_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* No core dump, and no reading of our memory and environment by others of the same user: to be
 * called before a secret is in memory.  (RLIMIT_CORE alone would leave /proc/PID/mem open.) */
void os_close_to_others(void);

/* Absolute path of the running program, links resolved.  False: cannot be told. */
bool os_program_path(char *out, size_t size);

/* Start a program in a child process.  BECOME(CTX) runs there: it may do what is safe between fork
 * and exec, ends in exec, and returns errno when that failed.  Signals should be blocked; on Linux
 * this process stands still meanwhile and its memory is shared.  Returns 0, or the errno of what
 * failed; then there is no child. */
int os_start(int (*become)(void *ctx), void *ctx, pid_t *ret_pid);

/* For BECOME: be killed when the parent (PARENT) ends, where the system can do that. */
void os_die_with_parent(pid_t parent);

/* Was this process started so by a program of our own name, as when what it started has become this
 * program?  False: no, or the system cannot tell. */
bool os_started_by_own_kind(void);

#endif
