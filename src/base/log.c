#include "base/log.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"

jv *log_event(const char *name)
{
    char now[32];
    clock_rfc3339(clock_wall_ms(), now, sizeof now);
    jv *event = jv_object();
    jv_put_int(event, "v", LOG_SCHEMA);
    jv_put_text(event, "ts", now);
    jv_put_text(event, "event", name);
    return event;
}

bool log_write(const char *path, jv *event, struct err *e)
{
    struct buf line;
    buf_init(&line, LIMIT_EVENT);
    bool ok = (jv_write(event, &line) && buf_text(&line, "\n")) || buf_error(&line, "an event", e);
    ok = ok && file_append(path, line.data, line.len, e);
    buf_free(&line);
    jv_free(event);
    return ok;
}

bool log_path(const char *folder, unsigned n, char *out, struct err *e)
{
    char name[32];
    snprintf(name, sizeof name, n ? "events.jsonl.%u" : "events.jsonl", n);
    return path_join(out, folder, name) || err_errno(e, ENAMETOOLONG, "%.64s...", folder);
}
