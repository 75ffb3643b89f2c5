/* The training of a cell: found, resumed or done; see job.h. */
#include <math.h>
#include <string.h>

#include "cell/job.h"
#include "core/log.h"
#include "eval/answers.h"
#include "model/checkpoint.h"
#include "store/store.h"
#include "system/fs.h"
#include "system/manifest.h"
#include "system/publish.h"
#include "text/csvfile.h"
#include "train/state.h"

/* A training of the cell, on its way. */
struct training {
    struct lx_job *j;
    const char *folder; /* where it will be */
    struct lx_state_files states;
    double saved;              /* clock of the last state, or of the first step */
    double start;              /* clock when it would have begun if it had never been interrupted */
    struct lx_model *training; /* in the course of it */
    const struct lx_model *m;  /* trained */
};

static bool seen_step(void *ctx, int step, double loss, const struct lx_train_row *row)
{
    struct training *t = ctx;
    struct lx_buf *rows = &t->j->train_rows;
    int steps = t->j->cell->v->train.steps;

    if (row != NULL) {
        lx_buf_printf(rows, "%d,%lld,", row->step, row->tokens);
        lx_csv_number(rows, row->lr);
        lx_buf_add(rows, ",");
        lx_csv_number(rows, row->train_nll);
        lx_buf_add(rows, ",");
        lx_csv_number(rows, row->grad_norm);
        lx_buf_add(rows, "\n");
        lx_board_train(&t->j->board, rows);
    }
    return lx_heartbeat_train(&t->j->heartbeat, step, steps, loss, step == steps);
}

static void resume(void *ctx, struct lx_train_state *s)
{
    struct training *t = ctx;
    struct lx_job *j = t->j;
    int steps = j->cell->v->train.steps;
    struct lx_state state = {.train = s, .steps = steps, .rows = &j->train_rows};
    bool found;

    lx_state_load(&t->states, &state, &found);
    t->saved = lx_clock();
    if (found) {
        t->start -= state.seconds;
        lx_log("%s seed %llu: resuming at step %d of %d", j->cell->label, j->heartbeat.seed,
               s->step, steps);
    }
    /* what was done before is no sign of speed: the first line says where this process begins */
    (void)lx_heartbeat_train(&j->heartbeat, s->step, steps, (double)NAN, true);
}

/* A state that cannot be saved costs time after an interruption, never the run. */
static void save(void *ctx, const struct lx_train_state *s, bool stopping)
{
    struct training *t = ctx;
    struct lx_train_state now = *s;
    double every = t->j->w->checkpoint_every, clock = lx_clock();
    struct lx_state state = {.train = &now, .seconds = clock - t->start, .rows = &t->j->train_rows};
    struct lx_err err;

    if (!stopping && !(every > 0.0 && clock - t->saved >= every))
        return;
    if (lx_state_save(&t->states, &state, &err) != LX_OK)
        lx_log("state of training not saved: %s", err.text);
    t->saved = lx_clock();
}

enum { STOP_EXAMPLES = 256 };

/* Examples of the training split that no other step asks for: one seed and step, the same ones. */
static bool learned(void *ctx, int step)
{
    const struct training *t = ctx;
    const struct lx_job *j = t->j;
    uint64_t seed = j->plan->config->seeds[j->cell->seed];
    const struct lx_stream *stream;
    struct lx_err err;
    double share = 0;

    if (lx_data_load(j->data, LX_SPLIT_TRAIN, &stream, &err) ||
        lx_answers_share(t->training, stream, STOP_EXAMPLES, (seed << 32) + (uint64_t)step, &share,
                         &err))
        lx_log("whether it is learned could not be asked: %s", err.text);
    return share >= j->cell->v->train.stop_at;
}

/* Weights that are whole must be ones that can be read, too. */
static enum lx_code open_weights(struct lx_job *j, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_checkpoint c;
    const char *weights;
    enum lx_code code;

    if (lx_job_checkpoint_path(j, lx_training_names[0], &weights, err))
        return err->code;
    code = lx_checkpoint_open(&c, weights, &arena, err);
    if (code == LX_OK)
        lx_checkpoint_close(&c);
    lx_arena_free(&arena);
    return code;
}

/* Take a training that is there, its weights included. */
static enum lx_code read_training(struct lx_job *j, struct lx_err *err)
{
    struct lx_training t;
    const char *curve;

    lx_training_check(j->w->dir, j->cell->train_id, &t);
    if (t.weights == LX_WEIGHTS_DROPPED)
        return lx_fail(err, LX_EDATA, "the weights of %s were dropped", j->cell->train_id);
    if (t.weights == LX_WEIGHTS_MISSING || t.weights == LX_WEIGHTS_BROKEN)
        return lx_fail(err, LX_EFORMAT, "%s", t.note);
    if (t.note[0] != '\0')
        lx_log("%s", t.note);
    j->record = t.record;
    if ((t.weights == LX_WEIGHTS_WHOLE && open_weights(j, err)) ||
        lx_job_checkpoint_path(j, "train.csv", &curve, err))
        return err->code;
    return lx_fs_read(curve, &j->train_rows, err);
}

/* Whether an earlier run left this training whole. What cannot be read is reported, trained anew and left
 * where it is until then, since the cause may be this process and not the files. */
static bool find_training(struct lx_job *j)
{
    struct lx_err err;
    const char *record;

    if (lx_job_checkpoint_path(j, "train.json", &record, &err) != LX_OK || !lx_fs_exists(record))
        return false;
    if (read_training(j, &err) == LX_OK)
        return true;
    lx_log("training again: %s", err.text);
    return false;
}

/* The weights unless they are broken, the curve, the record, and their sums. */
static enum lx_code write_training(void *ctx, const char *folder, struct lx_err *err)
{
    const struct training *t = ctx;
    struct lx_job *j = t->j;
    const char *curve = j->train_rows.len > 0 ? j->train_rows.text : "";
    const char *weights = lx_arena_printf(&j->paths, "%s/%s", folder, lx_training_names[0]);
    struct lx_buf record = {0};
    size_t skip = j->record.diverged;
    enum lx_code code = weights != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");

    if (code == LX_OK && !j->record.diverged)
        code = lx_checkpoint_save(weights, t->m, j->record.steps, j->cell->metadata, err);
    lx_train_record_write(&j->record, &record);
    if (code == LX_OK && (lx_job_write(j, folder, lx_training_names[1], &j->train_rows, err) ||
                          lx_job_write(j, folder, lx_training_names[2], &record, err)))
        code = err->code;
    if (code == LX_OK) {
        const struct lx_manifest_file files[LX_TRAINING_FILE_COUNT] = {
            {.name = lx_training_names[0]},
            {lx_training_names[1], curve, j->train_rows.len},
            {lx_training_names[2], record.text, record.len}};

        code = lx_manifest_write(folder, LX_MANIFEST_TRAIN, files + skip,
                                 LX_TRAINING_FILE_COUNT - skip, err);
    }
    lx_buf_free(&record);
    return code;
}

static bool is_whole(void *ctx, const char *folder)
{
    const struct training *t = ctx;
    struct lx_training found;
    struct lx_err ignored;

    (void)folder; /* that of the training */
    lx_training_check(t->j->w->dir, t->j->cell->train_id, &found);
    return found.weights == LX_WEIGHTS_NONE ||
           (found.weights == LX_WEIGHTS_WHOLE && open_weights(t->j, &ignored) == LX_OK);
}

/* Another machine may have ended the same training: then its files stay and are the ones to go on with. */
static enum lx_code save_training(struct training *t, struct lx_err *err)
{
    const struct lx_publication p = {.folder = t->folder,
                                     .names = lx_training_names,
                                     .n_names = LX_TRAINING_FILE_COUNT + 1,
                                     .ctx = t,
                                     .write = write_training,
                                     .is_whole = is_whole};
    bool mine;
    enum lx_code code = lx_publish(&p, &mine, err);

    return code == LX_OK && !mine ? read_training(t->j, err) : code;
}

/* Everything that can fail without a step being done. */
static enum lx_code prepare(struct training *t, struct lx_model *m, struct lx_arena *arena,
                            const struct lx_stream **stream, struct lx_err *err)
{
    const struct lx_job *j = t->j;
    const struct lx_cell *cell = j->cell;
    const struct lx_config_stack *s = &cell->e->trained;
    struct lx_stack stack;

    if (lx_precision_check("train.precision", cell->train.precision, err) ||
        lx_data_load(j->data, LX_SPLIT_TRAIN, stream, err) || lx_publish_check(t->folder, err) ||
        lx_fs_mkdir_own(t->states.folder, err) || lx_stack_clone(&s->stack, arena, &stack, err))
        return err->code;
    if (lx_model_init(m, &cell->v->model, &stack, cell->v->train.length, cell->v->train.length,
                      true, arena, err))
        return lx_config_at(err, s->path);
    m->precision = (enum lx_precision)cell->train.precision;
    return LX_OK;
}

static enum lx_code run(struct training *t, struct lx_arena *arena, struct lx_err *err)
{
    struct lx_job *j = t->j;
    const struct lx_train_config *config = &j->cell->train;
    const struct lx_train_watch watch = {
        .seen = seen_step, .ctx = t, .resume = resume, .keep = save, .learned = learned};
    uint64_t seed = j->plan->config->seeds[j->cell->seed];
    const struct lx_stream *stream;
    struct lx_train_result result;
    struct lx_model m;
    double seconds, tokens;

    lx_buf_clear(&j->train_rows);
    t->start = lx_clock();
    if (prepare(t, &m, arena, &stream, err))
        return err->code;
    t->training = &m;
    lx_paramset_fill(&m.params, seed);
    if (lx_train_run(&m, config, stream, seed, &watch, arena, &result, err))
        return err->code;
    if (result.stopped && !result.diverged && !result.learned && result.steps < config->steps)
        return lx_job_interrupted(err);
    if (result.learned)
        lx_log("%s seed %llu: %g of the answers right after %d of %d steps, the rest left out",
               j->cell->label, j->heartbeat.seed, config->stop_at, result.steps, config->steps);
    seconds = lx_clock() - t->start;
    tokens = (double)result.steps * config->batch_tokens;
    j->record = (struct lx_train_record){.diverged = result.diverged,
                                         .steps = result.steps,
                                         .seconds = seconds,
                                         .tokens_per_second = tokens / fmax(seconds, 1e-9),
                                         .last_nll = result.last_nll};
    t->m = &m;
    return save_training(t, err);
}

enum lx_code lx_job_train(struct lx_job *j, struct lx_err *err)
{
    struct training t = {.j = j};
    struct lx_arena arena = {0};
    const char *work;
    enum lx_code code = LX_OK;

    if (lx_job_checkpoint_path(j, "", &t.folder, err) ||
        lx_store_work(j->w->dir, j->cell->train_id, "", &j->paths, &work, err) ||
        lx_state_open(&t.states, work, j->cell->train_id, &j->paths, err))
        return err->code;
    if (!find_training(j))
        code = run(&t, &arena, err);
    if (code == LX_OK)
        lx_board_train(&j->board, &j->train_rows); /* those of a training that was found */
    lx_arena_free(&arena);
    /* training is done, here or before */
    return code == LX_OK ? lx_state_remove(&t.states, err) : code;
}
