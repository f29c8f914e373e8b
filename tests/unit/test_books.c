/* The books of an incident on disk. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/books.h"
#include "alert/books_json.h"

static struct relay relay_here(void)
{
    struct relay r = {.name = "claude", .machine = "m"};
    snprintf(r.state_dir, sizeof r.state_dir, "%s", in_home("state"));
    return r;
}

static const char *file(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "state/%s", name);
    return in_home(path);
}

#define BOOKS file("claude.incident.json")
#define MARK  file("claude.trouble")

static void open_books(const struct relay *r, struct books *ret)
{
    struct err e;
    if (!books_open(r, 1000, ret, &e))
        fail_msg("%s", e.text);
}

static void close_books(struct books *b)
{
    struct err e;
    if (!books_close(b, &e))
        fail_msg("%s", e.text);
}

static void fill(struct books *b)
{
    b->incident =
        (struct incident){.since = 1000,
                          .runs = 3,
                          .told_at = 2000,
                          .openings = {0, 500, 1500},
                          .deadline = 9000,
                          .deadline_days = 7,
                          .causes[TROUBLE_RUN] = {1000, 1900, {.text = "why \"é\"", .hint = "do"}},
                          .causes[TROUBLE_RENEW] = {1100, 1800, {.text = "x", .hint = ""}}};
    const struct telling t = {.kind = TELL_STILL,
                              .at = 2000,
                              .what = TROUBLE_RENEW,
                              .since = 1000,
                              .runs = 2,
                              .held_until = 77,
                              .deadline = 88,
                              .why = {.text = "told why", .hint = "told hint"}};
    outbox_put(&b->outbox, "00112233aabbccdd", &t, 1u << CHANNEL_WEBHOOK | 1u << CHANNEL_COMMAND);
    b->outbox.letters[0].to[CHANNEL_WEBHOOK] = (struct delivery){true, 4, 123456};
    b->sent_at = 11;
    b->failed_at = 12;
    snprintf(b->failure, sizeof b->failure, "webhook: no");
}

#define FILLED                                                                                     \
    "{\"v\":1,\"incident\":{\"since\":1000,\"runs\":3,\"told_at\":2000,\"causes\":{"               \
    "\"run\":{\"since\":1000,\"last\":1900,\"why\":\"why \\\"é\\\"\",\"hint\":\"do\"},"           \
    "\"renew\":{\"since\":1100,\"last\":1800,\"why\":\"x\",\"hint\":\"\"}},"                       \
    "\"openings\":[{\"at\":0},{\"at\":500},{\"at\":1500}],\"deadline\":9000,\"deadline_days\":7}," \
    "\"outbox\":[{\"id\":\"00112233aabbccdd\",\"kind\":\"still\",\"what\":\"renew\",\"at\":2000,"  \
    "\"since\":1000,\"runs\":2,\"held_until\":77,\"deadline\":88,\"why\":\"told why\","            \
    "\"hint\":\"told hint\",\"to\":{\"webhook\":{\"tries\":4,\"next_at\":123456},"                 \
    "\"command\":{\"tries\":0,\"next_at\":0}}}],"                                                  \
    "\"sent_at\":11,\"failed_at\":12,\"failure\":\"webhook: no\"}\n"

static void test_there_and_back(void **state)
{
    const struct relay r = relay_here();
    struct books b;
    struct buf again;
    struct err e;
    (void)state;
    open_books(&r, &b);
    fill(&b);
    close_books(&b);
    same_text("written", file_text(BOOKS), FILLED);
    same_int("private", file_mode(BOOKS), 0600);
    same_int("the mark is there", access(MARK, F_OK), 0);
    assert_true(books_maybe_trouble(&r));
    open_books(&r, &b);
    buf_init(&again, LIMIT_INCIDENT);
    assert_true(books_write(&b, &again, &e));
    same_text("read", buf_str(&again), FILLED);
    buf_free(&again);
    close_books(&b);
}

static void test_what_does_not_change_is_not_written(void **state)
{
    const struct relay r = relay_here();
    struct books b;
    struct stat before, after;
    (void)state;
    open_books(&r, &b);
    fill(&b);
    close_books(&b);
    assert_int_equal(stat(BOOKS, &before), 0);
    open_books(&r, &b);
    close_books(&b);
    assert_int_equal(stat(BOOKS, &after), 0);
    assert_true(before.st_ino == after.st_ino);
}

static void test_the_end_takes_the_mark_away(void **state)
{
    const struct relay r = relay_here();
    struct books b;
    (void)state;
    assert_false(books_maybe_trouble(&r));
    open_books(&r, &b);
    b.incident.since = 5;
    close_books(&b);
    assert_true(books_maybe_trouble(&r));
    open_books(&r, &b);
    same_int("it stands", b.incident.since, 5);
    b.incident.since = 0;
    close_books(&b);
    assert_false(books_maybe_trouble(&r));
}

/* Killed between the mark and the books: the next good run looks, and finds nothing. */
static void test_a_mark_of_nothing(void **state)
{
    const struct relay r = relay_here();
    struct books b;
    (void)state;
    open_books(&r, &b);
    close_books(&b);
    put_file(MARK, "", 0600);
    open_books(&r, &b);
    same_int("nothing stands", b.incident.since, 0);
    close_books(&b);
    assert_false(books_maybe_trouble(&r));
}

static void test_damaged_books_are_empty(void **state)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "null",
                                        "{\"v\":2,\"incident\":{\"since\":1}}",
                                        "{\"v\":1,\"incident\":7,\"outbox\":{\"a\":1}}",
                                        ("{\"v\":1,\"outbox\":[1,{\"id\":\"x\"},{\"id\":\"x\","
                                         "\"kind\":\"sung\"},{\"kind\":\"over\"}]}")};
    const struct relay r = relay_here();
    (void)state;
    mkdir(in_home("state"), 0700);
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct books b;
        put_file(BOOKS, texts[i], 0600);
        open_books(&r, &b);
        same_int(texts[i], b.incident.since, 0);
        same_int(texts[i], (int)b.outbox.count, 0);
        close_books(&b);
        open_books(&r, &b);
        close_books(&b);
    }
}

/* More than a book may be is no book; more letters than it has room for are left out. */
static void test_overfull_books(void **state)
{
    static char spaces[LIMIT_INCIDENT + 2];
    const struct relay r = relay_here();
    struct books b;
    struct buf text;
    (void)state;
    mkdir(in_home("state"), 0700);
    memset(spaces, ' ', sizeof spaces - 1);
    put_file(BOOKS, spaces, 0600);
    open_books(&r, &b);
    same_int("nothing stands", b.incident.since, 0);
    close_books(&b);
    buf_init(&text, 4096);
    buf_text(&text, "{\"v\":1,\"outbox\":[");
    for (int i = 0; i <= OUTBOX_LETTERS; i++)
        buf_printf(&text, "%s{\"id\":\"%d\",\"kind\":\"over\"}", i ? "," : "", i);
    assert_true(buf_text(&text, "]}"));
    put_file(BOOKS, buf_str(&text), 0600);
    open_books(&r, &b);
    same_int("as many as there may be", (int)b.outbox.count, OUTBOX_LETTERS);
    same_text("the first of them", b.outbox.letters[0].id, "0");
    close_books(&b);
    buf_free(&text);
}

/* Without the mark a good run would not look, and nobody would hear of the end. */
static void test_a_mark_that_cannot_be_made(void **state)
{
    const struct relay r = relay_here();
    struct books b;
    struct err e;
    char want[300];
    (void)state;
    open_books(&r, &b);
    b.incident.since = 5;
    assert_int_equal(mkdir(MARK, 0700), 0);
    assert_false(books_close(&b, &e));
    snprintf(want, sizeof want, "cannot make %s: Is a directory", MARK);
    same_text("why", e.text, want);
    same_text("nothing is written", file_text(BOOKS), "(absent)");
    open_books(&r, &b); /* the lock was let go */
    close_books(&b);
}

/* A folder that is there, by a name that leaves no room for a file in it. */
static void test_a_folder_of_too_long_a_name(void **state)
{
    struct relay r = relay_here();
    struct books b;
    struct err e;
    (void)state;
    mkdir(in_home("state"), 0700);
    size_t len = strlen(r.state_dir);
    memset(r.state_dir + len, '/', sizeof r.state_dir - 1 - len);
    assert_false(books_peek(&r, &b, &e));
    assert_non_null(strstr(e.text, "...: File name too long"));
    assert_false(books_open(&r, 20, &b, &e));
    assert_non_null(strstr(e.text, "...: File name too long"));
    assert_false(books_maybe_trouble(&r));
}

static void test_one_at_a_time(void **state)
{
    const struct relay r = relay_here();
    struct books b, second;
    struct err e;
    (void)state;
    open_books(&r, &b);
    assert_false(books_open(&r, 20, &second, &e));
    same_int("busy", e.code, ERR_BUSY);
    struct books look;
    assert_true(books_peek(&r, &look, &e)); /* to look takes no lock */
    look.incident.since = 9;
    close_books(&look);
    close_books(&b);
    open_books(&r, &b);
    same_int("looking writes nothing", b.incident.since, 0);
    close_books(&b);
}

static void test_a_folder_that_cannot_be_written(void **state)
{
    const struct relay r = relay_here();
    struct books b;
    struct err e;
    (void)state;
    put_file(in_home("state"), "a file", 0600);
    assert_false(books_open(&r, 20, &b, &e));
    assert_true(e.text[0] != '\0');
}

static void collect(void *ctx, const char *relay)
{
    struct buf *out = ctx;
    buf_printf(out, "%s ", relay);
}

static void test_whose_books_there_are(void **state)
{
    struct buf found;
    (void)state;
    buf_init(&found, 1000);
    mkdir(in_home("state"), 0700);
    books_each(in_home("nowhere"), collect, &found);
    put_file(file("a.b-c.incident.json"), "", 0600);
    put_file(file(".incident.json"), "", 0600);
    put_file(file(".a.incident.json.credrelay-1"), "", 0600);
    put_file(file("a.json"), "", 0600);
    put_file(file("a-name-that-is-longer-than-the-name-of-a-relay-may-be-in-any-configuration"
                  ".incident.json"),
             "", 0600);
    books_each(in_home("state"), collect, &found);
    same_text("names", buf_str(&found), "a.b-c ");
    buf_free(&found);
}

int main(void)
{
    jv_init();
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_there_and_back),
        IN_WORLD(test_what_does_not_change_is_not_written),
        IN_WORLD(test_the_end_takes_the_mark_away),
        IN_WORLD(test_a_mark_of_nothing),
        IN_WORLD(test_damaged_books_are_empty),
        IN_WORLD(test_overfull_books),
        IN_WORLD(test_a_mark_that_cannot_be_made),
        IN_WORLD(test_a_folder_of_too_long_a_name),
        IN_WORLD(test_one_at_a_time),
        IN_WORLD(test_a_folder_that_cannot_be_written),
        IN_WORLD(test_whose_books_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
