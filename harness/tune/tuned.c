/* The table of rates, read back; see tuned.h. */
#include "tune/tuned.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "system/fs.h"
#include "text/args.h"
#include "text/csvfile.h"

enum column {
    DATASET,
    MODE,
    ENCODING,
    STATUS,
    CHOICE,
    TRAIN_LENGTH,
    EVAL_LENGTH,
    LR,
    ARRAY_LR,
    NLL,
    N_COLUMNS
};

static const char *const column_names[N_COLUMNS] = {
    "dataset",      "mode",        "encoding", "status",   "choice",
    "train_length", "eval_length", "lr",       "array_lr", "nll"};

struct reader {
    struct lx_csv csv;
    size_t at[N_COLUMNS];
};

static const char *field(const struct reader *r, size_t row, enum column c)
{
    return lx_csv_at(&r->csv, row, r->at[c]);
}

static enum lx_code open_columns(struct reader *r, struct lx_err *err)
{
    for (int c = 0; c < N_COLUMNS; c++) {
        int at = lx_csv_column(&r->csv, column_names[c]);

        if (at < 0)
            return lx_fail(err, LX_EFORMAT, "has no column %s", column_names[c]);
        r->at[c] = (size_t)at;
    }
    return LX_OK;
}

static enum lx_code read_row(const struct reader *r, size_t i, struct lx_tuned_row *x,
                             struct lx_err *err)
{
    x->dataset = field(r, i, DATASET);
    x->mode = field(r, i, MODE);
    x->encoding = field(r, i, ENCODING);
    x->nll = strcmp(field(r, i, STATUS), "diverged") == 0 ? (double)INFINITY : (double)NAN;
    if (lx_args_count(field(r, i, TRAIN_LENGTH), "train_length", 1, &x->train_length, err) ||
        lx_args_count(field(r, i, EVAL_LENGTH), "eval_length", 1, &x->eval_length, err) ||
        lx_args_number(field(r, i, LR), "lr", 0, &x->lr, err) ||
        lx_args_number(field(r, i, ARRAY_LR), "array_lr", 0, &x->array_lr, err) ||
        (strcmp(field(r, i, STATUS), "ok") == 0 &&
         lx_args_number(field(r, i, NLL), "nll", 0, &x->nll, err))) {
        err->code = LX_EFORMAT;
        return lx_wrap(err, "row %zu", i + 1);
    }
    return LX_OK;
}

static struct lx_rates_encoding *item_of(struct lx_rates *r, const char *encoding)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->item[i].encoding, encoding) == 0)
            return &r->item[i];
    return NULL;
}

static size_t rows_of(const struct lx_tuned *t, const char *encoding)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_rows; i++)
        n += strcmp(t->row[i].encoding, encoding) == 0;
    return n;
}

/* The mean over the datasets at the training length. */
static double score(const struct lx_tuned *t, const char *encoding, const struct lx_rate_try *at)
{
    double sum = 0;
    int n = 0;

    for (size_t i = 0; i < t->n_rows; i++) {
        const struct lx_tuned_row *x = &t->row[i];

        if (strcmp(x->encoding, encoding) == 0 && lx_rate_same(x->lr, at->lr) &&
            lx_rate_same(x->array_lr, at->array_lr) && lx_rates_mode(x->mode) &&
            x->eval_length == x->train_length) {
            sum += x->nll;
            n++;
        }
    }
    return n > 0 ? sum / n : (double)NAN;
}

/* The try of a row, and whether it was chosen. */
static enum lx_code add_try(struct lx_tuned *t, const struct lx_tuned_row *x, const char *choice,
                            struct lx_err *err)
{
    struct lx_rates_encoding *e = item_of(&t->rates, x->encoding);
    size_t at;

    if (e == NULL) {
        size_t most = rows_of(t, x->encoding);

        e = &t->rates.item[t->rates.n++];
        *e = (struct lx_rates_encoding){.encoding = x->encoding, .best = SIZE_MAX};
        if (lx_arena_get(&t->arena, most, sizeof(*e->try), &e->try, "rates", err))
            return err->code;
    }
    at = lx_rate_find(e->try, e->n, x->lr, x->array_lr);
    if (at == e->n) {
        e->try[e->n] = (struct lx_rate_try){x->lr, x->array_lr, (double)NAN};
        e->try[e->n].nll = score(t, x->encoding, &e->try[e->n]);
        e->n++;
    }
    if (strcmp(choice, "best") == 0 || strcmp(choice, "edge") == 0) {
        e->best = at;
        e->edge = choice[0] == 'e';
    }
    return LX_OK;
}

static enum lx_code read_table(struct lx_tuned *t, const char *path, struct lx_err *err)
{
    struct reader r;

    if (lx_csv_read(path, &t->arena, &r.csv, err))
        return err->code;
    t->n_rows = r.csv.n_rows;
    if (open_columns(&r, err) ||
        lx_arena_get(&t->arena, t->n_rows + 1, sizeof(*t->row), &t->row, "rates", err) ||
        lx_arena_get(&t->arena, t->n_rows + 1, sizeof(*t->rates.item), &t->rates.item, "rates",
                     err))
        return lx_wrap(err, "%s", path);
    for (size_t i = 0; i < t->n_rows; i++)
        if (read_row(&r, i, &t->row[i], err))
            return lx_wrap(err, "%s", path);
    for (size_t i = 0; i < t->n_rows; i++)
        if (add_try(t, &t->row[i], field(&r, i, CHOICE), err))
            return lx_wrap(err, "%s", path);
    if (t->rates.n > 0)
        lx_rates_find_common(&t->rates);
    return LX_OK;
}

enum lx_code lx_tuned_read_file(struct lx_tuned *t, const char *path, struct lx_err *err)
{
    *t = (struct lx_tuned){.rates = {.common = (double)NAN}};
    return read_table(t, path, err);
}

enum lx_code lx_tuned_read(struct lx_tuned *t, const char *dir, struct lx_err *err)
{
    const char *path;

    *t = (struct lx_tuned){.rates = {.common = (double)NAN}};
    if (lx_arena_format(&t->arena, &path, err, "%s/" LX_TUNE_FOLDER "/" LX_TUNE_TABLE, dir))
        return err->code;
    return lx_fs_exists(path) ? read_table(t, path, err) : LX_OK;
}

void lx_tuned_free(struct lx_tuned *t)
{
    lx_arena_free(&t->arena);
    *t = (struct lx_tuned){.n_rows = 0};
}

enum lx_code lx_tuned_find_file(const char *from, struct lx_arena *arena, const char **path,
                                struct lx_err *err)
{
    enum lx_fs_kind kind;

    *path = from;
    if (lx_fs_look_at(from, &kind, err))
        return err->code;
    if (kind != LX_FS_FOLDER)
        return LX_OK;
    if (lx_arena_format(arena, path, err, "%s/" LX_TUNE_TABLE, from))
        return err->code;
    return lx_fs_exists(*path)
               ? LX_OK
               : lx_arena_format(arena, path, err, "%s/" LX_TUNE_FOLDER "/" LX_TUNE_TABLE, from);
}

const struct lx_rates_encoding *lx_tuned_find(const struct lx_tuned *t, const char *encoding)
{
    size_t n = strcspn(encoding, "[");

    for (size_t i = 0; i < t->rates.n; i++) {
        const struct lx_rates_encoding *e = &t->rates.item[i];

        if (strlen(e->encoding) == n && strncmp(e->encoding, encoding, n) == 0)
            return e->best < e->n ? e : NULL;
    }
    return NULL;
}

/* The dataset to read; NULL: it is not there. */
static const char *dataset_of(const struct lx_tuned *t, const char *wanted)
{
    const char *first = t->n_rows > 0 ? t->row[0].dataset : NULL;
    bool one = true;

    if (wanted == NULL)
        return first;
    for (size_t i = 0; i < t->n_rows; i++) {
        if (strcmp(t->row[i].dataset, wanted) == 0)
            return wanted;
        one = one && strcmp(t->row[i].dataset, first) == 0;
    }
    return one ? first : NULL;
}

double lx_tuned_try_nll(const struct lx_tuned *t, const struct lx_rates_encoding *e, size_t at,
                        const struct lx_tuned_place *place)
{
    for (size_t i = 0; at < e->n && i < t->n_rows; i++) {
        const struct lx_tuned_row *x = &t->row[i];

        if (strcmp(x->encoding, e->encoding) == 0 && lx_rate_same(x->lr, e->try[at].lr) &&
            lx_rate_same(x->array_lr, e->try[at].array_lr) &&
            strcmp(x->dataset, place->dataset) == 0 && strcmp(x->mode, place->mode) == 0 &&
            x->train_length == place->train_length && x->eval_length == place->eval_length)
            return x->nll;
    }
    return (double)NAN;
}

double lx_tuned_nll(const struct lx_tuned *t, const char *encoding,
                    const struct lx_tuned_place *place, int side)
{
    const struct lx_rates_encoding *e = lx_tuned_find(t, encoding);
    struct lx_tuned_place at = *place;

    at.dataset = dataset_of(t, place->dataset);
    if (e == NULL || at.dataset == NULL)
        return (double)NAN;
    return lx_tuned_try_nll(t, e, side == 0 ? e->best : lx_rate_beside(e->try, e->n, e->best, side),
                            &at);
}
