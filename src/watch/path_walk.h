/* The way to a file, step by step as the system goes it: through folders and symbolic links to the
 * file itself, or to the first name that is not there.
 *
 * Each step is a name in a real folder, so these are all the places where a change can lead the path
 * to another file: a folder moved away, a link that points elsewhere, a file renamed over. */
#ifndef CREDRELAY_WATCH_PATH_WALK_H
#define CREDRELAY_WATCH_PATH_WALK_H

#include <stdbool.h>

enum path_step {
    STEP_THROUGH, /* NAME in FOLDER is a folder, and the way goes on in it */
    STEP_LINK, /* NAME is a symbolic link, and the way goes on where it points to after the call */
    STEP_END,  /* NAME is what the path leads to, whatever it is */
    STEP_MISSING, /* NAME is not there, or the way cannot go on through it */
};

/* False ends the walk. */
typedef bool path_walk_fn(void *ctx, const char *folder, const char *name, enum path_step what);

/* PATH is absolute.  False: the function said so, or the path is too long or leads in circles;
 * the steps until then have been told. */
bool path_walk(const char *path, path_walk_fn *fn, void *ctx);

#endif
