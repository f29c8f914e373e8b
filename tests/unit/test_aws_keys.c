/* Small things of the search for keys: times, ages of cached keys, hosts that hand out keys, and
 * elements of STS's answers. */
#include "unit.h"

#include <string.h>

#include "aws_cache.h"
#include "aws_container.h"
#include "aws_keys.h"
#include "xml.h"

static const struct {
    const char *text;
    int64_t ms;
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-11-24T07:00:00Z", 1795503600000},
    {"2026-11-24T07:00:00.123Z", 1795503600000},
    {"2026-11-24T09:00:00+02:00", 1795503600000},
    {"2026-11-24T01:30:00-05:30", 1795503600000},
    {"2024-02-29T12:00:00Z", 1709208000000},
    {"2024-03-01T00:00:00Z", 1709251200000},
    {"2100-03-01T00:00:00Z", 4107542400000},
    /* none */
    {"", 0},
    {"tomorrow", 0},
    {"2026-13-01T00:00:00Z", 0},
    {"2026-00-01T00:00:00Z", 0},
    {"1969-12-31T00:00:00Z", 0},
    {"2026-11-24T07:00:00", 0},
    {"2026-11-24", 0},
};

static void test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(times); i++)
        if (aws_time_ms(times[i].text) != times[i].ms)
            fail_msg("%s: %lld", times[i].text, (long long)aws_time_ms(times[i].text));
}

static const struct {
    int64_t minutes_left;
    enum aws_cache_age age;
} ages[] = {
    {60, AGE_FRESH},     {16, AGE_FRESH},    {15, AGE_ADVISORY}, {11, AGE_ADVISORY},
    {10, AGE_MANDATORY}, {1, AGE_MANDATORY}, {0, AGE_EXPIRED},   {-60, AGE_EXPIRED},
};

static void test_ages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ages); i++)
        assert_int_equal(aws_cache_age(1000 + ages[i].minutes_left * 60000, 1000), ages[i].age);
}

static const struct {
    const char *relative, *full, *url; /* url NULL: refused */
} hosts[] = {
    {"/v2/credentials/x", NULL, "http://169.254.170.2/v2/credentials/x"},
    {"/v2", "http://127.0.0.1/", "http://169.254.170.2/v2"},
    {"v2", NULL, NULL},
    {"@evil.example/", NULL, NULL},
    {"/x y", NULL, NULL},
    {NULL, "http://169.254.170.2/x", "http://169.254.170.2/x"},
    {NULL, "http://169.254.170.23/v1/credentials", "http://169.254.170.23/v1/credentials"},
    {NULL, "http://[fd00:ec2::23]/v1", "http://[fd00:ec2::23]/v1"},
    {NULL, "http://[fd00:ec2::23]:80/v1", "http://[fd00:ec2::23]:80/v1"},
    {NULL, "http://127.0.0.1:8080/x?y", "http://127.0.0.1:8080/x?y"},
    {NULL, "http://127.1.2.3/x", "http://127.1.2.3/x"},
    {NULL, "http://[::1]:80/x", "http://[::1]:80/x"},
    {NULL, "http://localhost/x", "http://localhost/x"},
    {NULL, "https://any.example/x", "https://any.example/x"},
    {NULL, "http://any.example/x", NULL},
    {NULL, "http://169.254.169.254/x", NULL},
    {NULL, "http://127.0.0.1.evil.example/", NULL},
    {NULL, "http://127.evil.example/", NULL},
    {NULL, "http://localhost.evil.example/", NULL},
    {NULL, "http://127.0.0.1@evil.example/", NULL},
    {NULL, "http://127.0.0.1/\r\nX: y", NULL},
    {NULL, "ftp://127.0.0.1/", NULL},
    {NULL, "127.0.0.1", NULL},
};

static void test_hosts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        char url[200];
        struct err e;
        bool ok = aws_container_url(hosts[i].relative, hosts[i].full, url, sizeof url, &e);
        same_text(hosts[i].full ? hosts[i].full : hosts[i].relative, ok ? url : NULL, hosts[i].url);
    }
}

#define STS(inside)                                                                                \
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Credentials>" inside \
    "</Credentials></AssumeRoleResponse>"

static const struct {
    const char *xml, *text; /* of the element called K */
} elements[] = {
    {STS("<K>AKIA</K>"), "AKIA"},
    {STS("<K>a&amp;b&#60;&#x3e;</K>"), "a&b<>"},
    {STS("<K><![CDATA[<x>]]></K>"), "<x>"},
    {STS("<K/>"), ""},
    {STS("<K a='b'>one</K><K>two</K>"), "one"},
    {STS("<!-- <K>no</K> --><K>yes</K>"), "yes"},
    {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" STS("<K>x</K>"), "x"},
    {STS("<k>x</k>"), NULL},
    {STS("<KK>x</KK>"), NULL},
    {STS(""), NULL},
    {"", NULL},
    {"<html><br><K>x", NULL},
    {"<html><K>x</K><br></html>", "x"}, /* found before it stops being XML */
    {"<!DOCTYPE x [<!ENTITY e \"x\">]><K>&e;</K>", NULL},
    {"{\"K\":1}", NULL},
};

static void test_elements(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(elements); i++) {
        struct buf out;
        buf_init(&out, 100);
        bool ok = xml_text(elements[i].xml, strlen(elements[i].xml), "K", &out);
        same_text(elements[i].xml, ok ? buf_str(&out) : NULL, elements[i].text);
        buf_free(&out);
    }
}

static void test_the_nth_element(void **state)
{
    (void)state;
    static const char xml[] = STS("<K>one</K><L>x</L><M><K/></M><K>three</K>");
    static const char *const texts[] = {"one", "", "three", NULL};
    for (size_t n = 0; n < COUNT(texts); n++) {
        struct buf out;
        buf_init(&out, 100);
        bool ok = xml_text_at(xml, strlen(xml), "K", n, &out);
        same_text("K", ok ? buf_str(&out) : NULL, texts[n]);
        buf_free(&out);
    }
}

static void test_an_element_that_does_not_fit(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 3);
    assert_false(xml_text("<K>four</K>", 11, "K", &out));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),           cmocka_unit_test(test_ages),
        cmocka_unit_test(test_hosts),           cmocka_unit_test(test_elements),
        cmocka_unit_test(test_the_nth_element), cmocka_unit_test(test_an_element_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
