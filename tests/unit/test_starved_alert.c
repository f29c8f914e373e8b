/* Messages made while the memory runs out: what a channel is told, what it makes of it, and the books.
 * Each allocation fails once, and all from there on. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addresses.h"
#include "alert/books_json.h"
#include "alert/channel.h"
#include "base/limits.h"
#include "body.h"
#include "refuse.h"
#include "resend.h"

static const struct telling telling = {.kind = TELL_OPENED,
                                       .at = 2000,
                                       .what = TROUBLE_RENEW,
                                       .since = 1000,
                                       .runs = 2,
                                       .why = {.text = "told why", .hint = "told hint"}};

/* ---- what a helper makes of it ---- */

static jv *options, *message;
static const char *webhook = "https://ntfy.sh/topic";

static bool make_body(struct err *e)
{
    const struct alert_request rq = {.options = options, .message = message};
    struct buf url;
    buf_init(&url, 100);
    bool ok = webhook_url(&rq, webhook, &url, e);
    jv *body = ok ? webhook_body(&rq, webhook, e) : NULL;
    ok = body != NULL;
    buf_free(&url);
    jv_free(body);
    return ok;
}

static bool make_document(struct err *e)
{
    const struct alert_request rq = {.options = options, .message = message};
    struct addresses to;
    if (!addresses_split("a@example.org, b@example.org", &to, e))
        return false;
    jv *document = resend_document(&rq, "c@example.org", &to, e);
    bool ok = document != NULL;
    jv_free(document);
    return ok;
}

static void test_bodies(void **state)
{
    (void)state;
    static const char *const formats[] = {"json", "slack", "ntfy"};
    message = jv_object();
    assert_true(jv_put_text(message, "subject", "a & b") && jv_put_text(message, "text", "<c>\n"));
    for (size_t i = 0; i < COUNT(formats); i++) {
        options = jv_object();
        assert_true(jv_put_text(options, "webhook-format", formats[i]));
        starve_each(formats[i], make_body);
        jv_free(options);
    }
    options = NULL;
    starve_each("Resend's", make_document);
    jv_free(message);
}

/* ---- what it is told ---- */

static struct relay r = {.name = "claude", .machine = "m"};
static struct alert_settings settings;

/* The helper is a script, so that nothing but the request is made here. */
static bool send_one(struct err *e)
{
    struct letter l = {.id = "00112233aabbccdd", .telling = telling};
    return channel_send(CHANNEL_COMMAND, &settings, &r, &l, e);
}

static bool check_one(struct err *e)
{
    return channel_check(CHANNEL_COMMAND, &settings, e);
}

static void test_requests(void **state)
{
    (void)state;
    char path[LIMIT_PATH];
    snprintf(r.state_dir, sizeof r.state_dir, "%s", in_home("state"));
    put_file(in_home("credrelay-alert-command"), "#!/bin/sh\nread -r line\necho '{\"ok\":true}'\n",
             0700);
    snprintf(path, sizeof path, "%s", in_home(""));
    assert_int_equal(setenv("PATH", path, 1), 0);
    alert_settings_none(&settings);
    starve_each("a message sent", send_one);
    starve_each("a channel checked", check_one);
    alert_settings_free(&settings);
}

/* ---- the books ---- */

static bool write_books(struct err *e)
{
    struct books b = {.sent_at = 1};
    struct buf out;
    b.incident.causes[TROUBLE_RUN] = (struct cause){1000, 1900, {.text = "why", .hint = "do"}};
    b.incident.causes[TROUBLE_RENEW] = (struct cause){1100, 1900, {.text = "why", .hint = ""}};
    outbox_put(&b.outbox, "a", &telling, 1u << CHANNEL_MAIL | 1u << CHANNEL_COMMAND);
    outbox_put(&b.outbox, "b", &telling, 1u << CHANNEL_MAIL);
    buf_init(&out, LIMIT_INCIDENT);
    bool ok = books_write(&b, &out, e);
    buf_free(&out);
    return ok;
}

static void test_books(void **state)
{
    (void)state;
    starve_each("the books", write_books);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_bodies), IN_WORLD(test_requests),
                                       IN_WORLD(test_books)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
