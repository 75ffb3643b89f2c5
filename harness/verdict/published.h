/* Published numbers: tables of papers, copied into the config with their source, printed beside ours.
 *
 * Perplexities of other tokenizers and models cannot be compared, ratios to the training length can:
 * the paper's value at 2x its training length over its value at 1x is set beside the same of ours.
 * Only numbers that were read somewhere may be given, and `certainty` says where: "verified" (in the
 * paper itself) or "secondhand" (in another text that quotes it). */
#ifndef LX_VERDICT_PUBLISHED_H
#define LX_VERDICT_PUBLISHED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "json/json.h"
#include "study/aggregate.h"
#include "text/options.h"

struct lx_published_row {
    const char *path;         /* "published[0].rows[2]" */
    const char *name;         /* as the paper calls it */
    const char *encoding;     /* ours; NULL: we have none */
    const char *evaluated_as; /* NULL: as trained */
    double *value, *spread;   /* (n_lengths of the table), NaN where there is none */
};

struct lx_published {
    const char *path; /* "published[0]" */
    const char *source, *data, *metric, *mode;
    const char *dataset; /* id of ours that it is printed beside; NULL: each */
    int certainty;       /* 0 verified, 1 secondhand */
    int train_length;    /* the paper's, tokens */
    int *length;         /* (n_lengths) */
    size_t n_lengths;
    struct lx_published_row *row;
    size_t n_rows;
};

struct lx_published_list {
    struct lx_published *item;
    size_t n;
};

/* The option tables, for the published schema. */
extern const struct lx_option lx_published_options[], lx_published_row_options[];

/* Parse the member `published` of a config (NULL: none). */
LX_MUST_CHECK
enum lx_code lx_published_parse(struct lx_published_list *p, const struct lx_json *list,
                                struct lx_arena *arena, struct lx_err *err);

#endif
