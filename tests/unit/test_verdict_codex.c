/* The verdict on runs of codex, by its description alone: whole and byte by byte. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "run/verdict.h"

#define BEGIN                                                                                      \
    "{\"type\":\"thread.started\",\"thread_id\":\"0199a213-81c0-7800-8aa1-bbab2a035a53\"}\n"       \
    "{\"type\":\"turn.started\"}\n"
#define ERROR(message)  "{\"type\":\"error\",\"message\":\"" message "\"}\n"
#define FAILED(message) "{\"type\":\"turn.failed\",\"error\":{\"message\":\"" message "\"}}\n"
#define BOTH(message)   BEGIN ERROR(message) FAILED(message)
#define ITEM            "{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"x\"}}\n"
#define DONE            "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":1}}\n"
#define AGAIN           " Please log out and sign in again."
#define NOT_REFRESHED   "Your access token could not be refreshed"
#define UNEXPECTED      "unexpected status "

static const struct {
    const char *out;
    enum run_format format;
    int exit_status;
    const char *verdict;
} cases[] = {
    /* a stream */
    {BEGIN ITEM DONE, RUN_STREAM_JSON, 0, "fine, worked, let go"},
    {BOTH("Not logged in"), RUN_STREAM_JSON, 1, "lapsed"},
    {BOTH(NOT_REFRESHED " because your refresh token has expired." AGAIN), RUN_STREAM_JSON, 1,
     "lapsed"},
    {BOTH(NOT_REFRESHED "." AGAIN), RUN_STREAM_JSON, 1, "lapsed"},
    {BOTH(NOT_REFRESHED " because you have since logged out or signed in to another account."
                        " Please sign in again."),
     RUN_STREAM_JSON, 1, "lapsed"},
    {BOTH(UNEXPECTED "401 Unauthorized: Missing bearer, url: https://x/y"), RUN_STREAM_JSON, 1,
     "lapsed"},
    {BOTH(UNEXPECTED "401 Unauthorized: {\\n  \\\"error\\\": 1\\n}, url: https://x/y"),
     RUN_STREAM_JSON, 1, "lapsed"},
    {BOTH(UNEXPECTED "403 Forbidden: <html>\\n<body>no</body>\\n</html>, url: https://x/y"),
     RUN_STREAM_JSON, 1, "other"},
    {BOTH(UNEXPECTED "403 Forbidden: your workspace is deactivated"), RUN_STREAM_JSON, 1,
     "forbidden"},
    {BOTH(UNEXPECTED "429 Too Many Requests: slow down"), RUN_STREAM_JSON, 1, "other"},
    {BOTH("stream disconnected before completion"), RUN_STREAM_JSON, 1, "other"},
    {BOTH(NOT_REFRESHED ": connection timed out"), RUN_STREAM_JSON, 1, "other"},
    {BEGIN ERROR("Reconnecting... 1/5") FAILED("Not logged in"), RUN_STREAM_JSON, 1, "lapsed"},
    /* what passed is no failure */
    {BEGIN ERROR(UNEXPECTED "401 Unauthorized: x") ITEM DONE, RUN_STREAM_JSON, 0,
     "fine, worked, let go"},
    /* in the middle of the work */
    {BEGIN ITEM FAILED(UNEXPECTED "401 Unauthorized: x"), RUN_STREAM_JSON, 1,
     "lapsed, worked, let go"},
    /* an answer that says it */
    {BEGIN "{\"type\":\"item.completed\",\"item\":{\"message\":\"Not logged in\"}}\n"
           "{\"type\":\"turn.failed\",\"error\":{\"message\":\"x\"}}\n",
     RUN_STREAM_JSON, 1, "other, worked, let go"},
    {BEGIN, RUN_STREAM_JSON, 1, "other"},
    {"", RUN_STREAM_JSON, 1, "other"},
    /* text: its errors are on standard error */
    {"", RUN_TEXT, 1, "other"},
    {"Paris\n", RUN_TEXT, 0, "fine, let go"},
};

static void judge(const char *out, enum run_format format, int status, size_t piece, char *ret,
                  size_t size)
{
    struct verdict *v = verdict_new(&tool_codex, format);
    struct verdict_result r;
    bool fine = false;
    assert_non_null(v);
    for (size_t at = 0, len = strlen(out); at < len; at += piece)
        fine = verdict_feed(v, out + at, piece < len - at ? piece : len - at) == VERDICT_FINE;
    verdict_end(v, status, false, &r);
    snprintf(ret, size, "%s%s%s", failure_class_name(r.meaning), r.worked ? ", worked" : "",
             fine ? ", let go" : "");
    if (strstr(out, "thread_id"))
        same_text(out, r.session, "0199a213-81c0-7800-8aa1-bbab2a035a53");
    verdict_free(v);
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char whole[64], bytes[64];
        judge(cases[i].out, cases[i].format, cases[i].exit_status, SIZE_MAX / 2, whole,
              sizeof whole);
        judge(cases[i].out, cases[i].format, cases[i].exit_status, 1, bytes, sizeof bytes);
        same_text(cases[i].out, whole, cases[i].verdict);
        same_text(cases[i].out, bytes, cases[i].verdict);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
