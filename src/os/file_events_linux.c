#include "os/file_events.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <unistd.h>

/* Of a name we want to know when it is another file than before; what is written into the file is
 * told by the file's own watch, so that a busy neighbour in the folder wakes nobody. */
static const uint32_t masks[] = {
    [OS_WATCH_NAMES] = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB |
                       IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR,
    [OS_WATCH_PLACE] = IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR,
    [OS_WATCH_CONTENT] = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF,
};

int os_events_open(void)
{
    return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
}

int os_events_watch(int events, const char *path, enum os_watch what)
{
    return inotify_add_watch(events, path, masks[what]);
}

void os_events_forget(int events, int watch)
{
    inotify_rm_watch(events, watch);
}

static void tell(const struct inotify_event *e, os_event_fn *fn, void *ctx)
{
    if (e->mask & IN_Q_OVERFLOW)
        fn(ctx, OS_LOST, -1, NULL);
    else if (e->mask & (IN_MOVE_SELF | IN_DELETE_SELF | IN_UNMOUNT | IN_IGNORED))
        fn(ctx, OS_GONE, e->wd, NULL);
    else if (e->mask & (IN_MODIFY | IN_CLOSE_WRITE))
        fn(ctx, OS_CONTENT, e->wd, NULL);
    else
        fn(ctx, OS_NAME, e->wd, e->len ? e->name : NULL);
}

void os_events_read(int events, os_event_fn *fn, void *ctx)
{
    /* Each read takes as many whole events as fit. */
    _Alignas(struct inotify_event) char room[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    for (;;) {
        ssize_t n = read(events, room, sizeof room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        for (const char *at = room; at < room + n;) {
            const struct inotify_event *e = (const struct inotify_event *)(const void *)at;
            tell(e, fn, ctx);
            at += sizeof *e + e->len;
        }
    }
}
