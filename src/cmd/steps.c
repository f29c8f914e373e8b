#include "cmd/steps.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "cmd/show.h"

static const char *const ends[] = {
    [STEP_THERE] = "there", [STEP_DONE] = "done",     [STEP_WOULD] = "would",
    [STEP_LEFT] = "left",   [STEP_FAILED] = "failed",
};
_Static_assert(sizeof ends / sizeof ends[0] == STEP_ENDS, "one name for each end");

void steps_begin(struct steps *s, const char *command, const struct options *o)
{
    *s = (struct steps){.command = command, .o = o, .value = jv_object(), .list = jv_array()};
    jv_put_text(s->value, "command", command);
    jv_put_bool(s->value, "dry_run", o->dry_run);
}

static jv *one(const char *step, enum step_end end, const char *text)
{
    jv *v = jv_object();
    jv_put_text(v, "step", step);
    jv_put_text(v, "end", ends[end]);
    jv_put_text(v, "text", text);
    return v;
}

void steps_tell(struct steps *s, const char *step, enum step_end end, const char *fmt, ...)
{
    char text[LIMIT_STEP];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    s->would += end == STEP_WOULD;
    if (s->o->json) {
        jv_push(s->list, one(step, end, text));
        return;
    }
    printf("%-14s %s\n", step, text);
    fflush(stdout); /* what comes next may take a while, or speak on standard error */
}

void steps_fail(struct steps *s, const char *step, const struct err *e)
{
    if (!s->status)
        s->status = err_exit_status(e->code);
    if (!s->o->json) {
        tell_failure(s->command, s->o, e);
        return;
    }
    jv *v = one(step, STEP_FAILED, e->text);
    jv_put_text(v, "error", err_name(e->code));
    jv_put_text(v, "hint", e->hint);
    jv_push(s->list, v);
}

int steps_end(struct steps *s)
{
    int status = s->status;
    jv_put(s->value, "steps", s->list);
    jv_put_bool(s->value, "ok", status == 0);
    jv_put_int(s->value, "exit_status", status);
    if (s->o->json)
        show_line(s->value);
    else
        jv_free(s->value);
    return status;
}
