/* Compiles the shipped descriptions into const tables, so that a good day does not pay for reading
 * them (ARCHITECTURE.md, "Tools"): compile-tools tools/NAME.ini... >OUTPUT.  Runs at build time; the
 * parser is the one that reads a user's own description at run time. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "tool/description.h"

static void put_text(const char *text)
{
    if (!text) {
        fputs("NULL", stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < ' ' || c >= 0x7f || strchr("\"\\?", c))
            printf("\\%03o", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void put_field(const char *name, const char *text)
{
    printf("    .%s = ", name);
    put_text(text);
    puts(",");
}

static void put_items(const char *const *list)
{
    putchar('{');
    for (; *list; list++) {
        put_text(*list);
        fputs(", ", stdout);
    }
    fputs("NULL}", stdout);
}

static void put_list(const char *name, const char *const *list)
{
    printf("    .%s = ", name);
    put_items(list);
    puts(",");
}

static void put_member(const struct tool_member *m)
{
    fputs("{.path = ", stdout);
    put_text(m->path);
    printf(", .part = %u, .names = ", m->part);
    put_items(m->names);
    putchar('}');
}

static void put_time(const char *name, const struct tool_time *t)
{
    printf("    .%s = {.member = ", name);
    put_member(&t->member);
    printf(", .clock = (enum tool_clock)%u, .required = %d},\n", t->clock, t->required);
}

static void put_required(const struct tool *t)
{
    printf("    .required_count = %u,\n    .required = {", t->required_count);
    for (unsigned i = 0; i < t->required_count; i++) {
        fputs("{.member = ", stdout);
        put_member(&t->required[i].member);
        printf(", .array = %d, .flaw = ", t->required[i].array);
        put_text(t->required[i].flaw);
        fputs("}, ", stdout);
    }
    puts("{.flaw = NULL}},");
}

static void put_remarks(const struct tool *t)
{
    puts("    .remarks = {");
    for (const struct tool_remark *r = t->remarks; r->upto; r++) {
        fputs("        {", stdout);
        put_text(r->upto);
        fputs(", ", stdout);
        put_text(r->text);
        puts("},");
    }
    puts("        {NULL, NULL}},");
}

static void put_forms(const struct tool *t)
{
    printf("static const struct failure_form forms_%s[] = {\n", t->name);
    for (const struct failure_form *f = t->failures.forms; f->words; f++) {
        fputs("    {", stdout);
        put_text(f->words);
        printf(", (enum failure_then)%u, (enum failure_class)%u, 0x%xu},\n", f->then, f->meaning,
               f->first);
    }
    puts("    {.words = NULL}};");
}

static void put_statuses(const struct tool *t)
{
    printf("static const struct failure_status statuses_%s[] = {\n", t->name);
    for (const struct failure_status *s = t->failures.statuses; s->words; s++) {
        printf("    {%d, (enum failure_class)%u, ", s->status, s->meaning);
        put_text(s->words);
        puts("},");
    }
    puts("    {.words = NULL}};");
}

static void put_kinds(const struct tool *t)
{
    printf("static const struct failure_kind kinds_%s[] = {\n", t->name);
    for (const struct failure_kind *k = t->failures.kinds; k->name; k++) {
        fputs("    {", stdout);
        put_text(k->name);
        printf(", (enum failure_class)%u},\n", k->meaning);
    }
    puts("    {.name = NULL}};");
}

static void put_array(const char *name, const char *tool, const char *const *list)
{
    printf("static const char *const %s_%s[] = ", name, tool);
    put_items(list);
    puts(";");
}

static void put_signals(const struct tool *t)
{
    const struct signal_table *s = &t->signals;
    put_array("members", t->name, s->members);
    printf("static const enum signal_role roles_%s[] = {", t->name);
    for (size_t i = 0; s->members[i]; i++)
        printf("(enum signal_role)%u, ", s->roles[i]);
    printf("SIGNAL_ROLE_COUNT};\nstatic const struct signal_name types_%s[] = {\n", t->name);
    for (const struct signal_name *n = s->types; n->name; n++) {
        fputs("    {", stdout);
        put_text(n->name);
        printf(", (enum signal_type)%u},\n", n->type);
    }
    puts("    {.name = NULL}};");
}

static void put_login(const struct tool *t)
{
    put_field("folder_env", t->folder_env);
    put_field("folder", t->folder);
    put_field("file", t->file);
    printf("    .lock = %d,\n", t->lock);
    put_field("keychain", t->keychain);
    printf("    .keychain_by_folder = %d,\n", t->keychain_by_folder);
    put_list("parts", t->parts);
    fputs("    .access = ", stdout);
    put_member(&t->access);
    fputs(",\n    .refresh = ", stdout);
    put_member(&t->refresh);
    printf(",\n    .bare = (enum tool_bare)%u,\n", t->bare);
    put_time("expiry", &t->expiry);
    put_time("deadline", &t->deadline);
    put_time("fresh", &t->fresh);
    put_required(t);
}

static void put_tool(const struct tool *t)
{
    put_forms(t);
    put_statuses(t);
    put_kinds(t);
    put_array("advice", t->name, t->failures.advice);
    put_array("key_sources", t->name, t->failures.key_sources);
    put_signals(t);
    printf("const struct tool tool_%s = {\n", t->name);
    put_field("name", t->name);
    put_field("product", t->product);
    put_field("program", t->program);
    put_field("login_command", t->login_command);
    put_list("renew", t->renew);
    put_list("version", t->version);
    put_remarks(t);
    put_login(t);
    put_list("overrides", t->overrides);
    put_field("settings", t->settings);
    put_field("helper", t->helper);
    put_field("helper_words", t->helper_words);
    put_field("environment", t->environment);
    put_list("managed", t->managed);
    put_list("once", t->once);
    put_field("flags", t->flags);
    put_field("format_option", t->format_option);
    put_field("stream_option", t->stream_option);
    put_field("resume", t->resume);
    printf("    .failures = {forms_%s, statuses_%s, kinds_%s, advice_%s, key_sources_%s},\n",
           t->name, t->name, t->name, t->name, t->name);
    printf("    .signals = {members_%s, roles_%s, types_%s, ", t->name, t->name, t->name);
    put_text(t->signals.retrying);
    fputs(", ", stdout);
    put_text(t->signals.made_up);
    puts("}};\n");
}

/* "tools/claude.ini" -> "claude" */
static void name_of(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    snprintf(out, size, "%.*s", (int)strcspn(base, "."), base);
}

static bool compile(const char *path, struct err *e)
{
    char name[64];
    struct buf text;
    struct tool *t = NULL;
    name_of(path, name, sizeof name);
    buf_init(&text, LIMIT_CONFIG);
    if (file_read(path, &text, e))
        t = description_parse(name, buf_str(&text), text.len, path, e);
    if (t)
        put_tool(t);
    description_free(t);
    buf_free(&text);
    return t != NULL;
}

int main(int argc, char **argv)
{
    char name[64];
    struct err e;
    puts("/* Made by src/tool/compile.c. */\n#include \"tool/description.h\"\n");
    for (int i = 1; i < argc; i++)
        if (!compile(argv[i], &e)) {
            fprintf(stderr, "%s\n  %s\n", e.text, e.hint);
            return 1;
        }
    puts("const struct tool *const shipped_tools[] = {");
    for (int i = 1; i < argc; i++) {
        name_of(argv[i], name, sizeof name);
        printf("    &tool_%s,\n", name);
    }
    puts("    NULL};");
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
