/* An alert to a command of the user's: the subject, an empty line and the text on its standard
 * input. */
#include "alert_serve.h"

#include "base/limits.h"
#include "shell.h"

static bool run(const struct alert_request *rq, struct err *e)
{
    struct buf text;
    buf_init(&text, LIMIT_ALERT_BODY);
    if (rq->check)
        return true; /* what it would do is its own business */
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
