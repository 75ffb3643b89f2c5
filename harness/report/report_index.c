/* One page over the results folders of a folder; see report.h. */
#include "core/log.h"
#include "page/page_index.h"
#include "report/report.h"
#include "report/report_internal.h"
#include "system/fs.h"

/* Folders of a folder of results, each of which is loaded, shown and let go. */
struct studies {
    const char *dir;
    struct lx_page_index index;
    struct lx_err *err;
};

static enum lx_code show(struct studies *to, struct lx_report_folder *f, const char *name,
                         const char *file, struct lx_err *err)
{
    struct lx_page p = {.study = &f->study, .config = f->config, .claims = &f->claims};
    enum lx_code code = LX_OK;

    p.partial = f->partial.brief;
    if (f->claims.n > 0)
        lx_claims_count(&f->claims, &p.claims_count);
    if (lx_buf_check(&p.claims_count, err) || lx_page_card(&to->index, &p, name, file, err))
        code = err->code;
    lx_buf_free(&p.claims_count);
    return code;
}

/* A folder that cannot be read is said to be so on the page: it must not cost the others their place. */
static enum lx_code load(struct studies *to, const char *name, const char *path, const char *file)
{
    struct lx_report_folder f = {.dir = path};
    struct lx_err why;
    enum lx_code code = lx_report_load(path, &f, &why);

    if (code == LX_ENOMEM) {
        *to->err = why;
    } else if (code != LX_OK) {
        lx_log("warning: %s", why.text);
        lx_page_card_broken(&to->index, name, why.text);
        code = LX_OK;
    } else {
        code = show(to, &f, name, file, to->err);
    }
    lx_report_unload(&f);
    return code;
}

/* What a reader is sent to in a folder: its page, or else what says the same in fewer words. */
static enum lx_code what_to_open(const char *path, const char **file, struct lx_arena *arena,
                                 struct lx_err *err)
{
    static const char *const files[] = {"report.html", "claims.md", "table.md"};
    const char *at;

    *file = NULL;
    for (size_t i = 0; *file == NULL && i < sizeof(files) / sizeof(files[0]); i++) {
        if (lx_arena_format(arena, &at, err, "%s/%s", path, files[i]))
            return err->code;
        *file = lx_fs_exists(at) ? files[i] : NULL;
    }
    return LX_OK;
}

static enum lx_code visit(void *ctx, const char *name)
{
    struct studies *to = ctx;
    struct lx_arena arena = {0};
    const char *path, *metrics, *file;
    enum lx_fs_kind kind;
    enum lx_code code = LX_OK;

    if (lx_arena_format(&arena, &path, to->err, "%s/%s", to->dir, name) ||
        lx_arena_format(&arena, &metrics, to->err, "%s/metrics.csv", path) ||
        what_to_open(path, &file, &arena, to->err) || lx_fs_look_at(path, &kind, to->err))
        code = to->err->code;
    else if (kind == LX_FS_FOLDER && lx_fs_exists(metrics))
        code = load(to, name, path, file);
    lx_arena_free(&arena);
    return code;
}

/* DIR/index.html of what was visited; page and path are the caller's to free. */
static enum lx_code write_index(struct studies *to, struct lx_buf *page, struct lx_buf *path,
                                struct lx_err *err)
{
    if (lx_fs_list(to->dir, visit, to, err))
        return err->code;
    if (to->index.n == 0)
        return lx_fail(err, LX_EDATA, "%s: no folder in it holds results (metrics.csv)", to->dir);
    lx_buf_printf(path, "%s/index.html", to->dir);
    if (lx_buf_check(path, err) || lx_page_index(&to->index, page, err) ||
        lx_fs_write(path->text, page->text, page->len, err))
        return err->code;
    lx_log("%s: %zu stud%s", path->text, to->index.n, to->index.n == 1 ? "y" : "ies");
    return LX_OK;
}

enum lx_code lx_report_index(const char *dir, struct lx_err *err)
{
    struct studies to = {.dir = dir, .index.title = "Longshot studies", .err = err};
    struct lx_buf page = {0}, path = {0};
    enum lx_code code = write_index(&to, &page, &path, err);

    lx_page_index_free(&to.index);
    lx_buf_free(&page);
    lx_buf_free(&path);
    return code;
}
