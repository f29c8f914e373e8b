/* The files that are ours: who can read and write them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "doctor/check.h"

/* Folders below the state folder: keys that are cached, messages that wait. */
enum { DEEPEST = 3 };

/* Of a file or folder of ours no bit of FORBIDDEN may be set.  True: it is as it should be. */
static bool look_mode(struct visit *v, const char *label, const char *path, const struct stat *st,
                      mode_t forbidden)
{
    char name[SHELL_PATH_SIZE];
    if (st->st_uid != geteuid()) {
        note_hint(note(v, FOUND_BROKEN, label, "%s belongs to user %u", shell_path(path, name),
                       (unsigned)st->st_uid),
                  "sudo chown %u %s", (unsigned)geteuid(), name);
        return false;
    }
    if (!(st->st_mode & forbidden))
        return true;
    const char *what = forbidden & 044 ? "open" : "change";
    struct finding *f = note(v, FOUND_BROKEN, label, "others can %s %s (mode %04o)", what,
                             shell_path(path, name), (unsigned)st->st_mode & 07777);
    note_hint(f, "chmod %s %s", forbidden & 044 ? "go=" : "go-w", name);
    note_path(f, path);
    f->excess = forbidden;
    return false;
}

bool mend_mode(struct finding *f, struct err *e)
{
    char name[SHELL_PATH_SIZE];
    struct stat st;
    /* By descriptor, so that nothing else is changed when the name has changed its meaning. */
    int fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool ours = fd >= 0 && fstat(fd, &st) == 0;
    if (ours && st.st_uid != geteuid()) {
        ours = false;
        errno = EPERM;
    }
    mode_t mode = ours ? st.st_mode & 07777 : 0;
    mode_t wanted = mode & ~f->excess;
    bool ok = ours && fchmod(fd, wanted) == 0;
    if (!ok)
        err_errno(e, errno, "%s", f->path);
    if (fd >= 0)
        close(fd);
    if (ok)
        snprintf(f->detail, sizeof f->detail, "%.900s had mode %04o, has %04o now",
                 shell_path(f->path, name), (unsigned)mode, (unsigned)wanted);
    return ok;
}

/* ---- configuration ---- */

static bool look_entry(struct visit *v, const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 || look_mode(v, "configuration", path, &st, 022);
}

/* Everything that is in it is read; a mistake anywhere is one here. */
static bool look_content(struct visit *v)
{
    struct relay_names names;
    struct relay r;
    struct err e;
    bool ok = relay_names(&names, &e);
    for (size_t i = 0; ok && i < names.count; i++) {
        ok = relay_load(names.name[i], &r, &e);
        if (ok)
            relay_free(&r);
    }
    if (ok)
        return true;
    struct finding *f = note_err(v, FOUND_BROKEN, "configuration", &e);
    snprintf(f->matters, sizeof f->matters, "runs go on without help, and nothing is relayed");
    return false;
}

void look_configuration(struct visit *v)
{
    char path[LIMIT_PATH], folder[LIMIT_PATH], name[SHELL_PATH_SIZE];
    struct err e;
    if (!relay_config_path(path, &e)) {
        note_err(v, FOUND_BROKEN, "configuration", &e);
        return;
    }
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    bool fine = look_content(v);
    if (slash && slash > folder) {
        *slash = '\0';
        fine = look_entry(v, folder) && fine;
    }
    fine = look_entry(v, path) && fine;
    if (fine && access(path, F_OK) == 0)
        note(v, FOUND_FINE, "configuration", "%s", shell_path(path, name));
    else if (fine)
        note(v, FOUND_FINE, "configuration",
             "none: one relay, claude, with a store of this machine");
}

/* ---- the state folder ---- */

struct walk {
    struct visit *visit;
    unsigned seen, wrong;
};

static void look_folder(struct walk *w, const char *folder, int depth);

static void look_at(struct walk *w, const char *path, int depth)
{
    struct stat st;
    /* A link is somebody's decision, and where it points to their business. */
    if (lstat(path, &st) != 0 || S_ISLNK(st.st_mode))
        return;
    w->seen++;
    w->wrong += !look_mode(w->visit, "state files", path, &st, 077);
    if (S_ISDIR(st.st_mode) && depth < DEEPEST)
        look_folder(w, path, depth + 1);
}

static void look_folder(struct walk *w, const char *folder, int depth)
{
    char path[LIMIT_PATH];
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            path_join(path, folder, entry->d_name))
            look_at(w, path, depth);
    if (d)
        closedir(d);
}

/* 0: PATH is a folder that we can use; else why not. */
static int folder_refuses(const char *path, struct stat *ret)
{
    if (stat(path, ret) != 0)
        return errno;
    if (!S_ISDIR(ret->st_mode))
        return ENOTDIR;
    return access(path, R_OK | W_OK | X_OK) == 0 ? 0 : errno;
}

void look_state(struct visit *v)
{
    char name[SHELL_PATH_SIZE];
    struct stat st;
    struct walk w = {.visit = v};
    int errnum = folder_refuses(v->state_dir, &st);
    if (errnum == ENOENT) {
        note(v, FOUND_FINE, "state folder", "none yet: the first sync makes it");
        return;
    }
    if (errnum) {
        note_hint(note(v, FOUND_BROKEN, "state folder", "%s cannot be used: %s",
                       shell_path(v->state_dir, name), strerror(errnum)),
                  "it must be a folder of yours: ls -ld %s", name);
        return;
    }
    if (look_mode(v, "state folder", v->state_dir, &st, 077))
        note(v, FOUND_FINE, "state folder", "%s", shell_path(v->state_dir, name));
    look_folder(&w, v->state_dir, 1);
    if (!w.wrong)
        note(v, FOUND_FINE, "state files", "%u, and only their owner can open them", w.seen);
}
