/* Codes and their names, and texts that stay one printable line whatever goes into them. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"

static void test_codes(void **state)
{
    (void)state;
    static const struct {
        enum err_code code;
        const char *name;
        int exit_status;
    } cases[] = {
        {ERR_NONE, "ok", 0},
        {ERR_USAGE, "usage", 64},
        {ERR_INVALID, "invalid", 65},
        {ERR_NOT_FOUND, "not_found", 65},
        {ERR_DENIED, "denied", 77},
        {ERR_BAD_CREDENTIALS, "bad_credentials", 77},
        {ERR_CONFLICT, "conflict", 75},
        {ERR_THROTTLED, "throttled", 75},
        {ERR_UNREACHABLE, "unreachable", 69},
        {ERR_TOO_LARGE, "too_large", 65},
        {ERR_UNSUPPORTED, "unsupported", 69},
        {ERR_BUSY, "busy", 75},
        {ERR_IO, "io", 74},
        {ERR_NO_MEMORY, "no_memory", 71},
        {ERR_HOPELESS, "hopeless", 78},
        {ERR_FAILED, "failed", 69},
    };
    same_int("one row for each code", COUNT(cases), ERR_COUNT);
    for (size_t i = 0; i < COUNT(cases); i++) {
        same_text("name", err_name(cases[i].code), cases[i].name);
        same_int(cases[i].name, err_exit_status(cases[i].code), cases[i].exit_status);
        if (cases[i].code != ERR_NONE)
            same_int(cases[i].name, err_by_name(cases[i].name), cases[i].code);
    }
    /* A helper that says it failed with "ok" failed. */
    static const char *const unknown[] = {"ok", "", "Denied", "nonsense", NULL};
    for (size_t i = 0; i < COUNT(unknown); i++)
        same_int("unknown", err_by_name(unknown[i]), ERR_FAILED);
}

static void test_set(void **state)
{
    (void)state;
    struct err e = {.retry_after_ms = 5, .hint = "old"};
    assert_false(err_set(&e, ERR_BUSY, "a%db\nc\td\x1b[31me\x7f", 1));
    same_error("control characters", &e, ERR_BUSY, "a1b c d [31me ", "");
    same_int("retry_after", e.retry_after_ms, 0);
    assert_false(err_hint(&e, "run\r\n%s", "this"));
    same_text("hint", e.hint, "run  this");
}

static void test_errno(void **state)
{
    (void)state;
    static const struct {
        int errnum;
        enum err_code code;
        const char *text;
    } cases[] = {
        {ENOMEM, ERR_NO_MEMORY, "cannot open x: Cannot allocate memory"},
        {EACCES, ERR_DENIED, "cannot open x: Permission denied"},
        {EPERM, ERR_DENIED, "cannot open x: Operation not permitted"},
        {EROFS, ERR_DENIED, "cannot open x: Read-only file system"},
        {ENOENT, ERR_NOT_FOUND, "cannot open x: No such file or directory"},
        {ENOSPC, ERR_IO, "cannot open x: No space left on device"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {.hint = "old", .retry_after_ms = 7};
        assert_false(err_errno(&e, cases[i].errnum, "cannot open %s", "x"));
        same_error("errno", &e, cases[i].code, cases[i].text, "");
        same_int("retry_after", e.retry_after_ms, 0);
    }
}

static void test_context(void **state)
{
    (void)state;
    char long_text[2000];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    struct err e;
    err_set(&e, ERR_DENIED, "access denied");
    err_hint(&e, "ask");
    assert_false(err_context(&e, "GetParameter"));
    assert_false(err_context(&e, "pull"));
    same_error("two levels", &e, ERR_DENIED, "pull: GetParameter: access denied", "ask");

    err_set(&e, ERR_FAILED, "%s", long_text);
    same_int("cut", (long long)strlen(e.text), sizeof e.text - 1);
    err_context(&e, "pull");
    same_int("cut again", (long long)strlen(e.text), sizeof e.text - 1);
    same_int("context in front", strncmp(e.text, "pull: xxx", 9), 0);

    err_set(&e, ERR_FAILED, "kept");
    err_context(&e, long_text);
    same_text("a context that does not fit is left out", e.text, "kept");

    err_errno(&e, EACCES, "%s", long_text);
    same_int("errno of a long text", (long long)strlen(e.text), sizeof e.text - 1);
    same_text("its end is what happened", e.text + strlen(e.text) - 20, "x: Permission denied");
    err_set(&e, ERR_NOT_FOUND, "cannot find %s anywhere", long_text);
    same_int("the beginning is kept", strncmp(e.text, "cannot find xxx", 15), 0);
    same_text("and the end", e.text + strlen(e.text) - 12, "xxx anywhere");

    err_hint(&e, "rm '%s'", long_text);
    same_text("half a command is worse than none", e.hint, "");
}

/* Texts go into JSON (--json, the log, a helper's answer), which takes UTF-8 only: a text cut
 * inside a character, or with somebody's Latin-1 path in it, would not be told at all. */
static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x94\x91",
         "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x94\x91"},
        {"/home/Z\xfcrich", "/home/Z?rich"},
        {"cut \xe2\x82", "cut ??"},
        {"cut \xf0\x9f\x94", "cut ???"},
        {"\x80\xbf", "??"},
        {"overlong \xc0\xaf", "overlong ??"},
        {"overlong \xe0\x80\xaf", "overlong ???"},
        {"surrogate \xed\xa0\x80", "surrogate ???"},
        {"beyond \xf4\x90\x80\x80", "beyond ????"},
        {"\xff\xfe", "??"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e;
        err_set(&e, ERR_FAILED, "%s", cases[i].in);
        err_hint(&e, "%s", cases[i].in);
        same_error(cases[i].out, &e, ERR_FAILED, cases[i].out, cases[i].out);
    }
    for (int pad = 0; pad < 4; pad++) {
        struct err e;
        char text[1100] = "xxxx";
        for (int at = pad; at < 1000; at += 3)
            memcpy(text + at, "\xe2\x82\xac", 4);
        err_set(&e, ERR_FAILED, "%s", text);
        err_context(&e, "a");
        jv *v = jv_object();
        assert_true(jv_put_text(v, "message", e.text));
        jv_free(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_codes),   IN_WORLD(test_set),  IN_WORLD(test_errno),
        IN_WORLD(test_context), IN_WORLD(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
