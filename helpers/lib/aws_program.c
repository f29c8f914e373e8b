#include "aws_program.h"

#include "shell.h"

bool aws_program_run(const char *command, int64_t deadline, const char *what, struct buf *out,
                     struct err *e)
{
    const struct shell_command shell = {.command = command, .what = what, .deadline = deadline};
    if (shell_run(&shell, out, e))
        return true;
    if (e->code == ERR_FAILED)
        e->code = ERR_BAD_CREDENTIALS;
    return false;
}
