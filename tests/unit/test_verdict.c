/* The verdict on every recorded run (tests/corpus), whatever the chunking, and on runs made up
 * for what the recordings do not show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/secret.h"
#include "run/verdict.h"
#include "tool/description.h"

#define SMALL      2000 /* bytes up to which every split in two is tried */
#define SPLITS     50   /* random splits of every output */
#define RECORDINGS 720
#define FILE_MAX   (1u << 20)

struct run {
    const char *out;
    size_t len;
    enum run_format format;
    int exit_status;
    bool overridden;
};

/* What is learned of a run: the end, and whether and how it was let go and seen retrying. */
struct seen {
    struct verdict_result result;
    bool fine, retrying;
};

static uint64_t random_state = 0x9e3779b97f4a7c15;

static size_t below(size_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % n);
}

static size_t all(size_t left)
{
    return left;
}

static size_t one(size_t left)
{
    (void)left;
    return 1;
}

static size_t some(size_t left)
{
    size_t n = 1 + below(left < 400 ? left : 400);
    return below(4) == 0 ? 1 + n % 3 : n;
}

static struct seen feed(const struct run *r, size_t first, size_t (*next)(size_t left))
{
    struct seen s = {0};
    struct verdict *v = verdict_new(&tool_claude, r->format);
    assert_non_null(v);
    for (size_t at = 0; at < r->len;) {
        size_t n = at == 0 && first ? first : next(r->len - at);
        n = n < r->len - at ? n : r->len - at;
        /* A block of its own, so that a sanitizer sees a read past its end. */
        char *chunk = memcpy(test_malloc(n), r->out + at, n);
        bool fine = verdict_feed(v, chunk, n) == VERDICT_FINE;
        test_free(chunk);
        assert_true(fine || !s.fine);
        s.fine = fine;
        at += n;
    }
    s.retrying = verdict_retrying(v);
    verdict_end(v, r->exit_status, r->overridden, &s.result);
    verdict_free(v);
    return s;
}

static void assert_same(const struct seen *a, const struct seen *b)
{
    assert_int_equal(a->result.meaning, b->result.meaning);
    assert_int_equal(a->result.worked, b->result.worked);
    assert_string_equal(a->result.session, b->result.session);
    assert_string_equal(a->result.message, b->result.message);
    assert_int_equal(a->fine, b->fine);
    assert_int_equal(a->retrying, b->retrying);
}

static struct seen feed_every_way(const struct run *r)
{
    struct seen whole = feed(r, 0, all), other = feed(r, 0, one);
    assert_same(&whole, &other);
    for (size_t first = 1; r->len <= SMALL && first < r->len; first++) {
        other = feed(r, first, all);
        assert_same(&whole, &other);
    }
    for (int i = 0; i < SPLITS; i++) {
        other = feed(r, 0, some);
        assert_same(&whole, &other);
    }
    return whole;
}

static void describe(const struct seen *s, char *ret, size_t size)
{
    snprintf(ret, size, "%s%s%s%s", failure_class_name(s->result.meaning),
             s->result.worked ? ", worked" : "", s->fine ? ", let go" : "",
             s->retrying ? ", retrying" : "");
}

static enum run_format format_by_name(const char *name)
{
    return strcmp(name, "text") == 0   ? RUN_TEXT
           : strcmp(name, "json") == 0 ? RUN_JSON
                                       : RUN_STREAM_JSON;
}

/* The class, and of failures of credentials, in the formats that show it, whether work was done;
 * only output of a run that did none may still be held at the end. */
static bool is_right(const jv *record, const struct run *r, const struct seen *s)
{
    const char *want = jv_text(record, "verdict"), *also = jv_text(record, "also_accepted");
    const char *got = failure_class_name(s->result.meaning);
    bool credentials = strcmp(want, "fine") != 0 && strcmp(want, "other") != 0;
    if (strcmp(got, want) != 0 && (!also || strcmp(got, also) != 0))
        return false;
    if (credentials != (s->result.message[0] != '\0'))
        return false;
    if (!credentials || r->format == RUN_TEXT)
        return true;
    return s->result.worked == jv_flag(record, "worked") && s->result.session[0] &&
           (s->result.worked || !s->fine);
}

static bool judge_recording(const char *file, const jv *record)
{
    const char *out = jv_text(record, "stdout"), *format = jv_text(record, "format");
    struct run r = {.out = out,
                    .len = strlen(out),
                    .format = format_by_name(format),
                    .exit_status = (int)jv_number(record, "exit_code", -1),
                    .overridden = jv_size(jv_get(record, "env")) > 0};
    struct seen s = feed_every_way(&r);
    char got[64];
    describe(&s, got, sizeof got);
    if (is_right(record, &r, &s))
        return true;
    print_error("%s %s %s: %s, message \"%s\"\n", file, jv_text(record, "scenario"), format, got,
                s.result.message);
    return false;
}

/* Judges each line of a file; adds how many there were and how many came out wrong. */
static void judge_file(const char *path, int *ret_count, int *ret_wrong)
{
    static char text[FILE_MAX];
    struct err e;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    assert_true(feof(f));
    fclose(f);
    const char *line = text, *newline;
    for (; (newline = strchr(line, '\n')); line = newline + 1) {
        jv *record = jv_parse(line, (size_t)(newline - line), &e);
        assert_non_null(record);
        *ret_wrong += !judge_recording(strrchr(path, '/') + 1, record);
        ++*ret_count;
        jv_free(record);
    }
}

static void every_recording_gets_its_verdict(void **state)
{
    (void)state;
    const char *folder = getenv("CREDRELAY_CORPUS");
    DIR *d = folder ? opendir(folder) : NULL;
    assert_non_null(d);
    int count = 0, wrong = 0;
    for (struct dirent *entry; d && (entry = readdir(d));) {
        const char *dot = strrchr(entry->d_name, '.');
        char path[LIMIT_PATH];
        if (!dot || strcmp(dot, ".jsonl") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        judge_file(path, &count, &wrong);
    }
    if (d)
        closedir(d);
    assert_int_equal(wrong, 0);
    assert_int_equal(count, RECORDINGS);
}

#define DOT "\xc2\xb7"
#define INIT                                                                                       \
    "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"5e55\",\"apiKeySource\":\"none\"}" \
    "\n"
#define LIMITS "{\"type\":\"rate_limit_event\",\"rate_limit_info\":{\"status\":\"allowed\"}}\n"
#define RETRY                                                                                      \
    "{\"type\":\"system\",\"subtype\":\"api_retry\",\"error_status\":401,"                         \
    "\"error\":\"authentication_failed\"}\n"
#define REFUSED                                                                                    \
    "{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\",\"content\":[]},"              \
    "\"error\":\"authentication_failed\"}\n"
#define ANSWER                                                                                     \
    "{\"type\":\"assistant\",\"message\":{\"id\":\"m\",\"model\":\"claude-x\",\"content\":[]}}\n"
#define TOOL_SAYS                                                                                  \
    "{\"type\":\"user\",\"message\":{\"content\":[{\"type\":\"tool_result\",\"is_error\":true,"    \
    "\"content\":\"Not logged in " DOT " Please run /login\"}]},\"tool_use_result\":"              \
    "{\"type\":\"result\",\"is_error\":true,\"api_error_status\":401}}\n"
#define RESULT_401                                                                                 \
    "{\"type\":\"result\",\"is_error\":true,\"num_turns\":1,\"total_cost_usd\":0,"                 \
    "\"result\":\"Failed to authenticate. API Error: 401 x\",\"api_error_status\":401}\n"
#define RESULT_FINE     "{\"type\":\"result\",\"is_error\":false,\"num_turns\":1,\"result\":\"ok\"}\n"
#define FAILED(members) "{\"type\":\"result\",\"is_error\":true," members "}"
#define NOT_LOGGED_IN   "\"result\":\"Not logged in \\u00b7 Please run /login\""

static const struct {
    const char *name, *out;
    enum run_format format;
    int exit_status;
    const char *seen; /* verdict, and ", worked", ", let go", ", retrying" */
} cases[] = {
    {"empty", "", RUN_TEXT, 1, "other"},
    {"empty json", "", RUN_JSON, 1, "other"},
    {"empty stream", "", RUN_STREAM_JSON, 1, "other"},
    {"white space", " \n\n", RUN_TEXT, 1, "other"},
    {"the phrase, exit 0", "Not logged in " DOT " Please run /login\n", RUN_TEXT, 0, "fine"},
    {"the phrase, exit 1", "Not logged in " DOT " Please run /login\n", RUN_TEXT, 1, "lapsed"},
    {"killed after it", "Not logged in " DOT " Please run /login\n", RUN_TEXT, 143, "lapsed"},
    {"CRLF", "Not logged in " DOT " Please run /login\r\n", RUN_TEXT, 1, "lapsed"},
    {"BOM", "\xef\xbb\xbfNot logged in " DOT " Please run /login", RUN_TEXT, 1, "lapsed"},
    {"an answer that begins so", "Not logged in " DOT " Please run /login\nmeans this:\n", RUN_TEXT,
     1, "other, let go"},
    {"an answer that quotes it", "It prints: Not logged in " DOT " Please run /login", RUN_TEXT, 1,
     "other, let go"},
    {"with an exclamation mark", "Not logged in!", RUN_TEXT, 1, "lapsed"},
    {"a clause without a space", "Not logged in.Please run /login", RUN_TEXT, 1, "other, let go"},
    {"a status, a colon and words", "API Error: 401: no", RUN_TEXT, 1, "lapsed"},
    {"a body with a list", "API Error: 401 {\"a\":[{\"b\":1}]}", RUN_TEXT, 1, "lapsed"},
    {"a body cut behind a backslash", "API Error: 401 {\"a\":\"\\", RUN_TEXT, 1, "lapsed"},
    {"a page that does not end", "API Error: 401 <html", RUN_TEXT, 1, "lapsed"},
    {"any line that ends with the advice", "Token is odd: please use /login.", RUN_TEXT, 1,
     "lapsed"},
    {"a line that ends otherwise", "Token is odd: no.", RUN_TEXT, 1, "other"},
    {"its first word", "Token", RUN_TEXT, 1, "other"},
    {"and a short one", "Token x", RUN_TEXT, 1, "other"},
    {"in colours", "\033[31mNot \033[1mlogged\033[0m in\033[39m\n", RUN_TEXT, 1, "lapsed"},
    {"a colour that does not end", "\033[31", RUN_TEXT, 1, "other"},
    {"an escape that is no colour", "\033cNot logged in", RUN_TEXT, 1, "lapsed"},
    {"half of it", "Not logged", RUN_TEXT, 1, "other"},
    {"no UTF-8", "Not logged in \xb7 Please run /login", RUN_TEXT, 1, "other, let go"},

    {"json, status alone", FAILED("\"result\":\"new words\",\"api_error_status\":401"), RUN_JSON, 1,
     "lapsed"},
    {"json, exit 0", FAILED(NOT_LOGGED_IN), RUN_JSON, 0, "fine"},
    {"json, \\u00b7", FAILED(NOT_LOGGED_IN), RUN_JSON, 1, "lapsed"},
    {"json, BOM and CRLF", "\xef\xbb\xbf" FAILED(NOT_LOGGED_IN) "\r\n", RUN_JSON, 1, "lapsed"},
    {"json, type last", "{\"result\":\"Not logged in\",\"is_error\":true,\"type\":\"result\"}",
     RUN_JSON, 1, "lapsed"},
    {"json, no type", "{\"is_error\":true," NOT_LOGGED_IN "}", RUN_JSON, 1, "lapsed"},
    {"json, over lines",
     "{\n  \"type\": \"result\",\n  \"is_error\": true,\n  " NOT_LOGGED_IN "\n}\n", RUN_JSON, 1,
     "lapsed"},
    {"json, unseen advice", FAILED("\"result\":\"Subscription moved; use /login once\""), RUN_JSON,
     1, "lapsed"},
    {"json, unseen words", FAILED("\"result\":\"Something else\""), RUN_JSON, 1, "other"},
    {"json, an answer that begins so", FAILED("\"result\":\"Not logged in\\nis what it says\""),
     RUN_JSON, 1, "other"},
    {"json, words of another status", FAILED(NOT_LOGGED_IN ",\"api_error_status\":529"), RUN_JSON,
     1, "other"},
    {"json, 403", FAILED("\"result\":\"Request not allowed\",\"api_error_status\":403"), RUN_JSON,
     1, "other"},
    {"json, 403 revoked",
     FAILED("\"result\":\"x: token has been revoked\",\"api_error_status\":403"), RUN_JSON, 1,
     "lapsed"},
    {"json, 403 organization",
     FAILED("\"result\":\"not this organization\",\"api_error_status\":403"), RUN_JSON, 1,
     "forbidden"},
    {"json, external key",
     FAILED("\"result\":\"Invalid API key " DOT " Fix external API key\",\"api_error_status\":401"),
     RUN_JSON, 1, "overridden"},
    {"json, error named", FAILED("\"error\":\"authentication_failed\""), RUN_JSON, 1, "lapsed"},
    {"json, in errors",
     FAILED("\"subtype\":\"error_during_execution\",\"errors\":[\"Not logged in\"]"), RUN_JSON, 1,
     "lapsed"},
    {"json, deeper errors", FAILED("\"errors\":[[\"Not logged in\"],{\"a\":\"Not logged in\"}]"),
     RUN_JSON, 1, "other"},
    {"json, in errors, after a diagnosis", FAILED("\"errors\":[\"x\",\"Not logged in\",\"y\"]"),
     RUN_JSON, 1, "lapsed"},
    {"json, errors before other words", FAILED("\"errors\":[\"Not logged in\"],\"result\":\"x\""),
     RUN_JSON, 1, "other"},
    {"json, an error as the API has it",
     "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"x\"}}",
     RUN_JSON, 1, "lapsed"},
    {"json, another error of the API",
     "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}", RUN_JSON,
     1, "other"},
    {"json, an organization by name, and 403",
     FAILED("\"error\":\"oauth_org_not_allowed\",\"result\":\"x\",\"api_error_status\":403"),
     RUN_JSON, 1, "forbidden"},
    {"json, turns", FAILED("\"num_turns\":2," NOT_LOGGED_IN), RUN_JSON, 1, "lapsed, worked"},
    {"json, cost", FAILED("\"total_cost_usd\":1e-05," NOT_LOGGED_IN), RUN_JSON, 1,
     "lapsed, worked"},
    {"json, no cost", FAILED("\"total_cost_usd\":0.00e5," NOT_LOGGED_IN), RUN_JSON, 1, "lapsed"},
    {"json, fine", "{\"type\":\"result\",\"is_error\":false,\"result\":\"Not logged in\"", RUN_JSON,
     1, "other, let go"},
    {"json, a key twice", "{\"is_error\":false,\"is_error\":true," NOT_LOGGED_IN "}", RUN_JSON, 1,
     "lapsed, let go"},
    {"json, nested only",
     "{\"type\":\"result\",\"a\":{\"is_error\":true,\"result\":\"Not logged in\"}}", RUN_JSON, 1,
     "other"},
    {"json, in a string",
     "{\"type\":\"result\",\"a\":\"\\\",\\\"is_error\\\":true,\\\"b\\\":\\\"\"}", RUN_JSON, 1,
     "other"},
    {"json, broken off", "{\"type\":\"result\",\"is_error\":true,\"result\":\"Not logged in\"",
     RUN_JSON, 1, "other"},
    {"json, invalid", "{\"type\":\"result\" \"is_error\":true,\"result\":\"Not logged in\"}",
     RUN_JSON, 1, "other"},
    {"json, text instead", "Not logged in " DOT " Please run /login\n", RUN_JSON, 1, "lapsed"},
    {"json, other text instead", "Segmentation fault\n", RUN_JSON, 1, "other, let go"},
    {"json, odd types", "{\"type\":1,\"is_error\":\"true\",\"result\":[\"Not logged in\"]}",
     RUN_JSON, 1, "other"},
    {"json, null", "{\"type\":\"result\",\"is_error\":null,\"result\":null}", RUN_JSON, 1, "other"},
    {"json, a status that is none", FAILED(NOT_LOGGED_IN ",\"api_error_status\":99"), RUN_JSON, 1,
     "lapsed"},
    {"json, cost as a text", FAILED("\"total_cost_usd\":\"5\"," NOT_LOGGED_IN), RUN_JSON, 1,
     "lapsed"},
    {"json, a cost below nothing", FAILED("\"total_cost_usd\":-1," NOT_LOGGED_IN), RUN_JSON, 1,
     "lapsed"},
    {"json, no turns", FAILED("\"num_turns\":0," NOT_LOGGED_IN), RUN_JSON, 1, "lapsed"},
    {"json, error as a number", FAILED("\"error\":5," NOT_LOGGED_IN), RUN_JSON, 1, "lapsed"},
    {"json, an error not known, after the words", FAILED(NOT_LOGGED_IN ",\"error\":\"new\""),
     RUN_JSON, 1, "lapsed"},
    {"json, the words of an error whose name says nothing",
     "{\"type\":\"error\",\"error\":{\"type\":\"permission_error\",\"message\":\"OAuth token has "
     "been revoked.\"}}",
     RUN_JSON, 1, "lapsed"},
    {"json, likewise of an object before its name",
     "{\"type\":\"error\",\"error\":{\"message\":\"OAuth token has been revoked.\",\"type\":"
     "\"permission_error\"}}",
     RUN_JSON, 1, "lapsed"},
    {"json, a path in the words", FAILED("\"result\":\"POST http://x/api/login failed\""), RUN_JSON,
     1, "other"},
    {"json, errors as numbers", FAILED("\"errors\":[5]," NOT_LOGGED_IN), RUN_JSON, 1, "lapsed"},
    {"json, errors after the words", FAILED(NOT_LOGGED_IN ",\"errors\":[\"x\"]"), RUN_JSON, 1,
     "lapsed"},
    {"json, the result as a number", FAILED("\"result\":5,\"error\":\"authentication_failed\""),
     RUN_JSON, 1, "lapsed"},
    {"json, the words with another error's name", FAILED(NOT_LOGGED_IN ",\"error\":\"rate_limit\""),
     RUN_JSON, 1, "other"},
    {"json, nothing of ours", "{\"a\":1}", RUN_JSON, 1, "other"},
    {"json, is_error of a user's line",
     "{\"type\":\"user\",\"is_error\":false}\n" FAILED(NOT_LOGGED_IN), RUN_JSON, 1, "lapsed"},
    {"json, is_error of a notice",
     "{\"type\":\"system\",\"is_error\":false}\n" FAILED(NOT_LOGGED_IN), RUN_JSON, 1, "lapsed"},
    {"json, lone surrogates", FAILED("\"result\":\"\\ud800 \\udc00\\ud83d\\ude00\""), RUN_JSON, 1,
     "other"},
    {"json --verbose", "[{\"type\":\"system\",\"subtype\":\"init\"},\n" FAILED(NOT_LOGGED_IN) "]",
     RUN_JSON, 1, "lapsed"},
    {"json --verbose, worked",
     "[{\"type\":\"assistant\",\"message\":{\"model\":\"claude-x\"},\"a\":[{}]},"
     "{\"type\":\"user\",\"message\":{\"is_error\":true}}," FAILED(NOT_LOGGED_IN) "]",
     RUN_JSON, 1, "lapsed, worked, let go"},

    {"stream", INIT REFUSED RESULT_401, RUN_STREAM_JSON, 1, "lapsed"},
    {"stream, retried in vain", INIT RETRY RETRY REFUSED RESULT_401, RUN_STREAM_JSON, 1,
     "lapsed, retrying"},
    {"stream, recovered", INIT RETRY ANSWER RESULT_FINE, RUN_STREAM_JSON, 0,
     "fine, worked, let go, retrying"},
    {"stream, recovered, then failed", INIT RETRY ANSWER, RUN_STREAM_JSON, 1,
     "other, worked, let go, retrying"},
    {"stream, no result", INIT REFUSED, RUN_STREAM_JSON, 1, "lapsed"},
    {"stream, 403 by another name",
     INIT "{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\"},"
          "\"api_error_status\":403,\"error\":\"oauth_org_not_allowed\"}\n",
     RUN_STREAM_JSON, 1, "forbidden"},
    {"stream, an answer of no model", INIT "{\"type\":\"assistant\",\"message\":{}}\n" RESULT_401,
     RUN_STREAM_JSON, 1, "lapsed"},
    {"stream, a notice with a number", "{\"type\":\"system\",\"subtype\":5}\n" RESULT_401,
     RUN_STREAM_JSON, 1, "lapsed"},
    {"stream, no result, 403",
     INIT
     "{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\"},\"api_error_status\":403,"
     "\"error\":\"authentication_failed\"}\n",
     RUN_STREAM_JSON, 1, "other"},
    {"stream, 403 and then news",
     INIT
     "{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\"},\"api_error_status\":403,"
     "\"error\":\"authentication_failed\"}\n{\"type\":\"system\",\"subtype\":\"status\"}\n",
     RUN_STREAM_JSON, 1, "other"},
    {"stream, killed while retrying", INIT RETRY, RUN_STREAM_JSON, 143, "lapsed, retrying"},
    {"stream, killed while retrying a 401 without a name",
     INIT "{\"type\":\"system\",\"subtype\":\"api_retry\",\"error_status\":401,"
          "\"error\":\"unknown\"}\n",
     RUN_STREAM_JSON, 143, "lapsed, retrying"},
    {"stream, killed while retrying a 529 without a name",
     INIT "{\"type\":\"system\",\"subtype\":\"api_retry\",\"error_status\":529,"
          "\"error\":\"unknown\"}\n",
     RUN_STREAM_JSON, 143, "other"},
    {"stream, killed while retrying a 403",
     INIT "{\"type\":\"system\",\"subtype\":\"api_retry\",\"error_status\":403,"
          "\"error\":\"authentication_failed\"}\n",
     RUN_STREAM_JSON, 143, "other"},
    {"stream, killed while trying a connection again",
     INIT "{\"type\":\"system\",\"subtype\":\"api_retry\",\"error_status\":null,"
          "\"error\":\"unknown\"}\n",
     RUN_STREAM_JSON, 143, "other"},
    {"stream, retry after overload",
     INIT "{\"type\":\"system\",\"subtype\":\"api_retry\",\"error\":\"overloaded\"}\n" REFUSED
         RESULT_401,
     RUN_STREAM_JSON, 1, "lapsed"},
    {"stream, mid-run", INIT ANSWER TOOL_SAYS RETRY REFUSED RESULT_401, RUN_STREAM_JSON, 1,
     "lapsed, worked, let go, retrying"},
    {"stream, a tool says it", INIT ANSWER TOOL_SAYS, RUN_STREAM_JSON, 1, "other, worked, let go"},
    {"stream, the user says it", INIT TOOL_SAYS, RUN_STREAM_JSON, 1, "other"},
    {"stream, the last result counts", INIT ANSWER RESULT_FINE REFUSED RESULT_401, RUN_STREAM_JSON,
     1, "lapsed, worked, let go"},
    {"stream, and only it", INIT RESULT_401 RESULT_FINE, RUN_STREAM_JSON, 1, "other, let go"},
    {"stream, partial messages", INIT "{\"type\":\"stream_event\",\"event\":{}}\n", RUN_STREAM_JSON,
     1, "other, worked, let go"},
    {"stream, a control request is answered", "{\"type\":\"control_response\",\"response\":{}}\n",
     RUN_STREAM_JSON, 1, "other, worked, let go"},
    {"stream, a tool is at work", INIT "{\"type\":\"tool_progress\",\"tool_name\":\"Bash\"}\n",
     RUN_STREAM_JSON, 1, "other, worked, let go"},
    {"stream, tools in short",
     INIT
     "{\"type\":\"streamlined_tool_use_summary\",\"tool_summary\":\"Read 2 files\"}\n" RESULT_401,
     RUN_STREAM_JSON, 1, "lapsed, worked, let go"},
    {"stream, a line that decides nothing", INIT LIMITS, RUN_STREAM_JSON, 1, "other"},
    {"stream, such lines and then refused",
     INIT "{\"type\":\"keep_alive\"}\n" LIMITS "{\"type\":\"not_known_yet\"}\n" REFUSED RESULT_401,
     RUN_STREAM_JSON, 1, "lapsed"},
    {"stream, apiKeyHelper", "{\"type\":\"system\",\"apiKeySource\":\"apiKeyHelper\"}\n" RESULT_401,
     RUN_STREAM_JSON, 1, "overridden"},
    {"stream, a token of the environment",
     "{\"type\":\"system\",\"apiKeySource\":\"CLAUDE_CODE_OAUTH_TOKEN\"}\n" RESULT_401,
     RUN_STREAM_JSON, 1, "overridden"},
    {"stream, a source of keys that is a number",
     "{\"type\":\"system\",\"apiKeySource\":5}\n" RESULT_401, RUN_STREAM_JSON, 1, "lapsed"},
    {"stream, a line of noise first", "warning: x\n" INIT REFUSED RESULT_401, RUN_STREAM_JSON, 1,
     "lapsed, let go"},
    {"stream, noise between", INIT "{\"type\":\"assistant\", oops}\n" REFUSED RESULT_401,
     RUN_STREAM_JSON, 1, "lapsed"},
    {"stream, a line cut in two", INIT "{\"type\":\"result\",\"is_err\n" RESULT_401,
     RUN_STREAM_JSON, 1, "lapsed"},
    {"stream, text instead", "Login expired " DOT " Please run /login\n", RUN_STREAM_JSON, 1,
     "lapsed"},
};

static void made_up_runs_get_their_verdict(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run r = {cases[i].out, strlen(cases[i].out), cases[i].format, cases[i].exit_status,
                        false};
        struct seen s = feed_every_way(&r);
        char got[64];
        describe(&s, got, sizeof got);
        if (strcmp(got, cases[i].seen) == 0)
            continue;
        print_error("%s: %s, want %s\n", cases[i].name, got, cases[i].seen);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void a_credential_before_the_login_is_to_blame(void **state)
{
    static const struct {
        const char *out;
        enum failure_class meaning;
    } runs[] = {
        {"Not logged in " DOT " Please run /login\n", FAILURE_OVERRIDDEN},
        {"API Error: 400 This organization has been disabled.", FAILURE_OVERRIDDEN},
        {"API Error: 529 Overloaded", FAILURE_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct run r = {runs[i].out, strlen(runs[i].out), RUN_TEXT, 1, true};
        assert_int_equal(feed_every_way(&r).result.meaning, runs[i].meaning);
    }
}

/* A tool that has other statuses, and no words for a retry and for a model that is none. */
static void another_tool_has_its_own_signs(void **state)
{
    static const char lamp[] =
        "[tool]\nproduct = Lamp\nprogram = lamp\nlogin-command = lamp login\n"
        "[login]\nfolder = .lamp\nfile = s.json\nparts = session\naccess = session.token\n"
        "[failures.text]\nasks = Token...\n[failures.status]\n400 = lapsed\n"
        "[json]\ntype = type\nsubtype = subtype\nmodel = model\nis-error = is_error\n"
        "status = status\ntext = result\n[json.types]\nnotice = system\nanswer = assistant\n";
    static const struct {
        const char *out;
        enum failure_class meaning;
        bool worked;
    } runs[] = {
        {"{\"is_error\":true,\"status\":400,\"result\":\"no\"}\n", FAILURE_LAPSED, false},
        {"{\"is_error\":true,\"status\":401,\"result\":\"no\"}\n", FAILURE_OTHER, false},
        {"{\"type\":\"system\",\"subtype\":\"x\"}\n", FAILURE_OTHER, false},
        {"{\"type\":\"assistant\",\"model\":\"x\"}\n", FAILURE_OTHER, true},
    };
    struct err e;
    (void)state;
    struct tool *t = description_parse("lamp", lamp, strlen(lamp), "F", &e);
    assert_non_null(t);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct verdict_result result;
        struct verdict *v = verdict_new(t, RUN_STREAM_JSON);
        verdict_feed(v, runs[i].out, strlen(runs[i].out));
        verdict_feed(v, "", 0);
        assert_false(verdict_retrying(v));
        verdict_end(v, 1, false, &result);
        assert_int_equal(result.meaning, runs[i].meaning);
        assert_int_equal(result.worked, runs[i].worked);
        verdict_free(v);
    }
    struct verdict_result result;
    struct verdict *v = verdict_new(t, RUN_TEXT);
    verdict_feed(v, "Token", 5);
    verdict_end(v, 1, false, &result);
    assert_int_equal(result.meaning, FAILURE_OTHER);
    verdict_free(v);
    description_free(t);
}

static void no_bytes_say_nothing(void **state)
{
    struct verdict_result result;
    struct verdict *v = verdict_new(&tool_claude, RUN_TEXT);
    (void)state;
    assert_int_equal(verdict_feed(v, "", 0), VERDICT_UNDECIDED);
    assert_int_equal(verdict_feed(v, "Not logged in", 13), VERDICT_UNDECIDED);
    assert_int_equal(verdict_feed(v, "", 0), VERDICT_UNDECIDED);
    verdict_end(v, 1, false, &result);
    assert_int_equal(result.meaning, FAILURE_LAPSED);
    verdict_free(v);
}

#define TEN "0123456789"

static void the_result_can_be_quoted(void **state)
{
    static const struct {
        const char *out, *message, *session;
    } quoted[] = {
        {FAILED("\"session_id\":\"ab-12\"," NOT_LOGGED_IN),
         "Not logged in " DOT " Please run /login", "ab-12"},
        {FAILED("\"session_id\":\"$(rm)\",\"api_error_status\":401,\"result\":\"a\\n\\u001b["
                "31mb\\u009b\""),
         "a [31mb", ""},
        {FAILED("\"session_id\":\"-x\",\"api_error_status\":401,\"result\":\"\\u202e\xff!\""), "?!",
         ""},
        {FAILED("\"api_error_status\":529,\"result\":\"private\""), "", ""},
        {INIT REFUSED, "", "5e55"},
        {FAILED("\"session_id\":55,\"api_error_status\":529"), "", ""},
        {FAILED("\"session_id\":\"" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
                "\",\"api_error_status\":529"),
         "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof quoted / sizeof *quoted; i++) {
        struct run r = {quoted[i].out, strlen(quoted[i].out), RUN_STREAM_JSON, 1, false};
        struct seen s = feed_every_way(&r);
        assert_string_equal(s.result.message, quoted[i].message);
        assert_string_equal(s.result.session, quoted[i].session);
    }
}

/* HEAD, then N times FILL, then TAIL. */
static void compose(struct buf *out, const char *head, const char *fill, size_t n, const char *tail)
{
    buf_init(out, 3u << 20);
    buf_text(out, head);
    while (n-- > 0)
        buf_text(out, fill);
    buf_text(out, tail);
    assert_false(out->failed);
}

static void a_long_message_is_cut_between_characters(void **state)
{
    (void)state;
    struct buf out;
    compose(&out, "API Error: 401 ", DOT, 400, "");
    struct run r = {buf_str(&out), out.len, RUN_TEXT, 1, false};
    struct seen s = feed_every_way(&r);
    size_t len = strlen(s.result.message);
    assert_in_range(len, LIMIT_EXCERPT - 4, LIMIT_EXCERPT - 1);
    assert_string_equal(s.result.message + len - 3, "...");
    assert_memory_equal(s.result.message + len - 5, DOT, 2);
    buf_free(&out);
}

static void size_is_no_matter(void **state)
{
    static const struct {
        const char *head, *fill;
        size_t n;
        const char *tail;
        enum run_format format;
        enum failure_class meaning;
        bool fine;
    } outputs[] = {
        {"{\"type\":\"system\",\"tools\":[", "\"mcp__server__tool\",", 40000, "0]}\n" RESULT_401,
         RUN_STREAM_JSON, FAILURE_LAPSED, false},
        {"{\"type\":\"system\",\"tools\":[", "\"mcp__server__tool\",", 80000, "0]}\n" RESULT_401,
         RUN_STREAM_JSON, FAILURE_LAPSED, true},
        {"{\"type\":\"result\",\"is_error\":true,\"result\":\"", "x", 1000000, "\"}", RUN_JSON,
         FAILURE_OTHER, false},
        {"{\"type\":\"result\",\"is_error\":true,\"result\":\"Not logged in", " ", 500000, "\"}",
         RUN_JSON, FAILURE_OTHER, false},
        {"API Error: 401 <html>", "<p>no</p>\n", 1000, "</html>", RUN_TEXT, FAILURE_LAPSED, false},
        {"API Error: 401 <html>", "<p>no</p>\n", 2000, "</html>", RUN_TEXT, FAILURE_OTHER, true},
        {"API Error: 401 ", "word ", 300, "", RUN_TEXT, FAILURE_OTHER, true},
        {"Not logged in", " ", 2000000, "", RUN_TEXT, FAILURE_OTHER, true},
        {"", "\n", 1000000, "Not logged in", RUN_TEXT, FAILURE_LAPSED, false},
        {"", "\n", 2000000, "Not logged in", RUN_TEXT, FAILURE_LAPSED, true},
        {"", "ok ", 700000, "", RUN_TEXT, FAILURE_OTHER, true},
        {"{", "\"a\":[[{\"b\":1}]],", 100000, "\"is_error\":true,\"api_error_status\":401}",
         RUN_JSON, FAILURE_LAPSED, true},
        {"{\"a\":", "[", 100000, "", RUN_JSON, FAILURE_OTHER, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        struct buf out;
        compose(&out, outputs[i].head, outputs[i].fill, outputs[i].n, outputs[i].tail);
        struct run r = {buf_str(&out), out.len, outputs[i].format, 1, false};
        struct seen whole = feed(&r, 0, all), pieces = feed(&r, 0, some);
        assert_same(&whole, &pieces);
        if (whole.result.meaning != outputs[i].meaning || whole.fine != outputs[i].fine)
            print_error("%zu: %s%s\n", i, failure_class_name(whole.result.meaning),
                        whole.fine ? ", let go" : "");
        assert_int_equal(whole.result.meaning, outputs[i].meaning);
        assert_int_equal(whole.fine, outputs[i].fine);
        buf_free(&out);
    }
}

/* Bytes fed one by one until the output is let go. */
static size_t held(enum run_format format, const char *out, size_t len)
{
    struct verdict *v = verdict_new(&tool_claude, format);
    size_t n = 0;
    while (n < len && verdict_feed(v, out + n, 1) == VERDICT_UNDECIDED)
        n++;
    verdict_free(v);
    return n;
}

static void output_is_let_go_as_early_as_can_be(void **state)
{
    static const char answer[] =
        "{\"type\":\"assistant\",\"message\":{\"id\":\"m\",\"model\":\"claude-x\"";
    static const char fine[] = "{\"type\":\"result\",\"is_error\":false";
    (void)state;
    assert_int_equal(held(RUN_TEXT, "Done\n", 5), 0);
    assert_int_equal(held(RUN_TEXT, "\n\nDone\n", 7), 2);
    assert_int_equal(held(RUN_TEXT, "Now it works", 12), 2);
    assert_int_equal(held(RUN_STREAM_JSON, INIT ANSWER, strlen(INIT ANSWER)),
                     strlen(INIT) + strlen(answer) - 1);
    assert_int_equal(held(RUN_JSON, "{\"type\":\"result\",\"is_error\":false,", sizeof fine + 1),
                     strlen(fine));

    char *blank = memset(test_malloc(LIMIT_HELD + 10), '\n', LIMIT_HELD + 10);
    for (enum run_format f = RUN_TEXT; f <= RUN_STREAM_JSON; f++)
        assert_int_equal(held(f, blank, LIMIT_HELD + 10), LIMIT_HELD);
    test_free(blank);
}

static int set_up(void **state)
{
    (void)state;
    if (!secret_init())
        return -1;
    jv_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recording_gets_its_verdict),
        cmocka_unit_test(made_up_runs_get_their_verdict),
        cmocka_unit_test(another_tool_has_its_own_signs),
        cmocka_unit_test(no_bytes_say_nothing),
        cmocka_unit_test(a_credential_before_the_login_is_to_blame),
        cmocka_unit_test(the_result_can_be_quoted),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(size_is_no_matter),
        cmocka_unit_test(output_is_let_go_as_early_as_can_be),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
