/* Parameter usage: how often training read each row of a learned table of positions, and how much of what
 * the model reads at a length falls on rows that training never or hardly read.
 *
 * A scheme whose positions or distances choose among learned rows says so by the hooks of
 * encodings/encoding.h. Counts are exact, not sampled: training reads windows of exactly L tokens, and in
 * a window of T tokens
 *     a relative scheme reads the row of distance d for T - d pairs of query and key, in each layer,
 *     for d = 0 .. T - 1 or up to the stack's attention window,
 *     an absolute one reads the row of each position once, or a part of two rows.
 * A read is not a gradient: what attention gives no weight moves nothing. A row without a read has had
 * none for certain.
 *
 * Far pairs are many and may have little weight: the share of attention that falls on such rows is
 * measured beside, on windows of the evaluated split (sum of the weights of those keys, mean over queries
 * and heads). For an absolute scheme it is the weight of keys whose own position read such a row.
 *
 * Trained rows are those of the stack that was trained, under whichever one the model is read now. */
#include <math.h>

#include "analysis/analysis.h"

enum kind { UNTRAINED, RARE, KINDS };

struct usage {
    int table, windows, attention;
    double rare;
};

static const struct lx_option options[] = {
    {"rare", LX_OPT_REAL, offsetof(struct usage, rare), 0.05, 0, 1, NULL,
     "rows read less often than this part of the most read one's reads are rare; never is rare too",
     0},
    {"windows", LX_OPT_INT, offsetof(struct usage, windows), 8, 1, 1 << 20, NULL,
     "windows on which attention is measured", 0},
    {"attention", LX_OPT_INT, offsetof(struct usage, attention), 1024, 0, 1 << 16, NULL,
     "longest windows in which attention is measured, tokens, 0 = none; takes layers x heads x "
     "length^2 numbers of memory",
     0},
    {"table", LX_OPT_INT, offsetof(struct usage, table), 0, 0, LX_STACK_MAX - 1, NULL,
     "which of the stack's tables, if it has several, from 0", 0},
    {.type = LX_OPT_END},
};

static const char *const metrics[] = {"usage_trained_count",  "usage_untrained_share",
                                      "usage_rare_share",     "usage_untrained_attention",
                                      "usage_rare_attention", NULL};

static const char *const share_names[KINDS] = {"usage_untrained_share", "usage_rare_share"};
static const char *const attention_names[KINDS] = {"usage_untrained_attention",
                                                   "usage_rare_attention"};

struct buffers {
    const struct lx_stack_item *table;
    int rows;
    double least;        /* reads of a training window, below which a row is rare */
    double *trained;     /* (rows) reads of one training window            */
    double *read;        /* (rows) reads of one window of T                */
    double *of[KINDS];   /* (T) part of each distance or position that is  */
    uint16_t *tokens;    /* (T)                                            */
    real *attention;     /* (layers, heads, T, T)                          */
    double *mass[KINDS]; /* (layers, T) sums over heads and windows        */
    struct lx_work *work;
};

/* The k-th element with rows to choose among; NULL: there is none. */
static const struct lx_stack_item *find_table(const struct lx_stack *s, int k)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->rows != NULL && k-- == 0)
            return &s->items[i];
    return NULL;
}

/* The same scheme in another stack: arrays bear its name, so that no stack has it twice. */
static const struct lx_stack_item *find_scheme(const struct lx_stack *s,
                                               const struct lx_encoding_ops *ops)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops == ops)
            return &s->items[i];
    return NULL;
}

static bool has_attention(const struct usage *u, int T)
{
    return T <= u->attention;
}

static enum lx_code take(struct buffers *b, const struct usage *u, const struct lx_model *m, int T,
                         struct lx_arena *arena, struct lx_err *err)
{
    size_t n = (size_t)T, layers = (size_t)m->config.layers, heads = (size_t)m->config.heads;

    b->table = find_table(&m->stack, u->table);
    if (b->table == NULL)
        return LX_OK;
    b->rows = b->table->ops->rows(b->table->self);
    if (lx_arena_get(arena, (size_t)b->rows, sizeof(double), &b->trained, "parameter usage", err) ||
        lx_arena_get(arena, (size_t)b->rows, sizeof(double), &b->read, "parameter usage", err))
        return err->code;
    for (int k = 0; k < KINDS; k++)
        if (lx_arena_get(arena, n, sizeof(double), &b->of[k], "parameter usage", err) ||
            (has_attention(u, T) &&
             lx_arena_get(arena, layers * n, sizeof(double), &b->mass[k], "parameter usage", err)))
            return err->code;
    if (!has_attention(u, T))
        return LX_OK;
    if (lx_arena_get(arena, n, sizeof(*b->tokens), &b->tokens, "parameter usage", err) ||
        lx_arena_get(arena, layers * heads * n * n, sizeof(real), &b->attention, "attention", err))
        return err->code;
    return lx_work_init(&b->work, m, 1, T, false, arena, err);
}

/* ------------------------------------------------------------------------------------- counting */

/* Pairs of query and key in a window of T tokens, mean over layers; reads (rows) += those of each row. */
static double count_pairs(const struct lx_stack *s, const struct lx_stack_item *e, int layers,
                          int T, double *reads, int rows)
{
    double pairs = 0;

    for (int l = 0; l < layers; l++) {
        struct lx_enc_call call = {.layer = l, .B = 1, .T = T};
        int window = lx_stack_window(s, &call);

        for (int d = 0; d < window; d++) {
            int row = e->ops->bucket(e->self, d);

            pairs += T - d;
            if (row >= 0)
                reads[row] += T - d;
        }
    }
    for (int r = 0; r < rows; r++)
        reads[r] /= layers;
    return pairs / layers;
}

/* Reads of one window of T tokens, all of them; reads (rows), zeros before, are those of each row. */
static double count_reads(const struct lx_stack *s, const struct lx_stack_item *e, int layers,
                          int T, double *reads, int rows)
{
    if (e->ops->bucket != NULL)
        return count_pairs(s, e, layers, T, reads, rows);
    for (int t = 0; t < T; t++) {
        double part = 0;
        int row = e->ops->row(e->self, t, T, &part);

        reads[row] += 1 - part;
        if (part > 0)
            reads[row + 1] += part;
    }
    return T;
}

/* What the trained stack reads of the same scheme's rows. */
static void count_training(const struct usage *u, const struct lx_stack *s,
                           const struct lx_model *m, struct buffers *b)
{
    const struct lx_stack_item *e = find_scheme(s, b->table->ops);
    double most = 0;

    if (e != NULL)
        (void)count_reads(s, e, m->config.layers, m->train_length, b->trained, b->rows);
    for (int r = 0; r < b->rows; r++)
        most = b->trained[r] > most ? b->trained[r] : most;
    b->least = u->rare * most;
}

/* Whether a row is of that kind. */
static bool is(enum kind kind, const struct buffers *b, int row)
{
    return !(b->trained[row] > 0) || (kind == RARE && b->trained[row] < b->least);
}

/* What part of each distance or position reads rows of that kind. */
static void mark(enum kind kind, struct buffers *b, int T)
{
    const struct lx_encoding_ops *ops = b->table->ops;

    for (int i = 0; i < T; i++) {
        double part = 0;
        int row = ops->bucket != NULL ? ops->bucket(b->table->self, i)
                                      : ops->row(b->table->self, i, T, &part);

        b->of[kind][i] = row >= 0 && is(kind, b, row) ? 1 - part : 0;
        if (part > 0 && is(kind, b, row + 1))
            b->of[kind][i] += part;
    }
}

/* Neighbouring rows with equal counts share one row of the results. */
static enum lx_code add_counts(struct lx_analysis_call *c, const struct buffers *b,
                               struct lx_err *err)
{
    struct lx_metric r = lx_analysis_row(c, metrics[0]);
    long long windows = c->subject->trained_windows;

    if (windows <= 0) {
        r.status = "not_applicable";
        return lx_metrics_add(c->out, &r, err);
    }
    r.windows = windows;
    r.tokens = windows * c->m->train_length;
    for (int lo = 0, hi; lo < b->rows; lo = hi) {
        for (hi = lo + 1; hi < b->rows && !(b->trained[hi] < b->trained[lo]) &&
                          !(b->trained[hi] > b->trained[lo]);)
            hi++;
        r.position_lo = lo;
        r.position_hi = hi;
        r.value = (double)windows * b->trained[lo];
        if (lx_metrics_add(c->out, &r, err))
            return err->code;
    }
    return LX_OK;
}

static enum lx_code add_shares(struct lx_analysis_call *c, const struct buffers *b, double all,
                               struct lx_err *err)
{
    for (int k = 0; k < KINDS; k++) {
        struct lx_metric r = lx_analysis_row(c, share_names[k]);
        double sum = 0;

        for (int row = 0; row < b->rows; row++)
            sum += is((enum kind)k, b, row) ? b->read[row] : 0;
        r.value = sum / all;
        r.tokens = (long long)all;
        if (lx_metrics_add(c->out, &r, err))
            return err->code;
    }
    return LX_OK;
}

/* ------------------------------------------------------------------------------------ attention */

/* Add what each query of the window gives to keys of each kind. */
static void add_window(struct buffers *b, const struct lx_model_config *m, int T)
{
    bool relative = b->table->ops->bucket != NULL;
    size_t n = (size_t)T;

    for (size_t l = 0; l < (size_t)m->layers; l++)
        for (size_t h = 0; h < (size_t)m->heads; h++)
            for (size_t i = 0; i < n; i++) {
                const real *a = b->attention + ((l * (size_t)m->heads + h) * n + i) * n;

                for (int k = 0; k < KINDS; k++) {
                    const double *of = b->of[k];
                    double sum = 0;

                    for (size_t j = 0; j <= i; j++)
                        sum += (double)a[j] * of[relative ? i - j : j];
                    b->mass[k][l * n + i] += sum;
                }
            }
}

static enum lx_code walk(const struct usage *u, struct lx_analysis_call *c, struct buffers *b,
                         struct lx_err *err)
{
    const struct lx_observe observe = {.attention = b->attention};

    for (int k = 0; k < u->windows; k++) {
        lx_analysis_tokens(c, k, 1, u->windows, c->T, b->tokens, NULL);
        lx_model_forward(c->m, b->work, b->tokens, 1, c->T, &observe);
        add_window(b, &c->m->config, c->T);
        if (lx_analysis_seen(c, (double)(k + 1) / u->windows, err))
            return err->code;
    }
    return LX_OK;
}

/* Mean over the queries lo .. hi-1, the heads and the layers first .. last; `whole`: the row is that of
 * all queries, which has no positions. */
static enum lx_code add_mass(struct lx_analysis_call *c, const struct usage *u,
                             const struct buffers *b, enum kind kind, int layer, int lo, int hi,
                             struct lx_err *err)
{
    struct lx_metric r = lx_analysis_row(c, attention_names[kind]);
    int layers = c->m->config.layers, first = layer < 0 ? 0 : layer;
    int end = layer < 0 ? layers : layer + 1;
    bool whole = lo == 0 && hi == c->T;
    double sum = 0;

    for (int l = first; l < end; l++)
        for (int i = lo; i < hi; i++)
            sum += b->mass[kind][(size_t)l * (size_t)c->T + (size_t)i];
    r.layer = layer;
    r.position_lo = whole ? -1 : lo;
    r.position_hi = whole ? -1 : hi;
    r.windows = u->windows;
    r.tokens = (long long)u->windows * (hi - lo);
    r.value = sum / ((double)u->windows * (hi - lo) * (end - first) * c->m->config.heads);
    if (!isfinite(r.value))
        r.status = "diverged";
    return lx_metrics_add(c->out, &r, err);
}

/* All queries, each layer, and all layers by the query's position. */
static enum lx_code add_attention(struct lx_analysis_call *c, const struct usage *u,
                                  const struct buffers *b, struct lx_err *err)
{
    for (int kind = 0; kind < KINDS; kind++) {
        for (int l = -1; l < c->m->config.layers; l++)
            if (add_mass(c, u, b, (enum kind)kind, l, 0, c->T, err))
                return err->code;
        for (int bin = 0; c->T > 1 && lx_eval_bin_start(bin) < c->T; bin++) {
            int end = lx_eval_bin_start(bin + 1);

            if (add_mass(c, u, b, (enum kind)kind, -1, lx_eval_bin_start(bin),
                         end < c->T ? end : c->T, err))
                return err->code;
        }
    }
    return LX_OK;
}

/* ------------------------------------------------------------------------------------------ all */

/* The stack learns no rows that positions choose among. */
static enum lx_code add_nothing(struct lx_analysis_call *c, struct lx_err *err)
{
    for (const char *const *name = metrics; *name != NULL; name++) {
        struct lx_metric r = lx_analysis_row(c, *name);

        r.status = "not_applicable";
        if (lx_metrics_add(c->out, &r, err))
            return err->code;
    }
    return LX_OK;
}

static enum lx_code run(const void *self, struct lx_analysis_call *c, struct lx_err *err)
{
    const struct usage *u = self;
    const struct lx_stack *trained =
        c->subject->trained_as != NULL ? c->subject->trained_as : &c->m->stack;
    struct buffers b = {0};
    double all;

    if (take(&b, u, c->m, c->T, c->arena, err))
        return err->code;
    if (b.table == NULL)
        return add_nothing(c, err);
    count_training(u, trained, c->m, &b);
    all = count_reads(&c->m->stack, b.table, c->m->config.layers, c->T, b.read, b.rows);
    for (int k = 0; k < KINDS; k++)
        mark((enum kind)k, &b, c->T);
    if ((c->T == c->item->lengths[0] && add_counts(c, &b, err)) || add_shares(c, &b, all, err))
        return err->code;
    if (!has_attention(u, c->T))
        return LX_OK;
    return walk(u, c, &b, err) == LX_OK ? add_attention(c, u, &b, err) : err->code;
}

static size_t bytes(const void *self, const struct lx_model *m, const struct lx_eval_config *c,
                    int T)
{
    struct lx_arena count = {.measure = true};
    struct buffers b = {0};
    struct lx_err err;

    (void)c;
    return take(&b, self, m, T, &count, &err) == LX_OK ? count.used : 0;
}

/* Attention needs passes; counting is nothing beside them. */
static double flops(const void *self, const struct lx_model_config *m,
                    const struct lx_eval_config *c, int T)
{
    const struct usage *u = self;
    double pairs = 0.5 * m->layers * m->heads * T * T;

    (void)c;
    return has_attention(u, T) ? u->windows * (T * lx_model_flops(m, T) + 2 * KINDS * pairs) : T;
}

static enum lx_code check_windows(const void *self, size_t starts, int longest, struct lx_err *err)
{
    const struct usage *u = self;

    return lx_analysis_enough(u->attention > 0 ? u->windows : 0, starts, longest, err);
}

const struct lx_analysis lx_analysis_parameter_usage = {
    .name = "parameter_usage",
    .title = "How often learned positions were trained",
    .cite = "own count; the sharing is that of Raffel et al. 2020, arXiv:1910.10683, s. 2.1",
    .help = "reads of each learned row of positions in training, and how much of what is read and "
            "attended at a length falls on rows never or hardly trained",
    .metrics = metrics,
    .state_size = sizeof(struct usage),
    .options = options,
    .check_windows = check_windows,
    .bytes = bytes,
    .flops = flops,
    .run = run,
};
