#include "tool/login_source.h"

#include "tool/login_file.h"

static const char *const place_names[] = {
    [LOGIN_AUTO] = "auto", [LOGIN_FILE] = "file", [LOGIN_KEYCHAIN] = "keychain"};
_Static_assert(sizeof place_names / sizeof place_names[0] == LOGIN_PLACE_COUNT, "one for each");

const char *login_place_name(enum login_place p)
{
    return place_names[p];
}

bool login_source_read(const struct login_source *s, struct login *ret, struct err *why)
{
    return login_file_read(s->tool, s->path, ret, why);
}

bool login_source_look(const struct login_source *s, struct login_facts *ret, struct err *why)
{
    return login_file_look(s->tool, s->path, ret, why);
}

bool login_source_write(const struct login_source *s, const struct login_facts *seen,
                        const struct login *l, struct err *e)
{
    return login_file_write(s->tool, s->path, seen, l, e);
}

const char *login_source_watch_path(const struct login_source *s)
{
    return s->place == LOGIN_KEYCHAIN ? NULL : s->path;
}

bool login_source_is_polled(const struct login_source *s)
{
    return s->place == LOGIN_KEYCHAIN;
}
