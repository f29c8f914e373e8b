#include "provision/invitation.h"

#include <sodium.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "provision/invitation_body.h"

#define MARK       "credrelay-invitation-"
#define FORMAT     "1"
#define KIND_SEAL  "sealed"
#define KIND_OPEN  "open"
#define HEAD(kind) MARK FORMAT "." kind "."

enum {
    CHECK_BYTES = 6,
    CHECK_CHARS = 8,
    SALT = crypto_pwhash_argon2id_SALTBYTES,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    KEY = crypto_aead_xchacha20poly1305_ietf_KEYBYTES
};
_Static_assert(SALT == 16 && NONCE == 24, "as the header says");

void invitation_free(struct invitation *i)
{
    for (size_t k = 0; k < INVITATION_KEYS; k++)
        secret_free(i->keys[k].secret);
    *i = (struct invitation){.made_at = 0};
}

/* ---- base64url ---- */

enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

static bool encode(const void *bytes, size_t len, struct buf *out)
{
    size_t room = sodium_base64_encoded_len(len, VARIANT);
    char *at = buf_space(out, room);
    if (!at)
        return false;
    sodium_bin2base64(at, room, bytes, len, VARIANT);
    buf_added(out, room - 1); /* its NUL is counted */
    return true;
}

/* Bytes into OUT; false: no such text, or it does not fit. */
static bool decode(const char *text, size_t len, struct buf *out)
{
    size_t room = len / 4 * 3 + 3, got;
    char *at = buf_space(out, room);
    if (!at ||
        sodium_base642bin((unsigned char *)at, room, text, len, NULL, &got, NULL, VARIANT) != 0)
        return false;
    buf_added(out, got);
    return true;
}

/* CHECK_CHARS and a NUL into OUT. */
static void check_of(const char *text, size_t len, char *out)
{
    unsigned char hash[crypto_generichash_BYTES];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)text, len, NULL, 0);
    sodium_bin2base64(out, CHECK_CHARS + 1, hash, CHECK_BYTES, VARIANT);
}

/* ---- sealing ---- */

static bool derive(const struct secret *passphrase, const unsigned char *salt,
                   unsigned char key[KEY], struct err *e)
{
    size_t len;
    const char *text = secret_reveal(passphrase, &len);
    if (crypto_pwhash(key, KEY, text, len, salt, crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
                      crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE,
                      crypto_pwhash_ALG_ARGON2ID13) == 0)
        return true;
    err_no_memory(e);
    return err_hint(e, "a passphrase needs 64 MiB; without one: credrelay invite --no-seal");
}

static bool seal(const struct buf *body, const struct secret *passphrase, const char *head,
                 struct buf *out, struct err *e)
{
    unsigned char key[KEY];
    size_t room = SALT + NONCE + body->len + TAG;
    unsigned char *at = (unsigned char *)buf_space(out, room);
    if (!at)
        return buf_error(out, "the invitation", e);
    randombytes_buf(at, SALT + NONCE);
    if (!derive(passphrase, at, key, e))
        return false;
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        at + SALT + NONCE, NULL, (const unsigned char *)body->data, body->len,
        (const unsigned char *)head, strlen(head), NULL, at + SALT, key);
    sodium_memzero(key, sizeof key);
    buf_added(out, room);
    return true;
}

static bool unseal(const struct invitation_line *l, const struct buf *sealed,
                   const struct secret *passphrase, struct buf *out, struct err *e)
{
    unsigned char key[KEY];
    const unsigned char *at = (const unsigned char *)buf_str(sealed);
    if (sealed->len < SALT + NONCE + TAG)
        return invitation_not_valid("it is too short", e);
    size_t len = sealed->len - SALT - NONCE;
    unsigned char *to = (unsigned char *)buf_space(out, len - TAG);
    if (!to)
        return buf_error(out, "the invitation", e);
    if (!derive(passphrase, at, key, e))
        return false;
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(to, NULL, NULL, at + SALT + NONCE, len,
                                                            (const unsigned char *)l->text, l->head,
                                                            at + SALT, key);
    sodium_memzero(key, sizeof key);
    if (failed) {
        err_set(e, ERR_BAD_CREDENTIALS, "the passphrase does not open the invitation");
        return err_hint(e, "it is the one that credrelay invite showed beside this very line");
    }
    buf_added(out, len - TAG);
    return true;
}

/* ---- writing ---- */

bool invitation_write(const struct invitation *i, const struct secret *passphrase, struct buf *out,
                      struct err *e)
{
    const char *head = passphrase ? HEAD(KIND_SEAL) : HEAD(KIND_OPEN);
    char check[CHECK_CHARS + 1];
    struct buf body, sealed;
    buf_init(&body, LIMIT_INVITATION);
    buf_init(&sealed, LIMIT_INVITATION);
    size_t from = out->len;
    bool ok = secret_init() || err_set(e, ERR_FAILED, "no randomness");
    ok = ok && invitation_body_write(i, &body, e);
    ok = ok && (!passphrase || seal(&body, passphrase, head, &sealed, e));
    const struct buf *content = passphrase ? &sealed : &body;
    if (ok && !(buf_text(out, head) && encode(content->data, content->len, out)))
        ok = buf_error(out, "the invitation", e);
    if (ok) {
        check_of(out->data + from, out->len - from, check);
        ok = (buf_text(out, ".") && buf_text(out, check)) || buf_error(out, "the invitation", e);
    }
    buf_free(&body);
    buf_free(&sealed);
    return ok;
}

/* ---- reading ---- */

static size_t drop_space(char *text, size_t len)
{
    size_t kept = 0;
    for (size_t i = 0; i < len; i++)
        if (!ascii_is_space(text[i]))
            text[kept++] = text[i];
    sodium_memzero(text + kept, len - kept);
    return kept;
}

size_t invitation_trim(char *text, size_t len)
{
    size_t kept = drop_space(text, len);
    const char *mark = strstr(text, MARK);
    if (!mark)
        return kept;
    kept = strspn(mark, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
    memmove(text, mark, kept);
    sodium_memzero(text + kept, len - kept);
    return kept;
}

static bool is(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

static bool no_invitation(struct err *e)
{
    err_set(e, ERR_INVALID, "what was read is no invitation");
    return err_hint(e, "paste the line that credrelay invite prints; it begins with " MARK);
}

static bool cut_off(struct err *e)
{
    err_set(e, ERR_INVALID, "the invitation is not whole: its end is missing");
    return err_hint(e, "copy the whole line, or make another: credrelay invite");
}

static bool altered(struct err *e)
{
    err_set(e, ERR_INVALID, "the invitation was altered on its way: its checksum does not fit");
    return err_hint(e, "copy it again, or make another: credrelay invite");
}

/* The parts between dots: mark and format, kind, body, check. */
struct parts {
    const char *at[4];
    size_t len[4];
    unsigned count;
};

static struct parts split(const char *text, size_t len)
{
    struct parts p = {.count = 0};
    for (const char *end = text + len;;) {
        const char *dot = p.count < 3 ? memchr(text, '.', (size_t)(end - text)) : NULL;
        const char *stop = dot ? dot : end;
        p.at[p.count] = text;
        p.len[p.count++] = (size_t)(stop - text);
        if (!dot)
            break;
        text = dot + 1;
    }
    return p;
}

bool invitation_look(const char *text, size_t len, struct invitation_line *ret, struct err *e)
{
    char check[CHECK_CHARS + 1];
    size_t mark = strlen(MARK);
    if (len == 0 || memcmp(text, MARK, len < mark ? len : mark) != 0)
        return no_invitation(e);
    const struct parts p = split(text, len);
    if (p.count < 4 || p.len[3] < CHECK_CHARS)
        return cut_off(e);
    check_of(text, (size_t)(p.at[3] - 1 - text), check);
    if (!is(p.at[3], p.len[3], check))
        return altered(e);
    if (!is(p.at[0], p.len[0], MARK FORMAT)) {
        err_set(e, ERR_UNSUPPORTED, "the invitation is of a format that is not known here");
        return err_hint(e, "upgrade credrelay on this machine");
    }
    bool sealed = is(p.at[1], p.len[1], KIND_SEAL);
    if (!sealed && !is(p.at[1], p.len[1], KIND_OPEN))
        return altered(e);
    *ret = (struct invitation_line){.sealed = sealed,
                                    .text = text,
                                    .head = (size_t)(p.at[2] - text),
                                    .body = p.at[2],
                                    .body_len = p.len[2]};
    return true;
}

static bool in_time(const struct invitation *i, int64_t now, struct err *e)
{
    char ago[64];
    if (now < i->expires_at)
        return true;
    clock_duration(now - i->expires_at, ago, sizeof ago);
    err_set(e, ERR_DENIED, "the invitation expired %s ago", ago);
    return err_hint(e, "make another on %s: credrelay invite %s", i->by,
                    section_value(&i->section, SECTION_ROLE));
}

bool invitation_open(const struct invitation_line *l, const struct secret *passphrase, int64_t now,
                     struct invitation *ret, struct err *e)
{
    struct invitation i;
    struct buf bytes, body;
    buf_init(&bytes, LIMIT_INVITATION);
    buf_init(&body, LIMIT_INVITATION);
    bool ok = decode(l->body, l->body_len, &bytes) ||
              (bytes.failed ? buf_error(&bytes, "the invitation", e)
                            : invitation_not_valid("it is not base64", e));
    if (ok && l->sealed)
        ok = unseal(l, &bytes, passphrase, &body, e);
    const struct buf *json = l->sealed ? &body : &bytes;
    ok = ok && invitation_body_read(buf_str(json), json->len, &i, e);
    buf_free(&bytes);
    buf_free(&body);
    if (ok && !in_time(&i, now, e)) {
        invitation_free(&i);
        ok = false;
    }
    if (ok)
        *ret = i;
    return ok;
}
