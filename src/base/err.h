/* What went wrong: a code that says what the caller can do next, and a text that says what
 * happened.  There is no global error state.
 *
 *   bool f(..., struct err *e);    true: done; false: *e says why, results untouched
 *
 * The struct is passed last and left alone on success.  A level that knows more about what was
 * being done adds it once, in front:
 *
 *   if (!store_get(...)) return err_context(e, "pull");   -> "pull: ssm: access denied"
 *
 * Texts never carry secrets: there is no way to format a `struct secret`. */
#ifndef CREDRELAY_BASE_ERR_H
#define CREDRELAY_BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK             __attribute__((warn_unused_result))
#else
#define PRINTF_LIKE(fmt, args)
#define MUST_CHECK
#endif

enum err_code {
    ERR_NONE,
    ERR_USAGE,           /* the command line is wrong: read the help */
    ERR_INVALID,         /* data is not what it must be: mend the data */
    ERR_NOT_FOUND,       /* nothing there yet: publish first */
    ERR_DENIED,          /* known, but not allowed: change the policy or the role */
    ERR_BAD_CREDENTIALS, /* the store does not know us: change the keys */
    ERR_CONFLICT,        /* somebody else was faster: read again and decide again */
    ERR_THROTTLED,       /* too many requests: wait, then try again */
    ERR_UNREACHABLE,     /* no answer: try later */
    ERR_TOO_LARGE,       /* does not fit: make it smaller or raise the tier */
    ERR_UNSUPPORTED,     /* this store or system cannot do that */
    ERR_BUSY,            /* a lock is held: try later */
    ERR_IO,              /* the file system refused */
    ERR_NO_MEMORY,
    ERR_HOPELESS, /* nothing this program can do: a person must log in */
    ERR_FAILED,   /* anything else */
    ERR_COUNT
};

struct err {
    enum err_code code;
    int64_t retry_after_ms; /* when the other side said so, else 0 */
    char text[768];         /* one line, no newline, no secret */
    char hint[384];         /* the command or change that mends it; may be empty */
};

/* The name of a code in the store protocol and in --json ("not_found"). */
const char *err_name(enum err_code code);

/* The code with that name; ERR_FAILED for names not known. */
enum err_code err_by_name(const char *name);

/* The process exit status that tells a script the same (sysexits.h; DESIGN section 7). */
int err_exit_status(enum err_code code);

/* Set code and text; of one that is too long the middle is left out.  Always returns false, so that
 * `return err_set(...)` reads well. */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As err_set, with ": " and the text of errno at its end; ENOMEM, EACCES, EROFS and their like
 * choose a code of their own, everything else is ERR_IO. */
bool err_errno(struct err *e, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Say what mends it; what does not fit is not said.  Returns false. */
bool err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Put "what: " before the text.  Returns false. */
bool err_context(struct err *e, const char *what);

bool err_no_memory(struct err *e);

/* Memory ran out somewhere in this process.  What goes on without (a line of the log that could not
 * be read, a value that was not built) notes it here, and who shows something asks in the end. */
void err_note_no_memory(void);
bool err_memory_ran_out(void);

#endif
