/* What a sync leaves undone that was asked for. */
#include "unit.h"

#include <string.h>

#include "relay/engine.h"

#define COMES "it comes when a writer publishes; on a writer: credrelay publish"
#define TAKE  "credrelay pull takes the store's login; credrelay publish --force insists"

static const struct {
    enum intent intent;
    struct decision stands;
    enum err_code code; /* ERR_NONE: nothing is left undone */
    const char *text, *hint;
} cases[] = {
    {INTENT_SYNC, {DO_NOTHING, WHY_SAME}, ERR_NONE, "", ""},
    {INTENT_PULL, {DO_PUBLISH, WHY_SUCCESSOR}, ERR_NONE, "", ""},
    {INTENT_SYNC, {DO_WAIT, WHY_STORE_EMPTY}, ERR_BUSY, "the store has no login yet", COMES},
    {INTENT_SYNC,
     {DO_HUMAN, WHY_DEADLINE_PASSED},
     ERR_HOPELESS,
     "the login has reached its time limit",
     "log in: claude /login"},
    {INTENT_SYNC, {DO_INSTALL_SHARED, WHY_STORE_LATER}, ERR_NONE, "", ""},
    {INTENT_PUBLISH,
     {DO_INSTALL_SHARED, WHY_STORE_LATER},
     ERR_INVALID,
     "not published: the store's login is the later one",
     TAKE},
    {INTENT_PUBLISH,
     {DO_INSTALL_RENEWABLE, WHY_SUPERSEDED},
     ERR_INVALID,
     "not published: the login here is an older one, seen before",
     TAKE},
    /* It is the store's login, in another form. */
    {INTENT_PUBLISH, {DO_INSTALL_SHARED, WHY_NOT_HOLDER}, ERR_NONE, "", ""},
    {INTENT_PUBLISH, {DO_INSTALL_RENEWABLE, WHY_HOLDER_NEEDS_IT}, ERR_NONE, "", ""},
    {INTENT_PUBLISH, {DO_INSTALL_SHARED, WHY_RENEWAL_NEAR}, ERR_NONE, "", ""},
};

static void test_cases(void **state)
{
    (void)state;
    const struct relay r = {.tool = &tool_claude};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct sync_report report = {.stands = cases[i].stands};
        const char *what = reason_name(cases[i].stands.reason);
        struct err e = {.code = ERR_NONE};
        same_int(what, sync_unmet(&r, cases[i].intent, &report, &e), cases[i].code != ERR_NONE);
        same_error(what, &e, cases[i].code, cases[i].text, cases[i].hint);
    }
}

/* The store's login, but for one that only lost its refresh token, is installed. */
static void test_installed(void **state)
{
    (void)state;
    static const struct {
        struct decision did;
        bool installed;
    } rows[] = {
        {{DO_INSTALL_SHARED, WHY_STORE_LATER}, true},
        {{DO_INSTALL_SHARED, WHY_RENEWAL_NEAR}, false},
        {{DO_INSTALL_RENEWABLE, WHY_HOLDER_NEEDS_IT}, true},
        {{DO_PUBLISH, WHY_SUCCESSOR}, false},
        {{DO_NOTHING, WHY_SAME}, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct sync_report report = {.did = rows[i].did};
        same_int(action_name(rows[i].did.action), sync_installed(&report), rows[i].installed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases),
                                       cmocka_unit_test(test_installed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
