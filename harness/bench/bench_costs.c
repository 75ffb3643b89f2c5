/* Costs of stacks by pairs; see bench_costs.h. */
#include "bench/bench_costs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench_report.h"
#include "text/csvfile.h"

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct lx_bench_cost lx_bench_cost_of(const double *first, const double *second, int n)
{
    struct lx_bench_cost c = {.seconds = (double)INFINITY, .of_first = (double)INFINITY};
    double ratio[LX_BENCH_PAIRS_MAX];

    for (int k = 0; k < n; k++) {
        ratio[k] = second[k] / first[k];
        c.seconds = fmin(c.seconds, second[k]);
        c.of_first = fmin(c.of_first, first[k]);
    }
    qsort(ratio, (size_t)n, sizeof(ratio[0]), by_size);
    c.least = ratio[0];
    c.most = ratio[n - 1];
    c.ratio = (ratio[(n - 1) / 2] + ratio[n / 2]) / 2;
    return c;
}

enum lx_code lx_bench_cost_measure(const struct lx_bench_case *c,
                                   const struct lx_bench_stack *first, int n,
                                   struct lx_bench_cost *out, struct lx_err *err)
{
    struct lx_bench_case both[2] = {*c, *c};
    double seconds[2][LX_BENCH_PAIRS_MAX];

    both[0].stack = *first;
    for (int k = 0; k < 2 * n; k++) {
        int which = (k + k / 2) % 2; /* 0 1, 1 0, 0 1 ... */

        if (lx_bench_spawn_processor(&both[which], &seconds[which][k / 2], err))
            return err->code;
    }
    *out = lx_bench_cost_of(seconds[0], seconds[1], n);
    return LX_OK;
}

const char lx_bench_costs_header[] =
    "workload,kind,length,first,encoding,pairs,ratio,least,most,first_seconds,seconds\n";

void lx_bench_cost_row(const struct lx_bench_case *c, const struct lx_bench_stack *first, int n,
                       const struct lx_bench_cost *cost, struct lx_buf *out)
{
    lx_buf_printf(out, "%s,%s,%d,", c->shape.name, c->shape.training ? "train" : "eval",
                  c->shape.length);
    lx_csv_field(out, first->id);
    lx_buf_add(out, ",");
    lx_csv_field(out, c->stack.id);
    lx_buf_printf(out, ",%d,", n);
    if (cost == NULL)
        lx_buf_add(out, ",,,,\n");
    else
        lx_buf_printf(out, "%.3f,%.3f,%.3f,%.4f,%.4f\n", cost->ratio, cost->least, cost->most,
                      cost->of_first, cost->seconds);
}

/* ----------------------------------------------------------------------------------- the report */

/* A workload's column of ratios: the cell of one encoding, "-" where it was not measured. */
static const char *ratio_of(const struct lx_csv *csv, const char *workload, const char *encoding)
{
    size_t name = (size_t)lx_csv_column(csv, "workload");
    size_t of = (size_t)lx_csv_column(csv, "encoding");

    for (size_t i = 0; i < csv->n_rows; i++)
        if (strcmp(lx_csv_at(csv, i, name), workload) == 0 &&
            strcmp(lx_csv_at(csv, i, of), encoding) == 0 &&
            lx_csv_at(csv, i, (size_t)lx_csv_column(csv, "ratio"))[0] != '\0')
            return lx_csv_at(csv, i, (size_t)lx_csv_column(csv, "ratio"));
    return "-";
}

/* Whether row i is the first with its text in that column. */
static bool is_new(const struct lx_csv *csv, size_t i, size_t column)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(lx_csv_at(csv, k, column), lx_csv_at(csv, i, column)) == 0)
            return false;
    return true;
}

static void write_table(const struct lx_csv *csv, const char *machine, struct lx_buf *out)
{
    size_t name = (size_t)lx_csv_column(csv, "workload");
    size_t of = (size_t)lx_csv_column(csv, "encoding");

    lx_buf_printf(out,
                  "Processor time of a pass beside that of `%s` (1 is equal): the median of pairs "
                  "of runs in turn, on one core of\n%s, %s\n\n| encoding |",
                  lx_csv_at(csv, 0, (size_t)lx_csv_column(csv, "first")), machine,
                  "version " LX_VERSION ".");
    for (size_t i = 0; i < csv->n_rows; i++)
        if (is_new(csv, i, name))
            lx_buf_printf(out, " %s (%s, %s tokens) |", lx_csv_at(csv, i, name),
                          lx_csv_at(csv, i, (size_t)lx_csv_column(csv, "kind")),
                          lx_csv_at(csv, i, (size_t)lx_csv_column(csv, "length")));
    lx_buf_add(out, "\n|---|");
    for (size_t i = 0; i < csv->n_rows; i++)
        if (is_new(csv, i, name))
            lx_buf_add(out, "---:|");
    for (size_t i = 0; i < csv->n_rows; i++) {
        if (!is_new(csv, i, of))
            continue;
        lx_buf_printf(out, "\n| `%s` |", lx_csv_at(csv, i, of));
        for (size_t k = 0; k < csv->n_rows; k++)
            if (is_new(csv, k, name))
                lx_buf_printf(out, " %s |",
                              ratio_of(csv, lx_csv_at(csv, k, name), lx_csv_at(csv, i, of)));
    }
    lx_buf_add(out, "\n");
}

enum lx_code lx_bench_costs_report(const struct lx_buf *rows, const char *dir, const char *machine,
                                   struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_buf text = {0};
    struct lx_csv csv;
    enum lx_code code = LX_OK;

    if (lx_bench_save(dir, "costs.csv", rows, err) ||
        lx_csv_parse(rows->text, rows->len, "costs.csv", &arena, &csv, err)) {
        code = err->code;
    } else if (csv.n_rows > 0) {
        write_table(&csv, machine, &text);
        code = lx_bench_save(dir, "costs.md", &text, err);
    }
    lx_buf_free(&text);
    lx_arena_free(&arena);
    return code;
}
