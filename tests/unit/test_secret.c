/* A secret keeps its bytes, knows its length, and ends in a NUL. */
#include "unit.h"

#include <string.h>

#include "base/secret.h"

static void test_copy(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {{"", 0}, {"x", 1}, {"sk-ant-oat01-TEST", 17}, {"with\0NUL", 8}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = 99;
        struct secret *s = secret_copy(cases[i].bytes, cases[i].len);
        assert_non_null(s);
        const char *got = secret_reveal(s, &len);
        same_bytes("bytes", got, len, cases[i].bytes, cases[i].len);
        same_int("NUL", got[len], '\0');
        assert_ptr_equal(secret_reveal(s, NULL), got);
        secret_free(s);
    }
    secret_free(NULL);
}

static void test_sizes(void **state)
{
    (void)state;
    static char bytes[70000];
    memset(bytes, 'x', sizeof bytes);
    for (size_t len = 0; len < sizeof bytes; len = len < 64 ? len + 1 : len * 3) {
        size_t got_len;
        struct secret *s = secret_copy(bytes, len);
        const char *got = secret_reveal(s, &got_len);
        same_bytes("bytes", got, got_len, bytes, len);
        same_int("NUL", got[len], '\0');
        secret_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_copy), IN_WORLD(test_sizes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
