/* What the unit tests share: cmocka with the headers it needs first, a world of its own for each
 * test, and comparisons that say which row of a table failed.
 *
 *   cmocka_unit_test_setup_teardown(test_x, world_make, world_remove)
 *
 * The world: an empty temporary folder as HOME and current folder, no other variable in the
 * environment, umask 022, SIGPIPE ignored as in main. */
#ifndef CREDRELAY_TESTS_UNIT_H
#define CREDRELAY_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "base/buf.h"

#define COUNT(table)   (sizeof(table) / sizeof(table)[0])
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_make, world_remove)

int world_make(void **state);
int world_remove(void **state);

/* "HOME/NAME", in one of a few static buffers that take turns. */
const char *in_home(const char *name);

/* WHAT names the row; NULL texts are equal to each other only. */
void same_text(const char *what, const char *got, const char *want);
void same_int(const char *what, long long got, long long want);
void same_bytes(const char *what, const char *got, size_t got_len, const char *want,
                size_t want_len);
void same_error(const char *what, const struct err *e, enum err_code code, const char *text,
                const char *hint);

void put_file(const char *path, const char *text, mode_t mode);
/* The file's text, or "(absent)"; in a static buffer of 4 MiB. */
const char *file_text(const char *path);
mode_t file_mode(const char *path); /* permission bits; lstat */
unsigned files_in(const char *folder);

/* Set the time of the last change to SECONDS ago. */
void make_old(const char *path, int seconds);

/* Run FN in a forked child; its result is the child's exit status. */
pid_t forked_start(int (*fn)(const void *arg), const void *arg);
int forked_end(pid_t pid); /* exit status; 128 + the signal that ended it */

#endif
