/* The folder of tuning, read back; see tuned.h. */
#include "tune/tuned.h"

#include <math.h>
#include <string.h>

#include "system/fs.h"

static enum lx_code load(struct lx_tuned *t, const char *config, const char *metrics,
                         struct lx_err *err)
{
    struct lx_rows rows = {0};
    enum lx_code code = LX_OK;

    if (lx_json_read(config, &t->config, err) || lx_rows_read(metrics, &rows, err) ||
        lx_study_make(&t->study, &rows, t->config, err))
        code = lx_wrap(err, "%s", metrics);
    lx_rows_free(&rows);
    return code != LX_OK ? code : lx_rates_make(&t->study, t->config, &t->arena, &t->rates, err);
}

enum lx_code lx_tuned_read(struct lx_tuned *t, const char *dir, struct lx_err *err)
{
    const char *config, *metrics;

    *t = (struct lx_tuned){.config = NULL};
    if (lx_arena_format(&t->arena, &config, err, "%s/" LX_TUNE_FOLDER "/config.json", dir) ||
        lx_arena_format(&t->arena, &metrics, err, "%s/" LX_TUNE_FOLDER "/metrics.csv", dir))
        return err->code;
    if (!lx_fs_exists(config) || !lx_fs_exists(metrics))
        return LX_OK;
    return load(t, config, metrics, err);
}

void lx_tuned_free(struct lx_tuned *t)
{
    lx_study_free(&t->study);
    lx_json_free(t->config);
    lx_arena_free(&t->arena);
    *t = (struct lx_tuned){.config = NULL};
}

const struct lx_rates_encoding *lx_tuned_find(const struct lx_tuned *t, const char *encoding)
{
    size_t n = strcspn(encoding, "[");

    for (size_t i = 0; i < t->rates.n; i++) {
        const struct lx_rates_encoding *e = &t->rates.item[i];

        if (strlen(e->encoding) == n && strncmp(e->encoding, encoding, n) == 0)
            return e->best < e->n ? e : NULL;
    }
    return NULL;
}

double lx_tuned_nll(const struct lx_tuned *t, const char *encoding, const char *dataset,
                    const char *mode, int eval_length, int side)
{
    const struct lx_rates_encoding *e = lx_tuned_find(t, encoding);
    size_t at;

    if (e == NULL)
        return (double)NAN;
    at = side == 0 ? e->best : lx_rate_beside(e->try, e->n, e->best, side);
    for (size_t k = 0; at < e->n && k < t->study.n_sections; k++) {
        const struct lx_section *sec = &t->study.section[k];

        if (strcmp(lx_rows_name(&t->study.rows, sec->mode), mode) == 0 &&
            (dataset == NULL || strcmp(lx_rows_name(&t->study.rows, sec->dataset), dataset) == 0))
            return lx_rates_nll(&t->study, k, e->id[at], eval_length);
    }
    return (double)NAN;
}
