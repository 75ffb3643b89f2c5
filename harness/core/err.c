/* Errors with context; see err.h. Truncation is silent: a shortened message beats none. */
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum lx_code lx_fail(struct lx_err *err, enum lx_code code, const char *fmt, ...)
{
    va_list ap;

    err->code = code;
    err->hint[0] = '\0';
    va_start(ap, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    return code;
}

enum lx_code lx_wrap(struct lx_err *err, const char *fmt, ...)
{
    char inner[sizeof(err->text)];
    va_list ap;
    int n;

    memcpy(inner, err->text, sizeof(inner));
    va_start(ap, fmt);
    n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n + 3 < sizeof(err->text)) {
        size_t used = (size_t)n;
        size_t room = sizeof(err->text) - used - 3;
        size_t len = strlen(inner);

        if (len > room)
            len = room;
        memcpy(err->text + used, ": ", 2);
        memcpy(err->text + used + 2, inner, len);
        err->text[used + 2 + len] = '\0';
    }
    return err->code;
}

enum lx_code lx_hint(struct lx_err *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
    va_end(ap);
    return err->code;
}

int lx_exit_status(enum lx_code code)
{
    switch (code) {
    case LX_OK:
        return 0;
    case LX_EUSAGE:
    case LX_ECONFIG:
        return 2;
    case LX_EREGRESSION:
        return 3;
    case LX_EPARTIAL:
        return 4;
    case LX_EINTERRUPT:
        return 75;
    case LX_EDATA:
    case LX_EFORMAT:
    case LX_EIO:
    case LX_ENOMEM:
    case LX_EFAILED:
        break;
    }
    return 1;
}
