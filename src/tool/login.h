/* A login, read into facts.  Pure: text in, facts out.
 *
 *   struct login l;
 *   if (!login_parse(tool, text, len, &l, &e)) ...        only out of memory
 *   if (l.facts.state != LOGIN_USABLE) login_explain(&l.facts, "the file", &e);
 *   login_free(&l);
 *
 * `part` is the document of the relayed members alone, each as it stood in the text, byte by byte:
 * `{"claudeAiOauth":{"accessToken":...}}`, a valid credentials file by itself.
 * The full and the refresh-less form of one login have one fingerprint and so are one login. */
#ifndef CREDRELAY_TOOL_LOGIN_H
#define CREDRELAY_TOOL_LOGIN_H

#include "base/buf.h"
#include "base/secret.h"
#include "tool/tool.h"

enum login_state {
    LOGIN_USABLE,
    LOGIN_ABSENT,     /* nothing there */
    LOGIN_EMPTY,      /* a file or value without content */
    LOGIN_TORN,       /* not one whole JSON object: a write cut short, or garbage */
    LOGIN_NONE,       /* whole, but holds no login: logged out */
    LOGIN_BLANK,      /* the stub a client leaves when its refresh was refused: empty tokens */
    LOGIN_MALFORMED,  /* a login that the client would not take */
    LOGIN_NOT_A_FILE, /* a folder, FIFO, device or socket is in its place */
    LOGIN_UNREADABLE, /* the file system refuses */
    LOGIN_STATE_COUNT
};

#define FINGERPRINT_SIZE  65 /* SHA-256 of the access token in hex, and a NUL */
#define FINGERPRINT_SHOWN 8  /* digits that logs and people see */

struct login_facts {
    enum login_state state;
    const char *flaw; /* LOGIN_MALFORMED, LOGIN_TORN: what is wrong, a literal; else "" */
    /* Of a usable login: */
    bool renewable;     /* has a refresh token */
    int64_t expires_at; /* ms since 1970; 0: not known, it is taken to last */
    int64_t deadline;   /* when a person must log in again, ms since 1970; 0: not known */
    int64_t fresh_at;   /* orders logins (of claude: the expiry), ms since 1970; 0: not known */
    char fingerprint[FINGERPRINT_SIZE];
};

struct login {
    struct login_facts facts;
    struct secret *part; /* NULL unless usable */
};

#define LOGIN_INIT(s) ((struct login){.facts = {.state = (s), .flaw = ""}})

/* Read a credentials file, or what a store holds of one.  False: out of memory. */
bool login_parse(const struct tool *t, const char *text, size_t len, struct login *ret,
                 struct err *e) MUST_CHECK;
void login_free(struct login *l);

/* The facts alone: no copy of the login is made. */
bool login_look(const struct tool *t, const char *text, size_t len, struct login_facts *ret,
                struct err *e) MUST_CHECK;

/* Replace *TO, taking over FROM, which is left absent. */
void login_move(struct login *to, struct login *from);

bool login_copy(const struct login *l, struct login *ret, struct err *e) MUST_CHECK;

/* The login without its refresh token: what machines that must not rotate get. */
bool login_without_refresh(const struct tool *t, const struct login *l, struct login *ret,
                           struct err *e) MUST_CHECK;

/* The login as one that expires at EXPIRES_AT, so that its client takes the time for refreshing to have
 * come.  ERR_UNSUPPORTED: of this tool's logins that cannot be said otherwise (a JWT says it). */
bool login_with_expiry(const struct tool *t, const struct login *l, int64_t expires_at,
                       struct login *ret, struct err *e) MUST_CHECK;

/* Append the document of the relayed members. */
bool login_document(const struct login *l, struct buf *out, struct err *e) MUST_CHECK;

/* Append TEXT, a JSON object, with the relayed members replaced by L's; every other byte stays. */
bool login_merge(const struct tool *t, const struct login *l, const char *text, size_t len,
                 struct buf *out, struct err *e) MUST_CHECK;

/* "usable", "blank", ... for the log and --json. */
const char *login_state_name(enum login_state s);

/* Say in E why the login at WHERE ("~/.claude/.credentials.json", "the store's value") cannot be
 * used.  Returns false. */
bool login_explain(const struct tool *t, const struct login_facts *f, const char *where,
                   struct err *e);

/* The same login, whatever its form? */
bool login_same(const struct login_facts *a, const struct login_facts *b);

/* What is in the login's place, or how it is kept, hides whether there is one: it may be somebody's and is
 * left alone.  Whoever looked has said why. */
bool login_in_the_way(const struct login_facts *f);

bool login_expired(const struct login_facts *f, int64_t now);

#endif
