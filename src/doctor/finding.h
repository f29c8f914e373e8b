/* What the checks of `credrelay doctor` have found, in the order of finding. */
#ifndef CREDRELAY_DOCTOR_FINDING_H
#define CREDRELAY_DOCTOR_FINDING_H

#include <sys/types.h>

#include "relay/relay.h"

enum found {
    FOUND_FINE,
    FOUND_WARNING, /* it works, and should be seen to */
    FOUND_BROKEN,  /* a run, a transfer or a message fails by it, or a secret can be seen */
    FOUND_MENDED,  /* it was one of those, and --fix has mended it */
    FOUND_COUNT
};

struct finding {
    enum found found;
    const char *check;           /* the name of its row, a literal */
    char relay[RELAY_NAME_SIZE]; /* "": of the machine */
    char label[96];              /* what it is about */
    char detail[1024];           /* what is so */
    char matters[256];           /* why that matters; "" of what is fine */
    char hint[400];              /* what mends it; may be "" */
    /* What its row's mend works on; NULL: it is for a person. */
    char *path;
    mode_t excess; /* the bits of its mode that it should not have; 0: it is not about those */
};

/* About 30 of each of MOST_RELAYS relays, and every file of ours in a state folder that was misused. */
enum { MOST_FINDINGS = 2048 };

struct findings {
    struct finding *list;
    size_t count, room;
};

void findings_free(struct findings *f);

/* A new one at the end.  NULL: out of memory, or there are MOST_FINDINGS. */
struct finding *findings_add(struct findings *f);

size_t findings_count(const struct findings *f, enum found found);

/* 0 all is fine or mended, 1 something is broken, 2 warnings only. */
int findings_exit_status(const struct findings *f);

/* "fine", "warning", ... for --json. */
const char *found_name(enum found found);

#endif
