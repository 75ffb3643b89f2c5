/* Command lines; see args.h. */
#include "text/args.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/options.h"

enum lx_code lx_args_count(const char *text, const char *what, int min, int *out,
                           struct lx_err *err)
{
    char *end;
    long v;

    errno = 0;
    v = strtol(text, &end, 10);
    if (text[0] == '\0' || *end != '\0' || errno != 0 || v > INT_MAX || v < INT_MIN)
        return lx_fail(err, LX_EUSAGE, "%s: must be a whole number, got \"%.80s\"", what, text);
    if (v < min)
        return lx_fail(err, LX_EUSAGE, "%s: must be at least %d, got %ld", what, min, v);
    *out = (int)v;
    return LX_OK;
}

enum lx_code lx_args_bytes(const char *text, const char *what, size_t *out, struct lx_err *err)
{
    static const char suffixes[] = "KMG";
    const char *suffix;
    unsigned long long v, unit = 1;
    char *end;

    errno = 0;
    v = strtoull(text, &end, 10);
    suffix = *end != '\0' ? strchr(suffixes, *end) : NULL;
    if (suffix != NULL) {
        unit <<= 10 * (suffix - suffixes + 1);
        end++;
    }
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v > SIZE_MAX / unit)
        return lx_fail(err, LX_EUSAGE,
                       "%s: must be a number of bytes like 1000000, 512M or 2G, got \"%.80s\"",
                       what, text);
    *out = (size_t)(v * unit);
    return LX_OK;
}

enum lx_code lx_args_seconds(const char *text, const char *what, double *out, struct lx_err *err)
{
    char *end;
    double v = strtod(text, &end);

    if (text[0] == '\0' || *end != '\0' || !(v >= 0.0 && v <= 1e9))
        return lx_fail(err, LX_EUSAGE, "%s: must be a number of seconds from 0, got \"%.80s\"",
                       what, text);
    *out = v;
    return LX_OK;
}

static enum lx_code store(const struct lx_arg *a, const char *shown, const char *value,
                          struct lx_err *err)
{
    switch (a->type) {
    case LX_ARG_FLAG:
        *(bool *)a->target = true;
        break;
    case LX_ARG_TEXT:
        *(const char **)a->target = value;
        break;
    case LX_ARG_COUNT:
        return lx_args_count(value, shown, a->min, a->target, err);
    case LX_ARG_BYTES:
        return lx_args_bytes(value, shown, a->target, err);
    case LX_ARG_SECONDS:
        return lx_args_seconds(value, shown, a->target, err);
    case LX_ARG_END:
        break;
    }
    return LX_OK;
}

static enum lx_code unknown(const struct lx_arg *table, const char *got, size_t n,
                            struct lx_err *err)
{
    const char *names[64], *near = NULL;
    char name[64];
    size_t count = 0;

    for (const struct lx_arg *a = table; a->type != LX_ARG_END && count < 63; a++)
        if (a->help != NULL)
            names[count++] = a->name;
    names[count++] = "help";
    if (n > 2 && n - 2 < sizeof(name)) {
        memcpy(name, got + 2, n - 2);
        name[n - 2] = '\0';
        near = lx_nearest(name, names, count);
    }
    if (near != NULL)
        return lx_fail(err, LX_EUSAGE, "unknown option %.*s (did you mean --%s?)", (int)n, got,
                       near);
    return lx_fail(err, LX_EUSAGE, "unknown option %.*s", (int)n, got);
}

/* One option at argv[*i]; *i moves on to the value if that is an argument of its own. */
static enum lx_code parse_option(const struct lx_arg *table, int argc, char **argv, int *i,
                                 struct lx_err *err)
{
    const char *got = argv[*i], *value = NULL;
    const struct lx_arg *a = table;
    bool is_long = got[1] == '-';
    size_t n = is_long ? strcspn(got, "=") : 2;
    char shown[80];

    if (is_long)
        while (a->type != LX_ARG_END &&
               (strlen(a->name) != n - 2 || strncmp(a->name, got + 2, n - 2) != 0))
            a++;
    else
        while (a->type != LX_ARG_END && a->letter != got[1])
            a++;
    if (a->type == LX_ARG_END)
        return unknown(table, got, n, err);
    (void)snprintf(shown, sizeof(shown), "%.*s", (int)(n < 70 ? n : 70), got);
    if (got[n] != '\0')
        value = got + n + (is_long ? 1 : 0);
    if (a->type == LX_ARG_FLAG) {
        if (value != NULL)
            return lx_fail(err, LX_EUSAGE, "%s: takes no value, got \"%.80s\"", shown, value);
    } else if (value == NULL) {
        if (*i + 1 >= argc)
            return lx_fail(err, LX_EUSAGE, "%s: must be followed by %s", shown, a->value);
        value = argv[++*i];
    }
    return store(a, shown, value, err);
}

enum lx_code lx_args_parse(const struct lx_arg *table, int argc, char **argv, int *n_rest,
                           bool *help, struct lx_err *err)
{
    bool options = true;

    *n_rest = 0;
    *help = false;
    for (int i = 0; i < argc; i++) {
        enum lx_code code;

        if (!options || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[(*n_rest)++] = argv[i];
            continue;
        }
        if (strcmp(argv[i], "--") == 0) {
            options = false;
            continue;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            *help = true;
            return LX_OK;
        }
        code = parse_option(table, argc, argv, &i, err);
        if (code != LX_OK)
            return code;
    }
    return LX_OK;
}

void lx_args_help(const struct lx_arg *table, struct lx_buf *out)
{
    for (const struct lx_arg *a = table; a->type != LX_ARG_END; a++) {
        char left[80], letter[8] = "";

        if (a->help == NULL)
            continue;
        if (a->letter != '\0')
            (void)snprintf(letter, sizeof(letter), "-%c, ", a->letter);
        (void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, a->name,
                       a->value != NULL ? " " : "", a->value != NULL ? a->value : "");
        lx_buf_printf(out, "  %-24s %s\n", left, a->help);
    }
    lx_buf_printf(out, "  %-24s %s\n", "-h, --help", "this text");
}
