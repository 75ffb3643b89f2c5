/* Making a run the baseline. */
#include <string.h>

#include "compare/compare_internal.h"
#include "system/fs.h"
#include "text/csvfile.h"

/* What a run measured is its record: the folder of a run has runs.csv beside metrics.csv. */
static enum lx_code refuse_record(const char *path, struct lx_arena *arena, struct lx_err *err)
{
    const char *slash = strrchr(path, '/');
    const char *beside =
        lx_arena_printf(arena, "%.*sruns.csv", slash ? (int)(slash - path + 1) : 0, path);

    if (beside == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the baseline");
    if (!lx_fs_exists(beside))
        return LX_OK;
    (void)lx_fail(err, LX_EUSAGE,
                  "%s: belongs to the results of a run (%s is beside it) and is not rewritten",
                  path, beside);
    return lx_hint(err, "keep the baseline in a folder or file of its own");
}

/* Whatever metrics were compared: all rows are looked at. */
static enum lx_code refuse_impossible(const struct lx_comparison *c, struct lx_err *err)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct lx_compare_line *l = &c->line[i];

        if (l->verdict == LX_VERDICT_IMPOSSIBLE && l->new.seeds > 0)
            return lx_fail(
                err, LX_EFORMAT,
                "%s: %s of %s at %d, seed %lld, is %.9g, which cannot be: no baseline is "
                "made of it",
                c->new_path, l->key.metric, l->key.encoding, l->key.eval_length, l->seed,
                l->own_to);
    }
    return LX_OK;
}

static enum lx_code make_parent(const char *path, struct lx_arena *arena, struct lx_err *err)
{
    const char *slash = strrchr(path, '/'), *dir;

    if (slash == NULL || slash == path)
        return LX_OK;
    dir = lx_arena_textn(arena, path, (size_t)(slash - path));
    return dir != NULL ? lx_fs_mkdir(dir, err)
                       : lx_fail(err, LX_ENOMEM, "out of memory for the baseline");
}

/* The rows of the new file that a baseline holds, byte by byte as far as CSV goes. */
static enum lx_code gather_rows(const struct lx_comparison *c, struct lx_arena *arena,
                                struct lx_buf *out, struct lx_err *err)
{
    struct lx_csv csv;

    if (lx_csv_read(c->new_path, arena, &csv, err))
        return err->code;
    for (size_t i = 0; i <= c->n_gate; i++) {
        size_t row = i == 0 ? 0 : c->gate[i - 1] - 2; /* the header is line 1 */

        if (i > 0 && row >= csv.n_rows)
            return lx_fail(err, LX_EFORMAT, "%s: changed while it was read", c->new_path);
        for (size_t k = 0; k < csv.n_columns; k++) {
            lx_csv_field(out, i == 0 ? csv.header[k] : lx_csv_at(&csv, row, k));
            lx_buf_add(out, k + 1 < csv.n_columns ? "," : "\n");
        }
    }
    return lx_buf_check(out, err);
}

/* Put text at the path; none: nothing stands there. */
static enum lx_code put(const char *path, const struct lx_buf *text, struct lx_err *err)
{
    return text->len > 0 ? lx_fs_write(path, text->text, text->len, err) : lx_fs_remove(path, err);
}

/* Empty where there is no file. */
static enum lx_code get(const char *path, struct lx_buf *text, struct lx_err *err)
{
    enum lx_fs_kind kind;

    if (lx_fs_look_at(path, &kind, err) || (kind == LX_FS_FILE && lx_fs_read(path, text, err)))
        return err->code;
    return LX_OK;
}

/* The config first, and back again if the rows cannot be written: rows never stand beside a config that
 * they are not of. */
static enum lx_code replace(const struct lx_comparison *c, const struct lx_buf *rows,
                            struct lx_arena *arena, struct lx_err *err)
{
    const char *to = lx_compare_config_path(arena, c->old_path);
    const char *from = lx_compare_config_path(arena, c->new_path);
    struct lx_buf config = {0}, before = {0};
    struct lx_err second;
    enum lx_code code;

    if (to == NULL || from == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the baseline");
    if (get(from, &config, err) || get(to, &before, err) || put(to, &config, err)) {
        code = err->code;
    } else {
        code = lx_fs_write(c->old_path, rows->text, rows->len, err);
        if (code != LX_OK)
            (void)put(to, &before, &second);
    }
    lx_buf_free(&config);
    lx_buf_free(&before);
    return code;
}

enum lx_code lx_compare_update(const struct lx_comparison *c, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_buf rows = {0};
    enum lx_code code = LX_OK;

    if (refuse_record(c->old_path, &arena, err) || refuse_impossible(c, err) ||
        gather_rows(c, &arena, &rows, err) || make_parent(c->old_path, &arena, err) ||
        replace(c, &rows, &arena, err))
        code = err->code;
    lx_buf_free(&rows);
    lx_arena_free(&arena);
    return code;
}
