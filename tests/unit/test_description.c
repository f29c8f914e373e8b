/* Descriptions of tools: what they become, and what is said of those that are none. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "tool/description.h"

#define NEEDED_TOOL "[tool]\nproduct = The Lamp\nprogram = lamp\nlogin-command = lamp in\n"
#define NEEDED_LOGIN                                                                               \
    "[login]\nfolder = .lamp\nfile = s.json\nparts = session, when\naccess = session.token\n"
#define NEEDED NEEDED_TOOL NEEDED_LOGIN /* nine lines */

static struct tool *parsed(const char *text, size_t len, struct err *e)
{
    /* A block of its own size: a look beyond the end is seen by the sanitizer. */
    char *copy = malloc(len + !len);
    memcpy(copy, text, len);
    struct tool *t = description_parse("lamp", copy, len, "F", e);
    free(copy);
    return t;
}

/* ---- everything in a tool, as one text ---- */

static void put(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "%s=%s\n", name, text ? text : "-");
}

static void put_list(struct buf *out, const char *name, const char *const *list)
{
    buf_printf(out, "%s=", name);
    for (; *list; list++)
        buf_printf(out, "%s|", *list);
    buf_text(out, "\n");
}

static void put_member(struct buf *out, const char *name, const struct tool_member *m)
{
    buf_printf(out, "%s=%s %u ", name, m->path ? m->path : "-", m->part);
    put_list(out, "names", m->names);
}

static void put_time(struct buf *out, const char *name, const struct tool_time *t)
{
    put_member(out, name, &t->member);
    buf_printf(out, "clock=%d required=%d\n", (int)t->clock, t->required);
}

static void put_failures(struct buf *out, const struct failure_table *t)
{
    for (const struct failure_form *f = t->forms; f->words; f++)
        buf_printf(out, "form %d %d %s\n", (int)f->then, (int)f->meaning, f->words);
    for (const struct failure_status *s = t->statuses; s->words; s++)
        buf_printf(out, "status %d %d '%s'\n", s->status, (int)s->meaning, s->words);
    for (const struct failure_kind *k = t->kinds; k->name; k++)
        buf_printf(out, "kind %d %s\n", (int)k->meaning, k->name);
    put_list(out, "advice", t->advice);
    put_list(out, "key-sources", t->key_sources);
}

static void put_signals(struct buf *out, const struct signal_table *t)
{
    for (size_t i = 0; t->members[i]; i++)
        buf_printf(out, "member %d %s\n", (int)t->roles[i], t->members[i]);
    for (const struct signal_name *n = t->types; n->name; n++)
        buf_printf(out, "type %d %s\n", (int)n->type, n->name);
    put(out, "retrying", t->retrying);
    put(out, "made-up", t->made_up);
}

static const char *described(const struct tool *t)
{
    static struct buf out;
    static char text[16384];
    if (!t)
        return "(none)";
    buf_init(&out, sizeof text);
    buf_printf(&out, "%s: %s, %s, %s\n", t->name, t->product, t->program, t->login_command);
    put_list(&out, "renew", t->renew);
    put_list(&out, "version", t->version);
    for (const struct tool_remark *r = t->remarks; r->upto; r++)
        put(&out, r->upto, r->text);
    put(&out, "folder-variable", t->folder_env);
    buf_printf(&out, "%s/%s lock=%d keychain=%s%s bare=%d\n", t->folder, t->file, t->lock,
               t->keychain ? t->keychain : "-", t->keychain_by_folder ? "+folder" : "",
               (int)t->bare);
    put_list(&out, "parts", t->parts);
    put_member(&out, "access", &t->access);
    put_member(&out, "refresh", &t->refresh);
    put_time(&out, "expiry", &t->expiry);
    put_time(&out, "deadline", &t->deadline);
    put_time(&out, "fresh", &t->fresh);
    for (unsigned i = 0; i < t->required_count; i++) {
        put_member(&out, t->required[i].flaw, &t->required[i].member);
        buf_printf(&out, "array=%d\n", t->required[i].array);
    }
    put_list(&out, "overrides", t->overrides);
    put(&out, "helper", t->helper_words);
    put(&out, "environment", t->environment);
    put_list(&out, "managed", t->managed);
    put_list(&out, "once", t->once);
    put(&out, "flags", t->flags);
    put(&out, "format-option", t->format_option);
    put(&out, "stream-option", t->stream_option);
    put(&out, "resume", t->resume);
    put_failures(&out, &t->failures);
    put_signals(&out, &t->signals);
    assert_false(out.failed);
    snprintf(text, sizeof text, "%s", buf_str(&out));
    buf_free(&out);
    return text;
}

/* ---- what is shipped ---- */

static const char *folder;

static void read_shipped(const struct tool *t, struct buf *out)
{
    char path[LIMIT_PATH];
    struct err e;
    snprintf(path, sizeof path, "%s/%s.ini", folder, t->name);
    buf_init(out, LIMIT_CONFIG);
    if (!file_read(path, out, &e))
        fail_msg("%s", e.text);
}

/* The tables of the program are what a reading at run time gives. */
static void test_shipped(void **state)
{
    (void)state;
    for (const struct tool *const *t = shipped_tools; *t; t++) {
        struct buf text;
        struct err e;
        char built_in[16384];
        read_shipped(*t, &text);
        struct tool *read = description_parse((*t)->name, text.data, text.len, "F", &e);
        if (!read)
            fail_msg("%s", e.text);
        snprintf(built_in, sizeof built_in, "%s", described(*t));
        same_text((*t)->name, built_in, described(read));
        description_free(read);
        buf_free(&text);
    }
}

/* ---- what is valid ---- */

static void test_least(void **state)
{
    (void)state;
    struct err e;
    struct tool *t = parsed(NEEDED, sizeof NEEDED - 1, &e);
    assert_non_null(t);
    same_text("least", described(t),
              "lamp: The Lamp, lamp, lamp in\nrenew=\nversion=\nfolder-variable=-\n.lamp/s.json "
              "lock=0 keychain=- bare=0\n"
              "parts=session|when|\naccess=session.token 0 names=token|\nrefresh=- 0 names=\n"
              "expiry=- 0 names=\nclock=0 required=0\ndeadline=- 0 names=\nclock=0 required=0\n"
              "fresh=- 0 names=\nclock=0 "
              "required=0\noverrides=\nhelper=-\nenvironment=-\nmanaged=\nonce=\nflags=\n"
              "format-option=-\nstream-option=-\nresume=-\nadvice=\nkey-sources=\nretrying=-\n"
              "made-up=-\n");
    description_free(t);
}

/* TEXT after what is needed, and one line of what it becomes. */
#define X10 "xxxxxxxxxx"
#define X65 X10 X10 X10 X10 X10 X10 "xxxxx"
#define X80 X10 X10 X10 X10 X10 X10 X10 X10

static const struct {
    const char *text, *becomes;
} good[] = {
    {"refresh = session.a.b.c\n", "refresh=session.a.b.c 0 names=a|b|c|\n"},
    {"fresh = when, rfc3339\n", "fresh=when 1 names=\nclock=2 required=0\n"},
    {"expiry = session.ends , s\n", "fresh=session.ends 0 names=ends|\nclock=1 required=0\n"},
    {"expiry = session.ends, ms\nrequired = session.x[], session.ends\n",
     "expiry=session.ends 0 names=ends|\nclock=0 required=1\n"},
    {"required = session." X65 "\n",
     "it has no " X10 X10 X10 X10 X10 X10 "=session." X65 " 0 names=" X65 "|\narray=0\n"},
    {"required = session.x[], when\n", "it has no x=session.x 0 names=x|\narray=1\n"},
    {"without-refresh = blank\nlock = yes\n", ".lamp/s.json lock=1 keychain=- bare=1\n"},
    {"keychain = Lamp\nkeychain-by-folder = yes\n", "lock=0 keychain=Lamp+folder bare=0\n"},
    {"keychain = The Lamp's\n", "lock=0 keychain=The Lamp's bare=0\n"},
    {"[overrides]\nvariables = A, B\n  C\n", "overrides=A|B|C|\n"},
    {"[overrides]\nfile = x/y.json\nmember = key\n", "helper=key in x/y.json\n"},
    {"[overrides]\nfile = x\nmember = y\nenvironment = e\nmanaged = /a b/c, d\n",
     "environment=e\nmanaged=/a b/c|d|\n"},
    {"[remarks]\n1.2 = old\n3 = not so old\n", "version=\n1.2=old\n3=not so old\n"},
    {"[run]\nonce = exec, -p\nflags = pv\n", "once=exec|-p|\nflags=pv\n"},
    {"[words]\nx = [a|b]\ny = {x}, {x}\n[failures.text]\nlapsed = no {y}\n",
     "form 0 1 no [a|b], [a|b]\n"},
    {"[failures.text]\nforbidden = You may not ...\n", "form 1 3 You may not \n"},
    {"[failures.text]\nasks = Token ...\nby-status = HTTP ###\n",
     "form 2 1 Token \nform 3 4 HTTP \n"},
    {"[failures.text]\nbefore = Error\n", "form 4 1 Error\n"},
    {"[failures.status]\n401 = lapsed\n403 = other: a b, c\n",
     "status 401 1 ''\nstatus 403 4 'a b'\nstatus 403 4 'c'\n"},
    {"[failures.line]\noverridden = x\nlapsed = *\n", "status 0 2 'x'\nstatus 0 1 ''\n"},
    {"[failures.kinds]\nother = Busy, rate_limit\n", "kind 4 Busy\nkind 4 rate_limit\n"},
    {"[json]\ntype = kind\ntext = error.message, notes[]\n",
     "member 0 kind\nmember 5 error.message\nmember 5 notes[]\n"},
    {"[json.types]\nfailed = error, end.bad\n", "type 6 error\ntype 6 end.bad\n"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        char text[1000];
        struct err e;
        int n = snprintf(text, sizeof text, NEEDED "%s", good[i].text);
        struct tool *t = parsed(text, (size_t)n, &e);
        if (!t)
            fail_msg("%s: %s", good[i].text, e.text);
        if (!strstr(described(t), good[i].becomes))
            fail_msg("%s became %s", good[i].text, described(t));
        description_free(t);
    }
}

/* ---- what is not ---- */

#define MEMBER "takes a member of one of the parts named above it, PART.NAME"
#define WORDS                                                                                      \
    "takes words with [a|b|] for alternatives, at most 12 times and 24 of them, and ~ between "    \
    "clauses"

#define ALTERNATIVES "a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a"

static const struct {
    const char *text; /* after what is needed: its first line is the tenth */
    const char *message, *hint;
} mistakes[] = {
    {"fodler = x\n", "F:10: [login] has no setting called 'fodler'",
     "it has folder, folder-variable, file, lock, keychain, keychain-by-folder, parts, access, "
     "refresh, "
     "without-refresh, expiry, deadline, fresh, required"},
    {"[jsno]\nx = y\n", "F:11: there is no section [jsno]",
     "the sections are tool, login, overrides, run, words, failures, failures.text, "
     "failures.status, failures.line, failures.kinds, json, json.types and remarks"},
    {"file = b\n", "F:10: [login] file is said twice", ""},
    {"keychain = a \"lamp\"\n", "F:10: [login] keychain = a \"lamp\" is not valid",
     "keychain takes the name of a Keychain item, without quotes and backslashes"},
    {"keychain = " X65 "\n", "F:10: [login] keychain = " X65 " is not valid",
     "keychain takes the name of a Keychain item, without quotes and backslashes"},
    {"lock = maybe\n", "F:10: [login] lock = maybe is not valid", "lock takes yes|no"},
    {"refresh = other.token\n", "F:10: [login] refresh = other.token is not valid",
     "refresh " MEMBER},
    {"refresh = session.\n", "F:10: [login] refresh = session. is not valid", "refresh " MEMBER},
    {"refresh = session.a b\n", "F:10: [login] refresh = session.a b is not valid",
     "refresh " MEMBER},
    {"refresh = session.a.b.c.d\n", "F:10: [login] refresh = session.a.b.c.d is not valid",
     "refresh " MEMBER},
    {"refresh =\n", "F:10: [login] refresh =  is not valid", "refresh " MEMBER},
    {"expiry = session.ends\n", "F:10: [login] expiry = session.ends is not valid",
     "expiry takes MEMBER, ms|s|rfc3339|jwt"},
    {"expiry = session.ends, ms, s\n", "F:10: [login] expiry = session.ends, ms, s is not valid",
     "expiry takes MEMBER, ms|s|rfc3339|jwt"},
    {"without-refresh = empty\n", "F:10: [login] without-refresh = empty is not valid",
     "without-refresh takes remove|blank"},
    {"required = when, when, when, when, when\n", "F:10: [login] required: more than 4 members",
     ""},
    {"[overrides]\nfile = ../x\nmember = y\n", "F:11: [overrides] file = ../x is not valid",
     "file takes a path without .. that does not begin with /"},
    {"[overrides]\nfile = x\n", "F: [overrides] has one of file and member",
     "say both, or neither"},
    {"[overrides]\nvariables = ,\n", "F:11: [overrides] variables = , is not valid",
     "variables takes a list"},
    {"[run]\nonce = a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\n", "F:11: [run] once: more than 16 items",
     ""},
    {"[run]\nresume = a\n  b\n", "F:11: [run] resume = a b is not valid",
     "resume takes one line of text"},
    {"[words]\na = [x\n", "F:11: [words] a = [x is not valid", "a " WORDS},
    {"[words]\na = x\na = y\n", "F:12: [words] a is said twice", ""},
    {"[failures.text]\nlapsed = no {token}\n", "F:11: '{token}': there are no such words",
     "name them in [words], above"},
    {"[failures.text]\nlapsed = no {token\n", "F:11: '{': there are no such words",
     "name them in [words], above"},
    {"[failures.text]\nlapsed = a]b\n", "F:11: [failures.text] lapsed = a]b is not valid",
     "lapsed " WORDS},
    {"[failures.text]\nlapsed = a|b\n", "F:11: [failures.text] lapsed = a|b is not valid",
     "lapsed " WORDS},
    {"[failures.text]\nlapsed = [a[b]]\n", "F:11: [failures.text] lapsed = [a[b]] is not valid",
     "lapsed " WORDS},
    {"[failures.text]\nlapsed = [a~b]\n", "F:11: [failures.text] lapsed = [a~b] is not valid",
     "lapsed " WORDS},
    {"[failures.text]\nlapsed =\n", "F:11: [failures.text] lapsed =  is not valid",
     "lapsed " WORDS},
    {"[failures.text]\nlapsed = [a][a][a][a][a][a][a][a][a][a][a][a][a]\n",
     "F:11: [failures.text] lapsed = [a][a][a][a][a][a][a][a][a][a][a][a][a] is not valid",
     "lapsed " WORDS},
    {"[failures.text]\nasks = Token\n", "F:11: [failures.text] asks = Token is not valid",
     "asks takes words that end with ..., the line that asks for a login"},
    {"[failures.text]\nby-status = HTTP\n", "F:11: [failures.text] by-status = HTTP is not valid",
     "by-status takes words that end with ###, the digits of the status"},
    {"[failures.text]\nbefore = Error...\n", "F:11: [failures.text] before = Error... is not valid",
     "before takes words that another wording comes after"},
    {"[failures.text]\nfine = x\n", "F:11: [failures.text]: 'fine' is no class of failure",
     "use lapsed, overridden, forbidden or other, asks, before or by-status"},
    {"[failures.line]\nfailed = x\n", "F:11: [failures.line]: 'failed' is no class of failure",
     "use lapsed, overridden, forbidden or other"},
    {"[failures.kinds]\nfailed = x\n", "F:11: [failures.kinds]: 'failed' is no class of failure",
     "use lapsed, overridden, forbidden or other"},
    {"[failures.status]\n99 = lapsed\n", "F:11: [failures.status]: '99' is no status of HTTP",
     "use 100 to 599"},
    {"[failures.status]\n401 = gone: x\n", "F:11: [failures.status] 401 = gone: x is not valid",
     "401 takes lapsed|overridden|forbidden|other, or one of them, a colon and words"},
    {"[json]\ntype = a b\n", "F:11: [json] type = a b is not valid",
     "type takes members of the output's objects: NAME, NAME.NAME or NAME[]"},
    {"[json]\ntype = " X80 "\n", "F:11: [json] type = " X80 " is not valid",
     "type takes members of the output's objects: NAME, NAME.NAME or NAME[]"},
    {"[remarks]\nold = x\n", "F:11: [remarks] old = x is not valid",
     "old takes VERSION = TEXT, with numbers and dots for a version"},
    {"[overrides]\nmanaged = x\n", "F: [overrides] has environment or managed without file",
     "say file and member as well"},
    {"[failures.text]\nlapsed = [" ALTERNATIVES "]\n",
     "F:11: [failures.text] lapsed = [" ALTERNATIVES "] is not valid", "lapsed " WORDS},
    {"[remarks]\n1 = x\n2 = x\n3 = x\n4 = x\n5 = x\n6 = x\n7 = x\n8 = x\n9 = x\n",
     "F:19: [remarks] 9: more than 8 remarks", ""},
    {"[overrides]\nenvironment = env\n", "F: [overrides] has environment or managed without file",
     "say file and member as well"},
    {"[json]\nkidn = x\n", "F:11: [json] has no setting called 'kidn'",
     "it has retrying, made-up, type, subtype, is-error, status, kind, text, more-text, turns, "
     "cost, session, key-source, model"},
    {"[json.types]\nend = x\n", "F:11: [json.types] has no setting called 'end'",
     "it has notice, answer, input, work, result, failed, done"},
    {"lock\n", "F:10: neither [section] nor `key = value`", ""},
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        char text[1000];
        struct err e = {.text = ""};
        int n = snprintf(text, sizeof text, NEEDED "%s", mistakes[i].text);
        assert_null(parsed(text, (size_t)n, &e));
        same_text(mistakes[i].text, e.text, mistakes[i].message);
        same_text(mistakes[i].text, e.hint, mistakes[i].hint);
    }
}

static void test_incomplete(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message, *hint;
    } cases[] = {
        {"", "F: [tool] product is missing", "the settings are listed in credrelay-tool(5)"},
        {NEEDED_TOOL, "F: [login] folder is missing",
         "the settings are listed in credrelay-tool(5)"},
        {"[login]\naccess = a\n", "F:2: [login] access = a is not valid", "access " MEMBER},
        {"[login]\nparts = a.b\n", "F:2: [login] parts = a.b is not valid",
         "parts takes names of members of the file"},
        {"[login]\nparts = a, b, c, d, e\n", "F:2: [login] parts: more than 4 members", ""},
        {"[login]\nfolder = /etc\n", "F:2: [login] folder = /etc is not valid",
         "folder takes a path without .. that does not begin with /"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {.text = ""};
        assert_null(parsed(cases[i].text, strlen(cases[i].text), &e));
        same_text(cases[i].text, e.text, cases[i].message);
        same_text(cases[i].text, e.hint, cases[i].hint);
    }
}

/* 200 lines of HEAD, a number and TAIL. */
static void expect_too_large(const char *section, const char *head, const char *tail,
                             const char *message)
{
    struct buf text;
    struct err e = {.text = ""};
    buf_init(&text, 1 << 20);
    buf_printf(&text, NEEDED "[%s]\n", section);
    for (int i = 0; i < 200; i++)
        buf_printf(&text, "%s%d%s\n", head, i, tail);
    assert_null(parsed(text.data, text.len, &e));
    same_error(section, &e, ERR_TOO_LARGE, message, "");
    buf_free(&text);
}

static void test_limits(void **state)
{
    (void)state;
    expect_too_large("failures.text", "lapsed = words ", "",
                     "F:107: [failures.text] lapsed: more than 96 wordings");
    expect_too_large("failures.line", "lapsed = words ", "",
                     "F:107: [failures.line] lapsed: more than 96 reasons");
    expect_too_large("failures.kinds", "lapsed = name", "",
                     "F:59: [failures.kinds] lapsed: more than 48 names");
    expect_too_large("words", "word", " = x", "F:35: [words] word24: more than 24 names");
    expect_too_large("json", "text = m", "", "F:35: [json] text: more than 24 members");
    expect_too_large("json.types", "work = t", "", "F:43: [json.types] work: more than 32 types");
    expect_too_large("failures.text", "lapsed = ", X80 X80 X80 X80 X80 X80 X80,
                     "F:69: the description has more than 32768 bytes of text");
}

/* Whatever is the first that does not fit any more, that is what is said. */
static void test_full(void **state)
{
    (void)state;
    for (const struct tool *const *t = shipped_tools; *t; t++) {
        struct buf shipped, text;
        read_shipped(*t, &shipped);
        static char filler[LIMIT_TOOL_TEXT];
        size_t refused = 0;
        memset(filler, 'x', sizeof filler);
        bool fits = false;
        for (size_t taken = LIMIT_TOOL_TEXT; !fits && taken > 0; taken--) {
            struct err e = {.text = ""};
            buf_init(&text, 1 << 20);
            buf_text(&text, "[words]\nfull = ");
            buf_bytes(&text, filler, taken);
            buf_text(&text, "\n");
            buf_bytes(&text, shipped.data, shipped.len);
            struct tool *got = parsed(text.data, text.len, &e);
            fits = got != NULL;
            if (!fits)
                assert_non_null(
                    strstr(e.text, "the description has more than 32768 bytes of text"));
            refused += !fits;
            description_free(got);
            buf_free(&text);
        }
        assert_true(fits && refused > 500);
        buf_free(&shipped);
    }
}

static void test_a_name_that_does_not_fit(void **state)
{
    (void)state;
    static char name[LIMIT_TOOL_TEXT + 1];
    struct err e;
    memset(name, 'x', sizeof name - 1);
    assert_null(description_parse(name, "", 0, "F", &e));
    same_error("a name", &e, ERR_TOO_LARGE,
               "F:0: the description has more than 32768 bytes of text", "");
}

/* Words that name words that name words: as long as is allowed, and no longer. */
static void test_words_that_grow(void **state)
{
    (void)state;
    struct buf text;
    struct err e = {.text = ""};
    buf_init(&text, 1 << 20);
    buf_text(&text, NEEDED "[words]\nw0 = " X80 "\n");
    for (int i = 1; i < 20; i++)
        buf_printf(&text, "w%d = {w%d}{w%d}\n", i, i - 1, i - 1);
    assert_null(parsed(text.data, text.len, &e));
    same_error("growing", &e, ERR_TOO_LARGE,
               "F:19: the description has more than 32768 bytes of text", "");
    buf_free(&text);
}

/* Cut anywhere, or with any byte in any place, it is read or refused. */
static void test_any_bytes(void **state)
{
    (void)state;
    static const char bytes[] = "[]{}|~=:,.\n\r #\0\xff"
                                "a0";
    for (const struct tool *const *t = shipped_tools; *t; t++) {
        struct buf text;
        read_shipped(*t, &text);
        for (size_t i = 0; i < text.len; i++) {
            struct err e = {.text = ""};
            struct tool *got = parsed(text.data, i, &e);
            same_int("a reason", got != NULL || e.text[0], true);
            description_free(got);
            char was = text.data[i];
            text.data[i] = bytes[i % (sizeof bytes - 1)];
            got = parsed(text.data, text.len, &e);
            description_free(got);
            text.data[i] = was;
        }
        buf_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_shipped),   IN_WORLD(test_least),
        IN_WORLD(test_good),      IN_WORLD(test_mistakes),
        IN_WORLD(test_limits),    IN_WORLD(test_incomplete),
        IN_WORLD(test_full),      IN_WORLD(test_a_name_that_does_not_fit),
        IN_WORLD(test_any_bytes), IN_WORLD(test_words_that_grow),
    };
    folder = getenv("CREDRELAY_TOOLS");
    if (!folder)
        folder = "tools";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
