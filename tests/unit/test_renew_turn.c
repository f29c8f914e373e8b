/* Whose turn a renewal is, and what stands in its way, against a store in memory: all that comes before
 * the client is started. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "memory_store.h"
#include "refuse.h"
#include "relay/engine.h"
#include "relay/renew.h"

static struct relay relay;

/* What the store has and what is here: each NAME, 0: nothing; for MINUTES. */
struct there {
    char shared, renewable, local;
    int minutes;
    const char *holder;
    bool renewing;
    bool bare_here; /* without its refresh token */
};

static void begin(const struct there *t)
{
    relay = memory_relay();
    snprintf(relay.renew_command, sizeof relay.renew_command, "/bin/true");
    if (t->shared)
        store_shared(login_named(t->shared, t->minutes, false));
    if (t->renewable)
        store_renewable(t->holder, t->renewing, login_named(t->renewable, t->minutes, true));
    if (t->local)
        file_has(&relay, login_named(t->local, t->minutes, !t->bare_here));
}

static bool renew(struct renew_request rq, struct renew_report *ret, struct err *e)
{
    *ret = (struct renew_report){.outcome = RENEWAL_COUNT};
    return renew_relay(&relay, &rq, ret, e);
}

/* ---- what would be done ---- */

enum how { WAITS, ASKED, FORCED }; /* for its turn; a person asks; and insists */

static const struct {
    const char *what;
    struct there there;
    enum how how;
    enum renewal outcome;
    const char *why;
} turns[] = {
    {"ours, with time left", {'a', 'a', 'a', 300, "mac", false, false}, WAITS, RENEWAL_NOT_DUE, ""},
    {"a person asks", {'a', 'a', 'a', 300, "mac", false, false}, ASKED, RENEWAL_WOULD, ""},
    {"ours, and it is due", {'a', 'a', 'a', 4, "mac", false, true}, WAITS, RENEWAL_WOULD, ""},
    {"ours, and begun", {'a', 'a', 'a', 300, "mac", true, true}, WAITS, RENEWAL_WOULD, ""},
    {"studio's", {'a', 'a', 'a', 300, "studio", false, true}, WAITS, RENEWAL_NOT_OURS, ""},
    {"nor by asking", {'a', 'a', 'a', 300, "studio", false, true}, ASKED, RENEWAL_NOT_OURS, ""},
    {"by insisting", {'a', 'a', 'a', 300, "studio", false, true}, FORCED, RENEWAL_WOULD, ""},
    {"studio has let it go by",
     {'a', 'a', 'a', 0, "studio", false, true},
     WAITS,
     RENEWAL_WOULD,
     ""},
    {"almost, and a person asks",
     {'a', 'a', 'a', 2, "studio", false, true},
     ASKED,
     RENEWAL_WOULD,
     ""},
    {"studio is at it", {'a', 'a', 'a', 0, "studio", true, true}, ASKED, RENEWAL_CLAIMED, ""},
    {"for too long", {'a', 'a', 'a', 0, "studio", true, true}, FORCED, RENEWAL_WOULD, ""},
    {"not here yet", {'a', 'a', 0, 300, "mac", false, false}, WAITS, RENEWAL_NOT_DUE, ""},
    {"nothing anywhere",
     {0, 0, 0, 0, "", false, false},
     WAITS,
     RENEWAL_NOTHING,
     "there is no login that could be renewed"},
    {"nobody has its refresh token",
     {'a', 0, 'a', 300, "", false, true},
     WAITS,
     RENEWAL_NOTHING,
     "no machine has the refresh token of this login"},
    {"but that of another one",
     {'b', 'a', 'b', 300, "mac", false, true},
     WAITS,
     RENEWAL_NOTHING,
     "no machine has the refresh token of this login"},
};

static void test_turns(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(turns); i++) {
        struct renew_report report;
        struct err e = {.text = ""};
        begin(&turns[i].there);
        bool ok = renew((struct renew_request){.dry_run = true,
                                               .now = turns[i].how != WAITS,
                                               .force = turns[i].how == FORCED},
                        &report, &e);
        same_text(turns[i].what, ok ? "" : e.text, "");
        same_text(turns[i].what, renewal_name(report.outcome), renewal_name(turns[i].outcome));
        same_text(turns[i].what, report.why.text, turns[i].why);
        if (turns[i].why[0])
            same_text(turns[i].what, report.why.hint, "log in: claude /login");
        relay_free(&relay);
    }
}

static void test_over(void **state)
{
    (void)state;
    static const char spent[] =
        "{\"claudeAiOauth\":{\"accessToken\":\"sk-ant-oat01-TEST-z\",\"refreshToken\":"
        "\"sk-ant-ort01-TEST-z\",\"expiresAt\":4102444800000,\"refreshTokenExpiresAt\":"
        "1700000000000,"
        "\"scopes\":[\"user:inference\"]}}";
    struct renew_report report;
    struct err e;
    begin(&(struct there){.minutes = 0});
    store_shared(spent);
    assert_true(renew((struct renew_request){.dry_run = true}, &report, &e));
    same_text("its month", renewal_name(report.outcome), "nothing");
    same_error("its month", &report.why, ERR_HOPELESS, "the login has reached its time limit",
               "log in: claude /login");
    relay_free(&relay);
}

/* ---- the store cannot be asked ---- */

/* The file's login is one that the store was last seen to hold in full. */
static void entrust(void)
{
    struct session s;
    struct err e;
    const struct sync_request rq = {.deadline = clock_steady_ms() + 10000};
    struct sync_report report;
    assert_true(session_open(&relay, 1000, &s, &e));
    assert_true(session_sync(&s, &rq, &report, &e));
    assert_true(session_close(&s, &e));
}

static void test_alone(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        char local;
        bool bare, entrusted;
        bool ours; /* its own to renew */
    } cases[] = {
        {"made here, and nobody else's", 'b', false, false, true},
        {"the store has it as well", 'a', false, true, false},
        {"without its refresh token", 'a', true, false, false},
        {"no login", 0, false, false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct renew_report report;
        struct err e;
        begin(&(struct there){'a', 'a', cases[i].local, 300, "mac", false, cases[i].bare});
        if (cases[i].entrusted)
            entrust();
        store_fails(STORE_GET, 1, ERR_UNREACHABLE);
        bool ok = renew((struct renew_request){.dry_run = true}, &report, &e);
        same_int(cases[i].what, ok, cases[i].ours);
        if (ok)
            same_text(cases[i].what, renewal_name(report.outcome), "not_due");
        else
            same_text(cases[i].what, e.text, "the store: not now");
        relay_free(&relay);
    }
}

/* ---- the claim ---- */

static void claimed_by_studio(void)
{
    store_renewable("studio", true, login_named('a', 4, true));
}

static void published_by_studio(void)
{
    store_shared(login_named('c', 480, false));
}

static void test_claims(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum store_op op;
        int nth; /* the sync before has had two gets */
        void (*others)(void);
        enum err_code fails;
        const char *outcome; /* NULL: an error */
        const char *text;
    } cases[] = {
        {"claimed meanwhile", STORE_GET, 3, claimed_by_studio, ERR_NONE, "overtaken",
         "claude: the login was changed by others meanwhile"},
        {"renewed meanwhile", STORE_GET, 3, published_by_studio, ERR_NONE, "overtaken",
         "claude: the login was changed by others meanwhile"},
        {"claimed in that moment", STORE_PUT, 1, claimed_by_studio, ERR_NONE, "overtaken",
         "the store: another version is there"},
        {"no answer", STORE_GET, 3, NULL, ERR_UNREACHABLE, NULL, "the store: not now"},
        {"not put", STORE_PUT, 1, NULL, ERR_UNREACHABLE, NULL, "the store: not now"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct renew_report report;
        struct err e;
        begin(&(struct there){'a', 'a', 'a', 4, "mac", false, true});
        if (cases[i].others)
            store_before(cases[i].op, cases[i].nth, cases[i].others);
        else
            store_fails(cases[i].op, cases[i].nth, cases[i].fails);
        bool ok = renew((struct renew_request){.now = false}, &report, &e);
        same_int(cases[i].what, ok, cases[i].outcome != NULL);
        if (ok)
            same_text(cases[i].what, renewal_name(report.outcome), cases[i].outcome);
        same_text(cases[i].what, ok ? report.why.text : e.text, cases[i].text);
        relay_free(&relay);
    }
}

/* ---- this machine ---- */

static void test_no_lock(void **state)
{
    (void)state;
    struct renew_report report;
    struct err e;
    begin(&turns[0].there);
    assert_int_equal(mkdir(in_home(".local/state/credrelay/claude.renew.lock"), 0700), 0);
    assert_false(renew((struct renew_request){.dry_run = true}, &report, &e));
    assert_non_null(strstr(e.text, "/claude.renew.lock"));
    assert_true(e.code != ERR_BUSY);
    snprintf(relay.state_dir, sizeof relay.state_dir, "%s",
             in_home(".claude/.credentials.json/none"));
    assert_false(renew((struct renew_request){.dry_run = true}, &report, &e));
    assert_non_null(strstr(e.text, "cannot make folder "));
    memset(relay.state_dir, '/', sizeof relay.state_dir - 8);
    relay.state_dir[sizeof relay.state_dir - 8] = '\0';
    assert_false(renew((struct renew_request){.dry_run = true}, &report, &e));
    assert_non_null(strstr(e.text, "...: File name too long"));
    relay_free(&relay);
}

static void test_no_session(void **state)
{
    (void)state;
    struct renew_report report;
    struct err e;
    begin(&turns[0].there);
    assert_int_equal(mkdir(in_home(".local/state/credrelay/claude.lock"), 0700), 0);
    assert_false(renew((struct renew_request){.dry_run = true}, &report, &e));
    assert_non_null(strstr(e.text, "/claude.lock"));
    relay_free(&relay);
}

/* A login that is this machine's alone, whose client cannot be started: it stays as it is. */
static void test_no_client(void **state)
{
    (void)state;
    struct renew_report report;
    struct err e;
    begin(&(struct there){.local = 'b', .minutes = 4});
    relay.role = ROLE_WRITER;
    store_fails(STORE_GET, 1, ERR_UNREACHABLE);
    put_file(in_home("client"), "#!/no/such/interpreter\n", 0755);
    snprintf(relay.renew_command, sizeof relay.renew_command, "%s", in_home("client"));
    assert_true(renew((struct renew_request){.now = false}, &report, &e));
    same_text("came of it", renewal_name(report.outcome), "failed");
    assert_non_null(strstr(report.why.text, "/client: No such file or directory"));
    assert_non_null(strstr(file_text(relay.login_path), "sk-ant-ort01-TEST-b"));
    relay_free(&relay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_turns),     IN_WORLD(test_over),    IN_WORLD(test_alone),
        IN_WORLD(test_claims),    IN_WORLD(test_no_lock), IN_WORLD(test_no_session),
        IN_WORLD(test_no_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
