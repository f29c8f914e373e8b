#include "base/refusal.h"

#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/shell_word.h"

static const struct {
    int errnum;
    const char *advice; /* before the path */
} refusals[] = {
    {EACCES, "it must be yours, and open to you: ls -ld"},
    {EPERM, "it may be protected (chattr -ia, chflags nouchg): ls -ld"},
    {EROFS, "it is mounted read-only: df"},
    {ENOTDIR, "something else stands there; move it away: ls -ld"},
    {EISDIR, "a folder stands there; move it away: ls -ld"},
    {ELOOP, "see where the link leads: ls -ld"},
    {ENOSPC, "make room, or let it have more files: df -h; df -i"},
    {EDQUOT, "make room, or ask for more: quota; df -h"},
    {EFBIG, "files may not be so large here; see ulimit -f, and: df -T"},
    {EMFILE, "allow more open files (ulimit -n 64), and look again at"},
    {EBUSY, "it is mounted by itself; mount its folder instead: df"},
    {ENOTEMPTY, "if nobody uses it, remove it: rm -r"},
    {ESTALE, "its file server no longer knows it; mount it again: df"},
    {EIO, "the disk or its server fails (dmesg): df"},
};

bool refused_because(struct err *e, int errnum, const char *path)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (refusals[i].errnum == errnum)
            return err_hint(e, "%s %s", refusals[i].advice, QUOTED(path));
    if (errnum == ENAMETOOLONG)
        return err_hint(e, "a path has at most %d bytes here, and a name 255: choose a shorter one",
                        LIMIT_PATH - 1);
    return false;
}

bool refused(struct err *e, int errnum, const char *what, const char *path)
{
    err_errno(e, errnum, "%s %s", what, path);
    return refused_because(e, errnum, path);
}

bool refused_output(struct err *e, int errnum)
{
    switch (errnum) {
    case 0: return err_hint(e, "see whether there is room where the output goes: df -h");
    case ENOSPC:
    case EDQUOT: return err_hint(e, "make room where the output goes: df -h");
    case EFBIG: return err_hint(e, "files may not be so large here: ulimit -f");
    default: return false;
    }
}
