/* A login in its tool's own file. */
#include <stdio.h>

#include "base/file.h"
#include "tool/login_medium.h"

static void name(const struct login_source *s, char *out)
{
    snprintf(out, LIMIT_PATH, "%s", s->path);
}

static bool load(const struct login_source *s, struct buf *out, enum login_state *ret,
                 struct err *why)
{
    if (file_read(s->path, out, why)) {
        *ret = LOGIN_USABLE;
        return true;
    }
    *ret = why->code == ERR_NOT_FOUND ? LOGIN_ABSENT
           : why->code == ERR_INVALID ? LOGIN_NOT_A_FILE
                                      : LOGIN_UNREADABLE;
    return why->code != ERR_NO_MEMORY;
}

static bool save(const struct login_source *s, const struct buf *text, struct err *e)
{
    return file_replace(s->path, text->data, text->len, e);
}

const struct login_medium login_in_file = {.name = name, .load = load, .save = save};
