/* Finished files that belong together appear together: they are written to a temporary folder beside
 * their own, which takes the name by one rename. So no reader and no kill ever meets a part of them, and
 * processes of any machines that finish the same at the same moment, without locks, leave what one of
 * them wrote and never a mixture: the first stays. */
#ifndef LX_SYSTEM_PUBLISH_H
#define LX_SYSTEM_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

struct lx_publication {
    const char *folder;       /* the name to appear under; its parents are made */
    const char *const *names; /* (n_names) the files of the folder */
    size_t n_names;
    void *ctx;
    /* Write them, durably, to a folder that is there and empty. */
    enum lx_code (*write)(void *ctx, const char *folder, struct lx_err *err);
    /* Whether what is at `folder` is whole: then it stays, otherwise it is replaced. */
    bool (*is_whole)(void *ctx, const char *folder);
};

/* Whether lx_publish could make `folder` appear: better known before hours of work than after. */
LX_MUST_CHECK enum lx_code lx_publish_check(const char *folder, struct lx_err *err);

/* *mine is true if the files now in place are this call's. On failure the previous contents remain
 * untouched. A folder that is not whole is exchanged for the new one in one step where the system can do
 * that; in place of a link comes a folder, and what it points to is left alone. */
LX_MUST_CHECK
enum lx_code lx_publish(const struct lx_publication *p, bool *mine, struct lx_err *err);

#endif
