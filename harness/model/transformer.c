/* Configuration, declaration of arrays and working memory of the transformer; see transformer.h. */
#include "model/transformer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/work.h"
#include "tensor/parallel.h"

const struct lx_option lx_model_options[] = {
    {"layers", LX_OPT_INT, offsetof(struct lx_model_config, layers), 4, 1, 1000, NULL,
     "number of blocks", 0},
    {"d_model", LX_OPT_INT, offsetof(struct lx_model_config, d_model), 128, 2, 16384, NULL,
     "width of the residual stream", 0},
    {"heads", LX_OPT_INT, offsetof(struct lx_model_config, heads), 4, 1, 1024, NULL,
     "attention heads; must divide d_model", 0},
    {"d_ff", LX_OPT_INT, offsetof(struct lx_model_config, d_ff), 0, 0, 65536, NULL,
     "hidden width of the MLP, 0 = 4 d_model", 0},
    {"vocab", LX_OPT_INT, offsetof(struct lx_model_config, vocab), 0, 0, 65536, NULL,
     "tokens in the vocabulary, 0 = the dataset's", 0},
    {"attention", LX_OPT_CHOICE, offsetof(struct lx_model_config, attention), LX_ATTENTION_CAUSAL,
     0, 0, "causal|bidirectional", "what a query sees: the keys up to itself, or all of them",
     LX_OPT_LATER},
    {.type = LX_OPT_END},
};

bool lx_model_both(const struct lx_model_config *c)
{
    return c->attention == LX_ATTENTION_BIDIRECTIONAL;
}

enum lx_code lx_model_config_check(struct lx_model_config *c, struct lx_err *err)
{
    if (c->d_model % c->heads != 0)
        return lx_fail(err, LX_ECONFIG, "heads: must divide d_model = %d, got %d", c->d_model,
                       c->heads);
    if (c->d_ff == 0)
        c->d_ff = 4 * c->d_model;
    return LX_OK;
}

struct normal {
    double std;
};

static void fill_normal(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct normal *f = self;

    for (size_t i = 0; i < n; i++)
        w[i] = (real)(f->std * lx_rng_normal(rng));
}

static void fill_ones(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    (void)self;
    (void)rng;
    for (size_t i = 0; i < n; i++)
        w[i] = 1;
}

/* One array of the model: a matrix (rows, cols) or, with cols 0, a vector. */
static enum lx_code declare(struct lx_model *m, int layer, const char *name, int rows, int cols,
                            void (*fill)(const void *, real *, size_t, struct lx_rng *),
                            const struct normal *self, struct lx_param **out, struct lx_err *err)
{
    struct lx_param_spec spec;
    char full[64];

    memset(&spec, 0, sizeof(spec));
    if (layer >= 0)
        (void)snprintf(full, sizeof(full), "layers.%d.%s", layer, name);
    else
        (void)snprintf(full, sizeof(full), "%s", name);
    spec.name = full;
    spec.n_dims = cols > 0 ? 2 : 1;
    spec.dim[0] = rows;
    spec.dim[1] = cols;
    spec.fill = fill;
    spec.self = self;
    spec.decay = cols > 0;
    return lx_paramset_add(&m->params, &spec, out, err);
}

static enum lx_code declare_layer(struct lx_model *m, int l, const struct normal *in,
                                  const struct normal *out, struct lx_err *err)
{
    struct lx_layer *y = &m->layers[l];
    int D = m->config.d_model, F = m->config.d_ff;

    if (declare(m, l, "ln1.weight", D, 0, fill_ones, NULL, &y->ln1_w, err) ||
        declare(m, l, "ln1.bias", D, 0, NULL, NULL, &y->ln1_b, err) ||
        declare(m, l, "attn.qkv.weight", 3 * D, D, fill_normal, in, &y->qkv_w, err) ||
        declare(m, l, "attn.qkv.bias", 3 * D, 0, NULL, NULL, &y->qkv_b, err) ||
        declare(m, l, "attn.out.weight", D, D, fill_normal, out, &y->out_w, err) ||
        declare(m, l, "attn.out.bias", D, 0, NULL, NULL, &y->out_b, err) ||
        declare(m, l, "ln2.weight", D, 0, fill_ones, NULL, &y->ln2_w, err) ||
        declare(m, l, "ln2.bias", D, 0, NULL, NULL, &y->ln2_b, err) ||
        declare(m, l, "mlp.up.weight", F, D, fill_normal, in, &y->up_w, err) ||
        declare(m, l, "mlp.up.bias", F, 0, NULL, NULL, &y->up_b, err) ||
        declare(m, l, "mlp.down.weight", D, F, fill_normal, out, &y->down_w, err) ||
        declare(m, l, "mlp.down.bias", D, 0, NULL, NULL, &y->down_b, err))
        return err->code;
    return LX_OK;
}

enum lx_code lx_model_init(struct lx_model *m, const struct lx_model_config *config,
                           const struct lx_stack *stack, int train_length, int max_length,
                           bool with_gradients, struct lx_arena *arena, struct lx_err *err)
{
    struct lx_enc_dims dims;
    struct normal *std;
    size_t own;
    int D = config->d_model;

    memset(m, 0, sizeof(*m));
    m->config = *config;
    m->stack = *stack;
    m->train_length = train_length;
    m->max_length = max_length;
    if (lx_paramset_init(&m->params, (size_t)config->layers * 12 + 3 + LX_STACK_MAX * 8, arena,
                         err) ||
        lx_arena_get(arena, (size_t)config->layers, sizeof(*m->layers), &m->layers, "model", err) ||
        lx_arena_get(arena, 3, sizeof(*std), &std, "model", err))
        return err->code;
    std[0].std = 1.0 / sqrt(D);
    std[1].std = sqrt(2.0 / (5.0 * D));
    std[2].std = std[1].std / sqrt(2.0 * config->layers);
    if (declare(m, -1, "tok_embed.weight", config->vocab, D, fill_normal, &std[0], &m->embed, err))
        return err->code;
    for (int l = 0; l < config->layers; l++)
        if (declare_layer(m, l, &std[1], &std[2], err))
            return err->code;
    if (declare(m, -1, "ln_final.weight", D, 0, fill_ones, NULL, &m->lnf_w, err) ||
        declare(m, -1, "ln_final.bias", D, 0, NULL, NULL, &m->lnf_b, err))
        return err->code;
    dims = (struct lx_enc_dims){.layers = config->layers,
                                .heads = config->heads,
                                .head_dim = D / config->heads,
                                .d_model = D,
                                .train_length = train_length,
                                .max_length = max_length,
                                .both = lx_model_both(config)};
    own = m->params.count;
    if (lx_stack_init(&m->stack, &dims, arena, &m->params, err) ||
        lx_stack_complete(&m->stack, config->layers, err))
        return err->code;
    for (size_t i = own; m->params.items != NULL && i < m->params.count; i++)
        m->params.items[i].spec.of_scheme = true;
    return lx_paramset_layout(&m->params, with_gradients, err);
}

size_t lx_model_parameters(const struct lx_model *m)
{
    return m->params.n_values;
}

double lx_model_flops_windowed(const struct lx_model_config *c, int T, int window)
{
    double D = c->d_model, F = c->d_ff, L = c->layers;
    double w = window < T ? window : T, behind = w - w * w / (2.0 * T);
    double keys = lx_model_both(c) ? 2 * behind : behind;
    double linear = L * (4 * D * D + 2 * D * F) + D * c->vocab;
    double attention = L * 2 * keys * D; /* q.k and p.v */

    return 2 * linear + 2 * attention;
}

double lx_model_flops(const struct lx_model_config *c, int T)
{
    return lx_model_flops_windowed(c, T, T);
}

/* Room for what a scheme carries from row to row; NULL: none does. */
static double *take_state(const struct lx_model *m, size_t R, int T, struct lx_arena *arena)
{
    const struct lx_stack *s = &m->stack;
    size_t most = 0;

    for (int i = 0; i < s->n; i++) {
        const struct lx_stack_item *e = &s->items[i];
        size_t own = e->ops->n_state != NULL ? e->ops->n_state(e->self, T) : 0;

        most = own > most ? own : most;
    }
    return most > 0 ? lx_arena_take(arena, R / (size_t)T * most, sizeof(double)) : NULL;
}

/* Room for one layer's activations. */
static void take_acts(struct lx_acts *a, const struct lx_model *m, size_t R, int T, bool training,
                      struct lx_arena *arena)
{
    const struct lx_model_config *c = &m->config;
    size_t D = (size_t)c->d_model, F = (size_t)c->d_ff, HR = R * (size_t)c->heads;

    a->x = lx_arena_take(arena, R * D, sizeof(real));
    a->ln1 = lx_arena_take(arena, R * D, sizeof(real));
    a->mean1 = lx_arena_take(arena, R, sizeof(real));
    a->rstd1 = lx_arena_take(arena, R, sizeof(real));
    a->mean2 = lx_arena_take(arena, R, sizeof(real));
    a->rstd2 = lx_arena_take(arena, R, sizeof(real));
    a->qkv = lx_arena_take(arena, R * 3 * D, sizeof(real));
    a->att = lx_arena_take(arena, R * D, sizeof(real));
    a->up = lx_arena_take(arena, R * F, sizeof(real));
    if (LX_STACK_HAS(&m->stack, NULL, scale))
        a->scale = lx_arena_take(arena, HR, sizeof(real));
    if (LX_STACK_HAS(&m->stack, NULL, key))
        a->key = lx_arena_take(arena, HR, sizeof(double));
    a->state = take_state(m, R, T, arena);
    if (training) {
        a->ln2 = lx_arena_take(arena, R * D, sizeof(real));
        a->mid = lx_arena_take(arena, R * D, sizeof(real));
        a->act = lx_arena_take(arena, R * F, sizeof(real));
        a->lse = lx_arena_take(arena, HR, sizeof(real));
    } else {
        a->ln2 = a->ln1;
        a->mid = a->x;
        a->act = a->up;
    }
}

int lx_loss_rows(int vocab)
{
    int rows = LX_LOSS_LOGITS / vocab;

    return rows > LX_LOSS_ROWS ? LX_LOSS_ROWS : rows < 16 ? 16 : rows;
}

size_t lx_model_logit_bytes(const struct lx_model_config *c)
{
    return (size_t)lx_loss_rows(c->vocab) * (size_t)c->vocab * sizeof(real);
}

int lx_work_chunks(int R)
{
    int n = (R + LX_CHUNK_ROWS - 1) / LX_CHUNK_ROWS;

    return n < 1 ? 1 : n > LX_CHUNKS ? LX_CHUNKS : n;
}

void lx_work_chunk(int R, int i, int *first, int *rows)
{
    int n = lx_work_chunks(R);
    int each = (R + n - 1) / n;

    *first = i * each < R ? i * each : R;
    *rows = R - *first < each ? R - *first : each;
}

/* Reals of the gradients that a chunk sums at a time: those of one layer, or of the embedding and
 * the final norm. */
static size_t partial_size(const struct lx_model *m)
{
    const struct lx_layer *y = &m->layers[0];
    size_t layer = y->ln1_w->n + y->ln1_b->n + y->qkv_w->n + y->qkv_b->n + y->out_w->n +
                   y->out_b->n + y->ln2_w->n + y->ln2_b->n + y->up_w->n + y->up_b->n +
                   y->down_w->n + y->down_b->n;

    return layer > m->embed->n ? layer : m->embed->n;
}

/* Room for what the hooks of the stack fill, and nothing for those that no scheme has. */
static void take_hooks(struct lx_work *w, const struct lx_model *m, struct lx_arena *arena)
{
    const struct lx_stack *s = &m->stack;
    size_t B = (size_t)w->max_B, T = (size_t)w->max_T, H = (size_t)m->config.heads;
    bool positions = LX_STACK_HAS(s, NULL, positions), dist = LX_STACK_HAS(s, NULL, dist),
         mul = LX_STACK_HAS(s, NULL, mul);
    size_t reach = (size_t)w->max_reach, sides = lx_model_both(&m->config) ? 2 : 1;

    if (positions) {
        w->pos = lx_arena_take(arena, B * T, sizeof(double));
        w->pos_embed = lx_arena_take(arena, B * T, sizeof(double));
        w->distances = lx_arena_take(arena, T, sizeof(double));
        w->table = lx_arena_take(arena, H * reach, sizeof(real));
    }
    if (dist)
        w->dist = lx_arena_take(arena, sides * H * reach, sizeof(real));
    if (mul)
        w->mul = lx_arena_take(arena, sides * H * reach, sizeof(real));
    if (dist || mul)
        w->reversed = lx_arena_take(arena, 2 * H * T, sizeof(real));
    if (LX_STACK_HAS(s, NULL, sink))
        w->sink = lx_arena_take(arena, H, sizeof(real));
    if (LX_STACK_HAS(s, NULL, whole))
        w->whole = lx_arena_take(arena, H * T, sizeof(real));
    if (LX_STACK_HAS(s, NULL, remap))
        w->maps = lx_arena_take(arena, (size_t)LX_PRODUCTS_MAX * 2 * T, sizeof(double));
    if (LX_STACK_HAS(s, NULL, first_seen))
        w->first = lx_arena_take(arena, T, sizeof(int));
}

/* The same for their gradients. */
static void take_hooks_back(struct lx_work *w, const struct lx_model *m, struct lx_arena *arena)
{
    const struct lx_stack *s = &m->stack;
    size_t B = (size_t)w->max_B, BH = B * (size_t)m->config.heads, T = (size_t)w->max_T;
    size_t reach = (size_t)w->max_reach, sides = lx_model_both(&m->config) ? 2 : 1;
    bool mul = LX_STACK_HAS(s, NULL, mul_back), scale = LX_STACK_HAS(s, NULL, scale_back),
         key = LX_STACK_HAS(s, NULL, key_back), whole = LX_STACK_HAS(s, NULL, whole_back);

    if (LX_STACK_HAS(s, NULL, dist_back))
        w->ddist = lx_arena_take(arena, sides * BH * reach, sizeof(real));
    if (mul)
        w->dmul = lx_arena_take(arena, sides * BH * reach, sizeof(real));
    if (scale)
        w->dscale = lx_arena_take(arena, BH * T, sizeof(real));
    if (whole)
        w->dwhole = lx_arena_take(arena, BH * T, sizeof(real));
    if (mul || scale || whole)
        w->spare = lx_arena_take(
            arena, (size_t)lx_parallel_threads() * (size_t)m->config.heads * reach, sizeof(real));
    if (key)
        w->dkey = lx_arena_take(arena, BH * T, sizeof(double));
    if (key || (scale && lx_stack_reads_input(s, NULL)))
        w->dln1 = lx_arena_take(arena, B * T * (size_t)m->config.d_model, sizeof(real));
    if (LX_STACK_HAS(s, NULL, sink_back))
        w->dsink = lx_arena_take(arena, BH, sizeof(double));
    if (LX_STACK_HAS(s, NULL, sums_back))
        w->sums =
            lx_arena_take(arena, B * lx_stack_n_sums(s, m->config.heads, w->max_T), sizeof(double));
}

bool lx_model_by_rows(const struct lx_model *m, const struct lx_enc_call *c)
{
    return m->rows || lx_model_both(&m->config) || lx_stack_by_rows(&m->stack, c) ||
           (LX_STACK_HAS(&m->stack, NULL, positions) && LX_STACK_HAS(&m->stack, NULL, mul));
}

/* Reals of scratch for whichever way a layer goes, in any phase of the training. */
static size_t attention_scratch(const struct lx_work *w, const struct lx_model *m)
{
    struct lx_model whole = *m;
    struct lx_attention a = {
        .T = w->max_T, .H = m->config.heads, .head_dim = m->config.d_model / m->config.heads};
    size_t most = lx_attention_scratch(&a, w->training);

    whole.stack.progress = 0;
    a.rows = true;
    for (int l = 0; l < m->config.layers; l++) {
        struct lx_enc_call c = {.layer = l, .T = w->max_T};
        size_t own;

        if (!lx_model_by_rows(&whole, &c))
            continue;
        lx_work_products(&whole, &c, &a);
        own = lx_attention_scratch(&a, w->training);
        most = own > most ? own : most;
    }
    return most;
}

/* Take everything from the arena; pointers are NULL while it measures. */
static void take_work(struct lx_work *w, struct lx_acts *acts, const struct lx_model *m,
                      struct lx_arena *arena)
{
    const struct lx_model_config *c = &m->config;
    size_t R = (size_t)w->max_B * (size_t)w->max_T;
    size_t D = (size_t)c->d_model, H = (size_t)c->heads;
    size_t threads = (size_t)lx_parallel_threads();
    struct lx_acts measured; /* a measuring arena gave no room for the real ones */

    for (int l = 0; l < c->layers; l++) {
        if (w->training || l == 0)
            take_acts(acts != NULL ? &acts[l] : &measured, m, R, w->max_T, w->training, arena);
        else if (acts != NULL)
            acts[l] = acts[0];
    }
    w->acts = acts;
    w->x_out =
        w->training ? lx_arena_take(arena, R * D, sizeof(real)) : (acts != NULL ? acts[0].x : NULL);
    w->lnf = lx_arena_take(arena, R * D, sizeof(real));
    w->meanf = lx_arena_take(arena, R, sizeof(real));
    w->rstdf = lx_arena_take(arena, R, sizeof(real));
    w->tau = lx_arena_take(arena, H, sizeof(real));
    take_hooks(w, m, arena);
    w->attention_scratch = attention_scratch(w, m);
    w->scratch = lx_arena_take(arena, threads * w->attention_scratch, sizeof(real));
    w->logits = lx_arena_take(arena, threads * (size_t)lx_loss_rows(c->vocab) * (size_t)c->vocab,
                              sizeof(real));
    if (!w->training)
        return;
    w->dx = lx_arena_take(arena, R * D, sizeof(real));
    w->dh = lx_arena_take(arena, R * D, sizeof(real));
    w->dqkv = lx_arena_take(arena, R * 3 * D, sizeof(real));
    w->dup = lx_arena_take(arena, R * (size_t)c->d_ff, sizeof(real));
    take_hooks_back(w, m, arena);
    w->partial_size = partial_size(m);
    w->partial =
        lx_arena_take(arena, (size_t)(lx_work_chunks((int)R) - 1) * w->partial_size, sizeof(real));
}

enum lx_code lx_work_init(struct lx_work **out, const struct lx_model *m, int B, int T,
                          bool training, struct lx_arena *arena, struct lx_err *err)
{
    struct lx_work layout = {
        .max_B = B, .max_T = T, .training = training, .both = lx_model_both(&m->config)};
    struct lx_arena count = {.measure = true};
    struct lx_acts *acts;
    struct lx_work *w;

    *out = NULL;
    layout.max_reach = T;
    for (int phase = 0; phase < 2 && LX_STACK_HAS(&m->stack, NULL, positions); phase++) {
        int reach = lx_stack_reach(&m->stack, T, phase == 1 && training);

        layout.max_reach = reach > layout.max_reach ? reach : layout.max_reach;
    }
    take_work(&layout, NULL, m, &count);
    if (arena->measure) {
        arena->used += count.used;
        return LX_OK;
    }
    if (lx_arena_get(arena, 1, sizeof(*w), &w, "activations", err) ||
        lx_arena_get(arena, (size_t)m->config.layers, sizeof(*acts), &acts, "activations", err))
        return err->code;
    *w = layout;
    take_work(w, acts, m, arena);
    if (arena->failed)
        return lx_fail(err, LX_ENOMEM, "activations: out of memory: could not get %zu bytes",
                       count.used);
    *out = w;
    return LX_OK;
}
