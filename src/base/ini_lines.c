#include "base/ini_lines.h"

#include <string.h>

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

static struct ini_span trimmed(const char *at, const char *end)
{
    while (at < end && blank(*at))
        at++;
    while (end > at && blank(end[-1]))
        end--;
    return (struct ini_span){at, end};
}

void ini_lines_begin(struct ini_lines *l, const char *text, size_t len)
{
    *l = (struct ini_lines){.at = text, .end = text + len};
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        l->at += 3; /* a byte order mark, as Windows editors leave it */
}

static void bad(struct ini_line *line, const char *why)
{
    line->kind = INI_BAD;
    line->why = why;
}

/* As RawConfigParser's \[(?P<header>.+)\]: up to the last bracket; what follows is ignored. */
static void read_section(struct ini_line *line, struct ini_span content)
{
    const char *close = content.end;
    while (close > content.at && close[-1] != ']')
        close--;
    line->kind = INI_SECTION;
    line->name = (struct ini_span){content.at + 1, close - 1};
    if (close <= content.at + 2)
        bad(line, "section without a closing bracket");
}

static void read_key(struct ini_line *line, struct ini_span content)
{
    const char *sign = content.at;
    while (sign < content.end && *sign != '=' && *sign != ':')
        sign++;
    line->kind = INI_KEY;
    line->name = trimmed(content.at, sign);
    if (sign == content.end || line->name.at == line->name.end) {
        bad(line, "neither [section] nor `key = value`");
        return;
    }
    line->value = trimmed(sign + 1, content.end);
    if (line->value.at == line->value.end) /* so that it stands behind the sign */
        line->value = (struct ini_span){sign + 1, sign + 1};
}

static void read_header_or_key(struct ini_lines *l, struct ini_line *line, struct ini_span content)
{
    l->indent = line->indent;
    if (*content.at == '[')
        read_section(line, content);
    else if (l->in_section)
        read_key(line, content);
    else
        bad(line, "a setting before the first [section]");
    l->in_section = l->in_section || line->kind == INI_SECTION;
    l->have_key = line->kind == INI_KEY;
}

static void take_line(struct ini_lines *l, struct ini_line *line)
{
    const char *stop = l->at;
    while (stop < l->end && *stop != '\n' && *stop != '\r')
        stop++;
    line->number = ++l->number;
    line->content_end = stop;
    if (stop < l->end)
        stop += *stop == '\r' && stop + 1 < l->end && stop[1] == '\n' ? 2 : 1;
    line->whole = (struct ini_span){l->at, stop};
    l->at = stop;
}

bool ini_lines_next(struct ini_lines *l, struct ini_line *ret)
{
    if (l->at == l->end)
        return false;
    struct ini_line line = {.kind = INI_BLANK};
    take_line(l, &line);
    struct ini_span content = trimmed(line.whole.at, line.content_end);
    line.indent = (size_t)(content.at - line.whole.at);
    if (content.at == content.end) {
        line.kind = INI_BLANK;
    } else if (memchr(content.at, '\0', (size_t)(content.end - content.at))) {
        bad(&line, "a NUL byte"); /* names and values end there for whoever takes them as text */
    } else if (*content.at == '#' || *content.at == ';') {
        line.kind = INI_COMMENT;
    } else if (l->have_key && line.indent > l->indent) {
        line.kind = INI_MORE;
        line.value = content;
    } else {
        read_header_or_key(l, &line, content);
    }
    *ret = line;
    return true;
}
