/* The facts and the outlook as rows of a screen.  Pure. */
#ifndef CREDRELAY_DOCTOR_ROWS_H
#define CREDRELAY_DOCTOR_ROWS_H

#include "doctor/outlook.h"
#include "doctor/screen.h"

/* A screen for status_rows. */
bool status_screen(struct screen *s, struct err *e) MUST_CHECK;

/* The rows of one relay, its title first. */
void status_rows(const struct facts *f, const struct outlook *o, struct screen *s);

/* "publish", "pull", "recovery", "failure": the row's label and the member in --json. */
const char *happening_name(enum happening_kind k);

#endif
