#include "provision/rotation.h"

#include <stdio.h>
#include <string.h>

/* {user}, {profile}, {role} and {key} stand for names, {options} for those of the command. */
static const struct {
    const char *sentence, *hint;
} rows[ROTATION_REASON_COUNT] = {
    [ROTATION_ELSEWHERE] = {"user {user} has the key {key} and profile {profile} here has none",
                            "take it from a machine that has it: credrelay invite {role} there"},
    [ROTATION_NOT_ITS_KEY] = {"the key in profile {profile}, {key}, is none of user {user}",
                              "take the key in use from a machine that has it: credrelay invite "
                              "{role} there"},
    [ROTATION_UNFINISHED] = {"user {user} has two keys, the most AWS allows: the older, {key}, is "
                             "inactive",
                             "finish the last rotation: credrelay aws rotate-key {role}{options} "
                             "--finish"},
    [ROTATION_WENT_BACK] = {"profile {profile} has the old key again; the new one, {key}, is not "
                            "here",
                            "take it from a machine that has it (credrelay invite {role} there), "
                            "or, if none has: aws iam delete-access-key --user-name {user} "
                            "--access-key-id {key}"},
    [ROTATION_TWO_NEWER] = {"user {user} has two keys, the most AWS allows: {key} was made after "
                            "this machine's",
                            "take it from the machine that has it (credrelay invite {role} there), "
                            "or, if none has: aws iam delete-access-key --user-name {user} "
                            "--access-key-id {key}"},
    [ROTATION_TWO_OLDER] = {"user {user} has two keys, the most AWS allows: {key} is older than "
                            "this machine's and still works",
                            "when no machine uses it: aws iam delete-access-key --user-name {user} "
                            "--access-key-id {key}"},
};

static const char *name(const struct rotation_names *names, const char *key, const char *at,
                        size_t len)
{
    const struct {
        const char *name, *value;
    } all[] = {{"user", names->user},
               {"profile", names->profile},
               {"role", names->role},
               {"key", key},
               {"options", names->options}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strlen(all[i].name) == len && strncmp(all[i].name, at, len) == 0)
            return all[i].value;
    return "";
}

static void fill(const char *format, const struct rotation_names *names, const char *key, char *out,
                 size_t size)
{
    for (size_t n = 0; *format && n < size;) {
        size_t plain = strcspn(format, "{"), len = strcspn(format, "}");
        bool named = format[plain] == '{';
        const char *value = named ? name(names, key, format + plain + 1, len - plain - 1) : "";
        int more = snprintf(out + n, size - n, "%.*s%s", (int)plain, format, value);
        n += more > 0 ? (size_t)more : 0;
        format += named ? len + 1 : plain;
    }
}

bool rotation_advise(const struct rotation_decision *d, const struct rotation_names *names,
                     struct err *e)
{
    char sentence[sizeof e->text] = "", hint[sizeof e->hint] = "";
    if (!rows[d->reason].sentence)
        return err_set(e, ERR_CONFLICT, "the keys of user %s are not as expected (%s)", names->user,
                       rotation_reason_name(d->reason));
    fill(rows[d->reason].sentence, names, d->key, sentence, sizeof sentence);
    fill(rows[d->reason].hint, names, d->key, hint, sizeof hint);
    err_set(e, ERR_CONFLICT, "%s", sentence);
    return err_hint(e, "%s", hint);
}
