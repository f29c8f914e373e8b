/* A store is a URL and a helper; here the helper is a line of sh, called
 * credrelay-store-fake on PATH. */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"

static int with_helpers(void **state)
{
    char path[LIMIT_PATH];
    if (world_make(state) != 0 || mkdir(in_home("bin"), 0700) != 0)
        return -1;
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", in_home("bin"));
    return setenv("PATH", path, 1);
}

#define WITH_HELPERS(test) cmocka_unit_test_setup_teardown(test, with_helpers, world_remove)

static void helper(const char *name, const char *script)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "bin/credrelay-store-%s", name);
    snprintf(text, sizeof text, "#!/bin/sh\n%s\n", script);
    put_file(in_home(path), text, 0700);
}

/* ---- the URL ---- */

static const struct {
    const char *url;
    const char *path; /* NULL: refused */
    const char *display;
} urls[] = {
    {"fake:", "/claude/login", "fake"},
    {"fake:/srv/x.db", "/claude/login", "fake"},
    {"fake:~/x.db", "/claude/login", "fake"},
    {"fake:?a=/b", "/claude/login", "fake"},
    {"fake://us-west-2/claude/oauth/credentials", "/claude/oauth/credentials", "fake"},
    {"fake://us-west-2/name?profile=a/b&endpoint=http://127.0.0.1:1/", "/name", "fake"},
    {"fake:///name", "/name", "fake"},
    {"fake://h1,h2/a/b/", "/a/b/", "fake"},
    {"ssm://us-west-2/name", "/name", "Parameter Store"},
    {"local:", "/claude/login", "the local store"},
    {"a-2:x", "/claude/login", "a-2"},
    {"", NULL, NULL},
    {"fake", NULL, NULL},
    {":x", NULL, NULL},
    {"/srv/x.db", NULL, NULL},
    {"Fake://h/x", NULL, NULL},
    {"fa ke:x", NULL, NULL},
    {"fa/ke:x", NULL, NULL},
    {"../fake:x", NULL, NULL},
    {"fake://us-west-2", NULL, NULL},
    {"fake://us-west-2/", NULL, NULL},
    {"fake://us-west-2/?profile=x", NULL, NULL},
    {"fake://us-west-2?endpoint=http://127.0.0.1/x", NULL, NULL},
    {"abcdefghijklmnopqrstuvwxyz-01234:x", NULL, NULL},
};

static void test_urls(void **state)
{
    (void)state;
    static const char *const helpers[] = {"fake", "ssm", "local", "a-2"};
    for (size_t i = 0; i < COUNT(helpers); i++)
        helper(helpers[i], "");
    for (size_t i = 0; i < COUNT(urls); i++) {
        static struct store s;
        struct err e = {.text = ""};
        char want[256];
        bool ok = store_open(urls[i].url, "claude", &s, &e);
        if (ok != (urls[i].path != NULL))
            fail_msg("%s: %s", urls[i].url, ok ? "taken" : e.text);
        if (ok) {
            same_text(urls[i].url, s.path, urls[i].path);
            same_text(urls[i].url, s.display, urls[i].display);
            same_text(urls[i].url, s.url, urls[i].url);
        } else {
            snprintf(want, sizeof want, "'%s' is not a store", urls[i].url);
            same_error(urls[i].url, &e, ERR_USAGE, want,
                       "write store = ssm://REGION/NAME or store = local:");
        }
    }
}

static void test_url_too_long(void **state)
{
    (void)state;
    static struct store s;
    struct err e;
    static const struct {
        const char *start;
        int rest; /* digits after it */
        bool fits;
    } cases[] = {{"fake:/", 1017, true},
                 {"fake:/", 1018, false},
                 {"fake://h/", 510, true},
                 {"fake://h/", 511, false}};
    helper("fake", "");
    for (size_t i = 0; i < COUNT(cases); i++) {
        char url[1200];
        snprintf(url, sizeof url, "%s%0*d", cases[i].start, cases[i].rest, 0);
        same_int(url, store_open(url, "claude", &s, &e), cases[i].fits);
    }
}

/* ---- finding the helper ---- */

static void opens(const char *path, const char *want)
{
    static struct store s;
    struct err e;
    setenv("PATH", path, 1);
    if (want) {
        if (!store_open("fake:", "claude", &s, &e))
            fail_msg("PATH=%s: %s", path, e.text);
        same_text(path, s.program, want);
    } else {
        same_int(path, store_open("fake:", "claude", &s, &e), false);
        same_error(path, &e, ERR_UNSUPPORTED, "no helper for 'fake:' stores",
                   "install credrelay whole, or put a program called credrelay-store-fake on PATH");
    }
}

static void test_lookup(void **state)
{
    (void)state;
    char path[3 * LIMIT_PATH], program[LIMIT_PATH];
    snprintf(program, sizeof program, "%s", in_home("bin/credrelay-store-fake"));
    opens(in_home("bin"), NULL);
    unsetenv("PATH");
    helper("fake", "");
    opens(in_home("bin"), program);
    snprintf(path, sizeof path, "/nowhere::%s", in_home("bin"));
    opens(path, program);
    opens("", NULL);
    opens("/nowhere", NULL);
    /* what lies in the current folder is not run for that */
    opens("bin", NULL);
    opens("./bin:.", NULL);

    /* a folder and a file without the right are passed over */
    assert_int_equal(mkdir(in_home("early"), 0700), 0);
    assert_int_equal(mkdir(in_home("early/credrelay-store-fake"), 0700), 0);
    snprintf(path, sizeof path, "%s:%s", in_home("early"), in_home("bin"));
    opens(path, program);
    rmdir(in_home("early/credrelay-store-fake"));
    put_file(in_home("early/credrelay-store-fake"), "", 0600);
    opens(path, program);
    put_file(in_home("early/credrelay-store-fake"), "", 0700);
    opens(path, in_home("early/credrelay-store-fake"));
}

/* ---- one call ---- */

static struct store_call call(const struct store *s, int64_t timeout_ms)
{
    return (struct store_call){
        .store = s, .path = s->path, .role = "reader", .machine = "mac", .timeout_ms = timeout_ms};
}

#define ANSWER(json) "cat >request; printf '%s\\n' '" json "'"

#define MANUAL "what a store must answer: credrelay-store(7)"

static const struct {
    const char *script;
    enum err_code code; /* ERR_NONE: version 7, value x */
    const char *message, *hint;
    int64_t retry_after_ms;
} answers[] = {
    {ANSWER("{\"ok\":true,\"version\":7,\"value\":\"x\"}"), ERR_NONE, "", "", 0},
    {"printf '{\"ok\":true,\"version\":7,\"value\":\"x\"}'", ERR_NONE, "", "", 0},
    {"printf ' {\"ok\":true,\\n\"version\":7,\"value\":\"x\"}\\n\\n'; echo chatter >&2", ERR_NONE,
     "", "", 0},
    {ANSWER("{\"ok\":false,\"error\":\"not_found\",\"message\":\"nothing there\"}"), ERR_NOT_FOUND,
     "fake: nothing there", "", 0},
    {ANSWER("{\"ok\":false,\"error\":\"throttled\",\"message\":\"slow down\",\"hint\":\"wait\","
            "\"retry_after_ms\":1500}"),
     ERR_THROTTLED, "fake: slow down", "wait", 1500},
    {ANSWER("{\"ok\":false,\"error\":\"denied\",\"message\":\"a\\nb\",\"hint\":\"c\\u001b[0m\"}"),
     ERR_DENIED, "fake: a b", "c [0m", 0},
    {ANSWER("{\"ok\":false,\"error\":\"new_kind\",\"message\":\"m\"}"), ERR_FAILED, "fake: m", "",
     0},
    {ANSWER("{\"ok\":false}"), ERR_FAILED, "fake: it failed and did not say why", "", 0},
    {ANSWER("{\"version\":7,\"value\":\"x\"}"), ERR_FAILED, "fake: it failed and did not say why",
     "", 0},
    {ANSWER("{\"ok\":\"true\",\"version\":7,\"value\":\"x\"}"), ERR_FAILED,
     "fake: it failed and did not say why", "", 0},
    {ANSWER("[1]"), ERR_FAILED, "fake: it failed and did not say why", "", 0},
    {ANSWER("{\"ok\":true,\"version\":7}"), ERR_FAILED, "fake: the answer has no value", MANUAL, 0},
    {ANSWER("{\"ok\":true,\"value\":\"x\"}"), ERR_FAILED, "fake: the answer has no version", MANUAL,
     0},
    {ANSWER("{\"ok\":true,\"version\":0,\"value\":\"x\"}"), ERR_FAILED,
     "fake: the answer has no version", MANUAL, 0},
    {ANSWER("{\"ok\":true,\"version\":\"7\",\"value\":\"x\"}"), ERR_FAILED,
     "fake: the answer has no version", MANUAL, 0},
    {ANSWER("{\"ok\":true,\"version\":7,\"value\":null}"), ERR_FAILED,
     "fake: the answer has no value", MANUAL, 0},
    {"exit 1", ERR_FAILED, "fake: @ gave no answer (exit status 1)", "try: @ </dev/null", 0},
    {"echo why it failed >&2; echo more >&2; exit 3", ERR_FAILED,
     "fake: @ gave no answer (exit status 3): why it failed", "try: @ </dev/null", 0},
    {ANSWER("{\"ok\":true,\"version\":7,\"value\":\"x\"}") "; exit 2", ERR_FAILED,
     "fake: @ gave no answer (exit status 2)", "try: @ </dev/null", 0},
    {"kill -9 $$", ERR_FAILED, "fake: @ was killed by signal 9", "try: @ </dev/null", 0},
    {"exit 0", ERR_FAILED, "fake: @ answered something that is not JSON", "try: @ </dev/null", 0},
    {"echo sk-ant-oat01-TEST", ERR_FAILED, "fake: @ answered something that is not JSON",
     "try: @ </dev/null", 0},
    {"printf '{\"ok\":true,\"version\":7,\"value\":\"\\377\"}'", ERR_FAILED,
     "fake: @ answered something that is not JSON", "try: @ </dev/null", 0},
    {ANSWER("{\"ok\":true,\"version\":7,\"value\":\"x\"}") "; echo '{}'", ERR_FAILED,
     "fake: @ answered something that is not JSON", "try: @ </dev/null", 0},
    {"head -c 2097152 /dev/zero", ERR_TOO_LARGE,
     "fake: the helper's answer is larger than 1048576 bytes", "", 0},
};

/* TEXT with the helper's path for each "@". */
static const char *with_program(const char *text, const char *program, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (; *text && len < size; text++)
        len += (size_t)snprintf(out + len, size - len, *text == '@' ? "%s" : "%.1s",
                                *text == '@' ? program : text);
    return out;
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        static struct store s;
        struct store_value v = {.version = 77};
        struct err e = {.code = ERR_NONE};
        char message[2 * LIMIT_PATH], hint[2 * LIMIT_PATH];
        const char *script = answers[i].script;
        helper("fake", script);
        assert_true(store_open("fake:", "claude", &s, &e));
        const struct store_call c = call(&s, 10000);
        bool ok = store_get(&c, 0, &v, &e);
        same_text(script, err_name(e.code), err_name(answers[i].code));
        if (ok) {
            same_int(script, v.version, 7);
            same_int(script, v.modified, 0);
            same_text(script, v.by, "");
            same_text(script, secret_reveal(v.value, NULL), "x");
            store_value_free(&v);
            assert_null(v.value);
        } else {
            same_error(script, &e, answers[i].code,
                       with_program(answers[i].message, s.program, message, sizeof message),
                       with_program(answers[i].hint, s.program, hint, sizeof hint));
            same_int(script, e.retry_after_ms, answers[i].retry_after_ms);
            same_int("untouched", v.version, 77);
        }
    }
}

static void test_slow(void **state)
{
    (void)state;
    static struct store s;
    struct store_value v;
    struct err e;
    helper("fake", "exec sleep 60");
    assert_true(store_open("fake:", "claude", &s, &e));
    const struct store_call c = call(&s, 100);
    int64_t began = clock_steady_ms();
    assert_false(store_get(&c, 0, &v, &e));
    assert_in_range(clock_steady_ms() - began, 100, 20000);
    same_error("slow", &e, ERR_UNREACHABLE, "fake: no answer within 1 s",
               "try again, or raise `timeout` in credrelay.conf");
}

static void test_gone(void **state)
{
    (void)state;
    static struct store s;
    struct store_value v;
    struct err e;
    char want[2 * LIMIT_PATH];
    helper("fake", "");
    assert_true(store_open("fake:", "claude", &s, &e));
    unlink(s.program);
    const struct store_call c = call(&s, 1000);
    assert_false(store_get(&c, 0, &v, &e));
    snprintf(want, sizeof want, "fake: cannot start %s: No such file or directory", s.program);
    same_text("gone", e.text, want);
    /* Not ERR_NOT_FOUND: that would say that the store is empty. */
    same_text("gone", err_name(e.code), "failed");
}

/* What the helper is asked, to the letter. */
static void test_requests(void **state)
{
    (void)state;
    static struct store s;
    struct store_value v;
    struct store_put_result put;
    struct err e;
    helper("fake",
           ANSWER("{\"ok\":true,\"version\":8,\"modified\":5,\"by\":\"vps\",\"value\":\"a\\u00fc\","
                  "\"raced\":true}"));
    assert_true(store_open("fake://h/n?x=y", "claude", &s, &e));
    struct store_call c = call(&s, 2500);
    assert_true(store_get(&c, 0, &v, &e));
    same_text("get", file_text(in_home("request")),
              "{\"credrelay\":1,\"op\":\"get\",\"store\":\"fake://h/n?x=y\",\"path\":\"/n\","
              "\"role\":\"reader\",\"machine\":\"mac\",\"options\":{},\"deadline_ms\":2500}\n");
    same_int("version", v.version, 8);
    same_int("modified", v.modified, 5);
    same_text("by", v.by, "vps");
    same_text("value", secret_reveal(v.value, NULL), "a\xc3\xbc");
    store_value_free(&v);

    jv *options = jv_object();
    jv_put_text(options, "reader-profile", "p");
    c.options = options;
    c.path = "/n.renewable";
    c.role = "writer";
    assert_true(store_get(&c, 3, &v, &e));
    store_value_free(&v);
    same_text("get of a version", file_text(in_home("request")),
              "{\"credrelay\":1,\"op\":\"get\",\"store\":\"fake://h/n?x=y\",\"path\":"
              "\"/n.renewable\",\"role\":\"writer\",\"machine\":\"mac\",\"options\":{\"reader-"
              "profile\":\"p\"},\"deadline_ms\":2500,\"version\":3}\n");
    assert_true(store_put(&c, "{\"a\":1}!", 7, 6, &put, &e));
    same_text("put", file_text(in_home("request")),
              "{\"credrelay\":1,\"op\":\"put\",\"store\":\"fake://h/n?x=y\",\"path\":"
              "\"/n.renewable\",\"role\":\"writer\",\"machine\":\"mac\",\"options\":{\"reader-"
              "profile\":\"p\"},\"deadline_ms\":2500,\"value\":\"{\\\"a\\\":1}\",\"expect\":6}\n");
    same_int("version", put.version, 8);
    same_int("raced", put.raced, true);
    assert_false(store_put(&c, "\xff", 1, 6, &put, &e));
    same_error("not UTF-8", &e, ERR_INVALID, "the login is not valid UTF-8", "");
    jv_free(options);
}

static void test_wait(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int64_t version; /* -1: fails */
        enum err_code code;
    } cases[] = {
        {ANSWER("{\"ok\":true,\"version\":9,\"value\":\"v\"}"), 9, ERR_NONE},
        {ANSWER("{\"ok\":true}"), 0, ERR_NONE},
        {ANSWER("{\"ok\":true,\"version\":8}"), 0, ERR_NONE},
        {ANSWER("{\"ok\":false,\"error\":\"unsupported\",\"message\":\"no\"}"), -1,
         ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        static struct store s;
        struct err e = {.code = ERR_NONE};
        int64_t version = -1;
        helper("fake", cases[i].script);
        assert_true(store_open("fake:", "claude", &s, &e));
        const struct store_call c = call(&s, 10000);
        same_int(cases[i].script, store_wait(&c, 8, &version, &e), cases[i].code == ERR_NONE);
        same_int(cases[i].script, version, cases[i].version);
        same_int(cases[i].script, e.code, cases[i].code);
        assert_non_null(strstr(file_text(in_home("request")), "\"op\":\"wait\""));
        assert_non_null(strstr(file_text(in_home("request")), ",\"version\":8}\n"));
    }
}

static bool note(void *ctx, int64_t version, int64_t modified, const char *by, const char *value)
{
    buf_printf(ctx, "%lld/%lld/%s/%s ", (long long)version, (long long)modified, by, value);
    return version != 2;
}

static void test_history(void **state)
{
    (void)state;
    static const struct {
        const char *script, *seen;
        const char *error; /* NULL: none */
    } cases[] = {
        {ANSWER("{\"ok\":true,\"versions\":[{\"version\":2,\"value\":\"v\"},{\"value\":\"w\"}]}"),
         "2/0//v ", NULL},
        {ANSWER("{\"ok\":true,\"versions\":[{\"version\":3},{\"value\":\"w\"}]}"), "3/0// ",
         "fake: the answer has no version"},
        {ANSWER("{\"ok\":true,\"versions\":[{\"version\":5,\"modified\":9,\"by\":\"m\",\"value\":"
                "\"v\"},{\"version\":4}]}"),
         "5/9/m/v 4/0// ", NULL},
        {ANSWER("{\"ok\":true,\"versions\":[{\"version\":3},{\"version\":2},{\"version\":1}]}"),
         "3/0// 2/0// ", NULL},
        {ANSWER("{\"ok\":true,\"versions\":[]}"), "", NULL},
        {ANSWER("{\"ok\":true,\"versions\":{\"a\":1}}"), "", NULL},
        {ANSWER("{\"ok\":true}"), "", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        static struct store s;
        struct buf seen;
        struct err e;
        buf_init(&seen, 1000);
        helper("fake", cases[i].script);
        assert_true(store_open("fake:", "claude", &s, &e));
        const struct store_call c = call(&s, 10000);
        same_int(cases[i].script, store_history(&c, 50, note, &seen, &e), !cases[i].error);
        if (cases[i].error)
            same_text(cases[i].script, e.text, cases[i].error);
        same_text(cases[i].script, buf_str(&seen), cases[i].seen);
        assert_non_null(strstr(file_text(in_home("request")), ",\"limit\":50}\n"));
        buf_free(&seen);
    }
}

static void note_finding(void *ctx, const struct store_finding *f)
{
    buf_printf(ctx, "%s/%d%d/%s/%s ", f->name, f->ok, f->warning, f->detail, f->hint);
}

static void test_check(void **state)
{
    (void)state;
    static const struct {
        const char *script, *seen;
        const char *error; /* NULL: none */
    } cases[] = {
        {ANSWER("{\"ok\":true,\"checks\":[{\"name\":\"a\",\"ok\":true,\"detail\":\"d\",\"hint\":"
                "\"h\"},{\"name\":\"b\",\"ok\":true,\"warning\":true},{\"name\":\"c\",\"ok\":false}"
                "]}"),
         "a/10/d/h b/11// c/00// ", NULL},
        {ANSWER("{\"ok\":true,\"checks\":[]}"), "", NULL},
        {ANSWER("{\"ok\":true,\"checks\":[{},7]}"), "?/00// ?/00// ", NULL},
        {ANSWER("{\"ok\":true}"), "", "fake: the answer has no checks"},
        {ANSWER("{\"ok\":false,\"error\":\"unsupported\",\"message\":\"no\"}"), "", "fake: no"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        static struct store s;
        struct buf seen;
        struct err e = {.text = ""};
        buf_init(&seen, 1000);
        helper("fake", cases[i].script);
        assert_true(store_open("fake:", "claude", &s, &e));
        const struct store_call c = call(&s, 10000);
        same_int(cases[i].script, store_check(&c, note_finding, &seen, &e), !cases[i].error);
        same_text(cases[i].script, buf_str(&seen), cases[i].seen);
        if (cases[i].error)
            same_text(cases[i].script, e.text, cases[i].error);
        assert_non_null(strstr(file_text(in_home("request")), "\"op\":\"check\""));
        buf_free(&seen);
    }
}

/* What it says to people is handed on, whether the call worked or not. */
static void test_errors(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "echo a hint >&2; echo another >&2; exit 1",
        "echo a hint >&2; echo another >&2; echo '{\"ok\":true,\"version\":7,\"value\":\"x\"}'",
    };
    for (size_t i = 0; i < COUNT(scripts); i++) {
        static struct store s;
        struct store_value v = {.value = NULL};
        struct buf said;
        struct err e;
        buf_init(&said, 1000);
        helper("fake", scripts[i]);
        assert_true(store_open("fake:", "claude", &s, &e));
        struct store_call c = call(&s, 10000);
        c.errors = &said;
        same_int(scripts[i], store_get(&c, 0, &v, &e), i == 1);
        same_text(scripts[i], buf_str(&said), "a hint\nanother\n");
        store_value_free(&v);
        buf_free(&said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HELPERS(test_urls),     WITH_HELPERS(test_url_too_long), WITH_HELPERS(test_lookup),
        WITH_HELPERS(test_answers),  WITH_HELPERS(test_slow),         WITH_HELPERS(test_gone),
        WITH_HELPERS(test_requests), WITH_HELPERS(test_wait),         WITH_HELPERS(test_history),
        WITH_HELPERS(test_errors),   WITH_HELPERS(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
