/* What a process can say about itself and how it can close itself to others. */
#ifndef CREDRELAY_OS_PROCESS_H
#define CREDRELAY_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

/* No core dump, and no reading of our memory and environment by others of the same user: to be
 * called before a secret is in memory.  (RLIMIT_CORE alone would leave /proc/PID/mem open.) */
void os_close_to_others(void);

/* Absolute path of the running program, links resolved.  False: cannot be told. */
bool os_program_path(char *out, size_t size);

/* In a child between fork and exec: die when the parent (PARENT) dies, where the system can. */
void os_die_with_parent(int parent);

#endif
