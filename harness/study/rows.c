/* Reading metrics.csv and train.csv. Columns are found by name, so their order is free and columns
 * that nothing here needs may be added; a column that is needed and missing is an error. */
#include "study/rows.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "system/fs.h"
#include "text/csvfile.h"

enum column {
    EXPERIMENT,
    CELL,
    ENCODING,
    EVALUATED_AS,
    DATASET,
    SPLIT,
    SEED,
    TRAIN_LENGTH,
    EVAL_LENGTH,
    MODE,
    STRIDE,
    METRIC,
    LAYER,
    HEAD,
    POSITION_LO,
    POSITION_HI,
    VALUE,
    STDERR,
    TOKENS,
    STATUS,
    PROTOCOL,
    COLUMNS
};

static const char *const column_names[COLUMNS] = {
    "experiment",   "cell",        "encoding", "evaluated_as", "dataset", "split",  "seed",
    "train_length", "eval_length", "mode",     "stride",       "metric",  "layer",  "head",
    "position_lo",  "position_hi", "value",    "stderr",       "tokens",  "status", "protocol"};

static const char *const status_names[LX_ROW_STATUSES] = {"ok", "not_applicable", "out_of_memory",
                                                          "diverged"};

/* Where a cell is: enough to read it and to blame it. */
struct place {
    const struct lx_csv *csv;
    const char *path;
    size_t row;
    const char *column;
    const char *text;
};

const char *lx_report_status_name(enum lx_report_status s)
{
    return status_names[s];
}

void lx_rows_free(struct lx_rows *r)
{
    lx_intern_free(&r->names);
    free(r->row);
    lx_arena_free(&r->arena);
    *r = (struct lx_rows){0};
}

const char *lx_rows_name(const struct lx_rows *r, int id)
{
    return id < 0 ? "" : r->names.text[id];
}

static enum lx_code find_columns(const struct lx_csv *csv, const char *path,
                                 const char *const *names, int n, size_t *at, struct lx_err *err)
{
    for (int c = 0; c < n; c++) {
        int found = lx_csv_column(csv, names[c]);
        if (found < 0)
            return lx_fail(err, LX_EFORMAT, "%s: the column '%s' is missing", path, names[c]);
        at[c] = (size_t)found;
    }
    return LX_OK;
}

static struct place place_of(const struct lx_csv *csv, const char *path, size_t row, size_t column)
{
    return (struct place){csv, path, row, csv->header[column], lx_csv_at(csv, row, column)};
}

/* The header is line 1, the first row line 2. */
static enum lx_code blame(const struct place *p, const char *rule, struct lx_err *err)
{
    return lx_fail(err, LX_EFORMAT, "%s: line %zu: %s: %s, got '%.60s'", p->path, p->row + 2,
                   p->column, rule, p->text);
}

/* A whole number of at least min; an empty cell is -1 where that is allowed. */
static enum lx_code get_int(const struct place *p, bool may_be_empty, int min, int *out,
                            struct lx_err *err)
{
    if (may_be_empty && p->text[0] == '\0') {
        *out = -1;
        return LX_OK;
    }
    char *end;
    errno = 0;
    long v = strtol(p->text, &end, 10);
    bool digits = p->text[0] >= '0' && p->text[0] <= '9';
    if (!digits || *end || errno || v < min || v > INT_MAX)
        return blame(p, min ? "must be a whole number of at least 1" : "must be a whole number",
                     err);
    *out = (int)v;
    return LX_OK;
}

static enum lx_code get_seed(const struct place *p, long long *out, struct lx_err *err)
{
    char *end;
    errno = 0;
    *out = strtoll(p->text, &end, 10);
    if (end == p->text || *end || errno || p->text[0] == ' ' || p->text[0] == '+')
        return blame(p, "must be a whole number", err);
    return LX_OK;
}

/* Decimal only: strtod would also take hexadecimal, "nan" and white space. */
static enum lx_code get_number(const struct place *p, double *out, struct lx_err *err)
{
    char *end;
    *out = strtod(p->text, &end);
    bool plain = p->text[0] != '\0' && p->text[strspn(p->text, "+-.0123456789eE")] == '\0';
    if (!plain || *end || !isfinite(*out))
        return blame(p, "must be a finite number", err);
    return LX_OK;
}

static enum lx_code get_name(const struct place *p, struct lx_intern *names, int *id,
                             struct lx_err *err)
{
    if (p->text[0] == '\0')
        return blame(p, "must not be empty", err);
    return lx_intern_add(names, p->text, id, err);
}

static enum lx_code get_status(const struct place *p, enum lx_report_status *out,
                               struct lx_err *err)
{
    for (int s = 0; s < LX_ROW_STATUSES; s++)
        if (strcmp(p->text, status_names[s]) == 0) {
            *out = (enum lx_report_status)s;
            return LX_OK;
        }
    return blame(p, "must be ok, diverged, not_applicable or out_of_memory", err);
}

static enum lx_code get_value(const struct place *p, struct lx_row *row, struct lx_err *err)
{
    row->value = (double)NAN;
    if (row->status == LX_ROW_OK)
        return get_number(p, &row->value, err);
    if (p->text[0] != '\0')
        return blame(p, "must be empty unless the status is ok", err);
    return LX_OK;
}

/* Empty where there is none; a standard error is never below 0. */
static enum lx_code get_stderr(const struct place *p, double *out, struct lx_err *err)
{
    *out = (double)NAN;
    if (p->text[0] == '\0')
        return LX_OK;
    if (get_number(p, out, err) != LX_OK)
        return err->code;
    return *out < 0 ? blame(p, "must be at least 0", err) : LX_OK;
}

static enum lx_code read_names(const struct place *at, struct lx_intern *names, struct lx_row *row,
                               struct lx_err *err)
{
    const struct {
        enum column column;
        int *id;
    } want[] = {{EXPERIMENT, &row->experiment},
                {CELL, &row->cell},
                {ENCODING, &row->encoding},
                {EVALUATED_AS, &row->evaluated_as},
                {DATASET, &row->dataset},
                {SPLIT, &row->split},
                {MODE, &row->mode},
                {METRIC, &row->metric},
                {PROTOCOL, &row->protocol}};
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        if (get_name(&at[want[i].column], names, want[i].id, err) != LX_OK)
            return err->code;
    return LX_OK;
}

static enum lx_code read_numbers(const struct place *at, struct lx_row *row, struct lx_err *err)
{
    const struct {
        enum column column;
        bool may_be_empty;
        int min;
        int *out;
    } want[] = {{TRAIN_LENGTH, false, 1, &row->train_length},
                {EVAL_LENGTH, false, 1, &row->eval_length},
                {STRIDE, true, 0, &row->stride},
                {LAYER, true, 0, &row->layer},
                {HEAD, true, 0, &row->head},
                {POSITION_LO, true, 0, &row->lo},
                {POSITION_HI, true, 1, &row->hi}};
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        if (get_int(&at[want[i].column], want[i].may_be_empty, want[i].min, want[i].out, err) !=
            LX_OK)
            return err->code;
    if ((row->lo < 0) != (row->hi < 0) || (row->lo >= 0 && row->lo >= row->hi))
        return blame(&at[POSITION_HI], "must be above position_lo, or both empty", err);
    row->tokens = -1;
    if (at[TOKENS].text[0] != '\0') {
        double tokens;
        if (get_number(&at[TOKENS], &tokens, err) != LX_OK)
            return err->code;
        if (tokens < 0 || tokens > 1e15)
            return blame(&at[TOKENS], "must be a count", err);
        row->tokens = (long long)tokens;
    }
    return get_seed(&at[SEED], &row->seed, err);
}

/* Read the table. A file that was cut within its last field has as many fields as it should: what is left of
 * that field, and that its line has no end, gives it away. */
static enum lx_code read_table(const char *path, struct lx_arena *arena, struct lx_csv *csv,
                               struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    if (lx_fs_read(path, &text, err) || lx_csv_parse(text.text, text.len, path, arena, csv, err)) {
        code = err->code;
    } else if (csv->n_rows > 1 && text.text[text.len - 1] != '\n') {
        const char *last = lx_csv_at(csv, csv->n_rows - 1, csv->n_columns - 1);
        const char *before = lx_csv_at(csv, csv->n_rows - 2, csv->n_columns - 1);

        if (strlen(last) < strlen(before) && strncmp(last, before, strlen(last)) == 0)
            code = lx_fail(err, LX_EFORMAT, "%s: truncated: line %zu ends with \"%.40s\"", path,
                           csv->n_rows + 1, last);
    }
    lx_buf_free(&text);
    return code;
}

enum lx_code lx_rows_read(const char *path, struct lx_rows *r, struct lx_err *err)
{
    struct lx_csv csv;
    size_t column[COLUMNS] = {0};
    if (read_table(path, &r->arena, &csv, err) != LX_OK)
        return err->code;
    if (find_columns(&csv, path, column_names, COLUMNS, column, err) != LX_OK)
        return err->code;
    if (csv.n_rows == 0)
        return lx_fail(err, LX_EFORMAT, "%s: has no rows", path);
    r->row = calloc(csv.n_rows, sizeof(*r->row));
    if (r->row == NULL)
        return lx_fail(err, LX_ENOMEM, "%s: out of memory for %zu rows", path, csv.n_rows);
    for (size_t i = 0; i < csv.n_rows; i++) {
        struct lx_row *row = &r->row[i];
        struct place at[COLUMNS];
        for (int c = 0; c < COLUMNS; c++)
            at[c] = place_of(&csv, path, i, column[c]);
        row->line = i + 2;
        if (read_names(at, &r->names, row, err) != LX_OK || read_numbers(at, row, err) != LX_OK ||
            get_status(&at[STATUS], &row->status, err) != LX_OK ||
            get_value(&at[VALUE], row, err) != LX_OK ||
            get_stderr(&at[STDERR], &row->stderr_value, err) != LX_OK)
            return err->code;
    }
    r->n = csv.n_rows;
    return LX_OK;
}

enum train_column { T_CELL, T_STEP, T_TOKENS, T_NLL, T_COLUMNS };

static const char *const train_names[T_COLUMNS] = {"cell", "step", "tokens", "train_nll"};

/* A loss that is empty, nan or inf is how a diverged run looks. */
static enum lx_code get_loss(const struct place *p, double *out, struct lx_err *err)
{
    const char *s = p->text[0] == '-' ? p->text + 1 : p->text;
    *out = (double)NAN;
    if (s[0] == '\0' || strcmp(s, "nan") == 0 || strcmp(s, "inf") == 0)
        return LX_OK;
    return get_number(p, out, err);
}

enum lx_code lx_rows_read_train(const char *path, const struct lx_rows *r,
                                struct lx_train_point **out, size_t *n, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_csv csv;
    size_t column[T_COLUMNS] = {0};
    *out = NULL;
    *n = 0;
    if (lx_csv_read(path, &arena, &csv, err) != LX_OK ||
        find_columns(&csv, path, train_names, T_COLUMNS, column, err) != LX_OK)
        goto fail;
    *out = calloc(csv.n_rows + 1, sizeof(**out));
    if (*out == NULL) {
        lx_fail(err, LX_ENOMEM, "%s: out of memory for %zu rows", path, csv.n_rows);
        goto fail;
    }
    for (size_t i = 0; i < csv.n_rows; i++) {
        struct lx_train_point *row = &(*out)[i];
        struct place at[T_COLUMNS];
        for (int c = 0; c < T_COLUMNS; c++)
            at[c] = place_of(&csv, path, i, column[c]);
        row->cell = lx_intern_find(&r->names, at[T_CELL].text);
        if (get_number(&at[T_STEP], &row->step, err) != LX_OK ||
            get_number(&at[T_TOKENS], &row->tokens, err) != LX_OK ||
            get_loss(&at[T_NLL], &row->nll, err) != LX_OK)
            goto fail;
    }
    *n = csv.n_rows;
    lx_arena_free(&arena);
    return LX_OK;
fail:
    free(*out);
    *out = NULL;
    lx_arena_free(&arena);
    return err->code;
}
