/* Files of a results folder; see store.h. */
#include "store/store.h"

#include "text/csvfile.h"

static enum lx_code join(const char *dir, const char *kind, const char *id, const char *file,
                         struct lx_arena *arena, const char **out, struct lx_err *err)
{
    *out = lx_arena_printf(arena, "%s/%s/%s%s%s", dir, kind, id, file[0] == '\0' ? "" : "/", file);
    return *out != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");
}

enum lx_code lx_store_cell(const char *dir, const char *id, const char *file,
                           struct lx_arena *arena, const char **out, struct lx_err *err)
{
    return join(dir, "cells", id, file, arena, out, err);
}

enum lx_code lx_store_checkpoint(const char *dir, const char *train_id, const char *file,
                                 struct lx_arena *arena, const char **out, struct lx_err *err)
{
    return join(dir, "checkpoints", train_id, file, arena, out, err);
}

enum lx_code lx_store_work(const char *dir, const char *id, const char *file,
                           struct lx_arena *arena, const char **out, struct lx_err *err)
{
    return join(dir, "work", id, file, arena, out, err);
}

/* A whole number and a comma; nothing below 0. */
static void add_whole(struct lx_buf *out, long long v)
{
    if (v >= 0)
        lx_buf_printf(out, "%lld", v);
    lx_buf_add(out, ",");
}

/* One field of two texts. */
static void add_pair(struct lx_buf *out, const char *a, const char *b)
{
    struct lx_buf text = {0};

    lx_buf_printf(&text, "%s%s", a, b);
    lx_csv_field(out, text.text != NULL ? text.text : "");
    out->failed |= text.failed;
    lx_buf_free(&text);
}

static void add_row(const struct lx_row_label *l, const struct lx_metric *r, struct lx_buf *out)
{
    const char *const texts[] = {l->experiment,   l->cell,    l->encoding,
                                 l->evaluated_as, l->dataset, lx_split_name(l->split)};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (i == 3 && r->suffix != NULL)
            add_pair(out, texts[i], r->suffix);
        else
            lx_csv_field(out, texts[i]);
        lx_buf_add(out, ",");
    }
    lx_buf_printf(out, "%llu,", l->seed);
    add_whole(out, l->train_length);
    add_whole(out, r->eval_length);
    lx_buf_printf(out, "%s,", r->mode);
    add_whole(out, r->stride > 0 ? r->stride : -1);
    lx_buf_printf(out, "%s,", r->metric);
    add_whole(out, r->layer);
    add_whole(out, r->head);
    add_whole(out, r->position_lo);
    add_whole(out, r->position_hi);
    lx_csv_number(out, r->value);
    lx_buf_add(out, ",");
    lx_csv_number(out, r->stderr_value);
    lx_buf_add(out, ",");
    add_whole(out, r->tokens);
    add_whole(out, r->windows);
    lx_buf_printf(out, "%s,%s\n", r->status, LX_PROTOCOL);
}

/* What tells cells apart is in metrics.csv. */
static void add_blocks(const struct lx_row_label *l, const struct lx_metric_blocks *r,
                       struct lx_buf *out)
{
    for (int b = 0; b < r->n; b++) {
        lx_csv_field(out, l->cell);
        lx_buf_add(out, ",");
        add_pair(out, l->evaluated_as, r->suffix != NULL ? r->suffix : "");
        lx_buf_printf(out, ",%d,%s,", r->eval_length, r->mode);
        add_whole(out, r->stride > 0 ? r->stride : -1);
        lx_buf_printf(out, "%d,%lld,", b, r->tokens[b]);
        lx_csv_number(out, r->nll[b]);
        lx_buf_add(out, "\n");
    }
}

void lx_store_metrics(const struct lx_row_label *label, const struct lx_metrics *m,
                      struct lx_store_rows *out)
{
    for (size_t i = 0; i < m->n; i++)
        add_row(label, &m->rows[i], &out->metrics);
    for (size_t i = 0; i < m->n_blocks; i++)
        add_blocks(label, &m->blocks[i], &out->blocks);
}

void lx_store_rows_free(struct lx_store_rows *r)
{
    lx_buf_free(&r->metrics);
    lx_buf_free(&r->blocks);
}
