/* Messages and progress on stderr. Data never goes here; it goes to stdout or files.
 *
 * On a terminal a progress line rewrites itself; in a log it becomes a plain line at intervals.
 * NO_COLOR and TERM=dumb are honoured. */
#ifndef LX_CORE_LOG_H
#define LX_CORE_LOG_H

#include <stdbool.h>

#include "core/err.h"

void lx_log(const char *fmt, ...) LX_PRINTF(1, 2); /* one line: "longshot: ..." */
void lx_log_error(const struct lx_err *err);       /* "longshot: TEXT" and "hint: ..." */
bool lx_log_is_terminal(void);

/* Show the state of long work. On a terminal: rewritten at most ten times a second. Otherwise: a
 * plain line at most every `LX_LOG_INTERVAL` seconds (default 30), and always when `final`. */
void lx_progress(bool final, const char *fmt, ...) LX_PRINTF(2, 3);

/* "1h02m", "3m20s", "12s": how long, for people. */
void lx_log_duration(double seconds, char out[32]);

/* Seconds of a monotonic clock. */
double lx_clock(void);

#endif
