#include "played.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LIMIT_PLAY = 1 << 16 };

/* Lines of the play as the player reads them: OPERATION, a tab, the answer, a tab, the command. */
static void write_answer(struct buf *out, const char *answer, size_t len)
{
    size_t word = strcspn(answer, " ");
    const char *rest = word < len ? answer + word + 1 : answer + len;
    int rest_len = (int)(answer + len - rest);
    if (word > len)
        word = len;
    if (word == 4 && strncmp(answer, "says", 4) == 0)
        buf_bytes(out, rest, (size_t)rest_len);
    else if (word == 2 && strncmp(answer, "ok", 2) == 0)
        buf_printf(out, "{\"ok\":true%s%.*s}", rest_len ? "," : "", rest_len, rest);
    else
        buf_printf(out, "{\"ok\":false,\"error\":\"%.*s\",\"message\":\"%.*s\"}", (int)word, answer,
                   rest_len, rest);
}

static void write_play(struct buf *out, const char *play)
{
    while (*play) {
        size_t word = strcspn(play, " \n"), line = strcspn(play, "\n");
        const char *answer = play + word + strspn(play + word, " ");
        buf_printf(out, "%.*s\t", (int)word, play);
        write_answer(out, answer, (size_t)(play + line - answer));
        buf_text(out, "\t");
        play += line + (play[line] == '\n');
        if (*play == '!') {
            line = strcspn(play, "\n");
            buf_bytes(out, play + 1, line - 1);
            play += line + (play[line] == '\n');
        }
        buf_text(out, "\n");
    }
}

/* It runs nothing that sh has not built in (but for commands of the play): a call takes two milliseconds. */
static const char player[] =
    "#!/bin/sh\n"
    "PATH=/usr/bin:/bin\n"
    "cd \"$HOME\" || exit 1\n"
    "IFS='\t'\n"
    "read -r request\n"
    "printf '%s\\n' \"$request\" >>play.requests\n"
    "read -r at <play.at\n"
    "n=0\n"
    "while [ $n -le \"$at\" ]; do\n"
    "    op=nothing answer= command=\n"
    "    read -r op answer command || break\n"
    "    n=$((n + 1))\n"
    "done <play\n"
    "echo $((at + 1)) >play.at\n"
    "case $request in\n"
    "*\"\\\"op\\\":\\\"$op\\\"\"*) ;;\n"
    "*) printf 'call %s should be %s: %s\\n' $((at + 1)) \"$op\" \"$request\" >>play.wrong ;;\n"
    "esac\n"
    "[ -z \"$command\" ] || eval \"$command\"\n"
    "printf '%s\\n' \"$answer\"\n";

void play_helper(const char *name, const char *play)
{
    char path[64];
    struct buf lines;
    buf_init(&lines, LIMIT_PLAY);
    write_play(&lines, play);
    mkdir(in_home("bin"), 0700);
    snprintf(path, sizeof path, "bin/credrelay-%s", name);
    put_file(in_home(path), player, 0700);
    put_file(in_home("play"), buf_str(&lines), 0600);
    put_file(in_home("play.at"), "0\n", 0600);
    put_file(in_home("play.wrong"), "", 0600);
    put_file(in_home("play.requests"), "", 0600);
    assert_int_equal(setenv("PATH", in_home("bin"), 1), 0);
    assert_false(lines.failed);
    buf_free(&lines);
}

void play_ended(const char *what)
{
    char asked[32];
    int lines = 0;
    same_text(what, file_text(in_home("play.wrong")), "");
    for (const char *at = file_text(in_home("play")); (at = strchr(at, '\n')); at++)
        lines++;
    snprintf(asked, sizeof asked, "%d\n", lines);
    same_text(what, file_text(in_home("play.at")), asked);
}

const char *play_requests(void)
{
    return file_text(in_home("play.requests"));
}
