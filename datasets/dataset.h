/* The contract of a dataset: splits, each one stream of tokens, or examples that are made one by one.
 *
 * Tokens are small integers below vocab. A stream is what a split reads like from front to back;
 * documents follow one another, each closed by an end-of-document token that counts like any other.
 * Training draws windows at random from the train stream; evaluation walks a split in order. */
#ifndef LX_DATASETS_DATASET_H
#define LX_DATASETS_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/rng.h"
#include "text/options.h"

enum lx_split { LX_SPLIT_TRAIN, LX_SPLIT_VALID, LX_SPLIT_TEST };
#define LX_SPLITS 3
#define LX_SPLIT_NAMES "train|valid|test"

struct lx_example_ops;

struct lx_stream {
    const uint16_t *tokens; /* (n)                                                        */
    size_t n;
    /* (n) or NULL: the generator's own cost in nats of each token given all before it: no model can
     * beat its mean on average. Known only for generated data. */
    const float *floor_nll;
    /* (n) or NULL: how far back (tokens) the reader must look to have that cost; 0 = nowhere.  With
     * a shorter context the cost of token t is at least blind_nll[t]. */
    const uint32_t *reach;
    const float *blind_nll;
    /* NULL: a stream. Else the split is made of examples, these are asked for them with `self`, and the
     * tokens above are a few of their inputs, to look at and to tell one dataset from another. */
    const struct lx_example_ops *examples;
    const void *self;
};

/* A target that is not scored, and the one that says that an answer ends. */
#define LX_UNSCORED 0xffff
enum { LX_EXAMPLE_END = '\n' };

/* An example: what is read, and what is to be said after each of it. */
struct lx_example {
    uint16_t *inputs;  /* (n), room of the caller                                        */
    uint16_t *targets; /* (n) LX_UNSCORED, or the token to be said after this input       */
    /* (n) of scored targets: the last inputs, up to this one, that the target depends on; 0: not known */
    uint16_t *reach;
    int n;
    bool ends; /* the last target is LX_EXAMPLE_END */
};

/* A dataset of examples by size. Nothing here fails: `check` comes before. */
struct lx_example_ops {
    /* Sizes of training, both included, for windows of `length` inputs; 0, 0: none fits. */
    void (*sizes)(const void *self, int length, int *shortest, int *longest);
    /* The most inputs of an example of a size. */
    int (*tokens)(const void *self, int size);
    /* Whether a window of training holds as many examples as it has room for, and not one. */
    bool (*fills)(const void *self);
    /* Whether windows of `length` and sizes up to `largest` can be made; messages begin with the key. */
    enum lx_code (*check)(const void *self, int length, int largest, struct lx_err *err);
    /* Which random numbers evaluation draws from, and training with the seed of a cell. */
    uint64_t (*seed)(const void *self);
    /* One example of a split. Splits have no example in common. */
    void (*draw)(const void *self, struct lx_rng *rng, enum lx_split split, int size,
                 struct lx_example *out);
    /* A window of training, (length) each; progress is the part of training that is done. `room` holds an
     * example of the longest size. */
    void (*window)(const void *self, struct lx_rng *rng, double progress, int length,
                   struct lx_example *room, uint16_t *inputs, uint16_t *targets);
};

/* A question about something said earlier, as a window: inputs tokens[0 .. length-1], targets
 * tokens[1 .. length]. The last `answers` targets are the answer, and nothing else tells it but the
 * fact that begins at token `at`. */
struct lx_prompt {
    uint16_t *tokens; /* (length + 1) of the caller, NULL: only the numbers below are wanted */
    int at;
    int answers;
};

struct lx_dataset_ops {
    const char *name; /* key in configs and CSV: [a-z0-9_] */
    const char *title;
    const char *cite; /* source or "generated" */
    const char *help; /* one line */

    size_t state_size;               /* bytes of self, zeroed */
    const struct lx_option *options; /* parsed into self */

    /* Check options (relations between them; files must exist). Messages begin with the option's
     * key. Cheap: `plan` calls it. */
    enum lx_code (*init)(void *self, struct lx_arena *arena, struct lx_err *err);

    /* Tokens are 0 .. vocab-1. Valid after init. */
    int (*vocab)(const void *self);

    /* Load or generate one split; memory from the arena, self is only read. A split the options do not provide is
     * LX_ECONFIG; a missing, empty, truncated or corrupt file LX_EDATA. */
    enum lx_code (*load)(void *self, enum lx_split split, struct lx_arena *arena,
                         struct lx_stream *out, struct lx_err *err);

    /* Text of a token as a person reads it; appended to out. Its length in bytes is what
     * bits_per_byte counts, unless the dataset has `bytes`. */
    void (*text)(const void *self, int token, struct lx_buf *out);

    /* Optional. Bytes of text that a token is made of, where what it prints as is something else. NAN: not
     * known, then bits_per_byte is not measured. */
    double (*bytes)(const void *self, int token);

    /* Tokens of a text (for sample and probe), appended to *out as uint16_t; an unknown word is
     * LX_EDATA and named. */
    enum lx_code (*encode)(const void *self, const char *text, size_t n, struct lx_buf *out,
                           struct lx_err *err);

    /* Optional. Make a prompt of `length` input tokens whose fact stands at `depth`, 0 = at the front,
     * 1 = right before the question. `at` and `answers` depend on length and depth alone. A length
     * that cannot hold a fact and a question is LX_ECONFIG. NULL: the dataset has no prompts. */
    enum lx_code (*prompt)(const void *self, struct lx_rng *rng, int length, double depth,
                           struct lx_prompt *out, struct lx_err *err);

    /* Optional. The file that a split is read from, NULL if it is not given: its sum is kept with the
     * results. NULL: the dataset reads no files. */
    const char *(*file)(const void *self, enum lx_split split);

    /* Optional. The dataset is made of examples: what `load` gives says so as well. */
    const struct lx_example_ops *examples;

    /* Optional. More to say in `describe`; appended. */
    void (*more)(struct lx_buf *out);
};

/* "train", "valid", "test". */
const char *lx_split_name(enum lx_split split);

/* The registry: dataset_list.c is the only file that names datasets. */
int lx_dataset_count(void);
const struct lx_dataset_ops *lx_dataset_at(int i);
const struct lx_dataset_ops *lx_dataset_find(const char *name); /* NULL: unknown */

#endif
