/* Command lines; see args.h. */
#include "text/args.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/nearest.h"
#include "text/options_internal.h"

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

enum lx_code lx_args_number(const char *text, const char *what, double min, double *out,
                            struct lx_err *err)
{
    char *end, bound[40];
    double v = strtod(text, &end);

    if (text[0] == '\0' || *end != '\0' || text[strspn(text, "+-.0123456789eE")] != '\0' ||
        !isfinite(v) || v < min) {
        lx_number_text(min, bound, sizeof(bound));
        return lx_fail(err, LX_EUSAGE, "%s: must be a number of at least %s, got \"%.80s\"", what,
                       bound, text);
    }
    *out = v;
    return LX_OK;
}

/* The value of a CHOICE: the place of its name. */
static enum lx_code parse_choice(const struct lx_option *o, const char *shown, const char *value,
                                 int *out, struct lx_err *err)
{
    struct lx_choices c;
    struct lx_buf rule = {0};

    lx_choices_split(o, &c);
    for (size_t i = 0; i < c.n; i++)
        if (strcmp(value, c.name[i]) == 0) {
            *out = (int)i;
            return LX_OK;
        }
    for (size_t i = 0; i < c.n; i++)
        lx_buf_printf(&rule, "%s%s", i == 0 ? "" : i + 1 == c.n ? " or " : ", ", c.name[i]);
    (void)lx_fail_unknown(err, LX_EUSAGE, value, c.name, c.n, "%s: must be %s, got", shown,
                          rule.text != NULL ? rule.text : "another");
    lx_buf_free(&rule);
    return err->code;
}

static enum lx_code store(const struct lx_option *o, void *self, const char *shown,
                          const char *value, struct lx_err *err)
{
    void *field = (char *)self + o->offset;

    switch (o->type) {
    case LX_OPT_BOOL:
        *(bool *)field = true;
        break;
    case LX_OPT_ARGUMENT:
        *(const char **)field = value;
        break;
    case LX_OPT_INT:
        return lx_args_count(value, shown, (int)o->min, field, err);
    case LX_OPT_CHOICE:
        return parse_choice(o, shown, value, field, err);
    case LX_OPT_BYTES:
        return lx_args_bytes(value, shown, field, err);
    case LX_OPT_SECONDS:
        return lx_args_seconds(value, shown, field, err);
    case LX_OPT_REAL:
        return lx_args_number(value, shown, o->min, field, err);
    case LX_OPT_TEXT:
    case LX_OPT_NUMBERS:
    case LX_OPT_MAP: /* of configs */
    case LX_OPT_END:
        break;
    }
    return LX_OK;
}

static enum lx_code unknown(const struct lx_option *table, const char *got, size_t n,
                            struct lx_err *err)
{
    const char *names[LX_NAMES], *near = NULL;
    char name[64];
    size_t count = 0;

    for (const struct lx_option *o = table; o->type != LX_OPT_END && count + 1 < LX_NAMES; o++)
        if (o->help != NULL)
            names[count++] = o->key;
    names[count++] = "help";
    if (n > 2 && n - 2 < sizeof(name)) {
        memcpy(name, got + 2, n - 2);
        name[n - 2] = '\0';
        near = lx_nearest(name, names, count);
    }
    return lx_fail(err, LX_EUSAGE, "unknown option %.*s%s%s%s", (int)n, got,
                   near != NULL ? " (did you mean --" : "", near != NULL ? near : "",
                   near != NULL ? "?)" : "");
}

static char letter_of(const struct lx_option *o)
{
    return (char)(o->flags >> 8);
}

/* One option at argv[*i]; *i moves on to the value if that is an argument of its own. */
static enum lx_code parse_option(const struct lx_option *table, void *self, int argc, char **argv,
                                 int *i, struct lx_err *err)
{
    const char *got = argv[*i], *value = NULL;
    const struct lx_option *o = table;
    bool is_long = got[1] == '-';
    size_t n = is_long ? strcspn(got, "=") : 2;
    char shown[80];

    if (is_long)
        while (o->type != LX_OPT_END &&
               (strlen(o->key) != n - 2 || strncmp(o->key, got + 2, n - 2) != 0))
            o++;
    else
        while (o->type != LX_OPT_END && letter_of(o) != got[1])
            o++;
    if (o->type == LX_OPT_END && strcmp(got + n, "") != 0 && n == 6 &&
        strncmp(got, "--help", 6) == 0)
        return lx_fail(err, LX_EUSAGE, "--help: takes no value, got \"%.80s\"", got + n + 1);
    if (o->type == LX_OPT_END)
        return unknown(table, got, n, err);
    (void)snprintf(shown, sizeof(shown), "%.*s", (int)(n < 70 ? n : 70), got);
    if (got[n] != '\0')
        value = got + n + (is_long ? 1 : 0);
    if (o->type == LX_OPT_BOOL) {
        if (value != NULL)
            return lx_fail(err, LX_EUSAGE, "%s: takes no value, got \"%.80s\"", shown, value);
    } else if (value == NULL) {
        if (*i + 1 >= argc)
            return lx_fail(err, LX_EUSAGE, "%s: must be followed by %s", shown,
                           (const char *)o->text);
        value = argv[++*i];
    }
    return store(o, self, shown, value, err);
}

enum lx_code lx_args_parse(const struct lx_option *table, void *self, int argc, char **argv,
                           int *n_rest, bool *help, struct lx_err *err)
{
    bool options = true;

    lx_options_default(table, self);
    *n_rest = 0;
    *help = false;
    for (int i = 0; i < argc; i++) {
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
        if (parse_option(table, self, argc, argv, &i, err))
            return err->code;
    }
    return LX_OK;
}

void lx_args_help(const struct lx_option *table, struct lx_buf *out)
{
    static const char after_long[] = "\n                           ";

    for (const struct lx_option *o = table; o->type != LX_OPT_END; o++) {
        bool has_value = o->type != LX_OPT_BOOL;
        char left[80], letter[8] = "";

        if (o->help == NULL)
            continue;
        if (letter_of(o) != '\0')
            (void)snprintf(letter, sizeof(letter), "-%c, ", letter_of(o));
        (void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->key, has_value ? " " : "",
                       has_value ? (const char *)o->text : "");
        lx_buf_printf(out, "  %-24s%s%s\n", left, strlen(left) > 24 ? after_long : " ", o->help);
    }
    lx_buf_printf(out, "  %-24s %s\n", "-h, --help", "this text");
}
