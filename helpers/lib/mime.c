#include "mime.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"

/* ---- the header ---- */

static void field(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s: ", name);
    for (; *value; value++)
        buf_bytes(out, (unsigned char)*value < ' ' || *value > '~' ? "?" : value, 1);
    buf_text(out, "\r\n");
}

static bool is_ascii_line(const char *text)
{
    while (*text >= ' ' && *text <= '~')
        text++;
    return !*text;
}

/* RFC 2047, 2: a line with an encoded word has 76 characters at most, of which "Subject: " or the
 * space that goes on with it, "=?UTF-8?Q?" and "?=" are not the text's. */
enum { FIRST_WORD = 76 - 9 - 12, NEXT_WORD = 76 - 1 - 12, LONGEST_SUBJECT_LINE = 66 };

/* What stands for itself in an encoded word wherever it is (RFC 2047, 5, rule 3). */
static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!*+-/", c));
}

/* The character of LEN bytes at P as it stands in an encoded word; returns its length there. */
static size_t encode_character(const char *p, size_t len, char out[16])
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (p[i] == ' ')
            out[n++] = '_';
        else if (is_word_byte(p[i]))
            out[n++] = p[i];
        else
            n += (size_t)snprintf(out + n, 4, "=%02X", (unsigned char)p[i]);
    }
    return n;
}

/* Words of whole characters, a line each. */
static void encoded_words(struct buf *out, const char *text)
{
    size_t room = FIRST_WORD;
    buf_text(out, "=?UTF-8?Q?");
    for (size_t len; *text; text += len) {
        char code[16];
        len = utf8_character(text);
        size_t n = encode_character(len ? text : "?", len ? len : 1, code);
        len = len ? len : 1;
        if (n > room) {
            buf_text(out, "?=\r\n =?UTF-8?Q?");
            room = NEXT_WORD;
        }
        buf_bytes(out, code, n);
        room -= n;
    }
    buf_text(out, "?=");
}

static void subject(struct buf *out, const char *text)
{
    bool plain = is_ascii_line(text) && strlen(text) <= LONGEST_SUBJECT_LINE;
    if (plain && !strstr(text, "=?")) {
        field(out, "Subject", text);
        return;
    }
    buf_text(out, "Subject: ");
    encoded_words(out, text);
    buf_text(out, "\r\n");
}

/* RFC 5322, 3.3, in UTC, whatever the locale. */
static void date(struct buf *out, int64_t at)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(at / 1000);
    struct tm tm;
    if (gmtime_r(&seconds, &tm))
        buf_printf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
                   tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                   tm.tm_sec);
}

/* ---- the body: quoted-printable (RFC 2045, 6.7) ---- */

enum { BODY_LINE = 75 }; /* and a '=' where the line goes on */

/* A space at the end of a line would be lost on the way. */
static bool is_body_byte(const char *p)
{
    bool ends = p[1] == '\n' || p[1] == '\0';
    return ((*p == ' ' || *p == '\t') && !ends) || (*p > ' ' && *p <= '~' && *p != '=');
}

static void quoted_printable(struct buf *out, const char *text)
{
    size_t column = 0;
    for (; *text; text++) {
        char code[4];
        if (*text == '\n') {
            buf_text(out, "\r\n");
            column = 0;
            continue;
        }
        size_t n = 1;
        if (is_body_byte(text))
            code[0] = *text;
        else
            n = (size_t)snprintf(code, sizeof code, "=%02X", (unsigned char)*text);
        if (column + n > BODY_LINE) {
            buf_text(out, "=\r\n");
            column = 0;
        }
        buf_bytes(out, code, n);
        column += n;
    }
}

bool mime_write(const struct mime *m, struct buf *out)
{
    const char *host = strchr(m->from, '@');
    char id[256];
    snprintf(id, sizeof id, "<%s@%s>", m->id, host ? host + 1 : "localhost");
    date(out, m->at);
    field(out, "From", m->from);
    field(out, "To", m->to);
    subject(out, m->subject);
    field(out, "Message-ID", id);
    field(out, "Auto-Submitted", "auto-generated"); /* RFC 3834: no answer from a machine */
    field(out, "MIME-Version", "1.0");
    field(out, "Content-Type", "text/plain; charset=utf-8");
    field(out, "Content-Transfer-Encoding", "quoted-printable");
    buf_text(out, "\r\n");
    quoted_printable(out, m->text);
    return !out->failed;
}
