/* `compare`: the gate. Holds new curves against a baseline, or makes them the baseline. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"
#include "core/log.h"
#include "system/fs.h"
#include "text/options.h"
#include "verdict/compare.h"

static const char *preset = "exact", *metrics, *abs_text, *rel_text, *sigma_text;
static const char *format_name = "text", *out_path;
static bool allow_extra, update;

static const struct lx_arg args[] = {
    {"preset", 0, LX_ARG_TEXT, &preset, "NAME",
     "exact (abs 0, rel 1e-4, sigma 0; the default) or curves (abs 0.02, rel 0.01, sigma 3)", 0},
    {"abs", 0, LX_ARG_TEXT, &abs_text, "A", "band: at least A, instead of the preset's", 0},
    {"rel", 0, LX_ARG_TEXT, &rel_text, "R", "band: at least R times the baseline's value", 0},
    {"sigma", 0, LX_ARG_TEXT, &sigma_text, "K",
     "band: at least K standard errors of the change, more for few seeds", 0},
    {"metrics", 0, LX_ARG_TEXT, &metrics, "LIST",
     "metrics to compare, a,b,c or all (default nll; all with --update)", 0},
    {"allow-extra", 0, LX_ARG_FLAG, &allow_extra, NULL, "keys that BASELINE lacks do not fail", 0},
    {"format", 0, LX_ARG_TEXT, &format_name, "F", "text (default), markdown, junit or json", 0},
    {"out", 0, LX_ARG_TEXT, &out_path, "FILE", "write there instead of to stdout", 0},
    {"update", 0, LX_ARG_FLAG, &update, NULL,
     "make NEW the baseline: show what changed, rewrite BASELINE", 0},
    {.type = LX_ARG_END},
};

static enum lx_code set_number(const char *text, const char *what, double *out, struct lx_err *err)
{
    char *end;
    double v;

    if (text == NULL)
        return LX_OK;
    v = strtod(text, &end);
    if (text[0] == '\0' || *end != '\0' || text[strspn(text, "+-.0123456789eE")] != '\0' ||
        !isfinite(v) || v < 0)
        return lx_fail(err, LX_EUSAGE, "%s: must be a number of at least 0, got \"%.80s\"", what,
                       text);
    *out = v;
    return LX_OK;
}

static enum lx_code one_of(const char *const *names, size_t n, const char *got, const char *what,
                           size_t *at, struct lx_err *err)
{
    const char *near;

    for (*at = 0; *at < n; ++*at)
        if (strcmp(names[*at], got) == 0)
            return LX_OK;
    near = lx_nearest(got, names, n);
    return lx_fail(err, LX_EUSAGE, "%s: unknown name \"%.80s\"%s%s%s", what, got,
                   near != NULL ? " (did you mean \"" : "", near != NULL ? near : "",
                   near != NULL ? "\"?)" : "");
}

static enum lx_code read_options(struct lx_compare_options *o, enum lx_compare_format *format,
                                 struct lx_err *err)
{
    static const char *const presets[] = {"exact", "curves"};
    static const char *const formats[LX_COMPARE_FORMATS] = {"text", "markdown", "junit", "json"};
    size_t at;

    *o = (struct lx_compare_options){.metrics = metrics != NULL ? metrics
                                                : update        ? "all"
                                                                : "nll",
                                     .allow_extra = allow_extra};
    if (one_of(presets, 2, preset, "--preset", &at, err) != LX_OK)
        return err->code;
    (void)lx_compare_preset(preset, o);
    if (one_of(formats, LX_COMPARE_FORMATS, format_name, "--format", &at, err) != LX_OK)
        return err->code;
    *format = (enum lx_compare_format)at;
    if (set_number(abs_text, "--abs", &o->abs, err) != LX_OK ||
        set_number(rel_text, "--rel", &o->rel, err) != LX_OK)
        return err->code;
    return set_number(sigma_text, "--sigma", &o->sigma, err);
}

static enum lx_code deliver(const struct lx_buf *text, struct lx_err *err)
{
    return out_path != NULL ? lx_fs_write(out_path, text->text, text->len, err)
                            : lx_command_print(text, err);
}

/* What changed is shown before the baseline that knew the old values is gone. */
static enum lx_code finish(const struct lx_comparison *c, struct lx_err *err)
{
    enum lx_code code;

    if (!update)
        return c->failures == 0 ? LX_OK
                                : lx_fail(err, LX_EREGRESSION, "%zu of %zu keys fail against %s",
                                          c->failures, c->n, c->old_path);
    code = lx_compare_update(c, err);
    if (code == LX_OK)
        lx_log("%s: rewritten, %zu rows", c->old_path, c->n_gate);
    return code;
}

static enum lx_code run(int n, char **argv, struct lx_err *err)
{
    struct lx_compare_options o;
    struct lx_comparison c = {0};
    struct lx_buf text = {0};
    enum lx_compare_format format = LX_COMPARE_TEXT;
    enum lx_code code = lx_command_arity(&lx_command_compare, n, 2, 2, err);

    if (code == LX_OK)
        code = read_options(&o, &format, err);
    if (code != LX_OK)
        return code;
    code = lx_compare_make(argv[0], update, argv[1], &o, &c, err);
    if (code == LX_OK)
        code = lx_compare_write(&c, format, update, &text, err);
    if (code == LX_OK)
        code = deliver(&text, err);
    if (code == LX_OK)
        code = finish(&c, err);
    lx_compare_free(&c);
    lx_buf_free(&text);
    return code;
}

const struct lx_command lx_command_compare = {
    .name = "compare",
    .usage = "BASELINE NEW [--preset exact|curves] [--format F] [--out FILE] [--update]",
    .help = "hold curves against a baseline; exit status 3 if one got worse",
    .more =
        "BASELINE and NEW are each a metrics.csv or a folder with one. Seeds are averaged; the\n"
        "change of each point of a curve must stay within\n"
        "    max(abs, rel * |baseline|, sigma * standard error of the change)\n"
        "where sigma is widened for few seeds: 3 of a normal variable are 6.6 of five seeds.\n"
        "Less is better for nll, ppl and bits_per_byte; other metrics may not move either way.\n"
        "Missing keys, new keys, lost numbers and changed protocols fail too. results/README.md\n"
        "has the details.\n",
    .args = args,
    .run = run,
};
