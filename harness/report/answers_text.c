/* Tables of answers; see report_tables.h. */

#include <math.h>
#include <stdio.h>

#include "report/report_tables.h"
#include "stats/wilson.h"
#include "text/format.h"

/* The interval that is shown: over seeds from the lowest to the highest, for one seed Wilson's at 95%. */
static bool interval(const struct lx_study *s, const struct lx_learned *l, double *lo, double *hi)
{
    const struct lx_row *r = &s->rows.row[l->group->first];
    double n;

    *lo = l->stats.min;
    *hi = l->stats.max;
    if (l->stats.n > 1)
        return true;
    if (l->seeds > 1 || !(r->stderr_value > 0))
        return false;
    n = lx_wilson_trials(r->value, r->stderr_value);
    lx_wilson(r->value * n, n, 1.959963984540054, lo, hi);
    return true;
}

static void add_status(const struct lx_group *g, struct lx_buf *cell)
{
    static const char *const notes[LX_ROW_STATUSES] = {"", "n/a", "oom", "diverged"};
    enum lx_report_status status = lx_group_status(g);

    lx_cell_text(cell, notes[status]);
    if (g->count[status] < g->n)
        lx_cell_printf(cell, " (%d of %d)", g->count[status], g->n);
}

/* The mean over the seeds that count, its interval, and how many did not learn. */
static void add_cell(const struct lx_study *s, const struct lx_learned *l, bool ranges, bool best,
                     struct lx_grid *g)
{
    struct lx_buf *cell = lx_grid_cell(g);
    char mean[24], sd[24] = "";
    double lo, hi;

    if (l->group == NULL) {
        lx_cell_symbol(cell, LX_NONE);
    } else if (lx_group_status(l->group) != LX_ROW_OK) {
        add_status(l->group, cell);
    } else if (l->gated && l->learned == 0) {
        lx_cell_text(cell, "not learned");
    } else {
        (void)snprintf(mean, sizeof(mean), "%.2f", l->stats.mean);
        if (isfinite(l->stats.sd))
            (void)snprintf(sd, sizeof(sd), "%.2f", l->stats.sd);
        lx_cell_estimate(cell, mean, sd, best);
        if (ranges && interval(s, l, &lo, &hi))
            lx_cell_printf(cell, " (%.2f to %.2f)", lo, hi);
        if (l->gated && l->learned < l->seeds)
            lx_cell_printf(cell, " learned: %d of %d", l->learned, l->seeds);
    }
    lx_grid_put(g);
}

static void add_head(const struct lx_study *s, size_t section, int length, struct lx_grid *g)
{
    const struct lx_section *sec = &s->section[section];
    struct lx_buf head = {0};
    char multiple[24];

    lx_format_multiple(length, sec->train_length, multiple);
    lx_cell_multiple(&head, multiple);
    lx_cell_printf(&head, " (n=%d)", lx_study_size(s, section, length));
    lx_grid_column(g, lx_grid_keep(g, &head), true, 0);
    lx_buf_free(&head);
}

/* The columns of a row before its numbers, or their heads: the name, and the rate where rates differ. */
static void add_names(const struct lx_study *s, struct lx_grid *g)
{
    lx_grid_column(g, "encoding", false, 0);
    if (lx_study_rates_differ(s))
        lx_grid_column(g, "rate", true, 0);
}

static void add_name(const struct lx_study *s, size_t series, struct lx_grid *g)
{
    char rate[48];

    lx_grid_text(g, s->series[series].label);
    if (!lx_study_rates_differ(s))
        return;
    lx_series_rate_text(&s->series[series], rate);
    lx_grid_text(g, rate);
}

/* A metric of a section: series by lengths, and what a guess has. */
struct block {
    const char *metric, *chance, *title;
    bool holds; /* a last column: how far exact match holds */
};

static const struct block blocks[] = {
    {"exact_match", "exact_match_chance",
     "Exact match: share of examples whose whole answer is right", true},
    {"token_accuracy", "token_accuracy_chance",
     "Token accuracy: share of right answer tokens, each after the true ones before it", false}};

static enum lx_code add_series(const struct lx_study *s, size_t section, const struct block *b,
                               const int *length, size_t n, struct lx_grid *g, struct lx_err *err)
{
    double most[64];

    for (size_t c = 0; c < n && c < 64; c++) {
        most[c] = (double)-INFINITY;
        for (size_t i = 0; i < s->n_series; i++) {
            struct lx_learned l;

            if (lx_study_learned(s, section, i, b->metric, length[c], &l, err))
                return err->code;
            most[c] = l.stats.n > 0 ? fmax(most[c], l.stats.mean) : most[c];
        }
    }
    for (size_t i = 0; i < s->n_series; i++) {
        if (!lx_study_has(s, section, i))
            continue;
        add_name(s, i, g);
        for (size_t c = 0; c < n; c++) {
            struct lx_learned l;

            if (lx_study_learned(s, section, i, b->metric, length[c], &l, err))
                return err->code;
            add_cell(s, &l, true, c < 64 && l.stats.mean > most[c] - 0.005, g);
        }
        if (b->holds) {
            double reach = lx_study_reach(s, section, i);

            lx_cell_printf(lx_grid_cell(g), reach > 0 ? "%.3gx" : "no", reach);
            lx_grid_put(g);
        }
    }
    return LX_OK;
}

static void add_chance(const struct lx_study *s, size_t section, const struct block *b,
                       const int *length, size_t n, struct lx_grid *g)
{
    lx_grid_rule(g);
    lx_grid_text(g, "chance");
    if (lx_study_rates_differ(s))
        lx_grid_text(g, "");
    for (size_t c = 0; c < n; c++)
        lx_grid_number(g, lx_study_chance(s, section, b->chance, length[c]), 2);
    if (b->holds)
        lx_grid_text(g, "");
}

/* What is said before the first table of a section. */
static const char gate_note[] =
    "beyond 1x over the seeds that learned the task, which is at least 0.9 of exact match at 1x; "
    "chance: the best constant answer";

static void lead(const struct lx_section *sec, const struct block *b, bool first,
                 struct lx_buf *out)
{
    lx_cell_text(out, b->title);
    lx_cell_text(out, sec->seeds_max > 1 ? "; mean, deviation (lowest to highest seed)"
                                         : " (95% interval over examples)");
    if (first) {
        lx_cell_text(out, "; ");
        lx_cell_text(out, gate_note);
    }
}

static enum lx_code write_grid(struct lx_grid *g, struct lx_buf *words,
                               const struct lx_grid_writer *w, struct lx_buf *out,
                               struct lx_err *err)
{
    g->padded = g->marked = true;
    if (w->floats)
        g->caption = lx_grid_keep(g, words);
    if (lx_grid_check(g, err) || lx_buf_check(words, err))
        return err->code;
    if (!w->floats) {
        lx_buf_add(out, "\n");
        w->cell(out, words->text);
        lx_buf_add(out, w == &lx_grid_markdown ? ":\n\n" : "\n\n");
    }
    w->table(out, g);
    return LX_OK;
}

static enum lx_code write_block(const struct lx_study *s, size_t section, const struct block *b,
                                const struct lx_grid_writer *w, struct lx_buf *out,
                                struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    struct lx_grid g = {.n_rows = 0};
    struct lx_buf words = {0};
    enum lx_code code;
    int *length;
    size_t n;

    code = lx_study_asked(s, section, &g.arena, &length, &n, err);
    if (code != LX_OK)
        goto done;
    add_names(s, &g);
    for (size_t c = 0; c < n; c++)
        add_head(s, section, length[c], &g);
    if (b->holds)
        lx_grid_column(&g, "0.9 up to", true, 0);
    code = add_series(s, section, b, length, n, &g, err);
    if (code != LX_OK)
        goto done;
    add_chance(s, section, b, length, n, &g);
    if (w->floats) {
        lx_cell_text(&words, sec->title);
        lx_cell_text(&words, "; ");
        lx_cell_text(&words, sec->detail);
        lx_cell_text(&words, ". ");
    }
    lead(sec, b, b == blocks, &words);
    code = write_grid(&g, &words, w, out, err);
done:
    lx_buf_free(&words);
    lx_grid_free(&g);
    return code;
}

enum lx_code lx_answers_write(const struct lx_study *s, size_t section,
                              const struct lx_grid_writer *w, struct lx_buf *out,
                              struct lx_err *err)
{
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
        if (write_block(s, section, &blocks[i], w, out, err))
            return err->code;
    return LX_OK;
}

/* Exact match of a series at twice the trained size, if it learned the task; NaN: it did not, or was not
 * asked. */
static enum lx_code at_twice(const struct lx_study *s, size_t section, size_t series,
                             struct lx_learned *out, double *value, struct lx_err *err)
{
    *value = (double)NAN;
    if (lx_study_learned(s, section, series, "exact_match", 2 * s->section[section].train_length,
                         out, err))
        return err->code;
    if (out->group != NULL && lx_group_status(out->group) == LX_ROW_OK && out->stats.n > 0)
        *value = out->stats.mean;
    return LX_OK;
}

/* 1/place of a series among those that learned the task; ties share the mean of their places. */
static enum lx_code reciprocal_rank(const struct lx_study *s, size_t section, size_t series,
                                    double *out, struct lx_err *err)
{
    struct lx_learned l;
    double own, better = 0, equal = 0;

    if (at_twice(s, section, series, &l, &own, err))
        return err->code;
    for (size_t i = 0; i < s->n_series; i++) {
        double v;

        if (at_twice(s, section, i, &l, &v, err))
            return err->code;
        better += v > own;
        equal += !(v < own) && !(v > own) && !isnan(v);
    }
    *out = isnan(own) ? (double)NAN : 1 / (better + (equal + 1) / 2);
    return LX_OK;
}

static bool asks_twice(const struct lx_study *s, size_t section)
{
    return lx_study_asks(s, section) &&
           lx_study_size(s, section, 2 * s->section[section].train_length) > 0;
}

static enum lx_code add_overall_row(const struct lx_study *s, size_t series, struct lx_grid *g,
                                    struct lx_err *err)
{
    double sum = 0, ranks = 0;
    int tasks = 0;

    add_name(s, series, g);
    for (size_t i = 0; i < s->n_sections; i++) {
        struct lx_learned l;
        double v = 0, rank = 0;

        if (!asks_twice(s, i))
            continue;
        if (reciprocal_rank(s, i, series, &rank, err) || at_twice(s, i, series, &l, &v, err))
            return err->code;
        add_cell(s, &l, false, false, g);
        if (isnan(v))
            continue;
        sum += v;
        ranks += rank;
        tasks++;
    }
    lx_grid_count(g, tasks);
    lx_grid_number(g, sum / tasks, 2);
    lx_grid_number(g, ranks / tasks, 2);
    return LX_OK;
}

enum lx_code lx_answers_overall(const struct lx_study *s, const struct lx_grid_writer *w,
                                struct lx_buf *out, struct lx_err *err)
{
    struct lx_grid g = {.n_rows = 0};
    struct lx_buf words = {0};
    enum lx_code code = LX_OK;
    int tasks = 0;

    add_names(s, &g);
    for (size_t i = 0; i < s->n_sections; i++)
        if (asks_twice(s, i)) {
            lx_grid_column(&g, lx_rows_name(&s->rows, s->section[i].dataset), true, 0);
            tasks++;
        }
    lx_grid_column(&g, "learned", true, 0);
    lx_grid_column(&g, "mean", true, 0);
    lx_grid_column(&g, "1/rank", true, 0);
    for (size_t i = 0; i < s->n_series && tasks > 1 && code == LX_OK; i++)
        code = add_overall_row(s, i, &g, err);
    lx_cell_text(&words,
                 "All tasks: exact match at 2x over the seeds that learned the task. learned: "
                 "tasks that any seed did; mean and mean reciprocal rank over these alone, so "
                 "that encodings with other counts are not compared on the same tasks. Ties "
                 "share the mean of their places");
    if (code == LX_OK && tasks > 1) {
        if (!w->floats)
            lx_buf_add(out, w == &lx_grid_markdown ? "\n## All tasks\n" : "\n");
        code = write_grid(&g, &words, w, out, err);
    }
    lx_buf_free(&words);
    lx_grid_free(&g);
    return code;
}

static enum lx_code add_data_row(const struct lx_study *s, size_t section, size_t series,
                                 int length, struct lx_grid *g, struct lx_err *err)
{
    static const char *const metrics[] = {"exact_match", "token_accuracy", "end_accuracy",
                                          "answer_nll"};
    static const char *const chances[] = {"exact_match_chance", "token_accuracy_chance",
                                          "nll_chance"};
    const struct lx_section *sec = &s->section[section];
    struct lx_learned l;
    enum lx_report_status status = LX_ROW_OK;

    lx_grid_text(g, lx_rows_name(&s->rows, sec->dataset));
    lx_grid_text(g, lx_rows_name(&s->rows, sec->split));
    lx_grid_count(g, sec->train_length);
    lx_grid_text(g, lx_rows_name(&s->rows, s->series[series].encoding));
    lx_grid_text(g, lx_rows_name(&s->rows, s->series[series].evaluated_as));
    lx_grid_count(g, length);
    lx_grid_count(g, lx_study_size(s, section, length));
    for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
        if (lx_study_learned(s, section, series, metrics[m], length, &l, err))
            return err->code;
        if (m == 0) {
            status = lx_group_status(l.group);
            lx_grid_count(g, l.seeds);
            lx_grid_count(g, l.learned);
        }
        lx_grid_data(g, l.stats.n > 0 ? l.stats.mean : (double)NAN);
        lx_grid_data(g, l.stats.n > 0 ? l.stats.sd : (double)NAN);
        lx_grid_data(g, l.stats.n > 0 ? l.stats.min : (double)NAN);
        lx_grid_data(g, l.stats.n > 0 ? l.stats.max : (double)NAN);
    }
    for (size_t m = 0; m < sizeof(chances) / sizeof(chances[0]); m++)
        lx_grid_data(g, lx_study_chance(s, section, chances[m], length));
    lx_grid_text(g, lx_report_status_name(status));
    if (lx_study_rates_differ(s)) {
        lx_grid_data(g, s->series[series].lr);
        lx_grid_data(g, s->series[series].array_lr);
    }
    return LX_OK;
}

static enum lx_code add_data(const struct lx_study *s, size_t section, struct lx_grid *g,
                             struct lx_err *err)
{
    int *length;
    size_t n;

    if (lx_study_asked(s, section, &g->arena, &length, &n, err))
        return err->code;
    for (size_t i = 0; i < s->n_series; i++)
        for (size_t c = 0; c < n; c++) {
            struct lx_learned l;

            if (lx_study_learned(s, section, i, "exact_match", length[c], &l, err) ||
                (l.group != NULL && add_data_row(s, section, i, length[c], g, err)))
                return err->code;
        }
    return LX_OK;
}

enum lx_code lx_answers_data(const struct lx_study *s, struct lx_buf *out, struct lx_err *err)
{
    static const char *const heads[] = {"dataset",  "split",        "train_length",
                                        "encoding", "evaluated_as", "eval_length",
                                        "size",     "seeds",        "seeds_learned"};
    static const char *const metrics[] = {"exact_match", "token_accuracy", "end_accuracy",
                                          "answer_nll"};
    static const char *const parts[] = {"mean", "std", "min", "max"};
    static const char *const tail[] = {"exact_match_chance", "token_accuracy_chance", "nll_chance",
                                       "status"};
    struct lx_grid g = {.n_rows = 0};
    enum lx_code code = LX_OK;
    char name[48];

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        lx_grid_column(&g, heads[i], false, 0);
    for (size_t m = 0; m < 4; m++)
        for (size_t k = 0; k < 4; k++) {
            (void)snprintf(name, sizeof(name), "%s_%s", metrics[m], parts[k]);
            lx_grid_column(&g, name, false, 0);
        }
    for (size_t i = 0; i < sizeof(tail) / sizeof(tail[0]); i++)
        lx_grid_column(&g, tail[i], false, 0);
    if (lx_study_rates_differ(s)) {
        lx_grid_column(&g, "lr", false, 0);
        lx_grid_column(&g, "array_lr", false, 0);
    }
    for (size_t i = 0; i < s->n_sections && code == LX_OK; i++)
        if (lx_study_asks(s, i))
            code = add_data(s, i, &g, err);
    if (code != LX_OK || lx_grid_check(&g, err))
        code = err->code;
    else
        lx_grid_csv.table(out, &g);
    lx_grid_free(&g);
    return code != LX_OK ? code : lx_buf_check(out, err);
}
