/* An INI text is read or refused with its line; one that is edited says what it was told to, and
 * everything else as before. */
#include "fuzz.h"

#include "base/buf.h"
#include "base/ini.h"
#include "base/ini_edit.h"

FUZZ_INIT()

struct seen {
    struct buf others; /* "SECTION\nKEY\nVALUE\n" of all but [s] k */
    unsigned ours;
    bool as_told;
};

static bool note(void *ctx, const char *section, const char *key, const char *value, unsigned line,
                 struct err *e)
{
    struct seen *s = ctx;
    (void)e;
    must(line > 0);
    if (!key)
        return true;
    if (strcmp(section, "s") == 0 && strcmp(key, "k") == 0) {
        s->ours++;
        s->as_told = strcmp(value, "told") == 0;
        return true;
    }
    buf_printf(&s->others, "%s\n%s\n%s\n", section, key, value);
    return true;
}

static bool read_all(const char *text, size_t len, struct seen *ret)
{
    struct err e;
    *ret = (struct seen){.ours = 0};
    buf_init(&ret->others, 1 << 20);
    if (ini_parse(text, len, "file", note, ret, &e))
        return true;
    must_say(&e);
    buf_free(&ret->others);
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ini_change set = {"k", "told"}, drop = {"k", NULL};
    const struct ini_edit edit = {
        .name = "file", .section = "s", .changes = size % 2 ? &set : &drop, .count = 1};
    char *text = as_text(data, size);
    struct seen before, after;
    struct buf out;
    struct err e;
    buf_init(&out, 1 << 20);
    bool readable = read_all(text, size, &before);
    if (!ini_edit(text, size, &edit, &out, &e)) {
        must_say(&e);
    } else {
        must(readable && read_all(buf_str(&out), out.len, &after));
        must(strcmp(buf_str(&before.others), buf_str(&after.others)) == 0);
        must(size % 2 ? after.ours == 1 && after.as_told : after.ours == 0);
        buf_free(&after.others);
    }
    if (readable)
        buf_free(&before.others);
    buf_free(&out);
    free(text);
    return 0;
}
