/* A login in an item of the macOS Keychain, through security(1), as the client itself keeps it: the
 * item's password is the text that would be in the file.
 *
 * security(1) rather than Apple's library: an item lets in the program that made it, and asks the
 * person at the screen about any other.  The text goes through its standard input, never into its
 * arguments, which others can see.
 *
 * CREDRELAY_SECURITY_PROGRAM names another program to run in its place: tests have one, and with it
 * every system has a Keychain.  It is as good as PATH, by which the client itself is found. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/clock.h"
#include "os/keychain.h"
#include "tool/login_medium.h"

/* It may wait for somebody at the screen to answer a question. */
enum { ANSWER_MS = 5000 };
#define ANSWER_TEXT "5 s"

/* A line of its standard input, some bytes below its buffer (Apple's SecurityTool, security.c:
 * MAX_LINE_LEN 4096).  It would take what is beyond for the next command, and print that. */
enum { LIMIT_LINE = 4096 - 64 };

/* It exits with the low byte of an OSStatus (SecBase.h). */
enum {
    STATUS_NOT_ALLOWED = 36,   /* errSecInteractionNotAllowed, -25308 */
    STATUS_NOT_FOUND = 44,     /* errSecItemNotFound, -25300 */
    STATUS_AUTH_FAILED = 51,   /* errSecAuthFailed, -25293 */
    STATUS_USER_CANCELED = 128 /* errSecUserCanceled, -128 */
};

static const char *program(void)
{
    const char *other = getenv("CREDRELAY_SECURITY_PROGRAM");
    return other && other[0] == '/' ? other : os_keychain_program();
}

bool login_keychain_is_here(const struct tool *t)
{
    return t->keychain && program();
}

/* A service's name, with its final NUL. */
enum { SERVICE_SIZE = 128, BY_FOLDER_DIGITS = 8 };

/* "Claude Code-credentials"; where CLAUDE_CONFIG_DIR is set, "-" and the first digits of the SHA-256 of
 * its value, as it is written, follow: clients of two folders have two logins. */
static void service_of(const struct tool *t, char out[SERVICE_SIZE])
{
    const char *folder = t->keychain_by_folder && t->folder_env ? getenv(t->folder_env) : NULL;
    unsigned char hash[crypto_hash_sha256_BYTES];
    char digits[2 * sizeof hash + 1];
    if (!folder || !*folder) {
        snprintf(out, SERVICE_SIZE, "%s", t->keychain);
        return;
    }
    crypto_hash_sha256(hash, (const unsigned char *)folder, strlen(folder));
    sodium_bin2hex(digits, sizeof digits, hash, sizeof hash);
    snprintf(out, SERVICE_SIZE, "%.64s-%.*s", t->keychain, BY_FOLDER_DIGITS, digits);
}

static void name(const struct login_source *s, char *out)
{
    char service[SERVICE_SIZE];
    service_of(s->tool, service);
    snprintf(out, LIMIT_PATH, "the Keychain item '%s'", service);
}

/* Whose item it is: the client says USER, which cron leaves out.  The word goes into a line of commands,
 * quoted. */
static const char *account(struct err *e)
{
    const char *user = getenv("USER");
    if (!user || !*user)
        user = getenv("LOGNAME");
    if (user && *user && !strpbrk(user, "\"\\\n"))
        return user;
    err_set(e, ERR_INVALID, "USER, the account of the Keychain item, is not set, or no name");
    err_hint(e, "export USER=$(id -un)");
    return NULL;
}

/* ---- asking ---- */

static bool run(const char *const *argv, const void *input, size_t len, struct buf *out,
                struct buf *errors, int *ret_status, struct err *e)
{
    const struct child_run child = {.program = program(),
                                    .argv = argv,
                                    .input = input,
                                    .input_len = len,
                                    .deadline = clock_steady_ms() + ANSWER_MS};
    int status = -1;
    if (!child.program) {
        err_set(e, ERR_UNSUPPORTED, "there is no Keychain on this system");
        return err_hint(e, "login-source = file");
    }
    if (child_run(&child, out, errors, &status, e)) {
        *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return true;
    }
    if (e->code == ERR_UNREACHABLE) {
        err_set(e, ERR_UNREACHABLE, "the Keychain gave no answer within " ANSWER_TEXT);
        err_hint(e, "it may be asking a question on the screen: answer it with Always Allow");
    }
    return false;
}

/* Status 36 and its like: there may be a login, and it is out of reach. */
static void refused(int status, const struct buf *errors, struct err *why)
{
    static const char unlock[] =
        "unlock it in this session (security unlock-keychain), or keep the login in the file, "
        "which the client reads where it has no item: login-source = file";
    switch (status) {
    case STATUS_NOT_ALLOWED:
        err_set(why, ERR_DENIED,
                "the Keychain is locked for this session, as it is over SSH and in the background");
        err_hint(why, "%s", unlock);
        break;
    case STATUS_AUTH_FAILED:
        err_set(why, ERR_DENIED, "the Keychain was not unlocked: wrong password");
        err_hint(why, "%s", unlock);
        break;
    case STATUS_USER_CANCELED:
        err_set(why, ERR_DENIED, "somebody at the screen said no to reading the Keychain");
        err_hint(why, "answer its question with Always Allow");
        break;
    default:
        err_set(why, ERR_FAILED, "security find-generic-password: exit status %d: %.*s", status,
                (int)strcspn(buf_str(errors), "\n"), buf_str(errors));
        err_hint(why, "login-source = file does without the Keychain");
    }
}

/* What is not all printable ASCII comes in hexadecimal.  JSON begins with a brace, 7b. */
static bool decode(struct buf *text, struct err *e)
{
    struct buf plain;
    size_t len = 0;
    if (text->len && text->data[text->len - 1] == '\n')
        text->data[--text->len] = '\0';
    if (text->len % 2 || strncasecmp(buf_str(text), "7b", 2) != 0 ||
        strspn(text->data, "0123456789abcdefABCDEF") != text->len)
        return true;
    buf_init(&plain, LIMIT_LOGIN_FILE);
    char *to = buf_space(&plain, text->len / 2);
    bool ok = to && sodium_hex2bin((unsigned char *)to, text->len / 2, text->data, text->len, NULL,
                                   &len, NULL) == 0;
    if (ok) {
        buf_added(&plain, len);
        buf_clear(text);
        ok = buf_bytes(text, plain.data, plain.len);
    }
    buf_free(&plain);
    return ok || err_no_memory(e);
}

static bool load(const struct login_source *s, struct buf *out, enum login_state *ret,
                 struct err *why)
{
    const char *user = account(why);
    char service[SERVICE_SIZE];
    const char *const argv[] = {
        "security", "find-generic-password", "-s", service, "-a", user, "-w", NULL};
    struct buf errors;
    int status = -1;
    *ret = LOGIN_UNREADABLE;
    if (!user)
        return true;
    service_of(s->tool, service);
    buf_init(&errors, LIMIT_HELPER_STDERR);
    bool ran = run(argv, "", 0, out, &errors, &status, why), ok = true;
    if (ran && status == 0) {
        *ret = LOGIN_USABLE;
        ok = decode(out, why);
    } else if (ran && status == STATUS_NOT_FOUND) {
        *ret = LOGIN_ABSENT;
    } else if (ran) {
        refused(status, &errors, why);
    }
    buf_free(&errors);
    return ok && (ran || why->code != ERR_NO_MEMORY);
}

/* ---- putting ---- */

static bool too_large(const struct login_source *s, size_t len, struct err *e)
{
    char service[SERVICE_SIZE];
    service_of(s->tool, service);
    err_set(e, ERR_TOO_LARGE,
            "the Keychain item '%s' would have %zu bytes, more than security(1) takes in a line",
            service, len);
    return err_hint(e, "keep the login in the file: login-source = file");
}

/* The one command, as a line for `security -i`; the password in hexadecimal (-X). */
static bool command(const struct login_source *s, const char *user, const struct buf *text,
                    struct buf *out, struct err *e)
{
    static const char digits[] = "0123456789abcdef";
    char service[SERVICE_SIZE];
    service_of(s->tool, service);
    buf_printf(out, "add-generic-password -U -s \"%s\" -a \"%s\" -X ", service, user);
    for (size_t i = 0; i < text->len && !out->failed; i++) {
        unsigned char c = (unsigned char)text->data[i];
        const char pair[] = {digits[c >> 4], digits[c & 15]};
        buf_bytes(out, pair, sizeof pair);
    }
    buf_text(out, "\n");
    if (!out->failed)
        return true;
    return out->full ? too_large(s, text->len, e) : err_no_memory(e);
}

/* Its exit status is not the command's; and a login that was cut would be lost.  So it is in the
 * Keychain when it reads back. */
static bool reads_back(const struct login_source *s, const struct buf *text, struct err *e)
{
    struct buf now;
    enum login_state state;
    buf_init(&now, LIMIT_LOGIN_FILE);
    bool ok = load(s, &now, &state, e);
    if (ok && state == LOGIN_UNREADABLE)
        ok = false;
    if (ok && (state != LOGIN_USABLE || now.len != text->len ||
               sodium_memcmp(now.data, text->data, text->len) != 0)) {
        char service[SERVICE_SIZE];
        service_of(s->tool, service);
        ok = err_set(e, ERR_FAILED, "the Keychain item '%s' did not take the login", service);
        err_hint(e, "look at it in Keychain Access, or keep the login in the file: login-source = "
                    "file");
    }
    buf_free(&now);
    return ok;
}

static bool save(const struct login_source *s, const struct buf *text, struct err *e)
{
    static const char *const argv[] = {"security", "-i", NULL};
    const char *user = account(e);
    struct buf line, out, errors;
    int status = -1;
    if (!user)
        return false;
    buf_init(&line, LIMIT_LINE);
    buf_init(&out, LIMIT_HELPER_STDERR);
    buf_init(&errors, LIMIT_HELPER_STDERR);
    bool ok = command(s, user, text, &line, e) &&
              run(argv, line.data, line.len, &out, &errors, &status, e) && reads_back(s, text, e);
    buf_free(&line);
    buf_free(&out);
    buf_free(&errors);
    return ok;
}

const struct login_medium login_in_keychain = {.name = name, .load = load, .save = save};
