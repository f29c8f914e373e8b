/* What the targets share.  A target is one file: LLVMFuzzerTestOneInput() gives any bytes to one
 * parser and checks what must be true of its answer whatever they were.
 * https://llvm.org/docs/LibFuzzer.html */
#ifndef CREDRELAY_FUZZ_H
#define CREDRELAY_FUZZ_H

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/secret.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool truth)
{
    if (!truth)
        abort();
}

/* A failure says something, on one line. */
static inline void must_say(const struct err *e)
{
    must(e->code != ERR_NONE && e->text[0] && !strchr(e->text, '\n'));
}

/* The bytes as text with a NUL behind, for the caller to free. */
static inline char *as_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* An input of several texts: the next one, up to a byte 0xff or the end. */
static inline char *next_text(const uint8_t **data, size_t *size)
{
    const uint8_t *end = memchr(*data, 0xff, *size);
    size_t len = end ? (size_t)(end - *data) : *size;
    char *text = as_text(*data, len);
    size_t used = len + (end != NULL);
    *data += used;
    *size -= used;
    return text;
}

#define FUZZ_INIT(code)                                                                            \
    int LLVMFuzzerInitialize(int *argc, char ***argv)                                              \
    {                                                                                              \
        (void)argc;                                                                                \
        (void)argv;                                                                                \
        jv_init();                                                                                 \
        if (!secret_init())                                                                        \
            return -1;                                                                             \
        code;                                                                                      \
        return 0;                                                                                  \
    }

#endif
