/* An alert to a command of the user's: the subject, an empty line and the text on its standard
 * input. */
#include "alert_serve.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "shell.h"

/* The program that LINE begins with, into WORD.  False: that takes a shell to tell ("if", "A=1 x"). */
static bool first_word(const char *line, char *word, size_t size)
{
    line += strspn(line, " \t");
    size_t len = strcspn(line, " \t");
    size_t plain = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._~+-");
    if (len == 0 || len != plain || *line == '-' || len >= size)
        return false;
    memcpy(word, line, len);
    word[len] = '\0';
    return true;
}

/* What it would do is its own business, but it must be there. */
static bool look(const struct alert_request *rq, struct err *e)
{
    char word[LIMIT_PATH], line[sizeof word + 16];
    if (!first_word(alert_option(rq, "command"), word, sizeof word))
        return true;
    snprintf(line, sizeof line, "command -v %s", word);
    const struct shell_command shell = {.command = line, .what = word, .deadline = rq->deadline};
    if (shell_run(&shell, NULL, e))
        return true;
    err_set(e, ERR_NOT_FOUND, "%s is no program that can be run here", word);
    return err_hint(e, "install it, or name it from the root on: command = /PATH/OF/IT");
}

static bool run(const struct alert_request *rq, struct err *e)
{
    struct buf text;
    buf_init(&text, LIMIT_ALERT_BODY);
    if (rq->check)
        return look(rq, e);
    bool ok = buf_printf(&text, "%s\n\n%s", alert_text(rq, "subject"), alert_text(rq, "text")) ||
              buf_error(&text, "the message", e);
    const struct shell_command shell = {.command = alert_option(rq, "command"),
                                        .what = "the command",
                                        .input = buf_str(&text),
                                        .input_len = text.len,
                                        .deadline = rq->deadline};
    ok = ok && shell_run(&shell, NULL, e);
    buf_free(&text);
    return ok;
}

int main(void)
{
    return alert_serve(run);
}
