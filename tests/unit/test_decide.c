/* The decision, case by case.  How to read a row: situations.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "situations.h"

/* TURNS: a writer among writers that renew for each other. */
enum who { READER, WRITER, TURNS, PLAIN_WRITER, PLAIN_READER };

static const struct row {
    const char *name;
    enum who who; /* on machine "me" */
    const char *local;
    const char *shared;
    int version;           /* of the shared value */
    const char *renewable; /* NULL: not known */
    const char *holder;    /* "*me": and has claimed it */
    const char *memory;
    enum action action;
    enum reason reason;
} rows[] = {
    /* ---- rolled back: the store has an earlier login again, as a new version ---- */
    {"the abandoned login is an older one now", WRITER, "B+8r", "A+4", 3, "A+4r", "other", "A1 =B2",
     DO_INSTALL_SHARED, WHY_SUPERSEDED},
    {"on a reader as well", READER, "B+8", "A+4", 3, NULL, "", "A1 =B2", DO_INSTALL_SHARED,
     WHY_SUPERSEDED},
    {"who rolled back renews it", WRITER, "B+8", "A+4", 3, "A+4r", "me", "B2 A3",
     DO_INSTALL_RENEWABLE, WHY_SUPERSEDED},
    {"nobody renews what has no refresh token", WRITER, "A+4", "A+4", 3, "A+4", "me", "B2 =A3",
     DO_NOTHING, WHY_SAME},
    {"a backup of the abandoned one stays abandoned", WRITER, "B+8r", "A+4", 3, "A+4r", "other",
     "B2 =A3", DO_INSTALL_SHARED, WHY_SUPERSEDED},
    {"who has forgotten all takes it for news, and asks the history first", WRITER, "B+8r", "A+4",
     3, "A+4r", "other", "", DO_PUBLISH, WHY_LATER},
    {"what the abandoned one was renewed into is news", WRITER, "C+9r", "A+4", 3, "A+4r", "other",
     "A1 =B2", DO_PUBLISH, WHY_LATER},
    {"it was refused here: the abandoned one is kept, not published", WRITER, "B+8r", "A+4", 3,
     "A+4r", "other", "A1 =B2 !A", DO_NOTHING, WHY_STORE_REJECTED},
    {"cut short before the shared value: nothing has happened", WRITER, "B+8", "B+8", 2, "A+4r",
     "other", "A1 =B2", DO_NOTHING, WHY_SAME},
    {"and who has the full form puts it right", WRITER, "B+8r", "B+8", 2, "A+4r", "other", "A1 =B2",
     DO_PUBLISH, WHY_HALF_PUBLISHED},

    /* ---- the plain layout, and a login without a refresh token on both sides ---- */
    {"nobody has one to give", PLAIN_WRITER, "A+8", "A+8", 1, NULL, "", "=A1", DO_NOTHING,
     WHY_SAME},

    /* ---- an empty store ---- */
    {"first publication", WRITER, "A+8r", "-", 0, "-", "", "", DO_PUBLISH, WHY_STORE_EMPTY},
    {"a reader cannot fill it", READER, "A+8", "-", 0, NULL, "", "", DO_NOTHING, WHY_STORE_EMPTY},
    {"nothing anywhere, a reader waits", READER, "-", "-", 0, NULL, "", "", DO_WAIT,
     WHY_STORE_EMPTY},
    {"nothing anywhere, a writer asks for a human", WRITER, "-", "-", 0, "-", "", "", DO_HUMAN,
     WHY_STORE_EMPTY},
    {"a blank stub is never published", WRITER, "blank", "-", 0, "-", "", "", DO_HUMAN,
     WHY_STORE_EMPTY},
    {"nor a torn file", WRITER, "torn", "-", 0, "-", "", "", DO_HUMAN, WHY_STORE_EMPTY},
    {"nor a rejected login", WRITER, "A+8r", "-", 0, "-", "", "!A", DO_HUMAN, WHY_STORE_EMPTY},
    {"an expired one that can be renewed is worth keeping", WRITER, "A-1r", "-", 0, "-", "", "",
     DO_PUBLISH, WHY_STORE_EMPTY},
    {"an expired one that cannot is not", WRITER, "A-1", "-", 0, "-", "", "", DO_HUMAN,
     WHY_NOTHING_WORKS},
    {"its month is over", WRITER, "A-1@-1", "-", 0, "-", "", "", DO_HUMAN, WHY_DEADLINE_PASSED},

    /* ---- the same login on both sides ---- */
    {"in step", WRITER, "A+8r", "A+8", 1, "A+8r", "me", "=A1", DO_NOTHING, WHY_SAME},
    {"in step, a reader", READER, "A+8", "A+8", 1, NULL, "", "=A1", DO_NOTHING, WHY_SAME},
    {"a reader must not hold a refresh token", READER, "A+8r", "A+8", 1, NULL, "", "=A1",
     DO_INSTALL_SHARED, WHY_NOT_HOLDER},
    {"nor a writer that is not the holder", WRITER, "A+8r", "A+8", 1, "A+8r", "other", "=A1",
     DO_INSTALL_SHARED, WHY_NOT_HOLDER},
    {"a writer that is not the holder is content without", WRITER, "A+8", "A+8", 1, "A+8r", "other",
     "=A1", DO_NOTHING, WHY_SAME},
    {"the holder gets its refresh token back", WRITER, "A+8", "A+8", 1, "A+8r", "me", "=A1",
     DO_INSTALL_RENEWABLE, WHY_HOLDER_NEEDS_IT},
    {"unless its renewal was refused", WRITER, "A+8", "A+8", 1, "A+8r", "me", "=A1 ?A", DO_NOTHING,
     WHY_SAME},
    {"who may not see the renewable value leaves all as it is", WRITER, "A+8r", "A+8", 1, NULL, "",
     "=A1", DO_NOTHING, WHY_SAME},
    {"the renewable value was never put", WRITER, "A+8r", "A+8", 1, "-", "", "=A1", DO_PUBLISH,
     WHY_HALF_PUBLISHED},
    {"the renewable value lags", WRITER, "B+8r", "B+8", 2, "A+4r", "other", "A1 =B2", DO_PUBLISH,
     WHY_HALF_PUBLISHED},
    {"the renewable value has no refresh token", WRITER, "A+8r", "A+8", 1, "A+8", "me", "=A1",
     DO_PUBLISH, WHY_HALF_PUBLISHED},
    {"an older set-up shares the refresh token", WRITER, "A+8r", "A+8r", 1, "A+8r", "me", "=A1",
     DO_FORWARD, WHY_SHARED_HAS_REFRESH},
    {"both expired", READER, "A-1", "A-1", 1, NULL, "", "=A1", DO_NOTHING, WHY_SAME},

    /* ---- near its end, among writers that take turns ---- */
    {"the refresh token is laid down", TURNS, "A+0r", "A+0", 1, "A+0r", "me", "=A1",
     DO_INSTALL_SHARED, WHY_RENEWAL_NEAR},
    {"not while there is time", TURNS, "A+1r", "A+1", 1, "A+1r", "me", "=A1", DO_NOTHING, WHY_SAME},
    {"not on the only writer", WRITER, "A+0r", "A+0", 1, "A+0r", "me", "=A1", DO_NOTHING, WHY_SAME},
    {"not by who has claimed it", TURNS, "A+0r", "A+0", 1, "A+0r", "*me", "=A1 ^A", DO_NOTHING,
     WHY_SAME},
    {"a claim that nobody remembers is none", TURNS, "A+0r", "A+0", 1, "A+0r", "*me", "=A1",
     DO_INSTALL_SHARED, WHY_RENEWAL_NEAR},
    {"nor one that was given back", TURNS, "A+0r", "A+0", 1, "A+0r", "me", "=A1 ^A",
     DO_INSTALL_SHARED, WHY_RENEWAL_NEAR},
    {"and one that another has taken", TURNS, "A+0r", "A+0", 1, "A+0r", "*other", "=A1 ^A",
     DO_INSTALL_SHARED, WHY_NOT_HOLDER},
    {"it stays laid down", TURNS, "A+0", "A+0", 1, "A+0r", "me", "=A1", DO_NOTHING, WHY_SAME},
    {"also once expired", TURNS, "-", "A-1", 1, "A-1r", "me", "=A1", DO_INSTALL_SHARED,
     WHY_LOCAL_UNUSABLE},
    {"it comes back with time", TURNS, "A+1", "A+1", 1, "A+1r", "me", "=A1", DO_INSTALL_RENEWABLE,
     WHY_HOLDER_NEEDS_IT},
    {"one that the store lacks is published, not laid down", TURNS, "A+0r", "A+0", 1, "-", "",
     "=A1", DO_PUBLISH, WHY_HALF_PUBLISHED},

    /* ---- no login that works here ---- */
    {"removed", READER, "-", "A+8", 1, NULL, "", "=A1", DO_INSTALL_SHARED, WHY_LOCAL_UNUSABLE},
    {"blank", READER, "blank", "A+8", 1, NULL, "", "=A1", DO_INSTALL_SHARED, WHY_LOCAL_UNUSABLE},
    {"torn", WRITER, "torn", "A+8", 1, "A+8r", "other", "", DO_INSTALL_SHARED, WHY_LOCAL_UNUSABLE},
    {"removed on the holder", WRITER, "-", "A+8", 1, "A+8r", "me", "=A1", DO_INSTALL_RENEWABLE,
     WHY_LOCAL_UNUSABLE},
    {"blank on the holder after a refused renewal", WRITER, "blank", "A+8", 1, "A+8r", "me",
     "=A1 ?A", DO_INSTALL_SHARED, WHY_LOCAL_UNUSABLE},
    {"removed, and the store's is expired: better than none", READER, "-", "A-1", 1, NULL, "", "",
     DO_INSTALL_SHARED, WHY_LOCAL_UNUSABLE},
    {"refused by the server", READER, "A+8", "B+8", 2, NULL, "", "=A1 !A", DO_INSTALL_SHARED,
     WHY_LOCAL_REJECTED},
    {"refused, and never seen", WRITER, "C+9r", "B+8", 2, "B+8r", "other", "=B2 !C",
     DO_INSTALL_SHARED, WHY_LOCAL_REJECTED},

    /* ---- a value that is no login that works ---- */
    {"a blank value is replaced", WRITER, "A+8r", "blank", 3, "-", "", "=A2", DO_PUBLISH,
     WHY_STORE_UNUSABLE},
    {"but not by a login that a later one has followed", WRITER, "A+8r", "blank", 4, "-", "",
     "A2 B3", DO_NOTHING, WHY_STORE_UNUSABLE},
    {"a reader leaves it", READER, "A+8", "blank", 3, NULL, "", "=A2", DO_NOTHING,
     WHY_STORE_UNUSABLE},
    {"a reader with nothing waits", READER, "-", "torn", 3, NULL, "", "", DO_WAIT,
     WHY_NOTHING_WORKS},
    {"a refused login is not installed", READER, "-", "A+8", 1, NULL, "", "!A", DO_WAIT,
     WHY_NOTHING_WORKS},
    {"nor kept", READER, "A+8", "A+8", 1, NULL, "", "=A1 !A", DO_WAIT, WHY_NOTHING_WORKS},
    {"refused on the holder", WRITER, "A+8r", "A+8", 1, "A+8r", "me", "=A1 !A", DO_HUMAN,
     WHY_NOTHING_WORKS},
    {"refused on the holder, which is renewing it", WRITER, "A+8", "A+8", 1, "A+8r", "*me",
     "=A1 !A", DO_WAIT, WHY_NOTHING_WORKS},
    {"refused on another writer", WRITER, "A+8", "A+8", 1, "A+8r", "other", "=A1 !A", DO_WAIT,
     WHY_NOTHING_WORKS},
    {"a new login beats a refused one", WRITER, "B+8r", "A+8", 1, "A+8r", "other", "=A1 !A",
     DO_PUBLISH, WHY_STORE_REJECTED},
    {"an old one does not", WRITER, "A+8r", "B+8", 2, "-", "", "A1 =B2 !B", DO_NOTHING,
     WHY_STORE_REJECTED},

    /* ---- a login never seen ---- */
    {"renewed by its client", WRITER, "B+8r", "A+1", 1, "A+1r", "me", "=A1", DO_PUBLISH,
     WHY_SUCCESSOR},
    {"a person logged in: shorter, and later all the same", WRITER, "B+1r", "A+8", 1, "A+8r",
     "other", "=A1", DO_PUBLISH, WHY_SUCCESSOR},
    {"even with an earlier deadline", WRITER, "B+1r@7", "A+8@20", 1, "A+8r@20", "other", "=A1",
     DO_PUBLISH, WHY_SUCCESSOR},
    {"expired against unexpired", WRITER, "B-1r", "A+8", 1, "A+8r", "other", "=A1",
     DO_INSTALL_SHARED, WHY_EXPIRED},
    {"expired against expired", WRITER, "B-1r", "A-2", 1, "A-2r", "me", "=A1", DO_PUBLISH,
     WHY_SUCCESSOR},
    {"on a reader it is kept, not published", READER, "B+9r", "A+8", 1, NULL, "", "=A1", DO_NOTHING,
     WHY_READER_KEEPS},
    {"on a reader, expired", READER, "B-1r", "A+8", 1, NULL, "", "=A1", DO_INSTALL_SHARED,
     WHY_EXPIRED},

    /* ---- never seen and out of step ---- */
    {"both moved, here later", WRITER, "C+9r", "B+8", 2, "B+8r", "other", "=A1", DO_PUBLISH,
     WHY_LATER},
    {"both moved, there later", WRITER, "C+7r", "B+8", 2, "B+8r", "other", "=A1", DO_INSTALL_SHARED,
     WHY_STORE_LATER},
    {"a tie goes to the store", WRITER, "C+8r", "B+8", 2, "B+8r", "other", "=A1", DO_INSTALL_SHARED,
     WHY_STORE_LATER},
    {"a later deadline is a later login by a human", WRITER, "C+7r@30", "B+8@20", 2, "B+8r@20",
     "other", "=A1", DO_PUBLISH, WHY_LATER},
    {"an earlier deadline is not", WRITER, "C+9r@10", "B+8@20", 2, "B+8r@20", "other", "=A1",
     DO_INSTALL_SHARED, WHY_STORE_LATER},
    {"the same deadline says nothing", WRITER, "C+9r@20", "B+8@20", 2, "B+8r@20", "other", "=A1",
     DO_PUBLISH, WHY_LATER},
    {"one deadline says nothing", WRITER, "C+7r@30", "B+8", 2, "B+8r", "other", "=A1",
     DO_INSTALL_SHARED, WHY_STORE_LATER},
    {"a machine without memory, later", WRITER, "B+9r", "A+8", 5, "A+8r", "other", "", DO_PUBLISH,
     WHY_LATER},
    {"a machine without memory, earlier", WRITER, "B+7r", "A+8", 5, "A+8r", "other", "",
     DO_INSTALL_SHARED, WHY_STORE_LATER},
    {"a reader without memory, later", READER, "B+9", "A+8", 5, NULL, "", "", DO_NOTHING,
     WHY_READER_KEEPS},

    /* ---- a login seen before ---- */
    {"a restored backup, though it lasts longer", WRITER, "A+9r", "B+8", 2, "B+8r", "me", "A1 =B2",
     DO_INSTALL_RENEWABLE, WHY_SUPERSEDED},
    {"a restored backup on a reader", READER, "A+9", "B+8", 2, NULL, "", "A1 =B2",
     DO_INSTALL_SHARED, WHY_SUPERSEDED},
    {"the store moved on", READER, "A+1", "B+8", 2, NULL, "", "=A1", DO_INSTALL_SHARED,
     WHY_SUPERSEDED},
    {"the store moved on to a shorter one", READER, "A+8", "B+1", 2, NULL, "", "=A1",
     DO_INSTALL_SHARED, WHY_SUPERSEDED},
    {"the newer one is expired, the older one works", READER, "A+1", "B-1", 2, NULL, "", "=A1",
     DO_NOTHING, WHY_OLDER_BUT_LIVE},
    {"a writer does not bring it back for that", WRITER, "A+1r", "B-1", 2, "B-1r", "other",
     "A1 =B2", DO_NOTHING, WHY_OLDER_BUT_LIVE},

    /* ---- the two values disagree ---- */
    {"cut short between them: any writer finishes", WRITER, "A+1", "A+1", 1, "B+8r", "other", "=A1",
     DO_FORWARD, WHY_HALF_PUBLISHED},
    {"so does the one that was cut short", WRITER, "B+8r", "A+1", 1, "B+8r", "me", "=A1",
     DO_FORWARD, WHY_HALF_PUBLISHED},
    {"a later login here goes over it", WRITER, "C+9r", "A+1", 1, "B+8r", "other", "=A1",
     DO_PUBLISH, WHY_LATER},
    {"an older renewable value is not forwarded", WRITER, "B+8", "B+8", 2, "A+9r", "other",
     "A1 =B2", DO_NOTHING, WHY_SAME},
    {"nor a refused one", WRITER, "A+1", "A+1", 1, "B+8r", "other", "=A1 !B", DO_NOTHING, WHY_SAME},
    {"nor a blank one", WRITER, "A+1", "A+1", 1, "blank", "other", "=A1", DO_NOTHING, WHY_SAME},
    {"the first publication, cut short", WRITER, "-", "-", 0, "A+8r", "other", "", DO_FORWARD,
     WHY_HALF_PUBLISHED},

    /* ---- one value with the full login ---- */
    {"plain: nothing here", PLAIN_WRITER, "-", "A+8r", 1, NULL, "", "", DO_INSTALL_SHARED,
     WHY_LOCAL_UNUSABLE},
    {"one that never expires is never too late to have", TURNS, "-", "A?", 1, "A?r", "me", "",
     DO_INSTALL_RENEWABLE, WHY_LOCAL_UNUSABLE},
    {"the shared value has a refresh token, and nobody its full form", WRITER, "A+8", "A+8r", 1,
     "-", "", "=A1", DO_NOTHING, WHY_SAME},
    {"plain: in step", PLAIN_WRITER, "A+8r", "A+8r", 1, NULL, "", "=A1", DO_NOTHING, WHY_SAME},
    {"plain: a reader gets the refresh token", PLAIN_READER, "A+8", "A+8r", 1, NULL, "", "=A1",
     DO_INSTALL_SHARED, WHY_HOLDER_NEEDS_IT},
    {"plain: not one that was refused", PLAIN_READER, "A+8", "A+8r", 1, NULL, "", "=A1 ?A",
     DO_NOTHING, WHY_SAME},
    {"plain: the store lacks it", PLAIN_WRITER, "A+8r", "A+8", 1, NULL, "", "=A1", DO_PUBLISH,
     WHY_HALF_PUBLISHED},
    {"plain: a successor", PLAIN_WRITER, "B+8r", "A+1r", 1, NULL, "", "=A1", DO_PUBLISH,
     WHY_SUCCESSOR},

    /* ---- logins that say how fresh they are, or not when they expire ---- */
    {"out of step, the fresher one wins over the later expiry", WRITER, "B+1r~-1", "A+8~-2", 2, "-",
     "", "", DO_PUBLISH, WHY_LATER},
    {"and loses where it is the staler", WRITER, "B+8r~-2", "A+1~-1", 2, "-", "", "",
     DO_INSTALL_SHARED, WHY_STORE_LATER},
    {"the deadline goes before freshness", WRITER, "B+8r@30~-2", "A+8@29~-1", 2, "-", "", "",
     DO_PUBLISH, WHY_LATER},
    {"as fresh: the later expiry", WRITER, "B+8r~-1", "A+1~-1", 2, "-", "", "", DO_PUBLISH,
     WHY_LATER},
    {"nor does one that the other does not say", WRITER, "B+1r~-1", "A+8", 2, "-", "", "",
     DO_INSTALL_SHARED, WHY_STORE_LATER},
    {"freshness that one does not say does not count", WRITER, "B+8r", "A+1~-1", 2, "-", "", "",
     DO_PUBLISH, WHY_LATER},
    {"an expired one never wins by freshness", WRITER, "B-1r~-1", "A+1~-2", 2, "-", "", "",
     DO_INSTALL_SHARED, WHY_EXPIRED},
    {"an expiry not known has not passed", READER, "A?", "-", 0, NULL, "", "", DO_NOTHING,
     WHY_STORE_EMPTY},
    {"it is worth publishing without a refresh token", WRITER, "A?", "-", 0, "-", "", "",
     DO_PUBLISH, WHY_STORE_EMPTY},
    {"and beats one that is expired", WRITER, "B?r", "A-1", 2, "-", "", "", DO_PUBLISH, WHY_LATER},
    {"neither known, as fresh: ties go to the store", WRITER, "B?r~-1", "A?~-1", 2, "-", "", "",
     DO_INSTALL_SHARED, WHY_STORE_LATER},
};

static void one_row(void **state)
{
    const struct row *row = *state;
    struct login_facts local = parse_login(row->local);
    struct stored shared = {
        .known = true, .version = row->version, .login = parse_login(row->shared)};
    struct stored renewable = {.known = row->renewable != NULL,
                               .login = parse_login(row->renewable)};
    struct memory memory = parse_memory(row->memory);
    renewable.renewing = row->holder[0] == '*';
    snprintf(renewable.holder, sizeof renewable.holder, "%s", row->holder + renewable.renewing);
    const struct situation s = {
        .local = &local,
        .shared = &shared,
        .renewable = &renewable,
        .memory = &memory,
        .role = row->who == READER || row->who == PLAIN_READER ? ROLE_READER : ROLE_WRITER,
        .takes_turns = row->who == TURNS,
        .plain = row->who >= PLAIN_WRITER,
        .machine = "me",
        .now = NOW,
    };
    struct decision d = decide(&s);
    assert_string_equal(action_name(d.action), action_name(row->action));
    assert_string_equal(reason_name(d.reason), reason_name(row->reason));
}

static void no_login_is_no_news(void **state)
{
    (void)state;
    const struct login_facts absent = parse_login("-"), there = parse_login("A+8");
    const struct memory m = parse_memory("");
    assert_false(login_is_news(&absent, &there, &m, NOW));
    assert_true(login_is_news(&there, &absent, &m, NOW));
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[ROWS + 1];
    tests[ROWS] = (struct CMUnitTest)cmocka_unit_test(no_login_is_no_news);
    for (size_t i = 0; i < ROWS; i++)
        tests[i] =
            (struct CMUnitTest){rows[i].name, one_row, NULL, NULL, (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
