/* What a webhook is posted, and where. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "body.h"

static jv *object(const char *text)
{
    struct err e;
    jv *v = jv_parse(text, strlen(text), &e);
    if (!v)
        fail_msg("%s: %s", text, e.text);
    return v;
}

/* FORMAT, as webhook-format; "": the option is not there. */
static jv *options_of(const char *format)
{
    jv *v = jv_object();
    assert_true(!*format || jv_put_text(v, "webhook-format", format));
    return v;
}

static void test_url(void **state)
{
    (void)state;
    static const struct {
        const char *format, *webhook, *url; /* NULL: refused */
    } cases[] = {
        {"json", "https://h/a/b", "https://h/a/b"},
        {"", "https://h/a/b", "https://h/a/b"},
        {"slack", "https://h/a/b", "https://h/a/b"},
        {"ntfy", "https://ntfy.sh/topic", "https://ntfy.sh/"},
        {"ntfy", "http://h:80/below/topic", "http://h:80/below/"},
        {"ntfy", "https://ntfy.sh/", NULL},
        {"ntfy", "https://ntfy.sh", NULL},
        {"ntfy", "ntfy.sh/topic", NULL},
        {"ntfy", "https://ntfy.sh/topic?auth=x", NULL},
        {"ntfy", "https://ntfy.sh/topic#x", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf url;
        struct err e = {.text = ""};
        jv *options = options_of(cases[i].format);
        const struct alert_request rq = {.options = options};
        buf_init(&url, 100);
        bool ok = webhook_url(&rq, cases[i].webhook, &url, &e);
        same_text(cases[i].webhook, ok ? buf_str(&url) : NULL, cases[i].url);
        if (!ok)
            same_error(cases[i].webhook, &e, ERR_INVALID,
                       "the webhook's URL names no topic of ntfy's",
                       "it is like https://ntfy.sh/TOPIC");
        buf_free(&url);
        jv_free(options);
    }
}

#define MESSAGE "{\"kind\":\"still\",\"subject\":\"a & <b>\",\"text\":\"x > y\\n\"}"

static void test_body(void **state)
{
    (void)state;
    static const struct {
        const char *format, *message, *body;
    } cases[] = {
        {"json", MESSAGE,
         "{\"kind\":\"still\",\"subject\":\"a & <b>\",\"text\":\"x > y\\n\",\"credrelay\":1}"},
        {"", "{\"subject\":\"s\"}", "{\"subject\":\"s\",\"credrelay\":1}"},
        {"slack", MESSAGE, "{\"text\":\"*a &amp; &lt;b&gt;*\\n```\\nx &gt; y\\n```\"}"},
        {"ntfy", MESSAGE,
         "{\"topic\":\"t\",\"title\":\"a & <b>\",\"message\":\"x > y\\n\",\"priority\":4}"},
        {"ntfy", "{\"subject\":\"s\"}",
         "{\"topic\":\"t\",\"title\":\"s\",\"message\":\"\",\"priority\":3}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf got;
        struct err e = {.text = ""};
        jv *options = options_of(cases[i].format), *message = object(cases[i].message);
        const struct alert_request rq = {.options = options, .message = message};
        jv *body = webhook_body(&rq, "https://h/t", &e);
        if (!body)
            fail_msg("%s: %s", cases[i].format, e.text);
        buf_init(&got, 1000);
        assert_true(jv_write(body, &got));
        same_text(cases[i].format, buf_str(&got), cases[i].body);
        buf_free(&got);
        jv_free(body);
        jv_free(message);
        jv_free(options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_WORLD(test_url), IN_WORLD(test_body)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
