/* Checkpoints: a model as a safetensors file, with the resolved config inside.
 *
 * __metadata__: format = "longshot-checkpoint-1", step, config (JSON text with keys model, train,
 * encoding: {"stack": [...]}; model.vocab resolved). Tensors are F32, linear weights [out, in]. */
#ifndef LX_MODEL_CHECKPOINT_H
#define LX_MODEL_CHECKPOINT_H

#include "core/arena.h"
#include "core/err.h"
#include "json/json.h"
#include "model/safetensors.h"
#include "model/transformer.h"

struct lx_checkpoint {
    struct lx_st_file file;
    struct lx_json *config; /* parsed metadata config; freed by lx_checkpoint_close */
    struct lx_model_config model;
    int train_length;
    long long step;
    const struct lx_json *stack; /* the "stack" list inside config */
};

/* Read and check everything but the arrays. */
LX_MUST_CHECK
enum lx_code lx_checkpoint_open(struct lx_checkpoint *c, const char *path, struct lx_arena *arena,
                                struct lx_err *err);
void lx_checkpoint_close(struct lx_checkpoint *c);

/* Copy the arrays into a model by name. Every array of the model must be there with the right
 * shape, every number finite. Arrays of the file that the model does not have are an error unless
 * they are some other scheme's ("encoding.") and `other_stack` is set (evaluation under another
 * stack). */
LX_MUST_CHECK
enum lx_code lx_checkpoint_load(const struct lx_checkpoint *c, struct lx_model *m, bool other_stack,
                                struct lx_err *err);

/* Write atomically. config_json: the text for the metadata. */
LX_MUST_CHECK
enum lx_code lx_checkpoint_save(const char *path, const struct lx_model *m, long long step,
                                const char *config_json, struct lx_err *err);

#endif
