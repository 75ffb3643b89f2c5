/* Seals: the SHA-256 of finished files, written beside them in the format of sha256sum, so that a file
 * that was cut, changed or mixed up later is noticed and never used. `sha256sum -c` checks them too. */
#ifndef LX_SYSTEM_MANIFEST_H
#define LX_SYSTEM_MANIFEST_H

#include <stddef.h>

#include "core/err.h"

#define LX_SEAL_CELL "cell.sha256"   /* in DIR/cells/ID */
#define LX_SEAL_TRAIN "train.sha256" /* in DIR/checkpoints/TRAIN_ID */
#define LX_SEAL_PLAN "plan.sha256"   /* in DIR */

struct lx_manifest_file {
    const char *name; /* in the folder of the seal */
    const char *text; /* what it holds or will hold; NULL: what is on disk */
    size_t len;
};

/* Write FOLDER/SEAL over these files, unless it says the same already. */
LX_MUST_CHECK
enum lx_code lx_manifest_write(const char *folder, const char *seal,
                               const struct lx_manifest_file *files, size_t n, struct lx_err *err);

/* Every file must be as it was sealed: LX_EFORMAT names the first that is not. Without a seal (a
 * folder of an earlier version) nothing is known and nothing refused. */
LX_MUST_CHECK
enum lx_code lx_manifest_check(const char *folder, const char *seal, const char *const *names,
                               size_t n, struct lx_err *err);

#endif
