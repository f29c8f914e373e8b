/* Whatever a line holds, it is an invitation or one error of one line; and an invitation that was
 * read says the same when it is written and read again.  Built and run by tests/fuzz/run.
 *
 * Input: a byte, then a line as it stands (even), or the body of one whose frame fits (odd). */
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "provision/invitation.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1795464776123)

static void must(bool truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    jv_init();
    return secret_init() ? 0 : -1;
}

static void put_base64(const void *bytes, size_t len, struct buf *out)
{
    size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *at = buf_space(out, room);
    must(at != NULL);
    sodium_bin2base64(at, room, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buf_added(out, room - 1);
}

static void frame(const uint8_t *body, size_t len, struct buf *out)
{
    unsigned char hash[32];
    buf_text(out, "credrelay-invitation-1.open.");
    put_base64(body, len, out);
    crypto_generichash(hash, sizeof hash, (const unsigned char *)out->data, out->len, NULL, 0);
    buf_text(out, ".");
    put_base64(hash, 6, out);
}

static bool read_line(const struct buf *line, struct invitation *ret)
{
    struct invitation_line l;
    struct err e = {.code = ERR_NONE};
    bool ok = invitation_look(buf_str(line), line->len, &l, &e);
    if (ok && l.sealed)
        return false; /* Argon2 is too slow for this, and its input is no parser's */
    ok = ok && invitation_open(&l, NULL, NOW, ret, &e);
    must(ok || (e.code != ERR_NONE && e.text[0] && !strchr(e.text, '\n')));
    return ok;
}

/* Members stand in another order, and what is not known is gone; what it says is the same. */
static void same(const struct invitation *a, const struct invitation *b)
{
    must(a->made_at == b->made_at && a->expires_at == b->expires_at);
    must(strcmp(a->by, b->by) == 0 && a->key_count == b->key_count);
    must(memcmp(&a->section, &b->section, sizeof a->section) == 0);
    for (size_t k = 0; k < a->key_count; k++) {
        must(strcmp(a->keys[k].profile, b->keys[k].profile) == 0);
        must(strcmp(a->keys[k].id, b->keys[k].id) == 0);
        must(strcmp(secret_reveal(a->keys[k].secret, NULL),
                    secret_reveal(b->keys[k].secret, NULL)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf line, again;
    struct invitation i = {.made_at = 0}, j = {.made_at = 0};
    struct err e;
    if (size < 1)
        return 0;
    buf_init(&line, LIMIT_INVITATION);
    buf_init(&again, LIMIT_INVITATION);
    if (data[0] % 2)
        frame(data + 1, size - 1, &line);
    else
        buf_bytes(&line, data + 1, size - 1);
    if (read_line(&line, &i)) {
        must(i.expires_at > NOW && relay_name_ok(i.section.name));
        must(invitation_write(&i, NULL, &again, &e));
        must(read_line(&again, &j));
        same(&i, &j);
    }
    invitation_free(&i);
    invitation_free(&j);
    buf_free(&line);
    buf_free(&again);
    return 0;
}
