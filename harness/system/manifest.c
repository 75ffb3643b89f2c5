/* Sums of finished files; see manifest.h. */
#include "system/manifest.h"

#include <string.h>

#include "core/buf.h"
#include "core/hash.h"
#include "system/fs.h"

#define DIGITS 64

static enum lx_code path_in(const char *folder, const char *name, struct lx_buf *path,
                            struct lx_err *err)
{
    lx_buf_clear(path);
    lx_buf_printf(path, "%s/%s", folder, name);
    return lx_buf_check(path, err);
}

/* The line that a file should have: "DIGITS  NAME\n". */
static enum lx_code add_line(const char *folder, const struct lx_manifest_file *f,
                             struct lx_buf *out, struct lx_err *err)
{
    struct lx_buf path = {0}, text = {0};
    enum lx_code code = LX_OK;
    struct lx_hash h;
    char hex[DIGITS + 1];

    if (f->text == NULL) {
        code = path_in(folder, f->name, &path, err);
        if (code == LX_OK)
            code = lx_fs_read(path.text, &text, err);
    }
    if (code == LX_OK) {
        lx_hash_init(&h);
        lx_hash_add(&h, f->text != NULL ? f->text : text.text, f->text != NULL ? f->len : text.len);
        lx_hash_hex(&h, hex);
        lx_buf_printf(out, "%s  %s\n", hex, f->name);
        code = lx_buf_check(out, err);
    }
    lx_buf_free(&path);
    lx_buf_free(&text);
    return code;
}

enum lx_code lx_manifest_write(const char *folder, const char *seal,
                               const struct lx_manifest_file *files, size_t n, struct lx_err *err)
{
    struct lx_buf path = {0}, text = {0};
    enum lx_code code = path_in(folder, seal, &path, err);

    for (size_t i = 0; i < n && code == LX_OK; i++)
        code = add_line(folder, &files[i], &text, err);
    if (code == LX_OK)
        code = lx_fs_update(path.text, text.text, text.len, err);
    lx_buf_free(&path);
    lx_buf_free(&text);
    return code;
}

/* Compare one line; *at moves on behind it. */
static enum lx_code check_line(const char *folder, const char *name, const struct lx_buf *seal,
                               const char *seal_path, size_t *at, struct lx_err *err)
{
    const struct lx_manifest_file f = {.name = name};
    const char *got = seal->text + *at;
    struct lx_buf want = {0};
    enum lx_code code = add_line(folder, &f, &want, err);

    if (code == LX_OK && (seal->len - *at < want.len ||
                          memcmp(got + DIGITS, want.text + DIGITS, want.len - DIGITS) != 0))
        code = lx_fail(err, LX_EFORMAT, "%s: broken: must have the SHA-256 of %s", seal_path, name);
    else if (code == LX_OK && memcmp(got, want.text, DIGITS) != 0)
        code = lx_fail(err, LX_EFORMAT, "%s/%s: broken: its SHA-256 is %.12s..., %s says %.12s...",
                       folder, name, want.text, seal_path, got);
    else if (code == LX_OK)
        *at += want.len;
    else if (code == LX_EDATA)
        err->code = code = LX_EFORMAT; /* a sealed file that is missing */
    lx_buf_free(&want);
    return code;
}

enum lx_code lx_manifest_check(const char *folder, const char *seal, const char *const *names,
                               size_t n, struct lx_err *err)
{
    struct lx_buf path = {0}, text = {0};
    enum lx_code code = path_in(folder, seal, &path, err);
    size_t at = 0;

    if (code == LX_OK && lx_fs_exists(path.text)) {
        code = lx_fs_read(path.text, &text, err);
        for (size_t i = 0; i < n && code == LX_OK; i++)
            code = check_line(folder, names[i], &text, path.text, &at, err);
        if (code == LX_OK && at != text.len)
            code = lx_fail(err, LX_EFORMAT, "%s: broken: must have %zu lines and nothing else",
                           path.text, n);
    }
    lx_buf_free(&path);
    lx_buf_free(&text);
    return code;
}
