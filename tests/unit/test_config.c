/* credrelay.conf and the environment into a relay: the configurations of the manual word for
 * word, the defaults, and each mistake with the sentence it gets. */
#include "unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/settings.h"
#include "relay/relay.h"

#define WRITER                                                                                     \
    "[claude]\n"                                                                                   \
    "tool = claude\n"                                                                              \
    "role = writer\n"                                                                              \
    "store = ssm://us-west-2/claude/oauth/credentials\n"                                           \
    "reader-profile = claude-creds-reader\n"                                                       \
    "writer-profile = claude-creds-writer\n"
#define READER                                                                                     \
    "[claude]\n"                                                                                   \
    "tool = claude\n"                                                                              \
    "role = reader\n"                                                                              \
    "store = ssm://us-west-2/claude/oauth/credentials\n"                                           \
    "reader-profile = claude-creds-reader\n"
#define TWO "[work]\nstore = local:/w.db\n[play]\nstore = local:/p.db\nrole = reader\n"

static const char conf[] = ".config/credrelay/credrelay.conf";

static int with_folder(void **state)
{
    return world_make(state) == 0 && mkdir(in_home(".config"), 0700) == 0
               ? mkdir(in_home(".config/credrelay"), 0700)
               : -1;
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, with_folder, world_remove)

/* "SETTING=VALUE ..." of everything in the relay, to be compared as one text. */
static void describe(const struct relay *r, struct buf *out)
{
    static const char *const retries[] = {"safe", "always", "never"};
    buf_printf(out, "%s %s %s plain=%d retry=%s timeout=%lld preflight=%lld wait=%lld %s ", r->name,
               r->tool->name, role_name(r->role), r->plain, retries[r->retry],
               (long long)r->timeout_ms, (long long)r->preflight_ms, (long long)r->recover_wait_ms,
               r->store_url);
    jv_write(r->store_options, out);
}

#define DEFAULTS " plain=0 retry=safe timeout=10000 preflight=3000 wait=10000 "

/* Who renews, and how many there are. */
static void test_succession(void **state)
{
    static const struct {
        const char *text;
        bool renews;
        const char *command, *writers;
        int64_t fleet_size;
    } rows[] = {
        {"[claude]\n", true, "", "", 4},
        {"[claude]\nrenew = no\nwriters = a\nfleet-size = 10000\n", false, "", "a", 10000},
        {"[claude]\nrenew = Yes\nwriters = a, b,c\n", true, "", "a, b,c", 4},
        {"[claude]\nrenew = claude -p hi\n", true, "claude -p hi", "", 4},
        {"[claude]\nrenew = claude -p hi\nrenew = yes\n", true, "", "", 4},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct relay r;
        struct err e;
        put_file(in_home(conf), rows[i].text, 0600);
        assert_true(relay_load(NULL, &r, &e));
        same_int(rows[i].text, r.renews, rows[i].renews);
        same_text(rows[i].text, r.renew_command, rows[i].command);
        same_text(rows[i].text, r.writers, rows[i].writers);
        same_int(rows[i].text, r.fleet_size, rows[i].fleet_size);
        relay_free(&r);
        unlink(in_home(conf));
    }
}

static const struct {
    const char *text; /* of the file; NULL: none */
    const char *name;
    const char *variable, *value; /* one of the environment */
    const char *relay;
} cases[] = {
    {NULL, NULL, NULL, NULL, "claude claude writer" DEFAULTS "local: {}"},
    {NULL, "claude", NULL, NULL, "claude claude writer" DEFAULTS "local: {}"},
    {"", NULL, NULL, NULL, "claude claude writer" DEFAULTS "local: {}"},
    {"# nothing\n[alert]\nmail = x\n", NULL, NULL, NULL,
     "claude claude writer" DEFAULTS "local: {}"},
    {WRITER, NULL, NULL, NULL,
     "claude claude writer" DEFAULTS "ssm://us-west-2/claude/oauth/credentials "
     "{\"reader-profile\":\"claude-creds-reader\",\"writer-profile\":\"claude-creds-writer\"}"},
    {READER, NULL, NULL, NULL,
     "claude claude reader" DEFAULTS "ssm://us-west-2/claude/oauth/credentials "
     "{\"reader-profile\":\"claude-creds-reader\"}"},
    {READER "[alert]\nanything = goes\n", "claude", NULL, NULL,
     "claude claude reader" DEFAULTS "ssm://us-west-2/claude/oauth/credentials "
     "{\"reader-profile\":\"claude-creds-reader\"}"},
    /* as it is often pasted from a page */
    {"  [claude]\r\n  role = reader\r\n  store = local:/x y.db\r\n", NULL, NULL, NULL,
     "claude claude reader" DEFAULTS "local:/x y.db {}"},
    {"[claude]\nshare-refresh-token = Yes\nretry = never\ntimeout = 250ms\npreflight = 0\n"
     "recover-wait = 1min\nkms-key-id = alias/k\ntier = advanced\n",
     NULL, NULL, NULL,
     "claude claude writer plain=1 retry=never timeout=250 preflight=0 wait=60000 local: "
     "{\"kms-key-id\":\"alias/k\",\"tier\":\"advanced\"}"},
    /* sections */
    {"[work]\n", NULL, NULL, NULL, "work claude writer" DEFAULTS "local: {}"},
    {"[play]\nrole = reader\n[work]\n", "work", NULL, NULL,
     "work claude writer" DEFAULTS "local: {}"},
    {TWO, NULL, NULL, NULL, "work claude writer" DEFAULTS "local:/w.db {}"},
    {TWO, "play", NULL, NULL, "play claude reader" DEFAULTS "local:/p.db {}"},
    {TWO, "claude", NULL, NULL, "claude claude writer" DEFAULTS "local: {}"},
    {"[alert]\nx = y\n" TWO, NULL, NULL, NULL, "work claude writer" DEFAULTS "local:/w.db {}"},
    {"[play]\nnonsense = 1\n" TWO, "work", NULL, NULL,
     "work claude writer" DEFAULTS "local:/w.db {}"},
    {"[a.b_c-D9]\nrole = reader\n", NULL, NULL, NULL,
     "a.b_c-D9 claude reader" DEFAULTS "local: {}"},
    /* the environment goes before the file */
    {NULL, NULL, "CREDRELAY_STORE", "local:/e.db",
     "claude claude writer" DEFAULTS "local:/e.db {}"},
    {TWO, "play", "CREDRELAY_ROLE", "writer", "play claude writer" DEFAULTS "local:/p.db {}"},
    {TWO, "play", "CREDRELAY_ROLE", "", "play claude reader" DEFAULTS "local:/p.db {}"},
    {NULL, NULL, "CREDRELAY_SHARE_REFRESH_TOKEN", "on",
     "claude claude writer plain=1 retry=safe timeout=10000 preflight=3000 wait=10000 local: {}"},
    {NULL, NULL, "CREDRELAY_RETRY", "always",
     "claude claude writer plain=0 retry=always timeout=10000 preflight=3000 wait=10000 local: {}"},
    {NULL, NULL, "CREDRELAY_RECOVER_WAIT", "0",
     "claude claude writer plain=0 retry=safe timeout=10000 preflight=3000 wait=0 local: {}"},
    {WRITER, NULL, "CREDRELAY_READER_PROFILE", "other",
     "claude claude writer" DEFAULTS "ssm://us-west-2/claude/oauth/credentials "
     "{\"reader-profile\":\"other\",\"writer-profile\":\"claude-creds-writer\"}"},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct relay r;
        struct buf got;
        struct err e;
        buf_init(&got, 10000);
        if (cases[i].text)
            put_file(in_home(conf), cases[i].text, 0600);
        if (cases[i].variable)
            setenv(cases[i].variable, cases[i].value, 1);
        if (!relay_load(cases[i].name, &r, &e))
            fail_msg("%s: %s", cases[i].relay, e.text);
        describe(&r, &got);
        same_text("relay", buf_str(&got), cases[i].relay);
        relay_free(&r);
        buf_free(&got);
        if (cases[i].variable)
            unsetenv(cases[i].variable);
        unlink(in_home(conf));
    }
}

/* All of them, for what looks after every login of the machine. */
static void test_names(void **state)
{
    static const struct {
        const char *text, *names; /* NULL: no file */
    } rows[] = {
        {NULL, "claude,"},
        {"# nothing\n", "claude,"},
        {"[alert]\nmail = me\n", "claude,"},
        {"[work]\n", "work,"},
        {"[b]\nrole = reader\n[alert]\n[a]\n[b]\nstore = local:\n", "b,a,"},
        {"[a]\nrole = king\n[b]\n", "a,b,"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct relay_names names;
        struct buf got;
        struct err e;
        buf_init(&got, 10000);
        if (rows[i].text)
            put_file(in_home(conf), rows[i].text, 0600);
        assert_true(relay_names(&names, &e));
        for (size_t n = 0; n < names.count; n++)
            buf_printf(&got, "%s,", names.name[n]);
        same_text("names", buf_str(&got), rows[i].names);
        buf_free(&got);
    }
}

static void test_too_many_names(void **state)
{
    struct relay_names names = {.count = 7};
    struct buf text;
    struct err e;
    char message[1000] = "";
    (void)state;
    buf_init(&text, 10000);
    for (int i = 0; i < 33; i++)
        buf_printf(&text, "[r%d]\n", i);
    put_file(in_home(conf), buf_str(&text), 0600);
    assert_false(relay_names(&names, &e));
    snprintf(message, sizeof message, "%s:33: more than 32 relays", in_home(conf));
    same_error("too many", &e, ERR_INVALID, message,
               "use a configuration of their own for the others: CREDRELAY_CONFIG=FILE");
    same_int("untouched", (long)names.count, 7);
    buf_free(&text);
}

/* The first section of a tool, or the defaults under its name. */
static void test_of_tool(void **state)
{
    static const struct {
        const char *text; /* NULL: no file */
        const char *tool, *relay;
    } rows[] = {
        {NULL, "claude", "claude claude writer" DEFAULTS "local: {}"},
        {NULL, "codex", "codex codex writer" DEFAULTS "local: {}"},
        {"[c]\ntool = codex\nrole = reader\n", "codex", "c codex reader" DEFAULTS "local: {}"},
        {"[c]\ntool = codex\nrole = reader\n", "claude",
         "claude claude writer" DEFAULTS "local: {}"},
        {"[c]\ntool = codex\n[w]\nrole = reader\n[x]\nstore = local:/x\n", "claude",
         "w claude reader" DEFAULTS "local: {}"},
        {"[alert]\ntool = codex\n[c]\nrole = reader\ntool = codex\n", "codex",
         "c codex reader" DEFAULTS "local: {}"},
        {"[a]\ntool = codex\nrole = reader\n[b]\ntool = codex\n", "codex",
         "a codex reader" DEFAULTS "local: {}"},
        {"[w]\n[c]\ntool = codex\n", "claude", "w claude writer" DEFAULTS "local: {}"},
        {"[b]\ntool = nosuch\nrole = king\n[c]\ntool = codex\n", "codex",
         "c codex writer" DEFAULTS "local: {}"},
    };
    (void)state;
    /* It is for those who name no tool. */
    setenv("CREDRELAY_TOOL", "claude", 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct relay r;
        struct buf got;
        struct err e;
        buf_init(&got, 10000);
        if (rows[i].text)
            put_file(in_home(conf), rows[i].text, 0600);
        if (!relay_load_of_tool(rows[i].tool, &r, &e))
            fail_msg("%s: %s", rows[i].relay, e.text);
        describe(&r, &got);
        same_text("relay", buf_str(&got), rows[i].relay);
        relay_free(&r);
        buf_free(&got);
    }
}

#define LONG64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
    const char *text, *name;
    const char *message, *hint; /* "@": the file's path */
} mistakes[] = {
    {"[claude]\n\nstroe = local:\n", NULL, "@:3: there is no setting called 'stroe'",
     "the settings are listed in credrelay.conf(5)"},
    {"[claude]\nrole = admin\n", NULL, "@:2: role = admin is not valid",
     "role takes reader|writer"},
    {"[claude]\nrole = Writer\n", NULL, "@:2: role = Writer is not valid",
     "role takes reader|writer"},
    {"[claude]\ntool = Codex\n", NULL, "@:2: tool = Codex is not valid",
     "tool takes claude|codex|NAME"},
    {"[claude]\ntool = ../codex\n", NULL, "@:2: tool = ../codex is not valid",
     "tool takes claude|codex|NAME"},
    {"[claude]\nstore =\n", NULL, "@:2: store =  is not valid", "store takes URL"},
    {"[claude]\nlogin-source = wallet\n", NULL, "@:2: login-source = wallet is not valid",
     "login-source takes auto|file|keychain"},
    {"[codex]\ntool = codex\nlogin-source = keychain\n", NULL,
     "login-source = keychain: codex has no item in the Keychain",
     "login-source = file, or describe the item: credrelay-tool(5)"},
    {"[claude]\nretry = maybe\n", NULL, "@:2: retry = maybe is not valid",
     "retry takes safe|always|never"},
    {"[claude]\nshare-refresh-token = x\n", NULL, "@:2: share-refresh-token = x is not valid",
     "share-refresh-token takes yes|no"},
    {"[claude]\ntimeout = 10 parsecs\n", NULL, "@:2: timeout = 10 parsecs is not valid",
     "timeout takes DURATION"},
    {"[claude]\ntimeout = 99ms\n", NULL, "@:2: timeout = 99ms is not valid",
     "timeout takes DURATION"},
    {"[claude]\npreflight = -1s\n", NULL, "@:2: preflight = -1s is not valid",
     "preflight takes DURATION"},
    {"[claude]\nrecover-wait = soon\n", NULL, "@:2: recover-wait = soon is not valid",
     "recover-wait takes DURATION"},
    {"[claude]\nfleet-size = 0\n", NULL, "@:2: fleet-size = 0 is not valid",
     "fleet-size takes NUMBER"},
    {"[claude]\nrenew = \n", NULL, "@:2: renew =  is not valid", "renew takes yes|no|COMMAND"},
    {"[claude]\nlog-size = 4095\n", NULL, "@:2: log-size = 4095 is not valid",
     "log-size takes SIZE"},
    {"[claude]\nlog-size = much\n", NULL, "@:2: log-size = much is not valid",
     "log-size takes SIZE"},
    {"[claude]\nlog-keep = 101\n", NULL, "@:2: log-keep = 101 is not valid",
     "log-keep takes NUMBER"},
    {"[claude]\nrole = reader # the VPS\n", NULL, "@:2: role = reader # the VPS is not valid",
     "role takes reader|writer"},
    {"[claude]\nrole = " LONG64 "yyy\n", NULL, "@:2: role = " LONG64 " is not valid",
     "role takes reader|writer"},
    {"role = reader\n", NULL, "@:1: a setting before the first [section]", ""},
    {"[claude]\nreader\n", NULL, "@:2: neither [section] nor `key = value`", ""},
    {"[claude\nrole = reader\n", NULL, "@:1: section without a closing bracket", ""},
    {"[../x]\nrole = reader\n", NULL, "@:1: [../x] is no name for a relay",
     "use letters, digits, dots and dashes, at most 63"},
    {"[.x]\nrole = reader\n", NULL, "@:1: [.x] is no name for a relay",
     "use letters, digits, dots and dashes, at most 63"},
    {"[watch]\nrole = reader\n", NULL, "@:1: [watch] is no name for a relay",
     "call it otherwise: the watcher keeps its own state under that name"},
    {"[alerts]\nrole = reader\n", NULL, "@:1: [alerts] is no name for a relay",
     "call it otherwise: what sends alerts keeps its own state under that name"},
    {"[metrics]\nrole = reader\n", NULL, "@:1: [metrics] is no name for a relay",
     "call it otherwise: log --prometheus keeps its own state under that name"},
    {"[Config]\nrole = reader\n", NULL, "@:1: [Config] is no name for a relay",
     "call it otherwise: what edits the configuration keeps its own state under that name"},
    {"[aws-credentials]\n", NULL, "@:1: [aws-credentials] is no name for a relay",
     "call it otherwise: what edits the AWS profiles keeps its own state under that name"},
    {"[x.incident]\n", NULL, "@:1: [x.incident] is no name for a relay",
     "call it otherwise: a relay with a shorter name keeps its own state under that name"},
    {"[x.renew]\n", NULL, "@:1: [x.renew] is no name for a relay",
     "call it otherwise: a relay with a shorter name keeps its own state under that name"},
    {"[x.rotate-Reader]\n", NULL, "@:1: [x.rotate-Reader] is no name for a relay",
     "call it otherwise: a relay with a shorter name keeps its own state under that name"},
    {"[a b]\nrole = reader\n", NULL, "@:1: [a b] is no name for a relay",
     "use letters, digits, dots and dashes, at most 63"},
    {"[" LONG64 "]\nrole = reader\n", NULL, "@:1: [" LONG64 "] is no name for a relay",
     "use letters, digits, dots and dashes, at most 63"},
    {TWO, "wrok", "@ has no relay called 'wrok'", "name one of its sections: grep '^\\[' '@'"},
    {"[Alert]\nmail = me@example.org\n", NULL, "@:1: [Alert] is no name for a relay",
     "call it otherwise: [alert], which says who is told, keeps its own state under that name"},
    {"[work]\nrole = reader\n[x]\n[Work]\n", NULL,
     "@:4: relay Work would share its files with relay work",
     "call one of them otherwise: file systems may take Work and work for one name"},
    {TWO "[alert]\nx = y\n", "alert", "@ has no relay called 'alert'",
     "name one of its sections: grep '^\\[' '@'"},
};

/* TEXT with the file's path in place of each "@". */
static const char *with_path(const char *text, char *out, size_t size)
{
    size_t len = 0;
    for (; *text && len < size; text++)
        len += (size_t)snprintf(out + len, size - len, *text == '@' ? "%s" : "%.1s",
                                *text == '@' ? in_home(conf) : text);
    return out;
}

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct relay r = {.name = "untouched"};
        struct err e;
        char message[1000] = "", hint[1000] = "";
        put_file(in_home(conf), mistakes[i].text, 0600);
        same_int(mistakes[i].text, relay_load(mistakes[i].name, &r, &e), false);
        same_text(mistakes[i].text, e.text, with_path(mistakes[i].message, message, 1000));
        same_text(mistakes[i].text, e.hint, with_path(mistakes[i].hint, hint, 1000));
        same_int(mistakes[i].text, e.code, mistakes[i].name ? ERR_USAGE : ERR_INVALID);
        same_text("untouched", r.name, "untouched");
    }
}

static void test_bad_variable(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *message, *hint;
    } bad[] = {
        {"CREDRELAY_ROLE", "x", "CREDRELAY_ROLE: role = x is not valid",
         "role takes reader|writer"},
        {"CREDRELAY_TIMEOUT", "1", "", ""},
        {"CREDRELAY_TIMEOUT", "0", "CREDRELAY_TIMEOUT: timeout = 0 is not valid",
         "timeout takes DURATION"},
        {"CREDRELAY_MACHINE", LONG64 LONG64, "CREDRELAY_MACHINE is longer than 127 bytes",
         "give this machine a shorter name"},
        {"CREDRELAY_MACHINE", "Z\xfcrich", "CREDRELAY_MACHINE is not valid UTF-8",
         "give this machine another name"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct relay r;
        struct err e = {.text = ""};
        setenv(bad[i].name, bad[i].value, 1);
        bool ok = relay_load(NULL, &r, &e);
        same_int(bad[i].name, ok, bad[i].message[0] == '\0');
        same_text(bad[i].name, e.text, bad[i].message);
        same_text(bad[i].name, e.hint, bad[i].hint);
        if (ok)
            relay_free(&r);
        unsetenv(bad[i].name);
    }
}

/* Values longer than what they are kept in: told with their beginning. */
static void test_long_values(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        size_t room;
        const char *takes;
    } rows[] = {{"store", 1024, "URL"}, {"renew", 512, "yes|no|COMMAND"}, {"writers", 1024, NULL}};
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int more = -1; more < 1; more++) {
            static char value[2000], text[2100];
            struct relay r;
            struct err e = {.text = ""};
            memset(value, 'x', sizeof value);
            value[rows[i].room + (size_t)more] = '\0';
            snprintf(text, sizeof text, "[claude]\n%s = %s\n", rows[i].key, value);
            put_file(in_home(conf), text, 0600);
            bool ok = relay_load(NULL, &r, &e);
            same_int(rows[i].key, ok, more < 0);
            if (ok)
                relay_free(&r);
            else
                assert_non_null(strstr(e.text, "xxx is not valid"));
        }
}

/* Places that are too long for a path, and variables that say nothing. */
static void test_long_places(void **state)
{
    (void)state;
    static char longer[2 * LIMIT_PATH], nearly[LIMIT_PATH];
    static struct relay_names names;
    struct alert_settings alert;
    struct relay r = {.name = "claude"};
    struct err e;
    char out[LIMIT_PATH];
    memset(longer, 'x', sizeof longer - 1);
    memset(nearly, 'x', sizeof nearly - 1);
    nearly[0] = longer[0] = '/';
    nearly[LIMIT_PATH - 12] = '\0';
    setenv("CREDRELAY_CONFIG", longer, 1);
    assert_false(relay_config_path(out, &e));
    assert_non_null(strstr(e.text, "...: File name too long"));
    assert_false(relay_load(NULL, &r, &e));
    assert_false(relay_names(&names, &e));
    assert_false(alert_settings_load(&alert, &e));
    setenv("CREDRELAY_CONFIG", "", 1);
    setenv("XDG_CONFIG_HOME", nearly, 1);
    assert_false(relay_config_path(out, &e));
    assert_non_null(strstr(e.text, "File name too long"));
    setenv("XDG_CONFIG_HOME", longer, 1);
    assert_false(relay_config_path(out, &e));
    unsetenv("XDG_CONFIG_HOME");
    snprintf(r.state_dir, sizeof r.state_dir, "%s", nearly);
    assert_false(relay_state_path(&r, ".incident.json", out, &e));
    assert_non_null(strstr(e.text, "...: File name too long"));
    setenv("CLAUDE_CONFIG_DIR", nearly, 1);
    assert_false(relay_load(NULL, &r, &e));
    unsetenv("CLAUDE_CONFIG_DIR");
    setenv("XDG_STATE_HOME", longer, 1);
    assert_false(relay_load(NULL, &r, &e));
    assert_false(relay_load_of_tool("claude", &r, &e));
    unsetenv("XDG_STATE_HOME");
    setenv("CREDRELAY_MACHINE", "", 1);
    assert_true(relay_load(NULL, &r, &e));
    assert_true(r.machine[0] != '\0');
    relay_free(&r);
}

/* Who renews by turns: a writer of several, in the usual layout, with a way to renew. */
static void test_turns(void **state)
{
    (void)state;
    static const struct {
        const char *settings;
        bool turns;
    } rows[] = {
        {"", false},
        {"store = local:/shared/store.db\n", true},
        {"store = local:/shared/store.db\nrole = reader\n", false},
        {"store = local:/shared/store.db\nshare-refresh-token = yes\n", false},
        {"store = local:/shared/store.db\nwriters = me\n", false},
        {"store = local:/shared/store.db\ntool = lamp\n", false},
        {"store = local:/shared/store.db\ntool = lamp\nrenew = lamp now\n", true},
    };
    setenv("CREDRELAY_MACHINE", "me", 1);
    assert_int_equal(mkdir(in_home(".config/credrelay/tools"), 0700), 0);
    put_file(in_home(".config/credrelay/tools/lamp.ini"),
             "[tool]\nproduct = Lamp\nprogram = lamp\nlogin-command = lamp login\n"
             "[login]\nfolder = .lamp\nfile = s.json\nparts = token\naccess = token\n",
             0600);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[200];
        struct relay r;
        struct err e;
        snprintf(text, sizeof text, "[x]\n%s", rows[i].settings);
        put_file(in_home(conf), text, 0600);
        if (!relay_load(NULL, &r, &e))
            fail_msg("%s: %s", rows[i].settings, e.text);
        same_int(rows[i].settings, relay_takes_turns(&r), rows[i].turns);
        relay_free(&r);
    }
    put_file(in_home(".config/credrelay/tools/lamp.ini"), "words\n", 0600);
    struct relay r;
    struct err e;
    assert_false(relay_load(NULL, &r, &e));
    assert_false(relay_load_of_tool("lamp", &r, &e));
    assert_non_null(strstr(e.text, "lamp.ini:1: a setting before the first [section]"));
}

static void test_bad_names(void **state)
{
    (void)state;
    static struct relay_names names;
    struct relay r;
    struct err e;
    char want[1000] = "";
    assert_false(relay_name_ok(""));
    put_file(in_home(conf), "[.x]\ntool = claude\n", 0600);
    with_path("@:1: [.x] is no name for a relay", want, sizeof want);
    assert_false(relay_names(&names, &e));
    same_text("listed", e.text, want);
    assert_true(relay_load_of_tool("claude", &r, &e)); /* it is not looked at */
    same_text("by its tool", r.name, "claude");
    relay_free(&r);
    put_file(in_home(conf), "[work]\ntool = claude\n[Work]\ntool = codex\n", 0600);
    with_path("@: relay Work would share its files with relay work", want, sizeof want);
    assert_false(relay_load_of_tool("codex", &r, &e));
    same_text("alike, by its tool", e.text, want);
    assert_int_equal(e.code, ERR_INVALID);
    assert_true(relay_load_of_tool("claude", &r, &e)); /* the first one keeps what it has */
    same_text("the first", r.name, "work");
    relay_free(&r);
    put_file(in_home(conf), "[Codex]\ntool = claude\n", 0600);
    with_path("@: relay codex would share its files with relay Codex", want, sizeof want);
    assert_false(relay_load_of_tool("codex", &r, &e));
    same_text("without a section", e.text, want);
    put_file(in_home(conf), "[claude]\nwriters = a, b\n", 0600);
    setenv("CREDRELAY_ROLE", "x", 1);
    assert_false(relay_load_of_tool("claude", &r, &e));
    same_text("a variable", e.text, "CREDRELAY_ROLE: role = x is not valid");
    unsetenv("CREDRELAY_ROLE");
}

static void test_unreadable(void **state)
{
    (void)state;
    struct relay r;
    struct err e;
    char want[1000] = "";
    assert_int_equal(mkdir(in_home(conf), 0700), 0);
    assert_false(relay_load(NULL, &r, &e));
    same_text("a folder", e.text, with_path("@ is a folder, not a file", want, sizeof want));
    rmdir(in_home(conf));
    struct buf text;
    buf_init(&text, 1 << 20);
    while (text.len <= LIMIT_CONFIG)
        buf_text(&text, "# a comment that is repeated\n");
    put_file(in_home(conf), buf_str(&text), 0600);
    assert_false(relay_load(NULL, &r, &e));
    same_text("too large", e.text, with_path("@ is larger than 262144 bytes", want, sizeof want));
    buf_free(&text);
}

static void test_places(void **state)
{
    (void)state;
    struct relay r;
    struct err e;
    char out[LIMIT_PATH], machine[HOST_NAME_MAX + 1] = "";
    put_file(in_home("other.conf"), "[other]\nrole = reader\n", 0600);
    setenv("CREDRELAY_CONFIG", in_home("other.conf"), 1);
    assert_true(relay_config_path(out, &e));
    same_text("CREDRELAY_CONFIG", out, in_home("other.conf"));
    setenv("XDG_STATE_HOME", "/s", 1);
    setenv("CREDRELAY_MACHINE", "mac \"mini\"", 1);
    assert_true(relay_load(NULL, &r, &e));
    same_text("its section", r.name, "other");
    same_text("machine", r.machine, "mac \"mini\"");
    same_text("login", r.login_path, in_home(".claude/.credentials.json"));
    same_text("state", r.state_dir, "/s/credrelay");
    assert_true(relay_state_path(&r, ".json", out, &e));
    same_text("state of the relay", out, "/s/credrelay/other.json");
    relay_free(&r);

    setenv("CREDRELAY_CONFIG", in_home("not-there.conf"), 1);
    unsetenv("CREDRELAY_MACHINE");
    assert_true(relay_load(NULL, &r, &e));
    same_text("no file: the defaults", r.name, "claude");
    assert_int_equal(gethostname(machine, sizeof machine), 0);
    same_text("the host name", r.machine, machine);
    relay_free(&r);
    relay_free(&r);

    unsetenv("CREDRELAY_CONFIG");
    setenv("XDG_CONFIG_HOME", "/c", 1);
    assert_true(relay_config_path(out, &e));
    same_text("XDG_CONFIG_HOME", out, "/c/credrelay/credrelay.conf");
}

/* The rows are the master copy: help and manual print them, so each default must be one that the
 * setting takes. */
static void test_settings(void **state)
{
    (void)state;
    const struct setting *s;
    size_t rows = 0;
    for (; (s = relay_setting(rows)); rows++) {
        struct relay r;
        struct err e;
        char text[256];
        if (s->fallback[0]) {
            snprintf(text, sizeof text, "[claude]\n%s = %s\n", s->key, s->fallback);
            put_file(in_home(conf), text, 0600);
            if (!relay_load(NULL, &r, &e))
                fail_msg("%s", e.text);
            relay_free(&r);
        }
        same_int(s->key, s->takes[0] && s->help[0] && !strchr(s->help, '\n'), true);
        for (const char *p = s->key; *p; p++)
            same_int(s->key, (*p >= 'a' && *p <= 'z') || *p == '-', true);
        for (size_t other = 0; other < rows; other++)
            same_int(s->key, strcmp(relay_setting(other)->key, s->key) != 0, true);
    }
    assert_in_range(rows, 12, 64);
}

static void test_log(void **state)
{
    (void)state;
    struct relay r;
    struct err e;
    assert_true(relay_load(NULL, &r, &e));
    same_int("size", r.log_size, 1048576);
    same_int("files", r.log_keep, 5);
    relay_free(&r);
    put_file(in_home(conf), "[claude]\nlog-size = 64k\nlog-keep = 0\n", 0600);
    assert_true(relay_load(NULL, &r, &e));
    same_int("another size", r.log_size, 65536);
    same_int("no files", r.log_keep, 0);
    relay_free(&r);
}

static void test_login_source(void **state)
{
    (void)state;
    static const struct {
        const char *text, *variable; /* NULL: not set */
        enum login_place place;
    } rows[] = {
        {"", NULL, LOGIN_AUTO},
        {"[claude]\nlogin-source = auto\n", NULL, LOGIN_AUTO},
        {"[claude]\nlogin-source = file\n", NULL, LOGIN_FILE},
        {"[claude]\nlogin-source = keychain\n", NULL, LOGIN_KEYCHAIN},
        {"[claude]\nlogin-source = keychain\n", "file", LOGIN_FILE},
        {"[codex]\ntool = codex\n", NULL, LOGIN_AUTO},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct relay r;
        struct err e;
        put_file(in_home(conf), rows[i].text, 0600);
        if (rows[i].variable)
            setenv("CREDRELAY_LOGIN_SOURCE", rows[i].variable, 1);
        else
            unsetenv("CREDRELAY_LOGIN_SOURCE");
        assert_true(relay_load(NULL, &r, &e));
        const struct login_source source = relay_login_source(&r);
        same_text(rows[i].text, login_place_name(source.place), login_place_name(rows[i].place));
        assert_ptr_equal(source.tool, r.tool);
        same_text(rows[i].text, source.path, r.login_path);
        relay_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(test_login_source),   WITH_FOLDER(test_cases),
        WITH_FOLDER(test_succession),     WITH_FOLDER(test_mistakes),
        WITH_FOLDER(test_of_tool),        WITH_FOLDER(test_bad_variable),
        WITH_FOLDER(test_long_values),    WITH_FOLDER(test_long_places),
        WITH_FOLDER(test_bad_names),      WITH_FOLDER(test_turns),
        WITH_FOLDER(test_unreadable),     WITH_FOLDER(test_places),
        WITH_FOLDER(test_settings),       WITH_FOLDER(test_names),
        WITH_FOLDER(test_too_many_names), WITH_FOLDER(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
