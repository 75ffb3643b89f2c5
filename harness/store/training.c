/* Finished trainings; see training.h. */
#include "store/training.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json/json.h"
#include "store/store.h"
#include "system/fs.h"
#include "system/manifest.h"

const char *const lx_training_names[] = {"model.safetensors", "train.csv", "train.json",
                                         LX_MANIFEST_TRAIN};
const char *const lx_weights_names[] = {"whole", "none", "dropped", "missing", "broken"};

#define WEIGHTS lx_training_names[0]

void lx_train_record_write(const struct lx_train_record *r, struct lx_buf *out)
{
    struct lx_json_writer w = {.out = out, .indent = true};

    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "status", r->diverged ? "diverged" : "ok");
    lx_json_add_int(&w, "steps", r->steps);
    lx_json_add_number(&w, "seconds", r->seconds);
    lx_json_add_number(&w, "tokens_per_second", r->tokens_per_second);
    if (isfinite(r->last_nll))
        lx_json_add_number(&w, "last_nll", r->last_nll);
    lx_json_close_object(&w);
    lx_buf_add(out, "\n");
}

static enum lx_code read_record(const char *path, struct lx_train_record *r, struct lx_err *err)
{
    struct lx_json *doc;
    const char *status;

    if (lx_json_read(path, &doc, err) != LX_OK) {
        err->code = err->code == LX_ECONFIG ? LX_EFORMAT : err->code;
        return err->code;
    }
    status = lx_json_text(lx_json_find(doc, "status"));
    *r = (struct lx_train_record){.diverged = status != NULL && strcmp(status, "diverged") == 0,
                                  .steps = (int)lx_json_number(lx_json_find(doc, "steps")),
                                  .seconds = lx_json_number(lx_json_find(doc, "seconds")),
                                  .tokens_per_second =
                                      lx_json_number(lx_json_find(doc, "tokens_per_second")),
                                  .last_nll = (double)NAN};
    if (lx_json_find(doc, "last_nll") != NULL)
        r->last_nll = lx_json_number(lx_json_find(doc, "last_nll"));
    err->code = LX_OK;
    if (status == NULL || (!r->diverged && strcmp(status, "ok") != 0))
        (void)lx_fail(err, LX_EFORMAT, "%s: status: must be \"ok\" or \"diverged\"", path);
    lx_json_free(doc);
    return err->code;
}

/* The files by their sums; without a manifest, weights must at least be there. */
static enum lx_code check_files(const char *folder, const char *weights, struct lx_training *t,
                                struct lx_err *err)
{
    struct lx_manifest_file files[LX_TRAINING_FILE_COUNT];
    size_t first;
    bool found;

    if (lx_manifest_has_dropped(folder, LX_MANIFEST_TRAIN, WEIGHTS))
        t->weights = LX_WEIGHTS_DROPPED;
    else
        t->weights = t->record.diverged ? LX_WEIGHTS_NONE : LX_WEIGHTS_WHOLE;
    first = t->weights != LX_WEIGHTS_WHOLE;
    for (size_t i = 0; i < LX_TRAINING_FILE_COUNT; i++)
        files[i] = (struct lx_manifest_file){.name = lx_training_names[i]};
    if (lx_manifest_check(folder, LX_MANIFEST_TRAIN, files + first, LX_TRAINING_FILE_COUNT - first,
                          &found, err))
        return err->code;
    if (!found)
        (void)snprintf(t->note, sizeof(t->note), "%.300s: no %s: taken as it is", folder,
                       LX_MANIFEST_TRAIN);
    if (!found && first == 0 && !lx_fs_exists(weights))
        return lx_fail(err, LX_EFORMAT, "%s: no such file", weights);
    return LX_OK;
}

void lx_training_check(const char *dir, const char *train_id, struct lx_training *t)
{
    struct lx_arena arena = {0};
    struct lx_err err = {.code = LX_OK};
    const char *folder, *weights, *record;

    *t = (struct lx_training){.weights = LX_WEIGHTS_MISSING};
    if (lx_store_checkpoint(dir, train_id, "", &arena, &folder, &err) == LX_OK &&
        lx_store_checkpoint(dir, train_id, WEIGHTS, &arena, &weights, &err) == LX_OK &&
        lx_store_checkpoint(dir, train_id, "train.json", &arena, &record, &err) == LX_OK) {
        if (!lx_fs_exists(record))
            (void)lx_fail(&err, LX_EDATA, "%s: no such file", record);
        else if (read_record(record, &t->record, &err) != LX_OK ||
                 check_files(folder, weights, t, &err) != LX_OK)
            t->weights = LX_WEIGHTS_BROKEN;
    } else {
        t->weights = LX_WEIGHTS_BROKEN;
    }
    if (err.code != LX_OK)
        (void)snprintf(t->note, sizeof(t->note), "%.399s", err.text);
    lx_arena_free(&arena);
}

/* Whole or not does not matter: what is given up need not be read. */
static enum lx_code drop(const char *folder, const char *weights, struct lx_err *err)
{
    bool there;

    if (lx_fs_look(weights, &there, err))
        return err->code;
    if (!there) /* training diverged, or they went before */
        return LX_OK;
    if (lx_manifest_drop(folder, LX_MANIFEST_TRAIN, WEIGHTS, err))
        return err->code;
    if (lx_fs_remove(weights, err) || lx_fs_sync_parent(weights, err))
        return err->code;
    return LX_OK;
}

enum lx_code lx_training_drop_weights(const char *dir, const char *train_id, struct lx_err *err)
{
    struct lx_arena arena = {0};
    const char *folder, *weights;
    enum lx_code code = LX_OK;

    if (lx_store_checkpoint(dir, train_id, "", &arena, &folder, err) ||
        lx_store_checkpoint(dir, train_id, WEIGHTS, &arena, &weights, err) ||
        drop(folder, weights, err))
        code = err->code;
    lx_arena_free(&arena);
    return code;
}
