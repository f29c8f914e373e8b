/* What commands show with --json, and what several of them show. */
#ifndef CREDRELAY_CMD_SHOW_H
#define CREDRELAY_CMD_SHOW_H

#include "base/json.h"
#include "doctor/screen.h"
#include "tool/login.h"

/* V (taken over) on standard output, on one line. */
void show_line(jv *v);

/* A login: its state and, of one that is usable, what is known of it. */
jv *show_login(const struct login_facts *f);

/* The same in words: "login 3f34bd3d, expires in 7 h 59 min". */
void show_login_words(const struct login_facts *f, char *out, size_t size);

/* A screen for standard output: no wider than a terminal there, and with short paths, the home being
 * "~". */
void show_short(struct screen *s);

/* Its rows on standard output, coloured where that is a terminal that takes it. */
void show_screen(const struct screen *s);

#endif
