/* A folder of its own for a test: setup and teardown for cmocka, of a single test or of a group, and paths
 * in it. */
#ifndef LX_TESTS_FOLDER_RIG_H
#define LX_TESTS_FOLDER_RIG_H

#include <unistd.h>

#include "system/fs.h"
#include "tests/unit/check.h"

static char folder[] = "/tmp/lx-test-XXXXXX";

static inline int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/lx-test-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static inline int remove_folder(void **state)
{
    struct lx_err err;

    (void)state;
    return lx_fs_remove_folder(folder, &err) != LX_OK;
}

/* The path of a name in the folder, until the next call. */
static inline const char *path_of(const char *name)
{
    static char path[400];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static inline enum lx_code remove_file(void *ctx, const char *name)
{
    (void)ctx;
    return unlink(path_of(name)) == 0 ? LX_OK : LX_EIO;
}

/* The same where the test must leave files alone: a folder in it, or a hidden file, fails the teardown. */
static inline int remove_flat_folder(void **state)
{
    struct lx_err err;

    (void)state;
    return lx_fs_list(folder, remove_file, NULL, &err) != LX_OK || rmdir(folder) != 0;
}

#endif
