#include "cmd/init_ask.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/parse.h"

enum { TRIES = 3 };

static const char *const questions[SECTION_KEYS] = {
    [SECTION_ROLE] = "Role of this machine, reader or writer",
    [SECTION_STORE] = "Store, ssm://REGION/NAME or local:",
    [SECTION_READER_PROFILE] = "AWS profile of the readers' key",
    [SECTION_WRITER_PROFILE] = "AWS profile of the writers' key",
};

/* A line into OUT without blanks around it; the proposal when it is empty. */
static bool ask(const struct terminal *t, const char *question, const char *proposed, char *out,
                size_t size, struct err *e)
{
    struct buf line;
    buf_init(&line, size - 1);
    terminal_say(t, question);
    terminal_say(t, " [");
    terminal_say(t, proposed);
    terminal_say(t, "]: ");
    bool ok = terminal_read(t, TERMINAL_SHOWN, &line, e);
    const char *from = buf_str(&line), *to = from + line.len;
    while (from < to && ascii_is_space(*from))
        from++;
    while (to > from && ascii_is_space(to[-1]))
        to--;
    if (ok && to > from)
        snprintf(out, size, "%.*s", (int)(to - from), from);
    else if (ok)
        snprintf(out, size, "%s", proposed);
    buf_free(&line);
    return ok;
}

/* The store must have its helper, too: better told now than by the first pull. */
static bool take(struct section *s, enum section_key k, const char *answer, struct err *e)
{
    struct store store;
    if (strcmp(answer, "none") == 0)
        answer = "";
    return section_set(s, k, answer, "the answer", e) &&
           (k != SECTION_STORE || store_open(section_value(s, k), s->name, &store, e));
}

bool ask_setting(const struct terminal *t, struct section *s, enum section_key k, struct err *e)
{
    char answer[SECTION_VALUE_SIZE], proposed[SECTION_VALUE_SIZE], text[sizeof e->text + 4];
    snprintf(proposed, sizeof proposed, "%s", s->value[k][0] ? s->value[k] : "none");
    for (int tries = 1;; tries++) {
        if (!ask(t, questions[k], proposed, answer, sizeof answer, e))
            return false;
        if (take(s, k, answer, e))
            return true;
        if (tries == TRIES)
            return false;
        snprintf(text, sizeof text, "  %s\n", e->text);
        terminal_say(t, text);
    }
}

bool ask_yes(const struct terminal *t, const char *question, bool *ret, struct err *e)
{
    char answer[64];
    for (int tries = 1; tries <= TRIES; tries++) {
        if (!ask(t, question, "yes", answer, sizeof answer, e))
            return false;
        if (parse_bool(answer, ret))
            return true;
        if (ascii_lower(answer[0]) == 'y' || ascii_lower(answer[0]) == 'n') {
            *ret = ascii_lower(answer[0]) == 'y';
            return true;
        }
        terminal_say(t, "  yes or no\n");
    }
    return err_set(e, ERR_USAGE, "neither yes nor no");
}
