#include "tool/description.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/ini.h"
#include "base/parse.h"
#include "tool/reading.h"

static bool keep_list(struct reading *rd, const char *ends, tool_list ret)
{
    const char *p = rd->value, *item;
    size_t len;
    unsigned n = 0;
    while (reading_next_item(&p, ends, &item, &len)) {
        if (n == TOOL_LIST)
            return reading_too_many(rd, TOOL_LIST, "items");
        if (!(ret[n++] = reading_keep_bytes(rd, item, len)))
            return false;
    }
    return n > 0 || reading_bad(rd, "a list");
}

/* ---- one taker for each kind of value ---- */

static bool take_text(struct reading *rd, void *field)
{
    if (!rd->value[0] || strchr(rd->value, '\n'))
        return reading_bad(rd, "one line of text");
    return (*(const char **)field = reading_keep(rd, rd->value)) != NULL;
}

/* It stands in quotes in a line of commands (login_keychain.c). */
static bool take_item(struct reading *rd, void *field)
{
    if (strpbrk(rd->value, "\"\\") || strlen(rd->value) > 64)
        return reading_bad(rd, "the name of a Keychain item, without quotes and backslashes");
    return take_text(rd, field);
}

static bool take_list(struct reading *rd, void *field)
{
    return keep_list(rd, LIST, field);
}

static bool take_command(struct reading *rd, void *field)
{
    return keep_list(rd, BLANK, field);
}

static bool take_flag(struct reading *rd, void *field)
{
    return parse_bool(rd->value, field) || reading_bad(rd, "yes|no");
}

/* Below the home or a folder, and nowhere else. */
static bool take_path(struct reading *rd, void *field)
{
    const char *p = rd->value;
    if (*p == '/' || strstr(p, "..") || !*p || strchr(p, '\n'))
        return reading_bad(rd, "a path without .. that does not begin with /");
    return (*(const char **)field = reading_keep(rd, p)) != NULL;
}

/* Paths of members, each in the role of the key. */
static bool take_members(struct reading *rd, void *field)
{
    struct description *d = rd->d;
    enum signal_role role = *(const enum signal_role *)field;
    const char *p = rd->value, *item;
    size_t len;
    while (reading_next_item(&p, LIST, &item, &len)) {
        if (!reading_is_name(item, len, "_-.[]") || len >= LIMIT_JSON_PATH)
            return reading_bad(rd, "members of the output's objects: NAME, NAME.NAME or NAME[]");
        if (rd->members == MEMBERS)
            return reading_too_many(rd, MEMBERS, "members");
        if (!(d->members[rd->members] = reading_keep_bytes(rd, item, len)))
            return false;
        d->roles[rd->members++] = role;
    }
    return true;
}

/* ---- the settings: the master copy ---- */

#define FIELD(f) offsetof(struct description, f)

static const struct row {
    const char *section, *key;
    take_fn *take;
    size_t field;
    bool needed;
} rows[] = {
    {"tool", "product", take_text, FIELD(tool.product), true},
    {"tool", "program", take_text, FIELD(tool.program), true},
    {"tool", "login-command", take_text, FIELD(tool.login_command), true},
    {"tool", "renew", take_command, FIELD(tool.renew), false},
    {"tool", "version", take_command, FIELD(tool.version), false},
    {"login", "folder", take_path, FIELD(tool.folder), true},
    {"login", "folder-variable", take_text, FIELD(tool.folder_env), false},
    {"login", "file", take_path, FIELD(tool.file), true},
    {"login", "lock", take_flag, FIELD(tool.lock), false},
    {"login", "keychain", take_item, FIELD(tool.keychain), false},
    {"login", "keychain-by-folder", take_flag, FIELD(tool.keychain_by_folder), false},
    {"login", "parts", take_parts, FIELD(tool.parts), true},
    {"login", "access", take_member, FIELD(tool.access), true},
    {"login", "refresh", take_member, FIELD(tool.refresh), false},
    {"login", "without-refresh", take_bare, FIELD(tool.bare), false},
    {"login", "expiry", take_time, FIELD(tool.expiry), false},
    {"login", "deadline", take_time, FIELD(tool.deadline), false},
    {"login", "fresh", take_time, FIELD(tool.fresh), false},
    {"login", "required", take_required, 0, false},
    {"overrides", "variables", take_list, FIELD(tool.overrides), false},
    {"overrides", "file", take_path, FIELD(tool.settings), false},
    {"overrides", "member", take_text, FIELD(tool.helper), false},
    {"overrides", "environment", take_text, FIELD(tool.environment), false},
    {"overrides", "managed", take_list, FIELD(tool.managed), false},
    {"run", "once", take_list, FIELD(tool.once), false},
    {"run", "flags", take_text, FIELD(tool.flags), false},
    {"run", "format-option", take_text, FIELD(tool.format_option), false},
    {"run", "stream-option", take_text, FIELD(tool.stream_option), false},
    {"run", "resume", take_text, FIELD(tool.resume), false},
    {"failures", "advice", take_list, FIELD(advice), false},
    {"failures", "key-sources", take_list, FIELD(key_sources), false},
    {"json", "retrying", take_text, FIELD(tool.signals.retrying), false},
    {"json", "made-up", take_text, FIELD(tool.signals.made_up), false},
};

enum { ROWS = sizeof rows / sizeof *rows };
_Static_assert(ROWS <= 64, "a bit of `said` for each row");

/* Every other setting of [json]: members in a role. */
static const char *const roles[SIGNAL_ROLE_COUNT] = {
    [SIGNAL_TYPE] = "type",
    [SIGNAL_SUBTYPE] = "subtype",
    [SIGNAL_IS_ERROR] = "is-error",
    [SIGNAL_STATUS] = "status",
    [SIGNAL_KIND] = "kind",
    [SIGNAL_TEXT] = "text",
    [SIGNAL_MORE_TEXT] = "more-text",
    [SIGNAL_TURNS] = "turns",
    [SIGNAL_COST] = "cost",
    [SIGNAL_SESSION] = "session",
    [SIGNAL_KEY_SOURCE] = "key-source",
    [SIGNAL_MODEL] = "model",
};

static const char *const types[SIGNAL_TYPE_COUNT] = {
    [TYPE_NOTICE] = "notice", [TYPE_ANSWER] = "answer", [TYPE_INPUT] = "input",
    [TYPE_WORK] = "work",     [TYPE_RESULT] = "result", [TYPE_FAILED] = "failed",
    [TYPE_DONE] = "done",
};

/* "folder, file, ...": what a section takes. */
static bool unknown_key(const struct reading *rd)
{
    char known[256] = "";
    size_t n = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].section, rd->section) == 0 && n < sizeof known)
            n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", rows[i].key);
    for (size_t i = 0; strcmp(rd->section, "json") == 0 && i < SIGNAL_ROLE_COUNT; i++)
        if (n < sizeof known)
            n += (size_t)snprintf(known + n, sizeof known - n, ", %s", roles[i]);
    err_set(rd->e, ERR_INVALID, "%s:%u: [%.40s] has no setting called '%.64s'", rd->where, rd->line,
            rd->section, rd->key);
    return err_hint(rd->e, "it has %s", known);
}

static bool take_row(struct reading *rd)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].key, rd->key) != 0 || strcmp(rows[i].section, rd->section) != 0)
            continue;
        if (rd->said & UINT64_C(1) << i)
            return err_set(rd->e, ERR_INVALID, "%s:%u: [%s] %s is said twice", rd->where, rd->line,
                           rd->section, rd->key);
        rd->said |= UINT64_C(1) << i;
        return rows[i].take(rd, (char *)rd->d + rows[i].field);
    }
    return unknown_key(rd);
}

static bool take_json(struct reading *rd)
{
    unsigned role;
    if (!reading_word(roles, SIGNAL_ROLE_COUNT, rd->key, strlen(rd->key), &role))
        return take_row(rd);
    enum signal_role as = (enum signal_role)role;
    return take_members(rd, &as);
}

static bool take_types(struct reading *rd)
{
    unsigned type;
    const char *p = rd->value, *item;
    size_t len;
    if (!reading_word(types, SIGNAL_TYPE_COUNT, rd->key, strlen(rd->key), &type)) {
        err_set(rd->e, ERR_INVALID, "%s:%u: [%s] has no setting called '%.64s'", rd->where,
                rd->line, rd->section, rd->key);
        return err_hint(rd->e, "it has notice, answer, input, work, result, failed, done");
    }
    while (reading_next_item(&p, LIST, &item, &len)) {
        struct signal_name *n = &rd->d->types[rd->types];
        if (rd->types == TYPES)
            return reading_too_many(rd, TYPES, "types");
        if (!(n->name = reading_keep_bytes(rd, item, len)))
            return false;
        n->type = (enum signal_type)type;
        rd->types++;
    }
    return true;
}

/* The key is the last version that the remark is about. */
static bool take_remark(struct reading *rd)
{
    struct tool_remark *r = &rd->d->tool.remarks[rd->remarks];
    if (rd->remarks == TOOL_REMARKS)
        return reading_too_many(rd, TOOL_REMARKS, "remarks");
    if (strspn(rd->key, "0123456789.") != strlen(rd->key))
        return reading_bad(rd, "VERSION = TEXT, with numbers and dots for a version");
    rd->remarks++;
    return take_text(rd, &r->text) && (r->upto = reading_keep(rd, rd->key));
}

/* ---- the whole ---- */

static const struct {
    const char *name;
    bool (*take)(struct reading *rd);
} sections[] = {
    {"tool", take_row},           {"login", take_row},
    {"overrides", take_row},      {"run", take_row},
    {"words", take_word},         {"failures", take_row},
    {"failures.text", take_form}, {"failures.status", take_status},
    {"failures.line", take_line}, {"failures.kinds", take_kind},
    {"json", take_json},          {"json.types", take_types},
    {"remarks", take_remark},
};

enum { SECTIONS = sizeof sections / sizeof *sections };

static bool take(void *ctx, const char *section, const char *key, const char *value, unsigned line,
                 struct err *e)
{
    struct reading *rd = ctx;
    if (!key)
        return true;
    rd->section = section;
    rd->key = key;
    rd->value = value;
    rd->line = line;
    /* Most settings stand in the section of the one before. */
    for (size_t i = 0; i < SECTIONS; i++, rd->at = (rd->at + 1) % SECTIONS)
        if (strcmp(sections[rd->at].name, section) == 0)
            return sections[rd->at].take(rd);
    err_set(e, ERR_INVALID, "%s:%u: there is no section [%.64s]", rd->where, line, section);
    return err_hint(e, "the sections are tool, login, overrides, run, words, failures, "
                       "failures.text, failures.status, failures.line, failures.kinds, json, "
                       "json.types and remarks");
}

static bool complete(const struct reading *rd)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].needed && !(rd->said & UINT64_C(1) << i)) {
            err_set(rd->e, ERR_INVALID, "%s: [%s] %s is missing", rd->where, rows[i].section,
                    rows[i].key);
            return err_hint(rd->e, "the settings are listed in credrelay-tool(5)");
        }
    const struct tool *t = &rd->d->tool;
    if (!t->settings != !t->helper) {
        err_set(rd->e, ERR_INVALID, "%s: [overrides] has one of file and member", rd->where);
        return err_hint(rd->e, "say both, or neither");
    }
    if (t->settings || (!t->environment && !t->managed[0]))
        return true;
    err_set(rd->e, ERR_INVALID, "%s: [overrides] has environment or managed without file",
            rd->where);
    return err_hint(rd->e, "say file and member as well");
}

/* A time that is required has its own words for what is wrong with it. */
static void require_time(struct tool *t, struct tool_time *time)
{
    for (unsigned i = 0; time->member.path && i < t->required_count; i++) {
        if (strcmp(t->required[i].member.path, time->member.path) != 0)
            continue;
        time->required = true;
        t->required_count--;
        memmove(&t->required[i], &t->required[i + 1],
                (t->required_count - i) * sizeof *t->required);
    }
}

static bool finish(struct reading *rd)
{
    struct description *d = rd->d;
    struct tool *t = &d->tool;
    char words[160];
    if (!complete(rd))
        return false;
    if (!t->fresh.member.path)
        t->fresh = t->expiry;
    if (!t->flags)
        t->flags = "";
    if (t->helper) {
        snprintf(words, sizeof words, "%.70s in %.70s", t->helper, t->settings);
        if (!(t->helper_words = reading_keep(rd, words)))
            return false;
    }
    require_time(t, &t->expiry);
    t->failures =
        (struct failure_table){d->forms, d->statuses, d->kinds, d->advice, d->key_sources};
    t->signals.members = d->members;
    t->signals.roles = d->roles;
    t->signals.types = d->types;
    return true;
}

struct tool *description_parse(const char *name, const char *text, size_t len, const char *where,
                               struct err *e)
{
    struct description *d = malloc(sizeof *d);
    struct reading rd = {.d = d, .where = where, .e = e};
    if (!d) {
        err_no_memory(e);
        return NULL;
    }
    memset(d, 0, offsetof(struct description, text));
    d->tool.name = reading_keep(&rd, name);
    if (d->tool.name && ini_parse(text, len, where, take, &rd, e) && finish(&rd))
        return &d->tool;
    free(d);
    return NULL;
}

void description_free(struct tool *t)
{
    free(t);
}
