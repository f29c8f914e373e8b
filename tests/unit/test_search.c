/* Programs of ours are found in absolute folders of PATH, and nowhere else. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/search.h"

static void test_path(void **state)
{
    (void)state;
    static const struct {
        const char *path, *found; /* HOME in front of each "@" */
    } cases[] = {
        {"@/one:@/two", "@/one/it"},
        {"@/two:@/one", "@/two/it"},
        {"@/none:@/one", "@/one/it"},
        {"one:./one:@/two", "@/two/it"}, /* relative ones are passed over */
        {":@/two", "@/two/it"},          /* so is the current folder */
        {"@/plain:@/two", "@/two/it"},   /* not executable */
        {"@/folder:@/two", "@/two/it"},  /* a folder of that name */
        {"@/two/", "@/two//it"},
        {"one", NULL},
        {"", NULL},
        {NULL, NULL},
    };
    mkdir("one", 0755);
    mkdir("two", 0755);
    mkdir("plain", 0755);
    mkdir("folder", 0755);
    mkdir("folder/it", 0755);
    put_file("one/it", "", 0755);
    put_file("two/it", "", 0755);
    put_file("plain/it", "", 0644);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char path[LIMIT_PATH] = "", out[LIMIT_PATH];
        size_t n = 0;
        for (const char *p = cases[i].path; p && *p; p++)
            n += (size_t)snprintf(path + n, sizeof path - n, *p == '@' ? "%s" : "%.1s",
                                  *p == '@' ? in_home(".") : p);
        if (cases[i].path)
            setenv("PATH", path, 1);
        else
            unsetenv("PATH");
        const char *what = cases[i].path ? cases[i].path : "(unset)";
        bool found = search_path("it", out);
        same_int(what, found, cases[i].found != NULL);
        if (found) {
            char want[LIMIT_PATH];
            snprintf(want, sizeof want, "%s%s", in_home("."), cases[i].found + 1);
            same_text(what, out, want);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_path)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
