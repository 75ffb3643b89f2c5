/* Loading a folder and making each of its files. */
#include "report/report.h"

#include <stdlib.h>

#include "core/log.h"
#include "plot/plot.h"
#include "report/table.h"
#include "study/costs.h"
#include "system/fs.h"
#include "text/escape.h"
#include "text/json.h"
#include "verdict/claims.h"
#include "verdict/published.h"

static enum lx_code path_of(const char *dir, const char *name, struct lx_buf *out,
                            struct lx_err *err)
{
    lx_buf_clear(out);
    lx_buf_printf(out, "%s/%s", dir, name);
    return lx_buf_check(out, err);
}

/* A results folder in memory. */
struct folder {
    struct lx_arena arena;
    struct lx_study study;
    struct lx_json *config; /* NULL: there is none */
    struct lx_claim_results claims;
    struct lx_published_list published;
};

static void folder_free(struct folder *f)
{
    lx_study_free(&f->study);
    lx_json_free(f->config);
    lx_arena_free(&f->arena);
}

/* metrics.csv, in the order of config.json if there is one. */
static enum lx_code load_rows(const char *dir, struct folder *f, struct lx_err *err)
{
    struct lx_buf path = {0};
    struct lx_rows rows = {0};
    enum lx_code code = path_of(dir, "metrics.csv", &path, err);
    if (code == LX_OK)
        code = lx_rows_read(path.text, &rows, err);
    if (code == LX_OK) {
        code = lx_study_make(&f->study, &rows, f->config, err);
        if (code == LX_OK && f->study.ppl < 0)
            code = lx_fail(err, LX_EFORMAT, "has no rows of the metric ppl");
        if (code != LX_OK)
            lx_wrap(err, "%s", path.text);
    }
    lx_rows_free(&rows);
    lx_buf_free(&path);
    return code;
}

/* What the config wants compared with the literature. */
static enum lx_code load_claims(const char *dir, struct folder *f, struct lx_err *err)
{
    struct lx_claims claims;
    if (lx_claims_parse(&claims, lx_json_find(f->config, "claims"), &f->arena, err) != LX_OK ||
        lx_published_parse(&f->published, lx_json_find(f->config, "published"), &f->arena, err) !=
            LX_OK) {
        if (err->code == LX_ECONFIG)
            err->code = LX_EFORMAT; /* one of our own files */
        return lx_wrap(err, "%s/config.json", dir);
    }
    return lx_claims_judge(&claims, &f->study, &f->arena, &f->claims, err);
}

static enum lx_code load(const char *dir, struct folder *f, struct lx_err *err)
{
    struct lx_buf path = {0};
    enum lx_code code = path_of(dir, "config.json", &path, err);
    if (code == LX_OK && lx_fs_exists(path.text))
        code = lx_json_read(path.text, &f->config, err);
    lx_buf_free(&path);
    if (code == LX_OK)
        code = load_rows(dir, f, err);
    return code != LX_OK ? code : load_claims(dir, f, err);
}

static enum lx_code write_text(const char *dir, const char *name, const struct lx_buf *text,
                               struct lx_err *err)
{
    struct lx_buf path = {0};
    enum lx_code code = lx_buf_check(text, err);
    if (code == LX_OK)
        code = path_of(dir, name, &path, err);
    if (code == LX_OK)
        code = lx_fs_write(path.text, text->text, text->len, err);
    lx_buf_free(&path);
    return code;
}

static enum lx_code write_table(const char *dir, const char *name, const struct lx_study *s,
                                enum lx_code (*make)(const struct lx_study *, struct lx_buf *,
                                                     struct lx_err *),
                                struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = make(s, &text, err);
    if (code == LX_OK)
        code = write_text(dir, name, &text, err);
    lx_buf_free(&text);
    return code;
}

/* A file of an earlier config would contradict this one. */
static enum lx_code remove_stale(const char *dir, const char *name, struct lx_err *err)
{
    struct lx_buf path = {0};
    enum lx_code code = path_of(dir, name, &path, err);
    if (code == LX_OK && lx_fs_exists(path.text))
        code = lx_fs_remove(path.text, err);
    lx_buf_free(&path);
    return code;
}

static enum lx_code claims_markdown(const struct folder *f, struct lx_buf *out, struct lx_err *err)
{
    const struct lx_study *s = &f->study;
    lx_buf_printf(out, "# %s\n\n", lx_rows_name(&s->rows, s->rows.row[0].experiment));
    if (f->claims.n > 0 && lx_claims_markdown(&f->claims, s, out, err) != LX_OK)
        return err->code;
    return f->published.n > 0 ? lx_published_markdown(&f->published, s, out, err) : LX_OK;
}

static enum lx_code claims_latex(const struct folder *f, struct lx_buf *out, struct lx_err *err)
{
    lx_buf_add(out, "% Needs \\usepackage{booktabs}.\n");
    if (f->claims.n > 0 && lx_claims_latex(&f->claims, &f->study, out, err) != LX_OK)
        return err->code;
    return f->published.n > 0 ? lx_published_latex(&f->published, &f->study, out, err) : LX_OK;
}

static enum lx_code claims_csv(const struct folder *f, struct lx_buf *out, struct lx_err *err)
{
    return lx_claims_csv(&f->claims, &f->study, out, err);
}

static enum lx_code published_csv(const struct folder *f, struct lx_buf *out, struct lx_err *err)
{
    return lx_published_csv(&f->published, &f->study, out, err);
}

/* The files about the literature, if the config says anything of it. */
static enum lx_code write_claims(const char *dir, const struct folder *f, struct lx_err *err)
{
    bool any = f->claims.n + f->published.n > 0;
    const struct {
        const char *name;
        bool wanted;
        enum lx_code (*make)(const struct folder *, struct lx_buf *, struct lx_err *);
    } file[] = {{"claims.md", any, claims_markdown},
                {"claims.tex", any, claims_latex},
                {"claims.csv", f->claims.n > 0, claims_csv},
                {"published.csv", f->published.n > 0, published_csv}};
    enum lx_code code = LX_OK;
    for (size_t i = 0; i < sizeof file / sizeof file[0] && code == LX_OK; i++) {
        struct lx_buf text = {0};
        if (!file[i].wanted) {
            code = remove_stale(dir, file[i].name, err);
            continue;
        }
        code = file[i].make(f, &text, err);
        if (code == LX_OK)
            code = write_text(dir, file[i].name, &text, err);
        lx_buf_free(&text);
    }
    return code;
}

/* What the run cost, if runs.csv tells; a file of its own, since no two machines agree. */
static enum lx_code write_costs(const char *dir, const struct lx_study *s, struct lx_err *err)
{
    static const char *const NAME[] = {"costs.md", "costs.tex", "costs.csv"};
    struct lx_buf path = {0}, text[3] = {{0}};
    struct lx_arena arena = {0};
    struct lx_costs costs = {.n = 0};
    enum lx_code code = path_of(dir, "runs.csv", &path, err);
    if (code == LX_OK && lx_fs_exists(path.text))
        code = lx_costs_read(path.text, s, &arena, &costs, err);
    if (code == LX_OK && costs.n > 0 &&
        (lx_costs_markdown(&costs, s, &text[0], err) || lx_costs_latex(&costs, &text[1], err) ||
         lx_costs_csv(&costs, &text[2], err)))
        code = err->code;
    for (int i = 0; i < 3; i++) {
        if (code == LX_OK)
            code = costs.n > 0 ? write_text(dir, NAME[i], &text[i], err)
                               : remove_stale(dir, NAME[i], err);
        lx_buf_free(&text[i]);
    }
    lx_buf_free(&path);
    lx_arena_free(&arena);
    return code;
}

static enum lx_code plot_section(const struct lx_study *s, size_t section,
                                 const struct lx_train_point *row, size_t n,
                                 struct lx_plot_target *to, struct lx_err *err)
{
    if (s->section[section].n_lengths == 0) /* no perplexities: rows of an analysis */
        return lx_plot_analyses(s, section, to, err);
    if (lx_plot_ppl(s, section, to, err) != LX_OK ||
        lx_plot_entropy(s, section, to, err) != LX_OK ||
        lx_plot_position(s, section, to, err) != LX_OK)
        return err->code;
    return lx_plot_training(s, section, row, n, to, err);
}

/* All figures, if they are wanted; what an earlier report has drawn and this one has not is taken away. */
static enum lx_code fill_plots(const char *dir, bool wanted, const struct lx_study *s,
                               struct lx_plot_target *to, struct lx_err *err)
{
    struct lx_buf path = {0};
    struct lx_train_point *row = NULL;
    size_t n = 0, removed = 0;
    enum lx_code code = LX_OK;

    if (wanted &&
        (path_of(dir, "train.csv", &path, err) ||
         (lx_fs_exists(path.text) && lx_rows_read_train(path.text, &s->rows, &row, &n, err)) ||
         lx_fs_mkdir(to->dir, err)))
        code = err->code;
    for (size_t i = 0; wanted && code == LX_OK && i < s->n_sections; i++)
        code = plot_section(s, i, row, n, to, err);
    if (code == LX_OK)
        code = lx_plot_sweep(to, &removed, err);
    if (code == LX_OK && removed > 0)
        lx_log("%s: removed %zu figure%s of an earlier report", to->dir, removed,
               removed == 1 ? "" : "s");
    free(row);
    lx_buf_free(&path);
    return code;
}

static enum lx_code write_plots(const char *dir, const struct lx_report_options *o,
                                const struct lx_study *s, struct lx_err *err)
{
    struct lx_buf path = {0};
    struct lx_plot_target to = {.gnuplot = o->gnuplot ? o->gnuplot : "gnuplot"};
    struct lx_err ignored;
    enum lx_code code = path_of(dir, "plots", &path, err);

    to.dir = path.text;
    if (code == LX_OK)
        code = fill_plots(dir, !o->no_plots, s, &to, err);
    if (code == LX_OK && to.n == 0)
        (void)!lx_fs_remove(path.text, &ignored); /* unless someone keeps something there */
    if (code == LX_OK && to.missing)
        lx_log("warning: %s not found, so no pictures were drawn (apt-get install gnuplot-nox); "
               "scripts and data are in %s",
               to.gnuplot, path.text);
    lx_plot_target_free(&to);
    lx_buf_free(&path);
    return code;
}

/* Once for what was trained alike, whichever way it was read. */
static void warn_untrained(const char *dir, const struct lx_study *s)
{
    for (size_t i = 0; i < s->n_sections; i++) {
        const struct lx_section *a = &s->section[i], *b = i > 0 ? a - 1 : NULL;
        struct lx_buf text = {0};
        if (b != NULL && a->dataset == b->dataset && a->train_length == b->train_length)
            continue;
        if (lx_table_untrained(s, i, "", lx_escape_plain, &text) && !text.failed)
            lx_log("warning: %s: %s: %s", dir, lx_rows_name(&s->rows, a->dataset), text.text);
        lx_buf_free(&text);
    }
}

enum lx_code lx_report_make(const char *dir, const struct lx_report_options *o, struct lx_err *err)
{
    static const struct lx_report_options DEFAULTS = {0};
    struct folder f = {0};
    o = o ? o : &DEFAULTS;
    enum lx_code code = load(dir, &f, err);
    if (code == LX_OK)
        warn_untrained(dir, &f.study);
    if (code == LX_OK)
        code = write_table(dir, "table.md", &f.study, lx_table_markdown, err);
    if (code == LX_OK)
        code = write_table(dir, "table.tex", &f.study, lx_table_latex, err);
    if (code == LX_OK)
        code = write_table(dir, "table.csv", &f.study, lx_table_csv, err);
    if (code == LX_OK)
        code = write_claims(dir, &f, err);
    if (code == LX_OK)
        code = write_costs(dir, &f.study, err);
    if (code == LX_OK)
        code = write_plots(dir, o, &f.study, err);
    folder_free(&f);
    return code;
}

enum lx_code lx_report_text(const char *dir, struct lx_buf *out, struct lx_err *err)
{
    struct folder f = {0};
    enum lx_code code = load(dir, &f, err);
    if (code == LX_OK)
        code = lx_table_plain(&f.study, out, err);
    if (code == LX_OK && f.claims.n > 0) {
        lx_buf_add(out, "\n");
        code = lx_claims_plain(&f.claims, &f.study, out, err);
    }
    folder_free(&f);
    return code;
}
