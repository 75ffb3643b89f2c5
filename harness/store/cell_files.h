/* The finished files of a cell, and the one rule for "done": its rows are there with the right sums.
 *
 * They have two homes. DIR/cells/ID/ is where a worker puts them. DIR/cells/ID.csv.gz is all of them in one
 * small file, to be kept under version control: where the folder is not (on another machine, in a fresh
 * clone) the cell is done all the same. Unpacked it is
 *
 *     longshot-cell-1 ID
 *     SHA256  train.csv BYTES
 *     SHA256  run.csv BYTES
 *     SHA256  blocks.csv BYTES
 *     SHA256  metrics.csv BYTES
 *
 * and then the four files, one after the other. The same files give the same bytes. */
#ifndef LX_STORE_CELL_FILES_H
#define LX_STORE_CELL_FILES_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"

enum lx_cell_file {
    LX_CELL_TRAIN,
    LX_CELL_RUN,
    LX_CELL_BLOCKS,
    LX_CELL_METRICS,
    LX_CELL_FILE_COUNT
};

/* Their names in the order of the manifest, and last its own. */
extern const char *const lx_cell_names[LX_CELL_FILE_COUNT + 1];

struct lx_cell_files {
    bool done;
    bool packed;    /* found in ID.csv.gz */
    char note[400]; /* "" or what a person should know: a line */
    struct lx_buf text[LX_CELL_FILE_COUNT];
};

/* Read what is there of a cell. LX_EFORMAT: it was done, and the text says what was changed since. Free
 * *f in any case. */
LX_MUST_CHECK
enum lx_code lx_cell_read(const char *dir, const char *id, struct lx_cell_files *f,
                          struct lx_err *err);
void lx_cell_free(struct lx_cell_files *f);

/* The same for who wants to know only whether it is done; `note` may be NULL. */
LX_MUST_CHECK
enum lx_code lx_cell_check(const char *dir, const char *id, bool *done, char note[400],
                           struct lx_err *err);
bool lx_cell_is_done(const char *dir, const char *id);

/* Whether the folder by itself is whole. */
bool lx_cell_folder_is_whole(const char *dir, const char *id);

/* Write DIR/cells/ID.csv.gz, unless it is there with the same content. */
LX_MUST_CHECK
enum lx_code lx_cell_pack(const char *dir, const char *id, const struct lx_cell_files *f,
                          struct lx_err *err);

#endif
