/* A file that was made against one that is kept. */
#ifndef LX_TESTS_FILE_CHECK_H
#define LX_TESTS_FILE_CHECK_H

#include "core/buf.h"
#include "system/fs.h"
#include "tests/unit/check.h"

/* FOLDER/made must equal KEPT_FOLDER/kept byte by byte. */
static inline void check_same_file(const char *folder, const char *made, const char *kept_folder,
                                   const char *kept)
{
    struct lx_buf got = {0}, want = {0};
    struct lx_err err;
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, made);
    CHECK_OK(lx_fs_read(path, &got, &err));
    (void)snprintf(path, sizeof(path), "%s/%s", kept_folder, kept);
    CHECK_OK(lx_fs_read(path, &want, &err));
    assert_string_equal(got.text, want.text);
    lx_buf_free(&got);
    lx_buf_free(&want);
}

#endif
