#include "service/unit_text.h"

#include <string.h>

#include "base/utf8.h"

/* What a killed or failed watcher waits for.  launchd's own least is 10 s as well. */
#define RESTART_S "10"

#define MARK "Written by `credrelay service install`, which writes it anew"

/* Where the mark is looked for: above it stand, at most, the two lines that XML begins with. */
enum { MARK_WITHIN = 512 };

bool unit_is_ours(const char *text)
{
    const char *mark = strstr(text, MARK);
    return mark && mark - text < MARK_WITHIN;
}

static bool fits(const struct unit *u, struct err *e)
{
    const char *bad = !utf8_is_line(u->program) ? u->program
                      : !utf8_is_line(u->log)   ? u->log
                                                : NULL;
    for (const char *const *v = u->environment; !bad && *v; v++)
        if (!utf8_is_line(*v))
            bad = *v;
    if (!bad)
        return true;
    err_set(e, ERR_INVALID, "'%.256s' cannot stand in a unit", bad);
    return err_hint(e, "it has control characters, or is not valid UTF-8");
}

static bool finished(const struct buf *out, struct err *e)
{
    return !out->failed || buf_error(out, "the unit", e);
}

/* ---- systemd ---- */

/* A word in quotes: backslashes, quotes and specifiers (%h) mean themselves. */
static void put_quoted(struct buf *out, const char *text)
{
    buf_text(out, "\"");
    for (; *text; text++) {
        if (strchr("\\\"", *text))
            buf_text(out, "\\");
        if (*text == '%')
            buf_text(out, "%");
        buf_bytes(out, text, 1);
    }
    buf_text(out, "\"");
}

/* Only what needs no namespace: those that do (ProtectSystem, PrivateTmp, ...) need one of the user's
 * own in a user's unit, which many systems do not give, and then the service does not start at all.
 * And nothing that the client, which renewals run, would miss: it compiles at run time (no
 * MemoryDenyWriteExecute) and makes sandboxes of its own (no RestrictNamespaces). */
static const char hardening[] = "UMask=0077\n"
                                "LimitCORE=0\n"
                                "NoNewPrivileges=yes\n"
                                "LockPersonality=yes\n"
                                "RestrictRealtime=yes\n"
                                "RestrictSUIDSGID=yes\n"
                                "SystemCallArchitectures=native\n"
                                "SystemCallFilter=~@clock @module @raw-io @reboot @swap\n"
                                "SystemCallErrorNumber=EPERM\n";

/* systemd takes no such program, however it is quoted (src/core/load-fragment.c: "Executable name
 * contains special characters"). */
static bool startable(const struct unit *u, struct err *e)
{
    if (!strpbrk(u->program, "\\\"'"))
        return true;
    err_set(e, ERR_INVALID, "systemd starts no program with a quote or a backslash in its path: %s",
            u->program);
    return err_hint(e, "install it elsewhere: make install PREFIX=$HOME/.local");
}

bool unit_systemd(const struct unit *u, struct buf *out, struct err *e)
{
    if (!fits(u, e) || !startable(u, e))
        return false;
    buf_text(out, "# " MARK ";\n"
                  "# `credrelay service uninstall` removes it.  To change something of it:\n"
                  "# systemctl --user edit " UNIT_SYSTEMD_NAME "\n"
                  "[Unit]\n"
                  "Description=credrelay: keeps the logins of this machine alive\n"
                  "Documentation=man:credrelay-service(1)\n"
                  "StartLimitIntervalSec=0\n"
                  "\n"
                  "[Service]\n"
                  "Type=exec\n"
                  "ExecStart=");
    put_quoted(out, u->program);
    buf_text(out, " watch\n");
    for (const char *const *v = u->environment; *v; v++) {
        buf_text(out, "Environment=");
        put_quoted(out, *v);
        buf_text(out, "\n");
    }
    buf_text(out, "Restart=always\n"
                  "RestartSec=" RESTART_S "\n"
                  "KillMode=process\n");
    buf_text(out, hardening);
    buf_text(out, "\n"
                  "[Install]\n"
                  "WantedBy=default.target\n");
    return finished(out, e);
}

/* ---- launchd ---- */

static void put_element(struct buf *out, const char *indent, const char *name, const char *text,
                        size_t len)
{
    buf_printf(out, "%s<%s>", indent, name);
    for (const char *end = text + len; text < end; text++)
        switch (*text) {
        case '&': buf_text(out, "&amp;"); break;
        case '<': buf_text(out, "&lt;"); break;
        case '>': buf_text(out, "&gt;"); break;
        default: buf_bytes(out, text, 1);
        }
    buf_printf(out, "</%s>\n", name);
}

static void put_text(struct buf *out, const char *indent, const char *name, const char *text)
{
    put_element(out, indent, name, text, strlen(text));
}

static void put_environment(struct buf *out, const char *const *environment)
{
    put_text(out, "\t", "key", "EnvironmentVariables");
    buf_text(out, "\t<dict>\n");
    for (; *environment; environment++) {
        const char *value = strchr(*environment, '=');
        put_element(out, "\t\t", "key", *environment, (size_t)(value - *environment));
        put_text(out, "\t\t", "string", value + 1);
    }
    buf_text(out, "\t</dict>\n");
}

static void put_pair(struct buf *out, const char *key, const char *element, const char *value)
{
    put_text(out, "\t", "key", key);
    if (value)
        put_text(out, "\t", element, value);
    else
        buf_printf(out, "\t<%s/>\n", element);
}

bool unit_launchd(const struct unit *u, struct buf *out, struct err *e)
{
    if (!fits(u, e))
        return false;
    buf_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
                  "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
                  "<!-- " MARK ";\n"
                  "     `credrelay service uninstall` removes it. -->\n"
                  "<plist version=\"1.0\">\n"
                  "<dict>\n");
    put_pair(out, "Label", "string", UNIT_LAUNCHD_LABEL);
    put_text(out, "\t", "key", "ProgramArguments");
    buf_text(out, "\t<array>\n");
    put_text(out, "\t\t", "string", u->program);
    put_text(out, "\t\t", "string", "watch");
    buf_text(out, "\t</array>\n");
    put_environment(out, u->environment);
    put_pair(out, "RunAtLoad", "true", NULL);
    put_pair(out, "KeepAlive", "true", NULL);
    put_pair(out, "ThrottleInterval", "integer", RESTART_S);
    put_pair(out, "AbandonProcessGroup", "true", NULL);
    put_pair(out, "Umask", "integer", "63"); /* 0077: a property list has decimal numbers only */
    put_pair(out, "StandardOutPath", "string", u->log);
    put_pair(out, "StandardErrorPath", "string", u->log);
    if (u->background)
        put_pair(out, "LimitLoadToSessionType", "string", "Background");
    buf_text(out, "</dict>\n"
                  "</plist>\n");
    return finished(out, e);
}
