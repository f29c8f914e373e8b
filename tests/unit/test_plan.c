/* What a command line asks for, by the tool's description. */
#include "unit.h"

#include <string.h>

#include "run/plan.h"

#define MOST 8

static const struct {
    const struct tool *tool;
    const char *argv[MOST];
    bool prints;
    enum run_format format;
} cases[] = {
    {&tool_claude, {"-p", "hi"}, true, RUN_TEXT},
    {&tool_claude, {"hi", "--print"}, true, RUN_TEXT},
    {&tool_claude, {"-cp", "hi"}, true, RUN_TEXT},
    {&tool_claude, {"-cx", "hi"}, false, RUN_TEXT},
    {&tool_claude, {"hi"}, false, RUN_TEXT},
    {&tool_claude, {"--", "-p"}, false, RUN_TEXT},
    {&tool_claude, {"-p", "--output-format", "json"}, true, RUN_JSON},
    {&tool_claude, {"-p", "--output-format=stream-json"}, true, RUN_STREAM_JSON},
    {&tool_claude, {"-p", "--output-format"}, true, RUN_TEXT},
    {&tool_claude, {"exec", "--json"}, false, RUN_TEXT},
    {&tool_codex, {"exec", "hi"}, true, RUN_TEXT},
    {&tool_codex, {"e", "hi"}, true, RUN_TEXT},
    {&tool_codex, {"exec", "--json", "hi"}, true, RUN_STREAM_JSON},
    {&tool_codex, {"--json", "exec", "hi"}, true, RUN_STREAM_JSON},
    {&tool_codex, {"hi", "exec"}, false, RUN_TEXT},
    {&tool_codex, {"-p", "exec"}, true, RUN_TEXT},
    {&tool_codex, {"exec", "--", "--json"}, true, RUN_TEXT},
    {&tool_codex, {NULL}, false, RUN_TEXT},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *argv[MOST + 1] = {NULL};
        for (size_t a = 0; cases[i].argv[a]; a++)
            argv[a] = (char *)(uintptr_t)cases[i].argv[a];
        struct plan plan = plan_read(cases[i].tool, argv);
        const char *what = argv[0] ? argv[0] : "nothing";
        same_int(what, plan.prints, cases[i].prints);
        same_int(what, plan.format, cases[i].format);
    }
}

/* A tool that does not say how always answers once. */
static void test_always(void **state)
{
    (void)state;
    const struct tool silent = {.name = "silent", .flags = ""};
    char *argv[] = {(char[]){"x"}, NULL};
    same_int("any", plan_read(&silent, argv).prints, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_cases), IN_WORLD(test_always)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
