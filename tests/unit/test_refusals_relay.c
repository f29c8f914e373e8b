/* A system that says no to what reads the log, the configuration and the stores' answers. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/helper.h"
#include "base/limits.h"
#include "journal/journal.h"
#include "journal/outcome.h"
#include "refuse.h"
#include "relay/relay.h"
#include "store/store.h"

#define EVENT(name)                                                                                \
    "{\"v\":1,\"ts\":\"2026-11-24T06:13:01.500Z\",\"event\":\"" name "\",\"relay\":\"claude\"}\n"

static bool count(void *ctx, const struct journal_event *ev)
{
    (void)ev;
    ++*(int *)ctx;
    return true;
}

/* ---- the log ---- */

/* Three files, an event in each. */
static void three_files(void)
{
    put_file(in_home("events.jsonl"), EVENT("pull"), 0600);
    put_file(in_home("events.jsonl.1"), EVENT("sync"), 0600);
    put_file(in_home("events.jsonl.2"), EVENT("run"), 0600);
}

/* What cannot be looked at is taken for no file. */
static const char *why_of(const char *call)
{
    return strcmp(call, "fstat") == 0 ? "is not a file" : "Input/output error";
}

/* Whichever call it is that fails: all events, or the reason, and never another number of events. */
static void test_reading(void **state)
{
    (void)state;
    static const char *const calls[] = {"open", "fstat", "stat", "pread"};
    static const enum journal_order orders[] = {JOURNAL_OLDEST_FIRST, JOURNAL_NEWEST_FIRST};
    const struct journal_wanted wanted = {.relay = "claude"};
    three_files();
    for (size_t c = 0; c < COUNT(calls); c++)
        for (size_t o = 0; o < COUNT(orders); o++) {
            bool more = true;
            int failed = 0;
            for (int nth = 1; more && nth < 1000; nth++) {
                struct err e = {.text = ""};
                int seen = 0;
                refuse(calls[c], nth, EIO);
                bool ok = journal_read(in_home("."), orders[o], &wanted, count, &seen, &e);
                more = was_refused();
                failed += !ok;
                if (!ok && !strstr(e.text, why_of(calls[c])))
                    fail_msg("%s %d: %s", calls[c], nth, e.text);
                if (ok && !more)
                    same_int(calls[c], seen, 3);
            }
            assert_false(more);
            if (strcmp(calls[c], "pread") == 0)
                assert_true(failed > 0);
        }
}

/* The same while events come and files are rotated. */
static void test_following(void **state)
{
    (void)state;
    static const char *const calls[] = {"open", "fstat", "stat", "pread"};
    const struct journal_wanted wanted = {.relay = "claude"};
    for (size_t c = 0; c < COUNT(calls); c++) {
        bool more = true;
        for (int nth = 1; more && nth < 1000; nth++) {
            struct err e = {.text = ""};
            struct journal j;
            int seen = 0;
            three_files();
            assert_true(journal_open(in_home("."), &j, &e));
            assert_int_equal(rename(in_home("events.jsonl"), in_home("events.jsonl.1")), 0);
            put_file(in_home("events.jsonl"), EVENT("publish"), 0600);
            refuse(calls[c], nth, EIO);
            bool ok = journal_news(&j, &wanted, count, &seen, &e);
            more = was_refused();
            if (!ok && !strstr(e.text, why_of(calls[c])))
                fail_msg("%s %d: %s", calls[c], nth, e.text);
            if (ok && !more)
                same_int(calls[c], seen, 1);
            journal_close(&j);
        }
        assert_false(more);
    }
}

/* From where another process has read to: the events behind it, or the reason and no new place. */
static void behind(const struct journal_mark *from, const char *call, int events)
{
    bool more = true;
    for (int nth = 1; more && nth < 1000; nth++) {
        struct journal_mark ret = {.file = "untouched"};
        struct err e;
        int seen = 0;
        refuse(call, nth, EIO);
        bool ok = journal_behind(in_home("."), from, count, &seen, &ret, &e);
        more = was_refused();
        if (!ok)
            same_text(call, ret.file, "untouched");
        if (!more) {
            same_int(call, ok, true);
            same_int(call, seen, events);
        }
    }
    assert_false(more);
}

static void test_behind(void **state)
{
    (void)state;
    static const char *const calls[] = {"open", "fstat", "pread"};
    const struct journal_mark nowhere = {.file = ""}, gone = {.file = "0123456789abcdef"};
    struct journal_mark end;
    struct err e;
    int seen = 0;
    three_files();
    assert_true(journal_behind(in_home("."), &nowhere, count, &seen, &end, &e));
    for (size_t c = 0; c < COUNT(calls); c++) {
        behind(&nowhere, calls[c], 3);
        behind(&gone, calls[c], 3);
        behind(&end, calls[c], 0);
    }
    end.at += 1000; /* behind the end of its file: none of this log's */
    behind(&end, "pread", 3);
}

static void test_interrupted(void **state)
{
    (void)state;
    const struct journal_wanted wanted = {.relay = "claude"};
    struct err e;
    int seen = 0;
    three_files();
    refuse("pread", 1, EINTR);
    assert_true(journal_read(in_home("."), JOURNAL_OLDEST_FIRST, &wanted, count, &seen, &e));
    assert_true(was_refused());
    same_int("all of them", seen, 3);
}

static void test_latest(void **state)
{
    (void)state;
    struct journal_latest latest;
    struct err e;
    bool more = true;
    three_files();
    for (int nth = 1; more && nth < 1000; nth++) {
        refuse("pread", nth, EIO);
        bool ok = journal_latest(in_home("."), "claude", &latest, &e);
        more = was_refused();
        same_int("said", ok, !more);
        if (ok)
            journal_latest_free(&latest);
    }
    assert_false(more);
}

/* ---- the machine's name ---- */

static void test_no_host_name(void **state)
{
    (void)state;
    static const int errors[] = {ENAMETOOLONG, 0}; /* 0: an empty one */
    for (size_t i = 0; i < COUNT(errors); i++) {
        struct relay r;
        struct err e;
        refuse("gethostname", 1, errors[i]);
        assert_true(relay_load(NULL, &r, &e));
        assert_true(was_refused());
        same_text("it is called", r.machine, "unnamed");
        relay_free(&r);
    }
}

/* ---- helpers ---- */

static void test_finding_helpers(void **state)
{
    (void)state;
    char out[LIMIT_PATH], name[100];
    assert_int_equal(mkdir(in_home("bin"), 0700), 0);
    put_file(in_home("bin/credrelay-store-x"), "", 0755);
    setenv("PATH", in_home("bin"), 1);
    refuse("readlink", EVERY,
           ENOENT); /* a system without /proc: where the program is, is not known */
    assert_true(helper_find("store-x", out));
    assert_true(was_refused());
    same_text("on PATH", out, in_home("bin/credrelay-store-x"));
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(helper_find(name, out));
}

/* It is there, and may not be run: that says nothing of what was asked. */
static void test_a_helper_not_to_be_run(void **state)
{
    (void)state;
    struct err e;
    char want[LIMIT_PATH + 64];
    put_file(in_home("plain"), "#!/bin/sh\n", 0644);
    const struct helper_call call = {.program = in_home("plain"), .timeout_ms = 1000};
    assert_null(helper_ask(&call, jv_object(), &e));
    snprintf(want, sizeof want, "cannot start %s: Permission denied", in_home("plain"));
    same_error("not to be run", &e, ERR_FAILED, want, "");
}

static bool ask_a_helper(struct err *e)
{
    const struct helper_call call = {.program = in_home("good"), .timeout_ms = 10000};
    jv *request = jv_object();
    if (!jv_put_text(request, "op", "x")) {
        jv_free(request);
        return err_no_memory(e);
    }
    jv *answer = helper_ask(&call, request, e);
    bool ok = answer != NULL;
    jv_free(answer);
    return ok;
}

static struct store store;

static bool ask_a_store(struct err *e)
{
    const struct store_call c = {
        .store = &store, .path = "/p", .role = "writer", .machine = "m", .timeout_ms = 10000};
    struct store_put_result put;
    struct store_value v;
    if (!store_put(&c, "{}", 2, 0, &put, e) || !store_get(&c, 0, &v, e))
        return false;
    same_int("put", put.version, 7);
    store_value_free(&v);
    return true;
}

static void test_helpers_starved(void **state)
{
    (void)state;
    put_file(in_home("good"), "#!/bin/sh\necho '{\"ok\":true,\"version\":7,\"value\":\"x\"}'\n",
             0755);
    snprintf(store.program, sizeof store.program, "%s", in_home("good"));
    store.display = "the store";
    setenv("PATH", "/usr/bin:/bin", 1);
    starve_each("a helper", ask_a_helper);
    starve_each("a store", ask_a_store);
}

static void test_a_put_without_a_version(void **state)
{
    (void)state;
    struct store_put_result put;
    struct err e;
    put_file(in_home("vague"), "#!/bin/sh\ncat >/dev/null\necho '{\"ok\":true}'\n", 0755);
    snprintf(store.program, sizeof store.program, "%s", in_home("vague"));
    store.display = "the store";
    setenv("PATH", "/usr/bin:/bin", 1);
    const struct store_call c = {
        .store = &store, .path = "/p", .role = "writer", .machine = "m", .timeout_ms = 10000};
    assert_false(store_put(&c, "{}", 2, 0, &put, &e));
    same_error("vague", &e, ERR_FAILED, "the store: the answer has no version",
               "what a store must answer: credrelay-store(7)");
}

/* Nobody said what a late answer means: then nothing is advised. */
static void test_a_late_answer(void **state)
{
    (void)state;
    struct err e;
    put_file(in_home("slow"), "#!/bin/sh\nexec sleep 20\n", 0755);
    const struct helper_call call = {.program = in_home("slow"), .timeout_ms = 10};
    assert_null(helper_ask(&call, jv_object(), &e));
    same_error("late", &e, ERR_UNREACHABLE, "no answer within 1 s", "");
}

/* A request that fits in a line but for the line's end. */
static void test_a_request_too_large(void **state)
{
    (void)state;
    static char text[LIMIT_STORE_LINE];
    const struct helper_call call = {.program = "/none", .timeout_ms = 1000};
    struct err e;
    memset(text, 'x', sizeof text);
    for (size_t more = 0; more < 2; more++) {
        text[sizeof text - strlen("{\"t\":\"\"}") - 1] = 'x';
        text[sizeof text - strlen("{\"t\":\"\"}") + more] = '\0';
        jv *request = jv_object();
        assert_true(jv_put_text(request, "t", text));
        assert_null(helper_ask(&call, request, &e));
        same_int("too large", e.code, ERR_TOO_LARGE);
        assert_non_null(strstr(e.text, "the request is larger than "));
        text[sizeof text - strlen("{\"t\":\"\"}") + more] = 'x';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_reading),
        IN_WORLD(test_following),
        IN_WORLD(test_behind),
        IN_WORLD(test_a_put_without_a_version),
        IN_WORLD(test_interrupted),
        IN_WORLD(test_latest),
        IN_WORLD(test_no_host_name),
        IN_WORLD(test_finding_helpers),
        IN_WORLD(test_a_request_too_large),
        IN_WORLD(test_a_late_answer),
        IN_WORLD(test_a_helper_not_to_be_run),
        IN_WORLD(test_helpers_starved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
