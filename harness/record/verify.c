/* The checks of a results folder, one after the other; see verify.h. */
#include "record/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "experiment/merge.h"
#include "experiment/plan_file.h"
#include "plan/plan.h"
#include "results/stale.h"
#include "store/cell_files.h"
#include "study/kinds.h"
#include "system/fs.h"
#include "text/csvfile.h"
#include "verdict/registration.h"

const char *const lx_verify_names[LX_VERIFY_STATES] = {"ok", "other", "missing", "differs"};

/* A folder being verified. */
struct work {
    struct lx_verify *v;
    const char *dir;
    const struct lx_verify_program *here;
    struct lx_json *config; /* NULL: it cannot be read */
    const char **cell;      /* (n) ids: of the plan, else of the config, else those with rows */
    size_t n, cap;
    struct lx_csv rows; /* metrics.csv */
    bool whole;         /* all cells are there with their sums */
};

LX_PRINTF(5, 6)
static enum lx_code say(struct work *w, enum lx_verify_state state, const char *what,
                        struct lx_err *err, const char *fmt, ...)
{
    struct lx_verify *v = w->v;
    struct lx_buf text = {0};
    char line[900];
    va_list args;

    if (v->n == v->cap) {
        size_t cap = v->cap == 0 ? 32 : 2 * v->cap;
        struct lx_verify_line *grown;

        if (lx_arena_get(&v->arena, cap, sizeof(*grown), &grown, "lines", err))
            return err->code;
        if (v->n > 0)
            memcpy(grown, v->line, v->n * sizeof(*grown));
        v->line = grown;
        v->cap = cap;
    }
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    lx_buf_add(&text, line);
    v->line[v->n] = (struct lx_verify_line){.state = state, .what = what};
    if (lx_buf_keep(&text, &v->arena, &v->line[v->n].text, err) == LX_OK) {
        v->n++;
        v->count[state]++;
    }
    lx_buf_free(&text);
    return err->code;
}

static enum lx_code path_of(struct work *w, const char *name, const char **out, struct lx_err *err)
{
    return lx_arena_format(&w->v->arena, out, err, "%s/%s", w->dir, name);
}

static enum lx_code add_cell(struct work *w, const char *id, struct lx_err *err)
{
    if (w->n == w->cap) {
        size_t cap = w->cap == 0 ? 64 : 2 * w->cap;
        const char **grown;

        if (lx_arena_get(&w->v->arena, cap, sizeof(*grown), &grown, "ids of cells", err))
            return err->code;
        if (w->n > 0)
            memcpy(grown, w->cell, w->n * sizeof(*grown));
        w->cell = grown;
        w->cap = cap;
    }
    return lx_arena_copy(&w->v->arena, id, strlen(id), &w->cell[w->n++], err);
}

static bool has_cell(const struct work *w, const char *id)
{
    for (size_t i = w->n; i > 0; i--)
        if (strcmp(w->cell[i - 1], id) == 0)
            return true;
    return false;
}

/* ------------------------------------------------------------------------- config, plan and texts */

static enum lx_code check_texts(struct work *w, struct lx_err *err)
{
    const struct lx_json *texts = lx_json_find(w->config, "texts");
    size_t good = 0;

    for (const struct lx_json *t = lx_json_first(texts); t != NULL; t = lx_json_next(t)) {
        const char *path = lx_json_key(t), *sum = lx_json_text(lx_json_find(t, "sha256"));
        double bytes = lx_json_number(lx_json_find(t, "bytes"));
        struct lx_config_text is;
        struct lx_err why;

        if (!lx_fs_exists(path)) {
            if (say(w, LX_VERIFY_MISSING, "texts", err, "%s: no such file; wanted: SHA-256 %s",
                    path, sum != NULL ? sum : "?"))
                return err->code;
        } else if (lx_config_sum_text(path, &is, &why)) {
            if (say(w, LX_VERIFY_MISSING, "texts", err, "%s", why.text))
                return err->code;
        } else if (sum == NULL || strcmp(is.sha256, sum) != 0) {
            if (say(w, LX_VERIFY_DIFFERS, "texts", err,
                    "%s: must be %.0f bytes of SHA-256 %s, got %zu bytes of %s", path, bytes,
                    sum != NULL ? sum : "?", is.bytes, is.sha256))
                return err->code;
        } else {
            good++;
        }
    }
    if (good == 0 || good < lx_json_count(texts))
        return LX_OK;
    return say(w, LX_VERIFY_OK, "texts", err, "%zu file%s as the study read %s", good,
               good == 1 ? "" : "s", good == 1 ? "it" : "them");
}

static enum lx_code visit(void *ctx, const struct lx_json *cell, struct lx_err *err)
{
    return add_cell(ctx, lx_json_text(lx_json_find(cell, "id")), err);
}

/* Cells that have rows, each once. */
static enum lx_code read_rows(struct work *w, struct lx_err *err)
{
    const char *path;
    struct lx_err why;

    if (path_of(w, "metrics.csv", &path, err))
        return err->code;
    if (lx_csv_read(path, &w->v->arena, &w->rows, &why) == LX_OK)
        return LX_OK;
    w->rows = (struct lx_csv){0};
    return say(w, lx_fs_exists(path) ? LX_VERIFY_DIFFERS : LX_VERIFY_MISSING, "tables", err, "%s",
               why.text);
}

static bool has_rows(const struct work *w, const char *id)
{
    int column = w->rows.n_columns > 0 ? lx_csv_column(&w->rows, "cell") : -1;

    for (size_t i = 0; column >= 0 && i < w->rows.n_rows; i++)
        if (strcmp(lx_csv_at(&w->rows, i, (size_t)column), id) == 0)
            return true;
    return false;
}

/* The plan of the folder, if it has one: committed results do not. */
static enum lx_code read_plan(struct work *w, struct lx_err *err)
{
    const char *path;
    struct lx_err why;

    if (path_of(w, lx_plan_names[1], &path, err))
        return err->code;
    if (!lx_fs_exists(path) || lx_plan_visit(w->dir, visit, w, &why) == LX_OK)
        return LX_OK;
    w->n = 0;
    return say(w, LX_VERIFY_DIFFERS, "plan", err, "%s", why.text);
}

/* Every cell of the plan that config.json gives here must be one of the folder, and the other way round. */
static enum lx_code compare_plan(struct work *w, const struct lx_plan *p, struct lx_err *err)
{
    size_t common = 0;

    for (size_t k = 0; k < p->n; k++)
        common += has_cell(w, p->cells[k].id);
    if (w->n == 0) {
        for (size_t k = 0; k < p->n; k++)
            if (add_cell(w, p->cells[k].id, err))
                return err->code;
        return LX_OK;
    }
    if (common == p->n && p->n == w->n)
        return say(w, LX_VERIFY_OK, "plan", err, "config.json gives the %zu cells of the folder",
                   p->n);
    return say(w, LX_VERIFY_DIFFERS, "plan", err,
               "config.json gives %zu cells here, of which %zu are among the %zu of the folder",
               p->n, common, w->n);
}

static enum lx_code resolve(struct work *w, const char *path, struct lx_err *err)
{
    struct lx_config c = {0};
    struct lx_plan p = {0};
    struct lx_err why;
    enum lx_code code;

    if (lx_config_read(&c, path, NULL, 0, &why) || lx_plan_make(&p, &c, &why) ||
        lx_plan_resolve_all(&p, &why))
        code = say(w, LX_VERIFY_MISSING, "plan", err, "cannot be made here: %s", why.text);
    else
        code = compare_plan(w, &p, err);
    lx_plan_free(&p);
    lx_config_free(&c);
    return code;
}

static enum lx_code check_config(struct work *w, struct lx_err *err)
{
    const char *path;
    struct lx_err why;

    if (path_of(w, lx_plan_names[0], &path, err) || read_plan(w, err))
        return err->code;
    if (lx_json_read(path, &w->config, &why))
        return say(w, lx_fs_exists(path) ? LX_VERIFY_DIFFERS : LX_VERIFY_MISSING, "config", err,
                   "%s", why.text);
    return check_texts(w, err) ? err->code : resolve(w, path, err);
}

/* ------------------------------------------------------------------------------ cells and tables */

static enum lx_code check_cell(struct work *w, const char *id, size_t *done, size_t *rows_only,
                               struct lx_err *err)
{
    char note[400] = "";
    struct lx_err why;
    bool is_done;

    if (lx_cell_check(w->dir, id, &is_done, note, &why))
        return say(w, LX_VERIFY_DIFFERS, "cells", err, "%s", why.text);
    if (note[0] != '\0')
        return say(w, LX_VERIFY_MISSING, "cells", err, "%s", note);
    if (is_done)
        (*done)++;
    else if (has_rows(w, id))
        (*rows_only)++;
    else
        return say(w, LX_VERIFY_MISSING, "cells", err, "%s: not done", id);
    return LX_OK;
}

/* Where neither a plan nor the config tells, the cells are those that have rows. */
static enum lx_code take_rows(struct work *w, struct lx_err *err)
{
    int column = w->rows.n_columns > 0 ? lx_csv_column(&w->rows, "cell") : -1;

    for (size_t i = 0; column >= 0 && i < w->rows.n_rows; i++) {
        const char *id = lx_csv_at(&w->rows, i, (size_t)column);

        if (!has_cell(w, id) && add_cell(w, id, err))
            return err->code;
    }
    return LX_OK;
}

static enum lx_code check_cells(struct work *w, struct lx_err *err)
{
    size_t done = 0, rows_only = 0;

    if (w->n == 0 && take_rows(w, err))
        return err->code;
    for (size_t i = 0; i < w->n; i++)
        if (check_cell(w, w->cell[i], &done, &rows_only, err))
            return err->code;
    w->whole = done == w->n && done > 0;
    if (rows_only > 0 &&
        say(w, LX_VERIFY_MISSING, "cells", err,
            "%zu of %zu cells have rows in metrics.csv only, which have no sums (`run --pack` "
            "keeps them)",
            rows_only, w->n))
        return err->code;
    return !w->whole
               ? LX_OK
               : say(w, LX_VERIFY_OK, "cells", err, "%zu of %zu as they were written", done, w->n);
}

/* What a merge or a report that was cut short leaves. */
static enum lx_code check_stale(struct work *w, struct lx_err *err)
{
    enum lx_stale stale;

    if (lx_stale_read(w->dir, &stale, err))
        return err->code;
    if (stale == LX_STALE_NOT)
        return LX_OK;
    return say(w, LX_VERIFY_DIFFERS, "tables", err, LX_STALE_FILE ": %s", lx_stale_line(stale));
}

/* Rows of cells that are not of the study, and tables that are not what merging the cells would give. */
static enum lx_code check_tables(struct work *w, struct lx_err *err)
{
    int column = w->rows.n_columns > 0 ? lx_csv_column(&w->rows, "cell") : -1;
    const char *name = NULL, *last = "";
    struct lx_err why;

    for (size_t i = 0; column >= 0 && i < w->rows.n_rows; i++) {
        const char *id = lx_csv_at(&w->rows, i, (size_t)column);

        if (strcmp(id, last) != 0 && !has_cell(w, id) && w->n > 0)
            return say(w, LX_VERIFY_DIFFERS, "tables", err,
                       "metrics.csv: row %zu: cell %s is not of this study", i + 1, id);
        last = id;
    }
    if (!w->whole)
        return LX_OK;
    if (lx_merge_compare(w->dir, w->cell, w->n, &name, &why))
        return say(w, LX_VERIFY_DIFFERS, "tables", err, "%s", why.text);
    if (name != NULL)
        return say(w, LX_VERIFY_DIFFERS, "tables", err,
                   "%s: not what the cells say; `longshot merge` makes it again", name);
    return say(w, LX_VERIFY_OK, "tables", err, "are what the cells say");
}

/* --------------------------------------------------------------------------- program and machine */

/* The values of a column that are not this one, each once: "a, b". */
static void others(const struct lx_csv *runs, const char *name, const char *here,
                   struct lx_buf *out)
{
    int column = lx_csv_column(runs, name);

    for (size_t i = 0; column >= 0 && i < runs->n_rows; i++) {
        const char *is = lx_csv_at(runs, i, (size_t)column);
        bool said = strcmp(is, here) == 0;

        for (size_t k = 0; k < i && !said; k++)
            said = strcmp(lx_csv_at(runs, k, (size_t)column), is) == 0;
        if (!said)
            lx_buf_printf(out, "%s%s", out->len > 0 ? ", " : "", is[0] != '\0' ? is : "unknown");
    }
}

static enum lx_code check_value(struct work *w, const struct lx_csv *runs, const char *column,
                                const char *what, const char *here, struct lx_err *err)
{
    struct lx_buf other = {0};
    enum lx_code code;

    others(runs, column, here, &other);
    if (other.len > 0)
        code = say(w, LX_VERIFY_OTHER, what, err, "%s %s of the cells, here %s", column, other.text,
                   here);
    else
        code = say(w, LX_VERIFY_OK, what, err, "%s %s", column, here);
    lx_buf_free(&other);
    return code;
}

static enum lx_code check_runs(struct work *w, struct lx_err *err)
{
    const char *path;
    struct lx_csv runs;
    struct lx_err why;
    struct lx_buf kinds = {0};
    size_t n;
    enum lx_code code = LX_OK;

    if (path_of(w, "runs.csv", &path, err))
        return err->code;
    if (lx_csv_read(path, &w->v->arena, &runs, &why))
        return say(w, LX_VERIFY_OTHER, "program", err, "not known: %s", why.text);
    if (check_value(w, &runs, "version", "program", w->here->version, err) ||
        check_value(w, &runs, "commit", "program", w->here->commit, err) ||
        check_value(w, &runs, "blas_core", "kernels", w->here->blas_core, err) ||
        check_value(w, &runs, "simd", "kernels", w->here->simd, err) ||
        check_value(w, &runs, "cpu", "machine", w->here->cpu, err) ||
        lx_kinds_read(w->dir, &kinds, &n, err))
        code = err->code;
    else if (n > 1)
        code =
            say(w, LX_VERIFY_OTHER, "kernels", err, "%zu kinds in one folder: %s", n, kinds.text);
    lx_buf_free(&kinds);
    return code;
}

/* --------------------------------------------------------------------------------- registration */

static enum lx_code check_claim(struct work *w, const struct lx_registration *r,
                                const struct lx_json *claim, size_t *clean, struct lx_err *err)
{
    const char *id = lx_json_text(lx_json_find(claim, "id"));
    struct lx_buf mark = {0};
    enum lx_code code = LX_OK;

    if (lx_registration_mark(r, claim, &mark, err))
        code = err->code;
    else if (mark.len == 0)
        (*clean)++;
    else
        code = say(
            w, strstr(mark.text, "not registered") != NULL ? LX_VERIFY_DIFFERS : LX_VERIFY_OTHER,
            "registration", err, "%s: %s", id != NULL ? id : "?", mark.text);
    lx_buf_free(&mark);
    return code;
}

static enum lx_code check_claims(struct work *w, const struct lx_registration *r,
                                 struct lx_err *err)
{
    const struct lx_json *claims = lx_json_find(w->config, "claims");
    size_t clean = 0;

    if (r->problem != NULL)
        return say(w, LX_VERIFY_DIFFERS, "registration", err,
                   LX_REGISTRATION_FILE ": does not match its hashes: %s", r->problem);
    if (!r->found)
        return lx_json_count(claims) == 0
                   ? LX_OK
                   : say(w, LX_VERIFY_MISSING, "registration", err,
                         "no " LX_REGISTRATION_FILE ": when the claims were made is not known");
    for (const struct lx_json *v = lx_json_first(claims); v != NULL; v = lx_json_next(v))
        if (check_claim(w, r, v, &clean, err))
            return err->code;
    return say(w, LX_VERIFY_OK, "registration", err,
               "%zu of %zu claims before the first cell; %s, hash %s", clean, lx_json_count(claims),
               r->entry[0].date, r->entry[0].hash);
}

static enum lx_code check_registration(struct work *w, struct lx_err *err)
{
    struct lx_registration r;
    enum lx_code code = LX_OK;

    if (lx_registration_read(&r, w->dir, err) || check_claims(w, &r, err))
        code = err->code;
    lx_registration_free(&r);
    return code;
}

enum lx_code lx_verify(struct lx_verify *v, const char *dir, const struct lx_verify_program *here,
                       struct lx_err *err)
{
    struct work w = {.v = v, .dir = dir, .here = here};
    enum lx_fs_kind kind;
    enum lx_code code = LX_OK;

    *v = (struct lx_verify){.n = 0};
    err->code = LX_OK;
    if (lx_fs_look_at(dir, &kind, err))
        return err->code;
    if (kind != LX_FS_FOLDER)
        return lx_fail(err, LX_EDATA, "%s: must be a results folder, got %s", dir,
                       kind == LX_FS_FILE ? "a file" : "nothing");
    if (read_rows(&w, err) || check_config(&w, err) || check_cells(&w, err) ||
        check_stale(&w, err) || check_tables(&w, err) || check_runs(&w, err) ||
        check_registration(&w, err))
        code = err->code;
    lx_json_free(w.config);
    return code;
}
