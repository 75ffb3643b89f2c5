/* Splits that come from files: a file for each, or one file for all that is cut in order, train first,
 * then valid, then test at its end. What a file holds is the dataset's business; it is counted in units
 * of its own (bytes, tokens). */
#ifndef LX_DATASETS_SPLIT_FILES_H
#define LX_DATASETS_SPLIT_FILES_H

#include <stddef.h>

#include "datasets/dataset.h"

struct lx_split_files {
    const char *file[LX_SPLITS]; /* NULL: not given */
    const char *path;            /* NULL: not given */
    double valid_fraction, test_fraction;
    int limit; /* units of a split at most, 0: all */
};

/* Rows of the option table of a dataset whose struct `owner` has the files as `member`. kinds: what a file
 * may be; units: what `limit` counts. Both are string literals. */
#define LX_SPLIT_FILES_OPTIONS(owner, member, kinds, units)                                        \
    {.key = "train",                                                                               \
     .type = LX_OPT_TEXT,                                                                          \
     .offset = offsetof(owner, member.file[LX_SPLIT_TRAIN]),                                       \
     .help = "file of the train split, " kinds},                                                   \
        {.key = "valid",                                                                           \
         .type = LX_OPT_TEXT,                                                                      \
         .offset = offsetof(owner, member.file[LX_SPLIT_VALID]),                                   \
         .help = "file of the valid split, " kinds},                                               \
        {.key = "test",                                                                            \
         .type = LX_OPT_TEXT,                                                                      \
         .offset = offsetof(owner, member.file[LX_SPLIT_TEST]),                                    \
         .help = "file of the test split, " kinds},                                                \
        {.key = "path",                                                                            \
         .type = LX_OPT_TEXT,                                                                      \
         .offset = offsetof(owner, member.path),                                                   \
         .help = "one file for all splits, cut in order: train, valid, test"},                     \
        {.key = "valid_fraction",                                                                  \
         .type = LX_OPT_REAL,                                                                      \
         .offset = offsetof(owner, member.valid_fraction),                                         \
         .def = 0.05,                                                                              \
         .min = 0,                                                                                 \
         .max = 1,                                                                                 \
         .help = "share of path that is the valid split"},                                         \
        {.key = "test_fraction",                                                                   \
         .type = LX_OPT_REAL,                                                                      \
         .offset = offsetof(owner, member.test_fraction),                                          \
         .def = 0.05,                                                                              \
         .min = 0,                                                                                 \
         .max = 1,                                                                                 \
         .help = "share of path that is the test split"},                                          \
    {                                                                                              \
        .key = "limit", .type = LX_OPT_INT, .offset = offsetof(owner, member.limit), .def = 0,     \
        .min = 0, .max = 2147483647, .help = units " read of each split at most, 0 = all"          \
    }

/* Whether what was given goes together and is there. Messages begin with the option's key. */
LX_MUST_CHECK
enum lx_code lx_split_files_check(const struct lx_split_files *s, struct lx_err *err);

/* An option that names a file: NULL, or there must be one. */
LX_MUST_CHECK
enum lx_code lx_split_files_exists(const char *key, const char *path, struct lx_err *err);

/* The file that a split is read from, NULL: not given. */
const char *lx_split_files_path(const struct lx_split_files *s, enum lx_split split);

/* The same, and the option that gives it; a split that the options do not provide is LX_ECONFIG. */
LX_MUST_CHECK
enum lx_code lx_split_files_find(const struct lx_split_files *s, enum lx_split split,
                                 const char **key, const char **path, struct lx_err *err);

/* The units [*from, *to) that make a split, of `size` in the file that lx_split_files_find gave. An empty
 * file, or one too small for all its splits, is LX_EDATA. `units` names them in messages. */
LX_MUST_CHECK
enum lx_code lx_split_files_cut(const struct lx_split_files *s, enum lx_split split, size_t size,
                                const char *units, size_t *from, size_t *to, struct lx_err *err);

#endif
