/* What a hint says is pasted into a shell: is the word there what it was here? */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/shell_word.h"

static const struct {
    const char *text, *quoted, *word;
} rows[] = {
    {"/home/me/.claude", "'/home/me/.claude'", "/home/me/.claude"},
    {"/home/o'neill/x", "'/home/o'\\''neill/x'", "'/home/o'\\''neill/x'"},
    {"'", "''\\'''", "''\\'''"},
    {"''", "''\\'''\\'''", "''\\'''\\'''"},
    {"/a b", "'/a b'", "'/a b'"},
    {"/a\\b$(c)`d`\"e\"*", "'/a\\b$(c)`d`\"e\"*'", "'/a\\b$(c)`d`\"e\"*'"},
    {"/Gr\xc3\xbc\xc3\x9f", "'/Gr\xc3\xbc\xc3\x9f'", "'/Gr\xc3\xbc\xc3\x9f'"},
    {"~/x", "'~/x'", "'~/x'"},
    {"", "''", "''"},
    {"ssm://us-west-2/claude", "'ssm://us-west-2/claude'", "ssm://us-west-2/claude"},
};

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        same_text(rows[i].text, QUOTED(rows[i].text), rows[i].quoted);
        same_text(rows[i].text, AS_WORD(rows[i].text), rows[i].word);
    }
}

/* The shell itself. */
static void test_a_shell_reads_it_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char command[1024], want[256];
        const char *const argv[] = {"sh", "-c", command, NULL};
        const struct child_run run = {
            .program = "/bin/sh", .argv = argv, .deadline = clock_steady_ms() + 30000};
        struct buf said, errors;
        struct err e;
        int status;
        buf_init(&said, sizeof want);
        buf_init(&errors, sizeof want);
        snprintf(command, sizeof command, "printf '[%%s]' %s %s", QUOTED(rows[i].text),
                 AS_WORD(rows[i].text));
        assert_true(child_run(&run, &said, &errors, &status, &e));
        snprintf(want, sizeof want, "[%s][%s]", rows[i].text, rows[i].text);
        same_text(rows[i].text, buf_str(&said), want);
        buf_free(&said);
        buf_free(&errors);
    }
}

/* No half command: the longest word that fits is whole, and one more byte leaves no hint. */
static void test_what_has_no_room(void **state)
{
    (void)state;
    char text[2 * SHELL_WORD_SIZE];
    struct err e = {.code = ERR_NONE};
    for (size_t len = SHELL_WORD_SIZE - 10; len < sizeof text - 1; len++) {
        memset(text, 'x', len);
        text[len] = '\0';
        err_hint(&e, "ls %s", QUOTED(text));
        size_t whole = strlen("ls ''") + len;
        assert_int_equal(strlen(e.hint), whole < sizeof e.hint ? whole : 0);
        memset(text, '\'', len);
        assert_int_equal(strlen(QUOTED(text)), SHELL_WORD_SIZE - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_a_shell_reads_it_back),
        cmocka_unit_test(test_what_has_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
