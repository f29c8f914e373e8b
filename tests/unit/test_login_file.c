/* The credentials file on this machine: every state it can be in, and what a write keeps. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "tool/login_source.h"

#define PART(token)                                                                                \
    "{\"accessToken\":\"sk-ant-oat01-TEST" token "\",\"refreshToken\":\"sk-ant-ort01-TEST" token   \
    "\",\"expiresAt\":1795464776123,\"scopes\":[\"user:inference\"]}"
#define LOGIN(token) "{\"claudeAiOauth\":" PART(token) "}"
#define BLANK                                                                                      \
    "{\"claudeAiOauth\":{\"accessToken\":\"\",\"refreshToken\":\"\",\"expiresAt\":0,"              \
    "\"scopes\":[]}}"

static const char *const path = ".claude/.credentials.json";

static const char *file(void)
{
    return in_home(path);
}

static struct login login(const char *text)
{
    struct login l = LOGIN_INIT(LOGIN_ABSENT);
    struct err e;
    assert_true(login_parse(&tool_claude, text, strlen(text), &l, &e));
    return l;
}

static struct login_source at(const char *where)
{
    return (struct login_source){.tool = &tool_claude, .path = where, .place = LOGIN_FILE};
}

static bool read_file(struct login *ret, struct err *why)
{
    const struct login_source source = at(file());
    return login_source_read(&source, ret, why);
}

static bool write_file(const struct login_facts *seen, const struct login *l, struct err *e)
{
    const struct login_source source = at(file());
    return login_source_write(&source, seen, l, e);
}

static int with_folder(void **state)
{
    return world_make(state) == 0 ? mkdir(in_home(".claude"), 0700) : -1;
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, with_folder, world_remove)

/* ---- reading ---- */

static void make_text(const char *text)
{
    put_file(file(), text, 0600);
}

static void make_folder(const char *text)
{
    (void)text;
    assert_int_equal(mkdir(file(), 0700), 0);
}

static void make_fifo(const char *text)
{
    (void)text;
    assert_int_equal(mkfifo(file(), 0600), 0);
}

static void make_link(const char *text)
{
    assert_int_equal(symlink(text, file()), 0);
}

static void make_nothing(const char *text)
{
    (void)text;
}

static void test_read(void **state)
{
    (void)state;
    static const struct {
        void (*make)(const char *text);
        const char *text;
        enum login_state state;
        enum err_code code;
        const char *why; /* %s: the file */
    } cases[] = {
        {make_text, LOGIN("A"), LOGIN_USABLE, ERR_NONE, ""},
        {make_nothing, NULL, LOGIN_ABSENT, ERR_NOT_FOUND, "%s does not exist"},
        {make_link, "nowhere", LOGIN_ABSENT, ERR_NOT_FOUND, "%s does not exist"},
        {make_text, "", LOGIN_EMPTY, ERR_INVALID, "%s is empty"},
        {make_text, "{\"claudeAi", LOGIN_TORN, ERR_INVALID, "%s is not one whole JSON object"},
        {make_text, "{}", LOGIN_NONE, ERR_INVALID, "%s holds no login: logged out"},
        {make_text, BLANK, LOGIN_BLANK, ERR_INVALID,
         "%s holds a blank login: a refresh was refused"},
        {make_text, "{\"claudeAiOauth\":{}}", LOGIN_MALFORMED, ERR_INVALID,
         "%s holds a malformed login: it has no access token"},
        {make_folder, NULL, LOGIN_NOT_A_FILE, ERR_INVALID, "%s is a folder, not a file"},
        {make_fifo, NULL, LOGIN_NOT_A_FILE, ERR_INVALID, "%s is a FIFO, not a file"},
        {make_link, "/dev/zero", LOGIN_NOT_A_FILE, ERR_INVALID, "%s is a device, not a file"},
        {make_link, ".credentials.json", LOGIN_UNREADABLE, ERR_IO,
         "cannot open %s: Too many levels of symbolic links"},
    };
    alarm(20); /* a FIFO must not block */
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct login l;
        struct err why = {.code = ERR_NONE};
        char want[2 * LIMIT_PATH] = "";
        const char *at = strstr(cases[i].why, "%s");
        if (at)
            snprintf(want, sizeof want, "%.*s%s%s", (int)(at - cases[i].why), cases[i].why, file(),
                     at + 2);
        cases[i].make(cases[i].text);
        assert_true(read_file(&l, &why));
        same_text("state", login_state_name(l.facts.state), login_state_name(cases[i].state));
        same_text("why", why.text, want);
        same_int(want, why.code, cases[i].code);
        login_free(&l);
        remove(file());
    }
    alarm(0);
}

/* Older clients truncate and rewrite in place.  A timer of this process's, not another process: however
 * late it is, it comes before the next look of who slept meanwhile. */
static char torn_file[LIMIT_PATH];

static void write_the_rest(int number)
{
    (void)number;
    int fd = open(torn_file, O_WRONLY | O_TRUNC | O_CLOEXEC);
    ssize_t n = write(fd, LOGIN("A"), sizeof LOGIN("A") - 1);
    (void)n;
    close(fd);
}

static void test_read_settles(void **state)
{
    (void)state;
    static const char *const torn[] = {"", "{\"claudeAiOauth\":{\"acc"};
    for (size_t i = 0; i < COUNT(torn); i++) {
        struct login l;
        struct err why;
        put_file(file(), torn[i], 0600);
        snprintf(torn_file, sizeof torn_file, "%s", file());
        struct sigaction rest = {.sa_handler = write_the_rest, .sa_flags = SA_RESTART};
        const struct itimerval soon = {.it_value = {.tv_usec = 40000}};
        assert_int_equal(sigaction(SIGALRM, &rest, NULL), 0);
        assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
        assert_true(read_file(&l, &why));
        same_text("whole by now", login_state_name(l.facts.state), "usable");
        assert_true(signal(SIGALRM, SIG_DFL) != SIG_ERR);
        login_free(&l);
    }
}

/* ---- writing ---- */

static const struct {
    const char *what;
    const char *before; /* NULL: no file */
    const char *after;  /* login B written */
    const char *damaged;
} writes[] = {
    {"first", NULL, LOGIN("B"), "(absent)"},
    {"empty", "", LOGIN("B"), "(absent)"},
    {"another login", LOGIN("A"), LOGIN("B"), "(absent)"},
    {"the same", LOGIN("B"), LOGIN("B"), "(absent)"},
    {"blank", BLANK, LOGIN("B"), "(absent)"},
    {"logged out", "{}", LOGIN("B"), "(absent)"},
    {"null", "{ \"claudeAiOauth\" : null }\n", "{ \"claudeAiOauth\" : " PART("B") " }\n",
     "(absent)"},
    {"every other byte stays",
     "{\n  \"n\": 12345678901234567890,\n  \"claudeAiOauth\": " PART(
         "A") ",\n  \"mcpOAuth\": "
              "{\"claudeAiOauth\":{},\"f\":0.10,\"t\":\"\\u00fc\xff\"}\n}\n",
     "{\n  \"n\": 12345678901234567890,\n  \"claudeAiOauth\": " PART(
         "B") ",\n  \"mcpOAuth\": "
              "{\"claudeAiOauth\":{},\"f\":0.10,\"t\":\"\\u00fc\xff\"}\n}\n",
     "(absent)"},
    {"no login beside others", "{\"mcpOAuth\":{}}",
     "{\"claudeAiOauth\":" PART("B") ",\"mcpOAuth\":{}}", "(absent)"},
    {"torn", "{\"mcpOAuth\":{\"a\":1},\"claudeAi", LOGIN("B"),
     "{\"mcpOAuth\":{\"a\":1},\"claudeAi"},
    {"garbage", "hello\n", LOGIN("B"), "hello\n"},
};

static void test_write(void **state)
{
    (void)state;
    umask(0);
    for (size_t i = 0; i < COUNT(writes); i++) {
        struct login seen = LOGIN_INIT(LOGIN_ABSENT), l = login(LOGIN("B"));
        struct err e = {.code = ERR_NONE};
        if (writes[i].before)
            put_file(file(), writes[i].before, 0644);
        assert_true(read_file(&seen, &e));
        if (!write_file(&seen.facts, &l, &e))
            fail_msg("%s: %s", writes[i].what, e.text);
        same_text(writes[i].what, file_text(file()), writes[i].after);
        same_text(writes[i].what, file_text(in_home(".claude/.credentials.json.damaged")),
                  writes[i].damaged);
        if (strcmp(writes[i].what, "the same") != 0)
            same_int(writes[i].what, file_mode(file()), 0600);
        same_int("the client's lock is gone", access(in_home(".claude.lock"), F_OK), -1);
        login_free(&seen);
        login_free(&l);
        unlink(in_home(".claude/.credentials.json.damaged"));
        unlink(file());
        same_int("no leftovers", files_in(in_home(".claude")), 0);
    }
}

static void test_write_first_folder(void **state)
{
    (void)state;
    struct login absent = LOGIN_INIT(LOGIN_ABSENT), l = login(LOGIN("B"));
    struct err e;
    umask(0);
    setenv("CLAUDE_CONFIG_DIR", in_home("deep/er"), 1);
    const struct login_source source = at(in_home("deep/er/.credentials.json"));
    assert_true(login_source_write(&source, &absent.facts, &l, &e));
    same_text("content", file_text(in_home("deep/er/.credentials.json")), LOGIN("B"));
    same_int("folder", file_mode(in_home("deep")), 0700);
    same_int("folder", file_mode(in_home("deep/er")), 0700);
    same_int("file", file_mode(in_home("deep/er/.credentials.json")), 0600);
    login_free(&l);
}

/* What the decision was made on must still be so. */
static void test_conflict(void **state)
{
    (void)state;
    static const struct {
        const char *seen, *now; /* NULL: absent */
        bool conflict;
    } cases[] = {
        {LOGIN("A"), LOGIN("C"), true},
        {NULL, LOGIN("C"), true},
        {BLANK, LOGIN("C"), true},
        {LOGIN("A"), "{\"x\":1,\"claudeAiOauth\":" PART("A") "}", false},
        {NULL, BLANK, false},
        {BLANK, NULL, false},
        {BLANK, "{\"claudeAi", false},
        /* the same login, its refresh token taken out or put in meanwhile */
        {LOGIN("A"),
         "{\"claudeAiOauth\":{\"accessToken\":\"sk-ant-oat01-TESTA\",\"expiresAt\":1795464776123,"
         "\"scopes\":[]}}",
         true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct login seen = cases[i].seen ? login(cases[i].seen) : LOGIN_INIT(LOGIN_ABSENT);
        struct login l = login(LOGIN("B"));
        struct err e = {.code = ERR_NONE};
        char want[LIMIT_PATH + 64];
        if (cases[i].now)
            put_file(file(), cases[i].now, 0600);
        bool ok = write_file(&seen.facts, &l, &e);
        same_int(cases[i].now ? cases[i].now : "(absent)", !ok, cases[i].conflict);
        if (!ok) {
            snprintf(want, sizeof want, "%s was changed by somebody else meanwhile", file());
            same_error("conflict", &e, ERR_CONFLICT, want, "");
            same_text("untouched", file_text(file()), cases[i].now);
        }
        same_int("the lock is gone", access(in_home(".claude.lock"), F_OK), -1);
        login_free(&seen);
        login_free(&l);
        unlink(file());
    }
}

static void test_write_refused(void **state)
{
    (void)state;
    struct login absent = LOGIN_INIT(LOGIN_ABSENT), l = login(LOGIN("B"));
    struct err e;
    char want[LIMIT_PATH + 64];
    make_folder(NULL);
    snprintf(want, sizeof want, "%s is a folder, not a file", file());
    assert_false(write_file(&absent.facts, &l, &e));
    same_text("a folder", e.text, want);
    same_int("the lock is gone", access(in_home(".claude.lock"), F_OK), -1);
    login_free(&l);
}

static void test_symlink(void **state)
{
    (void)state;
    struct login seen = login(LOGIN("A")), l = login(LOGIN("B"));
    struct err e;
    assert_int_equal(mkdir(in_home("synced"), 0700), 0);
    put_file(in_home("synced/login.json"), LOGIN("A"), 0600);
    assert_int_equal(symlink("../synced/login.json", file()), 0);
    assert_true(write_file(&seen.facts, &l, &e));
    same_text("where it really is", file_text(in_home("synced/login.json")), LOGIN("B"));
    struct stat st;
    assert_int_equal(lstat(file(), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    login_free(&seen);
    login_free(&l);
}

/* ---- the client's lock ---- */

static int client_saves(const void *arg)
{
    (void)arg;
    clock_sleep_ms(150);
    put_file(file(), LOGIN("C"), 0600);
    return rmdir(in_home(".claude.lock"));
}

/* The client is saving a login of its own: waited for, then seen. */
static void test_client_lock(void **state)
{
    (void)state;
    struct login seen = login(LOGIN("A")), l = login(LOGIN("B"));
    struct err e;
    put_file(file(), LOGIN("A"), 0600);
    assert_int_equal(mkdir(in_home(".claude.lock"), 0755), 0);
    int64_t began = clock_steady_ms();
    pid_t client = forked_start(client_saves, NULL);
    assert_false(write_file(&seen.facts, &l, &e));
    assert_in_range(clock_steady_ms() - began, 140, 7500);
    same_int("client", forked_end(client), 0);
    same_int("conflict", e.code, ERR_CONFLICT);
    same_text("the client's login stays", file_text(file()), LOGIN("C"));
    login_free(&seen);
    login_free(&l);
}

static void test_stale_lock(void **state)
{
    (void)state;
    struct login absent = LOGIN_INIT(LOGIN_ABSENT), l = login(LOGIN("B"));
    struct err e;
    assert_int_equal(mkdir(in_home(".claude.lock"), 0755), 0);
    make_old(in_home(".claude.lock"), 15);
    int64_t began = clock_steady_ms();
    assert_true(write_file(&absent.facts, &l, &e));
    assert_true(clock_steady_ms() - began < 7500); /* it waits for one that is kept up for 8 s */
    same_text("written", file_text(file()), LOGIN("B"));
    same_int("the lock is gone", access(in_home(".claude.lock"), F_OK), -1);
    login_free(&l);
}

/* ---- without the right to ---- */

enum { NOBODY = 65534 };

/* As somebody who owns the folder MINE only. */
static int write_as_nobody(const void *arg)
{
    const char *const *want = arg; /* the message; "": it works */
    struct login absent = LOGIN_INIT(LOGIN_ABSENT), l = login(LOGIN("B"));
    struct err e = {.code = ERR_NONE};
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        return 9;
    bool ok = write_file(&absent.facts, &l, &e);
    login_free(&l);
    if (!ok && strncmp(e.text, *want, strlen(*want)) != 0)
        fprintf(stderr, "%s\n", e.text);
    return ok ? 0 : e.code == ERR_DENIED && strncmp(e.text, *want, strlen(*want)) == 0 ? 1 : 2;
}

static void test_not_writable(void **state)
{
    (void)state;
    const char *want = "cannot write in ";
    if (geteuid() != 0)
        skip();
    /* The home is root's: no lock can be made, and the folder cannot be written either. */
    assert_int_equal(chmod(in_home(""), 0755), 0);
    assert_int_equal(chmod(in_home(".claude"), 0755), 0);
    same_int("refused", forked_end(forked_start(write_as_nobody, &want)), 1);
    same_text("nothing written", file_text(file()), "(absent)");
    /* Only the folder can be written, as when it is mounted into a container. */
    assert_int_equal(chown(in_home(".claude"), NOBODY, NOBODY), 0);
    same_int("written without the lock", forked_end(forked_start(write_as_nobody, &want)), 0);
    same_text("written", file_text(file()), LOGIN("B"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_read),       WITH_FOLDER(test_read_settles),
        WITH_FOLDER(test_write),      IN_WORLD(test_write_first_folder),
        WITH_FOLDER(test_conflict),   WITH_FOLDER(test_write_refused),
        WITH_FOLDER(test_symlink),    WITH_FOLDER(test_client_lock),
        WITH_FOLDER(test_stale_lock), WITH_FOLDER(test_not_writable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
