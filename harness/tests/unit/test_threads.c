/* Threads inside a cell: every task is done once, and losses, attention statistics, gradients and
 * updated weights are the same bits for any number of threads. */
#include <stdatomic.h>

#include "kernels/gemm.h"
#include "tensor/parallel.h"
#include "tests/unit/model_rig.h"
#include "train/adamw.h"

static const int counts[] = {1, 2, 3, 8};
#define COUNTS (sizeof(counts) / sizeof(counts[0]))

struct tally {
    atomic_int done[1000], busy[LX_THREADS_MAX];
    atomic_int shared, outside;
};

/* Two tasks that are at work at the same time have different workers. */
static void count_task(void *ctx, int i, int worker)
{
    struct tally *t = ctx;

    if (worker < 0 || worker >= lx_parallel_threads())
        atomic_fetch_add(&t->outside, 1);
    if (atomic_fetch_add(&t->busy[worker], 1) != 0)
        atomic_fetch_add(&t->shared, 1);
    atomic_fetch_add(&t->done[i], 1);
    atomic_fetch_sub(&t->busy[worker], 1);
}

static void every_task_is_done_once(void **state)
{
    static struct tally t;

    (void)state;
    for (size_t c = 0; c < COUNTS; c++) {
        lx_parallel_threads_set(counts[c]);
        for (int n = 0; n <= 1000; n = n < 10 ? n + 1 : n * 10) {
            memset(&t, 0, sizeof(t));
            lx_parallel(n, count_task, &t);
            for (int i = 0; i < 1000; i++)
                assert_int_equal(atomic_load(&t.done[i]), i < n);
            assert_int_equal(atomic_load(&t.shared), 0);
            assert_int_equal(atomic_load(&t.outside), 0);
        }
    }
    lx_parallel_threads_set(1);
}

/* What two steps of training and an observed pass leave behind. */
struct outcome {
    struct model_rig rig;
    size_t R, n_stats;
    double *nll;
    real *entropy, *max_prob;
};

static void train_twice(struct outcome *o, const char *stack, int T, int threads)
{
    enum { ROWS = 2500, LAYERS = 2, HEADS = 3 }; /* three chunks of rows, the last one shorter */
    int B = ROWS / T;
    struct model_shape shape = {
        .config = {.layers = LAYERS, .d_model = 24, .heads = HEADS, .d_ff = 40, .vocab = 31},
        .train_length = T,
        .max_length = T,
        .gradients = true};
    struct lx_train_config config = {
        .array_lr = 1, .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.1, .clip = 0.5};
    struct lx_adamw_state adam;
    struct lx_observe observe;
    struct lx_err err;
    uint16_t *tokens;

    lx_parallel_threads_set(threads);
    model_open(&o->rig, stack, &shape);
    model_scatter(&o->rig, 0.3, 5);
    model_work(&o->rig, B, T, true);
    CHECK_OK(lx_adamw_init(&adam, &o->rig.m.params, &o->rig.arena, &err));
    o->R = ROWS;
    o->n_stats = o->R * LAYERS * HEADS;
    o->nll = model_take(&o->rig, o->R, sizeof(double));
    o->entropy = model_take(&o->rig, o->n_stats, sizeof(real));
    o->max_prob = model_take(&o->rig, o->n_stats, sizeof(real));
    observe = (struct lx_observe){.entropy = o->entropy, .max_prob = o->max_prob};
    tokens = model_tokens(&o->rig, o->R + 1, 7);
    for (int step = 0; step < 2; step++) {
        struct lx_paramset *ps = &o->rig.m.params;

        memset(ps->g, 0, ps->n_values * sizeof(*ps->g));
        lx_model_forward(&o->rig.m, o->rig.work, tokens, B, T, &observe);
        lx_model_loss(&o->rig.m, o->rig.work, tokens, tokens + 1, o->nll, NULL, true);
        lx_adamw_step(&adam, &config, 0.01, lx_adamw_norm(&adam, ps), ps);
    }
    lx_parallel_threads_set(1);
}

static void same(const char *what, const char *stack, int threads, const void *a, const void *b,
                 size_t bytes)
{
    if (memcmp(a, b, bytes) != 0)
        fail_msg("%s: %s differ between 1 thread and %d", stack, what, threads);
}

static void threads_do_not_change_a_bit(void **state)
{
    /* What goes pair by pair takes shorter sequences, and more of them. */
    static const struct {
        int T;
        const char *stack;
    } models[] = {
        {500, "[{\"name\": \"t5\", \"buckets\": 16, \"max_distance\": 32}]"},
        {500, "[{\"name\": \"rope\"}, {\"name\": \"alibi\", \"learned\": true}]"},
        {500, "[{\"name\": \"learned\"}, {\"name\": \"window\", \"width\": 70}]"},
        {50, "[\"cope\", \"alibi\", \"dape\"]"},
        {50, "[\"rope\", \"rerope\", \"fox\", \"stick_breaking\"]"},
        {50, "[\"fox\", \"ssmax\", \"fire\", \"sink\", \"scale_invariant\", {\"name\": \"chunks\", "
             "\"width\": 25}]"},
    };

    (void)state;
    for (size_t s = 0; s < sizeof(models) / sizeof(models[0]); s++) {
        const char *stack = models[s].stack;
        struct outcome one, many;

        train_twice(&one, stack, models[s].T, 1);
        for (size_t c = 1; c < COUNTS; c++) {
            const struct lx_paramset *ps = &one.rig.m.params, *other = &many.rig.m.params;

            train_twice(&many, stack, models[s].T, counts[c]);
            same("losses", stack, counts[c], one.nll, many.nll, one.R * sizeof(double));
            same("entropies", stack, counts[c], one.entropy, many.entropy,
                 one.n_stats * sizeof(real));
            same("largest probabilities", stack, counts[c], one.max_prob, many.max_prob,
                 one.n_stats * sizeof(real));
            same("gradients", stack, counts[c], ps->g, other->g, ps->n_values * sizeof(real));
            same("weights", stack, counts[c], ps->w, other->w, ps->n_values * sizeof(real));
            model_close(&many.rig);
        }
        model_close(&one.rig);
    }
}

/* BLAS keeps to the thread it is called from, as in every process that computes. */
static int quiet_blas(void **state)
{
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_gemm_setup(&err));
    return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_task_is_done_once),
    cmocka_unit_test_setup(threads_do_not_change_a_bit, quiet_blas),
};

CHECK_MAIN(tests)
