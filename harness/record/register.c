/* Registering a study; see register.h. */
#include "record/register.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "experiment/change.h"
#include "experiment/plan_file.h"
#include "record/registration_write.h"
#include "store/cell_files.h"
#include "store/lock.h"
#include "system/fs.h"
#include "text/csvfile.h"
#include "tune/tuned.h"

enum { LOCK_TRIES = 200, LOCK_PAUSE_MS = 50 };

/* Ids of cells, as one text with a blank before and after each. */
struct ids {
    struct lx_buf text;
    size_t n;
};

/* What is known before the folder is changed. */
struct entry {
    struct lx_arena arena;
    const char *dir;
    struct lx_registration_study study;
    struct lx_registration_finished finished;
    const char *change; /* NULL: the cells of before are there, but for seeds that are not */
    bool lacks;
};

static void add_id(struct ids *s, const char *id, size_t n)
{
    lx_buf_printf(&s->text, "%s%.*s ", s->n++ == 0 ? " " : "", (int)n, id);
}

static bool has_id(const struct ids *s, const char *id, size_t n)
{
    char want[LX_ID_SIZE + 2];

    (void)snprintf(want, sizeof(want), " %.*s ", (int)(n < LX_ID_SIZE ? n : LX_ID_SIZE - 1), id);
    return s->n > 0 && !s->text.failed && strstr(s->text.text, want) != NULL;
}

static enum lx_code study_of(struct lx_experiment *e, struct entry *x, struct lx_err *err)
{
    const char **cells;

    x->dir = e->dir;
    if (lx_plan_resolve_all(&e->plan, err) ||
        lx_arena_get(&x->arena, e->plan.n, sizeof(*cells), &cells, "the registration", err))
        return err->code;
    for (size_t k = 0; k < e->plan.n; k++)
        cells[k] = e->plan.cells[k].id;
    x->study = (struct lx_registration_study){.claims = e->config.claims,
                                              .seeds = e->config.seeds,
                                              .n_seeds = e->config.n_seeds,
                                              .cells = cells,
                                              .n_cells = e->plan.n};
    return LX_OK;
}

/* Of what was there before, what cannot be understood counts as not there; want of memory and what cannot be
 * read do not: a registration must not say that nothing was finished for that. */
static enum lx_code allow_broken(enum lx_code code)
{
    return code == LX_ENOMEM || code == LX_EIO ? code : LX_OK;
}

/* Cells that have rows in a folder: in a clone that is all there is of them. */
static enum lx_code read_rows(const char *dir, struct ids *out, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_csv csv = {0};
    const char *path;
    int column = -1;
    enum lx_code code = LX_OK;

    if (lx_arena_format(&arena, &path, err, "%s/metrics.csv", dir) ||
        (lx_fs_exists(path) && lx_csv_read(path, &arena, &csv, err)))
        code = err->code;
    else
        column = lx_csv_column(&csv, "cell");
    for (size_t i = 0; column >= 0 && i < csv.n_rows; i++) {
        const char *id = lx_csv_at(&csv, i, (size_t)column);

        if (!has_id(out, id, strlen(id)))
            add_id(out, id, strlen(id));
    }
    lx_arena_free(&arena);
    return allow_broken(code);
}

static enum lx_code visit(void *ctx, const struct lx_json *cell, struct lx_err *err)
{
    const char *id = lx_json_text(lx_json_find(cell, "id"));

    (void)err;
    add_id(ctx, id, strlen(id));
    return LX_OK;
}

/* The cells of before: of the last entry, else of the plan that is there, else those that have rows. */
static enum lx_code read_before(struct entry *x, const struct lx_registration *r,
                                const struct ids *rows, struct ids *out, struct lx_err *err)
{
    const char *p = r->n > 0 ? r->entry[r->n - 1].cells : "", *plan;

    if (lx_arena_format(&x->arena, &plan, err, "%s/%s", x->dir, lx_plan_names[1]))
        return err->code;

    for (; *p != '\0'; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");

        add_id(out, p, n);
        p += n;
    }
    if (out->n == 0 && lx_fs_exists(plan) && allow_broken(lx_plan_visit(x->dir, visit, out, err)))
        return err->code;
    if (out->n == 0 && rows->n > 0) {
        lx_buf_add(&out->text, rows->text.failed ? "" : rows->text.text);
        out->n = rows->n;
    }
    return lx_buf_check(&rows->text, err) || lx_buf_check(&out->text, err) ? err->code : LX_OK;
}

/* How many of these cells are finished, and of how many seeds, which turn fastest in a plan. */
static enum lx_code count(const struct entry *x, const struct ids *ids, const struct ids *rows,
                          size_t n_seeds, struct lx_registration_finished *f, struct lx_err *err)
{
    const char *p = ids->n > 0 && !ids->text.failed ? ids->text.text + 1 : "";
    struct lx_arena arena = {0};
    bool *seen;

    *f = (struct lx_registration_finished){.of = ids->n};
    if (lx_arena_get(&arena, n_seeds + 1, sizeof(*seen), &seen, "the seeds of finished cells", err))
        return err->code;

    for (size_t i = 0; *p != '\0'; i++) {
        size_t n = strcspn(p, " ");
        char id[LX_ID_SIZE];

        (void)snprintf(id, sizeof(id), "%.*s", (int)n, p);
        if (has_id(rows, p, n) || lx_cell_is_done(x->dir, id)) {
            f->cells++;
            if (n_seeds > 0 && !seen[i % n_seeds]) {
                seen[i % n_seeds] = true;
                f->seeds++;
            }
        }
        p += n + 1;
    }
    lx_arena_free(&arena);
    return LX_OK;
}

/* How many cells of tuning are finished: x->finished.tuned. */
static enum lx_code count_tuned(struct entry *x, struct lx_err *err)
{
    struct entry tuning = {.dir = NULL};
    struct ids rows = {.n = 0}, ids = {.n = 0};
    struct lx_registration_finished f = {.cells = 0};
    const char *plan;
    enum lx_code code = LX_OK;

    if (lx_arena_format(&x->arena, &tuning.dir, err, "%s/" LX_TUNE_FOLDER, x->dir) ||
        lx_arena_format(&x->arena, &plan, err, "%s/%s", tuning.dir, lx_plan_names[1]))
        return err->code;
    if (read_rows(tuning.dir, &rows, err) ||
        (lx_fs_exists(plan) && allow_broken(lx_plan_visit(tuning.dir, visit, &ids, err))) ||
        lx_buf_check(&rows.text, err) || lx_buf_check(&ids.text, err) ||
        count(&tuning, &ids, &rows, 0, &f, err))
        code = err->code;
    x->finished.tuned = f.cells > rows.n ? f.cells : rows.n;
    lx_buf_free(&rows.text);
    lx_buf_free(&ids.text);
    return code;
}

/* Whether cells of before are missing that are not of seeds that are missing. */
static bool replaces(const struct entry *x, const struct lx_registration *r, const struct ids *old,
                     const struct ids *new)
{
    const struct lx_json *seed = r->n > 0 ? lx_json_first(r->entry[r->n - 1].seeds) : NULL;
    const char *p = old->n > 0 && !old->text.failed ? old->text.text + 1 : "";
    const struct lx_json *s = seed;

    for (; *p != '\0'; s = s == NULL || lx_json_next(s) == NULL ? seed : lx_json_next(s)) {
        size_t n = strcspn(p, " ");
        bool kept = s == NULL;

        for (size_t k = 0; k < x->study.n_seeds && !kept; k++)
            kept = (uint64_t)lx_json_number(s) == x->study.seeds[k];
        if (kept && !has_id(new, p, n))
            return true;
        p += n + 1;
    }
    return false;
}

/* What is another in the config, in the words of a changed folder. */
static enum lx_code compare(const char *path, const struct lx_buf *config, struct lx_buf *out,
                            struct lx_err *err)
{
    struct lx_json *before = NULL, *after = NULL;
    enum lx_code code = LX_OK;

    if (lx_json_read(path, &before, err) ||
        lx_json_parse(config->text, config->len, path, &after, err)) {
        code = allow_broken(err->code);
        lx_buf_add(out, "another config");
    } else {
        lx_change_describe(before, after, out);
    }
    lx_json_free(before);
    lx_json_free(after);
    return code;
}

static enum lx_code describe(struct lx_experiment *e, struct entry *x, struct lx_err *err)
{
    struct lx_buf text = {0}, change = {0};
    const char *path;
    enum lx_code code = LX_OK;

    if (lx_arena_format(&x->arena, &path, err, "%s/%s", x->dir, lx_plan_names[0]) ||
        lx_config_sum_texts(&e->config, err) || lx_config_write(&e->config, &text, err) ||
        compare(path, &text, &change, err) || lx_buf_keep(&change, &x->arena, &x->change, err))
        code = err->code;
    lx_buf_free(&change);
    lx_buf_free(&text);
    return code;
}

/* e: NULL where no cell can have been replaced. */
static enum lx_code look(struct lx_experiment *e, const struct lx_registration *r, struct entry *x,
                         struct lx_err *err)
{
    struct ids rows = {.n = 0}, old = {.n = 0}, new = {.n = 0};
    struct lx_registration_finished before;
    size_t old_seeds = r->n > 0 ? lx_json_count(r->entry[r->n - 1].seeds) : x->study.n_seeds;
    enum lx_code code = LX_OK;

    for (size_t k = 0; k < x->study.n_cells; k++)
        add_id(&new, x->study.cells[k], strlen(x->study.cells[k]));
    if (read_rows(x->dir, &rows, err) || read_before(x, r, &rows, &old, err) ||
        lx_buf_check(&new.text, err) || count(x, &old, &rows, old_seeds, &before, err) ||
        count(x, &new, &rows, x->study.n_seeds, &x->finished, err)) {
        code = err->code;
    } else {
        if (before.cells > 0 && before.cells >= x->finished.cells)
            x->finished = before;
        if (count_tuned(x, err) ||
            (e != NULL && replaces(x, r, &old, &new) && describe(e, x, err)))
            code = err->code;
    }
    lx_buf_free(&rows.text);
    lx_buf_free(&old.text);
    lx_buf_free(&new.text);
    return code;
}

static enum lx_code compare_last(struct lx_experiment *e, const struct lx_registration *r,
                                 struct entry *x, struct lx_err *err)
{
    if (r->problem != NULL) {
        lx_log("%s/" LX_REGISTRATION_FILE ": not as it was written: %s; nothing is added to it",
               x->dir, r->problem);
        return LX_OK;
    }
    if (lx_registration_lacks(r, &x->study, &x->lacks, err))
        return err->code;
    return x->lacks ? look(e, r, x, err) : LX_OK;
}

/* Before the folder is changed: what of the study is written down already, and what was finished. */
static enum lx_code prepare(struct lx_experiment *e, struct entry *x, struct lx_err *err)
{
    struct lx_registration r;
    enum lx_code code = LX_OK;

    if (lx_registration_read(&r, e->dir, err) || compare_last(e, &r, x, err))
        code = err->code;
    lx_registration_free(&r);
    return code;
}

/* Seeds and cells of the last entry, where there is one: claims alone are other ones. */
static enum lx_code keep_last(const struct lx_registration *r, struct entry *x, struct lx_err *err)
{
    const struct lx_registration_entry *last = r->n > 0 ? &r->entry[r->n - 1] : NULL;
    const char *p = last != NULL ? last->cells : "", **cells;
    size_t n_seeds = last != NULL ? lx_json_count(last->seeds) : 0;
    uint64_t *seeds;

    if (last == NULL)
        return LX_OK;
    if (lx_arena_get(&x->arena, n_seeds + 1, sizeof(*seeds), &seeds, "the registration", err) ||
        lx_arena_get(&x->arena, strlen(p) / 2 + 1, sizeof(*cells), &cells, "the registration", err))
        return err->code;
    x->study.seeds = seeds;
    x->study.cells = cells;
    x->study.n_seeds = x->study.n_cells = 0;
    for (const struct lx_json *s = lx_json_first(last->seeds); s != NULL; s = lx_json_next(s))
        seeds[x->study.n_seeds++] = (uint64_t)lx_json_number(s);
    for (; *p != '\0'; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");

        if (lx_arena_copy(&x->arena, p, n, &cells[x->study.n_cells++], err))
            return err->code;
        p += n;
    }
    return LX_OK;
}

/* Another run may be adding an entry at the moment. One that takes longer than a file needs is no reason to
 * wait: *fd is -1 then, or where nothing can be locked. */
static enum lx_code take_lock(struct entry *x, int *fd, struct lx_err *err)
{
    const char *work, *path;
    long holder;

    if (lx_arena_format(&x->arena, &work, err, "%s/work", x->dir) ||
        lx_arena_format(&x->arena, &path, err, "%s/registration.lock", work) ||
        lx_fs_mkdir(work, err))
        return err->code;
    for (int i = 0; i < LOCK_TRIES; i++) {
        const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};

        if (lx_lock_take(path, fd, &holder, err))
            return err->code;
        if (*fd >= 0)
            return LX_OK;
        (void)nanosleep(&pause, NULL);
    }
    return LX_OK;
}

/* Read again under the lock: another run may have written the same meanwhile. */
static enum lx_code add_entry(struct entry *x, const struct lx_registration *r, struct lx_err *err)
{
    struct lx_buf text = {0};
    const char *path;
    enum lx_code code = LX_OK;

    if (lx_arena_format(&x->arena, &path, err, "%s/" LX_REGISTRATION_FILE, x->dir) ||
        lx_registration_lacks(r, &x->study, &x->lacks, err))
        return err->code;
    if (!x->lacks || r->problem != NULL)
        return LX_OK;
    if (lx_registration_add(r, &x->study, &x->finished, x->change, &text, err) ||
        lx_fs_write(path, text.text, text.len, err))
        code = err->code;
    lx_buf_free(&text);
    return code;
}

static enum lx_code write_entry(struct entry *x, struct lx_err *err)
{
    struct lx_registration r = {.n = 0};
    int fd = -1;
    enum lx_code code = LX_OK;

    if (take_lock(x, &fd, err) || lx_registration_read(&r, x->dir, err) || add_entry(x, &r, err))
        code = err->code;
    if (fd >= 0)
        (void)close(fd);
    lx_registration_free(&r);
    return code;
}

enum lx_code lx_register(struct lx_experiment *e, struct lx_err *err)
{
    struct entry x = {.lacks = false};
    enum lx_code code = LX_OK;

    if (study_of(e, &x, err) || prepare(e, &x, err) || lx_experiment_save(e, err) ||
        (x.lacks && write_entry(&x, err)))
        code = err->code;
    lx_arena_free(&x.arena);
    return code;
}

enum lx_code lx_register_claims(const struct lx_config *c, const char *dir, struct lx_err *err)
{
    struct entry x = {.dir = dir,
                      .study = {.claims = c->claims, .seeds = c->seeds, .n_seeds = c->n_seeds}};
    struct lx_registration r;
    enum lx_code code = LX_OK;

    if (lx_registration_read(&r, dir, err) || keep_last(&r, &x, err) ||
        compare_last(NULL, &r, &x, err) || (x.lacks && write_entry(&x, err)))
        code = err->code;
    lx_registration_free(&r);
    lx_arena_free(&x.arena);
    return code;
}

enum lx_code lx_register_hash(struct lx_experiment *e, char out[65], struct lx_err *err)
{
    struct entry x = {.lacks = false};
    enum lx_code code = LX_OK;

    if (study_of(e, &x, err) || lx_registration_hash(&x.study, out, err))
        code = err->code;
    lx_arena_free(&x.arena);
    return code;
}
