/* The page, given to harness/page: report.html, with the tables of the folder as HTML. */
#include <stdlib.h>

#include "core/hash.h"
#include "core/log.h"
#include "page/page.h"
#include "report/report.h"
#include "report/report_internal.h"
#include "report/table.h"
#include "system/fs.h"
#include "tune/rates_text.h"

static void free_page(struct lx_page *p, struct lx_buf *table, struct lx_train_point *train)
{
    for (size_t i = 0; table != NULL && i < p->study->n_sections; i++)
        lx_buf_free(&table[i]);
    free(table);
    free(train);
    lx_buf_free(&p->claims_table);
    lx_buf_free(&p->claims_count);
    lx_buf_free(&p->published_table);
    lx_buf_free(&p->costs_table);
    lx_buf_free(&p->rates_table);
}

static enum lx_code write_claims(const struct lx_report_folder *f, struct lx_page *p,
                                 struct lx_err *err)
{
    struct lx_buf *out = &p->claims_table;

    if (f->claims.n == 0)
        return LX_OK;
    lx_claims_count(&f->claims, &p->claims_count);
    if (lx_claims_write(&f->claims, &f->study, &lx_grid_html, out, err))
        return err->code;
    lx_buf_add(out, "<p>");
    if (lx_registration_write(f->dir, lx_json_find(f->config, "claims"), &lx_grid_html, out, err))
        return err->code;
    lx_buf_add(out, "</p>\n");
    return LX_OK;
}

/* Every table of the folder, by the writer of HTML. */
static enum lx_code write_tables(const struct lx_report_folder *f, struct lx_page *p,
                                 struct lx_buf *table, struct lx_err *err)
{
    const struct lx_study *s = &f->study;

    for (size_t i = 0; i < s->n_sections; i++)
        if (lx_table_section(s, i, &lx_grid_html, &table[i], err))
            return err->code;
    if (write_claims(f, p, err) || lx_tuned_write(&f->tuned, &lx_grid_html, &p->rates_table, err) ||
        (f->published.n > 0 &&
         lx_published_write(&f->published, s, &lx_grid_html, &p->published_table, err)) ||
        (f->costs.n > 0 && lx_costs_write(&f->costs, s, &lx_grid_html, &p->costs_table, err)) ||
        lx_buf_check(&p->claims_table, err) || lx_buf_check(&p->claims_count, err) ||
        lx_buf_check(&p->rates_table, err) || lx_buf_check(&p->published_table, err) ||
        lx_buf_check(&p->costs_table, err))
        return err->code;
    for (size_t i = 0; i < s->n_sections; i++)
        if (lx_buf_check(&table[i], err))
            return err->code;
    return LX_OK;
}

/* The SHA-256 of metrics.csv. */
static enum lx_code sum_metrics(const char *path, char out[65], struct lx_err *err)
{
    struct lx_buf bytes = {0};
    struct lx_hash h;

    if (lx_fs_read(path, &bytes, err)) {
        lx_buf_free(&bytes);
        return err->code;
    }
    lx_hash_init(&h);
    lx_hash_add(&h, bytes.text, bytes.len);
    lx_hash_hex(&h, out);
    lx_buf_free(&bytes);
    return LX_OK;
}

static enum lx_code fill(const struct lx_report_folder *f, struct lx_arena *arena,
                         struct lx_page *p, struct lx_train_point **train, char sum[65],
                         struct lx_err *err)
{
    const char *metrics, *runs, *log;

    if (lx_arena_format(arena, &metrics, err, "%s/metrics.csv", f->dir) ||
        lx_arena_format(arena, &runs, err, "%s/runs.csv", f->dir) ||
        lx_arena_format(arena, &log, err, "%s/train.csv", f->dir) ||
        sum_metrics(metrics, sum, err) ||
        (lx_fs_exists(log) && lx_rows_read_train(log, &f->study.rows, train, &p->n_train, err)))
        return err->code;
    if (f->partial.brief != NULL && lx_arena_format(arena, &p->partial, err, "%s. Missing: %s.",
                                                    f->partial.brief, f->partial.missing))
        return err->code;
    p->runs = lx_fs_exists(runs) ? runs : NULL;
    p->train = *train;
    p->metrics_sum = sum;
    return LX_OK;
}

enum lx_code lx_report_page(const struct lx_report_folder *f, struct lx_buf *out,
                            struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_page p = {.study = &f->study,
                        .config = f->config,
                        .defaults = f->usual,
                        .claims = &f->claims,
                        .rates = &f->rates};
    struct lx_buf *table = calloc(f->study.n_sections + 1, sizeof(*table));
    struct lx_train_point *train = NULL;
    char sum[65];
    enum lx_code code = LX_OK;

    p.table = table;
    if (table == NULL)
        code = lx_fail(err, LX_ENOMEM, "out of memory for the page");
    else if (write_tables(f, &p, table, err) || fill(f, &arena, &p, &train, sum, err) ||
             lx_page_write(&p, out, err))
        code = err->code;
    free_page(&p, table, train);
    lx_arena_free(&arena);
    return code;
}
