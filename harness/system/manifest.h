/* Manifests: the SHA-256 of finished files, written beside them in the format of sha256sum, so that a
 * file that was cut, changed or mixed up later is noticed and never used. `sha256sum -c` checks them too:
 * lines that begin with # are comments to it. One of those may say that a file was given up on purpose. */
#ifndef LX_SYSTEM_MANIFEST_H
#define LX_SYSTEM_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define LX_MANIFEST_CELL "cell.sha256"   /* in DIR/cells/ID */
#define LX_MANIFEST_TRAIN "train.sha256" /* in DIR/checkpoints/TRAIN_ID */
#define LX_MANIFEST_PLAN "plan.sha256"   /* in DIR */

struct lx_manifest_file {
    const char *name; /* in the folder of the manifest */
    const char *text; /* what it holds or will hold; NULL: what is on disk */
    size_t len;
};

/* Write FOLDER/MANIFEST over these files, unless it says the same already. */
LX_MUST_CHECK
enum lx_code lx_manifest_write(const char *folder, const char *manifest,
                               const struct lx_manifest_file *files, size_t n, struct lx_err *err);

/* Every file must be as the manifest says, and the manifest must list no other: LX_EFORMAT names the first
 * that is not. *found: there is a manifest. Without one (a folder of an earlier version, or one that
 * somebody took it from) nothing is known and nothing refused: the caller says so. */
LX_MUST_CHECK
enum lx_code lx_manifest_check(const char *folder, const char *manifest,
                               const struct lx_manifest_file *files, size_t n, bool *found,
                               struct lx_err *err);

/* Put into the manifest that file `name` is given up: its line becomes a comment, which keeps the sum. The
 * file itself stays where it is. */
LX_MUST_CHECK
enum lx_code lx_manifest_drop(const char *folder, const char *manifest, const char *name,
                              struct lx_err *err);

/* Whether the manifest says that. False where there is no manifest, or none that can be read. */
bool lx_manifest_has_dropped(const char *folder, const char *manifest, const char *name);

#endif
