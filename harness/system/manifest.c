/* Sums of finished files; see manifest.h. */
#include "system/manifest.h"

#include <string.h>

#include "core/buf.h"
#include "core/hash.h"
#include "system/fs.h"

#define DIGITS 64
#define DROPPED "# dropped: "

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

    if (f->text == NULL && (path_in(folder, f->name, &path, err) != LX_OK ||
                            lx_fs_read(path.text, &text, err) != LX_OK)) {
        code = err->code;
    } else {
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

enum lx_code lx_manifest_write(const char *folder, const char *manifest,
                               const struct lx_manifest_file *files, size_t n, struct lx_err *err)
{
    struct lx_buf path = {0}, text = {0};
    enum lx_code code = path_in(folder, manifest, &path, err);

    for (size_t i = 0; i < n && code == LX_OK; i++)
        code = add_line(folder, &files[i], &text, err);
    if (code == LX_OK)
        code = lx_fs_update(path.text, text.text, text.len, err);
    lx_buf_free(&path);
    lx_buf_free(&text);
    return code;
}

/* A manifest in memory, and how far it was compared. */
struct reader {
    const char *folder, *path;
    struct lx_buf text;
    size_t at;
};

static void skip_comments(struct reader *r)
{
    while (r->text.text[r->at] == '#') {
        r->at += strcspn(r->text.text + r->at, "\n");
        r->at += r->text.text[r->at] == '\n';
    }
}

/* Compare one line and go on to the next. */
static enum lx_code check_line(struct reader *r, const struct lx_manifest_file *f,
                               struct lx_err *err)
{
    struct lx_buf want = {0};
    enum lx_code code;
    const char *got;

    skip_comments(r);
    got = r->text.text + r->at;
    code = add_line(r->folder, f, &want, err);
    if (code == LX_EDATA) /* a file of the manifest that is missing */
        err->code = code = LX_EFORMAT;
    else if (code == LX_OK && (r->text.len - r->at < want.len ||
                               memcmp(got + DIGITS, want.text + DIGITS, want.len - DIGITS) != 0))
        code =
            lx_fail(err, LX_EFORMAT, "%s: broken: must have the SHA-256 of %s", r->path, f->name);
    else if (code == LX_OK && memcmp(got, want.text, DIGITS) != 0)
        code = lx_fail(err, LX_EFORMAT, "%s/%s: broken: its SHA-256 is %.12s..., %s says %.12s...",
                       r->folder, f->name, want.text, r->path, got);
    else if (code == LX_OK)
        r->at += want.len;
    lx_buf_free(&want);
    return code;
}

static enum lx_code check_all(struct reader *r, const struct lx_manifest_file *files, size_t n,
                              struct lx_err *err)
{
    if (lx_fs_read(r->path, &r->text, err))
        return err->code;
    for (size_t i = 0; i < n; i++)
        if (check_line(r, &files[i], err))
            return err->code;
    skip_comments(r);
    if (r->at != r->text.len)
        return lx_fail(err, LX_EFORMAT, "%s: broken: must have %zu lines and nothing else", r->path,
                       n);
    return LX_OK;
}

enum lx_code lx_manifest_check(const char *folder, const char *manifest,
                               const struct lx_manifest_file *files, size_t n, bool *found,
                               struct lx_err *err)
{
    struct lx_buf path = {0};
    struct reader r = {.folder = folder};
    enum lx_code code = path_in(folder, manifest, &path, err);

    *found = code == LX_OK && lx_fs_exists(path.text);
    r.path = path.text;
    if (*found)
        code = check_all(&r, files, n, err);
    lx_buf_free(&path);
    lx_buf_free(&r.text);
    return code;
}

/* Where the line of a file begins; NULL: it has none. `before` is what stands in front of the sum. */
static char *line_of(char *text, const char *before, const char *name)
{
    size_t skip = strlen(before), len = strlen(name);

    while (text != NULL && *text != '\0') {
        size_t n = strcspn(text, "\n");

        if (n == skip + DIGITS + 2 + len && strncmp(text, before, skip) == 0 &&
            strncmp(text + skip + DIGITS + 2, name, len) == 0)
            return text;
        text += n + (text[n] == '\n');
    }
    return NULL;
}

enum lx_code lx_manifest_drop(const char *folder, const char *manifest, const char *name,
                              struct lx_err *err)
{
    struct lx_buf path = {0}, text = {0}, out = {0};
    const char *line;

    err->code = LX_OK;
    if (path_in(folder, manifest, &path, err) || lx_fs_read(path.text, &text, err))
        goto done;
    line = line_of(text.text, "", name);
    if (line == NULL) {
        if (line_of(text.text, DROPPED, name) == NULL)
            (void)lx_fail(err, LX_EFORMAT, "%s: must have the SHA-256 of %s", path.text, name);
        goto done;
    }
    lx_buf_addn(&out, text.text, (size_t)(line - text.text));
    lx_buf_add(&out, DROPPED);
    lx_buf_add(&out, line);
    if (lx_buf_check(&out, err) == LX_OK)
        err->code = lx_fs_write(path.text, out.text, out.len, err);
done:
    lx_buf_free(&path);
    lx_buf_free(&text);
    lx_buf_free(&out);
    return err->code;
}

bool lx_manifest_has_dropped(const char *folder, const char *manifest, const char *name)
{
    struct lx_buf path = {0}, text = {0};
    struct lx_err ignored;
    bool dropped = path_in(folder, manifest, &path, &ignored) == LX_OK && lx_fs_exists(path.text) &&
                   lx_fs_read(path.text, &text, &ignored) == LX_OK &&
                   line_of(text.text, DROPPED, name) != NULL;

    lx_buf_free(&path);
    lx_buf_free(&text);
    return dropped;
}
