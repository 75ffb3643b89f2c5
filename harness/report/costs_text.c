/* The table of costs, to read (Markdown, LaTeX) and for programs (CSV). Means only where it is read:
 * a spread of times says what else the machine did. */
#include <math.h>
#include <string.h>

#include "text/escape.h"
#include "study/costs.h"
#include "text/csvfile.h"

static const double MIB = 1024 * 1024;

static const char NOTE[] =
    "Time and memory of the cells as runs.csv has them: facts of this machine and of what else it "
    "did, not of the experiment, so other runs differ. Mean over the seeds whose training did not "
    "diverge. Peak: largest resident memory of the process, evaluation included";

struct format {
    const char *between, *none;
    void (*name)(struct lx_buf *, const char *);
};

static const struct format MARKDOWN = {" | ", "-", lx_escape_markdown};
static const struct format LATEX = {" & ", "--", lx_escape_tex};

static void number(const struct format *f, double v, int decimals, struct lx_buf *out)
{
    lx_buf_add(out, f->between);
    if (isfinite(v))
        lx_buf_printf(out, "%.*f", decimals, v);
    else
        lx_buf_add(out, f->none);
}

/* A row but for what begins and ends it. */
static void row(const struct format *f, const struct lx_cost *c, struct lx_buf *out)
{
    f->name(out, c->encoding);
    number(f, c->train_length > 0 ? c->train_length : (double)NAN, 0, out);
    number(f, c->parameters, 0, out);
    number(f, c->stats[LX_COST_TRAIN_SECONDS].mean, 1, out);
    number(f, c->stats[LX_COST_RATE].mean, 0, out);
    number(f, c->stats[LX_COST_EVAL_SECONDS].mean, 1, out);
    number(f, c->stats[LX_COST_PEAK].mean / MIB, 1, out);
    lx_buf_add(out, f->between);
    if (c->ok < c->seeds)
        lx_buf_printf(out, "%d of %d", c->ok, c->seeds);
    else
        lx_buf_printf(out, "%d", c->seeds);
}

static void machine(const struct lx_costs *c, void (*name)(struct lx_buf *, const char *),
                    struct lx_buf *out)
{
    for (size_t i = 0; i < c->n_cpus; i++) {
        lx_buf_add(out, i > 0 ? ", " : ". Ran on ");
        name(out, c->cpu[i]);
    }
    lx_buf_add(out, ".");
}

/* The items of one dataset stand together. */
static bool begins_dataset(const struct lx_costs *c, size_t i)
{
    return i == 0 || strcmp(c->item[i - 1].dataset, c->item[i].dataset) != 0;
}

enum lx_code lx_costs_markdown(const struct lx_costs *c, const struct lx_study *s,
                               struct lx_buf *out, struct lx_err *err)
{
    lx_buf_add(out, "# ");
    lx_escape_markdown(out, lx_rows_name(&s->rows, s->rows.row[0].experiment));
    lx_buf_printf(out, ": what it cost\n\n%s", NOTE);
    machine(c, lx_escape_markdown, out);
    lx_buf_add(out, "\n");
    for (size_t i = 0; i < c->n; i++) {
        if (begins_dataset(c, i)) {
            lx_buf_add(out, "\n## ");
            lx_escape_markdown(out, c->item[i].dataset);
            lx_buf_add(
                out,
                "\n\n| encoding | trained at | parameters | training s | tokens/s | "
                "evaluation s | peak MiB | seeds |\n|---|---:|---:|---:|---:|---:|---:|---:|\n");
        }
        lx_buf_add(out, "| ");
        row(&MARKDOWN, &c->item[i], out);
        lx_buf_add(out, " |\n");
    }
    return lx_buf_check(out, err);
}

enum lx_code lx_costs_latex(const struct lx_costs *c, struct lx_buf *out, struct lx_err *err)
{
    lx_buf_add(out, "% Needs \\usepackage{booktabs}.\n");
    for (size_t i = 0; i < c->n; i++) {
        if (begins_dataset(c, i)) {
            lx_buf_add(out, "\n\\begin{table}\n  \\centering\n  \\caption{Costs: ");
            lx_escape_tex(out, c->item[i].dataset);
            lx_buf_printf(out, ". %s", NOTE);
            machine(c, lx_escape_tex, out);
            lx_buf_add(out,
                       "}\n  \\begin{tabular}{lrrrrrrr}\n    \\toprule\n    encoding & trained "
                       "at & parameters & training s & tokens/s & evaluation s & peak MiB & "
                       "seeds \\\\\n    \\midrule\n");
        }
        lx_buf_add(out, "    ");
        row(&LATEX, &c->item[i], out);
        lx_buf_add(out, " \\\\\n");
        if (i + 1 == c->n || begins_dataset(c, i + 1))
            lx_buf_add(out, "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
    }
    return lx_buf_check(out, err);
}

enum lx_code lx_costs_csv(const struct lx_costs *c, struct lx_buf *out, struct lx_err *err)
{
    lx_buf_add(out, "dataset,encoding,train_length,seeds,seeds_ok,parameters,train_seconds_mean,"
                    "train_seconds_std,tokens_per_second_mean,tokens_per_second_std,"
                    "eval_seconds_mean,eval_seconds_std,peak_rss_bytes_mean,peak_rss_bytes_std\n");
    for (size_t i = 0; i < c->n; i++) {
        const struct lx_cost *x = &c->item[i];

        lx_csv_field(out, x->dataset);
        lx_buf_add(out, ",");
        lx_csv_field(out, x->encoding);
        lx_buf_add(out, ",");
        if (x->train_length > 0)
            lx_buf_printf(out, "%d", x->train_length);
        lx_buf_printf(out, ",%d,%d,", x->seeds, x->ok);
        lx_csv_number(out, x->parameters);
        for (int m = 0; m < LX_COST_MEASURES; m++) {
            lx_buf_add(out, ",");
            lx_csv_number(out, x->stats[m].mean);
            lx_buf_add(out, ",");
            lx_csv_number(out, x->stats[m].sd);
        }
        lx_buf_add(out, "\n");
    }
    return lx_buf_check(out, err);
}
