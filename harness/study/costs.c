/* Reading runs.csv and grouping its cells; see costs.h. */
#include "study/costs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text/csvfile.h"

enum column {
    CELL,
    ENCODING,
    DATASET,
    STATUS,
    CPU,
    PARAMETERS,
    MEASURE,
    N = MEASURE + LX_COST_MEASURES
};

static const char *const namess[N] = {"cell",
                                      "encoding",
                                      "dataset",
                                      "status",
                                      "cpu",
                                      "parameters",
                                      [MEASURE + LX_COST_TRAIN_SECONDS] = "train_seconds",
                                      [MEASURE + LX_COST_RATE] = "tokens_per_second",
                                      [MEASURE + LX_COST_EVAL_SECONDS] = "eval_seconds",
                                      [MEASURE + LX_COST_PEAK] = "peak_rss_bytes"};

/* A row of the file, with what it is sorted by. */
struct run {
    const char *dataset, *encoding;
    size_t dataset_at; /* row in which the dataset comes first */
    size_t rank;       /* of the encoding in the config        */
    int train_length;
    bool ok;
    double parameters, measure[LX_COST_MEASURES];
};

struct reader {
    const char *path;
    struct lx_csv csv;
    size_t at[N];
};

static const char *text_of(const struct reader *r, size_t row, int column)
{
    return lx_csv_at(&r->csv, row, r->at[column]);
}

/* An empty field is a number that is not there. */
static enum lx_code number_of(const struct reader *r, size_t row, int column, double *out,
                              struct lx_err *err)
{
    const char *text = text_of(r, row, column);
    char *end;

    *out = strtod(text, &end);
    if (text[0] == '\0')
        *out = (double)NAN;
    else if (text[strspn(text, "+-.0123456789eE")] != '\0' || *end != '\0' || !isfinite(*out))
        return lx_fail(err, LX_EFORMAT, "%s: row %zu: %s: must be a finite number, got \"%.40s\"",
                       r->path, row + 1, namess[column], text);
    return LX_OK;
}

static enum lx_code open_columns(struct reader *r, struct lx_arena *arena, struct lx_err *err)
{
    if (lx_csv_read(r->path, arena, &r->csv, err))
        return err->code;
    for (int c = 0; c < N; c++) {
        int at = lx_csv_column(&r->csv, namess[c]);

        if (at < 0)
            return lx_fail(err, LX_EFORMAT, "%s: has no column %s", r->path, namess[c]);
        r->at[c] = (size_t)at;
    }
    return LX_OK;
}

/* (names) training length by the name id of a cell, 0: not a cell. */
static enum lx_code lengths_of(const struct lx_study *s, struct lx_arena *arena, int **out,
                               struct lx_err *err)
{
    if (lx_arena_get(arena, s->rows.names.n + 1, sizeof(**out), out, "cells", err))
        return err->code;
    for (size_t i = 0; i < s->rows.n; i++)
        if (s->rows.row[i].cell >= 0)
            (*out)[s->rows.row[i].cell] = s->rows.row[i].train_length;
    return LX_OK;
}

static size_t rank_of(const struct lx_study *s, const char *encoding)
{
    int id = lx_intern_find(&s->rows.names, encoding);
    size_t i = 0;

    while (i < s->n_series && (id < 0 || s->series[i].encoding != id))
        i++;
    return i;
}

static enum lx_code read_run(const struct reader *r, size_t row, const struct lx_study *s,
                             const int *length, struct run *out, struct lx_err *err)
{
    int cell = lx_intern_find(&s->rows.names, text_of(r, row, CELL));

    *out = (struct run){.dataset = text_of(r, row, DATASET),
                        .encoding = text_of(r, row, ENCODING),
                        .train_length = cell >= 0 && length[cell] > 0 ? length[cell] : -1,
                        .ok = strcmp(text_of(r, row, STATUS), "ok") == 0};
    out->rank = rank_of(s, out->encoding);
    while (strcmp(text_of(r, out->dataset_at, DATASET), out->dataset) != 0)
        out->dataset_at++;
    if (number_of(r, row, PARAMETERS, &out->parameters, err))
        return err->code;
    for (int m = 0; m < LX_COST_MEASURES; m++)
        if (number_of(r, row, MEASURE + m, &out->measure[m], err))
            return err->code;
    return LX_OK;
}

static int compare_runs(const void *pa, const void *pb)
{
    const struct run *a = pa, *b = pb;

    if (a->dataset_at != b->dataset_at)
        return a->dataset_at < b->dataset_at ? -1 : 1;
    if (a->train_length != b->train_length)
        return a->train_length < b->train_length ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return strcmp(a->encoding, b->encoding);
}

/* The runs first .. first+n-1 are one item; v (n) is room for their numbers. */
static void summarize(const struct run *first, size_t n, double *v, struct lx_cost *out)
{
    *out = (struct lx_cost){.dataset = first->dataset,
                            .encoding = first->encoding,
                            .train_length = first->train_length,
                            .seeds = (int)n,
                            .parameters = first->parameters};
    for (size_t i = 0; i < n; i++)
        out->ok += first[i].ok;
    for (int m = 0; m < LX_COST_MEASURES; m++) {
        size_t k = 0;

        for (size_t i = 0; i < n; i++)
            if (first[i].ok && !isnan(first[i].measure[m]))
                v[k++] = first[i].measure[m];
        out->stats[m] = lx_stats_of(v, k);
    }
}

static enum lx_code find_cpus(const struct reader *r, struct lx_arena *arena, struct lx_costs *out,
                              struct lx_err *err)
{
    if (lx_arena_get(arena, r->csv.n_rows + 1, sizeof(*out->cpu), &out->cpu, "processors", err))
        return err->code;
    for (size_t i = 0; i < r->csv.n_rows; i++) {
        size_t k = 0;

        while (k < out->n_cpus && strcmp(out->cpu[k], text_of(r, i, CPU)) != 0)
            k++;
        if (k == out->n_cpus)
            out->cpu[out->n_cpus++] = text_of(r, i, CPU);
    }
    return LX_OK;
}

enum lx_code lx_costs_read(const char *path, const struct lx_study *s, struct lx_arena *arena,
                           struct lx_costs *out, struct lx_err *err)
{
    struct reader r = {.path = path};
    struct run *run;
    double *v;
    int *length;
    size_t n;

    *out = (struct lx_costs){.n = 0};
    if (open_columns(&r, arena, err))
        return err->code;
    n = r.csv.n_rows;
    if (lengths_of(s, arena, &length, err) || find_cpus(&r, arena, out, err) ||
        lx_arena_get(arena, n + 1, sizeof(*run), &run, "runs", err) ||
        lx_arena_get(arena, n + 1, sizeof(*v), &v, "runs", err) ||
        lx_arena_get(arena, n + 1, sizeof(*out->item), &out->item, "costs", err))
        return err->code;
    for (size_t i = 0; i < n; i++)
        if (read_run(&r, i, s, length, &run[i], err))
            return err->code;
    qsort(run, n, sizeof(*run), compare_runs);
    for (size_t i = 0, next; i < n; i = next) {
        next = i + 1;
        while (next < n && compare_runs(&run[i], &run[next]) == 0)
            next++;
        summarize(&run[i], next - i, v, &out->item[out->n++]);
    }
    return LX_OK;
}
