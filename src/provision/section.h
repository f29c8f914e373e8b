/* A section of credrelay.conf as far as machines of one fleet have it in common: whose login, which
 * store, with which keys.  It is what `init` asks for, what an invitation carries and what `join`
 * writes; settings of this machine's own (timeout, retry, ...) are none of it and stay.
 *
 *   struct section have, want = {.name = "claude"};
 *   if (!section_set(&want, SECTION_ROLE, "reader", "the command line", &e)) ...
 *   if (!section_read(text, len, path, "claude", &have, &found, &e)) ...
 *   if (!found || section_difference(&have, &want) != SECTION_KEYS) ...
 */
#ifndef CREDRELAY_PROVISION_SECTION_H
#define CREDRELAY_PROVISION_SECTION_H

#include "relay/relay.h"

enum section_key {
    SECTION_TOOL,
    SECTION_ROLE,
    SECTION_STORE,
    SECTION_READER_PROFILE,
    SECTION_WRITER_PROFILE,
    SECTION_KMS_KEY_ID,
    SECTION_TIER,
    SECTION_SHARE_REFRESH_TOKEN,
    SECTION_WRITERS,
    SECTION_FLEET_SIZE,
    SECTION_KEYS
};

/* With its final NUL: a store's URL is the longest. */
enum { SECTION_VALUE_SIZE = 1024 };

struct section {
    char name[RELAY_NAME_SIZE];
    char value[SECTION_KEYS][SECTION_VALUE_SIZE]; /* "": not said, the default counts */
};

/* "reader-profile": the key as credrelay.conf(5) has it. */
const char *section_key_name(enum section_key k);

/* A value that came FROM somebody ("the command line", as messages say it): ERR_INVALID when the setting does not take it, or when it would
 * not stand on a line by itself (control characters, blanks around it).  "" unsets. */
bool section_set(struct section *s, enum section_key k, const char *value, const char *from,
                 struct err *e) MUST_CHECK;

/* What counts: the value, or the setting's default. */
const char *section_value(const struct section *s, enum section_key k);

/* What a machine of ROLE in R's fleet has to say, under R's name. */
void section_of_relay(const struct relay *r, enum role role, struct section *ret);

/* The relay that S would make, to ask its store: this machine's state and login file are not in it.
 * To be given to relay_free. */
bool section_relay(const struct section *s, struct relay *ret, struct err *e) MUST_CHECK;

/* What TEXT, the content of the file PATH, says under NAME; no such section: *ret_found is false. */
bool section_read(const char *text, size_t len, const char *path, const char *name,
                  struct section *ret, bool *ret_found, struct err *e) MUST_CHECK;

/* The first setting in which the two do not mean the same; SECTION_KEYS: none. */
enum section_key section_difference(const struct section *a, const struct section *b);

#endif
