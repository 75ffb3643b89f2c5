/* The config of an experiment: one strict JSON file, with overrides, checked to the last key.
 *
 * Everything that a later step reads is parsed and validated here, so that a wrong config fails
 * before any work and the message names file, place, rule and value:
 *     configs/a.json: encodings[2].stack[0].base: must be at least 1, got 0
 * Paths of data files are used as typed, relative to the folder the program runs in.
 *
 * A leaf of `model` or `train` may be {"sweep": [...]}. One choice of a value for every sweep is a
 * variant; a plan runs all of them. An option in a stack and a rate of an encoding may be one, too: that
 * makes several encodings. */
#ifndef LX_CONFIG_CONFIG_H
#define LX_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/analysis.h"
#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "datasets/dataset.h"
#include "eval/evaluate.h"
#include "json/json.h"
#include "model/transformer.h"
#include "stack/stack.h"
#include "train/train.h"

#define LX_MAX_CELLS 10000

struct lx_config_dataset {
    const char *id;
    const char *path; /* place in the config, for messages: "dataset", "dataset[1]" */
    const struct lx_json *json;
    const struct lx_dataset_ops *ops;
    void *self; /* options parsed, init done; loading only reads it */
};

/* A list of schemes with a name. The stack is parsed and checked, and never initialised: a model gets
 * one of its own from lx_stack_clone. */
struct lx_config_stack {
    const char *id;
    const char *path; /* "encodings[2]", "encodings[2].evaluate_as[0]" */
    struct lx_stack stack;
};

/* One element of "encodings": what is trained, and what its weights are evaluated under as well. */
struct lx_config_encoding {
    struct lx_config_stack trained;
    struct lx_config_stack *evaluate_as; /* (n_evaluate_as) */
    size_t n_evaluate_as;
    double lr, array_lr; /* in place of those of `train`; NAN: not given */
};

extern const struct lx_option lx_rate_options[]; /* lr and array_lr of an element of "encodings" */

struct lx_sweep {
    const char *section; /* "model" or "train" */
    const char *key;
    const struct lx_json *values; /* array of numbers, strings, true and false */
    size_t n;
};

/* The section `tune`; see config_tune.h. */
struct lx_tune_config {
    double start, lowest, array_lr;
    int reach, seed, steps, split;
    const char *from,
        *table; /* rates that were found elsewhere, and the file that has them; NULL: none */
};

extern const struct lx_option lx_tune_options[];

/* The sections with one value picked for each sweep; model.vocab and d_ff are resolved. */
struct lx_config_variant {
    struct lx_model_config model;
    struct lx_train_config train;
    struct lx_eval_config eval;
    struct lx_analyses analyses;
};

/* A file that a dataset reads, as it was on disk. */
struct lx_config_text {
    const char *path;
    size_t bytes;
    char sha256[65];
};

struct lx_config {
    struct lx_arena arena;
    struct lx_json *doc;
    struct lx_json *unnamed;  /* the encodings, each as a stack */
    struct lx_json *expanded; /* the same, sweeps in stacks spelled out */
    const char *file;         /* stands in front of messages */
    const char *name;
    struct lx_config_dataset *datasets;
    size_t n_datasets;
    struct lx_config_encoding *encodings;
    size_t n_encodings;
    struct lx_sweep *sweeps;
    size_t n_sweeps;
    struct lx_config_variant *variants;                    /* (n_datasets, n_variants) */
    size_t n_variants;                                     /* the product over the sweeps */
    const struct lx_json *model, *train, *eval, *analyses; /* NULL where the config has none */
    const struct lx_json *claims, *published;              /* the same; they change no cell */
    const struct lx_json *texts;                           /* the same: what files must be */
    struct lx_config_text *text;                           /* what they are: lx_config_sum_texts */
    size_t n_texts;
    const struct lx_json *notes; /* the same; for people alone */
    const struct lx_json *tune;  /* NULL: there is none */
    struct lx_tune_config tuning;
    uint64_t *seeds;
    size_t n_seeds;
};

/* Parse a config of n bytes; `file` names it. Overrides are "path=value" texts, applied in order.
 * Free with lx_config_free, after a failure too. */
LX_MUST_CHECK
enum lx_code lx_config_parse(struct lx_config *c, const char *text, size_t n, const char *file,
                             char *const *overrides, size_t n_overrides, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_config_read(struct lx_config *c, const char *path, char *const *overrides,
                            size_t n_overrides, struct lx_err *err);
void lx_config_free(struct lx_config *c);

/* Read every file that a dataset of the config names, whole, and keep its size and SHA-256; from then on
 * lx_config_write writes them. One that is not what `texts` of the config says is LX_EDATA. */
LX_MUST_CHECK enum lx_code lx_config_sum_texts(struct lx_config *c, struct lx_err *err);

/* Those of one file. */
LX_MUST_CHECK
enum lx_code lx_config_sum_text(const char *path, struct lx_config_text *out, struct lx_err *err);

/* Variant v for dataset d. */
const struct lx_config_variant *lx_config_variant(const struct lx_config *c, size_t d, size_t v);
/* Index of the value that variant v picks for sweep s; the last sweep turns fastest. */
size_t lx_config_pick(const struct lx_config *c, size_t v, size_t s);
/* The section `train` of variant v as encoding e is trained: with the entry's own rates. */
struct lx_train_config lx_config_train(const struct lx_config_variant *v,
                                       const struct lx_config_encoding *e);
/* The longest sequence that evaluation asks for, at least the training length. */
int lx_variant_longest(const struct lx_config_variant *v);

/* Read a list in the form of "encodings" into an empty config, for those who want stacks alone. */
LX_MUST_CHECK
enum lx_code lx_config_encodings(struct lx_config *c, const struct lx_json *list,
                                 struct lx_err *err);

/* The resolved config: every default written, sweeps kept. It is a valid config with the same
 * plan. */
LX_MUST_CHECK
enum lx_code lx_config_write(const struct lx_config *c, struct lx_buf *out, struct lx_err *err);

/* Beside a resolved config, what it would be had it named only its datasets and schemes; *out is NULL where
 * this version cannot tell. */
LX_MUST_CHECK
enum lx_code lx_config_defaults(const struct lx_json *config, struct lx_json **out,
                                struct lx_err *err);

/* "rope+alibi" as the JSON list of a stack, appended to out. A word that is no scheme but a choice of an
 * option of the scheme before it sets that option: "rope+yarn". *unknown: a word that is neither, else
 * NULL. */
LX_MUST_CHECK
enum lx_code lx_config_words(const char *words, struct lx_arena *arena, struct lx_buf *out,
                             const char **unknown, struct lx_err *err);
/* The value of an option that takes a stack: JSON stays as it is (NULL, too), words become it. `what` names
 * the option. */
LX_MUST_CHECK
enum lx_code lx_config_stack_text(const char *text, const char *what, struct lx_arena *arena,
                                  const char **json, struct lx_err *err);

/* Pieces shared with other readers of the same objects (checkpoint metadata, the command line).
 * `path` names the object in messages. */
LX_MUST_CHECK
enum lx_code lx_config_dataset_parse(struct lx_config_dataset *d, const struct lx_json *obj,
                                     const char *path, struct lx_arena *arena, struct lx_err *err);
void lx_config_dataset_write(const struct lx_config_dataset *d, struct lx_json_writer *w,
                             const char *key);

/* Put "PATH." in front of a message that begins with a key. */
enum lx_code lx_config_at(struct lx_err *err, const char *path);

#endif
