/* Text of others made fit for a message. */
#include "unit.h"

#include <string.h>

#include "alert/plain.h"
#include "base/utf8.h"

static const struct {
    const char *what, *in, *out;
} rows[] = {
    {"plain", "store: no answer within 10 s", "store: no answer within 10 s"},
    {"empty", "", ""},
    {"letters of the world", "Anmeldung läuft ab · 令牌 🔑", "Anmeldung läuft ab · 令牌 🔑"},
    {"lines", "a\r\nBcc: x@y\n\tb", "a??Bcc: x@y??b"},
    {"escapes of a terminal", "\033[31mred\007\177", "?[31mred??"},
    {"C1 controls",
     "a\xc2\x85"
     "b\xc2\x9b"
     "c",
     "a?b?c"},
    {"what breaks lines", "a\u2028b\u2029c", "a?b?c"},
    {"what turns lines", "a\u202eb\u2066c\u2069d", "a?b?c?d"},
    {"punctuation beside those", "\u2014 \u2026 \u2030", "\u2014 \u2026 \u2030"},
    {"what stands beside those that turn", "\u2065 \u206a", "\u2065 \u206a"},
    {"no UTF-8", "a\xff\xfe\xc3 b\xc0\xaf", "a??? b??"},
    {"cut in a character", "a\xe2\x82", "a??"},
    {"a surrogate", "\xed\xa0\x80", "???"},
    {"an access token", "401 for sk-ant-oat01-abc_DEF-123, sorry", "401 for sk-ant-, sorry"},
    {"two tokens", "sk-ant-a sk-ant-b", "sk-ant- sk-ant-"},
    {"nearly one", "task-antenna sk-an-x", "task-antenna sk-an-x"},
    {"its beginning alone", "tokens begin with sk-ant-", "tokens begin with sk-ant-"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[256];
        plain_text(rows[i].in, out, sizeof out);
        same_text(rows[i].what, out, rows[i].out);
        same_int(rows[i].what, utf8_is_line(out), true);
    }
}

/* Whatever the room, the end is between characters. */
static void test_cut(void **state)
{
    static const char text[] = "aé令🔑\n sk-ant-secret z";
    (void)state;
    for (size_t size = 1; size < sizeof text + 2; size++) {
        char out[64] = "untouched";
        plain_text(text, out, size);
        same_int("fits", strlen(out) < size, true);
        same_int("whole", utf8_is_line(out), true);
        same_int("no token", strstr(out, "secret") == NULL, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
