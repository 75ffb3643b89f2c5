/* Data of one dataset in memory: splits loaded when first asked for, each with a digest of its
 * content, so that a cell is named by what it reads and not by where that was found. */
#ifndef LX_CONFIG_DATA_H
#define LX_CONFIG_DATA_H

#include <stdbool.h>

#include "config/config.h"
#include "core/arena.h"
#include "core/err.h"
#include "datasets/dataset.h"
#include "eval/ngram.h"

struct lx_data {
    struct lx_arena arena;
    const struct lx_config_dataset *set; /* of the config */
    bool loaded[LX_SPLITS];
    struct lx_stream stream[LX_SPLITS];
    char digest[LX_SPLITS][65]; /* SHA-256 of tokens and floors */
    char bytes_digest[65];      /* of the bytes that tokens stand for; "": their text says it */
    struct lx_ngram *table;     /* of the training split; NULL: not counted yet */
};

/* `set` must outlive d. Nothing is loaded yet, and nothing can fail. */
void lx_data_open(struct lx_data *d, const struct lx_config_dataset *set);
void lx_data_close(struct lx_data *d);

/* The stream of a split; loads it the first time. */
LX_MUST_CHECK
enum lx_code lx_data_load(struct lx_data *d, enum lx_split split, const struct lx_stream **out,
                          struct lx_err *err);

/* Tables of n-grams of the training split, counted the first time. */
LX_MUST_CHECK
enum lx_code lx_data_table(struct lx_data *d, const struct lx_ngram **out, struct lx_err *err);

/* Bytes of each token's text, (vocab), from the arena of d. */
LX_MUST_CHECK
enum lx_code lx_data_token_bytes(struct lx_data *d, int vocab, const double **out,
                                 struct lx_err *err);

#endif
