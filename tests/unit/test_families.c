/* What a client may print that was not recorded (tests/corpus/families.txt), as each of its versions
 * and formats would put it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "run/verdict.h"

#define LINE_SIZE  2000
#define OUTPUT_MAX (16u << 10)

/* A text of the table. */
struct printed {
    enum failure_class meaning;
    int status; /* of HTTP, 0 if none came */
    bool prose;
    const char *text;
};

static void put_string(struct buf *out, const char *text)
{
    buf_text(out, "\"");
    for (const char *p = text; *p; p++)
        if (*p == '\n')
            buf_text(out, "\\n");
        else
            buf_printf(out, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
    buf_text(out, "\"");
}

static void plain(struct buf *out, const struct printed *t)
{
    buf_printf(out, "%s\n", t->text);
}

static void coloured(struct buf *out, const struct printed *t)
{
    buf_printf(out, "\033[1;31m%s\033[39m\n\033[0m", t->text);
}

static void spaced(struct buf *out, const struct printed *t)
{
    buf_printf(out, "\r\n  %s\r\n\r\n", t->text);
}

/* Before 2.1.150: no status. */
static void result(struct buf *out, const struct printed *t)
{
    buf_text(out, "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"num_turns\":1,"
                  "\"result\":");
    put_string(out, t->text);
    buf_text(out, ",\"session_id\":\"5e55\",\"total_cost_usd\":0}\n");
}

static void result_with_status(struct buf *out, const struct printed *t)
{
    buf_text(out, "{\n  \"result\": ");
    put_string(out, t->text);
    buf_text(out, ",\n  \"api_error_status\": ");
    buf_printf(out, t->status ? "%d" : "null", t->status);
    buf_text(out, ",\n  \"is_error\": true,\n  \"type\": \"result\"\n}\n");
}

static void error_during_execution(struct buf *out, const struct printed *t)
{
    buf_text(out, "{\"type\":\"result\",\"subtype\":\"error_during_execution\",\"is_error\":true,"
                  "\"errors\":[\"[diagnostic] none\",");
    put_string(out, t->text);
    buf_text(out, "]}\n");
}

static void stream(struct buf *out, const struct printed *t)
{
    buf_text(out, "{\"type\":\"system\",\"subtype\":\"init\",\"apiKeySource\":\"none\"}\n"
                  "{\"type\":\"assistant\",\"message\":{\"model\":\"<synthetic>\",\"content\":["
                  "{\"type\":\"text\",\"text\":");
    put_string(out, t->text);
    buf_text(out, "}]}}\n");
    result(out, t);
}

static const struct {
    const char *name;
    enum run_format format;
    void (*put)(struct buf *out, const struct printed *t);
} formats[] = {
    {"text", RUN_TEXT, plain},
    {"text with colours", RUN_TEXT, coloured},
    {"text between blank lines", RUN_TEXT, spaced},
    {"json", RUN_JSON, result},
    {"json with a status", RUN_JSON, result_with_status},
    {"json with errors", RUN_JSON, error_during_execution},
    {"stream-json", RUN_STREAM_JSON, stream},
};

static enum failure_class judge(enum run_format format, const struct buf *out, size_t step)
{
    struct verdict_result ret;
    struct verdict *v = verdict_new(&tool_claude, format);
    assert_non_null(v);
    for (size_t at = 0, n; at < out->len; at += n) {
        n = out->len - at < step ? out->len - at : step;
        verdict_feed(v, out->data + at, n);
    }
    verdict_end(v, 1, false, &ret);
    verdict_free(v);
    return ret.meaning;
}

/* How many formats get it wrong. */
static int try_every_format(const struct printed *t)
{
    int wrong = 0;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct buf out;
        if (t->prose && formats[i].format != RUN_TEXT)
            continue;
        buf_init(&out, OUTPUT_MAX);
        formats[i].put(&out, t);
        assert_false(out.failed);
        enum failure_class got = judge(formats[i].format, &out, out.len);
        assert_int_equal(judge(formats[i].format, &out, 1), got);
        if (got != t->meaning) {
            print_error("%s: %s: %s, want %s\n", formats[i].name, t->text, failure_class_name(got),
                        failure_class_name(t->meaning));
            wrong++;
        }
        buf_free(&out);
    }
    return wrong;
}

/* "[lapsed 401]" */
static void read_heading(const char *line, struct printed *ret)
{
    size_t n = strcspn(line + 1, " ]");
    *ret = (struct printed){.meaning = failure_class_by_name(line + 1, n)};
    if (strncmp(line, "[prose]", 7) == 0)
        *ret = (struct printed){.meaning = FAILURE_OTHER, .prose = true};
    assert_int_not_equal(ret->meaning, FAILURE_CLASS_COUNT);
    if (line[1 + n] == ' ')
        ret->status = (int)strtol(line + n + 2, NULL, 10);
}

static void break_lines(char *line)
{
    for (char *at; (at = strstr(line, "\\n")); memmove(at + 1, at + 2, strlen(at + 1)))
        *at = '\n';
}

static void every_wording_means_the_same_in_every_format(void **state)
{
    char path[LIMIT_PATH], line[LINE_SIZE];
    struct printed t = {.meaning = FAILURE_NONE};
    int count = 0, wrong = 0;
    const char *folder = getenv("CREDRELAY_CORPUS");
    (void)state;
    assert_non_null(folder);
    snprintf(path, sizeof path, "%s/families.txt", folder);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (*line == '[')
            read_heading(line, &t);
        if (*line == '\0' || *line == '[' || *line == '#')
            continue;
        break_lines(line);
        t.text = line;
        wrong += try_every_format(&t);
        count++;
    }
    fclose(f);
    assert_int_equal(wrong, 0);
    assert_in_range(count, 300, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wording_means_the_same_in_every_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
