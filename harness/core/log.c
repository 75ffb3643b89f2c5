/* Messages and progress; see log.h. Each line goes out in one write, so that lines of several
 * processes do not mix, and control characters in it are shown as '?', so that text from a file
 * cannot drive the terminal. */
#include "core/log.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 2048
#define TERMINAL_SECONDS 0.1
#define LOG_SECONDS 30.0

static bool line_shown;          /* a progress line stands on the terminal */
static double last_shown = -1e9; /* clock of the last progress line */

double lx_clock(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool lx_log_is_terminal(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) == 1 && term != NULL && strcmp(term, "dumb") != 0;
}

static bool has_colour(void)
{
    const char *no = getenv("NO_COLOR");

    return lx_log_is_terminal() && (no == NULL || no[0] == '\0');
}

static void clean(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = '?';
}

static void put(const char *text)
{
    (void)fputs(text, stderr);
    (void)fflush(stderr);
}

/* One whole line, above the progress line if there is one. */
static void put_line(const char *colour, const char *prefix, const char *text)
{
    char line[LINE_BYTES + 64];
    bool colours = has_colour();

    (void)snprintf(line, sizeof(line), "%s%s%s%s%s\n", line_shown ? "\r\033[K" : "",
                   colours ? colour : "", prefix, colours ? "\033[0m" : "", text);
    line_shown = false;
    put(line);
}

void lx_log(const char *fmt, ...)
{
    char text[LINE_BYTES];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    clean(text);
    put_line("", "longshot: ", text);
}

void lx_log_error(const struct lx_err *err)
{
    char text[LINE_BYTES];

    (void)snprintf(text, sizeof(text), "%s", err->text);
    clean(text);
    put_line("\033[1;31m", "longshot: ", text);
    if (err->hint[0] == '\0')
        return;
    (void)snprintf(text, sizeof(text), "%s", err->hint);
    clean(text);
    put_line("\033[1m", "hint: ", text);
}

static int terminal_width(void)
{
    struct winsize size;

    const char *text = getenv("COLUMNS");
    long columns = text != NULL ? strtol(text, NULL, 10) : 0;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return columns > 0 && columns < LINE_BYTES ? (int)columns : 80;
}

/* Bytes of the text that fit into so many columns, no character cut in half. Wide characters count as
 * one: they may wrap, never break. */
static int bytes_of_columns(const char *text, int columns)
{
    int n = 0;

    for (; text[n] != '\0'; n++) {
        bool begins = ((unsigned char)text[n] & 0xC0) != 0x80;

        if (begins && columns-- <= 0)
            break;
    }
    return n;
}

static double log_interval(void)
{
    const char *text = getenv("LX_LOG_INTERVAL");
    char *end;
    double v;

    if (text == NULL)
        return LOG_SECONDS;
    v = strtod(text, &end);
    return end != text && *end == '\0' && v >= 0.0 ? v : LOG_SECONDS;
}

void lx_progress(bool final, const char *fmt, ...)
{
    bool terminal = lx_log_is_terminal();
    double now = lx_clock();
    char text[LINE_BYTES], line[LINE_BYTES + 16];
    va_list ap;

    if (!final && now - last_shown < (terminal ? TERMINAL_SECONDS : log_interval()))
        return;
    last_shown = now;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    clean(text);
    if (terminal) {
        (void)snprintf(line, sizeof(line), "\r\033[K%.*s%s",
                       bytes_of_columns(text, terminal_width() - 1), text, final ? "\n" : "");
        line_shown = !final;
        put(line);
    } else {
        put_line("", "longshot: ", text);
    }
}

void lx_log_duration(double seconds, char out[32])
{
    long long s;

    if (!(seconds >= 0.0) || seconds > 1e12) {
        (void)snprintf(out, 32, "?");
        return;
    }
    s = (long long)floor(seconds + 0.5);
    if (s < 60)
        (void)snprintf(out, 32, "%llds", s);
    else if (s < 3600)
        (void)snprintf(out, 32, "%lldm%02llds", s / 60, s % 60);
    else if (s < 86400)
        (void)snprintf(out, 32, "%lldh%02lldm", s / 3600, s % 3600 / 60);
    else
        (void)snprintf(out, 32, "%lldd%02lldh", s / 86400, s % 86400 / 3600);
}
