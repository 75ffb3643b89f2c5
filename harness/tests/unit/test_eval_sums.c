/* Sums of an evaluation without a model: blocks of targets, the error by position, and what is not a
 * number, for losses drawn at random, from the definitions. */
#include "check.h"
#include "core/rng.h"
#include "eval/eval_sums.h"

enum { STREAM = 700, V = 7, WINDOWS = 200, LONGEST = 64 };

struct sums_rig {
    struct lx_eval_config c;
    struct lx_window_plan plan;
    uint16_t tokens[STREAM];
    double bytes[V];
    struct lx_stream stream;
    struct lx_eval_text text;
    struct lx_ngram *table;
    struct lx_eval_sums sums;
    struct lx_metrics out;
    double nll[WINDOWS][LONGEST];
    struct lx_window window[WINDOWS];
    int n;
};

/* All windows of a mode at length T, each target at a cost of its own. */
static void rig_open(struct sums_rig *r, enum lx_eval_mode mode, int T)
{
    const struct lx_metric blank = {.eval_length = T,
                                    .mode = "mode",
                                    .stride = 5,
                                    .suffix = "+x",
                                    .layer = -1,
                                    .head = -1,
                                    .position_lo = -1,
                                    .position_hi = -1,
                                    .status = "ok"};
    struct lx_rng rng;
    struct lx_err err;

    memset(r, 0, sizeof(*r));
    r->c = (struct lx_eval_config){.lengths = {16, 24, LONGEST},
                                   .n_lengths = 3,
                                   .modes = {true, true, true},
                                   .tokens = 600,
                                   .last_tokens = 400,
                                   .stride = 5};
    lx_rng_init(&rng, (uint64_t)T, "sums");
    for (int i = 0; i < STREAM; i++)
        r->tokens[i] = (uint16_t)lx_rng_below(&rng, V);
    for (int v = 0; v < V; v++)
        r->bytes[v] = 1 + v;
    r->stream = (struct lx_stream){.tokens = r->tokens, .n = STREAM};
    r->text = (struct lx_eval_text){.stream = &r->stream, .token_bytes = r->bytes};
    CHECK_OK(lx_ngram_count(&r->table, r->tokens, STREAM, V, &err));
    r->text.table = r->table;
    CHECK_OK(lx_window_plan(&r->c, &r->stream, &r->plan, &err));
    r->n = (int)lx_window_count(&r->c, &r->plan, mode, T);
    assert_in_range(r->n, 2, WINDOWS);
    lx_eval_sums_start(&r->sums, &blank, lx_window_scored(&r->c, &r->plan, mode));
    for (int k = 0; k < r->n; k++) {
        r->window[k] = lx_window_at(&r->c, &r->plan, mode, T, k);
        for (int t = 0; t < r->window[k].length; t++)
            r->nll[k][t] = 0.1 + lx_rng_uniform(&rng);
        lx_eval_sums_add(&r->sums, &r->text, &r->window[k], r->nll[k], NULL);
    }
    CHECK_OK(lx_eval_sums_rows(&r->sums, &r->text, &blank, &r->out, &err));
    assert_true(lx_eval_sums_finite(&r->sums));
}

/* The k-th of n scored targets is in block k * blocks / n. */
static void check_blocks(const struct sums_rig *r, int T)
{
    const struct lx_metric_blocks *b = &r->out.blocks[0];
    double sum[LX_EVAL_BLOCKS] = {0}, all = 0;
    long long n[LX_EVAL_BLOCKS] = {0}, scored = 0, rank = 0;

    for (int k = 0; k < r->n; k++)
        scored += r->window[k].length - r->window[k].skip;
    assert_int_equal(r->out.n_blocks, 1);
    assert_int_equal(b->n, LX_EVAL_BLOCKS);
    assert_int_equal(b->eval_length, T);
    assert_string_equal(b->mode, "mode");
    assert_string_equal(b->suffix, "+x");
    assert_int_equal(b->stride, 5);
    for (int k = 0; k < r->n; k++)
        for (int t = r->window[k].skip; t < r->window[k].length; t++, rank++) {
            sum[rank * LX_EVAL_BLOCKS / scored] += r->nll[k][t];
            n[rank * LX_EVAL_BLOCKS / scored]++;
            all += r->nll[k][t];
        }
    for (int k = 0; k < LX_EVAL_BLOCKS; k++) {
        CHECK_NEAR(b->nll[k], sum[k], 1e-12);
        assert_int_equal(b->tokens[k], n[k]);
        assert_in_range(b->tokens[k], scored / LX_EVAL_BLOCKS, scored / LX_EVAL_BLOCKS + 1);
    }
    CHECK_NEAR(r->out.rows[0].value, all / (double)scored, 1e-12);
}

static void rig_close(struct sums_rig *r)
{
    lx_metrics_free(&r->out);
    lx_ngram_free(r->table);
}

/* Tables read the same targets, of each window only what it shows. */
static void check_tables(const struct sums_rig *r)
{
    double sum[LX_NGRAM_ORDERS] = {0}, nll[LX_NGRAM_ORDERS], n = 0;
    int found = 0;

    for (int k = 0; k < r->n; k++)
        for (int t = r->window[k].skip; t < r->window[k].length; t++, n++) {
            lx_ngram_score(r->table, r->tokens + r->window[k].start + 1 + t, t + 1, nll);
            for (int i = 0; i < LX_NGRAM_ORDERS; i++)
                sum[i] += nll[i];
        }
    for (size_t i = 0; i < r->out.n; i++)
        for (int order = 1; order <= LX_NGRAM_ORDERS; order++)
            if (strcmp(r->out.rows[i].metric, lx_ngram_metric(order)) == 0) {
                CHECK_NEAR(r->out.rows[i].value, sum[order - 1] / n, 1e-12);
                assert_int_equal(r->out.rows[i].tokens, (long long)n);
                found++;
            }
    assert_int_equal(found, LX_NGRAM_ORDERS);
}

/* Where targets are the same at every length, so are those of each block. */
static void blocks_hold_the_targets_that_follow_each_other(void **state)
{
    static const int lengths[] = {16, 24, LONGEST};
    static struct sums_rig r;

    (void)state;
    for (int mode = 0; mode < LX_WINDOW_MODES; mode++)
        for (int i = 0; i < 3; i++) {
            rig_open(&r, (enum lx_eval_mode)mode, lengths[i]);
            check_blocks(&r, lengths[i]);
            check_tables(&r);
            rig_close(&r);
        }
}

/* The error of a bin of positions: over the windows that have targets in it. */
static void check_position(const struct sums_rig *r, const struct lx_metric *m)
{
    double square = 0, sum = 0, n = 0;
    int windows = 0;

    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < r->n; k++) {
            double s = 0, targets = 0;

            for (int t = r->window[k].skip; t < r->window[k].length; t++) {
                bool in = t >= m->position_lo && t < m->position_hi;

                s += in ? r->nll[k][t] : 0;
                targets += in;
            }
            sum += pass == 0 ? s : 0;
            n += pass == 0 ? targets : 0;
            windows += pass == 0 && targets > 0;
            square += pass == 1 ? (s - sum / n * targets) * (s - sum / n * targets) : 0;
        }
    assert_int_equal(m->windows, windows);
    assert_int_equal(m->tokens, (long long)n);
    CHECK_NEAR(m->value, sum / n, 1e-12);
    if (windows < 2)
        assert_true(isnan(m->stderr_value));
    else
        CHECK_NEAR(m->stderr_value, sqrt(square * windows / (windows - 1)) / n, 1e-12);
}

static void positions_have_errors_of_their_own(void **state)
{
    static struct sums_rig r;
    int seen = 0;

    (void)state;
    for (int mode = 0; mode < LX_WINDOW_MODES; mode++) {
        rig_open(&r, (enum lx_eval_mode)mode, 24);
        for (size_t i = 0; i < r.out.n; i++)
            if (r.out.rows[i].position_lo >= 0) {
                check_position(&r, &r.out.rows[i]);
                seen++;
            }
        rig_close(&r);
    }
    assert_true(seen > 12);
}

/* Fewer targets than blocks: one block each. */
static void few_targets_have_few_blocks(void **state)
{
    static struct lx_eval_sums s;
    const struct lx_metric blank = {.eval_length = 5, .mode = "m"};
    const uint16_t tokens[6] = {0};
    const double bytes[1] = {1}, nll[5] = {1, 2, 3, 4, 5};
    const struct lx_stream stream = {.tokens = tokens, .n = 6};
    const struct lx_eval_text text = {.stream = &stream, .token_bytes = bytes};
    const struct lx_window w = {.length = 5};

    (void)state;
    lx_eval_sums_start(&s, &blank, 5);
    lx_eval_sums_add(&s, &text, &w, nll, NULL);
    assert_int_equal(s.blocks.n, 5);
    for (int b = 0; b < 5; b++) {
        CHECK_NEAR(s.blocks.nll[b], nll[b], 0);
        assert_int_equal(s.blocks.tokens[b], 1);
    }
    lx_eval_sums_add(&s, &text, &(struct lx_window){.length = 1}, (const double[]){1e6}, NULL);
    assert_false(lx_eval_sums_finite(&s));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_hold_the_targets_that_follow_each_other),
    cmocka_unit_test(positions_have_errors_of_their_own),
    cmocka_unit_test(few_targets_have_few_blocks),
};

CHECK_MAIN(tests)
