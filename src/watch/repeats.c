#include "watch/repeats.h"

#include <sodium.h>
#include <string.h>

enum { FIRST_PAUSE_MS = 60 * 1000, LONGEST_PAUSE_MS = 24 * 60 * 60 * 1000 };

_Static_assert(sizeof((struct repeat *)0)->line == crypto_hash_sha256_BYTES, "it has room");

static struct repeat *find(struct repeats *r, const unsigned char *line)
{
    for (size_t i = 0; i < r->count; i++)
        if (memcmp(r->kept[i].line, line, sizeof r->kept[i].line) == 0)
            return &r->kept[i];
    return NULL;
}

static struct repeat *place_for_new(struct repeats *r)
{
    struct repeat *oldest = &r->kept[0];
    if (r->count < REPEATS_KEPT)
        return &r->kept[r->count++];
    for (size_t i = 1; i < r->count; i++)
        if (r->kept[i].met_at < oldest->met_at)
            oldest = &r->kept[i];
    return oldest;
}

bool repeats_may_say(struct repeats *r, const char *line, int64_t now)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)line, strlen(line));
    struct repeat *p = find(r, hash);
    bool is_new = !p || now - p->met_at >= p->pause;
    if (!p) {
        p = place_for_new(r);
        memcpy(p->line, hash, sizeof p->line);
    }
    p->met_at = now;
    if (!is_new && now < p->next_at)
        return false;
    int64_t longer = is_new ? FIRST_PAUSE_MS : 2 * p->pause;
    p->pause = longer < LONGEST_PAUSE_MS ? longer : LONGEST_PAUSE_MS;
    p->next_at = now + p->pause;
    return true;
}
