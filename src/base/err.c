#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
    while (*text) {
        size_t len = utf8_character(text);
        if (len == 0)
            *text = '?';
        else if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
        text += len ? len : 1;
    }
}

bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    va_list args;
    e->code = code;
    e->retry_after_ms = 0;
    e->hint[0] = '\0';
    va_start(args, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, args);
    va_end(args);
    one_line(e->text);
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
    e->code = code_of_errno(errnum);
    e->retry_after_ms = 0;
    e->hint[0] = '\0';
    va_start(args, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, args);
    va_end(args);
    size_t used = strlen(e->text);
    snprintf(e->text + used, sizeof e->text - used, ": %s", strerror(errnum));
    one_line(e->text);
    return false;
}

bool err_hint(struct err *e, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(e->hint, sizeof e->hint, fmt, args);
    va_end(args);
    one_line(e->hint);
    return false;
}

bool err_context(struct err *e, const char *what)
{
    char text[sizeof e->text];
    size_t n = (size_t)snprintf(text, sizeof text, "%s: ", what);
    if (n >= sizeof text)
        return false;
    memmove(e->text + n, e->text, sizeof e->text - n);
    memcpy(e->text, text, n);
    e->text[sizeof e->text - 1] = '\0';
    one_line(e->text);
    return false;
}

bool err_no_memory(struct err *e)
{
    return err_set(e, ERR_NO_MEMORY, "out of memory");
}
