/* The sections of a description that say how a tool fails: words, failures.* (credrelay-tool(5)). */
#include "tool/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/parse.h"

/* Reading a wording goes through its alternatives: their number is what that may cost. */
enum { GROUPS_MAX = 12, ALTERNATIVES_MAX = 24 };

static bool bad_class(const struct reading *rd, const char *also)
{
    err_set(rd->e, ERR_INVALID, "%s:%u: [%.40s]: '%.64s' is no class of failure", rd->where,
            rd->line, rd->section, rd->key);
    return err_hint(rd->e, "use lapsed, overridden, forbidden or other%s", also);
}

static bool class_named(const char *name, size_t len, enum failure_class *ret)
{
    *ret = failure_class_by_name(name, len);
    return *ret != FAILURE_CLASS_COUNT && *ret != FAILURE_NONE;
}

static const char *find_word(const struct reading *rd, const char *name, size_t len)
{
    for (unsigned i = 0; i < rd->words; i++)
        if (strlen(rd->word[i].name) == len && memcmp(rd->word[i].name, name, len) == 0)
            return rd->word[i].value;
    return NULL;
}

/* TEXT with each {name} replaced by the words of that name. */
static const char *expand(struct reading *rd, const char *text, size_t len)
{
    struct description *d = rd->d;
    size_t start = d->used;
    for (const char *p = text, *end = text + len; p < end;) {
        const char *open = memchr(p, '{', (size_t)(end - p)), *stop = open ? open : end;
        const char *close = open ? memchr(open, '}', (size_t)(end - open)) : NULL;
        const char *words =
            open && close ? find_word(rd, open + 1, (size_t)(close - open - 1)) : "";
        if ((open && !close) || !words) {
            err_set(rd->e, ERR_INVALID, "%s:%u: '%.*s': there are no such words", rd->where,
                    rd->line, (int)(close ? close + 1 - open : 1), open);
            err_hint(rd->e, "name them in [words], above");
            return NULL;
        }
        if (!reading_keep_bytes(rd, p, (size_t)(stop - p)))
            return NULL;
        d->used--; /* the next piece overwrites the NUL */
        if (!reading_keep(rd, words))
            return NULL;
        d->used--;
        p = open ? close + 1 : end;
    }
    return reading_keep(rd, "") ? d->text + start : NULL;
}

/* Brackets in pairs and not one in another, and not too many of them. */
static bool well_formed(const char *words)
{
    const char *p = words;
    for (int groups = 0; *(p += strcspn(p, "[]|")); groups++) {
        int alternatives = 1;
        if (*p != '[' || groups == GROUPS_MAX)
            return false;
        for (p++; *(p += strcspn(p, "[]|~")) == '|'; p++)
            if (++alternatives > ALTERNATIVES_MAX)
                return false;
        if (*p++ != ']')
            return false;
    }
    return *words != '\0';
}

/* What a text can begin with that begins with WORDS. */
static uint32_t first_letters(const char *words)
{
    uint32_t all = 0;
    for (const char *p = words; *p == '['; p++) {
        bool may_be_nothing = false;
        do {
            p++;
            if (*p == '|' || *p == ']')
                may_be_nothing = true;
            else
                all |= failure_letter(*p);
            p += strcspn(p, "|]");
        } while (*p == '|');
        if (!may_be_nothing)
            return all;
        words = p + 1;
    }
    return *words ? all | failure_letter(*words) : UINT32_MAX;
}

static bool bad_wording(const struct reading *rd)
{
    char takes[160];
    snprintf(takes, sizeof takes,
             "words with [a|b|] for alternatives, at most %d times and %d of them, and ~ between "
             "clauses",
             GROUPS_MAX, ALTERNATIVES_MAX);
    return reading_bad(rd, takes);
}

bool take_word(struct reading *rd)
{
    if (rd->words == WORDS)
        return reading_too_many(rd, WORDS, "names");
    if (find_word(rd, rd->key, strlen(rd->key)))
        return err_set(rd->e, ERR_INVALID, "%s:%u: [words] %.40s is said twice", rd->where,
                       rd->line, rd->key);
    const char *name = reading_keep(rd, rd->key), *value = expand(rd, rd->value, strlen(rd->value));
    if (!name || !value)
        return false;
    if (!well_formed(value))
        return bad_wording(rd);
    rd->word[rd->words].name = name;
    rd->word[rd->words++].value = value;
    return true;
}

static bool ends_with(const char *text, size_t *len, const char *end)
{
    size_t n = strlen(end);
    if (*len <= n || memcmp(text + *len - n, end, n) != 0)
        return false;
    *len -= n;
    return true;
}

/* "lapsed = WORDS", "forbidden = WORDS...", "asks = WORDS...", "before = WORDS", "by-status = WORDS###" */
bool take_form(struct reading *rd)
{
    struct failure_form f = {.then = THEN_CLAUSE, .meaning = FAILURE_LAPSED};
    size_t len = strlen(rd->value);
    bool rest = ends_with(rd->value, &len, "...");
    if (rd->forms == FORMS)
        return reading_too_many(rd, FORMS, "wordings");
    if (strcmp(rd->key, "by-status") == 0) {
        f.then = THEN_STATUS;
        f.meaning = FAILURE_OTHER;
        if (rest || !ends_with(rd->value, &len, "###"))
            return reading_bad(rd, "words that end with ###, the digits of the status");
    } else if (strcmp(rd->key, "before") == 0) {
        f.then = THEN_FORM;
        if (rest)
            return reading_bad(rd, "words that another wording comes after");
    } else if (strcmp(rd->key, "asks") == 0) {
        f.then = THEN_ASKS;
        if (!rest)
            return reading_bad(rd, "words that end with ..., the line that asks for a login");
    } else if (!class_named(rd->key, strlen(rd->key), &f.meaning)) {
        return bad_class(rd, ", asks, before or by-status");
    } else if (rest) {
        f.then = THEN_LINE;
    }
    if (!(f.words = expand(rd, rd->value, len)))
        return false;
    if (!well_formed(f.words) || strchr(f.words, '\n'))
        return bad_wording(rd);
    f.first = first_letters(f.words);
    rd->d->forms[rd->forms++] = f;
    return true;
}

/* Each of WORDS, a list or "*" for anything, in an error with STATUS. */
static bool keep_statuses(struct reading *rd, int status, enum failure_class meaning,
                          const char *words)
{
    const char *item;
    size_t len;
    while (reading_next_item(&words, LIST, &item, &len)) {
        struct failure_status *s = &rd->d->statuses[rd->statuses];
        if (rd->statuses == STATUSES)
            return reading_too_many(rd, STATUSES, "reasons");
        if (len == 1 && *item == '*')
            len = 0;
        if (!(s->words = reading_keep_bytes(rd, item, len)))
            return false;
        s->status = status;
        s->meaning = meaning;
        rd->statuses++;
    }
    return true;
}

/* "403 = lapsed: token revoked, log in again", "401 = lapsed" */
bool take_status(struct reading *rd)
{
    int64_t status;
    enum failure_class meaning;
    size_t n = strcspn(rd->value, ":");
    if (!parse_int64(rd->key, 100, 599, &status)) {
        err_set(rd->e, ERR_INVALID, "%s:%u: [%s]: '%.64s' is no status of HTTP", rd->where,
                rd->line, rd->section, rd->key);
        return err_hint(rd->e, "use 100 to 599");
    }
    if (!class_named(rd->value, n, &meaning))
        return reading_bad(rd,
                           "lapsed|overridden|forbidden|other, or one of them, a colon and words");
    return keep_statuses(rd, (int)status, meaning, rd->value[n] ? rd->value + n + 1 : "*");
}

bool take_line(struct reading *rd)
{
    enum failure_class meaning;
    if (!class_named(rd->key, strlen(rd->key), &meaning))
        return bad_class(rd, "");
    return keep_statuses(rd, 0, meaning, rd->value);
}

bool take_kind(struct reading *rd)
{
    enum failure_class meaning;
    const char *p = rd->value, *item;
    size_t len;
    if (!class_named(rd->key, strlen(rd->key), &meaning))
        return bad_class(rd, "");
    while (reading_next_item(&p, LIST, &item, &len)) {
        struct failure_kind *k = &rd->d->kinds[rd->kinds];
        if (rd->kinds == KINDS)
            return reading_too_many(rd, KINDS, "names");
        if (!(k->name = reading_keep_bytes(rd, item, len)))
            return false;
        k->meaning = meaning;
        rd->kinds++;
    }
    return true;
}
