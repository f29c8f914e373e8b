#include "base/helper.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/search.h"
#include "base/shell_word.h"
#include "os/process.h"

/* What a helper may take beyond the deadline it was given, to say so itself. */
enum { GRACE_MS = 500 };

/* ---- finding ---- */

/* PREFIX/bin/credrelay -> PREFIX/libexec/credrelay/NAME */
static bool beside(const char *name, char *out)
{
    char self[LIMIT_PATH];
    if (!os_program_path(self, sizeof self))
        return false;
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(self, '/');
        if (!slash)
            return false;
        *slash = '\0';
    }
    return snprintf(out, LIMIT_PATH, "%s/libexec/credrelay/%s", self, name) < LIMIT_PATH &&
           search_executable(out);
}

bool helper_find(const char *name, char *out)
{
    char own[80];
    return beside(name, out) ||
           ((size_t)snprintf(own, sizeof own, "credrelay-%s", name) < sizeof own &&
            search_path(own, out)) ||
           (path_join(out, CREDRELAY_LIBEXEC, name) && search_executable(out));
}

/* ---- asking ---- */

static bool too_late(const struct helper_call *c, struct err *e)
{
    /* Rounded up: of 10 s some milliseconds are gone before the first call. */
    err_set(e, ERR_UNREACHABLE, "no answer within %lld s", (long long)(c->timeout_ms + 999) / 1000);
    return c->if_late ? err_hint(e, "%s", c->if_late) : false;
}

static bool gave_none(const struct helper_call *c, int status, const struct buf *told,
                      struct err *e)
{
    int said = (int)strcspn(buf_str(told), "\n");
    if (WIFSIGNALED(status))
        err_set(e, ERR_FAILED, "%s was killed by signal %d", c->program, WTERMSIG(status));
    else
        err_set(e, ERR_FAILED, "%s gave no answer (exit status %d)%s%.*s", c->program,
                WEXITSTATUS(status), said ? ": " : "", said, buf_str(told));
    return err_hint(e, "try: %s </dev/null", AS_WORD(c->program));
}

static bool exchange(const struct helper_call *c, const struct buf *line, struct buf *out,
                     struct buf *told, struct err *e)
{
    const char *argv[] = {c->program, NULL};
    const struct child_run run = {.program = c->program,
                                  .argv = argv,
                                  .input = line->data,
                                  .input_len = line->len,
                                  .deadline = clock_steady_ms() + c->timeout_ms + GRACE_MS};
    int status;
    if (!child_run(&run, out, told, &status, e)) {
        if (e->code == ERR_UNREACHABLE)
            return too_late(c, e);
        /* The helper is missing or not allowed: that says nothing about what it was asked. */
        if (e->code == ERR_NOT_FOUND || e->code == ERR_DENIED)
            e->code = ERR_FAILED;
        return false;
    }
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || gave_none(c, status, told, e);
}

/* The helper's own words. */
static void told_failure(const jv *answer, struct err *e)
{
    const char *message = jv_text(answer, "message"), *hint = jv_text(answer, "hint");
    err_set(e, err_by_name(jv_text(answer, "error")), "%s",
            message ? message : "it failed and did not say why");
    e->retry_after_ms = jv_number(answer, "retry_after_ms", 0);
    if (hint)
        err_hint(e, "%s", hint);
}

static jv *understand(const struct helper_call *c, const struct buf *out, struct err *e)
{
    jv *answer = jv_parse(buf_str(out), out->len, e);
    if (!answer && e->code != ERR_NO_MEMORY) {
        err_set(e, ERR_FAILED, "%s answered something that is not JSON", c->program);
        err_hint(e, "try: %s </dev/null", AS_WORD(c->program));
    }
    if (!answer || jv_flag(answer, "ok"))
        return answer;
    told_failure(answer, e);
    jv_free(answer);
    return NULL;
}

jv *helper_ask(const struct helper_call *c, jv *request, struct err *e)
{
    struct buf line, out, told;
    buf_init(&line, LIMIT_STORE_LINE);
    buf_init(&out, LIMIT_STORE_LINE);
    buf_init(&told, LIMIT_HELPER_STDERR);
    bool ok =
        (jv_write(request, &line) && buf_text(&line, "\n")) || buf_error(&line, "the request", e);
    jv_free(request);
    ok = ok && exchange(c, &line, &out, &told, e);
    jv *answer = ok ? understand(c, &out, e) : NULL;
    if (c->told)
        buf_bytes(c->told, buf_str(&told), told.len);
    buf_free(&line);
    buf_free(&out);
    buf_free(&told);
    return answer;
}
