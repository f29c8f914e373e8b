#include "cmd/show.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/home.h"
#include "base/limits.h"
#include "base/terminal.h"

/* Whoever asked gets a word, where there is no room for the answer. */
static void cannot_show(const struct buf *answer)
{
    struct err e;
    buf_error(answer, "the answer", &e);
    fprintf(stderr, "credrelay: %s\n", e.text);
}

void show_line(jv *v)
{
    struct buf line;
    buf_init(&line, LIMIT_SHOWN);
    if (jv_write(v, &line))
        puts(buf_str(&line));
    else
        cannot_show(&line);
    buf_free(&line);
    jv_free(v);
}

jv *show_login(const struct login_facts *f)
{
    jv *v = jv_object();
    jv_put_text(v, "state", login_state_name(f->state));
    if (f->state != LOGIN_USABLE)
        return v;
    jv_put_bytes(v, "fingerprint", f->fingerprint, FINGERPRINT_SHOWN);
    if (f->expires_at)
        jv_put_int(v, "expires_at", f->expires_at);
    jv_put_bool(v, "expired", login_expired(f, clock_wall_ms()));
    jv_put_bool(v, "renewable", f->renewable);
    if (f->deadline)
        jv_put_int(v, "deadline", f->deadline);
    return v;
}

void show_short(struct screen *s)
{
    static char home[LIMIT_PATH];
    struct err ignored;
    s->home = home_path("", home, &ignored) ? home : NULL;
    s->columns = terminal_columns(STDOUT_FILENO);
}

void show_screen(const struct screen *s)
{
    struct buf out;
    buf_init(&out, LIMIT_SCREEN);
    if (screen_write(s, terminal_has_colour(STDOUT_FILENO), &out))
        fputs(buf_str(&out), stdout);
    else
        cannot_show(&out);
    buf_free(&out);
}

void show_login_words(const struct login_facts *f, char *out, size_t size)
{
    char left[64];
    int64_t now = clock_wall_ms();
    if (f->state != LOGIN_USABLE) {
        snprintf(out, size, "no login");
        return;
    }
    if (!f->expires_at) {
        snprintf(out, size, "login %.*s", FINGERPRINT_SHOWN, f->fingerprint);
        return;
    }
    clock_duration(f->expires_at > now ? f->expires_at - now : now - f->expires_at, left,
                   sizeof left);
    snprintf(out, size,
             f->expires_at > now ? "login %.*s, expires in %s" : "login %.*s, expired %s ago",
             FINGERPRINT_SHOWN, f->fingerprint, left);
}
