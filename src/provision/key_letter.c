#include "provision/key_letter.h"

#include <stdio.h>
#include <string.h>

#include "base/shell_word.h"

#define LETTER_FORMAT 1

static bool write_letter(const struct aws_profile *p, enum role role, struct buf *out,
                         struct err *e)
{
    jv *doc = jv_object();
    jv_put_int(doc, "credrelay_key", LETTER_FORMAT);
    jv_put_text(doc, "role", role_name(role));
    jv_put_text(doc, "key_id", p->key_id);
    jv_put_text(doc, "secret", secret_reveal(p->secret, NULL));
    bool ok = (jv_write(doc, out) && buf_text(out, "\n")) || buf_error(out, "the key", e);
    jv_free(doc);
    return ok;
}

bool key_letter_write(const char *profile, enum role role, struct buf *out, struct err *e)
{
    struct aws_profile p;
    if (!aws_profile_read(profile, &p, e))
        return false;
    bool ok = p.key_id[0] && p.secret;
    if (!ok) {
        err_set(e, ERR_NOT_FOUND, "profile %s has no key to give", profile);
        err_hint(e, "enter it: aws configure --profile %s", AS_WORD(profile));
    }
    ok = ok && write_letter(&p, role, out, e);
    aws_profile_free(&p);
    return ok;
}

static bool not_a_letter(struct err *e)
{
    err_set(e, ERR_INVALID, "what came on standard input is no key of credrelay's");
    return err_hint(e,
                    "from a machine that has it: credrelay aws rotate-key ROLE --ssh THIS-MACHINE");
}

static bool read_role(const char *word, enum role *ret)
{
    for (int role = ROLE_READER; word && role <= ROLE_WRITER; role++)
        if (strcmp(word, role_name((enum role)role)) == 0) {
            *ret = (enum role)role;
            return true;
        }
    return false;
}

static bool read_letter(const jv *doc, enum role *ret_role, struct aws_key *ret, struct err *e)
{
    const char *id = jv_text(doc, "key_id"), *secret = jv_text(doc, "secret");
    if (jv_number(doc, "credrelay_key", 0) != LETTER_FORMAT || !id || !secret || !*id || !*secret ||
        !read_role(jv_text(doc, "role"), ret_role) ||
        (size_t)snprintf(ret->id, sizeof ret->id, "%s", id) >= sizeof ret->id)
        return not_a_letter(e);
    ret->secret = secret_copy(secret, strlen(secret));
    return ret->secret || err_no_memory(e);
}

bool key_letter_read(const char *text, size_t len, enum role *ret_role, struct aws_key *ret,
                     struct err *e)
{
    struct aws_key k = {.secret = NULL};
    struct err ignored;
    jv *doc = jv_parse(text, len, &ignored);
    bool ok = read_letter(doc, ret_role, &k, e);
    jv_free(doc);
    if (ok)
        *ret = k;
    return ok;
}
