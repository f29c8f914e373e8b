/* The wrapped program: started with the world as we found it, its signals passed on, its end told.
 *
 *   struct child c;
 *   signals_catch();
 *   child_start(path, argv, stdin_fd, stdout_fd, &c, &e)
 *   ... poll on signals_fd(); child_signals(&c) when it is readable ...
 *   signals_release();
 *
 * It stays in our process group, so that the terminal and the shell's job control reach it without
 * us; it stops and goes on, and we with it. */
#ifndef CREDRELAY_RUN_CHILD_H
#define CREDRELAY_RUN_CHILD_H

#include <sys/types.h>

#include "base/err.h"

struct child {
    pid_t pid;
    bool ended;
    int status;     /* as waitpid(2) says, when ended */
    int stopped_by; /* the signal that has just stopped it; 0: none */
    int told;       /* the last signal meant to end it, passed on or seen; 0: none */
};

/* STDIN_FD and STDOUT_FD become its 0 and 1; -1: as ours.  Every other descriptor is inherited as
 * without us.  To be called after signals_catch.  Errors: ERR_NOT_FOUND, ERR_DENIED, as
 * program_find. */
bool child_start(const char *path, char *const *argv, int stdin_fd, int stdout_fd,
                 struct child *ret, struct err *e) MUST_CHECK;

/* Become the program.  Returns only when it cannot be, with the shell's exit status (126, 127). */
int child_become(const char *path, char *const *argv);

/* The exit status to give for it, 128 + N for signal N. */
int child_exit_status(const struct child *c);

/* Was it ended by a signal that somebody meant for it (and for us)? */
bool child_was_told_to_end(const struct child *c);

/* End as it ended: by the same signal, or with STATUS. */
_Noreturn void child_end_like(const struct child *c, int status);

/* ---- signals, between catch and release ---- */

/* Signals become bytes on a pipe: no logic in handlers. */
bool signals_catch(struct err *e) MUST_CHECK;
void signals_release(void); /* fine when not caught */
int signals_fd(void);

/* Read what came: pass it on to the child, see that it stopped, went on or ended.  Stops this
 * process when the child was stopped.  What is meant to end us after the child's end does. */
void child_signals(struct child *c);

#endif
