/* Tuning, wave by wave; see tuning.h. */
#include "run/tuning.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_tune.h"
#include "core/log.h"
#include "experiment/merge.h"
#include "record/register.h"
#include "report/report.h"
#include "store/cell_files.h"
#include "text/csvfile.h"
#include "tune/rate_search.h"
#include "tune/tuned.h"

/* The search for one encoding. */
struct item {
    size_t encoding;
    struct lx_rate_search search;
    struct lx_rate_try *try; /* (n) in the order they were asked for */
    size_t n, room;
};

struct tuning {
    const struct lx_config *c;
    struct lx_arena arena;
    const char *dir, *label; /* DIR/tune; how messages call the config of a wave */
    struct item *item;       /* (n) */
    size_t n;
    /* The wave at hand: tries of all items, one after the other. */
    struct lx_tune_rate *rate; /* (n_rates) */
    size_t n_rates;
    struct lx_buf text; /* its config */
    struct lx_experiment wave;
    size_t n_cells, n_done;
    bool open;
};

static void close_wave(struct tuning *t)
{
    if (t->open)
        lx_experiment_close(&t->wave);
    t->open = false;
}

static void close_tuning(struct tuning *t)
{
    close_wave(t);
    lx_buf_free(&t->text);
    lx_arena_free(&t->arena);
}

/* ---------------------------------------------------------------------------------- the search */

static enum lx_code open_item(struct tuning *t, size_t encoding, struct lx_err *err)
{
    const struct lx_config *c = t->c;
    struct item *i = &t->item[t->n++];
    double own = lx_config_train(&c->variants[0], &c->encodings[encoding]).array_lr;
    bool other = c->tuning.array_lr > 0 && isnan(c->encodings[encoding].array_lr) &&
                 (c->tuning.array_lr < own || c->tuning.array_lr > own);
    size_t least;

    i->encoding = encoding;
    i->search = (struct lx_rate_search){.start = c->tuning.start,
                                        .lowest = c->tuning.lowest,
                                        .reach = c->tuning.reach,
                                        .array_lr = own,
                                        .other = other ? c->tuning.array_lr : 0};
    lx_rate_bounds(&i->search, &least, &i->room);
    return lx_arena_get(&t->arena, i->room, sizeof(*i->try), &i->try, "rates", err);
}

/* Ask what comes next; false: nothing does. */
static bool extend(struct item *i)
{
    struct lx_rate_try next[LX_RATE_NEXT];
    size_t n = lx_rate_next(&i->search, i->try, i->n, next);

    for (size_t k = 0; k < n && i->n < i->room; k++)
        i->try[i->n++] = next[k];
    return n > 0;
}

static enum lx_code open_tuning(struct tuning *t, const struct lx_config *c, const char *dir,
                                struct lx_err *err)
{
    size_t most = 0;

    *t = (struct tuning){.c = c};
    if (lx_arena_format(&t->arena, &t->dir, err, "%s/" LX_TUNE_FOLDER, dir) ||
        lx_arena_format(&t->arena, &t->label, err, "%s, tuning", c->file) ||
        lx_arena_get(&t->arena, c->n_encodings, sizeof(*t->item), &t->item, "rates", err))
        return err->code;
    for (size_t e = 0; e < c->n_encodings; e++)
        if (lx_tune_asks(c, e)) {
            if (open_item(t, e, err))
                return err->code;
            most += t->item[t->n - 1].room;
            (void)extend(&t->item[t->n - 1]);
        }
    return lx_arena_get(&t->arena, most, sizeof(*t->rate), &t->rate, "rates", err);
}

/* ------------------------------------------------------------------------------------ the cells */

/* The config, the plan and the ids of the tries at hand. */
static enum lx_code open_wave(struct tuning *t, struct lx_err *err)
{
    close_wave(t);
    lx_buf_clear(&t->text);
    t->n_rates = 0;
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->item[i].n; k++)
            t->rate[t->n_rates++] = (struct lx_tune_rate){t->item[i].encoding, t->item[i].try[k].lr,
                                                          t->item[i].try[k].array_lr};
    if (lx_tune_write_wave(t->c, t->rate, t->n_rates, &t->text, err))
        return err->code;
    t->open = true;
    if (lx_experiment_open_text(&t->wave, t->text.text, t->text.len, t->label, t->dir, err))
        return err->code;
    return lx_plan_resolve_all(&t->wave.plan, err);
}

enum { MODE, METRIC, LENGTH, LAYER, HEAD, LO, HI, VALUE, STATUS, N_FIELDS };

/* The fields of a row that say what it is; false: metrics.csv lacks one. */
static bool find_fields(const struct lx_csv *csv, size_t field[N_FIELDS])
{
    static const char *const names[N_FIELDS] = {"mode",        "metric", "eval_length",
                                                "layer",       "head",   "position_lo",
                                                "position_hi", "value",  "status"};

    for (int i = 0; i < N_FIELDS; i++) {
        int column = lx_csv_column(csv, names[i]);

        if (column < 0)
            return false;
        field[i] = (size_t)column;
    }
    return true;
}

/* The NLL that rates are chosen by: infinite where it diverged, NaN where there is none. */
static double find_score(const struct lx_csv *csv, bool asks, int length)
{
    const char *mode = asks ? "answers" : "last", *metric = asks ? "answer_nll" : "nll";
    size_t field[N_FIELDS];
    char text[24];
    const char *const want[N_FIELDS] = {mode, metric, text, "", "", "", "", NULL, NULL};

    (void)snprintf(text, sizeof(text), "%d", length);
    if (!find_fields(csv, field))
        return (double)NAN;
    for (size_t r = 0; r < csv->n_rows; r++) {
        bool all = true;

        for (int i = 0; i < N_FIELDS && all; i++)
            all = want[i] == NULL || strcmp(lx_csv_at(csv, r, field[i]), want[i]) == 0;
        if (all && strcmp(lx_csv_at(csv, r, field[STATUS]), "ok") == 0)
            return strtod(lx_csv_at(csv, r, field[VALUE]), NULL);
        if (all && strcmp(lx_csv_at(csv, r, field[STATUS]), "diverged") == 0)
            return (double)INFINITY;
    }
    return (double)NAN;
}

static enum lx_code read_score(const struct tuning *t, const struct lx_cell *cell, double *out,
                               struct lx_err *err)
{
    struct lx_cell_files f;
    struct lx_arena arena = {0};
    struct lx_csv csv = {0};
    const struct lx_buf *text = &f.text[LX_CELL_METRICS];
    bool asks = cell->v->eval.modes[LX_MODE_ANSWERS];
    enum lx_code code = LX_OK;

    *out = (double)NAN;
    if (lx_cell_read(t->dir, cell->id, &f, err) ||
        lx_csv_parse(text->text, text->len, cell->label, &arena, &csv, err)) {
        code = err->code;
        goto done;
    }
    *out = find_score(&csv, asks, cell->v->train.length);
    if (isnan(*out))
        code = lx_fail(err, LX_EDATA, "%s: %s: no NLL at the training length in mode %s", t->dir,
                       cell->label, asks ? "answers" : "last");
done:
    lx_arena_free(&arena);
    lx_cell_free(&f);
    return code;
}

/* Whether a cell is done. One that is broken is made again; one that cannot be read is an error. */
static enum lx_code look(const struct tuning *t, const struct lx_cell *cell, bool *done,
                         struct lx_err *err)
{
    char note[400] = "";

    *done = false;
    if (lx_cell_check(t->dir, cell->id, done, note, err) == LX_OK)
        return LX_OK;
    return err->code == LX_EIO || err->code == LX_ENOMEM ? err->code : LX_OK;
}

/* The mean over datasets of try number `at` of the wave; NaN until all of them are there. */
static enum lx_code read_try(struct tuning *t, size_t at, double *nll, struct lx_err *err)
{
    const struct lx_plan *p = &t->wave.plan;
    double sum = 0;

    for (size_t k = 0; k < p->n; k++) {
        double one = (double)NAN;
        bool done;

        if (p->cells[k].encoding != at)
            continue;
        if (look(t, &p->cells[k], &done, err))
            return err->code;
        if (done) {
            t->n_done++;
            if (read_score(t, &p->cells[k], &one, err))
                return err->code;
        }
        sum += one;
    }
    *nll = sum / (double)t->wave.config.n_datasets;
    return LX_OK;
}

/* Take over what is done. */
static enum lx_code read_wave(struct tuning *t, struct lx_err *err)
{
    size_t at = 0;

    t->n_cells = t->wave.plan.n;
    t->n_done = 0;
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->item[i].n; k++, at++) {
            if (read_try(t, at, &t->item[i].try[k].nll, err))
                return err->code;
            /* schemes that learn nothing have nothing to multiply a rate of */
            if (t->wave.plan.cells[at].scheme_parameters == 0)
                t->item[i].search.other = 0;
        }
    return LX_OK;
}

/* Go on to the first wave that has something to run; *settled: there is none. */
static enum lx_code advance(struct tuning *t, bool *settled, struct lx_err *err)
{
    *settled = false;
    while (!*settled) {
        bool more = false;

        if (open_wave(t, err) || read_wave(t, err))
            return err->code;
        if (t->n_done < t->n_cells)
            return LX_OK;
        for (size_t i = 0; i < t->n; i++)
            more = extend(&t->item[i]) || more;
        *settled = !more;
    }
    return LX_OK;
}

/* ---------------------------------------------------------------------------------- what it gave */

static enum lx_code write_found(struct tuning *t, struct lx_buf *out, struct lx_err *err)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct item *x = &t->item[i];
        const struct lx_rate_try *best = &x->try[lx_rate_best(x->try, x->n)];

        t->rate[i] = (struct lx_tune_rate){x->encoding, best->lr, best->array_lr};
    }
    return lx_tune_write_found(t->c, t->rate, t->n, out, err);
}

static void tell(const struct tuning *t)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct item *x = &t->item[i];
        const struct lx_rate_try *best = &x->try[lx_rate_best(x->try, x->n)];
        char array_lr[60] = "";

        if (best->array_lr < 1 || best->array_lr > 1)
            (void)snprintf(array_lr, sizeof(array_lr), ", array_lr %g", best->array_lr);
        lx_log("tuned: %s: lr %g%s (nll %.4f, %zu rates)", t->c->encodings[x->encoding].trained.id,
               best->lr, array_lr, best->nll, x->n);
    }
}

static enum lx_code report(const struct tuning *t, struct lx_run_options *o, struct lx_err *err)
{
    struct lx_report_options plots = {.no_plots = o->plots == LX_RUN_NO,
                                      .paper = o->style == LX_RUN_PAPER,
                                      .defaults = lx_config_defaults};
    struct lx_merged merged;

    if (lx_merge(t->dir, o->pack, &merged, err))
        return err->code;
    return merged.n_done > 0 ? lx_report_make(t->dir, &plots, NULL, err) : LX_OK;
}

/* Nothing but chance keeps what rates were chosen on apart from what they are judged on. */
static void tell_split(const struct lx_config *c)
{
    if (lx_json_find(c->tune, "dataset") == NULL && c->tuning.split == c->variants[0].eval.split)
        lx_log("rates are chosen on the %s split, which the study is evaluated on, too: give "
               "tune.split, eval.split or tune.dataset to keep them apart",
               lx_split_name((enum lx_split)c->tuning.split));
}

static enum lx_code run_wave(struct tuning *t, struct lx_run_options *o,
                             const struct lx_launcher *launcher, struct lx_err *err)
{
    bool queued = false;
    struct lx_err later;
    enum lx_code code = LX_OK;

    if (lx_run_start(o, launcher, &t->wave, lx_experiment_save, err) ||
        lx_run_launch(o, launcher, &t->wave, &queued, err))
        code = err->code;
    if (code == LX_EPARTIAL && report(t, o, &later) != LX_OK)
        lx_log_error(&later);
    return code;
}

static enum lx_code run(struct tuning *t, struct lx_run_options *o,
                        const struct lx_launcher *launcher, struct lx_err *err)
{
    bool settled = false;

    if (advance(t, &settled, err))
        return err->code;
    if (!settled)
        tell_split(t->c);
    while (!settled) {
        size_t before = t->n_done;

        lx_log("tuning: %zu cells to run now, %zu are done; %s has them", t->n_cells - t->n_done,
               t->n_done, t->dir);
        if (run_wave(t, o, launcher, err) || advance(t, &settled, err))
            return err->code;
        if (!settled && t->n_done <= before)
            return lx_fail(err, LX_EPARTIAL, "%s: cells are missing, and tuning cannot go on",
                           t->dir);
    }
    /* what was done may be that of another order of the same rates */
    if (lx_run_start(o, launcher, &t->wave, lx_experiment_save, err) || report(t, o, err))
        return err->code;
    tell(t);
    lx_log("rates: %s/tune.md, .tex, .csv", t->dir);
    return LX_OK;
}

enum lx_code lx_tuning_run(const struct lx_config *c, const char *dir, struct lx_run_options *o,
                           const struct lx_launcher *launcher, struct lx_buf *found,
                           struct lx_err *err)
{
    struct tuning t;
    enum lx_code code = LX_OK;

    if (o->no_wait)
        return lx_fail(err, LX_EUSAGE,
                       "--no-wait: must go without rates to find, which takes several waves");
    if (lx_config_tune_table(c, err))
        return err->code;
    if (open_tuning(&t, c, dir, err) || lx_register_claims(c, dir, err) ||
        run(&t, o, launcher, err) || write_found(&t, found, err))
        code = err->code;
    close_tuning(&t);
    return code;
}

enum lx_code lx_tuning_look(const struct lx_config *c, const char *dir, struct lx_tuning_state *out,
                            struct lx_err *err)
{
    struct tuning t;
    enum lx_code code = LX_OK;

    *out = (struct lx_tuning_state){.settled = false};
    if (open_tuning(&t, c, dir, err) || advance(&t, &out->settled, err) ||
        (out->settled && write_found(&t, &out->text, err)))
        code = err->code;
    out->n_done = t.n_done;
    out->n_now = t.n_cells - t.n_done;
    for (size_t i = 0; i < t.n && !out->settled; i++) {
        size_t least, most, datasets = t.n_rates > 0 ? t.n_cells / t.n_rates : 1;

        lx_rate_bounds(&t.item[i].search, &least, &most);
        out->least += least > t.item[i].n ? (least - t.item[i].n) * datasets : 0;
        out->most += most > t.item[i].n ? (most - t.item[i].n) * datasets : 0;
    }
    if (code == LX_OK && !out->settled)
        lx_buf_addn(&out->text, t.text.text, t.text.len);
    close_tuning(&t);
    return code == LX_OK ? lx_buf_check(&out->text, err) : code;
}
