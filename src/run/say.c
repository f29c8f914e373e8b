#include "run/say.h"

#include <stdio.h>

#include "run/run.h"
#include "store/store.h"

void say_hint(const char *hint)
{
    if (hint && *hint)
        fprintf(stderr, RUN_PREFIX "  %s\n", hint);
}

void say(const char *text, const char *hint)
{
    fprintf(stderr, RUN_PREFIX "%s\n", text);
    say_hint(hint);
}

/* Scripts look for this line: it is the same whether the login had lapsed before the run or in it. */
void say_recovered(const struct relay *r)
{
    struct store store;
    struct err ignored;
    bool known = store_open(r->store_url, r->name, &store, &ignored);
    fprintf(stderr, RUN_PREFIX "auth lapsed; pulled fresh credentials from %s, retrying once.\n",
            known ? store.display : "the store");
}

int say_cannot_start(const struct err *e)
{
    say(e->text, e->hint);
    return e->code == ERR_NOT_FOUND ? 127 : e->code == ERR_DENIED ? 126 : err_exit_status(e->code);
}
