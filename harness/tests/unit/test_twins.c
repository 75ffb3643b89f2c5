/* Schemes that only attention row by row can do, against naive twins: ten drawn variants of each, in every
 * layer the weights of all heads, their entropy and largest weight, and what attention adds to the stream. A
 * scheme of the registry that goes row by row and has no twin fails. */
#include "kernels/gemm.h"
#include "tests/unit/twins.h"

enum { B = 1 };

#ifdef LX_REAL_DOUBLE
#define ALLOWED 1e-10
#else
#define ALLOWED 1e-3 /* times the size of the numbers */
#endif

/* What stands below a scheme that turns nothing itself: rotations; or what gives content and biases that
 * differ, and a divisor of all logits. */
#define ROTATIONS "{\"name\": \"rope\", \"base\": 30}, "
#define SCORES                                                                                     \
    "{\"name\": \"scale_invariant\", \"tau\": 5}, {\"name\": \"temperature\", \"tau\": 0.75}, "

struct definition {
    const char *name, *below;
    void (*product)(struct twin *t); /* z and hidden; NULL: q k as they are */
    void (*bias)(struct twin *t);
    void (*post)(struct twin *t); /* changes logit, which is content + bias */
    void (*weights)(struct twin *t);
    void (*value)(struct twin *t);
};

static const struct definition definitions[] = {
    {.name = "self_extend", .below = ROTATIONS, .product = twin_self_extend},
    {.name = "rerope", .below = ROTATIONS, .product = twin_rerope},
    {.name = "leaky_rerope", .below = ROTATIONS, .product = twin_leaky_rerope},
    {.name = "lm_infinite", .below = ROTATIONS, .product = twin_lm_infinite},
    {.name = "streaming", .below = ROTATIONS, .product = twin_streaming},
    {.name = "dual_chunk", .below = ROTATIONS, .product = twin_dual_chunk},
    {.name = "pope", .below = "", .product = twin_pope},
    {.name = "hope", .below = "", .product = twin_hope},
    {.name = "cope", .below = SCORES, .bias = twin_cope},
    {.name = "shaw", .below = SCORES, .bias = twin_shaw, .value = twin_shaw_value},
    {.name = "transformer_xl", .below = SCORES, .bias = twin_transformer_xl},
    {.name = "ssmax", .below = SCORES, .post = twin_ssmax},
    {.name = "dape", .below = SCORES, .post = twin_dape},
    {.name = "selective", .below = SCORES, .post = twin_selective},
    {.name = "stick_breaking", .below = SCORES, .weights = twin_stick_breaking},
    {.name = "entmax", .below = SCORES, .weights = twin_entmax},
};

static const struct definition *definition_of(const char *name)
{
    for (size_t i = 0; i < sizeof(definitions) / sizeof(definitions[0]); i++)
        if (strcmp(definitions[i].name, name) == 0)
            return &definitions[i];
    return NULL;
}

/* The model of a variant after a pass, with what it let itself be seen. */
struct seen {
    struct model_rig rig;
    struct lx_observe observe;
    struct lx_json *written; /* its stack, all options resolved */
    int T;
};

static void write_back(struct seen *s)
{
    struct lx_buf out = {0};
    struct lx_json_writer w = {.out = &out};
    struct lx_err err;

    lx_json_open_object(&w, NULL);
    lx_stack_write(&s->rig.m.stack, &w, "stack");
    lx_json_close_object(&w);
    CHECK_OK(lx_json_parse(out.text, out.len, "stack", &s->written, &err));
    lx_buf_free(&out);
}

static void look(struct seen *s, const struct variant *v)
{
    size_t n = (size_t)(B * v->T), D = (size_t)v->shape.config.d_model;
    size_t rows = n * (size_t)(LAYERS * v->shape.config.heads);

    *s = (struct seen){.T = v->T};
    model_open(&s->rig, v->stack, &v->shape);
    model_scatter(&s->rig, 0.35, 5);
    model_work(&s->rig, B, v->T, false);
    s->observe.entropy = model_take(&s->rig, rows, sizeof(real));
    s->observe.max_prob = model_take(&s->rig, rows, sizeof(real));
    s->observe.attention = model_take(&s->rig, rows * (size_t)v->T, sizeof(real));
    s->observe.output = model_take(&s->rig, LAYERS * n * D, sizeof(real));
    s->observe.residual = model_take(&s->rig, (LAYERS + 1) * n * D, sizeof(real));
    lx_model_forward(&s->rig.m, s->rig.work, model_tokens(&s->rig, n, 3), B, v->T, &s->observe);
    write_back(s);
}

static double linear(const struct lx_param *w, const struct lx_param *b, int row, const double *x,
                     int D)
{
    double sum = (double)b->w[row];

    for (int c = 0; c < D; c++)
        sum += (double)w->w[row * D + c] * x[c];
    return sum;
}

/* q, k and v of one token from the stream before the layer: norm, then the projection. */
static void project(struct twin *t, const real *x, int token)
{
    const struct lx_layer *y = &t->m->layers[t->layer];
    int D = t->H * t->d;
    double mean = 0, var = 0, in[TWIN_HEADS * TWIN_WIDTH];

    for (int c = 0; c < D; c++)
        mean += (double)x[c] / D;
    for (int c = 0; c < D; c++)
        var += ((double)x[c] - mean) * ((double)x[c] - mean) / D;
    for (int c = 0; c < D; c++)
        in[c] = ((double)x[c] - mean) / sqrt(var + 1e-5) * (double)y->ln1_w->w[c] +
                (double)y->ln1_b->w[c];
    for (int c = 0; c < D; c++) {
        t->q[token][c / t->d][c % t->d] = linear(y->qkv_w, y->qkv_b, c, in, D);
        t->k[token][c / t->d][c % t->d] = linear(y->qkv_w, y->qkv_b, D + c, in, D);
        t->v[token][c / t->d][c % t->d] = linear(y->qkv_w, y->qkv_b, 2 * D + c, in, D);
    }
}

/* The factors and biases of SCORES, where they stand below; d counts tokens. */
static void scores_below(struct twin *t, bool scores)
{
    TWIN_EACH(t, h, i, j)
    {
        double far = scores ? log((i - j) / 5.0 + 1) : 0;

        t->content[h][i][j] = t->z[h][i][j] * sqrt(2 * far + 1);
        t->bias[h][i][j] = -2 * far;
    }
}

static void attend(struct twin *t, const struct definition *f)
{
    bool scores = strcmp(f->below, SCORES) == 0;

    (f->product != NULL ? f->product : twin_plain)(t);
    scores_below(t, scores);
    if (f->bias != NULL)
        f->bias(t);
    TWIN_EACH(t, h, i, j)
    t->logit[h][i][j] = t->content[h][i][j] + t->bias[h][i][j];
    if (f->post != NULL)
        f->post(t);
    TWIN_EACH(t, h, i, j)
    t->logit[h][i][j] /= scores ? 0.75 : 1;
    (f->weights != NULL ? f->weights : twin_softmax)(t);
    TWIN_EACH(t, h, i, j)
    for (int c = 0; c < t->d; c++)
        t->out[i][h][c] += t->p[h][i][j] * t->v[j][h][c];
    if (f->value != NULL)
        f->value(t);
}

static void keep(double *worst, double want, real got)
{
    double part = fabs(want - (double)got) / fmax(1, fabs(want));

    if (!(part <= *worst))
        *worst = part;
}

/* Differences of weights, entropy, largest weight and output, as parts of the size of the numbers. */
static void compare(const struct twin *t, const struct seen *s, int b, double worst[4])
{
    const struct lx_layer *y = &t->m->layers[t->layer];
    int T = t->T, D = t->H * t->d;
    const real *output = s->observe.output + ((size_t)(t->layer * B + b) * (size_t)(T * D));

    for (int h = 0; h < t->H; h++)
        for (int i = 0; i < T; i++) {
            size_t row = (size_t)(((b * LAYERS + t->layer) * t->H + h) * T + i);
            double entropy = 0, most = 0;

            for (int j = 0; j <= i; j++) {
                double p = t->p[h][i][j];

                keep(&worst[0], p, s->observe.attention[row * (size_t)T + (size_t)j]);
                entropy -= p > 0 ? p * log(p) : 0;
                most = fmax(most, p);
            }
            keep(&worst[1], entropy, s->observe.entropy[row]);
            keep(&worst[2], most, s->observe.max_prob[row]);
        }
    for (int i = 0; i < T; i++) {
        double joined[TWIN_HEADS * TWIN_WIDTH];

        for (int c = 0; c < D; c++)
            joined[c] = t->out[i][c / t->d][c % t->d];
        for (int c = 0; c < D; c++)
            keep(&worst[3], linear(y->out_w, y->out_b, c, joined, D), output[i * D + c]);
    }
}

static void check_variant(const struct variant *v, const struct definition *f, double *most)
{
    struct twin *t = malloc(sizeof(*t));
    double worst[4] = {0, 0, 0, 0};
    struct seen s;

    assert_non_null(t);
    look(&s, v);
    for (int at = 0; at < B * LAYERS; at++) {
        int b = at / LAYERS, D = v->shape.config.d_model;

        memset(t, 0, sizeof(*t));
        t->m = &s.rig.m;
        t->name = f->name;
        for (const struct lx_json *o = lx_json_first(lx_json_find(s.written, "stack")); o != NULL;
             o = lx_json_next(o))
            t->options = o; /* the last is the scheme */
        t->layer = at % LAYERS;
        t->T = v->T;
        t->H = v->shape.config.heads;
        t->d = D / t->H;
        t->L = v->shape.train_length;
        for (int i = 0; i < t->T; i++)
            project(t, s.observe.residual + (size_t)((t->layer * B + b) * t->T + i) * (size_t)D, i);
        attend(t, f);
        compare(t, &s, b, worst);
    }
    for (int i = 0; i < 4; i++) {
        if (!(worst[i] <= ALLOWED))
            fail_msg("%s, heads %d, width %d, trained at %d, read at %d: weights, entropy, largest "
                     "weight, output differ by %.3g %.3g %.3g %.3g",
                     v->stack, t->H, v->shape.config.d_model, t->L, t->T, worst[0], worst[1],
                     worst[2], worst[3]);
        *most = fmax(*most, worst[i]);
    }
    lx_json_free(s.written);
    model_close(&s.rig);
    free(t);
}

static void check_scheme(const struct lx_encoding_ops *ops, const struct definition *f)
{
    struct lx_rng rng;
    double most = 0;

    draw_begin(&rng, ops);
    for (int k = 0; k < VARIANTS; k++) {
        struct variant v;

        draw(&rng, ops, f->below, &v);
        check_variant(&v, f, &most);
    }
    print_message("%-16s within %.1e of its twin\n", ops->name, most);
}

/* Whether the scheme has hooks that only attention row by row knows. */
static bool by_rows(const struct lx_encoding_ops *ops)
{
    for (size_t k = 0; k < lx_hook_count; k++)
        if (lx_hooks[k].place == LX_HOOK_SLOW && lx_hook_set(ops, lx_hooks[k].at))
            return true;
    return false;
}

static void drawn_variants_are_as_defined(void **state)
{
    size_t n = 0;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_gemm_setup(&err));
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);
        const struct definition *f = definition_of(ops->name);

        if (f == NULL && by_rows(ops))
            fail_msg("%s goes row by row and has no twin", ops->name);
        if (f == NULL)
            continue;
        n++;
        check_scheme(ops, f);
    }
    assert_int_equal(n, sizeof(definitions) / sizeof(definitions[0]));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(drawn_variants_are_as_defined),
};

CHECK_MAIN(tests)
