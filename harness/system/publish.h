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
    /* Whether what stands at `folder` is whole: then it stays, otherwise it is replaced. */
    bool (*is_whole)(void *ctx, const char *folder);
};

/* Whether lx_publish could make `folder` appear: better known before hours of work than after. */
LX_MUST_CHECK enum lx_code lx_publish_check(const char *folder, struct lx_err *err);

/* *mine: what is there now was written by this call, not found. After a failure what was there before
 * still is, and nothing else. */
LX_MUST_CHECK
enum lx_code lx_publish(const struct lx_publication *p, bool *mine, struct lx_err *err);

#endif
