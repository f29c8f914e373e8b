/* What a machine remembers: places in line and refusals.  Declared in decide.h, whose input it
 * is. */
#include "relay/decide.h"

#include <stdio.h>
#include <string.h>

static const struct seen *find(const struct memory *m, const char *fingerprint)
{
    for (size_t i = 0; i < m->seen_count; i++)
        if (strcmp(m->seen[i].fingerprint, fingerprint) == 0)
            return &m->seen[i];
    return NULL;
}

int64_t memory_version(const struct memory *m, const char *fingerprint)
{
    const struct seen *s = find(m, fingerprint);
    return s ? s->version : 0;
}

static struct seen *room(struct memory *m)
{
    if (m->seen_count < MEMORY_SEEN)
        return &m->seen[m->seen_count++];
    struct seen *oldest = &m->seen[0];
    for (size_t i = 1; i < m->seen_count; i++)
        if (m->seen[i].version < oldest->version)
            oldest = &m->seen[i];
    return oldest;
}

static void note(struct seen *s, const char *fingerprint, int64_t version)
{
    snprintf(s->fingerprint, sizeof s->fingerprint, "%s", fingerprint);
    s->version = version;
}

void memory_saw(struct memory *m, const char *fingerprint, int64_t version)
{
    for (size_t i = 0; i < m->seen_count; i++)
        if (strcmp(m->seen[i].fingerprint, fingerprint) == 0) {
            if (version > m->seen[i].version)
                m->seen[i].version = version;
            return;
        }
    note(room(m), fingerprint, version);
}

void memory_in_step(struct memory *m, const char *fingerprint, int64_t version)
{
    memory_saw(m, fingerprint, version);
    note(&m->step, fingerprint, version);
}

bool memory_rejects(const struct memory *m, const char *fingerprint)
{
    for (size_t i = 0; i < m->rejected_count; i++)
        if (strcmp(m->rejected[i].fingerprint, fingerprint) == 0)
            return true;
    return false;
}

void memory_forgive(struct memory *m, const char *fingerprint)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->rejected_count; i++)
        if (strcmp(m->rejected[i].fingerprint, fingerprint) != 0)
            m->rejected[kept++] = m->rejected[i];
    m->rejected_count = kept;
}

void memory_reject(struct memory *m, const char *fingerprint, int64_t now)
{
    memory_forgive(m, fingerprint);
    if (m->rejected_count == MEMORY_REJECTED) {
        memmove(&m->rejected[0], &m->rejected[1], sizeof m->rejected - sizeof m->rejected[0]);
        m->rejected_count--;
    }
    struct rejected *r = &m->rejected[m->rejected_count++];
    snprintf(r->fingerprint, sizeof r->fingerprint, "%s", fingerprint);
    r->at = now;
}
