/* Of the words there are, the one that a mistyped word was probably meant to be. */
#ifndef CREDRELAY_BASE_NEAREST_H
#define CREDRELAY_BASE_NEAREST_H

#include <stddef.h>

/* The word I, from 0 on; NULL after the last. */
typedef const char *nearest_word_fn(size_t i);

/* NULL: WRONG is like none of them.  Like is what differs in one or two letters (left out, added, another
 * one, or two that changed places), in capitals, or in what stands behind; of several the first. */
const char *nearest_word(const char *wrong, nearest_word_fn *word);

#endif
