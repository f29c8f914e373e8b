#include "os/file_events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

/* kqueue does not say which name of a folder it was. */
static const uint32_t notes[] = {
    [OS_WATCH_NAMES] = NOTE_WRITE | NOTE_ATTRIB | NOTE_RENAME | NOTE_DELETE | NOTE_REVOKE,
    [OS_WATCH_PLACE] = NOTE_RENAME | NOTE_DELETE | NOTE_REVOKE,
    [OS_WATCH_CONTENT] =
        NOTE_WRITE | NOTE_EXTEND | NOTE_ATTRIB | NOTE_RENAME | NOTE_DELETE | NOTE_REVOKE,
};

int os_events_open(void)
{
    int events = kqueue();
    if (events >= 0)
        fcntl(events, F_SETFD, FD_CLOEXEC);
    return events;
}

/* A watch is a descriptor opened for events only, which does not keep a volume from being
 * unmounted; what it watches goes along in `udata`. */
int os_events_watch(int events, const char *path, enum os_watch what)
{
    int watch = open(path, O_EVTONLY | O_CLOEXEC | (what == OS_WATCH_CONTENT ? 0 : O_DIRECTORY));
    if (watch < 0)
        return -1;
    struct kevent add;
    EV_SET(&add, (uintptr_t)watch, EVFILT_VNODE, EV_ADD | EV_CLEAR, notes[what], 0,
           (void *)(uintptr_t)what);
    if (kevent(events, &add, 1, NULL, 0, NULL) == 0)
        return watch;
    int failed = errno;
    close(watch);
    errno = failed;
    return -1;
}

void os_events_forget(int events, int watch)
{
    (void)events; /* the kernel forgets what is closed */
    close(watch);
}

static void tell(const struct kevent *e, os_event_fn *fn, void *ctx)
{
    int watch = (int)e->ident;
    if (e->flags & EV_ERROR)
        fn(ctx, OS_LOST, -1, NULL);
    else if (e->fflags & (NOTE_RENAME | NOTE_DELETE | NOTE_REVOKE))
        fn(ctx, OS_GONE, watch, NULL);
    else if ((uintptr_t)e->udata == OS_WATCH_CONTENT)
        fn(ctx, OS_CONTENT, watch, NULL);
    else
        fn(ctx, OS_NAME, watch, NULL);
}

void os_events_read(int events, os_event_fn *fn, void *ctx)
{
    static const struct timespec at_once = {0, 0};
    struct kevent happened[16];
    for (;;) {
        int n = kevent(events, NULL, 0, happened, 16, &at_once);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        for (int i = 0; i < n; i++)
            tell(&happened[i], fn, ctx);
    }
}
