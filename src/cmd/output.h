/* The end of what a command says on standard output: what nobody got is no success. */
#ifndef CREDRELAY_CMD_OUTPUT_H
#define CREDRELAY_CMD_OUTPUT_H

/* Everything so far is said.  Returns STATUS, or that of a failure when STATUS is 0 and it did not go out,
 * which is told on standard error.  Does not return where the reader of a pipe is gone. */
int output_end(const char *command, int status);

/* Its reader is gone: that ends us as it ends any program of a pipe, unless who started us ignores
 * that; then it returns the exit status. */
int output_end_of_pipe(const char *command);

#endif
