/* Loading a folder and making each of its files. */
#include "report/report.h"

#include <stdlib.h>

#include "core/log.h"
#include "figure/style.h"
#include "json/json.h"
#include "plot/plot.h"
#include "report/report_internal.h"
#include "report/report_tables.h"
#include "report/table.h"
#include "results/stale.h"
#include "system/fs.h"
#include "tune/rates_text.h"

static enum lx_code path_of(const char *dir, const char *name, struct lx_buf *out,
                            struct lx_err *err)
{
    lx_buf_clear(out);
    lx_buf_printf(out, "%s/%s", dir, name);
    return lx_buf_check(out, err);
}

void lx_report_unload(struct lx_report_folder *f)
{
    lx_study_free(&f->study);
    lx_tuned_free(&f->tuned);
    lx_json_free(f->config);
    lx_json_free(f->usual);
    lx_arena_free(&f->arena);
}

static bool has_answers(const struct lx_report_folder *f)
{
    for (size_t i = 0; i < f->study.n_sections; i++)
        if (lx_study_asks(&f->study, i))
            return true;
    return false;
}

/* metrics.csv, in the order of config.json if there is one. */
static enum lx_code load_rows(const char *path, struct lx_report_folder *f, struct lx_err *err)
{
    struct lx_rows rows = {0};
    enum lx_code code = LX_OK;

    if (lx_rows_read(path, &rows, err))
        code = err->code;
    else if (lx_study_make(&f->study, &rows, f->config, err) ||
             lx_study_note(&f->study, f->partial.brief, err) ||
             lx_study_note(&f->study, lx_study_old(&f->study) ? "protocol longshot-1" : NULL,
                           err) ||
             (f->study.ppl < 0 && !has_answers(f) &&
              lx_fail(err, LX_EFORMAT, "has no rows of the metric ppl")))
        code = lx_wrap(err, "%s", path);
    if (code == LX_OK)
        lx_style_study(&f->study);
    lx_rows_free(&rows);
    return code;
}

/* What the config wants compared with the literature. */
static enum lx_code load_claims(const char *dir, struct lx_report_folder *f, struct lx_err *err)
{
    struct lx_claims claims;
    struct lx_rate_places rates;

    if (lx_claims_parse(&claims, lx_json_find(f->config, "claims"), &f->arena, err) ||
        lx_published_parse(&f->published, lx_json_find(f->config, "published"), &f->arena, err)) {
        if (err->code == LX_ECONFIG)
            err->code = LX_EFORMAT; /* one of our own files */
        return lx_wrap(err, "%s/config.json", dir);
    }
    if (lx_tuned_read(&f->tuned, dir, err) ||
        lx_rate_places_make(&f->tuned, f->config, &f->arena, &rates, err) ||
        lx_claims_judge(&claims, &f->study, &rates, &f->arena, &f->claims, err))
        return err->code;
    return lx_registration_note(dir, lx_json_find(f->config, "claims"), &f->claims, &f->arena, err);
}

/* A file that not every folder has: sums by block of text, logged losses. */
static enum lx_code load_if_there(const char *path, struct lx_study *s,
                                  enum lx_code (*read)(struct lx_study *, const char *,
                                                       struct lx_err *),
                                  struct lx_err *err)
{
    return lx_fs_exists(path) ? read(s, path, err) : LX_OK;
}

/* path is room for names of files. */
static enum lx_code load_files(const char *dir, struct lx_buf *path, struct lx_report_folder *f,
                               struct lx_err *err)
{
    if (lx_partial_read(dir, &f->arena, &f->partial, err) ||
        path_of(dir, "config.json", path, err) ||
        (lx_fs_exists(path->text) && lx_json_read(path->text, &f->config, err)) ||
        path_of(dir, "metrics.csv", path, err) || load_rows(path->text, f, err) ||
        path_of(dir, "blocks.csv.gz", path, err) ||
        load_if_there(path->text, &f->study, lx_study_blocks, err) ||
        path_of(dir, "train.csv", path, err) ||
        load_if_there(path->text, &f->study, lx_study_train, err) || load_claims(dir, f, err) ||
        lx_rates_make(&f->study, f->config, &f->arena, &f->rates, err))
        return err->code;
    return LX_OK;
}

enum lx_code lx_report_load(const char *dir, struct lx_report_folder *f, struct lx_err *err)
{
    struct lx_buf path = {0};
    enum lx_code code = load_files(dir, &path, f, err);

    lx_buf_free(&path);
    return code;
}

/* A paragraph under a heading, where cells are missing. */
static void say_partial(const struct lx_report_folder *f, const struct lx_grid_writer *w,
                        const char *before, const char *after, struct lx_buf *out)
{
    if (f->partial.brief == NULL)
        return;
    lx_buf_printf(out, "%s%s. Missing: ", before, f->partial.brief);
    w->text(out, f->partial.missing);
    lx_buf_printf(out, ".%s", after);
}

static void say_partial_tex(const struct lx_report_folder *f, struct lx_buf *out)
{
    lx_buf_add(out, "% Needs \\usepackage{booktabs,graphicx}.\n");
    say_partial(f, &lx_grid_latex, "\n\\textbf{", "}\n", out);
}

static const char *experiment(const struct lx_report_folder *f)
{
    return lx_study_name(&f->study);
}

static enum lx_code table_md(const struct lx_report_folder *f, struct lx_buf *out,
                             struct lx_err *err)
{
    lx_buf_printf(out, "# %s\n", experiment(f));
    say_partial(f, &lx_grid_markdown, "\n**", "**\n", out);
    if (lx_table_write(&f->study, &lx_grid_markdown, out, err))
        return err->code;
    lx_buf_add(out, f->tuned.rates.n > 0 ? "\n## Learning rates\n" : "");
    return lx_tuned_write(&f->tuned, &lx_grid_markdown, out, err);
}

static enum lx_code table_tex(const struct lx_report_folder *f, struct lx_buf *out,
                              struct lx_err *err)
{
    say_partial_tex(f, out);
    return lx_table_write(&f->study, &lx_grid_latex, out, err) ||
                   lx_tuned_write(&f->tuned, &lx_grid_latex, out, err)
               ? err->code
               : LX_OK;
}

static enum lx_code table_csv(const struct lx_report_folder *f, struct lx_buf *out,
                              struct lx_err *err)
{
    return lx_table_data(&f->study, out, err);
}

/* The verdicts, and which of the claims were made with open eyes. */
static enum lx_code write_claims(const struct lx_report_folder *f, const struct lx_grid_writer *w,
                                 struct lx_buf *out, struct lx_err *err)
{
    if (f->claims.n == 0)
        return LX_OK;
    if (lx_claims_write(&f->claims, &f->study, w, out, err))
        return err->code;
    return lx_registration_write(f->dir, lx_json_find(f->config, "claims"), w, out, err);
}

static enum lx_code answers_csv(const struct lx_report_folder *f, struct lx_buf *out,
                                struct lx_err *err)
{
    return lx_answers_data(&f->study, out, err);
}

static enum lx_code claims_md(const struct lx_report_folder *f, struct lx_buf *out,
                              struct lx_err *err)
{
    lx_buf_printf(out, "# %s\n\n", experiment(f));
    say_partial(f, &lx_grid_markdown, "**", "**\n\n", out);
    if (write_claims(f, &lx_grid_markdown, out, err))
        return err->code;
    return f->published.n > 0
               ? lx_published_write(&f->published, &f->study, &lx_grid_markdown, out, err)
               : LX_OK;
}

static enum lx_code claims_tex(const struct lx_report_folder *f, struct lx_buf *out,
                               struct lx_err *err)
{
    say_partial_tex(f, out);
    if (write_claims(f, &lx_grid_latex, out, err))
        return err->code;
    return f->published.n > 0
               ? lx_published_write(&f->published, &f->study, &lx_grid_latex, out, err)
               : LX_OK;
}

static enum lx_code claims_csv(const struct lx_report_folder *f, struct lx_buf *out,
                               struct lx_err *err)
{
    return lx_claims_data(&f->claims, &f->study, out, err);
}

static enum lx_code published_csv(const struct lx_report_folder *f, struct lx_buf *out,
                                  struct lx_err *err)
{
    return lx_published_data(&f->published, &f->study, out, err);
}

static enum lx_code costs_md(const struct lx_report_folder *f, struct lx_buf *out,
                             struct lx_err *err)
{
    if (lx_costs_write(&f->costs, &f->study, &lx_grid_markdown, out, err))
        return err->code;
    say_partial(f, &lx_grid_markdown, "\n**", "**\n", out);
    return lx_buf_check(out, err);
}

static enum lx_code costs_tex(const struct lx_report_folder *f, struct lx_buf *out,
                              struct lx_err *err)
{
    say_partial_tex(f, out);
    return lx_costs_write(&f->costs, &f->study, &lx_grid_latex, out, err);
}

static enum lx_code costs_csv(const struct lx_report_folder *f, struct lx_buf *out,
                              struct lx_err *err)
{
    return lx_costs_data(&f->costs, out, err);
}

static enum lx_code tune_md(const struct lx_report_folder *f, struct lx_buf *out,
                            struct lx_err *err)
{
    lx_buf_printf(out, "# %s: learning rates\n", experiment(f));
    say_partial(f, &lx_grid_markdown, "\n**", "**\n", out);
    return lx_rates_write(&f->rates, &f->study, &lx_grid_markdown, out, err);
}

static enum lx_code tune_tex(const struct lx_report_folder *f, struct lx_buf *out,
                             struct lx_err *err)
{
    say_partial_tex(f, out);
    return lx_rates_write(&f->rates, &f->study, &lx_grid_latex, out, err);
}

static enum lx_code tune_csv(const struct lx_report_folder *f, struct lx_buf *out,
                             struct lx_err *err)
{
    return lx_rates_data(&f->rates, &f->study, out, err);
}

static bool always(const struct lx_report_folder *f)
{
    (void)f;
    return true;
}

static bool has_literature(const struct lx_report_folder *f)
{
    return f->claims.n + f->published.n > 0;
}

static bool has_claims(const struct lx_report_folder *f)
{
    return f->claims.n > 0;
}

static bool has_published(const struct lx_report_folder *f)
{
    return f->published.n > 0;
}

static bool has_costs(const struct lx_report_folder *f)
{
    return f->costs.n > 0;
}

static bool has_rates(const struct lx_report_folder *f)
{
    return f->rates.n > 0;
}

/* Every table that a report writes. One that this folder has nothing for is removed: left by an earlier
 * report, it would contradict the others. */
static const struct {
    const char *name;
    bool (*wanted)(const struct lx_report_folder *);
    enum lx_code (*make)(const struct lx_report_folder *, struct lx_buf *, struct lx_err *);
} tables[] = {
    {"table.md", always, table_md},           {"table.tex", always, table_tex},
    {"table.csv", always, table_csv},         {"answers.csv", has_answers, answers_csv},
    {"claims.md", has_literature, claims_md}, {"claims.tex", has_literature, claims_tex},
    {"claims.csv", has_claims, claims_csv},   {"published.csv", has_published, published_csv},
    {"costs.md", has_costs, costs_md},        {"costs.tex", has_costs, costs_tex},
    {"costs.csv", has_costs, costs_csv},      {"tune.md", has_rates, tune_md},
    {"tune.tex", has_rates, tune_tex},        {"tune.csv", has_rates, tune_csv},
    {"report.html", always, lx_report_page}};
enum { N_TABLES = sizeof(tables) / sizeof(tables[0]) };

static enum lx_code write_table(const char *dir, int i, const struct lx_report_folder *f,
                                struct lx_err *err)
{
    struct lx_buf path = {0}, text = {0};
    enum lx_code code = LX_OK;

    if (path_of(dir, tables[i].name, &path, err) ||
        (tables[i].wanted(f) ? tables[i].make(f, &text, err) || lx_buf_check(&text, err) ||
                                   lx_fs_write(path.text, text.text, text.len, err)
                             : lx_fs_remove(path.text, err)))
        code = err->code;
    lx_buf_free(&path);
    lx_buf_free(&text);
    return code;
}

/* What the run cost, if runs.csv tells; files of their own, since no two machines agree. */
static enum lx_code load_costs(const char *dir, struct lx_report_folder *f, struct lx_err *err)
{
    struct lx_buf path = {0};
    enum lx_code code = LX_OK;

    if (path_of(dir, "runs.csv", &path, err) ||
        (lx_fs_exists(path.text) && lx_costs_read(path.text, &f->study, &f->arena, &f->costs, err)))
        code = err->code;
    lx_buf_free(&path);
    return code;
}

/* row: (n) the curves of training. */
static enum lx_code draw_all(const struct lx_report_folder *f, const struct lx_train_point *row,
                             size_t n, struct lx_plot_target *to, struct lx_err *err)
{
    const struct lx_study *s = &f->study;

    for (size_t i = 0; i < s->n_sections; i++)
        if (lx_plot_section(s, i, row, n, to, err) || lx_plot_rates(s, i, &f->rates, to, err))
            return err->code;
    return lx_plot_answers_map(s, to, err);
}

static enum lx_code read_and_draw(const char *dir, const struct lx_report_folder *f,
                                  struct lx_plot_target *to, struct lx_err *err)
{
    struct lx_buf path = {0};
    struct lx_train_point *row = NULL;
    size_t n = 0;
    enum lx_code code = LX_OK;

    if (path_of(dir, "train.csv", &path, err) ||
        (lx_fs_exists(path.text) && lx_rows_read_train(path.text, &f->study.rows, &row, &n, err)) ||
        lx_fs_mkdir(to->dir, err) || draw_all(f, row, n, to, err))
        code = err->code;
    free(row);
    lx_buf_free(&path);
    return code;
}

/* All figures, if they are wanted; what an earlier report has drawn and this one has not is taken away. */
static enum lx_code fill_plots(const char *dir, bool wanted, const struct lx_report_folder *f,
                               struct lx_plot_target *to, struct lx_err *err)
{
    size_t removed = 0;

    if ((wanted && read_and_draw(dir, f, to, err)) || lx_plot_sweep(to, &removed, err))
        return err->code;
    if (removed > 0)
        lx_log("%s: removed %zu figure%s of an earlier report", to->dir, removed,
               removed == 1 ? "" : "s");
    return LX_OK;
}

static enum lx_code write_plots(const char *dir, const struct lx_report_options *o,
                                const struct lx_report_folder *f, struct lx_err *err)
{
    struct lx_buf path = {0};
    struct lx_plot_target to = {.gnuplot = o->gnuplot ? o->gnuplot : "gnuplot", .paper = o->paper};
    struct lx_err ignored;
    enum lx_code code = path_of(dir, "plots", &path, err);

    to.dir = path.text;
    if (code != LX_OK || fill_plots(dir, !o->no_plots, f, &to, err)) {
        code = err->code;
        goto done;
    }
    if (to.n == 0)
        (void)!lx_fs_remove(path.text, &ignored); /* unless someone keeps something there */
    if (to.no_pdf)
        lx_log("warning: this %s has no pdfcairo, so there are SVG and PNG but no PDF "
               "(apt-get install gnuplot-nox)",
               to.gnuplot);
    if (to.missing)
        lx_log("warning: %s not found, so no pictures were drawn (apt-get install gnuplot-nox); "
               "scripts and data are in %s",
               to.gnuplot, path.text);
done:
    lx_plot_target_free(&to);
    lx_buf_free(&path);
    return code;
}

static enum lx_code load_defaults(const struct lx_report_options *o, struct lx_report_folder *f,
                                  struct lx_err *err)
{
    return o->defaults != NULL && f->config != NULL ? o->defaults(f->config, &f->usual, err)
                                                    : LX_OK;
}

/* Everything that a report writes, of a folder that is loaded. */
static enum lx_code write_all(const char *dir, const struct lx_report_options *o,
                              struct lx_report_folder *f, struct lx_err *err)
{
    lx_report_warn(f);
    if (load_costs(dir, f, err) || load_defaults(o, f, err))
        return err->code;
    for (int i = 0; i < N_TABLES; i++)
        if (write_table(dir, i, f, err))
            return err->code;
    if (write_plots(dir, o, f, err))
        return err->code;
    if (f->partial.brief != NULL)
        lx_log("%s: %s; missing: %s", dir, f->partial.brief, f->partial.missing);
    return LX_OK;
}

static enum lx_code write_text(const struct lx_report_folder *f, struct lx_buf *out,
                               struct lx_err *err)
{
    say_partial(f, &lx_grid_plain, "", "\n\n", out);
    if (lx_table_write(&f->study, &lx_grid_plain, out, err))
        return err->code;
    if (f->claims.n == 0)
        return LX_OK;
    lx_buf_add(out, "\n");
    return write_claims(f, &lx_grid_plain, out, err);
}

enum lx_code lx_report_make(const char *dir, const struct lx_report_options *o, struct lx_buf *text,
                            struct lx_err *err)
{
    static const struct lx_report_options defaults = {0};
    struct lx_report_folder f = {.dir = dir};
    struct lx_stale_report stale;
    enum lx_code code = LX_OK;

    lx_stale_watch(&stale, dir);
    if (lx_report_load(dir, &f, err) || lx_stale_begin(&stale, err) ||
        write_all(dir, o != NULL ? o : &defaults, &f, err) || lx_stale_end(&stale, err) ||
        (text != NULL && write_text(&f, text, err)))
        code = err->code;
    lx_report_unload(&f);
    return code;
}
