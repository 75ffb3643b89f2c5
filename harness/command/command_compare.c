/* `compare`: the gate. Holds new curves against a baseline, or makes them the baseline. */
#include <math.h>

#include "command/command.h"
#include "core/log.h"
#include "system/fs.h"
#include "verdict/compare.h"

struct options {
    int preset, format;
    double abs, rel, sigma;
    const char *metrics, *out;
    bool allow_extra, update;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"preset", LX_OPT_CHOICE, AT(preset), 0, 0, 0, "exact|curves",
     "exact (abs 0, rel 1e-4, sigma 0; the default) or curves (abs 0.02, rel 0.01, sigma 3)", 0},
    {"abs", LX_OPT_REAL, AT(abs), (double)NAN, 0, 0, "A",
     "band: at least A, instead of the preset's", 0},
    {"rel", LX_OPT_REAL, AT(rel), (double)NAN, 0, 0, "R",
     "band: at least R times the baseline's value", 0},
    {"sigma", LX_OPT_REAL, AT(sigma), (double)NAN, 0, 0, "K",
     "band: at least K standard errors of the change, more for few seeds", 0},
    {"metrics", LX_OPT_ARGUMENT, AT(metrics), 0, 0, 0, "LIST",
     "metrics to compare, a,b,c or all (default nll; all with --update)", 0},
    {"allow-extra", LX_OPT_BOOL, AT(allow_extra), 0, 0, 0, NULL,
     "keys that BASELINE lacks do not fail", 0},
    {"format", LX_OPT_CHOICE, AT(format), 0, 0, 0, "text|markdown|junit|json",
     "text (default), markdown, junit or json", 0},
    {"out", LX_OPT_ARGUMENT, AT(out), 0, 0, 0, "FILE", "write there instead of to stdout", 0},
    {"update", LX_OPT_BOOL, AT(update), 0, 0, 0, NULL,
     "make NEW the baseline: show what changed, rewrite BASELINE", 0},
    {.type = LX_OPT_END},
};

static struct lx_compare_options options_of(const struct options *o)
{
    static const char *const presets[] = {"exact", "curves"};
    struct lx_compare_options out = {.metrics = o->metrics != NULL ? o->metrics
                                                : o->update        ? "all"
                                                                   : "nll",
                                     .allow_extra = o->allow_extra};

    (void)lx_compare_preset(presets[o->preset], &out);
    out.abs = isnan(o->abs) ? out.abs : o->abs;
    out.rel = isnan(o->rel) ? out.rel : o->rel;
    out.sigma = isnan(o->sigma) ? out.sigma : o->sigma;
    return out;
}

static enum lx_code deliver(const char *out_path, const struct lx_buf *text, struct lx_err *err)
{
    return out_path != NULL ? lx_fs_write(out_path, text->text, text->len, err)
                            : lx_command_print(text, err);
}

/* What changed is shown before the baseline that knew the old values is gone. */
static enum lx_code finish(const struct lx_comparison *c, bool update, struct lx_err *err)
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

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *o = given;
    const struct lx_compare_options wanted = options_of(o);
    struct lx_comparison c = {0};
    struct lx_buf text = {0};
    enum lx_code code = lx_command_arity(&lx_command_compare, n, 2, 2, err);

    if (code == LX_OK)
        code = lx_compare_make(argv[0], o->update, argv[1], &wanted, &c, err);
    if (code == LX_OK)
        code = lx_compare_write(&c, (enum lx_compare_format)o->format, o->update, &text, err);
    if (code == LX_OK)
        code = deliver(o->out, &text, err);
    if (code == LX_OK)
        code = finish(&c, o->update, err);
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
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
