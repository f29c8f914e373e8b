#include "provision/rotate.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/shell_word.h"
#include "provision/key_accepted.h"
#include "provision/rotate_log.h"
#include "provision/rotation_note.h"

/* Somebody else's rotation of this role's key takes a minute at most, and then there is a new one. */
enum { LOCK_WAIT_MS = 1000 };

/* For machines that the new key has to be brought to by hand. */
#define GRACE_USUAL_MS INT64_C(86400000)

/* So long a list of hosts still leaves room for the rest of a hint. */
enum { HOSTS_SHOWN = 160 };

/* Of looking and deciding; a whole rotation with its waiting for IAM takes half of it. */
enum { MOST_STEPS = 60 };

struct run {
    const struct rotate_request *rq;
    struct rotate_report *report;
    struct aws_admin own, actor; /* the profile's keys; whoever's make and delete */
    char note_path[LIMIT_PATH];
    struct lock lock;
    struct rotation_note note;
    struct aws_profile profile;
    struct aws_key_list keys;
    bool installed;   /* in this run */
    bool handed_over; /* likewise */
};

static const char *profile_name(const struct run *r)
{
    return r->rq->place->profile[r->rq->role];
}

static void tell(const struct run *r, enum rotate_event event, const char *key)
{
    rotate_log(r->rq, r->report->user, event, key);
    if (r->rq->told)
        r->rq->told(r->rq->ctx, event, key);
}

static bool save(struct run *r, struct err *e)
{
    return rotation_note_save(r->note_path, &r->note, e);
}

static bool forget(struct run *r, struct err *e)
{
    rotation_note_clear(&r->note);
    return save(r, e);
}

/* ---- whose key it is ---- */

static bool not_a_users(const struct run *r, const struct aws_identity *me, struct err *e)
{
    err_set(e, ERR_UNSUPPORTED, "the keys of profile %s are no IAM user's but %s", profile_name(r),
            me->arn);
    return err_hint(e, "keys of a role or a sign-in are not rotated: they end by themselves");
}

static void note_who(struct run *r, const char *user, const char *account)
{
    snprintf(r->report->user, sizeof r->report->user, "%s", user);
    snprintf(r->report->account, sizeof r->report->account, "%s", account);
}

/* The user that the key in the profile is of; when AWS does not know the key any more or there is
 * none, the one that has the profile's name. */
static bool find_user(struct run *r, struct err *e)
{
    struct aws_identity me;
    struct err why = {.code = ERR_NONE};
    bool has_key = !r->rq->first && aws_admin_identity(&r->own, NULL, &me, &why);
    if (has_key && !me.user[0])
        return not_a_users(r, &me, e);
    if (has_key) {
        note_who(r, me.user, me.account);
        return true;
    }
    if (!r->rq->first && (why.code != ERR_BAD_CREDENTIALS || !r->rq->admin_profile)) {
        *e = why;
        return false;
    }
    if (!aws_admin_identity(&r->actor, NULL, &me, e))
        return false;
    note_who(r, profile_name(r), me.account);
    return true;
}

static bool note_is_about_us(const struct run *r, struct err *e)
{
    const struct rotation_note *n = &r->note;
    if (!n->began ||
        (strcmp(n->user, r->report->user) == 0 && strcmp(n->account, r->report->account) == 0))
        return true;
    err_set(e, ERR_CONFLICT, "%s notes a rotation of user %s of account %s, and this is %s of %s",
            r->note_path, n->user, n->account, r->report->user, r->report->account);
    return err_hint(e, "finish that one first, or move the file away");
}

/* ---- looking ---- */

static bool look(struct run *r, struct err *e)
{
    struct err why;
    aws_profile_free(&r->profile);
    if (!aws_profile_read(profile_name(r), &r->profile, &why) && why.code != ERR_NOT_FOUND) {
        *e = why;
        return false;
    }
    return aws_admin_keys(&r->actor, r->report->user, &r->keys, e);
}

static struct rotation_decision next_step(struct run *r)
{
    const struct rotation_facts facts = {
        .profile_key = r->profile.key_id,
        .keys = &r->keys,
        .note = &r->note,
        .now = clock_wall_ms(),
        .finish = r->rq->finish,
        .first = r->rq->first,
    };
    struct rotation_decision d = rotation_next(&facts);
    struct rotate_report *report = r->report;
    snprintf(report->about, sizeof report->about, "%s", d.key);
    d.key = report->about;
    report->stands = d;
    report->until = r->note.until;
    snprintf(report->awaited, sizeof report->awaited, "%s", r->note.awaited);
    snprintf(report->old_id, sizeof report->old_id, "%s", r->note.old_id);
    snprintf(report->new_id, sizeof report->new_id, "%s", r->note.new.id);
    return d;
}

/* ---- making ---- */

static void note_beginning(struct run *r)
{
    struct rotation_note *n = &r->note;
    rotation_note_clear(n);
    n->began = r->keys.now > 0 ? r->keys.now : clock_wall_ms();
    snprintf(n->user, sizeof n->user, "%s", r->report->user);
    snprintf(n->account, sizeof n->account, "%s", r->report->account);
    snprintf(n->old_id, sizeof n->old_id, "%s", r->profile.key_id);
    for (size_t i = 0; i < r->keys.count; i++)
        snprintf(n->known[i], sizeof n->known[i], "%s", r->keys.key[i].id);
}

/* The answer may have been lost on its way, be it the last bit of it, from the helper to us. */
static bool may_have_been_made(const struct err *e)
{
    return e->code == ERR_UNREACHABLE || e->code == ERR_FAILED || e->code == ERR_NO_MEMORY ||
           e->code == ERR_IO || e->code == ERR_TOO_LARGE;
}

static bool give_up_making(struct run *r, struct err *e)
{
    struct err ignored;
    if (may_have_been_made(e))
        return err_hint(e, "whether a key was made is not known; the same command again finds out");
    if (!forget(r, &ignored))
        return err_hint(e, "and remove it: rm %s", QUOTED(r->note_path));
    return false;
}

/* It cannot be kept, so it must not stay. */
static bool undo_making(struct run *r, struct err *e)
{
    struct err ignored;
    if (!aws_admin_delete_key(&r->actor, r->note.user, r->note.new.id, &ignored))
        return err_hint(e,
                        "a new key was made and could not be kept: aws iam delete-access-key "
                        "--user-name %s --access-key-id %s",
                        r->note.user, r->note.new.id);
    if (!forget(r, &ignored))
        return err_hint(e, "the new key was deleted again: rm %s", QUOTED(r->note_path));
    return err_hint(e, "the new key was deleted again; make room, then the same command again");
}

static bool make(struct run *r, struct err *e)
{
    note_beginning(r);
    if (!save(r, e))
        return false;
    if (!aws_admin_make_key(&r->actor, r->note.user, &r->note.new, e))
        return give_up_making(r, e);
    if (!save(r, e))
        return undo_making(r, e);
    tell(r, ROTATE_MADE, r->note.new.id);
    return true;
}

/* ---- one that was left over ---- */

static bool is_in_use(const struct run *r, const char *id, struct err *e)
{
    err_set(e, ERR_CONFLICT,
            "a key that was made while a rotation was interrupted, %s of user %s, is in use", id,
            r->note.user);
    return err_hint(e, "whoever has it rotates this role's key too; take theirs by an invitation");
}

static bool discard(struct run *r, const struct rotation_decision *d, struct err *e)
{
    int64_t used = 0;
    if (d->reason == ROTATION_INTERRUPTED && !aws_admin_key_used(&r->actor, d->key, &used, e))
        return false;
    if (used)
        return is_in_use(r, d->key, e);
    if (!aws_admin_delete_key(&r->actor, r->note.user, d->key, e))
        return false;
    tell(r, ROTATE_DISCARDED, d->key);
    return forget(r, e);
}

/* ---- taking it into use ---- */

static bool install(struct run *r, struct err *e)
{
    const struct aws_key *key = &r->note.new;
    const struct aws_profile_keys keys = {
        .profile = profile_name(r), .key_id = key->id, .secret = key->secret};
    if (!key_wait_until_accepted(&r->own, key, e))
        return false;
    tell(r, ROTATE_ACCEPTED, key->id);
    if (!aws_profile_write(&keys, r->profile.key_id[0] ? r->profile.key_id : NULL, e))
        return false;
    tell(r, ROTATE_WRITTEN, key->id);
    return true;
}

static int64_t grace(const struct run *r)
{
    return r->rq->grace_ms == ROTATE_GRACE_NOT_SAID ? GRACE_USUAL_MS : r->rq->grace_ms;
}

static bool too_many(const char *host, struct err *e)
{
    err_set(e, ERR_USAGE, "'%.40s...' and the hosts before it are too many", host);
    return err_hint(e, "name fewer at once, and the others when those have the key");
}

/* Before they are asked: also a rotation that is killed must not forget them. */
static bool await_hosts(struct run *r, struct err *e)
{
    for (size_t i = 0; i < r->rq->host_count; i++)
        if (!rotation_note_await(&r->note, r->rq->hosts[i]))
            return too_many(r->rq->hosts[i], e);
    return true;
}

static bool verify(struct run *r, struct err *e)
{
    if (!await_hosts(r, e) || !key_wait_until_accepted(&r->own, NULL, e))
        return false;
    secret_free(r->note.new.secret);
    r->note.new.secret = NULL;
    r->note.until = clock_wall_ms() + grace(r);
    r->installed = true;
    if (!save(r, e))
        return false;
    tell(r, ROTATE_VERIFIED, r->note.new.id);
    return true;
}

/* ---- the other machines ---- */

static bool is_awaited(const struct run *r, enum err_code code, struct err *e)
{
    const char *hosts = r->note.awaited;
    bool one = !strchr(hosts, ' '), fit = strlen(hosts) < HOSTS_SHOWN;
    err_set(e, code, "%s %s not have the new key yet, so the old one stays", hosts,
            one ? "does" : "do");
    return err_hint(e, "give it to %s: credrelay aws rotate-key %s%s --ssh %s", one ? "it" : "them",
                    role_name(r->rq->role), r->rq->options, fit ? hosts : "HOST...");
}

static bool give(struct run *r, const char *host, bool *ret_given, struct err *e)
{
    struct err why;
    *ret_given = r->rq->hand_over(r->rq->ctx, host, &why);
    if (!*ret_given) {
        rotate_log_refused(r->rq, r->report->user, host, &why);
        return true;
    }
    tell(r, ROTATE_HANDED_OVER, host);
    rotation_note_has(&r->note, host);
    return save(r, e);
}

/* The old key has no more to do once they all have the new one, unless somebody said otherwise. */
static bool hand_over(struct run *r, struct err *e)
{
    bool all = true, given;
    if (!await_hosts(r, e) || !save(r, e))
        return false;
    for (size_t i = 0; i < r->rq->host_count; i++, all = all && given)
        if (!give(r, r->rq->hosts[i], &given, e))
            return false;
    r->handed_over = true;
    if (!all)
        return is_awaited(r, ERR_FAILED, e);
    if (!r->note.began || r->note.awaited[0] || r->rq->grace_ms != ROTATE_GRACE_NOT_SAID)
        return true;
    r->note.until = clock_wall_ms();
    return save(r, e);
}

static bool is_time_to_hand_over(const struct run *r, enum rotation_step step)
{
    return r->rq->host_count && !r->handed_over &&
           (step == ROTATION_WAIT || step == ROTATION_DEACTIVATE || step == ROTATION_KEPT ||
            step == ROTATION_DELETE || step == ROTATION_DONE);
}

/* ---- the old one ---- */

static bool deactivate(struct run *r, const char *id, struct err *e)
{
    if (!aws_admin_deactivate_key(&r->actor, r->report->user, id, e))
        return false;
    tell(r, ROTATE_DEACTIVATED, id);
    return true;
}

static bool delete (struct run *r, const char *id, struct err *e)
{
    if (!aws_admin_delete_key(&r->actor, r->report->user, id, e))
        return false;
    tell(r, ROTATE_DELETED, id);
    return forget(r, e);
}

static bool not_before(const struct run *r, struct err *e)
{
    char until[32];
    if (r->note.awaited[0])
        return is_awaited(r, ERR_BUSY, e);
    clock_rfc3339(r->note.until, until, sizeof until);
    err_set(e, ERR_BUSY, "the old key %s goes on working until %s, for machines that still have it",
            r->note.old_id, until);
    return err_hint(e, "when they all have the new one: the same with --grace 0");
}

static bool refuse(const struct run *r, const struct rotation_decision *d, struct err *e)
{
    const struct rotation_names names = {.user = r->report->user,
                                         .profile = profile_name(r),
                                         .role = role_name(r->rq->role),
                                         .options = r->rq->options};
    return rotation_advise(d, &names, e);
}

/* ---- together ---- */

static bool perform(struct run *r, const struct rotation_decision *d, struct err *e)
{
    switch (d->step) {
    case ROTATION_MAKE: return make(r, e);
    case ROTATION_DISCARD: return discard(r, d, e);
    case ROTATION_INSTALL: return install(r, e);
    case ROTATION_VERIFY: return verify(r, e);
    case ROTATION_DEACTIVATE: return deactivate(r, d->key, e);
    case ROTATION_DELETE: return delete (r, d->key, e);
    case ROTATION_FORGET: return forget(r, e);
    case ROTATION_LOOK_AGAIN: clock_sleep_ms(1000); return true;
    case ROTATION_REFUSE: return refuse(r, d, e);
    case ROTATION_WAIT: return !r->rq->finish || not_before(r, e);
    default: return true;
    }
}

static bool is_the_end(const struct run *r, const struct rotation_decision *d)
{
    return d->step == ROTATION_DONE || d->step == ROTATION_KEPT || d->step == ROTATION_WAIT ||
           (d->step == ROTATION_FORGET && d->reason == ROTATION_COMPLETE && r->installed) ||
           (d->step == ROTATION_DELETE);
}

static bool steps(struct run *r, struct err *e)
{
    for (int step = 0; step < MOST_STEPS; step++) {
        if (!look(r, e))
            return false;
        struct rotation_decision d = next_step(r);
        if (r->rq->dry_run)
            return d.step != ROTATION_REFUSE || refuse(r, &d, e);
        if (is_time_to_hand_over(r, d.step)) {
            bool all_have_it = hand_over(r, e);
            d = next_step(r);
            if (!all_have_it)
                return false;
        }
        if (!perform(r, &d, e))
            return false;
        if (is_the_end(r, &d))
            return true;
    }
    err_set(e, ERR_FAILED, "somebody else keeps changing the keys of user %s", r->report->user);
    return err_hint(e, "see them: aws iam list-access-keys --user-name %s", r->report->user);
}

static bool note_paths(struct run *r, char lock_path[LIMIT_PATH], struct err *e)
{
    char suffix[32];
    snprintf(suffix, sizeof suffix, ".rotate-%s.json", role_name(r->rq->role));
    if (!relay_state_path(r->rq->relay, suffix, r->note_path, e))
        return false;
    snprintf(suffix, sizeof suffix, ".rotate-%s.lock", role_name(r->rq->role));
    return relay_state_path(r->rq->relay, suffix, lock_path, e) &&
           dir_make(r->rq->relay->state_dir, e);
}

/* Said again after the key was verified: it counts from now.  None at all: nobody needs it. */
static bool change_grace(struct run *r, struct err *e)
{
    if (r->rq->dry_run || r->rq->grace_ms == ROTATE_GRACE_NOT_SAID || !r->note.new.id[0] ||
        r->note.new.secret)
        return true;
    r->note.until = clock_wall_ms() + r->rq->grace_ms;
    if (!r->rq->grace_ms)
        r->note.awaited[0] = '\0';
    return save(r, e);
}

bool rotate(const struct rotate_request *rq, struct rotate_report *ret, struct err *e)
{
    struct run r = {.rq = rq, .report = ret, .lock = LOCK_NONE};
    char lock_path[LIMIT_PATH];
    const char *profile = rq->place->profile[rq->role];
    *ret = (struct rotate_report){.until = 0};
    bool ok =
        aws_admin_open(rq->place, profile, &r.own, e) &&
        aws_admin_open(rq->place, rq->admin_profile ? rq->admin_profile : profile, &r.actor, e) &&
        note_paths(&r, lock_path, e) && lock_take(lock_path, LOCK_WAIT_MS, &r.lock, e) &&
        rotation_note_load(r.note_path, &r.note, e) && find_user(&r, e) &&
        note_is_about_us(&r, e) && change_grace(&r, e) && steps(&r, e);
    if (!ok && !rq->dry_run && r.lock.fd >= 0)
        rotate_log_stop(rq, ret->user, e);
    aws_profile_free(&r.profile);
    aws_key_free(&r.note.new);
    lock_release(&r.lock);
    return ok;
}
