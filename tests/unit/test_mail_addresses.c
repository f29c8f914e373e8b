/* The setting `mail`, taken apart. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "addresses.h"
#include "base/buf.h"

/* "a@x b@x" of what there is. */
static const char *joined(const struct addresses *a)
{
    static char text[1200];
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < a->count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? " " : "", a->at[i]);
    return text;
}

static void test_split(void **state)
{
    (void)state;
    static const struct {
        const char *list, *got;
    } cases[] = {
        {"a@x", "a@x"},
        {"a@x,b@x", "a@x b@x"},
        {" a@x , b@x ", "a@x b@x"},
        {"a@x,,b@x,", "a@x b@x"},
        {"a@x\tb@x\r\nc@x\n", "a@x b@x c@x"},
        {"1@x,2@x,3@x,4@x,5@x,6@x,7@x,8@x,9@x,10@x,11@x,12@x,13@x,14@x,15@x,16@x",
         "1@x 2@x 3@x 4@x 5@x 6@x 7@x 8@x 9@x 10@x 11@x 12@x 13@x 14@x 15@x 16@x"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct addresses a;
        struct err e = {.text = ""};
        if (!addresses_split(cases[i].list, &a, &e))
            fail_msg("%s: %s", cases[i].list, e.text);
        same_text(cases[i].list, joined(&a), cases[i].got);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static char long_one[1025];
    memset(long_one, 'x', sizeof long_one - 1);
    static const struct {
        const char *what, *list;
        enum err_code code;
        const char *text, *hint;
    } cases[] = {
        {"none", "", ERR_INVALID, "mail has no address",
         "write into [alert]: mail = you@example.com"},
        {"nothing between commas", " ,\t, ", ERR_INVALID, "mail has no address",
         "write into [alert]: mail = you@example.com"},
        {"seventeen", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", ERR_TOO_LARGE,
         "mail has more than 16 addresses", "let it be one address, of a list"},
        {"1024 bytes", long_one, ERR_TOO_LARGE, "mail is longer than 1023 bytes",
         "let it be one address, of a list"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct addresses a;
        struct err e = {.text = ""};
        assert_false(addresses_split(cases[i].list, &a, &e));
        same_error(cases[i].what, &e, cases[i].code, cases[i].text, cases[i].hint);
    }
    long_one[1023] = '\0';
    struct addresses a;
    struct err e;
    assert_true(addresses_split(long_one, &a, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_split),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
