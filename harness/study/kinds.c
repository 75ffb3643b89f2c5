/* Kinds of kernels; see kinds.h. */
#include "study/kinds.h"

#include <stdbool.h>
#include <string.h>

#include "core/log.h"
#include "system/fs.h"
#include "text/csvfile.h"

/* Rows that agree with row i in these columns; *first: none before it does. */
static size_t count_alike(const struct lx_csv *csv, size_t i, const int column[2], bool *first)
{
    size_t n = 0;

    *first = true;
    for (size_t k = 0; k < csv->n_rows; k++) {
        bool alike = true;

        for (int c = 0; c < 2; c++)
            alike = alike && strcmp(lx_csv_at(csv, k, (size_t)column[c]),
                                    lx_csv_at(csv, i, (size_t)column[c])) == 0;
        n += alike;
        *first = *first && !(alike && k < i);
    }
    return n;
}

static void count(const struct lx_csv *csv, struct lx_buf *out, size_t *n)
{
    const int column[2] = {lx_csv_column(csv, "blas_core"), lx_csv_column(csv, "simd")};

    for (size_t i = 0; i < csv->n_rows && column[0] >= 0 && column[1] >= 0; i++) {
        bool first;
        size_t alike = count_alike(csv, i, column, &first);

        if (first)
            lx_buf_printf(out, "%s%s %s (%zu)", (*n)++ == 0 ? "" : ", ",
                          lx_csv_at(csv, i, (size_t)column[0]),
                          lx_csv_at(csv, i, (size_t)column[1]), alike);
    }
}

static enum lx_code read_runs(const char *dir, struct lx_arena *arena, struct lx_buf *out,
                              size_t *n, struct lx_err *err)
{
    const char *path;
    struct lx_csv csv;

    if (lx_arena_format(arena, &path, err, "%s/runs.csv", dir))
        return err->code;
    if (!lx_fs_exists(path))
        return LX_OK;
    if (lx_csv_read(path, arena, &csv, err))
        return err->code;
    count(&csv, out, n);
    return lx_buf_check(out, err);
}

enum lx_code lx_kinds_read(const char *dir, struct lx_buf *out, size_t *n, struct lx_err *err)
{
    struct lx_arena arena = {0};
    enum lx_code code;

    *n = 0;
    code = read_runs(dir, &arena, out, n, err);
    lx_arena_free(&arena);
    return code;
}

void lx_kinds_tell(const char *dir)
{
    struct lx_buf kinds = {0};
    struct lx_err ignored;
    size_t n;

    if (lx_kinds_read(dir, &kinds, &n, &ignored) == LX_OK && n > 1)
        lx_log("%s: cells of %zu kinds of kernels, whose last digits differ: %s", dir, n,
               kinds.text);
    lx_buf_free(&kinds);
}
