/* One cell from data to rows; see worker.h. */
#include "run/worker.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/csvfile.h"
#include "core/fs.h"
#include "core/log.h"
#include "model/checkpoint.h"
#include "run/cputype.h"
#include "run/evaluation.h"
#include "run/interrupt.h"
#include "run/store.h"
#include "tensor/gemm.h"
#include "tensor/simd.h"
#include "train/state.h"

#define SAY_INTERVAL 0.2 /* seconds between lines to the supervisor */
#define LOCK_SECONDS 5.0 /* to wait for a cell that another process holds */

struct job {
    const struct lx_worker *w;
    struct lx_plan *plan;
    struct lx_cell *cell;
    struct lx_data *data;
    struct lx_arena paths;
    struct lx_buf train_rows; /* of train.csv, without header and cell */
    struct lx_train_record record;
    struct lx_state_files states;
    double saved;     /* clock of the last state, or of the first step */
    double trained;   /* clock when training would have begun if it had never been interrupted */
    double said;      /* clock of the last line */
    bool broken_pipe; /* the supervisor is gone */
    double eval_done; /* stacks evaluated */
    double eval_seconds;
};

/* A line for the supervisor, or a progress line for a person. False: stop. */
static bool say(struct job *j, bool final, const char *fmt, ...) LX_PRINTF(3, 4);

static bool say(struct job *j, bool final, const char *fmt, ...)
{
    double now = lx_clock();
    char line[160];
    va_list ap;
    int n;

    if (lx_interrupted() || j->broken_pipe)
        return false;
    if (!final && now - j->said < SAY_INTERVAL)
        return true;
    j->said = now;
    va_start(ap, fmt);
    n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(line) - 1)
        return true;
    if (j->w->progress_fd < 0) {
        lx_progress(final, "%s %llu: %s", j->cell->label,
                    (unsigned long long)j->plan->config->seeds[j->cell->seed], line);
        return true;
    }
    line[n] = '\n';
    if (write(j->w->progress_fd, line, (size_t)n + 1) < 0 && errno == EPIPE)
        j->broken_pipe = true;
    return !j->broken_pipe;
}

static bool seen_step(void *ctx, int step, double loss, const struct lx_train_row *row)
{
    struct job *j = ctx;
    int steps = j->cell->v.train.steps;

    if (row != NULL) {
        lx_buf_printf(&j->train_rows, "%d,%lld,", row->step, row->tokens);
        lx_csv_number(&j->train_rows, row->lr);
        lx_buf_add(&j->train_rows, ",");
        lx_csv_number(&j->train_rows, row->train_nll);
        lx_buf_add(&j->train_rows, ",");
        lx_csv_number(&j->train_rows, row->grad_norm);
        lx_buf_add(&j->train_rows, "\n");
    }
    return say(j, step == steps, "train %d %d %.4f", step, steps, loss);
}

static bool seen_tokens(void *ctx, double done, double total)
{
    struct job *j = ctx;
    const struct lx_config_encoding *e = &j->plan->config->encodings[j->cell->encoding];
    double part = total > 0.0 ? done / total : 1.0;

    return say(j, false, "eval %.3f", (j->eval_done + part) / (double)(1 + e->n_evaluate_as));
}

static enum lx_code path_of(struct job *j, bool checkpoint, const char *file, const char **out,
                            struct lx_err *err)
{
    return checkpoint ? lx_store_checkpoint(j->w->dir, j->cell->train_id, file, &j->paths, out, err)
                      : lx_store_cell(j->w->dir, j->cell->id, file, &j->paths, out, err);
}

static enum lx_code interrupted(struct lx_err *err)
{
    return lx_fail(err, LX_EINTERRUPT, "interrupted; the same command goes on from here");
}

/* Save what training left: the weights unless they are broken, the curve, and last the record. */
static enum lx_code save_training(struct job *j, const struct lx_model *m, struct lx_err *err)
{
    const char *weights = NULL, *curve = NULL, *record = NULL;
    enum lx_code code = path_of(j, true, "model.safetensors", &weights, err);

    if (code == LX_OK)
        code = path_of(j, true, "train.csv", &curve, err);
    if (code == LX_OK)
        code = path_of(j, true, "train.json", &record, err);
    if (code == LX_OK && !j->record.diverged)
        code = lx_checkpoint_save(weights, m, j->record.steps, j->cell->metadata, err);
    if (code == LX_OK)
        code = lx_buf_check(&j->train_rows, err);
    if (code == LX_OK)
        code = lx_fs_write(curve, j->train_rows.len > 0 ? j->train_rows.text : "",
                           j->train_rows.len, err);
    return code != LX_OK ? code : lx_store_write_record(record, &j->record, err);
}

static void resume(void *ctx, struct lx_train_state *s)
{
    struct job *j = ctx;
    struct lx_state state = {.train = s, .rows = &j->train_rows};
    bool found;

    lx_state_load(&j->states, &state, &found);
    j->saved = lx_clock();
    if (!found)
        return;
    j->trained -= state.seconds;
    lx_log("%s seed %llu: resuming at step %d of %d", j->cell->label,
           (unsigned long long)j->plan->config->seeds[j->cell->seed], s->step,
           j->cell->v.train.steps);
}

/* A state that cannot be saved costs time after an interruption, never the run. */
static void keep(void *ctx, const struct lx_train_state *s, bool stopping)
{
    struct job *j = ctx;
    struct lx_train_state now = *s;
    double every = j->w->checkpoint_every, clock = lx_clock();
    struct lx_state state = {.train = &now, .seconds = clock - j->trained, .rows = &j->train_rows};
    struct lx_err err;

    if (!stopping && !(every > 0.0 && clock - j->saved >= every))
        return;
    if (lx_state_save(&j->states, &state, &err) != LX_OK)
        lx_log("state of training not saved: %s", err.text);
    j->saved = lx_clock();
}

static enum lx_code train(struct job *j, struct lx_err *err)
{
    const struct lx_config *c = j->plan->config;
    const struct lx_cell *cell = j->cell;
    const struct lx_config_stack *s = &c->encodings[cell->encoding].trained;
    const struct lx_train_watch watch = {
        .seen = seen_step, .ctx = j, .resume = resume, .keep = keep};
    uint64_t seed = c->seeds[cell->seed];
    struct lx_arena arena = {0};
    const struct lx_stream *stream;
    struct lx_train_result result;
    struct lx_stack stack;
    struct lx_model m;
    enum lx_code code = lx_data_load(j->data, LX_SPLIT_TRAIN, &stream, err);

    lx_buf_clear(&j->train_rows);
    j->trained = lx_clock();
    if (code == LX_OK)
        code = lx_fs_mkdir(j->states.folder, err);
    if (code == LX_OK)
        code = lx_config_stack(s, &arena, &stack, err);
    if (code == LX_OK && lx_model_init(&m, &cell->v.model, &stack, cell->v.train.length,
                                       cell->v.train.length, true, &arena, err) != LX_OK)
        code = lx_config_at(err, s->path);
    if (code == LX_OK) {
        lx_paramset_fill(&m.params, seed);
        code = lx_train_run(&m, &cell->v.train, stream, seed, &watch, &arena, &result, err);
    }
    if (code == LX_OK && result.stopped && !result.diverged && result.steps < cell->v.train.steps)
        code = interrupted(err);
    if (code == LX_OK) {
        double seconds = lx_clock() - j->trained;
        double tokens = (double)result.steps * cell->v.train.batch_tokens;

        j->record = (struct lx_train_record){.diverged = result.diverged,
                                             .steps = result.steps,
                                             .seconds = seconds,
                                             .tokens_per_second = tokens / fmax(seconds, 1e-9),
                                             .last_nll = result.last_nll};
        code = save_training(j, &m, err);
    }
    lx_arena_free(&arena);
    return code;
}

/* Whether an earlier run left this training whole; broken files are reported and trained anew. */
static bool find_training(struct job *j, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_checkpoint c;
    const char *weights = NULL, *curve = NULL, *record = NULL;
    bool found = false;

    if (path_of(j, true, "model.safetensors", &weights, err) != LX_OK ||
        path_of(j, true, "train.csv", &curve, err) != LX_OK ||
        path_of(j, true, "train.json", &record, err) != LX_OK || !lx_fs_exists(record))
        return false;
    if (lx_store_read_record(record, &j->record, err) == LX_OK &&
        lx_fs_read(curve, &j->train_rows, err) == LX_OK) {
        found = j->record.diverged;
        if (!found && lx_checkpoint_open(&c, weights, &arena, err) == LX_OK) {
            found = true;
            lx_checkpoint_close(&c);
        }
    }
    if (!found)
        lx_log("training again: %s", err->text);
    lx_arena_free(&arena);
    return found;
}

/* Evaluate the trained weights under one stack and append the rows. */
static enum lx_code evaluate(struct job *j, const struct lx_config_stack *s, bool other,
                             struct lx_buf *rows, struct lx_err *err)
{
    const struct lx_config *c = j->plan->config;
    const struct lx_cell *cell = j->cell;
    const char *as = lx_arena_printf(&j->paths, "%s%s", s->id, cell->suffix);
    struct lx_evaluation e = {.v = &cell->v,
                              .stack = s,
                              .other = other,
                              .data = j->data,
                              .memory_limit = j->w->memory_limit,
                              .data_bytes = cell->data_bytes,
                              .label = {.experiment = c->name,
                                        .cell = cell->id,
                                        .encoding = cell->label,
                                        .evaluated_as = as,
                                        .dataset = c->datasets[cell->dataset].id,
                                        .split = (enum lx_split)cell->v.eval.split,
                                        .seed = c->seeds[cell->seed],
                                        .train_length = cell->v.train.length},
                              .watch = {.seen = seen_tokens, .ctx = j}};
    enum lx_code code = as == NULL ? lx_fail(err, LX_ENOMEM, "out of memory") : LX_OK;

    if (code == LX_OK && !j->record.diverged)
        code = path_of(j, true, "model.safetensors", &e.weights, err);
    if (code == LX_OK)
        code = lx_evaluation_run(&e, rows, err);
    return lx_interrupted() || j->broken_pipe ? interrupted(err) : code;
}

static enum lx_code evaluate_all(struct job *j, struct lx_buf *rows, struct lx_err *err)
{
    const struct lx_config_encoding *e = &j->plan->config->encodings[j->cell->encoding];
    double start = lx_clock();
    enum lx_code code = evaluate(j, &e->trained, false, rows, err);

    for (size_t i = 0; i < e->n_evaluate_as && code == LX_OK; i++) {
        j->eval_done += 1.0;
        code = evaluate(j, &e->evaluate_as[i], true, rows, err);
    }
    j->eval_seconds = lx_clock() - start;
    return code;
}

static void add_run_row(const struct job *j, struct lx_buf *out)
{
    const struct lx_config *c = j->plan->config;
    const struct lx_cell *cell = j->cell;
    const double numbers[] = {j->record.seconds + j->eval_seconds, j->record.seconds,
                              j->eval_seconds, j->record.tokens_per_second};
    struct rusage usage;
    char cpu[256];

    lx_cputype_name(cpu, sizeof(cpu));
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        usage.ru_maxrss = 0;
    lx_buf_printf(out, "%s\n%s,", LX_RUNS_HEADER, cell->id);
    lx_csv_field(out, c->name);
    lx_buf_add(out, ",");
    lx_csv_field(out, cell->label);
    lx_buf_add(out, ",");
    lx_csv_field(out, c->datasets[cell->dataset].id);
    lx_buf_printf(out, ",%llu,%s,", (unsigned long long)c->seeds[cell->seed],
                  j->record.diverged ? "diverged" : "ok");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        lx_csv_number(out, numbers[i]);
        lx_buf_add(out, ",");
    }
    /* ru_maxrss counts KiB on Linux */
    lx_buf_printf(out, "%zu,%lld,", cell->parameters, (long long)usage.ru_maxrss * 1024);
    lx_csv_field(out, lx_gemm_core());
    lx_buf_printf(out, ",%s,", lx_simd()->name);
    lx_csv_field(out, cpu);
    lx_buf_printf(out, ",%s\n", LX_VERSION);
}

/* The curve again, each row behind the id of the cell. */
static void add_train_rows(const struct job *j, struct lx_buf *out)
{
    const char *p = j->train_rows.len > 0 ? j->train_rows.text : "";

    lx_buf_printf(out, "%s\n", LX_TRAIN_HEADER);
    while (*p != '\0') {
        size_t n = strcspn(p, "\n");

        lx_buf_printf(out, "%s,%.*s\n", j->cell->id, (int)n, p);
        p += n + (p[n] == '\n');
    }
}

static enum lx_code write_buf(struct job *j, const char *file, const struct lx_buf *text,
                              struct lx_err *err)
{
    const char *path = NULL;
    enum lx_code code = lx_buf_check(text, err);

    if (code == LX_OK)
        code = path_of(j, false, file, &path, err);
    return code != LX_OK ? code : lx_fs_write(path, text->text, text->len, err);
}

static enum lx_code write_cell(struct job *j, const struct lx_buf *metrics, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code;

    add_train_rows(j, &text);
    code = write_buf(j, "train.csv", &text, err);
    lx_buf_clear(&text);
    add_run_row(j, &text);
    if (code == LX_OK)
        code = write_buf(j, "run.csv", &text, err);
    lx_buf_free(&text);
    return code != LX_OK ? code : write_buf(j, "metrics.csv", metrics, err);
}

static enum lx_code check_memory(const struct job *j, struct lx_err *err)
{
    if (j->w->memory_limit == 0 || j->cell->train_bytes <= j->w->memory_limit)
        return LX_OK;
    return lx_fail(err, LX_ENOMEM, "training %s needs %zu bytes of memory, %zu are allowed",
                   j->cell->label, j->cell->train_bytes, j->w->memory_limit);
}

static enum lx_code run_locked(struct job *j, struct lx_err *err)
{
    struct lx_buf metrics = {0};
    const char *error_path = NULL, *folder = NULL;
    enum lx_code code = path_of(j, false, "error.txt", &error_path, err);

    if (code == LX_OK && lx_fs_exists(error_path))
        code = lx_fs_remove(error_path, err);
    if (code == LX_OK)
        code = lx_gemm_setup(err);
    if (code == LX_OK)
        code = check_memory(j, err);
    if (code == LX_OK)
        code = path_of(j, true, "", &folder, err);
    if (code == LX_OK)
        code = lx_state_open(&j->states, folder, j->cell->train_id, &j->paths, err);
    if (code == LX_OK && !find_training(j, err))
        code = train(j, err);
    if (code == LX_OK) /* training is done, here or before */
        code = lx_state_remove(&j->states, err);
    lx_buf_printf(&metrics, "%s\n", LX_METRICS_HEADER);
    if (code == LX_OK)
        code = evaluate_all(j, &metrics, err);
    if (code == LX_OK)
        code = write_cell(j, &metrics, err);
    else if (code != LX_EINTERRUPT && error_path != NULL) {
        struct lx_err ignored;

        (void)!lx_fs_write(error_path, err->text, strlen(err->text), &ignored);
    }
    lx_buf_free(&metrics);
    return code;
}

/* *fd < 0: another process has it. One whose supervisor was killed ends soon, so it is waited for. */
static enum lx_code hold_cell(const char *lock, int *fd, long *holder, struct lx_err *err)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    double start = lx_clock();
    enum lx_code code = lx_store_lock(lock, fd, holder, err);

    while (code == LX_OK && *fd < 0 && lx_clock() - start < LOCK_SECONDS && !lx_interrupted()) {
        (void)nanosleep(&pause, NULL);
        code = lx_store_lock(lock, fd, holder, err);
    }
    return code == LX_OK && *fd < 0 && lx_interrupted() ? interrupted(err) : code;
}

enum lx_code lx_worker_run(const struct lx_worker *w, struct lx_plan *p, size_t k,
                           struct lx_err *err)
{
    struct job j = {.w = w, .plan = p, .cell = &p->cells[k]};
    const char *folder = NULL, *lock = NULL;
    long holder = 0;
    int fd = -1;
    enum lx_code code = lx_plan_resolve(p, k, err);

    if (code != LX_OK || lx_store_done(w->dir, j.cell->id))
        return code;
    code = lx_plan_data(p, k, &j.data, err);
    if (code == LX_OK)
        code = path_of(&j, false, "", &folder, err);
    if (code == LX_OK)
        code = path_of(&j, false, "lock", &lock, err);
    if (code == LX_OK)
        code = lx_fs_mkdir(folder, err);
    if (code == LX_OK)
        code = hold_cell(lock, &fd, &holder, err);
    if (code == LX_OK && fd < 0)
        code = lx_fail(err, LX_EFAILED, "cell %s is being run by process %ld", j.cell->id, holder);
    if (code == LX_OK && !lx_store_done(w->dir, j.cell->id))
        code = run_locked(&j, err);
    if (fd >= 0) {
        (void)unlink(lock);
        (void)close(fd);
    }
    lx_buf_free(&j.train_rows);
    lx_arena_free(&j.paths);
    return code;
}
