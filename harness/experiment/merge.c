/* Merging the rows of cells; see merge.h. */
#include "experiment/merge.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "experiment/plan_file.h"
#include "json/json.h"
#include "results/partial.h"
#include "results/result_names.h"
#include "results/stale.h"
#include "store/cell_files.h"
#include "store/garbage.h"
#include "store/store.h"
#include "system/fs.h"
#include "text/csvfile.h"

#define MAX_KEYS 16

/* One output file: which file of a cell feeds it, and what its rows are sorted by. */
struct layout {
    const char *name, *header;
    const char *keys[MAX_KEYS]; /* columns, most important first; '#' in front: by number */
};

/* In the order of enum lx_cell_file. */
static const struct layout layouts[LX_CELL_FILE_COUNT] = {
    {"train.csv", LX_TRAIN_HEADER, {"cell", "#step"}},
    {"runs.csv", LX_RUNS_HEADER, {"experiment", "dataset", "encoding", "#seed", "cell"}},
    {"blocks.csv.gz",
     LX_BLOCKS_HEADER,
     {"cell", "evaluated_as", "mode", "#stride", "#eval_length", "#block"}},
    {"metrics.csv",
     LX_METRICS_HEADER,
     {"experiment", "dataset", "split", "#train_length", "encoding", "evaluated_as", "#seed",
      "mode", "#stride", "#eval_length", "metric", "#layer", "#head", "#position_lo",
      "#position_hi"}},
};

/* The rows of one output file. */
struct table {
    const struct layout *layout;
    const char *const **rows; /* each row: its fields */
    size_t n_rows, cap, n_columns;
    int key[MAX_KEYS];
    bool numeric[MAX_KEYS];
    int n_keys;
};

struct merge {
    const char *dir;
    bool pack;
    struct lx_arena arena;
    struct table tables[LX_CELL_FILE_COUNT];
    struct lx_merged counts;
    struct lx_buf missing_text;
    struct lx_json_writer missing; /* objects of partial.json */
};

/* qsort has no context argument; rows carry their table in front of the fields. */
struct sort_row {
    const struct table *t;
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
    const struct table *t = a->t;
    int order = 0;

    for (int i = 0; i < t->n_keys && order == 0; i++) {
        const char *x = a->fields[t->key[i]], *y = b->fields[t->key[i]];

        order = t->numeric[i] ? compare_numbers(x, y) : strcmp(x, y);
    }
    for (size_t c = 0; c < t->n_columns && order == 0; c++)
        order = strcmp(a->fields[c], b->fields[c]);
    return order;
}

static enum lx_code add_row(struct table *t, const char *const *fields, struct lx_err *err)
{
    if (t->n_rows == t->cap) {
        size_t cap = t->cap == 0 ? 1024 : 2 * t->cap;
        const char *const **rows = realloc(t->rows, cap * sizeof(*rows));

        if (rows == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory for %zu rows", cap);
        t->rows = rows;
        t->cap = cap;
    }
    t->rows[t->n_rows++] = fields;
    return LX_OK;
}

/* Columns of runs.csv are added at its end: rows of an earlier version have the first of them. */
static bool is_header(const char *got, const struct table *t)
{
    const char *want = t->layout->header;
    size_t n = strlen(got);

    if (t->layout == &layouts[LX_CELL_RUN])
        return strncmp(got, want, n) == 0 && (want[n] == ',' || want[n] == '\0');
    return strcmp(got, want) == 0;
}

static enum lx_code check_header(const struct table *t, const struct lx_csv *csv, const char *path,
                                 struct lx_err *err)
{
    struct lx_buf header = {0};
    enum lx_code code;

    for (size_t c = 0; c < csv->n_columns; c++)
        lx_buf_printf(&header, "%s%s", c == 0 ? "" : ",", csv->header[c]);
    code = lx_buf_check(&header, err);
    if (code == LX_OK && (header.text == NULL || !is_header(header.text, t)))
        code = lx_fail(err, LX_EFORMAT, "%s: the header must be \"%s\"", path, t->layout->header);
    lx_buf_free(&header);
    return code;
}

/* The fields of a row; columns that it is too old to have are empty. */
static enum lx_code widen(const struct table *t, const struct lx_csv *csv, size_t row,
                          struct lx_arena *arena, const char *const **out, struct lx_err *err)
{
    const char **fields;

    *out = csv->cells + row * csv->n_columns;
    if (csv->n_columns == t->n_columns)
        return LX_OK;
    if (lx_arena_get(arena, t->n_columns, sizeof(*fields), &fields, "a row", err))
        return err->code;
    for (size_t c = 0; c < t->n_columns; c++)
        fields[c] = c < csv->n_columns ? (*out)[c] : "";
    *out = fields;
    return LX_OK;
}

static enum lx_code add_rows(struct merge *m, const char *id, const struct lx_cell_files *f,
                             struct lx_err *err)
{
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++) {
        struct table *t = &m->tables[i];
        const char *path;
        struct lx_csv csv;

        if (lx_store_cell(m->dir, id, lx_cell_names[i], &m->arena, &path, err) ||
            lx_csv_parse(f->text[i].text, f->text[i].len, path, &m->arena, &csv, err) ||
            check_header(t, &csv, path, err))
            return err->code;
        for (size_t r = 0; r < csv.n_rows; r++) {
            const char *const *fields;

            if (widen(t, &csv, r, &m->arena, &fields, err) || add_row(t, fields, err))
                return err->code;
        }
    }
    return LX_OK;
}

/* A cell that is not there, for partial.json. */
static void add_missing(struct merge *m, const struct lx_json *cell)
{
    static const char *const keys[] = {"id", "encoding", "dataset", "seed"};

    lx_json_open_object(&m->missing, NULL);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (lx_json_find(cell, keys[i]) != NULL)
            lx_json_add_value(&m->missing, keys[i], lx_json_find(cell, keys[i]));
    lx_json_close_object(&m->missing);
}

/* Everything that merging wants of a cell, in one visit. cell: its line of the plan. */
static enum lx_code add_cell(struct merge *m, const char *id, const struct lx_json *cell,
                             struct lx_err *err)
{
    struct lx_cell_files f;
    enum lx_code code = lx_cell_read(m->dir, id, &f, err);

    m->counts.n_cells++;
    if (code != LX_OK) {
        code = lx_hint(err, "`longshot run` with the same config makes it again");
    } else if (!f.done) {
        add_missing(m, cell);
    } else {
        m->counts.n_done++;
        m->counts.n_packed += f.packed;
        if (f.note[0] != '\0')
            lx_log("%s", f.note);
        code = add_rows(m, id, &f, err);
        if (code == LX_OK && m->pack)
            code = lx_cell_pack(m->dir, id, &f, err);
    }
    lx_cell_free(&f);
    return code;
}

static enum lx_code visit(void *ctx, const struct lx_json *cell, struct lx_err *err)
{
    return add_cell(ctx, lx_json_text(lx_json_find(cell, "id")), cell, err);
}

/* ---------------------------------------------------------------------------------- the tables */

/* Places of the key columns in the header. */
static void table_init(struct table *t, const struct layout *layout)
{
    const char *header = layout->header;

    *t = (struct table){.layout = layout, .n_columns = 1};
    for (int i = 0; i < MAX_KEYS && layout->keys[i] != NULL; i++) {
        const char *want = layout->keys[i];
        int column = 0;
        bool numeric = want[0] == '#';

        for (const char *p = header; *p != '\0'; column++) {
            size_t n = strcspn(p, ",");

            if (n == strlen(want + numeric) && strncmp(p, want + numeric, n) == 0) {
                t->numeric[t->n_keys] = numeric;
                t->key[t->n_keys++] = column;
                break;
            }
            p += n + (p[n] == ',');
        }
    }
    for (const char *p = header; *p != '\0'; p++)
        t->n_columns += *p == ',';
}

static enum lx_code write_table(const struct table *t, struct lx_arena *arena, struct lx_buf *out,
                                struct lx_err *err)
{
    struct sort_row *rows;

    if (lx_arena_get(arena, t->n_rows + 1, sizeof(*rows), &rows, "the rows", err))
        return err->code;
    for (size_t i = 0; i < t->n_rows; i++)
        rows[i] = (struct sort_row){t, t->rows[i]};
    qsort(rows, t->n_rows, sizeof(*rows), compare);
    lx_buf_printf(out, "%s\n", t->layout->header);
    for (size_t i = 0; i < t->n_rows; i++)
        for (size_t c = 0; c < t->n_columns; c++) {
            lx_csv_field(out, rows[i].fields[c]);
            lx_buf_add(out, c + 1 < t->n_columns ? "," : "\n");
        }
    return lx_buf_check(out, err);
}

static enum lx_code write_partial(struct merge *m, struct lx_buf *out, struct lx_err *err)
{
    lx_buf_printf(out, "{\"done\": %zu, \"cells\": %zu, \"missing\": [", m->counts.n_done,
                  m->counts.n_cells);
    lx_buf_add(out, m->missing_text.text != NULL ? m->missing_text.text : "");
    lx_buf_add(out, "]}\n");
    return lx_buf_check(&m->missing_text, err) != LX_OK ? err->code : lx_buf_check(out, err);
}

/* Packed if the name says so. */
static enum lx_code save(struct merge *m, const char *name, const struct lx_buf *text,
                         struct lx_err *err)
{
    const char *path = lx_arena_printf(&m->arena, "%s/%s", m->dir, name), *dot = strrchr(name, '.');
    struct lx_buf packed = {0};
    enum lx_code code = LX_OK;

    if (path == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (strcmp(dot, ".gz") != 0)
        return lx_fs_write(path, text->text, text->len, err);
    if (lx_gzip(text->text, text->len, &packed, err) ||
        lx_fs_write(path, packed.text, packed.len, err))
        code = err->code;
    lx_buf_free(&packed);
    return code;
}

static enum lx_code write_tables(struct merge *m, struct lx_buf text[], struct lx_err *err)
{
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++)
        if (write_table(&m->tables[i], &m->arena, &text[i], err))
            return err->code;
    return LX_OK;
}

static enum lx_code save_tables(struct merge *m, const struct lx_buf text[], struct lx_err *err)
{
    for (int i = LX_CELL_FILE_COUNT - 1; i >= 0; i--)
        if (save(m, layouts[i].name, &text[i], err))
            return err->code;
    return LX_OK;
}

/* DIR/partial.json: there before the tables that it is about, and away after those that are whole. */
static enum lx_code mark_partial(struct merge *m, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    if (write_partial(m, &text, err) || save(m, LX_PARTIAL_FILE, &text, err))
        code = err->code;
    lx_buf_free(&text);
    return code;
}

static enum lx_code mark_whole(struct merge *m, struct lx_err *err)
{
    const char *path = lx_arena_printf(&m->arena, "%s/" LX_PARTIAL_FILE, m->dir);

    return path != NULL ? lx_fs_remove(path, err) : lx_fail(err, LX_ENOMEM, "out of memory");
}

/* What is at the place of table i; *same: it has this text, which what cannot be read as a file has not. */
static enum lx_code look(struct merge *m, int i, const struct lx_buf *text, bool *there, bool *same,
                         struct lx_err *err)
{
    const char *path = lx_arena_printf(&m->arena, "%s/%s", m->dir, layouts[i].name);
    struct lx_buf got = {0};
    enum lx_code code = LX_OK;

    *there = *same = false;
    if (path == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    *there = lx_fs_exists(path);
    if (*there && lx_fs_read_gz(path, &got, err))
        code = err->code;
    else
        *same = *there && got.len == text->len && memcmp(got.text, text->text, got.len) == 0;
    lx_buf_free(&got);
    return code == LX_EDATA ? LX_OK : code;
}

/* Whether files would be of different moments if the merge ended half-way, or with it. */
static enum lx_code find_old(struct merge *m, const struct lx_buf text[], bool *old,
                             struct lx_err *err)
{
    int n_there = 0, n_same = 0;
    enum lx_stale now;
    bool reported;

    if (lx_stale_read(m->dir, &now, err) || lx_result_reported(m->dir, &reported, err))
        return err->code;
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++) {
        bool there, same;

        if (look(m, i, &text[i], &there, &same, err))
            return err->code;
        n_there += there;
        n_same += same;
    }
    *old = now == LX_STALE_ROWS || (n_same < LX_CELL_FILE_COUNT && (n_there > 0 || reported));
    return LX_OK;
}

/* What a report made of the rows before is of those no more. */
static enum lx_code end_stale(struct merge *m, struct lx_err *err)
{
    bool reported;

    if (lx_result_reported(m->dir, &reported, err))
        return err->code;
    return lx_stale_mark(m->dir, reported ? LX_STALE_TABLES : LX_STALE_NOT, err);
}

/* All tables are made before the first is replaced. */
static enum lx_code write_all(struct merge *m, struct lx_err *err)
{
    struct lx_buf text[LX_CELL_FILE_COUNT] = {{0}};
    bool whole = m->counts.n_done == m->counts.n_cells, old = false;
    enum lx_code code = LX_OK;

    if (write_tables(m, text, err) || find_old(m, text, &old, err) ||
        (old && lx_stale_mark(m->dir, LX_STALE_ROWS, err)) || (!whole && mark_partial(m, err)) ||
        save_tables(m, text, err) || (whole && mark_whole(m, err)) || (old && end_stale(m, err)))
        code = err->code;
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++)
        lx_buf_free(&text[i]);
    return code;
}

static void begin(struct merge *m)
{
    m->missing.out = &m->missing_text;
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++)
        table_init(&m->tables[i], &layouts[i]);
}

static void end(struct merge *m)
{
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++)
        free(m->tables[i].rows);
    lx_buf_free(&m->missing_text);
    lx_arena_free(&m->arena);
}

/* Whether the file has this text, or begins with a header of fewer columns. */
static enum lx_code same_file(struct merge *m, int i, const struct lx_buf *want, bool *same,
                              struct lx_err *err)
{
    const char *path = lx_arena_printf(&m->arena, "%s/%s", m->dir, layouts[i].name);
    size_t header = strlen(layouts[i].header);
    struct lx_buf got = {0};

    *same = false;
    if (path == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (lx_fs_read_gz(path, &got, err))
        return err->code;
    if (i == LX_CELL_RUN && got.len > 0 && strcspn(got.text, "\n") < header)
        *same = strncmp(got.text, want->text, strcspn(got.text, "\n")) == 0;
    else
        *same = got.len == want->len && memcmp(got.text, want->text, got.len) == 0;
    lx_buf_free(&got);
    return LX_OK;
}

enum lx_code lx_merge_compare(const char *dir, const char *const *cell, size_t n, const char **name,
                              struct lx_err *err)
{
    struct merge m = {.dir = dir};
    struct lx_buf text[LX_CELL_FILE_COUNT] = {{0}};
    enum lx_code code = LX_OK;
    bool same = true;

    begin(&m);
    *name = NULL;
    for (size_t k = 0; k < n && code == LX_OK; k++)
        code = add_cell(&m, cell[k], NULL, err);
    if (code != LX_OK || write_tables(&m, text, err))
        code = err->code;
    for (int i = LX_CELL_FILE_COUNT - 1; i >= 0 && code == LX_OK && same; i--) {
        code = same_file(&m, i, &text[i], &same, err);
        *name = same ? NULL : layouts[i].name;
    }
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++)
        lx_buf_free(&text[i]);
    end(&m);
    return code;
}

enum lx_code lx_merge(const char *dir, bool pack, struct lx_merged *out, struct lx_err *err)
{
    struct merge m = {.dir = dir, .pack = pack};
    enum lx_code code = LX_OK;

    begin(&m);
    if (lx_plan_visit(dir, visit, &m, err) || write_all(&m, err)) {
        code = err->code;
    } else if (m.counts.n_done == m.counts.n_cells) {
        lx_collect_garbage(dir);
    }
    *out = m.counts;
    end(&m);
    return code;
}
