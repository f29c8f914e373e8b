/* The note of a rotation: a file of mode 0600 in the state folder, which holds the secret of a new
 * key from when it is made until it has worked through the profile (AWS shows it once). */
#ifndef CREDRELAY_PROVISION_ROTATION_NOTE_H
#define CREDRELAY_PROVISION_ROTATION_NOTE_H

#include "provision/rotation.h"

/* No file: an empty note.  ERR_INVALID: it is damaged, and may hold a secret. */
bool rotation_note_load(const char *path, struct rotation_note *ret, struct err *e) MUST_CHECK;

/* An empty note is no file. */
bool rotation_note_save(const char *path, const struct rotation_note *n, struct err *e) MUST_CHECK;

/* HOST is to get the new key; and it has it.  False: no room for its name. */
bool rotation_note_await(struct rotation_note *n, const char *host) MUST_CHECK;
void rotation_note_has(struct rotation_note *n, const char *host);

/* Empty it, in memory. */
void rotation_note_clear(struct rotation_note *n);

#endif
