/* The training of a cell: found, resumed or done; see job.h. */
#include <math.h>
#include <string.h>

#include "core/csvfile.h"
#include "core/fs.h"
#include "core/log.h"
#include "model/checkpoint.h"
#include "run/job.h"
#include "run/seal.h"

static bool seen_step(void *ctx, int step, double loss, const struct lx_train_row *row)
{
    struct lx_job *j = ctx;
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
    return lx_live_train(&j->live, step, steps, loss, step == steps);
}

static void resume(void *ctx, struct lx_train_state *s)
{
    struct lx_job *j = ctx;
    struct lx_state state = {.train = s, .rows = &j->train_rows};
    int steps = j->cell->v.train.steps;
    bool found;

    lx_state_load(&j->states, &state, &found);
    j->saved = lx_clock();
    if (found) {
        j->trained -= state.seconds;
        lx_log("%s seed %llu: resuming at step %d of %d", j->cell->label, j->live.seed, s->step,
               steps);
    }
    /* what was done before is no sign of speed: the first line says where this process begins */
    (void)lx_live_train(&j->live, s->step, steps, (double)NAN, true);
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
    bool refused; /* what lies there could not be read and is to be replaced */
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

/* Everything that a training leaves, in the order of the seal. Diverged: there are no weights. */
static const char *const names[] = {"model.safetensors", "train.csv", "train.json"};

static enum lx_code read_training(struct lx_job *j, const struct files *f, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_checkpoint c;
    enum lx_code code = lx_store_read_record(f->record, &j->record, err);
    size_t skip = j->record.diverged;

    if (code == LX_OK)
        code = lx_seal_check(f->folder, LX_SEAL_TRAIN, names + skip, 3 - skip, err);
    if (code == LX_OK)
        code = lx_fs_read(f->curve, &j->train_rows, err);
    if (code == LX_OK && !j->record.diverged) {
        code = lx_checkpoint_open(&c, f->weights, &arena, err);
        if (code == LX_OK)
            lx_checkpoint_close(&c);
    }
    lx_arena_free(&arena);
    return code;
}

/* Whether an earlier run left this training whole; files that cannot be read are reported, trained anew
 * and left where they are until then, since the cause may be this process and not they. */
static bool find_training(struct lx_job *j, struct files *f, struct lx_err *err)
{
    if (!lx_fs_exists(f->record))
        return false;
    if (read_training(j, f, err) == LX_OK)
        return true;
    lx_log("training again: %s", err->text);
    f->refused = true;
    return false;
}

/* Save what training left: the weights unless they are broken, the curve, their sums, and last the
 * record. */
static enum lx_code write_training(struct lx_job *j, const struct lx_model *m,
                                   const struct files *f, struct lx_err *err)
{
    const char *curve = j->train_rows.len > 0 ? j->train_rows.text : "";
    struct lx_buf record = {0};
    size_t skip = j->record.diverged;
    enum lx_code code = lx_buf_check(&j->train_rows, err);

    if (code == LX_OK && !j->record.diverged)
        code = lx_checkpoint_save(f->weights, m, j->record.steps, j->cell->metadata, err);
    if (code == LX_OK)
        code = lx_fs_write(f->curve, curve, j->train_rows.len, err);
    lx_store_record(&j->record, &record);
    if (code == LX_OK)
        code = lx_buf_check(&record, err);
    if (code == LX_OK) {
        const struct lx_sealed sealed[] = {{.name = names[0]},
                                           {names[1], curve, j->train_rows.len},
                                           {names[2], record.text, record.len}};

        code = lx_seal_write(f->folder, LX_SEAL_TRAIN, sealed + skip, 3 - skip, err);
    }
    if (code == LX_OK)
        code = lx_fs_write(f->record, record.text, record.len, err);
    lx_buf_free(&record);
    return code;
}

/* Another machine may have ended the same training: what it left whole stays, since only the times
 * differ, and what is written is looked at again. What was refused before is written over first. */
static enum lx_code save_training(struct lx_job *j, const struct lx_model *m, const struct files *f,
                                  struct lx_err *err)
{
    size_t skip = j->record.diverged;
    enum lx_code code = LX_OK;
    struct lx_err ignored;

    for (int i = 0; i < LX_WRITE_TRIES && code == LX_OK; i++) {
        if (!(f->refused && i == 0) && lx_fs_exists(f->record) &&
            lx_seal_check(f->folder, LX_SEAL_TRAIN, names + skip, 3 - skip, &ignored) == LX_OK)
            break;
        code = write_training(j, m, f, err);
    }
    return code;
}

static enum lx_code train(struct lx_job *j, const struct files *f, struct lx_err *err)
{
    const struct lx_cell *cell = j->cell;
    const struct lx_config_stack *s = &j->plan->config->encodings[cell->encoding].trained;
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
        code = lx_job_interrupted(err);
    if (code == LX_OK) {
        double seconds = lx_clock() - j->trained;
        double tokens = (double)result.steps * cell->v.train.batch_tokens;

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
    enum lx_code code = name_files(j, &f, err);

    if (code == LX_OK)
        code = lx_state_open(&j->states, f.folder, j->cell->train_id, &j->paths, err);
    if (code == LX_OK && !find_training(j, &f, err))
        code = train(j, &f, err);
    if (code == LX_OK) /* training is done, here or before */
        code = lx_state_remove(&j->states, err);
    return code;
}
