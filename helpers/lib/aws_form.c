#include "aws_form.h"

#include <string.h>

void aws_form_begin(struct buf *form, const char *action, const char *version)
{
    buf_printf(form, "Action=%s&Version=%s", action, version);
}

void aws_form_put(struct buf *form, const char *name, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    buf_printf(form, "&%s=", name);
    for (; *value; value++) {
        size_t n = strspn(value, plain);
        if (n)
            buf_bytes(form, value, n), value += n - 1;
        else
            buf_printf(form, "%%%02X", (unsigned char)*value);
    }
}
