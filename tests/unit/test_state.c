/* The memory on disk: all of it comes back, and a damaged file is an empty memory, not an error. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "relay/state.h"

#define NOW INT64_C(1795464776123)
#define FP  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *print(unsigned n)
{
    static char texts[4][FINGERPRINT_SIZE];
    static unsigned turn;
    char *text = texts[turn++ % 4];
    snprintf(text, FINGERPRINT_SIZE, "%064u", n);
    return text;
}

static bool save(const char *path, const struct state *st, struct err *e)
{
    struct buf text;
    buf_init(&text, LIMIT_STATE);
    bool ok = state_text("local:", st, &text, e) && state_save(path, &text, e);
    buf_free(&text);
    return ok;
}

static void test_round_trip(void **state)
{
    (void)state;
    static struct state full, again;
    struct err e;
    for (unsigned n = 1; n <= MEMORY_SEEN; n++)
        memory_saw(&full.memory, print(n), INT64_MAX - n);
    for (unsigned n = 1; n <= MEMORY_REJECTED; n++)
        memory_reject(&full.memory, print(n), NOW - n);
    memory_in_step(&full.memory, print(1), INT64_MAX);
    snprintf(full.memory.refused, sizeof full.memory.refused, "%s", print(9));
    snprintf(full.memory.entrusted, sizeof full.memory.entrusted, "%s", print(10));
    snprintf(full.memory.claimed, sizeof full.memory.claimed, "%s", print(11));
    full.memory.putting.version = 12;
    snprintf(full.memory.putting.fingerprint, sizeof full.memory.putting.fingerprint, "%s",
             print(12));
    full.fruitless_at = NOW - 5;
    full.waited_at = NOW - 6;
    umask(0);
    assert_true(save(in_home("s.json"), &full, &e));
    same_int("mode", file_mode(in_home("s.json")), 0600);
    assert_true(state_load(in_home("s.json"), "local:", NOW, &again, &e));
    const struct memory *m = &again.memory;
    same_int("seen", (long long)m->seen_count, MEMORY_SEEN);
    for (size_t i = 0; i < m->seen_count; i++) {
        same_text("seen", m->seen[i].fingerprint, full.memory.seen[i].fingerprint);
        same_int("seen", m->seen[i].version, full.memory.seen[i].version);
    }
    same_int("rejected", (long long)m->rejected_count, MEMORY_REJECTED);
    for (size_t i = 0; i < m->rejected_count; i++) {
        same_text("rejected", m->rejected[i].fingerprint, full.memory.rejected[i].fingerprint);
        same_int("rejected", m->rejected[i].at, full.memory.rejected[i].at);
    }
    same_text("step", m->step.fingerprint, print(1));
    same_int("step", m->step.version, INT64_MAX);
    same_text("refused", m->refused, print(9));
    same_text("entrusted", m->entrusted, print(10));
    same_text("claimed", m->claimed, print(11));
    same_text("putting", m->putting.fingerprint, print(12));
    same_int("putting", m->putting.version, 12);
    same_int("fruitless", again.fruitless_at, NOW - 5);

    static struct state empty;
    assert_true(save(in_home("s.json"), &empty, &e));
    same_text("as a person reads it", file_text(in_home("s.json")),
              "{\"v\":1,\"store\":\"local:\",\"step\":{\"login\":\"\",\"version\":0},\"seen\":[],"
              "\"rejected\":[],\"refused\":\"\",\"entrusted\":\"\",\"claimed\":\"\","
              "\"putting\":{\"login\":\"\",\"version\":0},"
              "\"fruitless_at\":0,\"waited_at\":0}\n");
}

/* What is forgotten.  The file says: in step with FP at version 3. */
#define STEP "\"step\":{\"login\":\"" FP "\",\"version\":3}"
#define MEMORY                                                                                     \
    STEP ",\"seen\":[{\"login\":\"" FP "\",\"version\":3}],\"rejected\":[],\"refused\":\"\""

static const struct {
    const char *what, *text; /* NULL: no file */
    int64_t step;            /* the version in step with */
    int seen, rejected;
} files[] = {
    {"whole", "{\"v\":1,\"store\":\"local:\"," MEMORY "}", 3, 1, 0},
    {"no file", NULL, 0, 0, 0},
    {"empty", "", 0, 0, 0},
    {"torn", "{\"v\":1,\"store\":\"local:\",\"st", 0, 0, 0},
    {"a list", "[1]", 0, 0, 0},
    {"another store", "{\"v\":1,\"store\":\"ssm://a/b\"," MEMORY "}", 0, 0, 0},
    {"no store", "{\"v\":1," MEMORY "}", 0, 0, 0},
    {"older schema", "{\"v\":0,\"store\":\"local:\"," MEMORY "}", 0, 0, 0},
    {"newer schema", "{\"v\":2,\"store\":\"local:\"," MEMORY "}", 0, 0, 0},
    {"no schema", "{\"store\":\"local:\"," MEMORY "}", 0, 0, 0},
    {"members of other kinds",
     "{\"v\":1,\"store\":\"local:\",\"step\":7,\"seen\":{\"a\":1},\"rejected\":{\"b\":2}}", 0, 0,
     0},
    {"entries that are none",
     "{\"v\":1,\"store\":\"local:\"," STEP
     ",\"seen\":[7,null,{\"version\":5},{\"login\":\"short\",\"version\":5}],"
     "\"rejected\":[7,{\"at\":1795464776123},{\"login\":\"short\",\"at\":1795464776123}]}",
     3, 0, 0},
    {"rejected a moment ago",
     "{\"v\":1,\"store\":\"local:\"," STEP ",\"rejected\":[{\"login\":\"" FP
     "\",\"at\":1795464776000}]}",
     3, 0, 1},
    {"rejected almost a day ago",
     "{\"v\":1,\"store\":\"local:\"," STEP ",\"rejected\":[{\"login\":\"" FP
     "\",\"at\":1795378376124}]}",
     3, 0, 1},
    {"rejected a day ago",
     "{\"v\":1,\"store\":\"local:\"," STEP ",\"rejected\":[{\"login\":\"" FP
     "\",\"at\":1795378376123}]}",
     3, 0, 0},
    {"rejected by a clock that was ahead",
     "{\"v\":1,\"store\":\"local:\"," STEP ",\"rejected\":[{\"login\":\"" FP
     "\",\"at\":1795500000000}]}",
     3, 0, 1},
};

/* Without a room for all of it, nothing is said to be written. */
static void test_no_room(void **state)
{
    (void)state;
    static struct state empty;
    struct buf whole;
    struct err e;
    buf_init(&whole, LIMIT_STATE);
    assert_true(state_text("local:", &empty, &whole, &e));
    for (size_t room = 0; room < whole.len; room++) {
        struct buf text;
        buf_init(&text, room);
        assert_false(state_text("local:", &empty, &text, &e));
        same_int("code", e.code, ERR_TOO_LARGE);
        buf_free(&text);
    }
    buf_free(&whole);
}

/* Before a run: what cannot be read rejects nothing. */
static void test_peek_at_damage(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "{\"v\":1", "{\"v\":1}", "{\"rejected\":7}", "{\"rejected\":{}}", "{\"rejected\":[]}"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        static struct memory m = {.rejected_count = 3};
        put_file(in_home("s.json"), texts[i], 0600);
        state_peek(in_home("s.json"), NOW, &m);
        same_int(texts[i], (long long)m.rejected_count, 0);
    }
}

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        static struct state s;
        struct err e;
        s.fruitless_at = 77;
        if (files[i].text)
            put_file(in_home("s.json"), files[i].text, 0600);
        if (!state_load(in_home("s.json"), "local:", NOW, &s, &e))
            fail_msg("%s: %s", files[i].what, e.text);
        same_int(files[i].what, s.memory.step.version, files[i].step);
        same_int(files[i].what, (long long)s.memory.seen_count, files[i].seen);
        same_int(files[i].what, (long long)s.memory.rejected_count, files[i].rejected);
        same_int(files[i].what, s.fruitless_at, 0);
        unlink(in_home("s.json"));
    }
}

/* More entries than there is room for, as a later version may write them. */
static void test_too_many(void **state)
{
    (void)state;
    static struct state s;
    struct buf text;
    struct err e;
    buf_init(&text, 1 << 20);
    buf_text(&text, "{\"v\":1,\"store\":\"local:\",\"seen\":[");
    for (unsigned n = 0; n < MEMORY_SEEN + 50; n++)
        buf_printf(&text, "%s{\"login\":\"%s\",\"version\":%u}", n ? "," : "", print(n), n);
    buf_text(&text, "],\"rejected\":[");
    for (unsigned n = 0; n < MEMORY_REJECTED + 50; n++)
        buf_printf(&text, "%s{\"login\":\"%s\",\"at\":1795464776000}", n ? "," : "", print(n));
    buf_text(&text, "]}");
    put_file(in_home("s.json"), buf_str(&text), 0600);
    assert_true(state_load(in_home("s.json"), "local:", NOW, &s, &e));
    same_int("seen", (long long)s.memory.seen_count, MEMORY_SEEN);
    same_int("rejected", (long long)s.memory.rejected_count, MEMORY_REJECTED);

    while (text.len <= LIMIT_STATE)
        buf_text(&text, "        ");
    put_file(in_home("s.json"), buf_str(&text), 0600);
    assert_true(state_load(in_home("s.json"), "local:", NOW, &s, &e));
    same_int("too large is damaged", (long long)s.memory.seen_count, 0);
    buf_free(&text);
}

static void test_refused(void **state)
{
    (void)state;
    static struct state s;
    struct err e;
    assert_int_equal(mkdir(in_home("s.json"), 0700), 0);
    assert_false(state_load(in_home("s.json"), "local:", NOW, &s, &e));
    same_int("a folder", e.code, ERR_INVALID);
    assert_false(save(in_home("none/s.json"), &s, &e));
    same_int("no folder", e.code, ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_round_trip), IN_WORLD(test_no_room),  IN_WORLD(test_peek_at_damage),
        IN_WORLD(test_files),      IN_WORLD(test_too_many), IN_WORLD(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
