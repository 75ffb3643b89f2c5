/* Timing one case in this process: the training loop and the evaluation that `run` uses, watched
 * from the callback they give after every pass. Tokens are uniformly random: what they are does not
 * change the work. The first pass warms up, unless it alone takes up the time limit. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/bench.h"
#include "core/log.h"
#include "core/rng.h"
#include "eval/evaluate.h"
#include "json/json.h"
#include "kernels/gemm.h"
#include "model/row_costs.h"
#include "train/train.h"

enum {
    PRODUCTS = 2,   /* before the passes, and again after them        */
    SPARE = 1 << 16 /* tokens to draw training windows from           */
};

struct meter {
    const struct lx_bench_case *c;
    struct lx_bench_result *r;
    real *A, *B, *C; /* (side, side), not touched before the peak is read */
    double mark;     /* when the pass began */
    clock_t cpu;     /* processor time at the first pass that is timed */
    clock_t began;   /* and when the pass began */
    double spent;    /* seconds of the timed passes */
    int passes;
    bool done;
};

/* Largest resident size so far; Linux counts it in KiB. */
static long long peak_bytes(void)
{
    struct rusage u;

    return getrusage(RUSAGE_SELF, &u) == 0 ? 1024LL * u.ru_maxrss : 0;
}

static void take_gemm(struct meter *m)
{
    for (int i = 0; m->r->gemm_gflops <= 0 && i < m->c->side * m->c->side; i++) {
        m->A[i] = (real)(i % 101 - 50) / (real)50;
        m->B[i] = (real)(i % 103 - 51) / (real)51;
        m->C[i] = 0;
    }
    for (int i = 0; i < PRODUCTS; i++) {
        double rate = lx_yardstick_product(m->A, m->B, m->C, m->c->side);

        if (rate > m->r->gemm_gflops)
            m->r->gemm_gflops = rate;
    }
    m->r->peak_gflops = fmax(m->r->peak_gflops, lx_yardstick_multiply_adds());
}

/* After each pass; returns whether to go on. */
static bool next_pass(struct meter *m)
{
    double took = lx_clock() - m->mark;
    double own = (double)(clock() - m->began) / CLOCKS_PER_SEC;
    bool warm = m->passes == 0 && took < m->c->limit;

    if (m->passes++ == 0)
        m->r->peak_bytes = peak_bytes();
    if (!warm) {
        if (m->r->repeat == 0 || took < m->r->seconds)
            m->r->seconds = took;
        if (m->r->repeat == 0 || own < m->r->processor_seconds)
            m->r->processor_seconds = own;
        m->r->repeat++;
        m->spent += took;
        m->done = m->r->repeat >= m->c->repeat || m->spent >= m->c->limit;
    }
    if (m->done) {
        m->r->mean_seconds = m->spent / m->r->repeat;
        m->r->processor_share = (double)(clock() - m->cpu) / CLOCKS_PER_SEC / m->spent;
    }
    if ((warm || m->done) && !m->c->passes_only)
        take_gemm(m);
    if (warm)
        m->cpu = clock();
    m->began = clock();
    m->mark = lx_clock();
    return !m->done;
}

static bool train_seen(void *ctx, int step, double loss, const struct lx_train_row *row)
{
    (void)step, (void)loss, (void)row;
    return next_pass(ctx);
}

static bool eval_seen(void *ctx, double done, double total)
{
    (void)done, (void)total;
    return next_pass(ctx);
}

static enum lx_code make_stream(size_t n, struct lx_arena *arena, struct lx_stream *out,
                                struct lx_err *err)
{
    struct lx_rng rng;
    uint16_t *tokens;

    if (lx_arena_get(arena, n, sizeof(*tokens), &tokens, "random tokens", err))
        return err->code;
    lx_rng_init(&rng, 1, "bench/tokens");
    for (size_t i = 0; i < n; i++)
        tokens[i] = (uint16_t)lx_rng_below(&rng, LX_BENCH_VOCAB);
    *out = (struct lx_stream){.tokens = tokens, .n = n};
    return LX_OK;
}

static enum lx_code train(struct meter *m, struct lx_model *model, struct lx_arena *arena,
                          struct lx_err *err)
{
    const struct lx_bench_shape *s = &m->c->shape;
    const struct lx_train_watch watch = {.seen = train_seen, .ctx = m};
    struct lx_train_config c;
    struct lx_train_result result;
    struct lx_stream stream;

    lx_options_default(lx_train_options, &c);
    c.length = s->length;
    c.batch_tokens = s->length * s->batch;
    c.steps = 1 + m->c->repeat;
    c.warmup = 0;
    if (make_stream((size_t)SPARE + (size_t)s->length, arena, &stream, err))
        return err->code;
    m->began = clock();
    m->mark = lx_clock();
    return lx_train_run(model, &c, &stream, 1, &watch, arena, &result, err);
}

/* As many windows as passes can want; what the first passes take is what counts, the rest is not
 * read. */
static enum lx_code evaluate(struct meter *m, struct lx_model *model, struct lx_arena *arena,
                             struct lx_err *err)
{
    const struct lx_bench_shape *s = &m->c->shape;
    const struct lx_eval_watch watch = {.seen = eval_seen, .ctx = m};
    int pass = s->length * s->batch, passes = 1 + m->c->repeat;
    struct lx_eval_config c = {
        .lengths = {s->length}, .n_lengths = 1, .attention = !m->c->plain, .batch_tokens = pass};
    struct lx_metrics rows = {0};
    struct lx_stream stream;
    struct lx_eval_text text = {0};
    double *token_bytes;
    enum lx_code code;

    c.modes[LX_MODE_NONOVERLAPPING] = true;
    if (passes > INT32_MAX / pass)
        passes = INT32_MAX / pass;
    c.tokens = passes * pass;
    if (lx_arena_get(arena, LX_BENCH_VOCAB, sizeof(*token_bytes), &token_bytes, "token sizes",
                     err) ||
        make_stream((size_t)c.tokens + 1, arena, &stream, err))
        return err->code;
    for (int i = 0; i < LX_BENCH_VOCAB; i++)
        token_bytes[i] = 1;
    text.stream = &stream;
    text.token_bytes = token_bytes;
    m->began = clock();
    m->mark = lx_clock();
    code = lx_evaluate(model, &c, &text, false, 0, &watch, &rows, err);
    lx_metrics_free(&rows);
    return m->done ? LX_OK : code; /* stopping early reads as an interruption */
}

static enum lx_code make_model(const struct lx_bench_case *c, struct lx_arena *arena,
                               struct lx_model *out, struct lx_bench_result *r, struct lx_err *err)
{
    const struct lx_bench_shape *s = &c->shape;
    struct lx_model_config config = {
        .layers = s->layers, .d_model = s->d_model, .heads = s->heads, .vocab = LX_BENCH_VOCAB};
    struct lx_json *list = NULL;
    struct lx_stack stack;
    struct lx_enc_call call = {.layer = 0, .B = s->batch, .T = s->length};
    const char *text = c->stack.schemes != NULL ? c->stack.schemes
                                                : lx_arena_printf(arena, "[\"%s\"]", c->stack.id);
    enum lx_code code = LX_OK;

    if (text == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (lx_json_parse(text, strlen(text), "stack", &list, err) ||
        lx_stack_parse(&stack, list, "stack", arena, err))
        code = err->code;
    lx_json_free(list);
    if (code != LX_OK || lx_model_config_check(&config, err) ||
        lx_model_init(out, &config, &stack, s->length, s->length, s->training, arena, err))
        return err->code;
    if (lx_stack_max_length(&out->stack) > 0 && lx_stack_max_length(&out->stack) < s->length)
        return lx_fail(err, LX_EFAILED,
                       "length: must be at most %d, the limit of the scheme, got %d",
                       lx_stack_max_length(&out->stack), s->length);
    lx_paramset_fill(&out->params, 1);
    r->window = 0;
    for (call.layer = 0; call.layer < s->layers; call.layer++) {
        int window = lx_stack_window(&out->stack, &call);

        r->window = window > r->window ? window : r->window;
    }
    r->slowness = lx_row_slowness(out, s->length, s->training);
    return LX_OK;
}

enum lx_code lx_bench_measure(const struct lx_bench_case *c, struct lx_bench_result *out,
                              struct lx_err *err)
{
    struct meter m = {.c = c, .r = out};
    struct lx_arena arena = {0};
    struct lx_model model;
    size_t n = (size_t)c->side * (size_t)c->side;
    enum lx_code code = LX_OK;

    *out = (struct lx_bench_result){0};
    m.cpu = clock();
    if (make_model(c, &arena, &model, out, err) ||
        (!c->passes_only && (lx_arena_get(&arena, n, sizeof(real), &m.A, "product", err) ||
                             lx_arena_get(&arena, n, sizeof(real), &m.B, "product", err) ||
                             lx_arena_get(&arena, n, sizeof(real), &m.C, "product", err))) ||
        (c->shape.training ? train(&m, &model, &arena, err) : evaluate(&m, &model, &arena, err)))
        code = err->code;
    else if (!m.done)
        code = lx_fail(err, LX_EFAILED, "ended after %d of %d passes", m.passes, 1 + c->repeat);
    (void)snprintf(out->gemm_core, sizeof(out->gemm_core), "%s", lx_gemm_core());
    if (c->other.gflops > out->gemm_gflops) {
        out->gemm_gflops = c->other.gflops;
        memcpy(out->gemm_core, c->other.core, sizeof(out->gemm_core));
    }
    lx_arena_free(&arena);
    return code != LX_OK ? lx_wrap(err, "bench: %s, %s, %d tokens", c->shape.name, c->stack.id,
                                   c->shape.length)
                         : LX_OK;
}
