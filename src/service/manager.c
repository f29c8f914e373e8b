#include "service/manager.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/search.h"
#include "os/service.h"

/* A question is answered at once; a command may wait for the watcher to end, which a manager gives
 * 90 s (systemd-system.conf(5), DefaultTimeoutStopSec). */
enum { ASK_MS = 15000, COMMAND_MS = 120000, GONE_MS = 30000, GONE_PAUSE_MS = 100 };

/* All that `launchctl print` says of a session's services. */
enum { LIMIT_ANSWER = 4 << 20 };

const struct manager *manager_find(const char *name, struct err *e)
{
    static const struct manager *const all[] = {&manager_systemd, &manager_launchd};
    if (!name)
        name = os_service_manager();
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    err_set(e, ERR_USAGE, "'%.64s' is no service manager", name);
    err_hint(e, "it is systemd or launchd");
    return NULL;
}

void sight_refused(struct sight *s, const char *said)
{
    snprintf(s->why, sizeof s->why, "%.*s", (int)strcspn(said, "\n"), said);
}

static bool run(const char *const *words, int64_t limit_ms, struct buf *out, struct buf *errors,
                int *ret_status, struct err *e)
{
    char program[LIMIT_PATH];
    int status;
    bool found = search_path(words[0], program);
    if (!found && errno != ENOENT)
        return err_errno(e, errno, "cannot look for %s", words[0]);
    if (!found) {
        err_set(e, ERR_UNSUPPORTED, "there is no %s on PATH", words[0]);
        return err_hint(e, "services need it");
    }
    const struct child_run child = {
        .program = program, .argv = words, .input = "", .deadline = clock_steady_ms() + limit_ms};
    if (!child_run(&child, out, errors, &status, e))
        return err_context(e, words[0]);
    /* What somebody else ended has said nothing, least of all no. */
    if (WIFSIGNALED(status)) {
        err_set(e, ERR_UNREACHABLE, "%s was ended by signal %d", words[0], WTERMSIG(status));
        return err_hint(e, "the same command again does what is left");
    }
    *ret_status = WEXITSTATUS(status);
    return true;
}

bool manager_ask(const char *const *words, struct buf *out, struct buf *errors, bool *ret_yes,
                 struct err *e)
{
    buf_init(out, LIMIT_ANSWER);
    buf_init(errors, LIMIT_HELPER_STDERR);
    int status = 0;
    if (run(words, ASK_MS, out, errors, &status, e)) {
        *ret_yes = status == 0;
        return true;
    }
    buf_free(out);
    buf_free(errors);
    return false;
}

/* ---- commands ---- */

/* TEXT has room for a path and a word beside it. */
static const char *fill(const struct manager *m, const char *word, const char *path,
                        const char *domain, char *text, size_t size)
{
    if (strcmp(word, WORD_PATH) == 0)
        return path;
    if (strcmp(word, WORD_DOMAIN) == 0)
        return domain;
    if (strcmp(word, WORD_TARGET) != 0)
        return word;
    snprintf(text, size, "%s/%s", domain, m->unit);
    return text;
}

void manager_line(const struct manager *m, const struct manager_command *c, const char *path,
                  const char *domain, char *out, size_t size)
{
    char target[128];
    size_t n = 0;
    for (const char *const *w = c->words; *w && n < size; w++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", n ? " " : "",
                              fill(m, *w, path, domain, target, sizeof target));
}

/* What bootout says of a service that is leaving: EINPROGRESS of macOS.  Whoever starts it meanwhile
 * is refused. */
enum { UNDER_WAY = 36 };

/* A bootout that failed otherwise may have found the service gone, and does not make it go. */
static bool wait_until_gone(const struct manager *m, int status)
{
    int64_t until = clock_steady_ms() + (status == 0 || status == UNDER_WAY ? GONE_MS : 0);
    struct sight sight;
    struct err ignored;
    while (!m->look(&sight, &ignored) || sight.loaded) {
        if (clock_steady_ms() >= until)
            return false;
        clock_sleep_ms(GONE_PAUSE_MS);
    }
    return true;
}

bool manager_run(const struct manager *m, const struct manager_command *c, const char *path,
                 const char *domain, struct err *e)
{
    const char *words[MANAGER_WORDS + 1] = {NULL};
    char target[128], line[LIMIT_PATH];
    struct buf out, errors;
    int status = 0;
    for (size_t i = 0; c->words[i]; i++)
        words[i] = fill(m, c->words[i], path, domain, target, sizeof target);
    buf_init(&out, LIMIT_ANSWER);
    buf_init(&errors, LIMIT_HELPER_STDERR);
    bool ok = run(words, COMMAND_MS, &out, &errors, &status, e);
    if (ok && !(c->until_gone ? wait_until_gone(m, status) : status == 0)) {
        const char *why = errors.len ? buf_str(&errors) : "it failed";
        manager_line(m, c, path, domain, line, sizeof line);
        ok = err_set(e, ERR_FAILED, "%.300s: %.*s", line, (int)strcspn(why, "\n"), why);
        err_hint(e, "see: %s", m->trouble);
    }
    buf_free(&out);
    buf_free(&errors);
    return ok;
}
