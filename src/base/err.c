#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"

/* sysexits.h, which not every system has. */
enum {
    EX_USAGE_ = 64,
    EX_DATAERR_ = 65,
    EX_UNAVAILABLE_ = 69,
    EX_OSERR_ = 71,
    EX_IOERR_ = 74,
    EX_TEMPFAIL_ = 75,
    EX_NOPERM_ = 77,
    EX_CONFIG_ = 78
};

static const struct {
    const char *name;
    int exit_status;
} codes[] = {
    [ERR_NONE] = {"ok", 0},
    [ERR_USAGE] = {"usage", EX_USAGE_},
    [ERR_INVALID] = {"invalid", EX_DATAERR_},
    [ERR_NOT_FOUND] = {"not_found", EX_DATAERR_},
    [ERR_DENIED] = {"denied", EX_NOPERM_},
    [ERR_BAD_CREDENTIALS] = {"bad_credentials", EX_NOPERM_},
    [ERR_CONFLICT] = {"conflict", EX_TEMPFAIL_},
    [ERR_THROTTLED] = {"throttled", EX_TEMPFAIL_},
    [ERR_UNREACHABLE] = {"unreachable", EX_UNAVAILABLE_},
    [ERR_TOO_LARGE] = {"too_large", EX_DATAERR_},
    [ERR_UNSUPPORTED] = {"unsupported", EX_UNAVAILABLE_},
    [ERR_BUSY] = {"busy", EX_TEMPFAIL_},
    [ERR_IO] = {"io", EX_IOERR_},
    [ERR_NO_MEMORY] = {"no_memory", EX_OSERR_},
    [ERR_HOPELESS] = {"hopeless", EX_CONFIG_},
    [ERR_FAILED] = {"failed", EX_UNAVAILABLE_},
};
_Static_assert(sizeof codes / sizeof codes[0] == ERR_COUNT, "one row for each code");

const char *err_name(enum err_code code)
{
    return codes[code].name;
}

enum err_code err_by_name(const char *name)
{
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++)
        if (name && strcmp(name, codes[code].name) == 0)
            return (enum err_code)code;
    return ERR_FAILED;
}

int err_exit_status(enum err_code code)
{
    return codes[code].exit_status;
}

/* Other people's texts end up in ours: control characters would break one-line messages and
 * terminals, and JSON takes nothing but whole UTF-8 characters (the last may have been cut). */
static void one_line(char *text)
{
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = ' ';
    utf8_make_printable(text);
}

/* What happened stands behind the path it happened to, and that may be as long as a path can be: of
 * what does not fit the middle goes. */
static void put_text(struct err *e, const char *whole)
{
    enum { MOST = sizeof e->text - 1, TAIL = MOST / 3, HEAD = MOST - TAIL - 3 };
    size_t len = strlen(whole);
    if (len <= MOST)
        memcpy(e->text, whole, len + 1);
    else
        snprintf(e->text, sizeof e->text, "%.*s...%s", HEAD, whole, whole + len - TAIL);
    one_line(e->text);
}

/* REASON (or "") ends it. */
static void put_words(struct err *e, const char *fmt, va_list args, const char *reason)
    PRINTF_LIKE(2, 0);

static void put_words(struct err *e, const char *fmt, va_list args, const char *reason)
{
    char whole[2 * LIMIT_PATH]; /* not cleared: most texts are short, and a good day has some */
    if (vsnprintf(whole, sizeof whole, fmt, args) < 0)
        whole[0] = '\0';
    size_t len = strlen(whole), most = sizeof whole - 1 - strlen(reason);
    len = len < most ? len : most;
    memcpy(whole + len, reason, strlen(reason) + 1);
    put_text(e, whole);
}

static void begin(struct err *e, enum err_code code)
{
    e->code = code;
    e->retry_after_ms = 0;
    e->hint[0] = '\0';
}

bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list args;
    begin(e, code);
    va_start(args, fmt);
    put_words(e, fmt, args, "");
    va_end(args);
    return false;
}

static enum err_code code_of_errno(int errnum)
{
    switch (errnum) {
    case ENOMEM: return ERR_NO_MEMORY;
    case EACCES:
    case EPERM:
    case EROFS: return ERR_DENIED;
    case ENOENT: return ERR_NOT_FOUND;
    default: return ERR_IO;
    }
}

bool err_errno(struct err *e, int errnum, const char *fmt, ...)
{
    va_list args;
    char reason[128];
    snprintf(reason, sizeof reason, ": %s", strerror(errnum));
    begin(e, code_of_errno(errnum));
    va_start(args, fmt);
    put_words(e, fmt, args, reason);
    va_end(args);
    return false;
}

bool err_hint(struct err *e, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(e->hint, sizeof e->hint, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof e->hint)
        e->hint[0] = '\0'; /* half a command is worse than none */
    one_line(e->hint);
    return false;
}

bool err_context(struct err *e, const char *what)
{
    char whole[2 * sizeof e->text];
    size_t len = strlen(what);
    if (len + 2 >= sizeof e->text)
        return false;
    snprintf(whole, sizeof whole, "%.*s: %s", (int)len, what, e->text);
    put_text(e, whole);
    return false;
}

static bool memory_ran_out;

void err_note_no_memory(void)
{
    memory_ran_out = true;
}

bool err_memory_ran_out(void)
{
    return memory_ran_out;
}

bool err_no_memory(struct err *e)
{
    err_note_no_memory();
    return err_set(e, ERR_NO_MEMORY, "out of memory");
}
