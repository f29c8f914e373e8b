/* The checks of `credrelay doctor`: a table, in the order in which the client looks for credentials,
 * then the store, the programs, and what keeps it all going.
 *
 *   struct findings found = {.list = NULL};
 *   check_relay(&relay, &found);             what is about one relay
 *   check_machine(NULL, &found);             what is about this machine
 *   checks_mend(&found);                     with --fix
 *
 * A check looks and notes; what is wrong gets a sentence, why it matters and the command that mends
 * it.  Nothing is changed but by a row's mend, which works on what is ours only. */
#ifndef CREDRELAY_DOCTOR_CHECK_H
#define CREDRELAY_DOCTOR_CHECK_H

#include "doctor/finding.h"

/* One check under way. */
struct visit {
    const struct relay *relay; /* of a check of the machine: any relay's, NULL without one */
    const char *state_dir;
    const struct check *check;
    struct findings *findings;
};

struct check {
    const char *name;
    bool machine; /* about this machine, not about one relay */
    void (*look)(struct visit *v);
    const char *matters;
    /* Mend what was found at f->path, and say in f->detail what was done.  NULL: that is for a
     * person. */
    bool (*mend)(struct finding *f, struct err *e);
};

/* NULL after the last. */
const struct check *check_at(size_t i);

void check_relay(const struct relay *r, struct findings *found);

/* R: one of the machine's relays, for its settings; NULL when none could be loaded. */
void check_machine(const struct relay *r, struct findings *found);

/* Mend what can be mended.  What could not is still what it was, and says so. */
void checks_mend(struct findings *found);

/* ---- for the checks ---- */

/* Note FOUND about LABEL, with why it matters.  Never NULL: what finds no room any more is counted
 * nowhere. */
struct finding *note(struct visit *v, enum found found, const char *label, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* The same, with the text and the hint of WHY. */
struct finding *note_err(struct visit *v, enum found found, const char *label,
                         const struct err *why);

void note_hint(struct finding *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
void note_path(struct finding *f, const char *path);

/* Room for quotes around a path, and for some in it. */
enum { SHELL_PATH_SIZE = LIMIT_PATH + 64 };

/* PATH for a command line and for people: "~/..." below the home, in quotes where it needs them. */
const char *shell_path(const char *path, char out[SHELL_PATH_SIZE]);

/* What a file system's free bytes mean for us (pure). */
enum found judge_space(uint64_t free_bytes);

/* check_login.c, check_store.c, check_client.c, check_files.c, check_duty.c */
void look_overrides(struct visit *v);
void look_login(struct visit *v);
void look_login_file(struct visit *v);
void look_keychain(struct visit *v);
void look_store(struct visit *v);
void look_client(struct visit *v);
void look_wrapper(struct visit *v);
void look_configuration(struct visit *v);
void look_state(struct visit *v);
void look_watcher(struct visit *v);
void look_service(struct visit *v);
void look_alerts(struct visit *v);
void look_space(struct visit *v);
void look_log(struct visit *v);

bool mend_mode(struct finding *f, struct err *e);
bool mend_service(struct finding *f, struct err *e);

#endif
