/* A program that does not outlive us, nor does what it has started: however we end, also by SIGKILL,
 * which no process can pass on.
 *
 * Between us and the program stands its keeper, a forked process that leads their process group.  It
 * holds one end of a pipe whose other end, the leash, is ours alone: when that is gone, the keeper kills
 * the group.  It ends as the program has ended.
 *
 *   struct keeper k;
 *   int errnum = keeper_start(spawn, &ctx, &k);
 *   ... waitpid(k.pid, ...); to end it all: kill(-k.pid, SIGKILL) ...
 *   keeper_let_go(&k);                  once k.pid has been waited for
 *
 * What the program leaves behind when it ends by itself is left alone. */
#ifndef CREDRELAY_HELPERS_KEEPER_H
#define CREDRELAY_HELPERS_KEEPER_H

#include <sys/types.h>

struct keeper {
    pid_t pid;
    int leash;
};

/* SPAWN(CTX, &pid) starts the program, in the keeper, in whose group it stays; of our descriptors all
 * are open then, and closed in the keeper afterwards.  Returns 0, or an errno; then nothing runs. */
int keeper_start(int (*spawn)(void *ctx, pid_t *ret), void *ctx, struct keeper *ret);

void keeper_let_go(struct keeper *k);

#endif
