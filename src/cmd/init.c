/* credrelay init: this machine set up from what is on it and what its owner says.
 *
 * What was not said is proposed (provision/proposal.h); at a terminal it is asked for, and nothing is
 * done before the plan has been shown and agreed to.  What is configured already is left as it is:
 * init adds a section and never changes one, so that running it again does nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/adopt.h"
#include "cmd/init_ask.h"
#include "cmd/set_up.h"
#include "provision/profile_names.h"
#include "provision/proposal.h"
#include "run/program.h"
#include "tool/login_source.h"

struct init {
    const struct options *o;
    struct terminal *terminal; /* NULL: nobody is asked */
    struct section section;    /* what is wanted */
    bool present;              /* there is such a section already */
    bool service;              /* the watcher is wanted as one */
    const struct tool *tool;
    struct login_facts login;
    struct profile_names profiles;
};

/* ---- what is here ---- */

static const char *said(const struct options *o, enum section_key k)
{
    switch (k) {
    case SECTION_TOOL: return o->tool;
    case SECTION_ROLE: return o->role;
    case SECTION_STORE: return o->store;
    case SECTION_READER_PROFILE: return o->reader_profile;
    case SECTION_WRITER_PROFILE: return o->writer_profile;
    case SECTION_KMS_KEY_ID: return o->kms_key_id;
    default: return NULL;
    }
}

/* The section that it is about: the one named, else the first of the tool, else a new one of the
 * tool's name. */
static bool find_section(struct init *i, struct err *e)
{
    const char *tool = i->o->tool ? i->o->tool : "claude";
    struct setup there;
    struct relay r;
    if (i->o->relay && !relay_name_ok(i->o->relay)) {
        err_set(e, ERR_USAGE, "'%.64s' is no name for a relay", i->o->relay);
        return relay_name_hint(i->o->relay, e);
    }
    if (!i->o->relay && !relay_load_of_tool(tool, &r, e))
        return false;
    snprintf(i->section.name, sizeof i->section.name, "%s", i->o->relay ? i->o->relay : r.name);
    if (!i->o->relay)
        relay_free(&r);
    if (!setup_look(&i->section, NULL, 0, &there, e))
        return false;
    i->present = there.config != SETUP_ABSENT;
    if (i->present)
        i->section = there.present;
    return section_set(&i->section, SECTION_TOOL,
                       i->present ? section_value(&i->section, SECTION_TOOL) : tool,
                       "the command line", e);
}

static bool find_login(struct init *i, struct err *e)
{
    char path[LIMIT_PATH];
    struct err why;
    i->tool = tool_load(section_value(&i->section, SECTION_TOOL), e);
    const struct login_source source = {.tool = i->tool, .path = path, .place = LOGIN_AUTO};
    return i->tool && tool_login_path(i->tool, path, e) &&
           login_source_look(&source, &i->login, &why);
}

static void tell_found(struct steps *s, const struct init *i)
{
    char text[LIMIT_PATH];
    struct err e;
    if (i->login.state == LOGIN_USABLE)
        steps_tell(s, "found", STEP_THERE, "a login of %s: %.*s", i->tool->product,
                   FINGERPRINT_SHOWN, i->login.fingerprint);
    else
        steps_tell(s, "found", STEP_LEFT, "no login of %s that works (%s): %s", i->tool->product,
                   login_state_name(i->login.state), i->tool->login_command);
    if (program_find(i->tool->program, text, &e))
        steps_tell(s, "found", STEP_THERE, "the client %s", text);
    else
        steps_tell(s, "found", STEP_LEFT, "no client: %s", e.text);
    size_t len = 0;
    for (size_t n = 0; n < i->profiles.count && len < sizeof text; n++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", n ? ", " : "",
                                i->profiles.name[n]);
    if (i->profiles.count)
        steps_tell(s, "found", STEP_THERE, "AWS profiles %s%s", text,
                   i->profiles.more ? ", and more" : "");
}

/* ---- what is wanted ---- */

static struct surroundings look_around(const struct init *i)
{
    char reader[SECTION_VALUE_SIZE], writer[SECTION_VALUE_SIZE];
    const char *tool = section_value(&i->section, SECTION_TOOL);
    const char *region = getenv("AWS_REGION");
    proposal_profile(tool, ROLE_READER, reader);
    proposal_profile(tool, ROLE_WRITER, writer);
    if (!region || !*region)
        region = getenv("AWS_DEFAULT_REGION");
    return (struct surroundings){.renewable = i->login.state == LOGIN_USABLE && i->login.renewable,
                                 .has_reader = profile_named(&i->profiles, reader),
                                 .has_writer = profile_named(&i->profiles, writer),
                                 .region = region && *region ? region : NULL};
}

static bool is_asked(const struct init *i, enum section_key k)
{
    bool writer = strcmp(section_value(&i->section, SECTION_ROLE), role_name(ROLE_WRITER)) == 0;
    return k == SECTION_ROLE || k == SECTION_STORE ||
           (k == SECTION_READER_PROFILE && proposal_asks_profiles(&i->section)) ||
           (k == SECTION_WRITER_PROFILE && proposal_asks_profiles(&i->section) && writer);
}

/* What was said counts; then what is configured; then what is answered, or proposed. */
static bool want(struct init *i, struct err *e)
{
    struct store store;
    for (enum section_key k = SECTION_TOOL; k < SECTION_KEYS; k++) {
        const struct surroundings f = look_around(i);
        const char *value = said(i->o, k);
        if (value && !section_set(&i->section, k, value, "the command line", e)) {
            e->code = ERR_USAGE;
            return false;
        }
        if (value || i->present || k == SECTION_TOOL)
            continue;
        proposal(&f, &i->section, k, i->section.value[k]);
        if (i->terminal && is_asked(i, k) && !ask_setting(i->terminal, &i->section, k, e))
            return false;
    }
    i->service = !i->o->no_service;
    return store_open(section_value(&i->section, SECTION_STORE), i->section.name, &store, e) &&
           (!i->terminal || i->present || !i->service ||
            ask_yes(i->terminal, "Install the watcher as a service?", &i->service, e));
}

/* ---- doing it ---- */

static void perform(struct steps *s, const struct init *i, const struct setup *setup)
{
    if (!set_up_files(s, setup))
        return;
    bool watched = i->service && set_up_service(s);
    if (i->o->adopt)
        adopt(s, &i->section, watched);
    set_up_check(s, i->section.name);
}

/* Show the plan and have it agreed to.  *RET_GO: it is, and there is something to do.  What would
 * fail is told, and is the end of it. */
static bool agree(struct steps *s, const struct init *i, const struct setup *setup, bool *ret_go,
                  struct err *e)
{
    struct options dry = *i->o;
    struct steps plan;
    dry.dry_run = true;
    steps_begin(&plan, "init", &dry);
    perform(&plan, i, setup);
    unsigned would = plan.would;
    s->status = steps_end(&plan);
    *ret_go = would > 0 && s->status == 0;
    return !*ret_go || ask_yes(i->terminal, "Go on?", ret_go, e);
}

static void tell_section(struct steps *s, const struct section *section)
{
    jv_put_text(s->value, "relay", section->name);
    jv_put_text(s->value, "role", section_value(section, SECTION_ROLE));
    jv_put_text(s->value, "store", section_value(section, SECTION_STORE));
}

static bool init(struct steps *s, struct init *i, struct err *e)
{
    struct setup setup;
    bool go = true;
    if (!find_section(i, e) || !find_login(i, e) || !profile_names(&i->profiles, e))
        return false;
    tell_found(s, i);
    if (!want(i, e) || !setup_look(&i->section, NULL, 0, &setup, e))
        return false;
    tell_section(s, &i->section);
    if (setup_in_the_way(&setup, e))
        return err_hint(e, "change it there, or begin another relay: credrelay init --relay NAME");
    if (i->terminal && !i->o->dry_run && !agree(s, i, &setup, &go, e))
        return false;
    if (go)
        perform(s, i, &setup);
    return true;
}

static int run(const struct options *o, int argc, char **argv)
{
    struct init i = {.o = o, .section = {.name = ""}};
    struct terminal terminal;
    struct steps s;
    struct err e;
    (void)argc;
    (void)argv;
    if (!o->yes && !o->json && isatty(STDIN_FILENO) && terminal_open(&terminal))
        i.terminal = &terminal;
    steps_begin(&s, "init", o);
    if (!init(&s, &i, &e))
        steps_fail(&s, "configuration", &e);
    if (i.terminal)
        terminal_close(&terminal);
    tool_free(i.tool);
    return steps_end(&s);
}

const struct command cmd_init = {
    .name = "init",
    .arguments = "",
    .summary = "set this machine up",
    .about =
        "Finds the login, the client and the AWS profiles of this machine, asks for the role and "
        "the store,\n"
        "writes the configuration, installs the watcher as a service and runs doctor.  Without a "
        "terminal, or\n"
        "with --yes, nothing is asked.  What is configured already is left as it is.  --adopt puts "
        "the older\n"
        "set-up aside: its publisher, its full login in the parameter.",
    .options = TAKES(RELAY) | TAKES(TOOL) | TAKES(ROLE) | TAKES(STORE) | TAKES(READER_PROFILE) |
               TAKES(WRITER_PROFILE) | TAKES(KMS_KEY_ID) | TAKES(YES) | TAKES(ADOPT) |
               TAKES(NO_SERVICE) | TAKES(JSON) | TAKES(DRY_RUN),
    .most = 0,
    .run = run,
};
