#include "base/json.h"

#include <jansson.h>
#include <sodium.h>
#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "base/limits.h"
#include "base/wiped_alloc.h"

/* Memory ran out since it was last asked.  jansson says that something failed, not why, and a value
 * is built in a dozen steps that nobody wants to look at one by one. */
static bool short_of_memory;

/* While jansson parses it must get what it asks for: in want of memory it leaves bytes out of strings,
 * or ends the program (lex_scan_string).  Pages that nobody touches cost nothing. */
static struct {
    bool open;
    size_t used;
    alignas(max_align_t) char bytes[4 * LIMIT_STORE_LINE];
} reserve;

static void *from_reserve(size_t len)
{
    size_t whole = (len + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (!reserve.open || whole > sizeof reserve.bytes - reserve.used)
        return NULL;
    void *p = reserve.bytes + reserve.used;
    reserve.used += whole;
    return p;
}

static void close_reserve(void)
{
    sodium_memzero(reserve.bytes, reserve.used);
    reserve.used = 0;
    reserve.open = false;
}

static void *noting_malloc(size_t len)
{
    void *p = wiped_malloc(len);
    if (p)
        return p;
    short_of_memory = true;
    err_note_no_memory();
    return from_reserve(len);
}

static void noting_free(void *p)
{
    const char *at = p;
    if (at < reserve.bytes || at >= reserve.bytes + sizeof reserve.bytes)
        wiped_free(p);
}

void jv_init(void)
{
    json_set_alloc_funcs(noting_malloc, noting_free);
}

/* ---- our noun and theirs ---- */

static json_t *theirs(const jv *v)
{
    return (json_t *)(uintptr_t)v;
}

static jv *ours(json_t *v)
{
    return (jv *)v;
}

jv *jv_parse(const char *text, size_t len, struct err *e)
{
    json_error_t why;
    bool short_before = short_of_memory;
    short_of_memory = false;
    reserve.open = true;
    json_t *v = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (short_of_memory) {
        json_decref(v);
        v = NULL;
        err_no_memory(e);
    } else if (!v) {
        /* why.text quotes the input, which may be a login: say where, not what. */
        err_set(e, ERR_INVALID, "not JSON (line %d, byte %d)", why.line, why.position);
    }
    sodium_memzero(&why, sizeof why);
    close_reserve();
    short_of_memory = short_before;
    return ours(v);
}

void jv_free(jv *v)
{
    json_decref(theirs(v));
}

jv *jv_object(void)
{
    return ours(json_object());
}

jv *jv_array(void)
{
    return ours(json_array());
}

jv *jv_new_text(const char *text)
{
    return ours(json_string(text));
}

bool jv_is_object(const jv *v)
{
    return json_is_object(theirs(v));
}

bool jv_is_array(const jv *v)
{
    return json_is_array(theirs(v));
}

bool jv_is_string(const jv *v)
{
    return json_is_string(theirs(v));
}

bool jv_is_number(const jv *v)
{
    return json_is_number(theirs(v));
}

bool jv_is_null(const jv *v)
{
    return json_is_null(theirs(v));
}

bool jv_is_true(const jv *v)
{
    return json_is_true(theirs(v));
}

const jv *jv_get(const jv *v, const char *key)
{
    return ours(json_object_get(theirs(v), key));
}

const jv *jv_at(const jv *v, size_t index)
{
    return ours(json_array_get(theirs(v), index));
}

size_t jv_size(const jv *v)
{
    return jv_is_array(v) ? json_array_size(theirs(v)) : json_object_size(theirs(v));
}

const char *jv_string(const jv *v)
{
    return json_string_value(theirs(v));
}

static int64_t kept_inside(double d)
{
    /* 2^63 is the first double that int64 cannot hold. */
    if (d >= 9223372036854775808.0)
        return INT64_MAX;
    return d < -9223372036854775808.0 ? INT64_MIN : (int64_t)d;
}

int64_t jv_int(const jv *v, int64_t fallback)
{
    if (json_is_integer(theirs(v)))
        return json_integer_value(theirs(v));
    return json_is_real(theirs(v)) ? kept_inside(json_real_value(theirs(v))) : fallback;
}

int64_t jv_millis(const jv *v, int64_t fallback)
{
    if (!jv_is_number(v))
        return fallback;
    double ms = json_number_value(theirs(v)) * 1000;
    return kept_inside(ms < 0 ? ms - 0.5 : ms + 0.5);
}

const char *jv_text(const jv *object, const char *key)
{
    return jv_string(jv_get(object, key));
}

int64_t jv_number(const jv *object, const char *key, int64_t fallback)
{
    return jv_int(jv_get(object, key), fallback);
}

bool jv_flag(const jv *object, const char *key)
{
    return jv_is_true(jv_get(object, key));
}

bool jv_put(jv *object, const char *key, jv *value)
{
    return json_object_set_new(theirs(object), key, theirs(value)) == 0;
}

bool jv_put_text(jv *object, const char *key, const char *text)
{
    return jv_put(object, key, ours(text ? json_string(text) : json_null()));
}

bool jv_put_bytes(jv *object, const char *key, const char *text, size_t len)
{
    return jv_put(object, key, ours(json_stringn(text, len)));
}

bool jv_put_int(jv *object, const char *key, int64_t number)
{
    return jv_put(object, key, ours(json_integer(number)));
}

bool jv_put_bool(jv *object, const char *key, bool flag)
{
    return jv_put(object, key, ours(json_boolean(flag)));
}

bool jv_push(jv *array, jv *value)
{
    return json_array_append_new(theirs(array), theirs(value)) == 0;
}

jv *jv_whole(jv *v, bool ok, struct err *e)
{
    if (ok)
        return v;
    jv_free(v);
    err_no_memory(e);
    return NULL;
}

static int append(const char *bytes, size_t len, void *out)
{
    return buf_bytes(out, bytes, len) ? 0 : -1;
}

bool jv_ran_out(void)
{
    bool ran_out = short_of_memory;
    short_of_memory = false;
    return ran_out;
}

bool jv_write(const jv *v, struct buf *out)
{
    return !jv_ran_out() && v &&
           json_dump_callback(theirs(v), append, out,
                              JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17)) == 0;
}

bool jv_write_indented(const jv *v, struct buf *out)
{
    return v && json_dump_callback(theirs(v), append, out, JSON_INDENT(2)) == 0;
}

bool jv_equal(const jv *a, const jv *b)
{
    return json_equal(theirs(a), theirs(b));
}

bool jv_each(const jv *object, bool (*fn)(void *ctx, const char *key, const jv *value), void *ctx)
{
    const char *key;
    json_t *value;
    json_object_foreach(theirs(object), key, value) if (!fn(ctx, key, ours(value))) return false;
    return true;
}

jv *jv_copy(const jv *v)
{
    return ours(json_deep_copy(theirs(v)));
}
