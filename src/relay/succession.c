#include "relay/succession.h"

#include <string.h>

/* FNV-1a, 32 bits (Fowler, Noll, Vo; draft-eastlake-fnv), and the finalizer of MurmurHash3, since
 * names often differ only in their last digit. */
uint32_t succession_jitter(const char *machine)
{
    uint32_t h = 2166136261u;
    for (; *machine; machine++)
        h = (h ^ (unsigned char)*machine) * 16777619u;
    h = (h ^ (h >> 16)) * 0x85ebca6bu;
    h = (h ^ (h >> 13)) * 0xc2b2ae35u;
    return h ^ (h >> 16);
}

/* The next name of the list at *P into *RET of *RET_LEN bytes; false at its end. */
static bool next_name(const char **p, const char **ret, size_t *ret_len)
{
    *p += strspn(*p, ", \t\n");
    *ret = *p;
    *ret_len = strcspn(*p, ", \t\n");
    *p += *ret_len;
    return *ret_len > 0;
}

/* Where NAME stands in the list, or -1; *RET_COUNT: names in all. */
static int find(const char *writers, const char *name, int *ret_count)
{
    const char *at;
    size_t len;
    int found = -1, i = 0;
    for (; next_name(&writers, &at, &len); i++)
        if (found < 0 && strlen(name) == len && memcmp(at, name, len) == 0)
            found = i;
    *ret_count = i;
    return found;
}

int succession_place(const char *writers, const char *machine, const char *holder)
{
    int count;
    if (strcmp(machine, holder) == 0)
        return PLACE_HOLDER;
    int mine = find(writers, machine, &count);
    if (count == 0)
        return 1 + (int)(succession_jitter(machine) % SUCCESSION_SLOTS);
    if (mine < 0)
        return PLACE_NONE;
    int theirs = find(writers, holder, &count);
    /* A holder that is not in the list stands before its first. */
    return theirs < 0 ? mine + 1 : (mine - theirs + count) % count;
}

bool succession_alone(const char *writers, const char *machine)
{
    int count;
    return find(writers, machine, &count) == 0 && count == 1;
}

int64_t succession_turn(int place, int64_t expires_at)
{
    if (place == PLACE_NONE)
        return INT64_MAX;
    if (place == PLACE_HOLDER)
        return expires_at - LEAD_HOLDER_MS;
    return expires_at - LEAD_TAKE_OVER_MS + (int64_t)(place - 1) * TAKE_OVER_STEP_MS;
}
