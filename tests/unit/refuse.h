/* A system that says no: calls of ours, linked in place of the C library's (ld's --wrap, so Linux
 * only), that fail when a test says so.  Programs of `refusing` in meson.build have them.
 *
 *   refuse("fsync", 1, EIO);       the first fsync(2) from here on fails with EIO
 *   ...
 *   assert_true(was_refused());    it came to that; from here on all is well again
 *
 * Allocations (malloc, calloc, realloc, posix_memalign, strdup, sodium_malloc) are counted
 * together as "memory". */
#ifndef CREDRELAY_TESTS_REFUSE_H
#define CREDRELAY_TESTS_REFUSE_H

#include <stdbool.h>

#include "base/err.h"

enum { EVERY = 0 };

/* The NTH CALL from here on, or EVERY one, fails with ERRNUM; 0: it answers 0 and does nothing. */
void refuse(const char *call, int nth, int errnum);

/* DO_IT is called once, just before the next CALL from here on, which then is made as always: what
 * somebody else does in that very moment. */
void before(const char *call, void (*do_it)(void));

/* The process of the next fork runs CHILD and ends: what becomes of us when it does that. */
void forked_as(void (*child)(void));

/* The NTH allocation from here on fails; with FOR_GOOD all that come after it as well. */
void starve(int nth, bool for_good);

/* Whether it has happened since; ends it. */
bool was_refused(void);

/* Call DO_IT with its Nth allocation failing, for every N (beyond the first 200 of every 7th), once and for good: it succeeds, or says that
 * memory ran out.  What it leaves behind is for AddressSanitizer to find. */
void starve_each(const char *what, bool (*do_it)(struct err *e));

/* The same for one N and one way; whether there is such an allocation. */
bool starve_once(const char *what, bool (*do_it)(struct err *e), int nth, bool for_good);

#endif
