/* Where a person's files are: the XDG base directories (specifications.freedesktop.org/basedir),
 * each below the home unless its variable moves it.  Every OUT has LIMIT_PATH bytes. */
#ifndef CREDRELAY_BASE_HOME_H
#define CREDRELAY_BASE_HOME_H

#include "base/err.h"

/* $HOME; where that is not set, or not absolute, what the password database says.  ERR_USAGE: neither. */
bool home_folder(char *out, struct err *e) MUST_CHECK;

/* "NAME" below it. */
bool home_path(const char *name, char *out, struct err *e) MUST_CHECK;

/* credrelay's folder below $XDG_CONFIG_HOME (~/.config) and $XDG_STATE_HOME (~/.local/state). */
bool home_config(char *out, struct err *e) MUST_CHECK;
bool home_state(char *out, struct err *e) MUST_CHECK;

#endif
