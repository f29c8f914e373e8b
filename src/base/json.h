/* JSON through jansson, whose one door this is: the rest of the code says `jv`, a JSON value.
 * Every block jansson uses is wiped when it is freed, since what we parse may hold a login.
 *
 *   jv *v = jv_parse(text, len, &e);
 *   const char *name = jv_text(v, "name");        NULL: absent or not a string
 *   jv_free(v);
 *
 * Ownership: jv_parse, jv_object, jv_array and jv_new_text return values of the caller's; jv_get and jv_at
 * lend; jv_put and jv_push take over (also when they fail). */
#ifndef CREDRELAY_BASE_JSON_H
#define CREDRELAY_BASE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

typedef struct jv jv;

/* Once, before any other call: the wiping allocator. */
void jv_init(void);

/* One whole value, nothing but white space after it; duplicate keys are refused. */
jv *jv_parse(const char *text, size_t len, struct err *e);
void jv_free(jv *v);

jv *jv_object(void);
jv *jv_array(void);
jv *jv_new_text(const char *text); /* NULL: no memory, or not UTF-8 */

bool jv_is_object(const jv *v);
bool jv_is_array(const jv *v);
bool jv_is_string(const jv *v);
bool jv_is_number(const jv *v);
bool jv_is_null(const jv *v);
bool jv_is_true(const jv *v);

/* Members and elements; NULL when absent or V (may be NULL) is of another kind. */
const jv *jv_get(const jv *v, const char *key);
const jv *jv_at(const jv *v, size_t index);
size_t jv_size(const jv *v);

/* Value of a string; NULL if V is none. */
const char *jv_string(const jv *v);
/* Value of a number, rounded towards zero and kept inside int64; FALLBACK if V is none. */
int64_t jv_int(const jv *v, int64_t fallback);
/* The same of a number of seconds with a fraction, in milliseconds, rounded to the nearest. */
int64_t jv_millis(const jv *v, int64_t fallback);

/* The same of a member. */
const char *jv_text(const jv *object, const char *key);
int64_t jv_number(const jv *object, const char *key, int64_t fallback);
bool jv_flag(const jv *object, const char *key);

/* Set a member (false: out of memory, or TEXT is not UTF-8).  jv_put_text with NULL puts null. */
bool jv_put(jv *object, const char *key, jv *value);
bool jv_put_text(jv *object, const char *key, const char *text);
bool jv_put_bytes(jv *object, const char *key, const char *text, size_t len);
bool jv_put_int(jv *object, const char *key, int64_t number);
bool jv_put_bool(jv *object, const char *key, bool flag);
bool jv_push(jv *array, jv *value);

/* V when it is OK; else it is freed, E says that memory ran out, and there is none. */
jv *jv_whole(jv *v, bool ok, struct err *e);

/* Memory ran out in a function of these since this was last asked, or since the last jv_write: what
 * failed did not fail for what it holds. */
bool jv_ran_out(void);

/* Compact text on one line, members in the order they were put.  False also when memory ran out
 * while the value was built: nobody need look at each jv_put. */
bool jv_write(const jv *v, struct buf *out);

/* The same for people: a member a line, indented by two. */
bool jv_write_indented(const jv *v, struct buf *out);

/* Do the two say the same, whatever the order of members? */
bool jv_equal(const jv *a, const jv *b);

/* For iterating: calls FN for each member in order until it returns false. */
bool jv_each(const jv *object, bool (*fn)(void *ctx, const char *key, const jv *value), void *ctx);

/* A copy of its own. */
jv *jv_copy(const jv *v);

#endif
