/* The table of commands: what help, completions and the manual are made from. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

/* Does C take two options with one letter? */
static bool ambiguous(const struct command *c)
{
    for (int a = 0; a < OPTION_COUNT; a++)
        for (int b = 0; b < a; b++)
            if (command_takes(c, (enum option_id)a) && command_takes(c, (enum option_id)b) &&
                option_row((enum option_id)a)->letter &&
                option_row((enum option_id)a)->letter == option_row((enum option_id)b)->letter)
                return true;
    return false;
}

static void test_commands(void **state)
{
    (void)state;
    const struct command *c;
    size_t count = 0;
    for (; (c = command_at(count)); count++) {
        same_int(c->name,
                 c->name[0] && strspn(c->name, "abcdefghijklmnopqrstuvwxyz-") == strlen(c->name),
                 true);
        assert_ptr_equal(command_find(c->name), c); /* so no name is there twice */
        same_int(c->name, c->summary[0] && !strchr(c->summary, '\n') && strlen(c->summary) < 80,
                 true);
        same_int(c->name, c->summary[strlen(c->summary) - 1] != '.', true);
        same_int(c->name, c->about[0] != '\0', true);
        same_int(c->name, c->arguments != NULL, true);
        same_int(c->name, c->run != NULL, true);
        same_int(c->name, c->most < 0 || c->most >= c->least, true);
        same_int(c->name, command_takes(c, OPTION_HELP), true);
        same_int(c->name, ambiguous(c), false);
    }
    assert_true(count >= 5);
    assert_null(command_find("nonsense"));
    assert_null(command_find(""));
}

static void test_options(void **state)
{
    (void)state;
    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_row *row = option_row((enum option_id)id);
        same_int(row->name, strspn(row->name, "abcdefghijklmnopqrstuvwxyz-") == strlen(row->name),
                 true);
        same_int(row->name, row->help[0] && !strchr(row->help, '\n'), true);
        for (int other = 0; other < id; other++) {
            const struct option_row *that = option_row((enum option_id)other);
            same_int(row->name, strcmp(that->name, row->name) != 0, true);
            same_int(row->name, that->place != row->place, true);
        }
    }
}

/* ---- command lines ---- */

/* What the command got, as text. */
static int run(const struct options *o, int argc, char **argv)
{
    printf("relay=%s%s%s%s", o->relay ? o->relay : "", o->json ? " json" : "",
           o->dry_run ? " dry-run" : "", o->quiet ? " quiet" : "");
    for (int i = 0; i < argc; i++)
        printf(" [%s]", argv[i]);
    return 7;
}

static const struct command probe = {
    .name = "probe",
    .arguments = "ONE [TWO]",
    .summary = "take the options apart",
    .about = "For this test.",
    .options = TAKES(RELAY) | TAKES(JSON) | TAKES(DRY_RUN) | TAKES(QUIET),
    .least = 1,
    .most = 2,
    .run = run,
};

/* Run C with the words of LINE; what it says goes to the files "out" and "err".  In a child:
 * getopt(3) remembers the command line before. */
static int run_words(const struct command *c, const char *line)
{
    static char words[200];
    char *argv[20] = {NULL}, *rest = words;
    int argc = 0;
    snprintf(words, sizeof words, "probe %s", line);
    for (char *word; (word = strtok_r(rest, " ", &rest));)
        argv[argc++] = word;
    if (!freopen(in_home("out"), "w", stdout) || !freopen(in_home("err"), "w", stderr))
        return 1;
    int status = command_run(c, argc, argv);
    fflush(NULL);
    return status;
}

static int run_line(const void *line)
{
    return run_words(&probe, line);
}

static int run_foreign(const void *line)
{
    struct command foreign = probe;
    foreign.most = -1;
    return run_words(&foreign, line);
}

static void test_taken(void **state)
{
    (void)state;
    static const struct {
        const char *line, *got;
    } cases[] = {
        {"one", "relay= [one]"},
        {"-r work -j one two", "relay=work json [one] [two]"},
        {"-rwork --dry-run one", "relay=work dry-run [one]"},
        {"--relay=work --quiet one", "relay=work quiet [one]"},
        {"--relay work -jnq one", "relay=work json dry-run quiet [one]"},
        {"--dry one", "relay= dry-run [one]"},
        {"-- -j", "relay= [-j]"},
        {"one -j", "relay= json [one]"},
        {"one -r work two --json", "relay=work json [one] [two]"},
        {"one -r -- two", "relay=-- [one] [two]"},
        {"one -- -j", "relay= [one] [-j]"},
        {"-n -- one -- ", "relay= dry-run [one] [--]"},
        {"one -", "relay= [one] [-]"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        same_int(cases[i].line, forked_end(forked_start(run_line, cases[i].line)), 7);
        same_text(cases[i].line, file_text(in_home("out")), cases[i].got);
        same_text(cases[i].line, file_text(in_home("err")), "");
    }
}

/* What follows the first argument of a command that runs others is not ours. */
static void test_foreign(void **state)
{
    (void)state;
    static const struct {
        const char *line, *got;
    } cases[] = {
        {"one -j", "relay= [one] [-j]"},
        {"one --nonsense", "relay= [one] [--nonsense]"},
        {"-j one -j two", "relay= json [one] [-j] [two]"},
        {"-j -- one -- -j", "relay= json [one] [--] [-j]"},
        {"-r -- one -r", "relay=-- [one] [-r]"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        same_int(cases[i].line, forked_end(forked_start(run_foreign, cases[i].line)), 7);
        same_text(cases[i].line, file_text(in_home("out")), cases[i].got);
    }
}

/* ---- letters that mean another option in another command, and options without one ---- */

static int run_other(const struct options *o, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("%s%s lines=%s since=%s", o->follow ? "follow" : "", o->dry_run ? "dry-run" : "",
           o->lines ? o->lines : "", o->since ? o->since : "");
    return 7;
}

static int run_other_words(const void *line)
{
    static const struct command other = {.name = "other",
                                         .arguments = "",
                                         .summary = "the same letters",
                                         .about = "For this test.",
                                         .options = TAKES(FOLLOW) | TAKES(LINES) | TAKES(SINCE),
                                         .run = run_other};
    return run_words(&other, line);
}

static void test_letters(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int status;
        const char *got, *refused;
    } cases[] = {
        {"-f -n 5", 7, "follow lines=5 since=", ""},
        {"-fn5 --since 2h", 7, "follow lines=5 since=2h", ""},
        {"--follow --lines=5", 7, "follow lines=5 since=", ""},
        {"-S 2h", 64, "", "no such option: -S"},
        {"-L", 64, "", "no such option: -L"},
        {"--dry-run", 64, "", "no such option: --dry-run"},
        {"--follow=5", 64, "", "no such option: --follow=5"},
        {"--since", 64, "", "an argument is missing: --since"},
        {"-n", 64, "", "an argument is missing: -n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char want[500] = "";
        same_int(cases[i].line, forked_end(forked_start(run_other_words, cases[i].line)),
                 cases[i].status);
        same_text(cases[i].line, file_text(in_home("out")), cases[i].got);
        if (*cases[i].refused)
            snprintf(want, sizeof want, "credrelay other: %s\n  see: credrelay other --help\n",
                     cases[i].refused);
        same_text(cases[i].line, file_text(in_home("err")), want);
    }
    same_int("help", forked_end(forked_start(run_other_words, "-h")), 0);
    same_text("help", file_text(in_home("out")),
              "the same letters\n\nusage: credrelay other [OPTION...]\n\nFor this test.\n\n"
              "  -f, --follow           show what comes as well, until you stop it\n"
              "  -n, --lines N          the last N of them; 20 where nothing else is said\n"
              "      --since WHEN       the events since then: 2h, 3d, 2026-11-24, '2026-11-24 "
              "06:13'\n"
              "  -h, --help             show this help\n");
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *what;
    } cases[] = {
        {"", "an argument is missing: ONE [TWO]"},
        {"-j", "an argument is missing: ONE [TWO]"},
        {"one two three", "too many arguments: three"},
        {"one -j two -n three four", "too many arguments: three"},
        {"one --nonsense", "no such option: --nonsense"},
        {"one -r", "an argument is missing: -r"},
        {"-x one", "no such option: -x"},
        {"-f one", "no such option: -f"}, /* of other commands */
        {"-jxq one", "no such option: -x"},
        {"--json -xq one", "no such option: -x"},
        {"--nonsense one", "no such option: --nonsense"},
        {"--force one", "no such option: --force"},
        {"--json=5 one", "no such option: --json=5"},
        {"-r", "an argument is missing: -r"},
        {"-jr", "an argument is missing: -jr"},
        {"--relay", "an argument is missing: --relay"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char want[500];
        same_int(cases[i].line, forked_end(forked_start(run_line, cases[i].line)), 64);
        snprintf(want, sizeof want, "credrelay probe: %s\n  see: credrelay probe --help\n",
                 cases[i].what);
        same_text(cases[i].line, file_text(in_home("err")), want);
        same_text(cases[i].line, file_text(in_home("out")), "");
    }
}

static void test_help(void **state)
{
    (void)state;
    static const char *const lines[] = {"-h", "--help", "-jh one two three"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        same_int(lines[i], forked_end(forked_start(run_line, lines[i])), 0);
        same_text(lines[i], file_text(in_home("out")),
                  "take the options apart\n\nusage: credrelay probe [OPTION...] ONE [TWO]\n\n"
                  "For this test.\n\n"
                  "  -r, --relay NAME       the relay (a section of credrelay.conf) it is about\n"
                  "  -j, --json             print the result as JSON\n"
                  "  -n, --dry-run          say what would be done, change nothing\n"
                  "  -q, --quiet            say nothing when all is well\n"
                  "  -h, --help             show this help\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_commands), IN_WORLD(test_options), IN_WORLD(test_taken),
        IN_WORLD(test_foreign),  IN_WORLD(test_refused), IN_WORLD(test_letters),
        IN_WORLD(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
