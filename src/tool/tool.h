/* A tool is a command-line program with a login of its own, described as data: where the login is,
 * which part of the file is relayed, what makes it usable, what renews it, what goes before it,
 * and how the tool says that it failed.  The data stand in tools/NAME.ini (credrelay-tool(5)):
 * those shipped are part of the program, and a user's own of the same name goes before.
 *
 *   const struct tool *t = tool_load("claude", &e);
 *   tool_free(t);
 *
 * Everything in it is const and lives until tool_free. */
#ifndef CREDRELAY_TOOL_TOOL_H
#define CREDRELAY_TOOL_TOOL_H

#include "base/err.h"
#include "tool/failure.h"
#include "tool/signal.h"

enum { TOOL_PARTS = 4, TOOL_MEMBER_DEPTH = 3, TOOL_REQUIRED = 4, TOOL_LIST = 16, TOOL_REMARKS = 8 };

/* A list of words or lines; ends with NULL. */
typedef const char *tool_list[TOOL_LIST + 1];

/* A member of the relayed part, "claudeAiOauth.accessToken". */
struct tool_member {
    const char *path;                         /* NULL: the tool has no such member */
    unsigned part;                            /* index of its first name in `parts` */
    const char *names[TOOL_MEMBER_DEPTH + 1]; /* those after it; ends with NULL */
};

/* How a member says a time. */
enum tool_clock {
    CLOCK_MS,      /* a number, ms since 1970 */
    CLOCK_S,       /* a number, seconds since 1970 */
    CLOCK_RFC3339, /* "2026-11-23T20:12:56.123456Z" */
    CLOCK_JWT,     /* the claim `exp` of the token that the member is */
    CLOCK_COUNT
};

struct tool_time {
    struct tool_member member;
    enum tool_clock clock;
    bool required; /* without it the client refuses the login */
};

struct tool_required {
    struct tool_member member;
    bool array;
    const char *flaw; /* "it has no scopes" */
};

/* What is to be said of a version and those before it. */
struct tool_remark {
    const char *upto; /* "2.1.100"; NULL after the last */
    const char *text;
};

/* How the form for machines that must not renew is made. */
enum tool_bare {
    BARE_REMOVE, /* the refresh token's member is taken out */
    BARE_BLANK,  /* it becomes "": the client wants the member */
};

struct tool {
    const char *name;          /* as the configuration says it: "claude" */
    const char *product;       /* as people say it: "Claude Code" */
    const char *program;       /* looked for on PATH */
    const char *login_command; /* what a person types to log in */
    tool_list renew;           /* a run that renews a login near its end; may be empty */
    tool_list version;         /* a run that prints the version and does nothing else; likewise */
    struct tool_remark remarks[TOOL_REMARKS + 1];

    /* The credentials file: FOLDER below the home unless the variable FOLDER_ENV (may be NULL)
     * moves it.  LOCK: the client guards its writing with the folder FOLDER.lock, made with
     * mkdir. */
    const char *folder_env, *folder, *file;
    bool lock;
    /* On macOS: the service name of the Keychain item that goes before the file; NULL: the tool has
     * none. */
    const char *keychain;
    bool keychain_by_folder; /* and FOLDER_ENV, when set, makes an item of its own */

    /* The top-level members of the file that are relayed. */
    const char *parts[TOOL_PARTS + 1];
    struct tool_member access, refresh;
    enum tool_bare bare;
    struct tool_time expiry;   /* none known: it never expires */
    struct tool_time deadline; /* when a person must log in again */
    struct tool_time fresh;    /* orders logins; the expiry where a description does not say */
    struct tool_required required[TOOL_REQUIRED];
    unsigned required_count;

    /* What the client prefers to its login, in its order (tool/override.h): environment variables,
     * and among them "member", the place of `helper`. */
    tool_list overrides;
    /* The file in its folder and the member of it that hold another credential or a program which
     * gives out keys; NULL: there is no such thing. */
    const char *settings, *helper;
    const char *helper_words; /* "apiKeyHelper in settings.json" */
    const char *environment;  /* the member of it whose members are variables as well; NULL: none */
    tool_list managed;        /* files like it of the system's, which go before it */

    /* How its command line asks for a run that answers once and ends: any of ONCE as an option, or
     * as the command when it does not begin with '-'.  The first is what NAME-p puts in front.
     * None: every run does. */
    tool_list once;
    const char *flags;         /* letters of short options without a value: -cp has -p; may be "" */
    const char *format_option; /* takes "text", "json" or "stream-json"; NULL: none */
    const char *stream_option; /* a flag: the output is a stream of JSON; NULL: none */
    const char *resume;        /* "--resume": goes on with a session; NULL: it cannot */

    struct failure_table failures; /* how it says that it failed */
    struct signal_table signals;   /* and where in its JSON */
};

/* The tool called NAME.  NULL: there is none (ERR_USAGE), or its description is not valid. */
const struct tool *tool_load(const char *name, struct err *e);
void tool_free(const struct tool *t); /* NULL is fine */

/* There is a description of that name, valid or not. */
bool tool_exists(const char *name);

/* The credentials file's path (LIMIT_PATH bytes), and the folder that holds it. */
bool tool_login_path(const struct tool *t, char *out, struct err *e) MUST_CHECK;
bool tool_folder(const struct tool *t, char *out, struct err *e) MUST_CHECK;

/* The client's lock for that folder; only of a tool that has one. */
bool tool_lock_path(const struct tool *t, char *out, struct err *e) MUST_CHECK;

/* As tools/claude.ini and tools/codex.ini describe them, whatever a user's own say. */
extern const struct tool tool_claude, tool_codex;

#endif
