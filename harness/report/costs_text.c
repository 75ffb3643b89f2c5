/* The table of costs. Means only where it is read: a spread of times says what else the machine did. */
#include <math.h>
#include <string.h>

#include "report/report_tables.h"

static const double mib = 1024 * 1024;

static const char note[] =
    "Time and memory of the cells as runs.csv has them: facts of this machine and of what else it "
    "did, not of the experiment, so other runs differ. Mean over the seeds whose training did not "
    "diverge. Peak: largest resident memory of the process, evaluation included";

/* " Ran on A, B." after the note. */
static void machine(const struct lx_costs *c, struct lx_buf *out)
{
    for (size_t i = 0; i < c->n_cpus; i++) {
        lx_cell_text(out, i > 0 ? ", " : ". Ran on ");
        lx_cell_text(out, c->cpu[i]);
    }
    lx_cell_text(out, ".");
}

static void add_row(const struct lx_cost *c, struct lx_grid *g)
{
    struct lx_buf *cell;

    lx_grid_text(g, c->encoding);
    lx_grid_number(g, c->train_length > 0 ? c->train_length : (double)NAN, 0);
    lx_grid_number(g, c->parameters, 0);
    lx_grid_number(g, c->stats[LX_COST_TRAIN_SECONDS].mean, 1);
    lx_grid_number(g, c->stats[LX_COST_RATE].mean, 0);
    lx_grid_number(g, c->stats[LX_COST_EVAL_SECONDS].mean, 1);
    lx_grid_number(g, c->stats[LX_COST_PEAK].mean / mib, 1);
    cell = lx_grid_cell(g);
    if (c->ok < c->seeds)
        lx_cell_printf(cell, "%d of %d", c->ok, c->seeds);
    else
        lx_cell_printf(cell, "%d", c->seeds);
    lx_grid_put(g);
}

/* The items of one dataset, from `first` on; *next: the first of another. */
static enum lx_code write_dataset(const struct lx_costs *c, const struct lx_study *s, size_t first,
                                  size_t *next, const struct lx_grid_writer *w, struct lx_buf *out,
                                  struct lx_err *err)
{
    static const char *const heads[] = {"encoding", "trained at",   "parameters", "training s",
                                        "tokens/s", "evaluation s", "peak MiB",   "seeds"};
    struct lx_grid g = {.n_rows = 0};
    struct lx_buf caption = {0};
    enum lx_code code;

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        lx_grid_column(&g, heads[i], i > 0, 0);
    for (*next = first; *next < c->n && strcmp(c->item[*next].dataset, c->item[first].dataset) == 0;
         ++*next)
        add_row(&c->item[*next], &g);
    lx_cell_text(&caption, "Costs: ");
    lx_cell_text(&caption, c->item[first].dataset);
    lx_cell_text(&caption, ". ");
    lx_cell_text(&caption, note);
    machine(c, &caption);
    g.caption = lx_grid_keep(&g, &caption);
    lx_grid_label(&g, lx_study_name(s), "costs-", c->item[first].dataset);
    code = lx_grid_check(&g, err);
    if (code != LX_OK)
        goto done;
    if (!w->floats) {
        lx_buf_add(out, "\n## ");
        w->text(out, c->item[first].dataset);
        lx_buf_add(out, "\n\n");
    }
    w->table(out, &g);
done:
    lx_buf_free(&caption);
    lx_grid_free(&g);
    return code;
}

enum lx_code lx_costs_write(const struct lx_costs *c, const struct lx_study *s,
                            const struct lx_grid_writer *w, struct lx_buf *out, struct lx_err *err)
{
    struct lx_buf words = {0};

    if (!w->floats) {
        lx_buf_add(out, "# ");
        w->text(out, lx_study_name(s));
        lx_cell_text(&words, note);
        machine(c, &words);
        lx_buf_add(out, ": what it cost\n\n");
        if (!words.failed)
            w->cell(out, words.text);
        lx_buf_add(out, "\n");
        out->failed = out->failed || words.failed;
        lx_buf_free(&words);
    }
    for (size_t i = 0, next; i < c->n; i = next)
        if (write_dataset(c, s, i, &next, w, out, err))
            return err->code;
    return lx_buf_check(out, err);
}

enum lx_code lx_costs_data(const struct lx_costs *c, struct lx_buf *out, struct lx_err *err)
{
    static const char *const columns[] = {"dataset",
                                          "encoding",
                                          "train_length",
                                          "seeds",
                                          "seeds_ok",
                                          "parameters",
                                          "train_seconds_mean",
                                          "train_seconds_std",
                                          "tokens_per_second_mean",
                                          "tokens_per_second_std",
                                          "eval_seconds_mean",
                                          "eval_seconds_std",
                                          "peak_rss_bytes_mean",
                                          "peak_rss_bytes_std"};
    struct lx_grid g = {.n_rows = 0};
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        lx_grid_column(&g, columns[i], false, 0);
    for (size_t i = 0; i < c->n; i++) {
        const struct lx_cost *x = &c->item[i];

        lx_grid_text(&g, x->dataset);
        lx_grid_text(&g, x->encoding);
        lx_grid_data(&g, x->train_length > 0 ? x->train_length : (double)NAN);
        lx_grid_count(&g, x->seeds);
        lx_grid_count(&g, x->ok);
        lx_grid_data(&g, x->parameters);
        for (int m = 0; m < LX_COST_MEASURES; m++) {
            lx_grid_data(&g, x->stats[m].mean);
            lx_grid_data(&g, x->stats[m].sd);
        }
    }
    if (lx_grid_check(&g, err))
        code = err->code;
    else
        lx_grid_csv.table(out, &g);
    lx_grid_free(&g);
    return code != LX_OK ? code : lx_buf_check(out, err);
}
