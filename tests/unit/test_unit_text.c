/* The text of a unit, to the letter, and what its two forms do with the characters that mean
 * something to them.  (tests/system/test_service_text.py has it read back by others.) */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "service/unit_text.h"

static const char *const environment[] = {"CLAUDE_CONFIG_DIR=/home/me/claude", "HOME=/home/me",
                                          "PATH=/home/me/.local/bin:/usr/bin", NULL};
static const struct unit plain = {.program = "/usr/local/bin/credrelay",
                                  .log = "/home/me/.local/state/credrelay/watch.log",
                                  .environment = environment};

static const char systemd_text[] =
    "# Written by `credrelay service install`, which writes it anew;\n"
    "# `credrelay service uninstall` removes it.  To change something of it:\n"
    "# systemctl --user edit credrelay-watch.service\n"
    "[Unit]\n"
    "Description=credrelay: keeps the logins of this machine alive\n"
    "Documentation=man:credrelay-service(1)\n"
    "StartLimitIntervalSec=0\n"
    "\n"
    "[Service]\n"
    "Type=exec\n"
    "ExecStart=\"/usr/local/bin/credrelay\" watch\n"
    "Environment=\"CLAUDE_CONFIG_DIR=/home/me/claude\"\n"
    "Environment=\"HOME=/home/me\"\n"
    "Environment=\"PATH=/home/me/.local/bin:/usr/bin\"\n"
    "Restart=always\n"
    "RestartSec=10\n"
    "KillMode=process\n"
    "UMask=0077\n"
    "LimitCORE=0\n"
    "NoNewPrivileges=yes\n"
    "LockPersonality=yes\n"
    "RestrictRealtime=yes\n"
    "RestrictSUIDSGID=yes\n"
    "SystemCallArchitectures=native\n"
    "SystemCallFilter=~@clock @module @raw-io @reboot @swap\n"
    "SystemCallErrorNumber=EPERM\n"
    "\n"
    "[Install]\n"
    "WantedBy=default.target\n";

static const char launchd_text[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
    "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
    "<!-- Written by `credrelay service install`, which writes it anew;\n"
    "     `credrelay service uninstall` removes it. -->\n"
    "<plist version=\"1.0\">\n"
    "<dict>\n"
    "\t<key>Label</key>\n"
    "\t<string>dev.credrelay.watch</string>\n"
    "\t<key>ProgramArguments</key>\n"
    "\t<array>\n"
    "\t\t<string>/usr/local/bin/credrelay</string>\n"
    "\t\t<string>watch</string>\n"
    "\t</array>\n"
    "\t<key>EnvironmentVariables</key>\n"
    "\t<dict>\n"
    "\t\t<key>CLAUDE_CONFIG_DIR</key>\n"
    "\t\t<string>/home/me/claude</string>\n"
    "\t\t<key>HOME</key>\n"
    "\t\t<string>/home/me</string>\n"
    "\t\t<key>PATH</key>\n"
    "\t\t<string>/home/me/.local/bin:/usr/bin</string>\n"
    "\t</dict>\n"
    "\t<key>RunAtLoad</key>\n"
    "\t<true/>\n"
    "\t<key>KeepAlive</key>\n"
    "\t<true/>\n"
    "\t<key>ThrottleInterval</key>\n"
    "\t<integer>10</integer>\n"
    "\t<key>AbandonProcessGroup</key>\n"
    "\t<true/>\n"
    "\t<key>Umask</key>\n"
    "\t<integer>63</integer>\n"
    "\t<key>StandardOutPath</key>\n"
    "\t<string>/home/me/.local/state/credrelay/watch.log</string>\n"
    "\t<key>StandardErrorPath</key>\n"
    "\t<string>/home/me/.local/state/credrelay/watch.log</string>\n"
    "</dict>\n"
    "</plist>\n";

typedef bool text_fn(const struct unit *u, struct buf *out, struct err *e);

/* In a static buffer. */
static const char *text_of(text_fn *fn, const struct unit *u)
{
    static char text[16384];
    struct buf out;
    struct err e;
    buf_init(&out, LIMIT_UNIT);
    if (!fn(u, &out, &e))
        fail_msg("%s", e.text);
    snprintf(text, sizeof text, "%s", buf_str(&out));
    buf_free(&out);
    return text;
}

static void test_whole(void **state)
{
    (void)state;
    same_text("systemd", text_of(unit_systemd, &plain), systemd_text);
    same_text("launchd", text_of(unit_launchd, &plain), launchd_text);
}

static void test_background(void **state)
{
    (void)state;
    struct unit u = plain;
    u.background = true;
    const char *at = strstr(text_of(unit_launchd, &u), "\t<key>LimitLoadToSessionType</key>\n");
    same_text("its end", at,
              "\t<key>LimitLoadToSessionType</key>\n"
              "\t<string>Background</string>\n"
              "</dict>\n"
              "</plist>\n");
    same_text("systemd has no such thing", text_of(unit_systemd, &u), systemd_text);
}

/* The line of TEXT that begins with START, in a static buffer. */
static const char *line_of(const char *text, const char *start)
{
    static char line[512];
    const char *at = strstr(text, start);
    snprintf(line, sizeof line, "%.*s", at ? (int)strcspn(at, "\n") : 0, at ? at : "");
    return line;
}

static void test_characters(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *systemd, *launchd;
    } cases[] = {
        {"X=a b", "Environment=\"X=a b\"", "<string>a b</string>"},
        {"X=", "Environment=\"X=\"", "<string></string>"},
        {"X=a=b", "Environment=\"X=a=b\"", "<string>a=b</string>"},
        {"X=100%h", "Environment=\"X=100%%h\"", "<string>100%h</string>"},
        {"X=\"'", "Environment=\"X=\\\"'\"", "<string>\"'</string>"},
        {"X=\\n", "Environment=\"X=\\\\n\"", "<string>\\n</string>"},
        {"X=$HOME", "Environment=\"X=$HOME\"", "<string>$HOME</string>"},
        {"X=a&b<c>", "Environment=\"X=a&b<c>\"", "<string>a&amp;b&lt;c&gt;</string>"},
        {"X=caf\xc3\xa9", "Environment=\"X=caf\xc3\xa9\"", "<string>caf\xc3\xa9</string>"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const variables[] = {cases[i].variable, NULL};
        struct unit u = plain;
        u.environment = variables;
        same_text(cases[i].variable, line_of(text_of(unit_systemd, &u), "Environment="),
                  cases[i].systemd);
        const char *after = strstr(text_of(unit_launchd, &u), "<key>X</key>\n\t\t");
        assert_non_null(after);
        same_text(cases[i].variable, line_of(after, "<string>"), cases[i].launchd);
    }
}

static void test_program(void **state)
{
    (void)state;
    static const struct {
        const char *program, *systemd, *launchd; /* systemd NULL: refused */
    } cases[] = {
        {"/opt/a b/credrelay", "ExecStart=\"/opt/a b/credrelay\" watch",
         "<string>/opt/a b/credrelay</string>"},
        {"/opt/50%/credrelay", "ExecStart=\"/opt/50%%/credrelay\" watch",
         "<string>/opt/50%/credrelay</string>"},
        {"/opt/$x;#/credrelay", "ExecStart=\"/opt/$x;#/credrelay\" watch",
         "<string>/opt/$x;#/credrelay</string>"},
        {"/opt/R&D/credrelay", "ExecStart=\"/opt/R&D/credrelay\" watch",
         "<string>/opt/R&amp;D/credrelay</string>"},
        {"/opt/it's/credrelay", NULL, "<string>/opt/it's/credrelay</string>"},
        {"/opt/\"x\"/credrelay", NULL, "<string>/opt/\"x\"/credrelay</string>"},
        {"/opt/a\\b/credrelay", NULL, "<string>/opt/a\\b/credrelay</string>"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct unit u = plain;
        u.program = cases[i].program;
        const char *array = strstr(text_of(unit_launchd, &u), "<array>");
        same_text(u.program, line_of(array, "<string>"), cases[i].launchd);
        if (cases[i].systemd) {
            same_text(u.program, line_of(text_of(unit_systemd, &u), "ExecStart="),
                      cases[i].systemd);
            continue;
        }
        struct buf out;
        struct err e;
        char want[200];
        buf_init(&out, LIMIT_UNIT);
        assert_false(unit_systemd(&u, &out, &e));
        snprintf(want, sizeof want,
                 "systemd starts no program with a quote or a backslash in its path: %s",
                 u.program);
        same_error(u.program, &e, ERR_INVALID, want,
                   "install it elsewhere: make install PREFIX=$HOME/.local");
        same_int(u.program, (long long)out.len, 0);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *program, *log, *variable, *shown;
    } cases[] = {
        {"/opt/a\nb", "/log", "X=1", "/opt/a b"}, {"/opt", "/log\x01", "X=1", "/log "},
        {"/opt", "/log", "X=a\tb", "X=a b"},      {"/opt", "/log", "X=\x1b[31m", "X= [31m"},
        {"/opt", "/log", "X=caf\xe9", "X=caf?"},
    };
    static text_fn *const forms[] = {unit_systemd, unit_launchd};
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t form = 0; form < COUNT(forms); form++) {
            const char *const variables[] = {"A=1", cases[i].variable, NULL};
            const struct unit u = {
                .program = cases[i].program, .log = cases[i].log, .environment = variables};
            struct buf out;
            struct err e;
            char want[200];
            buf_init(&out, LIMIT_UNIT);
            assert_false(forms[form](&u, &out, &e));
            snprintf(want, sizeof want, "'%s' cannot stand in a unit", cases[i].shown);
            same_error(cases[i].shown, &e, ERR_INVALID, want,
                       "it has control characters, or is not valid UTF-8");
            same_int("nothing is written", (long long)out.len, 0);
        }
}

static void test_bounded(void **state)
{
    (void)state;
    struct buf out;
    struct err e;
    buf_init(&out, 100);
    assert_false(unit_systemd(&plain, &out, &e));
    same_error("systemd", &e, ERR_TOO_LARGE, "the unit is larger than 100 bytes", "");
    buf_free(&out);
    assert_false(unit_launchd(&plain, &out, &e));
    same_error("launchd", &e, ERR_TOO_LARGE, "the unit is larger than 100 bytes", "");
    buf_free(&out);
}

static void test_ours(void **state)
{
    (void)state;
    static char below[2000];
    static const struct {
        const char *what, *text;
        bool ours;
    } cases[] = {
        {"systemd", systemd_text, true},
        {"launchd", launchd_text, true},
        {"empty", "", false},
        {"somebody's", "[Unit]\nDescription=credrelay watch\n", false},
        {"a mention further down", below, false},
        {"half of the mark", "# Written by `credrelay service install`\n", false},
    };
    memset(below, '#', 600);
    snprintf(below + 600, sizeof below - 600, "%s", systemd_text);
    for (size_t i = 0; i < COUNT(cases); i++)
        same_int(cases[i].what, unit_is_ours(cases[i].text), cases[i].ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_whole),   IN_WORLD(test_background), IN_WORLD(test_characters),
        IN_WORLD(test_program), IN_WORLD(test_refused),    IN_WORLD(test_bounded),
        IN_WORLD(test_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
