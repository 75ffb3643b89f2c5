/* Tables and figure of a benchmark; see bench_report.h. Only the rows are looked at, so what is
 * written here can be made again from bench.csv. */
#include "bench/bench_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/log.h"
#include "figure/figure.h"
#include "figure/style.h"
#include "system/fs.h"
#include "text/csvfile.h"

enum column {
    WORKLOAD,
    MODE,
    ENCODING,
    KIND,
    LENGTH,
    BATCH,
    RATE,
    GFLOPS,
    GEMM,
    FRACTION,
    PEAK,
    PROGRAM,
    CORE,
    LOOPS,
    LIMIT,
    OF_LIMIT,
    N
};

static const char *const NAMES[N] = {"workload",
                                     "mode",
                                     "encoding",
                                     "kind",
                                     "length",
                                     "batch",
                                     "tokens_per_second",
                                     "gflops",
                                     "sgemm_gflops",
                                     "fraction_of_sgemm",
                                     "peak_rss_bytes",
                                     "implementation",
                                     "blas_core",
                                     "simd",
                                     "peak_gflops",
                                     "fraction_of_peak"};

static const char FULL[] = "full";
static const double MIB = 1024 * 1024;

/* The workloads that are measured at any length: a table and a figure each. */
struct sweep {
    const char *workload; /* and the name of the figure */
    const char *heading, *title, *note, *xlabel;
};

static const struct sweep SWEEPS[] = {
    {"length", "The tiny model evaluated, with entropy, against length",
     "Evaluation of the tiny model: speed and memory against length",
     "entropy measured; passes of at least 4096 tokens", "evaluation length (tokens)"},
    {"train_length", "The tiny model trained, against length",
     "Training of the tiny model: speed and memory against length", "steps of at least 4096 tokens",
     "training length (tokens)"},
};
enum { N_SWEEPS = sizeof(SWEEPS) / sizeof(SWEEPS[0]) };
static const struct sweep *const TRAINING = &SWEEPS[1];

struct bench {
    struct lx_csv csv;
    int at[N]; /* columns of the CSV */
    int width; /* of the longest name of an encoding */
    struct lx_arena arena;
};

static const char *text_of(const struct bench *b, size_t row, enum column c)
{
    return lx_csv_at(&b->csv, row, (size_t)b->at[c]);
}

/* NaN where the case failed. */
static double value_of(const struct bench *b, size_t row, enum column c)
{
    const char *text = text_of(b, row, c);

    return text[0] != '\0' ? strtod(text, NULL) : (double)NAN;
}

static bool is(const struct bench *b, size_t row, enum column c, const char *what)
{
    return strcmp(text_of(b, row, c), what) == 0;
}

static bool is_sweep(const struct bench *b, size_t row)
{
    for (int i = 0; i < N_SWEEPS; i++)
        if (is(b, row, WORKLOAD, SWEEPS[i].workload))
            return true;
    return false;
}

static enum lx_code load(struct bench *b, const struct lx_buf *rows, struct lx_err *err)
{
    if (lx_csv_parse(rows->text, rows->len, "bench.csv", &b->arena, &b->csv, err))
        return err->code;
    for (int c = 0; c < N; c++) {
        b->at[c] = lx_csv_column(&b->csv, NAMES[c]);
        if (b->at[c] < 0)
            return lx_fail(err, LX_EFORMAT, "bench.csv: has no column %s", NAMES[c]);
    }
    b->width = 12;
    for (size_t i = 0; i < b->csv.n_rows; i++) {
        int n = (int)strlen(text_of(b, i, ENCODING));

        b->width = n > b->width ? n : b->width;
    }
    return LX_OK;
}

/* The row of the same workload, encoding and length in another mode; csv.n_rows: none. */
static size_t partner(const struct bench *b, size_t row, bool full)
{
    size_t k = 0;

    while (k < b->csv.n_rows &&
           (is(b, k, MODE, FULL) != full || !is(b, k, WORKLOAD, text_of(b, row, WORKLOAD)) ||
            !is(b, k, ENCODING, text_of(b, row, ENCODING)) ||
            !is(b, k, LENGTH, text_of(b, row, LENGTH))))
        k++;
    return k;
}

/* The first row of this workload at the same length, in the same mode: what the others of it are
 * compared with. */
static size_t first_of(const struct bench *b, size_t row)
{
    size_t k = 0;

    while (!is(b, k, WORKLOAD, text_of(b, row, WORKLOAD)) ||
           !is(b, k, MODE, text_of(b, row, MODE)) || !is(b, k, LENGTH, text_of(b, row, LENGTH)))
        k++;
    return k;
}

/* ---------------------------------------------------------------------------------- table */

static void number(struct lx_buf *out, const char *form_width, double v, int decimals)
{
    int width = (int)strlen(form_width);

    if (isfinite(v))
        lx_buf_printf(out, " %*.*f |", width, decimals, v);
    else
        lx_buf_printf(out, " %*s |", width, "-");
}

/* The column of encodings: a name, and the rule under its head. */
static void name(const struct bench *b, const char *text, struct lx_buf *out)
{
    lx_buf_printf(out, " %-*s |", b->width, text);
}

static void name_rule(const struct bench *b, struct lx_buf *out)
{
    for (int i = -2; i < b->width; i++)
        lx_buf_add(out, "-");
    lx_buf_add(out, "|");
}

static void workload_table(const struct bench *b, struct lx_buf *out)
{
    bool head = false;

    for (size_t i = 0; i < b->csv.n_rows; i++) {
        struct lx_buf shape = {0};

        if (is_sweep(b, i) || !is(b, i, MODE, FULL))
            continue;
        if (!head) {
            lx_buf_add(out, "\n| workload |");
            name(b, "encoding", out);
            lx_buf_add(
                out,
                "     T x B | tokens/s | GFLOP/s | of sgemm |  of FMA | peak MiB | to first |\n"
                "|----------|");
            name_rule(b, out);
            lx_buf_add(
                out,
                "----------:|---------:|--------:|---------:|--------:|---------:|---------:|\n");
        }
        head = true;
        lx_buf_printf(&shape, "%s x %s", text_of(b, i, LENGTH), text_of(b, i, BATCH));
        lx_buf_printf(out, "| %-8s |", text_of(b, i, WORKLOAD));
        name(b, text_of(b, i, ENCODING), out);
        lx_buf_printf(out, " %9s |", shape.failed ? "" : shape.text);
        number(out, "tokens/s", value_of(b, i, RATE), 0);
        number(out, "GFLOP/s", value_of(b, i, GFLOPS), 1);
        number(out, "of sgemm", value_of(b, i, FRACTION), 3);
        number(out, " of FMA", value_of(b, i, OF_LIMIT), 3);
        number(out, "peak MiB", value_of(b, i, PEAK) / MIB, 1);
        number(out, "to first", value_of(b, i, RATE) / value_of(b, first_of(b, i), RATE), 3);
        lx_buf_add(out, "\n");
        lx_buf_free(&shape);
    }
}

static void statistics_table(const struct bench *b, struct lx_buf *out)
{
    bool head = false;

    for (size_t i = 0; i < b->csv.n_rows; i++) {
        size_t with = partner(b, i, true);

        if (is(b, i, MODE, FULL) || with == b->csv.n_rows)
            continue;
        if (!head) {
            lx_buf_add(out, "\nEvaluation with and without the entropy of every row of attention, "
                            "tokens/s:\n\n| workload |");
            name(b, "encoding", out);
            lx_buf_add(out, "     with |  without |   cost % |\n|----------|");
            name_rule(b, out);
            lx_buf_add(out, "---------:|---------:|---------:|\n");
        }
        head = true;
        lx_buf_printf(out, "| %-8s |", text_of(b, i, WORKLOAD));
        name(b, text_of(b, i, ENCODING), out);
        number(out, "    with", value_of(b, with, RATE), 0);
        number(out, " without", value_of(b, i, RATE), 0);
        number(out, "  cost %", 100 * (value_of(b, i, RATE) / value_of(b, with, RATE) - 1), 1);
        lx_buf_add(out, "\n");
    }
}

static void length_table(const struct bench *b, const struct sweep *sweep, struct lx_buf *out)
{
    bool head = false;

    for (size_t i = 0; i < b->csv.n_rows; i++) {
        if (!is(b, i, WORKLOAD, sweep->workload))
            continue;
        if (!head) {
            lx_buf_printf(out, "\n%s:\n\n|", sweep->heading);
            name(b, "encoding", out);
            lx_buf_add(
                out,
                "   length | tokens/s | GFLOP/s | of sgemm |  of FMA | peak MiB | to first |\n|");
            name_rule(b, out);
            lx_buf_add(out, "---------:|---------:|--------:|---------:|--------:|---------:|"
                            "---------:|\n");
        }
        head = true;
        lx_buf_add(out, "|");
        name(b, text_of(b, i, ENCODING), out);
        lx_buf_printf(out, " %8s |", text_of(b, i, LENGTH));
        number(out, "tokens/s", value_of(b, i, RATE), 0);
        number(out, "GFLOP/s", value_of(b, i, GFLOPS), 1);
        number(out, "of sgemm", value_of(b, i, FRACTION), 3);
        number(out, " of FMA", value_of(b, i, OF_LIMIT), 3);
        number(out, "peak MiB", value_of(b, i, PEAK) / MIB, 1);
        number(out, "to first", value_of(b, i, RATE) / value_of(b, first_of(b, i), RATE), 3);
        lx_buf_add(out, "\n");
    }
}

/* A scheme that extrapolates may be trained at half the length: what that saves. The first encoding
 * at L beside every one at 2L. */
static void half_table(const struct bench *b, struct lx_buf *out)
{
    size_t n = b->csv.n_rows, first = 0;
    bool head = false;

    while (first < n && !is(b, first, WORKLOAD, TRAINING->workload))
        first++;
    for (size_t i = first; i < n; i++)
        for (size_t k = first; k < n; k++) {
            if (!is(b, i, WORKLOAD, TRAINING->workload) ||
                !is(b, k, WORKLOAD, TRAINING->workload) ||
                !is(b, i, ENCODING, text_of(b, first, ENCODING)) ||
                !(value_of(b, k, LENGTH) == 2 * value_of(b, i, LENGTH)))
                continue;
            if (!head) {
                lx_buf_printf(out,
                              "\n%s trained at L beside training at 2L, for use at 2L. Faster: "
                              "tokens/s at L over those at 2L. Memory: the peak at L over that "
                              "at 2L.\n\n|        L |",
                              text_of(b, first, ENCODING));
                name(b, "at 2L", out);
                lx_buf_add(out, "       2L | faster % | memory % |\n|---------:|");
                name_rule(b, out);
                lx_buf_add(out, "---------:|---------:|---------:|\n");
            }
            head = true;
            lx_buf_printf(out, "| %8s |", text_of(b, i, LENGTH));
            name(b, text_of(b, k, ENCODING), out);
            lx_buf_printf(out, " %8s |", text_of(b, k, LENGTH));
            number(out, "faster %", 100 * (value_of(b, i, RATE) / value_of(b, k, RATE) - 1), 1);
            number(out, "memory %", 100 * (value_of(b, i, PEAK) / value_of(b, k, PEAK) - 1), 1);
            lx_buf_add(out, "\n");
        }
}

/* The yardstick itself moves when a machine is shared: its range says how quiet it was. */
static void introduce(const struct bench *b, const char *machine, struct lx_buf *out)
{
    double lo = (double)INFINITY, hi = 0, limit = 0;
    size_t done = 0; /* a row of a case that did not fail */

    for (size_t i = 0; i < b->csv.n_rows; i++) {
        double v = value_of(b, i, GEMM);

        lo = fmin(lo, v);
        hi = fmax(hi, v);
        limit = fmax(limit, value_of(b, i, LIMIT));
    }
    lx_buf_printf(out, "# Speed on one core of %s\n\n", machine);
    while (done < b->csv.n_rows && is(b, done, CORE, ""))
        done++;
    if (done < b->csv.n_rows)
        lx_buf_printf(out, "%s, products by %s, inner loops %s. ", text_of(b, done, PROGRAM),
                      text_of(b, done, CORE), text_of(b, done, LOOPS));
    if (hi > 0)
        lx_buf_printf(out,
                      "A product of 2048 x 2048 matrices, taken beside every case by the faster of "
                      "OpenBLAS's core types, ran at %.0f to %.0f GFLOP/s in this run, "
                      "multiply-adds in registers at up to %.0f. ",
                      lo, hi, limit);
    lx_buf_add(out,
               "T x B: tokens of a sequence x sequences. Of sgemm, of FMA: GFLOP/s over those of "
               "the product and of multiply-adds.\nTo first: tokens/s over those of the first "
               "encoding of the same "
               "workload and length. Columns of bench.csv: `longshot bench --help` and "
               "results/README.md.\n");
}

/* --------------------------------------------------------------------------------- figure */

/* NULL: none of that name. */
static struct lx_curve *curve_of(const struct lx_panel *p, const char *label)
{
    for (size_t k = 0; k < p->n_curves; k++)
        if (strcmp(p->curve[k].series->label, label) == 0)
            return &p->curve[k];
    return NULL;
}

/* One curve an encoding, in the order of the rows. */
static enum lx_code find_curves(struct bench *b, const struct sweep *sweep, struct lx_panel *p,
                                struct lx_err *err)
{
    size_t n = b->csv.n_rows;
    struct lx_series *series;

    if (lx_arena_get(&b->arena, n + 1, sizeof(*series), &series, "curves", err) ||
        lx_arena_get(&b->arena, n + 1, sizeof(*p->curve), &p->curve, "curves", err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        size_t k = p->n_curves;

        if (!is(b, i, WORKLOAD, sweep->workload) || curve_of(p, text_of(b, i, ENCODING)) != NULL)
            continue;
        series[k] = (struct lx_series){.look = lx_style_look(text_of(b, i, ENCODING), series, k)};
        series[k].label = lx_arena_text(&b->arena, text_of(b, i, ENCODING));
        p->curve[k].series = &series[k];
        if (series[k].label == NULL ||
            lx_arena_get(&b->arena, n, sizeof(struct lx_point), &p->curve[k].point, "points", err))
            return lx_fail(err, LX_ENOMEM, "out of memory");
        p->n_curves++;
    }
    return LX_OK;
}

static int by_x(const void *pa, const void *pb)
{
    double a = ((const struct lx_point *)pa)->x, b = ((const struct lx_point *)pb)->x;

    return (a > b) - (a < b);
}

/* Points of one measure, and the axis with a tic at every length. */
static enum lx_code fill_panel(struct bench *b, const struct sweep *sweep, enum column measure,
                               double unit, struct lx_panel *p, struct lx_err *err)
{
    struct lx_tic *tic;

    if (find_curves(b, sweep, p, err) ||
        lx_arena_get(&b->arena, b->csv.n_rows + 1, sizeof(*tic), &tic, "tics", err))
        return err->code;
    p->x = p->y = LX_AXIS_LOG;
    p->y_cap = p->mark = (double)NAN;
    p->symbol_every = 1;
    p->xlabel = sweep->xlabel;
    p->x_min = (double)INFINITY;
    p->tic = tic;
    for (size_t i = 0; i < b->csv.n_rows; i++) {
        double x = value_of(b, i, LENGTH), y = value_of(b, i, measure) / unit;
        struct lx_curve *c = curve_of(p, text_of(b, i, ENCODING));
        size_t t = 0;

        if (c == NULL || !is(b, i, WORKLOAD, sweep->workload))
            continue;
        c->point[c->n++] =
            (struct lx_point){.x = x, .y = y, .lo = y, .hi = y, .n = 1, .status = LX_ROW_OK};
        while (t < p->n_tics && !(tic[t].at == x))
            t++;
        if (t == p->n_tics)
            tic[p->n_tics++] = (struct lx_tic){x, text_of(b, i, LENGTH)};
        p->x_min = fmin(p->x_min, x * 0.9);
        p->x_max = fmax(p->x_max, x * 1.1);
    }
    for (size_t k = 0; k < p->n_curves; k++)
        qsort(p->curve[k].point, p->curve[k].n, sizeof(struct lx_point), by_x);
    return LX_OK;
}

static enum lx_code draw(struct bench *b, const struct sweep *sweep, const char *dir,
                         const struct lx_bench_report_options *o, struct lx_err *err)
{
    const char *gnuplot = o->gnuplot != NULL ? o->gnuplot : "gnuplot";
    struct lx_plot_target to = {.dir = dir, .gnuplot = o->no_plots ? NULL : gnuplot};
    struct lx_figure f = {.name = sweep->workload,
                          .title = sweep->title,
                          .note = lx_arena_printf(&b->arena, "%s; %s", o->machine, sweep->note),
                          .legend_title = "tokens/s at the longest",
                          .n_panels = 2};

    if (f.note == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (fill_panel(b, sweep, RATE, 1, &f.panel[0], err) ||
        fill_panel(b, sweep, PEAK, MIB, &f.panel[1], err))
        return err->code;
    f.panel[0].ylabel = "tokens/s, one core";
    f.panel[1].ylabel = "peak memory of the process (MiB)";
    /* The two panels know a curve by its series. */
    for (size_t k = 0; k < f.panel[1].n_curves; k++)
        f.panel[1].curve[k].series = f.panel[0].curve[k].series;
    if (!lx_figure_has_points(&f))
        return lx_plot_drop(&to, f.name, err); /* one of an earlier run would be of other rows */
    if (lx_figure_save(&f, &to, err)) {
        lx_plot_target_free(&to);
        return err->code;
    }
    lx_plot_target_free(&to);
    if (to.missing)
        lx_log("warning: %s is not installed: no pictures, only %s/%s.gp and its data", gnuplot,
               dir, f.name);
    return LX_OK;
}

enum lx_code lx_bench_save(const char *dir, const char *name, const struct lx_buf *text,
                           struct lx_err *err)
{
    struct lx_buf path = {0};
    enum lx_code code = LX_OK;

    lx_buf_printf(&path, "%s/%s", dir, name);
    if (lx_buf_check(&path, err) || lx_buf_check(text, err) ||
        lx_fs_write(path.text, text->text, text->len, err))
        code = err->code;
    lx_buf_free(&path);
    return code;
}

enum lx_code lx_bench_report(const struct lx_buf *rows, const char *dir,
                             const struct lx_bench_report_options *o, struct lx_err *err)
{
    struct bench b = {.at = {0}};
    struct lx_buf text = {0};
    enum lx_code code = lx_bench_save(dir, "bench.csv", rows, err);

    if (code == LX_OK)
        code = load(&b, rows, err);
    if (code == LX_OK) {
        introduce(&b, o->machine, &text);
        workload_table(&b, &text);
        statistics_table(&b, &text);
        for (int i = 0; i < N_SWEEPS; i++)
            length_table(&b, &SWEEPS[i], &text);
        half_table(&b, &text);
        code = lx_bench_save(dir, "bench.md", &text, err);
    }
    for (int i = 0; i < N_SWEEPS && code == LX_OK; i++)
        code = draw(&b, &SWEEPS[i], dir, o, err);
    lx_buf_free(&text);
    lx_arena_free(&b.arena);
    return code;
}
