/* `compare`: the gate. Holds new curves against a baseline, or makes them the baseline. */
#include <math.h>
#include <string.h>

#include "command/command.h"
#include "compare/compare_report.h"
#include "core/log.h"
#include "system/fs.h"
#include "text/nearest.h"

struct options {
    int preset;
    double abs, rel, sigma;
    const char *metrics, *formats, *out;
    bool allow_extra, update;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"preset", LX_OPT_CHOICE, AT(preset), 0, 0, 0, "exact|curves",
     "exact (rel 1e-5, better fails too; the default) or curves (abs 0.02, rel 0.01, sigma 3)", 0},
    {"abs", LX_OPT_REAL, AT(abs), (double)NAN, 0, 0, "A",
     "band: at least A, instead of the preset's", 0},
    {"rel", LX_OPT_REAL, AT(rel), (double)NAN, 0, 0, "R",
     "band: at least R times the baseline's value", 0},
    {"sigma", LX_OPT_REAL, AT(sigma), (double)NAN, 0, 0, "K",
     "band: at least K standard errors of the change, more for few seeds and many keys", 0},
    {"metrics", LX_OPT_ARGUMENT, AT(metrics), 0, 0, 0, "LIST",
     "metrics to compare, a,b,c or all (default nll; all with --update)", 0},
    {"allow-extra", LX_OPT_BOOL, AT(allow_extra), 0, 0, 0, NULL,
     "keys that BASELINE lacks do not fail", 0},
    {"format", LX_OPT_ARGUMENT, AT(formats), 0, 0, 0, "LIST",
     "text (default), markdown, junit, json; several: text,junit=FILE,markdown=FILE", 0},
    {"out", LX_OPT_ARGUMENT, AT(out), 0, 0, 0, "FILE",
     "write what has no FILE there, not to stdout", 0},
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

/* An output that was asked for; path NULL: to stdout or --out. */
struct output {
    const struct lx_compare_format *format;
    const char *path;
};

struct outputs {
    struct output item[16];
    size_t n;
    struct lx_arena arena;
};

/* "junit=FILE", or a name alone: the n bytes at text. */
static enum lx_code read_output(const char *text, size_t n, const char *out, struct output *o,
                                struct lx_arena *arena, struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t name = strcspn(text, ",=");
    char *got = lx_arena_textn(arena, text, name);

    o->path = n > name ? lx_arena_textn(arena, text + name + 1, n - name - 1) : out;
    if (got == NULL || (o->path == NULL && n > name))
        return lx_fail(err, LX_ENOMEM, "out of memory");
    for (int i = 0; i < lx_compare_format_count(); i++)
        names[i] = lx_compare_format_at(i)->name;
    o->format = lx_compare_format_find(got);
    if (o->format == NULL)
        return lx_fail_unknown(err, LX_EUSAGE, got, names, (size_t)lx_compare_format_count(),
                               "--format: unknown name");
    if (n == name + 1)
        return lx_fail(err, LX_EUSAGE, "--format: %s= needs a file", got);
    return LX_OK;
}

/* "text,junit=FILE": names of formats, one of them at most without a file of its own. */
static enum lx_code read_outputs(const struct options *given, struct outputs *o, struct lx_err *err)
{
    const size_t most = sizeof(o->item) / sizeof(o->item[0]);
    size_t loose = 0;

    for (const char *p = given->formats != NULL ? given->formats : "text";; p++) {
        size_t n = strcspn(p, ",");

        if (o->n == most)
            return lx_fail(err, LX_EUSAGE, "--format: at most %zu outputs", most);
        if (read_output(p, n, given->out, &o->item[o->n], &o->arena, err))
            return err->code;
        loose += o->item[o->n].path == given->out;
        if (loose > 1)
            return lx_fail(err, LX_EUSAGE, "--format: two outputs without a file: %s=FILE",
                           o->item[o->n].format->name);
        o->n++;
        p += n;
        if (*p == '\0')
            return LX_OK;
    }
}

static enum lx_code deliver(const struct lx_comparison *c, bool update, const struct output *o,
                            struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    if (o->format->write(c, update, &text, err))
        code = err->code;
    else
        code = o->path != NULL ? lx_fs_write(o->path, text.text, text.len, err)
                               : lx_command_print(&text, err);
    lx_buf_free(&text);
    return code;
}

/* What changed is shown before the baseline that knew the old values is gone. */
static enum lx_code finish(const struct lx_comparison *c, bool update, struct lx_err *err)
{
    if (!update)
        return c->failures == 0
                   ? LX_OK
                   : lx_fail(err, LX_EREGRESSION, "%zu of %zu keys fail against %s%s", c->failures,
                             c->n, c->old_path, c->common == 0 ? ": no key in common" : "");
    if (lx_compare_update(c, err))
        return err->code;
    lx_log("%s: rewritten, %zu rows", c->old_path, c->n_gate);
    return LX_OK;
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *o = given;
    const struct lx_compare_options wanted = options_of(o);
    struct lx_comparison c = {0};
    struct outputs out = {.n = 0};
    enum lx_code code = LX_OK;

    if (lx_command_arity(&lx_command_compare, n, 2, 2, err) || read_outputs(o, &out, err) ||
        lx_compare_make(argv[0], o->update, argv[1], &wanted, &c, err))
        code = err->code;
    for (size_t i = 0; i < out.n && code == LX_OK; i++)
        code = deliver(&c, o->update, &out.item[i], err);
    if (code != LX_OK || finish(&c, o->update, err))
        code = err->code;
    lx_compare_free(&c);
    lx_arena_free(&out.arena);
    return code;
}

const struct lx_command lx_command_compare = {
    .name = "compare",
    .usage = "BASELINE NEW [--preset exact|curves] [--format LIST] [--out FILE] [--update]",
    .help = "hold curves against a baseline; exit status 3 if one changed for the worse",
    .more =
        "BASELINE and NEW are each a metrics.csv or a folder with one. The mean over seeds of "
        "each\n"
        "point of a curve must stay within\n"
        "    max(abs, rel * |baseline|, sigma * standard error of the change)\n"
        "where the scatter is that of the baseline's seeds, and sigma is widened for few seeds "
        "and\n"
        "many keys. A seed far out, and the median, fail by themselves; so do numbers that cannot\n"
        "be. With exact every change fails, better or worse, seed by seed; with curves a gain of\n"
        "more than ten standard errors is shown as suspicious. Missing keys, new keys, lost "
        "numbers\n"
        "and changed protocols fail too. results/README.md has the details.\n",
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
