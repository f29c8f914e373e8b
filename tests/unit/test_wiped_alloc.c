/* Blocks keep their content while they grow and shrink, and know their size.  That freed ones are
 * wiped is read off the memory of a whole helper: contract/test_store_local.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/wiped_alloc.h"

static void test_sizes(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 8, 100, 99, 4096, 1, 0, 70000};
    unsigned char *p = wiped_realloc(NULL, 1);
    p[0] = 'A';
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t before = wiped_size(p), keep = before < lengths[i] ? before : lengths[i];
        p = wiped_realloc(p, lengths[i]);
        assert_non_null(p);
        assert_int_equal(wiped_size(p), lengths[i]);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t at = 0; at < keep; at++)
            assert_int_equal(p[at], (unsigned char)('A' + at % 26));
        for (size_t at = keep; at < lengths[i]; at++)
            p[at] = (unsigned char)('A' + at % 26);
    }
    wiped_free(p);
}

static void test_edges(void **state)
{
    (void)state;
    wiped_free(NULL);
    assert_int_equal(wiped_size(NULL), 0);
    assert_null(wiped_malloc(SIZE_MAX));
    char *p = wiped_malloc(sizeof "kept");
    memcpy(p, "kept", sizeof "kept");
    assert_null(wiped_realloc(p, SIZE_MAX));
    assert_string_equal(p, "kept");
    wiped_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
