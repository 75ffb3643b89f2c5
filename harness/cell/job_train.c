/* The training of a cell: found, resumed or done; see job.h. */
#include <math.h>
#include <string.h>

#include "cell/job.h"
#include "core/log.h"
#include "model/checkpoint.h"
#include "system/fs.h"
#include "system/manifest.h"
#include "system/publish.h"
#include "text/csvfile.h"

static bool seen_step(void *ctx, int step, double loss, const struct lx_train_row *row)
{
    struct lx_job *j = ctx;
    int steps = j->cell->v->train.steps;

    if (row != NULL) {
        lx_buf_printf(&j->train_rows, "%d,%lld,", row->step, row->tokens);
        lx_csv_number(&j->train_rows, row->lr);
        lx_buf_add(&j->train_rows, ",");
        lx_csv_number(&j->train_rows, row->train_nll);
        lx_buf_add(&j->train_rows, ",");
        lx_csv_number(&j->train_rows, row->grad_norm);
        lx_buf_add(&j->train_rows, "\n");
    }
    return lx_heartbeat_train(&j->live, step, steps, loss, step == steps);
}

static void resume(void *ctx, struct lx_train_state *s)
{
    struct lx_job *j = ctx;
    struct lx_state state = {.train = s, .rows = &j->train_rows};
    int steps = j->cell->v->train.steps;
    bool found;

    lx_state_load(&j->states, &state, &found);
    j->saved = lx_clock();
    if (found) {
        j->trained -= state.seconds;
        lx_log("%s seed %llu: resuming at step %d of %d", j->cell->label, j->live.seed, s->step,
               steps);
    }
    /* what was done before is no sign of speed: the first line says where this process begins */
    (void)lx_heartbeat_train(&j->live, s->step, steps, (double)NAN, true);
}

/* A state that cannot be saved costs time after an interruption, never the run. */
static void keep(void *ctx, const struct lx_train_state *s, bool stopping)
{
    struct lx_job *j = ctx;
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

struct files {
    const char *folder, *weights, *curve, *record;
};

static enum lx_code name_files(struct lx_job *j, struct files *f, struct lx_err *err)
{
    enum lx_code code = lx_job_checkpoint_path(j, "", &f->folder, err);

    if (code == LX_OK)
        code = lx_job_checkpoint_path(j, "model.safetensors", &f->weights, err);
    if (code == LX_OK)
        code = lx_job_checkpoint_path(j, "train.csv", &f->curve, err);
    if (code == LX_OK)
        code = lx_job_checkpoint_path(j, "train.json", &f->record, err);
    return code;
}

/* Everything that a training leaves, in the order of the seal, and that. Diverged: there are no
 * weights. */
static const char *const names[] = {"model.safetensors", "train.csv", "train.json", LX_SEAL_TRAIN};

static enum lx_code check_training(const struct files *f, struct lx_train_record *r,
                                   struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_checkpoint c;
    enum lx_code code = lx_store_read_record(f->record, r, err);

    if (code == LX_OK)
        code =
            lx_manifest_check(f->folder, LX_SEAL_TRAIN, names + r->diverged, 3U - r->diverged, err);
    if (code == LX_OK && !r->diverged) {
        code = lx_checkpoint_open(&c, f->weights, &arena, err);
        if (code == LX_OK)
            lx_checkpoint_close(&c);
    }
    lx_arena_free(&arena);
    return code;
}

static enum lx_code read_training(struct lx_job *j, const struct files *f, struct lx_err *err)
{
    enum lx_code code = check_training(f, &j->record, err);

    return code == LX_OK ? lx_fs_read(f->curve, &j->train_rows, err) : code;
}

/* Whether an earlier run left this training whole. What cannot be read is reported, trained anew and left
 * where it is until then, since the cause may be this process and not the files. */
static bool find_training(struct lx_job *j, const struct files *f, struct lx_err *err)
{
    if (!lx_fs_exists(f->record))
        return false;
    if (read_training(j, f, err) == LX_OK)
        return true;
    lx_log("training again: %s", err->text);
    return false;
}

/* What training left, to be published. */
struct trained {
    struct lx_job *j;
    const struct files *f;
    const struct lx_model *m;
};

/* The weights unless they are broken, the curve, the record, and their sums. */
static enum lx_code write_training(void *ctx, const char *folder, struct lx_err *err)
{
    const struct trained *t = ctx;
    struct lx_job *j = t->j;
    const char *curve = j->train_rows.len > 0 ? j->train_rows.text : "";
    struct lx_buf record = {0};
    const char *weights = lx_arena_printf(&j->paths, "%s/%s", folder, names[0]);
    enum lx_code code = weights != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");

    if (code == LX_OK && !j->record.diverged)
        code = lx_checkpoint_save(weights, t->m, j->record.steps, j->cell->metadata, err);
    if (code == LX_OK)
        code = lx_job_write(j, folder, names[1], &j->train_rows, err);
    lx_store_record(&j->record, &record);
    if (code == LX_OK)
        code = lx_job_write(j, folder, names[2], &record, err);
    if (code == LX_OK) {
        const struct lx_manifest_file sealed[] = {{.name = names[0]},
                                                  {names[1], curve, j->train_rows.len},
                                                  {names[2], record.text, record.len}};
        size_t skip = j->record.diverged;

        code = lx_manifest_write(folder, LX_SEAL_TRAIN, sealed + skip, 3 - skip, err);
    }
    lx_buf_free(&record);
    return code;
}

static bool is_whole(void *ctx, const char *folder)
{
    const struct trained *t = ctx;
    struct lx_train_record record;
    struct lx_err ignored;

    (void)folder; /* that of the files */
    return lx_fs_exists(t->f->record) && check_training(t->f, &record, &ignored) == LX_OK;
}

/* Another machine may have ended the same training: then its files stay and are gone on with. */
static enum lx_code save_training(struct lx_job *j, const struct lx_model *m, const struct files *f,
                                  struct lx_err *err)
{
    struct trained t = {j, f, m};
    const struct lx_publication p = {.folder = f->folder,
                                     .names = names,
                                     .n_names = sizeof(names) / sizeof(names[0]),
                                     .ctx = &t,
                                     .write = write_training,
                                     .is_whole = is_whole};
    bool mine;
    enum lx_code code = lx_publish(&p, &mine, err);

    return code == LX_OK && !mine ? read_training(j, f, err) : code;
}

static enum lx_code train(struct lx_job *j, const struct files *f, struct lx_err *err)
{
    const struct lx_cell *cell = j->cell;
    const struct lx_config_stack *s = &cell->e->trained;
    const struct lx_train_watch watch = {
        .seen = seen_step, .ctx = j, .resume = resume, .keep = keep};
    uint64_t seed = j->plan->config->seeds[cell->seed];
    struct lx_arena arena = {0};
    const struct lx_stream *stream;
    struct lx_train_result result;
    struct lx_stack stack;
    struct lx_model m;
    enum lx_code code = lx_data_load(j->data, LX_SPLIT_TRAIN, &stream, err);

    lx_buf_clear(&j->train_rows);
    j->trained = lx_clock();
    if (code == LX_OK)
        code = lx_publish_check(f->folder, err);
    if (code == LX_OK)
        code = lx_fs_mkdir(j->states.folder, err);
    if (code == LX_OK)
        code = lx_stack_clone(&s->stack, &arena, &stack, err);
    if (code == LX_OK && lx_model_init(&m, &cell->v->model, &stack, cell->v->train.length,
                                       cell->v->train.length, true, &arena, err) != LX_OK)
        code = lx_config_at(err, s->path);
    if (code == LX_OK) {
        lx_paramset_fill(&m.params, seed);
        code = lx_train_run(&m, &cell->v->train, stream, seed, &watch, &arena, &result, err);
    }
    if (code == LX_OK && result.stopped && !result.diverged && result.steps < cell->v->train.steps)
        code = lx_job_interrupted(err);
    if (code == LX_OK) {
        double seconds = lx_clock() - j->trained;
        double tokens = (double)result.steps * cell->v->train.batch_tokens;

        j->record = (struct lx_train_record){.diverged = result.diverged,
                                             .steps = result.steps,
                                             .seconds = seconds,
                                             .tokens_per_second = tokens / fmax(seconds, 1e-9),
                                             .last_nll = result.last_nll};
        code = save_training(j, &m, f, err);
    }
    lx_arena_free(&arena);
    return code;
}

enum lx_code lx_job_train(struct lx_job *j, struct lx_err *err)
{
    struct files f = {0};
    const char *work = NULL;
    enum lx_code code = name_files(j, &f, err);

    if (code == LX_OK)
        code = lx_store_work(j->w->dir, j->cell->train_id, "", &j->paths, &work, err);
    if (code == LX_OK)
        code = lx_state_open(&j->states, work, j->cell->train_id, &j->paths, err);
    if (code == LX_OK && !find_training(j, &f, err))
        code = train(j, &f, err);
    if (code == LX_OK) /* training is done, here or before */
        code = lx_state_remove(&j->states, err);
    return code;
}
