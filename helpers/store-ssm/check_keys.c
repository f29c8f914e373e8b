#include <stdio.h>
#include <sys/stat.h>

#include "base/shell_word.h"
#include "check.h"

/* What the set-up of a fleet calls the profile that can put (README, "A fleet"). */
#define USUAL_WRITER "claude-creds-writer"

static const char *file_name(const struct check *c)
{
    return aws_config_file_name(c->session.client.config, AWS_FILE_CREDENTIALS);
}

/* A reader whose files hold the writer's keys is one that whoever breaks in can publish from. */
static void look_for_writer(const struct check *c, struct finding *f)
{
    const struct request *rq = c->session.rq;
    const char *writer = request_option(rq, "writer-profile", USUAL_WRITER);
    if (request_is_writer(rq) || !aws_config_has_profile(c->session.client.config, writer))
        return;
    f->warning = true;
    snprintf(f->detail, sizeof f->detail,
             "this reader has the keys of profile %.128s: who breaks in here can publish a login",
             writer);
    snprintf(f->hint, sizeof f->hint, "take [%.128s] out of %.200s", writer, file_name(c));
}

static void check_profile(struct check *c)
{
    const char *profile = session_profile(&c->session);
    bool there = !profile || aws_config_has_profile(c->session.client.config, profile);
    struct finding *f = check_row(c, ROW_PROFILE, there);
    if (!profile)
        snprintf(f->detail, sizeof f->detail, "none is named: the usual keys of this machine");
    else if (there)
        snprintf(f->detail, sizeof f->detail, "%.128s is there", profile);
    else
        snprintf(f->detail, sizeof f->detail, "there is no profile %.128s in %.400s", profile,
                 file_name(c));
    if (there)
        look_for_writer(c, f);
    else
        snprintf(f->hint, sizeof f->hint, "enter its keys: aws configure --profile %.200s",
                 AS_WORD(profile));
}

static void check_file(struct check *c)
{
    struct stat st;
    const char *name = file_name(c);
    if (stat(aws_config_file_path(c->session.client.config, AWS_FILE_CREDENTIALS), &st) != 0)
        return; /* the keys come from elsewhere */
    bool private = (st.st_mode & 077) == 0;
    struct finding *f = check_row(c, ROW_KEYS_FILE, private);
    snprintf(f->detail, sizeof f->detail,
             private ? "only its owner can open %.400s" : "others can open %.400s (mode %04o)",
             name, (unsigned)st.st_mode & 07777);
    if (!private)
        snprintf(f->hint, sizeof f->hint, "chmod 600 %s", *name == '~' ? name : AS_WORD(name));
}

void check_keys(struct check *c)
{
    if (!c->session.client.config)
        return; /* the files could not be read, which has been told */
    check_profile(c);
    check_file(c);
}
