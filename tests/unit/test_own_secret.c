/* A secret of the user's in a file, in a system that says no. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "own_secret.h"
#include "refuse.h"

static const struct {
    const char *call;
    int nth, errnum;
    const char *before, *after; /* of the message, the file's path; NULL: the secret is read */
    const char *hint;           /* before the path */
} rows[] = {
    {"open", 1, EACCES, "cannot open ", ": Permission denied",
     "it must be yours, and open to you: ls -ld "},
    {"open", 1, ENOENT, "cannot open ", ": No such file or directory",
     "write the secret into it: (umask 077; cat >"},
    {"fstat", 1, EIO, "cannot look at ", ": Input/output error",
     "the disk or its server fails (dmesg): df "},
    {"read", 1, EIO, "cannot read ", ": Input/output error",
     "the disk or its server fails (dmesg): df "},
    {"read", 2, ESTALE, "cannot read ", ": Stale file handle",
     "its file server no longer knows it; mount it again: df "},
    {"read", 1, EINTR, NULL, NULL, NULL},
};

static bool read_token(const char *path, struct buf *out, struct err *e)
{
    jv *options = jv_object();
    bool ok =
        jv_put_text(options, "token-file", path) && own_secret_read(options, "token", 0, out, e);
    jv_free(options);
    return ok;
}

static void test_each_call(void **state)
{
    (void)state;
    put_file(in_home("token"), "tk_TEST\nmore\n", 0600);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[LIMIT_PATH + 64], hint[LIMIT_PATH + 64];
        struct buf out;
        struct err e = {.code = ERR_NONE};
        buf_init(&out, 100);
        refuse(rows[i].call, rows[i].nth, rows[i].errnum);
        bool ok = read_token(in_home("token"), &out, &e);
        assert_true(was_refused());
        same_int(rows[i].call, ok, !rows[i].before);
        if (ok) {
            same_text(rows[i].call, buf_str(&out), "tk_TEST");
        } else {
            snprintf(text, sizeof text, "%s%s%s", rows[i].before, in_home("token"), rows[i].after);
            snprintf(hint, sizeof hint, "%s'%s'%s", rows[i].hint, in_home("token"),
                     strchr(rows[i].hint, '(') && rows[i].errnum == ENOENT ? ")" : "");
            same_text(rows[i].call, e.text, text);
            same_text(rows[i].call, e.hint, hint);
        }
        buf_free(&out);
    }
}

static bool read_it(struct err *e)
{
    struct buf out;
    buf_init(&out, 100);
    bool ok = read_token(in_home("token"), &out, e) || (!e->code && err_no_memory(e));
    buf_free(&out);
    return ok;
}

static void test_no_memory(void **state)
{
    (void)state;
    put_file(in_home("token"), "tk_TEST\n", 0600);
    starve_each("the secret", read_it);
}

/* The first line is what counts; more of the file than may be is not looked at. */
static void test_a_large_file(void **state)
{
    (void)state;
    static char text[2 * LIMIT_OWN_SECRET];
    struct buf out;
    struct err e;
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "tk_TEST\n", 8);
    put_file(in_home("token"), text, 0600);
    buf_init(&out, 100);
    assert_true(read_token(in_home("token"), &out, &e));
    same_text("the first line", buf_str(&out), "tk_TEST");
    buf_free(&out);
}

int main(void)
{
    jv_free(jv_object()); /* the first one asks the system for randomness */
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_each_call),
        IN_WORLD(test_no_memory),
        IN_WORLD(test_a_large_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
