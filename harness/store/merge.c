/* Merging the rows of cells; see merge.h. */
#include "store/merge.h"

#include <stdlib.h>
#include <string.h>

#include "store/garbage.h"
#include "store/store.h"
#include "system/fs.h"
#include "text/csvfile.h"
#include "text/json.h"

#define MAX_KEYS 16

enum lx_code lx_plan_visit(const char *dir,
                           enum lx_code (*visit)(void *ctx, const struct lx_json *cell,
                                                 struct lx_err *err),
                           void *ctx, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_buf text = {0};
    const char *path = lx_arena_printf(&arena, "%s/%s", dir, lx_plan_files[1]);
    enum lx_code code = lx_store_check_folder(dir, err);

    if (code == LX_OK)
        code =
            path == NULL ? lx_fail(err, LX_ENOMEM, "out of memory") : lx_fs_read(path, &text, err);

    for (size_t at = 0; code == LX_OK && at < text.len;) {
        size_t n = strcspn(text.text + at, "\n");
        struct lx_json *cell = NULL;

        code = lx_json_parse(text.text + at, n, path, &cell, err);
        if (code == LX_OK && lx_json_text(lx_json_find(cell, "id")) == NULL)
            code = lx_fail(err, LX_EFORMAT, "%s: a line has no id", path);
        if (code == LX_OK)
            code = visit(ctx, cell, err);
        else
            err->code = code = code == LX_ECONFIG ? LX_EFORMAT : code;
        lx_json_free(cell);
        at += n + 1;
    }
    lx_buf_free(&text);
    lx_arena_free(&arena);
    return code;
}

/* One output file: which file of a cell feeds it, and what its rows are sorted by. */
struct table {
    const char *in, *out, *header;
    const char *keys[MAX_KEYS]; /* columns, most important first; '#' in front: by number */
};

static const struct table tables[] = {
    {"metrics.csv",
     "metrics.csv",
     LX_METRICS_HEADER,
     {"experiment", "dataset", "split", "#train_length", "encoding", "evaluated_as", "#seed",
      "mode", "#stride", "#eval_length", "metric", "#layer", "#head", "#position_lo",
      "#position_hi"}},
    {"run.csv", "runs.csv", LX_RUNS_HEADER, {"experiment", "dataset", "encoding", "#seed", "cell"}},
    {"train.csv", "train.csv", LX_TRAIN_HEADER, {"cell", "#step"}},
};

struct merge {
    const char *dir;
    const struct table *table;
    struct lx_arena arena;
    const char *const **rows; /* each row: its fields */
    size_t n_rows, cap, n_columns;
    int key[MAX_KEYS];
    bool numeric[MAX_KEYS];
    int n_keys;
    size_t n_cells, n_done;
};

/* qsort has no context argument; rows carry their merge in front of the fields. */
struct sort_row {
    const struct merge *m;
    const char *const *fields;
};

static int compare_numbers(const char *a, const char *b)
{
    double x, y;

    if (a[0] == '\0' || b[0] == '\0')
        return (a[0] != '\0') - (b[0] != '\0');
    x = strtod(a, NULL);
    y = strtod(b, NULL);
    return (x > y) - (x < y);
}

static int compare(const void *pa, const void *pb)
{
    const struct sort_row *a = pa, *b = pb;
    const struct merge *m = a->m;
    int order = 0;

    for (int i = 0; i < m->n_keys && order == 0; i++) {
        const char *x = a->fields[m->key[i]], *y = b->fields[m->key[i]];

        order = m->numeric[i] ? compare_numbers(x, y) : strcmp(x, y);
    }
    for (size_t c = 0; c < m->n_columns && order == 0; c++)
        order = strcmp(a->fields[c], b->fields[c]);
    return order;
}

static enum lx_code keep_row(struct merge *m, const char *const *fields, struct lx_err *err)
{
    if (m->n_rows == m->cap) {
        size_t cap = m->cap == 0 ? 1024 : 2 * m->cap;
        const char *const **rows = realloc(m->rows, cap * sizeof(*rows));

        if (rows == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory for %zu rows", cap);
        m->rows = rows;
        m->cap = cap;
    }
    m->rows[m->n_rows++] = fields;
    return LX_OK;
}

static enum lx_code check_header(const struct merge *m, const struct lx_csv *csv, const char *path,
                                 struct lx_err *err)
{
    struct lx_buf header = {0};
    enum lx_code code;

    for (size_t c = 0; c < csv->n_columns; c++)
        lx_buf_printf(&header, "%s%s", c == 0 ? "" : ",", csv->header[c]);
    code = lx_buf_check(&header, err);
    if (code == LX_OK && (header.text == NULL || strcmp(header.text, m->table->header) != 0))
        code = lx_fail(err, LX_EFORMAT, "%s: the header must be \"%s\"", path, m->table->header);
    lx_buf_free(&header);
    return code;
}

static enum lx_code add_cell(void *ctx, const struct lx_json *cell, struct lx_err *err)
{
    struct merge *m = ctx;
    const char *id = lx_json_text(lx_json_find(cell, "id")), *path;
    struct lx_csv csv;
    bool done;
    enum lx_code code = lx_store_check(m->dir, id, &done, err);

    m->n_cells++;
    if (code != LX_OK)
        return lx_hint(err, "`longshot run` with the same config makes it again");
    if (!done)
        return LX_OK;
    m->n_done++;
    code = lx_store_cell(m->dir, id, m->table->in, &m->arena, &path, err);
    if (code == LX_OK)
        code = lx_csv_read(path, &m->arena, &csv, err);
    if (code == LX_OK)
        code = check_header(m, &csv, path, err);
    for (size_t r = 0; code == LX_OK && r < csv.n_rows; r++)
        code = keep_row(m, csv.cells + r * csv.n_columns, err);
    return code;
}

/* Places of the key columns in the header. */
static void find_keys(struct merge *m)
{
    const char *header = m->table->header;

    m->n_keys = 0;
    for (int i = 0; i < MAX_KEYS && m->table->keys[i] != NULL; i++) {
        const char *want = m->table->keys[i];
        int column = 0;
        bool numeric = want[0] == '#';

        for (const char *p = header; *p != '\0'; column++) {
            size_t n = strcspn(p, ",");

            if (n == strlen(want + numeric) && strncmp(p, want + numeric, n) == 0) {
                m->numeric[m->n_keys] = numeric;
                m->key[m->n_keys++] = column;
                break;
            }
            p += n + (p[n] == ',');
        }
    }
    m->n_columns = 1;
    for (const char *p = header; *p != '\0'; p++)
        m->n_columns += *p == ',';
}

static enum lx_code write_rows(struct merge *m, struct lx_err *err)
{
    struct sort_row *rows = lx_arena_take(&m->arena, m->n_rows + 1, sizeof(*rows));
    const char *path = lx_arena_printf(&m->arena, "%s/%s", m->dir, m->table->out);
    struct lx_buf out = {0};
    enum lx_code code;

    if (rows == NULL || path == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for %zu rows", m->n_rows);
    for (size_t i = 0; i < m->n_rows; i++)
        rows[i] = (struct sort_row){m, m->rows[i]};
    qsort(rows, m->n_rows, sizeof(*rows), compare);
    lx_buf_printf(&out, "%s\n", m->table->header);
    for (size_t i = 0; i < m->n_rows; i++)
        for (size_t c = 0; c < m->n_columns; c++) {
            lx_csv_field(&out, rows[i].fields[c]);
            lx_buf_add(&out, c + 1 < m->n_columns ? "," : "\n");
        }
    code = lx_buf_check(&out, err);
    if (code == LX_OK)
        code = lx_fs_write(path, out.text, out.len, err);
    lx_buf_free(&out);
    return code;
}

static enum lx_code merge_table(const char *dir, const struct table *t, size_t *n_done,
                                size_t *n_cells, struct lx_err *err)
{
    struct merge m = {.dir = dir, .table = t};
    enum lx_code code;

    find_keys(&m);
    code = lx_plan_visit(dir, add_cell, &m, err);
    if (code == LX_OK)
        code = write_rows(&m, err);
    *n_done = m.n_done;
    *n_cells = m.n_cells;
    free(m.rows);
    lx_arena_free(&m.arena);
    return code;
}

enum lx_code lx_merge(const char *dir, size_t *n_done, size_t *n_cells, struct lx_err *err)
{
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && code == LX_OK; i++)
        code = merge_table(dir, &tables[i], n_done, n_cells, err);
    if (code == LX_OK && *n_done == *n_cells)
        lx_collect_garbage(dir);
    return code;
}
