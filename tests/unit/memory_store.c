#include "memory_store.h"

#include "unit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/store.h"

enum {
    MOST_VERSIONS = 64,
    LONGEST = 1024,
    MINUTE_MS = 60000,
    HOUR_MS = 3600000,
    DAYS_20_MS = 1728000000
};

struct value {
    char text[MOST_VERSIONS][LONGEST];
    int64_t top;
};

static int64_t begun; /* all times of a test are counted from then */

static struct {
    struct value shared, renewable;
    bool takes_all;
    int64_t time_given;
    enum store_op op; /* what happens at its NTH call */
    int nth, count;
    enum err_code fails; /* ERR_NONE: OTHERS instead */
    void (*others)(void);
} now;

/* ---- what a test says ---- */

struct relay memory_relay(void)
{
    struct relay r;
    struct err e;
    memset(&now, 0, sizeof now);
    begun = clock_wall_ms();
    setenv("CREDRELAY_ROLE", "writer", 1);
    setenv("CREDRELAY_MACHINE", "mac", 1);
    setenv("CREDRELAY_STORE", "memory:", 1);
    assert_true(relay_load("claude", &r, &e));
    r.timeout_ms = 1000;
    assert_true(dir_make(r.state_dir, &e) && dir_make_for(r.login_path, &e));
    unlink(r.login_path);
    unlink(in_home(".local/state/credrelay/claude.json"));
    return r;
}

void file_has(const struct relay *r, const char *login)
{
    put_file(r->login_path, login, 0600);
}

const char *login_named(char name, int minutes, bool renewable)
{
    static char texts[8][512];
    static unsigned turn;
    char *text = texts[turn++ % 8], refresh[64] = "";
    if (renewable)
        snprintf(refresh, sizeof refresh, "\"refreshToken\":\"sk-ant-ort01-TEST-%c\",", name);
    snprintf(text, sizeof texts[0],
             "{\"claudeAiOauth\":{\"accessToken\":\"sk-ant-oat01-TEST-%c\",%s\"expiresAt\":%lld,"
             "\"refreshTokenExpiresAt\":%lld,\"scopes\":[\"user:inference\"]}}",
             name, refresh, (long long)(begun + (int64_t)minutes * MINUTE_MS),
             (long long)(begun + DAYS_20_MS + (int64_t)tolower(name) * HOUR_MS));
    return text;
}

static void add(struct value *v, const char *text, size_t len)
{
    assert_true(v->top + 1 < MOST_VERSIONS && len < LONGEST);
    snprintf(v->text[++v->top], LONGEST, "%.*s", (int)len, text);
}

void store_shared(const char *login)
{
    add(&now.shared, login, strlen(login));
}

void store_renewable(const char *holder, bool renewing, const char *login)
{
    char text[LONGEST];
    snprintf(text, sizeof text, "{\"holder\":\"%s\",%s\"login\":%s}", holder,
             renewing ? "\"renewing\":true," : "", login);
    add(&now.renewable, text, strlen(text));
}

const char *store_has(bool renewable)
{
    const struct value *v = renewable ? &now.renewable : &now.shared;
    return v->top ? v->text[v->top] : "(absent)";
}

void store_takes_all(void)
{
    now.takes_all = true;
}

int64_t store_time_given(void)
{
    return now.time_given;
}

static void plan(enum store_op op, int nth)
{
    now.op = op;
    now.nth = nth;
    now.count = 0;
}

void store_before(enum store_op op, int nth, void (*others)(void))
{
    plan(op, nth);
    now.others = others;
    now.fails = ERR_NONE;
}

void store_fails(enum store_op op, int nth, enum err_code code)
{
    plan(op, nth);
    now.fails = code;
}

/* ---- what the program calls instead; the reserved names are the linker's ---- */

static struct value *value_of(const struct store_call *c)
{
    return strstr(c->path, ".renewable") ? &now.renewable : &now.shared;
}

static bool answers(const struct store_call *c, enum store_op op, struct err *e)
{
    now.time_given = c->timeout_ms;
    if (op != now.op || ++now.count != now.nth)
        return true;
    if (now.fails != ERR_NONE)
        return err_set(e, now.fails, "the store: not now");
    now.others();
    return true;
}

bool __wrap_store_open(const char *url, const char *relay, struct store *ret, struct err *e);
bool __wrap_store_open(const char *url, const char *relay, struct store *ret, struct err *e)
{
    (void)relay;
    if (strcmp(url, "memory:") != 0)
        return err_set(e, ERR_USAGE, "no such store");
    *ret = (struct store){.url = "memory:", .path = "/login", .display = "the store"};
    return true;
}

bool __wrap_store_get(const struct store_call *c, int64_t version, struct store_value *ret,
                      struct err *e);
bool __wrap_store_get(const struct store_call *c, int64_t version, struct store_value *ret,
                      struct err *e)
{
    const struct value *v = value_of(c);
    if (!answers(c, STORE_GET, e))
        return false;
    version = version ? version : v->top;
    if (version < 1 || version > v->top || !v->text[version][0])
        return err_set(e, ERR_NOT_FOUND, "the store: nothing is stored there");
    *ret = (struct store_value){.version = version};
    ret->value = secret_copy(v->text[version], strlen(v->text[version]));
    return ret->value || err_no_memory(e);
}

bool __wrap_store_put(const struct store_call *c, const void *value, size_t len, int64_t expect,
                      struct store_put_result *ret, struct err *e);
bool __wrap_store_put(const struct store_call *c, const void *value, size_t len, int64_t expect,
                      struct store_put_result *ret, struct err *e)
{
    struct value *v = value_of(c);
    if (!answers(c, STORE_PUT, e))
        return false;
    bool raced = v->top != expect;
    if (raced && !now.takes_all)
        return err_set(e, ERR_CONFLICT, "the store: another version is there");
    add(v, value, len);
    *ret = (struct store_put_result){.version = v->top, .raced = raced};
    return true;
}

bool __wrap_store_history(const struct store_call *c, int64_t limit, store_version_fn *fn,
                          void *ctx, struct err *e);
bool __wrap_store_history(const struct store_call *c, int64_t limit, store_version_fn *fn,
                          void *ctx, struct err *e)
{
    const struct value *v = value_of(c);
    if (!answers(c, STORE_HISTORY, e))
        return false;
    for (int64_t i = v->top; i > 0 && limit > 0; i--, limit--)
        if (!fn(ctx, i, 0, "somebody", v->text[i]))
            break;
    return true;
}

bool __wrap_store_wait(const struct store_call *c, int64_t version, int64_t *ret_version,
                       struct err *e);
bool __wrap_store_wait(const struct store_call *c, int64_t version, int64_t *ret_version,
                       struct err *e)
{
    if (!answers(c, STORE_WAIT, e))
        return false;
    *ret_version = value_of(c)->top > version ? value_of(c)->top : 0;
    return true;
}

/* Most of the time would go into waiting for a disk that no test pulls the plug of. */
bool __wrap_os_sync_file(int fd);
bool __wrap_os_sync_file(int fd)
{
    (void)fd;
    return true;
}

bool __wrap_os_sync_folder(const char *path);
bool __wrap_os_sync_folder(const char *path)
{
    (void)path;
    return true;
}
