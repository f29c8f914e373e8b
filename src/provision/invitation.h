/* An invitation: what a new machine needs to be one of a fleet, in one line to be pasted.
 *
 *   credrelay-invitation-1.sealed.BODY.CHECK        opened with a passphrase
 *   credrelay-invitation-1.open.BODY.CHECK          for a pipe that nobody else reads
 *
 * 1 is the format.  BODY is base64url without padding (RFC 4648, section 5) of a JSON object, below;
 * sealed, of SALT (16 bytes), NONCE (24) and the object encrypted by XChaCha20-Poly1305 with
 * everything before BODY as associated data, the key being Argon2id of the passphrase and SALT with
 * 2 passes over 64 MiB (libsodium's "interactive"; RFC 9106).  What the derivation costs belongs to
 * the format and not into the line, so that a line cannot make it cost more.  CHECK is base64url of
 * the first 6 bytes of BLAKE2b-256 of everything before it: it tells a line that was cut or changed
 * on its way from a passphrase that was mistyped; whoever forges a line can make it fit.
 *
 *   {"made":MS,"expires":MS,"by":MACHINE,"relay":NAME,"settings":{KEY:VALUE,...},
 *    "keys":[{"profile":NAME,"id":ID,"secret":SECRET},...]}
 *
 * The expiry is kept by those who join, not by the key inside: who has opened the line once has the
 * key until it is rotated.
 *
 *   struct invitation_line l;
 *   len = invitation_trim(text, len);
 *   if (!invitation_look(text, len, &l, &e)) ...            cut, altered, no invitation
 *   if (!invitation_open(&l, passphrase, now, &i, &e)) ...  wrong passphrase, expired
 *   invitation_free(&i);
 */
#ifndef CREDRELAY_PROVISION_INVITATION_H
#define CREDRELAY_PROVISION_INVITATION_H

#include "base/secret.h"
#include "provision/section.h"

enum { INVITATION_KEYS = 2, INVITATION_NAME_SIZE = 128 };

/* A role's key: a profile of the AWS credentials file. */
struct invitation_key {
    char profile[INVITATION_NAME_SIZE];
    char id[INVITATION_NAME_SIZE];
    struct secret *secret;
};

struct invitation {
    int64_t made_at, expires_at; /* ms since 1970 */
    char by[HOLDER_SIZE];        /* the machine it was made on */
    struct section section;
    struct invitation_key keys[INVITATION_KEYS];
    size_t key_count;
};

void invitation_free(struct invitation *i);

/* Append the line, without a newline, sealed with PASSPHRASE or (NULL) open. */
bool invitation_write(const struct invitation *i, const struct secret *passphrase, struct buf *out,
                      struct err *e) MUST_CHECK;

/* What was pasted, without what mail, chat and consoles put into a line and around it: white space
 * anywhere, a prompt or a quote before it, a quote behind it.  In TEXT, of LEN bytes and a NUL; the
 * length that is left, after which all is NUL. */
size_t invitation_trim(char *text, size_t len);

/* The parts of a line that came through whole; they point into it. */
struct invitation_line {
    bool sealed;
    const char *text; /* all of it */
    size_t head;      /* bytes before BODY */
    const char *body;
    size_t body_len;
};

/* TEXT has no white space in it.  ERR_INVALID, each with its sentence: it is no invitation, its end
 * is missing, it was altered.  ERR_UNSUPPORTED: a newer credrelay made it. */
bool invitation_look(const char *text, size_t len, struct invitation_line *ret,
                     struct err *e) MUST_CHECK;

/* PASSPHRASE: NULL for an open one.  ERR_BAD_CREDENTIALS: it is the wrong one.  ERR_DENIED: the
 * invitation has expired.  ERR_INVALID: its content is not what it must be. */
bool invitation_open(const struct invitation_line *l, const struct secret *passphrase, int64_t now,
                     struct invitation *ret, struct err *e) MUST_CHECK;

#endif
