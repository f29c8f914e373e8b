#include "doctor/ask.h"

#include <string.h>

#include "relay/value.h"

struct store_call ask_call(const struct relay *r, const struct store *s, const char *path)
{
    return (struct store_call){.store = s,
                               .path = path,
                               .role = role_name(r->role),
                               .machine = r->machine,
                               .options = r->store_options,
                               .timeout_ms = r->timeout_ms};
}

static bool read_value(const struct relay *r, const struct store_value *v, struct asked *ret,
                       struct err *e)
{
    size_t len;
    const char *text = secret_reveal(v->value, &len);
    struct login login;
    if (!value_read_shared(r->tool, text, len, &login, e))
        return false;
    *ret = (struct asked){.version = v->version, .modified = v->modified, .login = login.facts};
    memcpy(ret->by, v->by, sizeof ret->by);
    login_free(&login);
    return true;
}

bool ask_shared(const struct relay *r, const struct store *s, struct asked *ret, struct err *e)
{
    const struct store_call c = ask_call(r, s, s->path);
    struct store_value v;
    if (store_get(&c, STORE_VERSION_NONE, &v, e)) {
        bool ok = read_value(r, &v, ret, e);
        store_value_free(&v);
        return ok;
    }
    if (e->code != ERR_NOT_FOUND)
        return false;
    *ret = (struct asked){.login = {.state = LOGIN_ABSENT, .flaw = ""}};
    return true;
}
