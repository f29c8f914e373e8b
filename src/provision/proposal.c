#include "provision/proposal.h"

#include <stdio.h>
#include <string.h>

/* The region of those who have said nothing. */
#define REGION "us-west-2"

void proposal_profile(const char *tool, enum role role, char *out)
{
    snprintf(out, SECTION_VALUE_SIZE, "%s-creds-%s", tool, role_name(role));
}

bool proposal_asks_profiles(const struct section *s)
{
    return strncmp(section_value(s, SECTION_STORE), "ssm://", 6) == 0;
}

static bool is_writer(const struct section *s)
{
    return strcmp(section_value(s, SECTION_ROLE), role_name(ROLE_WRITER)) == 0;
}

static const char *role(const struct surroundings *f)
{
    bool reads = !f->renewable && f->has_reader && !f->has_writer;
    return role_name(reads ? ROLE_READER : ROLE_WRITER);
}

static void store(const struct surroundings *f, const char *tool, char *out)
{
    if (f->has_reader || f->has_writer)
        snprintf(out, SECTION_VALUE_SIZE, "ssm://%s/%s/oauth/credentials",
                 f->region ? f->region : REGION, tool);
    else
        snprintf(out, SECTION_VALUE_SIZE, "local:");
}

void proposal(const struct surroundings *f, const struct section *s, enum section_key k, char *out)
{
    const char *tool = section_value(s, SECTION_TOOL);
    out[0] = '\0';
    if (k == SECTION_ROLE)
        snprintf(out, SECTION_VALUE_SIZE, "%s", role(f));
    else if (k == SECTION_STORE)
        store(f, tool, out);
    else if (k == SECTION_READER_PROFILE && proposal_asks_profiles(s) && f->has_reader)
        proposal_profile(tool, ROLE_READER, out);
    else if (k == SECTION_WRITER_PROFILE && proposal_asks_profiles(s) && f->has_writer &&
             is_writer(s))
        proposal_profile(tool, ROLE_WRITER, out);
}
