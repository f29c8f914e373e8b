/* An e-mail as text, to the byte; that mail programs read it so is for tests/contract/test_alert_mail.py. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "mime.h"

#define AT INT64_C(1795500812000) /* Tue, 24 Nov 2026 06:13:32 UTC */

static void compose(const struct mime *m, struct buf *out)
{
    buf_init(out, 100000);
    assert_true(mime_write(m, out));
}

static void test_a_whole_one(void **state)
{
    const struct mime m = {.from = "ops@example.org",
                           .to = "me@example.org, you@example.org",
                           .subject = "[credrelay] claude on vps-1 needs help",
                           .text = "Runs fail.\n\nRemedy: a=b\n",
                           .id = "00112233aabbccdd",
                           .at = AT};
    struct buf out;
    (void)state;
    compose(&m, &out);
    same_text("mail", buf_str(&out),
              "Date: Tue, 24 Nov 2026 06:13:32 +0000\r\n"
              "From: ops@example.org\r\n"
              "To: me@example.org, you@example.org\r\n"
              "Subject: [credrelay] claude on vps-1 needs help\r\n"
              "Message-ID: <00112233aabbccdd@example.org>\r\n"
              "Auto-Submitted: auto-generated\r\n"
              "MIME-Version: 1.0\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n"
              "\r\n"
              "Runs fail.\r\n"
              "\r\n"
              "Remedy: a=3Db\r\n");
    buf_free(&out);
}

/* The line of a field, and those that go on with it. */
static const char *field_of(const char *mail, const char *name)
{
    static char field[2000];
    const char *at = strstr(mail, name);
    size_t n = 0;
    assert_non_null(at);
    for (at += strlen(name); strncmp(at, "\r\n", 2) != 0 || at[2] == ' '; at++)
        field[n++] = *at;
    field[n] = '\0';
    return field;
}

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define X55 X10 X10 X10 X10 X10 "xxxxx"

static const struct {
    const char *what, *subject, *line;
} subjects[] = {
    {"plain", "a b", "a b"},
    {"as long as fits", X60 "xxxxxx", X60 "xxxxxx"},
    {"longer", X60 "xxxxxxx", "=?UTF-8?Q?" X55 "?=\r\n =?UTF-8?Q?xxxxxxxxxxxx?="},
    {"not ASCII", "läuft ab", "=?UTF-8?Q?l=C3=A4uft_ab?="},
    {"a character is not split", X55 "é", "=?UTF-8?Q?" X55 "?=\r\n =?UTF-8?Q?=C3=A9?="},
    {"four bytes", "🔑", "=?UTF-8?Q?=F0=9F=94=91?="},
    {"like an encoded word", "=?UTF-8?Q?x?=", "=?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fx=3F=3D?="},
    {"another header", "a\r\nBcc: evil@example.org",
     "=?UTF-8?Q?a=0D=0ABcc=3A_evil=40example=2Eorg?="},
    {"braces", "é {x}", "=?UTF-8?Q?=C3=A9_=7Bx=7D?="},
    {"a control character", "a\x7f", "=?UTF-8?Q?a=7F?="},
    {"not UTF-8", "a\xff z", "=?UTF-8?Q?a=3F_z?="},
};

static void test_subjects(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(subjects); i++) {
        const struct mime m = {
            .from = "a@b", .to = "c@d", .subject = subjects[i].subject, .text = "", .id = "1"};
        struct buf out;
        compose(&m, &out);
        same_text(subjects[i].what, field_of(buf_str(&out), "Subject: "), subjects[i].line);
        buf_free(&out);
    }
}

static void test_no_field_can_end(void **state)
{
    const struct mime m = {.from = "a@b\r\nX-From: 1",
                           .to = "c@d\nX-To: 1\x7f",
                           .subject = "s",
                           .text = "",
                           .id = "1>\r\nX-Id: 1"};
    struct buf out;
    (void)state;
    compose(&m, &out);
    same_int("no header of theirs", strstr(buf_str(&out), "\nX-") == NULL, true);
    same_text("from", field_of(buf_str(&out), "From: "), "a@b??X-From: 1");
    same_text("to", field_of(buf_str(&out), "To: "), "c@d?X-To: 1?");
    buf_free(&out);
}

/* An address without a host is of this machine. */
static void test_a_sender_without_a_host(void **state)
{
    const struct mime m = {.from = "root", .to = "c@d", .subject = "s", .text = "", .id = "1"};
    struct buf out;
    (void)state;
    compose(&m, &out);
    same_text("id", field_of(buf_str(&out), "Message-ID: "), "<1@localhost>");
    buf_free(&out);
}

static const struct {
    const char *what, *text, *body;
} bodies[] = {
    {"nothing", "", ""},
    {"without an end", "a", "a"},
    {"equals", "a=b", "a=3Db"},
    {"a control character", "a\x7f\n", "a=7F\r\n"},
    {"umlaut", "ü\n", "=C3=BC\r\n"},
    {"carriage returns", "a\r\nb\r", "a=0D\r\nb=0D"},
    {"spaces at the end", "a \nb\t\n  c  ", "a=20\r\nb=09\r\n  c =20"},
    {"a dot alone", ".\n", ".\r\n"}, /* SMTP's dots are libcurl's business */
    {"From", "From me\n", "From me\r\n"},
    {"75", X60 X10 "xxxxx\n", X60 X10 "xxxxx\r\n"},
    {"76", X60 X10 "xxxxxy\n", X60 X10 "xxxxx=\r\ny\r\n"},
    {"a code is not split", X60 X10 "xxx=\n", X60 X10 "xxx=\r\n=3D\r\n"},
};

static void test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        const struct mime m = {
            .from = "a@b", .to = "c@d", .subject = "s", .text = bodies[i].text, .id = "1"};
        struct buf out;
        compose(&m, &out);
        same_text(bodies[i].what, strstr(buf_str(&out), "\r\n\r\n") + 4, bodies[i].body);
        buf_free(&out);
    }
}

static void test_dates(void **state)
{
    static const struct {
        int64_t at;
        const char *date;
    } rows[] = {{0, "Thu, 01 Jan 1970 00:00:00 +0000"},
                {INT64_C(951782399999), "Mon, 28 Feb 2000 23:59:59 +0000"},
                {INT64_C(951782400000), "Tue, 29 Feb 2000 00:00:00 +0000"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct mime m = {
            .from = "a@b", .to = "c@d", .subject = "s", .text = "", .id = "1", .at = rows[i].at};
        struct buf out;
        compose(&m, &out);
        same_text("date", field_of(buf_str(&out), "Date: "), rows[i].date);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_one),      cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_no_field_can_end), cmocka_unit_test(test_a_sender_without_a_host),
        cmocka_unit_test(test_bodies),           cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
