/* The contract of a dataset: splits, each one stream of tokens.
 *
 * Tokens are small integers below vocab. A stream is what a split reads like from front to back;
 * documents follow one another, each closed by an end-of-document token that counts like any other.
 * Training draws windows at random from the train stream; evaluation walks a split in order. */
#ifndef LX_DATASETS_DATASET_H
#define LX_DATASETS_DATASET_H

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
     * bits_per_byte counts. */
    void (*text)(const void *self, int token, struct lx_buf *out);

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
};

/* "train", "valid", "test". */
const char *lx_split_name(enum lx_split split);

/* The registry: dataset_list.c is the only file that names datasets. */
int lx_dataset_count(void);
const struct lx_dataset_ops *lx_dataset_at(int i);
const struct lx_dataset_ops *lx_dataset_find(const char *name); /* NULL: unknown */

#endif
