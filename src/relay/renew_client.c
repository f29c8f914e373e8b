#include "relay/renew_client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/inherit.h"
#include "base/search.h"
#include "os/process.h"

extern char **environ;

/* How long it may take to end when it is asked to, ms. */
enum { ASKED_MS = 5000 };

_Static_assert(sizeof((struct renew_client *)0)->words == sizeof((struct relay *)0)->renew_command,
               "a configured command fits");
_Static_assert((int)RENEW_MOST_WORDS >= (int)TOOL_LIST, "a tool's command fits");

/* ---- what is run ---- */

/* The configured command is words between blanks. */
static bool cut(const struct relay *r, struct renew_client *c, struct err *e)
{
    size_t n = 0;
    char *rest;
    memcpy(c->words, r->renew_command, sizeof c->words);
    for (char *word = strtok_r(c->words, " \t\n", &rest); word;
         word = strtok_r(NULL, " \t\n", &rest)) {
        if (n == RENEW_MOST_WORDS)
            return err_set(e, ERR_INVALID, "renew = %.64s... has more than %d words",
                           r->renew_command, (int)RENEW_MOST_WORDS);
        c->argv[n++] = word;
    }
    return true;
}

static bool find_program(struct renew_client *c, struct err *e)
{
    const char *name = c->argv[0];
    bool is_path = strchr(name, '/') != NULL;
    if (is_path)
        snprintf(c->path, sizeof c->path, "%s", name);
    if (is_path ? search_executable(c->path) : search_path(name, c->path))
        return true;
    err_set(e, ERR_NOT_FOUND, "%s: command not found", name);
    return err_hint(e,
                    "the command that renews must be on the PATH of whoever renews, or be a path");
}

bool renew_client_find(const struct relay *r, struct renew_client *ret, struct err *e)
{
    *ret = (struct renew_client){.pid = 0};
    if (r->renew_command[0]) {
        if (!cut(r, ret, e))
            return false;
    } else {
        memcpy(ret->argv, r->tool->renew, sizeof r->tool->renew);
    }
    if (ret->argv[0])
        return find_program(ret, e);
    err_set(e, ERR_UNSUPPORTED, "there is no command that makes %s renew its login",
            r->tool->product);
    return err_hint(e, "say one: renew = COMMAND, in credrelay.conf(5)");
}

/* ---- in which environment ---- */

/* The wrapper in front of it would renew as well: it is told to keep out of this. */
static char no_recovery[] = "CLAUDE_P_NO_RECOVER=1";

static bool is_override(const struct tool *t, const char *variable)
{
    for (const char *const *name = t->overrides; *name; name++) {
        size_t len = strlen(*name);
        if (strncmp(variable, *name, len) == 0 && variable[len] == '=')
            return true;
    }
    return false;
}

/* On the heap; the variables themselves are the environment's own. */
static char **environment_for(const struct tool *t)
{
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **env = calloc(count + 2, sizeof *env);
    if (!env)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!is_override(t, environ[i]))
            env[kept++] = environ[i];
    env[kept] = no_recovery;
    return env;
}

/* ---- starting ---- */

struct birth {
    const struct renew_client *client;
    const char *folder;
    char **env;
    int null;
};

/* Between fork and exec: only what is safe there. */
static int be_client(void *ctx)
{
    const struct birth *b = ctx;
    sigset_t none;
    /* Not ours to end with: killed between its request and its saving the answer, it would take the
     * login with it.  It ends by itself, and the next sync publishes what it has saved. */
    setpgid(0, 0);
    inherit_restore(); /* it closes what was closed when we were started */
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (dup2(b->null, fd) < 0)
            return errno;
    if (chdir(b->folder) != 0)
        return errno;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(b->client->path, (char *const *)b->client->argv, b->env);
    return errno;
}

static int start(struct birth *b, pid_t *ret_pid)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    int failed = os_start(be_client, b, ret_pid);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return failed;
}

bool renew_client_start(const struct relay *r, struct renew_client *c, struct err *e)
{
    struct birth b = {.client = c,
                      .folder = r->state_dir,
                      .env = environment_for(r->tool),
                      .null = open("/dev/null", O_RDWR | O_CLOEXEC)};
    int failed = !b.env ? ENOMEM : b.null < 0 ? errno : start(&b, &c->pid);
    free((void *)b.env);
    if (b.null >= 0)
        close(b.null);
    return failed == 0 || err_errno(e, failed, "cannot run %s", c->path);
}

/* ---- its end ---- */

bool renew_client_ended(struct renew_client *c)
{
    if (c->pid && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
        c->pid = 0;
    return c->pid == 0;
}

void renew_client_end(struct renew_client *c)
{
    pid_t group = c->pid;
    if (renew_client_ended(c))
        return;
    kill(-group, SIGTERM);
    int64_t until = clock_steady_ms() + ASKED_MS;
    while (!renew_client_ended(c) && clock_steady_ms() < until)
        clock_sleep_ms(10);
    kill(-group, SIGKILL); /* what it has left behind as well */
    while (c->pid && waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
        ;
    c->pid = 0;
}

void renew_client_explain(const struct renew_client *c, char *out, size_t size)
{
    char command[128] = "";
    bool by_signal = WIFSIGNALED(c->status);
    for (size_t i = 0, at = 0; c->argv[i] && at < sizeof command; i++) {
        int n = snprintf(command + at, sizeof command - at, "%s%s", i ? " " : "", c->argv[i]);
        at += n > 0 ? (size_t)n : 0;
    }
    snprintf(out, size, "`%s` ended with %s %d", command, by_signal ? "signal" : "status",
             by_signal ? WTERMSIG(c->status) : WEXITSTATUS(c->status));
}
