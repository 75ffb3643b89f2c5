/* Folders held open: what is done in one is done in that very folder, whoever renames it or puts a link
 * in its place meanwhile. A symbolic link is a name to be removed and never a way to what it points to. */
#ifndef LX_SYSTEM_FOLDER_H
#define LX_SYSTEM_FOLDER_H

#include <stdbool.h>

#include "core/err.h"

struct lx_folder {
    int fd;           /* -1: there is none */
    const char *path; /* the caller's, for messages */
};

/* Open a folder. Its last component must be no link; links on the way to it are followed. Nothing of
 * that name: LX_OK and fd -1. A file or a link there is LX_EDATA. Close it with lx_folder_close. */
LX_MUST_CHECK
enum lx_code lx_folder_open(const char *path, struct lx_folder *out, struct lx_err *err);
/* The same of a folder inside another one, named without a slash. */
LX_MUST_CHECK
enum lx_code lx_folder_enter(const struct lx_folder *f, const char *name, struct lx_folder *out,
                             struct lx_err *err);
void lx_folder_close(struct lx_folder *f);

/* Names inside (no "." and ".."), sorted, each handed to visit; stops at the first error. */
LX_MUST_CHECK
enum lx_code lx_folder_list(const struct lx_folder *f,
                            enum lx_code (*visit)(void *ctx, const char *name), void *ctx,
                            struct lx_err *err);

/* Remove what has this name: a file, a link, or a folder with all that is in it. It is no error if
 * there is nothing. */
LX_MUST_CHECK
enum lx_code lx_folder_remove(const struct lx_folder *f, const char *name, struct lx_err *err);

#endif
