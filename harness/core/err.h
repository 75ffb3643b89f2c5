/* Errors: a code that is returned, and a text that grows context on its way up.
 *
 * The first failure writes the text with lx_fail; callers above only put context in front with
 * lx_wrap, so a user reads one line from the outside in:
 *     configs/a.json: encodings[2].base: must be at least 1, got 0
 * Text: lower case, no full stop; names the thing, the rule and the value that was got. */
#ifndef LX_CORE_ERR_H
#define LX_CORE_ERR_H

#include "core/real.h"

enum lx_code {
    LX_OK = 0,
    LX_EUSAGE,      /* the command line is wrong           (exit 2) */
    LX_ECONFIG,     /* a config or an option is wrong      (exit 2) */
    LX_EDATA,       /* a data file is missing or broken    (exit 1) */
    LX_EFORMAT,     /* one of our own files is broken      (exit 1) */
    LX_EIO,         /* the system refused a read or write  (exit 1) */
    LX_ENOMEM,      /* memory, asked for or budgeted       (exit 1) */
    LX_EFAILED,     /* a run failed                        (exit 1) */
    LX_EREGRESSION, /* a compared curve got worse         (exit 3) */
    LX_EPARTIAL,    /* a sweep ended with failed cells     (exit 4) */
    LX_EINTERRUPT   /* interrupted, resumable              (exit 75) */
};

struct lx_err {
    enum lx_code code;
    char text[1024];
    char hint[256]; /* "" or a second line: what to try */
};

/* Record a failure and return its code. err may not be NULL. */
enum lx_code lx_fail(struct lx_err *err, enum lx_code code, const char *fmt, ...) LX_PRINTF(3, 4);

/* Put "context: " in front of the text; returns err->code. */
enum lx_code lx_wrap(struct lx_err *err, const char *fmt, ...) LX_PRINTF(2, 3);

/* Add a hint line (replaces an older one); returns err->code. */
enum lx_code lx_hint(struct lx_err *err, const char *fmt, ...) LX_PRINTF(2, 3);

/* The exit status that the command line contract gives this code. */
int lx_exit_status(enum lx_code code);

#endif
