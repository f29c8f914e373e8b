/* The log, any bytes: forwards and backwards the same events, and each can be told in a sentence of
 * one line. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "journal/journal.h"
#include "journal/sentence.h"

static char folder[64] = "/tmp/credrelay-fuzz-log.XXXXXX", path[96];

static void clean_up(void)
{
    unlink(path);
    rmdir(folder);
}

static void prepare(void)
{
    must(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/events.jsonl", folder);
    atexit(clean_up);
}

FUZZ_INIT(prepare())

struct seen {
    size_t count;
    int64_t sum; /* the same in either order */
};

static bool look(void *ctx, const struct journal_event *ev)
{
    struct seen *s = ctx;
    struct buf out;
    buf_init(&out, 1 << 16);
    must(ev->name && ev->relay && !memchr(ev->line, '\n', ev->len));
    journal_sentence(ev, &out);
    must(!strpbrk(buf_str(&out), "\n\r\x1b\x7f"));
    buf_free(&out);
    s->count++;
    s->sum += (int64_t)(ev->at % 1000003) * (int64_t)(ev->len + 1);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct journal_wanted all = {.relay = NULL};
    struct seen forwards = {0}, backwards = {0};
    struct err e;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
    must(journal_read(folder, JOURNAL_OLDEST_FIRST, &all, look, &forwards, &e));
    must(journal_read(folder, JOURNAL_NEWEST_FIRST, &all, look, &backwards, &e));
    must(forwards.count == backwards.count && forwards.sum == backwards.sum);
    return 0;
}
