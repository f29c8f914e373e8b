#include "doctor/finding.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {[FOUND_FINE] = "fine",
                                    [FOUND_WARNING] = "warning",
                                    [FOUND_BROKEN] = "broken",
                                    [FOUND_MENDED] = "mended"};
_Static_assert(sizeof names / sizeof names[0] == FOUND_COUNT, "one name for each");

const char *found_name(enum found found)
{
    return names[found];
}

void findings_free(struct findings *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->list[i].path);
    free(f->list);
    *f = (struct findings){.list = NULL};
}

struct finding *findings_add(struct findings *f)
{
    if (f->count == f->room) {
        size_t room = f->room ? 2 * f->room : 64;
        struct finding *list = room <= MOST_FINDINGS ? realloc(f->list, room * sizeof *list) : NULL;
        if (!list) {
            err_note_no_memory();
            return NULL;
        }
        f->list = list;
        f->room = room;
    }
    struct finding *new = &f->list[f->count++];
    memset(new, 0, sizeof *new);
    return new;
}

size_t findings_count(const struct findings *f, enum found found)
{
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++)
        n += f->list[i].found == found;
    return n;
}

int findings_exit_status(const struct findings *f)
{
    if (findings_count(f, FOUND_BROKEN) > 0)
        return 1;
    return findings_count(f, FOUND_WARNING) > 0 ? 2 : 0;
}
