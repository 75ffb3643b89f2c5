/* Tables of n-grams against counting by hand: every probability from its definition, their sum, what a
 * reader of one token knows, and text that add-half smoothing knows less of. */
#include "check.h"
#include "core/arena.h"
#include "core/rng.h"
#include "datasets/dataset.h"
#include "eval/ngram.h"
#include "text/options.h"

/* How often the run of `order` tokens that ends at `end` stands in the stream, `more` tokens before its
 * end at least. */
static double times(const uint16_t *tokens, size_t n, const uint16_t *end, size_t order,
                    size_t more)
{
    double found = 0;

    for (size_t i = order; i + more <= n; i++)
        found += memcmp(tokens + i - order, end + 1 - order, order * sizeof(*tokens)) == 0;
    return found;
}

enum { V = 5, N = 400, HELD = 40, OCTAVES = 12 };

/* The tables once more: counts by looking through the stream, weights by trying a thousand. */
struct by_hand {
    const uint16_t *tokens;
    size_t n; /* tokens that are counted */
    double weight[LX_NGRAM_ORDERS][OCTAVES];
};

/* c(h) for the context that `order` reads before the target. */
static double context(const struct by_hand *g, const uint16_t *target, size_t order)
{
    return order == 1 ? (double)g->n : times(g->tokens, g->n, target - 1, order - 1, 1);
}

static double counted(const struct by_hand *g, const uint16_t *target, size_t order)
{
    return times(g->tokens, g->n, target, order, 0) / context(g, target, order);
}

static double probability(const struct by_hand *g, const uint16_t *target, size_t order)
{
    double p = 1.0 / V;

    for (size_t k = 1; k <= order; k++) {
        double c = context(g, target, k), a = c > 0 ? g->weight[k - 1][(int)log2(c)] : 0;

        if (c > 0)
            p = a * counted(g, target, k) + (1 - a) * p;
    }
    return p;
}

/* The best weight for held-out tokens whose context has a count in this octave, and, as in the tables,
 * half a token more on either side. */
static double best_weight(const struct by_hand *g, size_t order, int octave)
{
    double best = 0, most = -INFINITY, q[HELD][2];
    size_t m = 0;

    for (size_t i = N - HELD; i < N; i++) {
        const uint16_t *w = g->tokens + i;

        if (context(g, w, order) > 0 && (int)log2(context(g, w, order)) == octave) {
            q[m][0] = counted(g, w, order);
            q[m++][1] = probability(g, w, order - 1);
        }
    }
    for (int i = 1; i < 1000; i++) {
        double a = i / 1000.0, sum = 0.5 * log(a) + 0.5 * log(1 - a);

        for (size_t k = 0; k < m; k++)
            sum += log(a * q[k][0] + (1 - a) * q[k][1]);
        best = sum > most ? a : best;
        most = sum > most ? sum : most;
    }
    return best;
}

static void probabilities_are_as_defined_and_sum_to_one(void **state)
{
    static uint16_t tokens[N];
    struct by_hand hand = {.tokens = tokens, .n = N - HELD};
    struct lx_ngram *g;
    struct lx_rng rng;
    struct lx_err err;

    (void)state;
    lx_rng_init(&rng, 1, "stream");
    for (int i = 0; i < N; i++) /* 4 is never seen; 3 only at the end, where nothing follows it */
        tokens[i] = i + 1 == N ? 3 : (uint16_t)lx_rng_below(&rng, 1 + (uint64_t)(i % 3));
    CHECK_OK(lx_ngram_count(&g, tokens, N, V, &err));
    assert_int_equal(lx_ngram_orders(g), 3);
    for (size_t order = 1; order <= LX_NGRAM_ORDERS; order++)
        for (int octave = 0; octave < OCTAVES; octave++)
            hand.weight[order - 1][octave] = best_weight(&hand, order, octave);
    hand.n = N;
    for (int h = 0; h < V * V; h++) {
        double sum[LX_NGRAM_ORDERS] = {0};

        for (uint16_t w = 0; w < V; w++) {
            const uint16_t text[] = {(uint16_t)(h / V), (uint16_t)(h % V), w};
            double nll[LX_NGRAM_ORDERS];

            lx_ngram_score(g, text + 2, 2, nll);
            for (size_t order = 1; order <= LX_NGRAM_ORDERS; order++) {
                CHECK_NEAR(exp(-nll[order - 1]), probability(&hand, text + 2, order), 0.003);
                sum[order - 1] += exp(-nll[order - 1]);
            }
        }
        for (int k = 0; k < LX_NGRAM_ORDERS; k++)
            CHECK_NEAR(sum[k], 1, 1e-14);
    }
    lx_ngram_free(g);
}

/* With one token to see a trigram table says what the bigram table says; with none, the unigrams. */
static void no_more_is_read_than_the_window_shows(void **state)
{
    const uint16_t tokens[] = {0, 1, 2, 0, 1, 2, 0, 1, 1}, text[] = {0, 1, 2};
    double two[LX_NGRAM_ORDERS], one[LX_NGRAM_ORDERS], none[LX_NGRAM_ORDERS];
    struct lx_ngram *g;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_ngram_count(&g, tokens, 9, 3, &err));
    lx_ngram_score(g, text + 2, 2, two);
    lx_ngram_score(g, text + 2, 1, one);
    lx_ngram_score(g, text + 2, 0, none);
    assert_true(two[2] < two[1] && two[1] < two[0]);
    CHECK_NEAR(one[1], two[1], 0);
    CHECK_NEAR(one[2], one[1], 0);
    CHECK_NEAR(none[1], none[0], 0);
    CHECK_NEAR(none[2], none[0], 0);
    CHECK_NEAR(none[0], two[0], 0);
    lx_ngram_free(g);
}

/* Many ids: the table grows, and there are no trigrams above the limit. */
static void large_vocabularies_have_pairs_only(void **state)
{
    enum { MANY = 30000 };
    static uint16_t tokens[MANY];
    double nll[LX_NGRAM_ORDERS] = {-1, -1, -1};
    struct lx_ngram *g;
    struct lx_rng rng;
    struct lx_err err;

    (void)state;
    lx_rng_init(&rng, 2, "many");
    for (int i = 0; i < MANY; i++)
        tokens[i] = (uint16_t)lx_rng_below(&rng, 60000);
    CHECK_OK(lx_ngram_count(&g, tokens, MANY, 60000, &err));
    assert_int_equal(lx_ngram_orders(g), 2);
    lx_ngram_score(g, tokens + 20000, 2, nll);
    assert_true(nll[0] > 0 && nll[1] > 0 && nll[1] < nll[0]);
    CHECK_NEAR(nll[2], -1, 0);
    assert_in_range(lx_ngram_bytes(g), (MANY + 20000) * 16 * 2, (MANY + 20000) * 16 * 5);
    lx_ngram_free(g);
    CHECK_OK(lx_ngram_count(&g, tokens, MANY, LX_NGRAM_TRIGRAM_IDS + 1, &err));
    assert_int_equal(lx_ngram_orders(g), 2);
    lx_ngram_free(g);
    CHECK_OK(lx_ngram_count(&g, tokens, 0, 10, &err)); /* nothing seen: all alike */
    lx_ngram_score(g, tokens + 20000, 2, nll);
    CHECK_NEAR(nll[2], log(10), 1e-12);
    lx_ngram_free(g);
    assert_string_equal(lx_ngram_metric(1), "nll_unigram");
    assert_string_equal(lx_ngram_metric(3), "nll_trigram");
}

/* Mean cost of a text under add-half smoothing of one order. */
static double add_half(const struct lx_stream *train, const struct lx_stream *text, size_t n,
                       int vocab, size_t order)
{
    double sum = 0;

    for (size_t i = 2; i < n; i++) {
        const uint16_t *w = text->tokens + i;
        double hw = times(train->tokens, train->n, w, order, 0);
        double h =
            order == 1 ? (double)train->n : times(train->tokens, train->n, w - 1, order - 1, 1);

        sum -= log((hw + 0.5) / (h + vocab / 2.0));
    }
    return sum / (double)(n - 2);
}

/* On text that was not counted: pairs are better than tokens, and no order is worse than with add-half. */
static void smoothing_is_no_worse_than_add_half(void **state)
{
    const struct lx_dataset_ops *ops = lx_dataset_find("journal");
    struct lx_arena arena = {0};
    struct lx_stream train, text;
    void *self = lx_arena_take(&arena, 1, ops->state_size);
    struct lx_ngram *g;
    struct lx_err err;
    double sum[LX_NGRAM_ORDERS] = {0};
    enum { SCORED = 250 };

    (void)state;
    CHECK_OK(lx_options_parse(ops->options, NULL, "dataset", NULL, self, &arena, &err));
    CHECK_OK(ops->init(self, &arena, &err));
    CHECK_OK(ops->load(self, LX_SPLIT_TRAIN, &arena, &train, &err));
    CHECK_OK(ops->load(self, LX_SPLIT_VALID, &arena, &text, &err));
    train.n = train.n < 40000 ? train.n : 40000;
    CHECK_OK(lx_ngram_count(&g, train.tokens, train.n, ops->vocab(self), &err));
    for (size_t i = 2; i < SCORED; i++) {
        double nll[LX_NGRAM_ORDERS];

        lx_ngram_score(g, text.tokens + i, 2, nll);
        for (int k = 0; k < LX_NGRAM_ORDERS; k++)
            sum[k] += nll[k] / (SCORED - 2);
    }
    for (size_t k = 0; k < LX_NGRAM_ORDERS; k++) {
        double simple = add_half(&train, &text, SCORED, ops->vocab(self), k + 1);

        assert_true(k != 1 || sum[k] < sum[k - 1]);
        if (sum[k] > simple + 1e-12)
            fail_msg("order %zu: %.4f nats, add-half %.4f", k + 1, sum[k], simple);
    }
    lx_ngram_free(g);
    lx_arena_free(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(probabilities_are_as_defined_and_sum_to_one),
    cmocka_unit_test(no_more_is_read_than_the_window_shows),
    cmocka_unit_test(large_vocabularies_have_pairs_only),
    cmocka_unit_test(smoothing_is_no_worse_than_add_half),
};

CHECK_MAIN(tests)
