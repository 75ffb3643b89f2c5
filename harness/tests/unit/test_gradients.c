/* The whole model against finite differences: for every scheme and a list of stacks, the gradient of a
 * weighted NLL by every array, entry by entry (all of a small array, some of a large one) and along
 * random directions, which touch every entry. The model's own arrays, which every stack has, are looked at
 * closely in the list of stacks; beside each scheme in turn a direction and an entry of each do.
 *
 * Four-point central differences have an error of order step^4. Measure: difference over the larger
 * of the value itself and the array's typical one (root mean square, for a direction its size). In
 * double that is about 1e-10, in float rounding of the loss leaves less than a thousandth. */
#include "encodings/encoding.h"
#include "kernels/gemm.h"
#include "kernels/product.h"
#include "tests/unit/model_rig.h"

#ifdef LX_REAL_DOUBLE
#define STEP 1e-3
#define TOLERANCE 1e-8
#define FLOOR 0.005
#define FLAT_FLOOR FLOOR
#define KINK_STEP 1e-6 /* where the gradient jumps: a step seldom crosses */
#define KINK_TOLERANCE 2e-6
#else
#define STEP 1e-2
#define TOLERANCE 4e-3
#define FLOOR 0.005
#define FLAT_FLOOR 0.1
#endif

enum { B = 2, T = 12 };

/* How closely an array is looked at: entries of it one by one, and random directions. */
struct look {
    size_t entries;
    int directions;
};
static const struct look close_look = {6, 2}, brief_look = {1, 1};

static const struct lx_model_config config = {
    .layers = 2, .d_model = 16, .heads = 2, .d_ff = 24, .vocab = 11};

struct problem {
    struct model_rig rig;
    const char *stack;
    uint16_t *tokens, *targets;
    real weight[B * T];
    double nll[B * T];
    double worst; /* of all arrays and entries */
    char worst_at[128];
    int checked;
    bool quiet;
    double step, allowed;
    struct look own; /* of the model's own arrays; those of the schemes get a close look */
};

/* Of the models that follow. */
static enum lx_attention_mask attention;

static bool has_kinks(const struct lx_stack *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].ops->kinks)
            return true;
    return false;
}

static void open_problem(struct problem *p, const char *stack, int train_length)
{
    struct model_shape shape = {
        .config = config, .train_length = train_length, .max_length = T, .gradients = true};
    struct lx_rng rng;

    memset(p, 0, sizeof(*p));
    p->stack = stack;
    shape.config.attention = attention;
    model_open(&p->rig, stack, &shape);
    p->step = STEP;
    p->allowed = TOLERANCE;
    p->own = close_look;
#ifdef LX_REAL_DOUBLE
    if (has_kinks(&p->rig.m.stack)) {
        p->step = KINK_STEP;
        p->allowed = KINK_TOLERANCE;
    }
#endif
    model_scatter(&p->rig, 0.25, 2);
    model_work(&p->rig, B, T, true);
    p->tokens = model_tokens(&p->rig, B * T, 3);
    p->targets = model_tokens(&p->rig, B * T, 4);
    lx_rng_init(&rng, 5, "weight");
    for (int r = 0; r < B * T; r++)
        p->weight[r] = (real)(lx_rng_normal(&rng) + (r == 3 ? 0 : 0.5));
    p->weight[3] = 0; /* a target that does not count */
}

static double loss(struct problem *p)
{
    double sum = 0;

    lx_model_forward(&p->rig.m, p->rig.work, p->tokens, B, T, NULL);
    lx_model_loss(&p->rig.m, p->rig.work, p->tokens, p->targets, p->nll, NULL, false);
    for (int r = 0; r < B * T; r++)
        sum += (double)p->weight[r] * p->nll[r];
    return sum;
}

static void backward(struct problem *p, const real *weight)
{
    lx_model_forward(&p->rig.m, p->rig.work, p->tokens, B, T, NULL);
    lx_model_loss(&p->rig.m, p->rig.work, p->tokens, p->targets, p->nll, weight, true);
}

/* Slope of the loss along u (n values, NULL: entry `k` alone) of array a. */
static double slope(struct problem *p, struct lx_param *a, const double *u, size_t k)
{
    static const double weight[] = {1, -8, 8, -1}, at[] = {-2, -1, 1, 2};
    real *kept = malloc(a->n * sizeof(*kept));
    double sum = 0;

    assert_non_null(kept);
    memcpy(kept, a->w, a->n * sizeof(*kept));
    for (int i = 0; i < 4; i++) {
        if (u == NULL)
            a->w[k] = (real)((double)kept[k] + p->step * at[i]);
        for (size_t j = 0; u != NULL && j < a->n; j++)
            a->w[j] = (real)((double)kept[j] + p->step * at[i] * u[j]);
        sum += weight[i] * loss(p);
    }
    memcpy(a->w, kept, a->n * sizeof(*kept));
    free(kept);
    return sum / (12 * p->step);
}

/* Note how far apart both values are; typical is what an entry of this array has. */
static void note(struct problem *p, const struct lx_param *a, const char *index, double got,
                 double want, double typical)
{
    double error = fabs(got - want) / (fmax(fabs(want), typical));

    p->checked++;
    if (!(error <= p->allowed) && !p->quiet)
        print_message("# %s: %s[%s]: gradient %.9g, finite differences %.9g\n", p->stack,
                      a->spec.name, index, got, want);
    if (!(error <= p->worst)) {
        p->worst = error;
        (void)snprintf(p->worst_at, sizeof(p->worst_at), "%s[%s]", a->spec.name, index);
    }
}

/* Near its first values this network gives one number to all distances, which changes no weight: what it
 * has of a gradient is nearly all rounding in float. */
static const char *const nearly_flat = "encoding.mlp_bias.";

/* A small gradient has no size of its own: half a percent of the model's typical entry is the floor. In
 * float it is higher for the one scheme whose gradient is nearly all rounding. */
static double typical_entry(const struct lx_paramset *ps, const struct lx_param *a)
{
    double floor =
        strncmp(a->spec.name, nearly_flat, strlen(nearly_flat)) == 0 ? FLAT_FLOOR : FLOOR;
    double own = 0, all = 0;

    for (size_t k = 0; k < a->n; k++)
        own += (double)a->g[k] * (double)a->g[k];
    for (size_t k = 0; k < ps->n_values; k++)
        all += (double)ps->g[k] * (double)ps->g[k];
    return fmax(sqrt(own / (double)a->n), floor * sqrt(all / (double)ps->n_values));
}

static void check_array(struct problem *p, struct lx_param *a, uint64_t seed)
{
    double typical = typical_entry(&p->rig.m.params, a), *u = malloc(a->n * sizeof(*u));
    bool of_scheme = strncmp(a->spec.name, "encoding.", 9) == 0;
    const struct look look = of_scheme ? close_look : p->own;
    struct lx_rng rng;
    char index[32];

    assert_non_null(u);
    lx_rng_init(&rng, seed, a->spec.name);
    for (size_t i = 0; i < (a->n <= 2 * look.entries ? a->n : look.entries); i++) {
        size_t k = a->n <= 2 * look.entries ? i : (size_t)lx_rng_below(&rng, a->n);

        (void)snprintf(index, sizeof(index), "%zu", k);
        note(p, a, index, (double)a->g[k], slope(p, a, NULL, k), typical);
    }
    for (int d = 0; d < look.directions; d++) {
        double got = 0, norm = 0;

        for (size_t k = 0; k < a->n; k++) {
            u[k] = lx_rng_normal(&rng);
            norm += u[k] * u[k];
        }
        for (size_t k = 0; k < a->n; k++) {
            u[k] /= sqrt(norm);
            got += u[k] * (double)a->g[k];
        }
        (void)snprintf(index, sizeof(index), "direction %d", d);
        note(p, a, index, got, slope(p, a, u, 0), typical);
    }
    free(u);
}

/* Worst error over all arrays of the model, or of `spoiled` alone after its gradient was made too large by
 * one percent: in double in its last entry only, in float in all of them. */
static void check_model(struct problem *p, const char *spoiled)
{
    struct lx_paramset *ps = &p->rig.m.params;

    memset(ps->g, 0, ps->n_values * sizeof(*ps->g));
    backward(p, p->weight);
    for (size_t i = 0; i < ps->count; i++) {
        struct lx_param *a = &ps->items[i];

        if (a->spec.frozen || (spoiled != NULL && strcmp(a->spec.name, spoiled) != 0))
            continue;
        for (size_t k = sizeof(real) == sizeof(double) ? a->n - 1 : 0; spoiled && k < a->n; k++)
            a->g[k] *= (real)1.01;
        check_array(p, a, 7);
    }
}

static double worst_of_all;

static void check_stack(const char *stack, int train_length, struct look own)
{
    struct problem p;

    open_problem(&p, stack, train_length);
    p.own = own;
    /* in float no step is both small enough for kinks and large enough for rounding */
    if (has_kinks(&p.rig.m.stack) && sizeof(real) == sizeof(float)) {
        model_close(&p.rig);
        return;
    }
    check_model(&p, NULL);
    assert_true(p.checked >= 27 * ((int)own.entries + own.directions));
    if (!(p.worst <= p.allowed))
        fail_msg("%s: worst relative error %.3g at %s, allowed %.3g", stack, p.worst, p.worst_at,
                 p.allowed);
    worst_of_all = fmax(worst_of_all, p.worst / p.allowed);
    model_close(&p.rig);
}

/* Some schemes need a training length above a bound. */
static bool can_train_at(const char *stack, int train_length)
{
    struct model_shape shape = {
        .config = config, .train_length = train_length, .max_length = train_length};
    struct model_rig rig;
    struct lx_err err;
    enum lx_code code;

    shape.config.attention = attention;
    code = model_try(&rig, stack, &shape, &err);

    model_close(&rig);
    return code == LX_OK;
}

/* Each scheme, or $LX_SCHEME, at its training length and, where it can, at twice that. */
static void check_schemes(enum lx_products products)
{
    const char *only = getenv("LX_SCHEME");
    struct lx_err err;

    lx_products_choose(products);
    worst_of_all = 0;
    CHECK_OK(lx_gemm_setup(&err));
    for (int i = 0; i < lx_encoding_count(); i++) {
        char stack[96];

        if (only != NULL && strcmp(lx_encoding_at(i)->name, only) != 0)
            continue;
        if (attention == LX_ATTENTION_BIDIRECTIONAL && lx_encoding_at(i)->both == LX_BOTH_REFUSED)
            continue;
        (void)model_stack_of(lx_encoding_at(i)->name, stack, sizeof(stack));
        check_stack(stack, T, brief_look);
        if (strcmp(lx_encoding_at(i)->name, "learned") != 0 && can_train_at(stack, T / 2))
            check_stack(stack, T / 2, brief_look);
    }
    print_message("# worst error %.3g of what is allowed\n", worst_of_all);
}

static void every_scheme_by_openblas(void **state)
{
    (void)state;
    check_schemes(LX_PRODUCTS_OPENBLAS);
}

static void every_scheme_by_own_products(void **state)
{
    (void)state;
    check_schemes(LX_PRODUCTS_OWN);
}

static const char *const mixed_stacks[] = {
    "[]",
    "[\"rope\", \"alibi\"]",
    "[\"sinusoidal\", {\"name\": \"window\", \"width\": 5}]",
    "[{\"name\": \"alibi\", \"learned\": true}]",
    "[{\"name\": \"alibi\", \"learned\": true, \"interpolation\": \"dynamic\"}, \"logn\"]",
    "[\"kerple_log\", {\"name\": \"temperature\", \"tau\": 0.7}]",
    "[\"kerple_power\", \"rope\", \"logn\"]",
    "[{\"name\": \"t5\", \"buckets\": 6, \"max_distance\": 8}]",
    "[{\"name\": \"t5\", \"buckets\": 6, \"max_distance\": 8, \"shared\": false}]",
    "[{\"name\": \"t5\", \"buckets\": 6, \"max_distance\": 8}, {\"name\": \"window\", "
    "\"width\": 4},"
    " {\"name\": \"temperature\", \"tau\": 1.5}, \"logn\"]",
    "[{\"name\": \"learned\", \"past\": \"wrap\"}]",
    "[{\"name\": \"learned\", \"past\": \"interpolate\"}, \"rope\"]",
    "[{\"name\": \"rope\", \"fraction\": 0.5, \"scaling\": \"yarn\"}]",
    "[{\"name\": \"rope\", \"scaling\": \"yarn\", \"factor\": 4}]",
    "[{\"name\": \"xpos\", \"scale_base\": 3, \"keep\": 0.75}, "
    "{\"name\": \"logn\", \"form\": \"uncapped\"}]",
    "[\"fope\", \"kerple_log\"]",
    "[\"rope\", {\"name\": \"mlp_bias\", \"shared\": false, \"depth\": 1}]",
    "[{\"name\": \"bam\", \"shared\": false}, {\"name\": \"logn\", \"form\": \"floor\"}]",
    "[{\"name\": \"alibi\", \"heads\": 1, \"learned\": true}, \"kerple_log3\"]",
    "[\"fox\", {\"name\": \"temperature\", \"tau\": 0.7}, {\"name\": \"window\", \"width\": "
    "5}, \"sink\"]",
    "[{\"name\": \"ssmax\", \"bias\": true}, \"alibi\", \"logn\", \"sink\", {\"name\": "
    "\"temperature\", \"tau\": 1.5}]",
    "[\"scale_invariant\", \"rope\", \"fox\", {\"name\": \"chunks\", \"width\": 4, \"back\": "
    "1}]",
    "[{\"name\": \"fox\", \"layers\": [0]}, {\"name\": \"kerple_log\", \"layers\": \"every "
    "2\"}, "
    "\"ssmax\"]",
    "[{\"name\": \"fire\", \"shared\": true}, \"kerple_power\", \"ssmax\", \"sink\"]",
    "[{\"name\": \"cope\", \"positions\": 5}, \"ssmax\", \"alibi\", \"sink\"]",
    "[\"kerple_log\", \"dape\", {\"name\": \"temperature\", \"tau\": 0.7}]",
    "[\"rope\", \"kerple_power\", {\"name\": \"dape\", \"kernel\": 3, \"width\": 5}, "
    "\"scale_invariant\", {\"name\": \"window\", \"width\": 4}]",
    "[{\"name\": \"stick_breaking\", \"current\": true}, \"ssmax\", \"kerple_log\", {\"name\": "
    "\"temperature\", \"tau\": 0.7}]",
    "[\"rope\", {\"name\": \"leaky_rerope\", \"window\": 3, \"factor\": 4}, \"fox\", \"sink\"]",
    "[\"rope\", {\"name\": \"self_extend\", \"window\": 3, \"group\": 2}, \"ssmax\", "
    "\"stick_breaking\"]",
    "[\"rope\", {\"name\": \"dual_chunk\", \"chunk\": 5, \"local\": 2}, \"kerple_log\"]",
    "[{\"name\": \"rope\", \"layers\": [0]}, {\"name\": \"streaming\", \"sinks\": 2, "
    "\"recent\": 3, "
    "\"layers\": [0]}, \"fox\"]",
    "[\"rope\", \"kerple_log\", {\"name\": \"positions\", \"draw\": \"subset\", \"phase\": "
    "\"both\", \"max\": 40}]",
    "[\"rope\", \"sinusoidal\", \"kerple_power\", {\"name\": \"positions\", \"draw\": "
    "\"cape\", "
    "\"phase\": \"both\"}]",
    "[\"scale_invariant\", \"kerple_weighted\", {\"name\": \"positions\", \"draw\": \"shift\", "
    "\"phase\": \"both\"}]",
    "[\"kerple_weighted\", {\"name\": \"positions\", \"draw\": \"subset\", \"map\": "
    "\"distances\", \"phase\": \"both\", \"max\": 40}]",
    "[\"kerple_log\", {\"name\": \"ssmax\", \"whole\": true, \"bias\": true}, \"sink\"]",
    "[{\"name\": \"window\", \"width\": 99}, \"kerple_log\", \"learned\", \"rope\"]",
    "[\"fire\", {\"name\": \"learned\", \"rows\": 40}, {\"name\": \"positions\", \"map\": "
    "\"numbers\", "
    "\"digits\": [1, 2, 3, 5], \"draw\": \"shift\", \"phase\": \"both\", \"max_shift\": 9, "
    "\"rows\": 6}]",
};

static void every_stack(void **state)
{

    (void)state;
    for (size_t i = 0; i < sizeof(mixed_stacks) / sizeof(mixed_stacks[0]); i++)
        check_stack(
            mixed_stacks[i],
            strstr(mixed_stacks[i], "\"learned\",") || strstr(mixed_stacks[i], "fope") ? T : T / 2,
            close_look);
    print_message("# worst error %.3g of what is allowed\n", worst_of_all);
}

static void every_scheme_without_a_mask(void **state)
{
    static const char *const stacks[] = {
        "[{\"name\": \"t5\", \"buckets\": 8, \"max_distance\": 6, \"shared\": false}, {\"name\": "
        "\"window\", \"width\": 5}, {\"name\": \"temperature\", \"tau\": 0.7}, \"logn\"]",
        "[{\"name\": \"alibi\", \"learned\": true}, {\"name\": \"relative\", \"offsets\": 4}, "
        "\"sink\"]",
        "[\"kerple_weighted\", {\"name\": \"positions\", \"draw\": \"subset\", \"map\": "
        "\"distances\", \"phase\": \"both\", \"max\": 40}]",
        "[\"scale_invariant\", \"kerple_weighted\", {\"name\": \"positions\", \"draw\": \"shift\", "
        "\"phase\": \"both\"}]",
        "[\"rope\", \"fire\", {\"name\": \"t5\", \"buckets\": 8, \"max_distance\": 6}, {\"name\": "
        "\"positions\", \"draw\": \"subset\", \"phase\": \"both\", \"max\": 40}]",
        "[{\"name\": \"transformer_xl\", \"clamp\": 4}, {\"name\": \"shaw\", \"clip\": 3}]",
        "[\"kerple_power\", {\"name\": \"ssmax\", \"whole\": true}, {\"name\": \"dape\", "
        "\"kernel\": 3, \"width\": 5}, \"entmax\"]",
    };

    (void)state;
    attention = LX_ATTENTION_BIDIRECTIONAL;
    check_schemes(LX_PRODUCTS_OPENBLAS);
    for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
        check_stack(stacks[i], T / 2, close_look);
    attention = LX_ATTENTION_CAUSAL;
}

/* The check has teeth: one array's gradient a little too large is found, whichever array it is. */
static void a_wrong_derivative_is_found(void **state)
{
    static const char *const stack = "[\"kerple_log\", \"learned\"]";
    struct problem p;
    size_t count;

    (void)state;
    open_problem(&p, stack, T);
    count = p.rig.m.params.count;
    assert_int_equal(count, 1 + 2 * 12 + 2 + 2 + 1);
    for (size_t i = 0; i < count; i++) {
        const char *name = p.rig.m.params.items[i].spec.name;

        p.worst = 0;
        p.quiet = true;
        check_model(&p, name);
        if (p.worst <= TOLERANCE)
            fail_msg("%s: a gradient wrong by a percent was not found: error %.3g", name, p.worst);
    }
    model_close(&p.rig);
}

/* Gradients are added; weight NULL means 1/(B T) each; the gradient is linear in the weights. */
static void gradients_add_up(void **state)
{
    const double tol = sizeof(real) == sizeof(double) ? 1e-13 : 2e-6;
    struct problem p;
    struct lx_paramset *ps;
    real *mean, even[B * T];
    double size = 0;

    (void)state;
    open_problem(&p, "[\"rope\", \"kerple_log\"]", T);
    ps = &p.rig.m.params;
    memset(ps->g, 0, ps->n_values * sizeof(*ps->g));
    backward(&p, NULL);
    mean = model_take(&p.rig, ps->n_values, sizeof(*mean));
    memcpy(mean, ps->g, ps->n_values * sizeof(*mean));
    backward(&p, p.weight);
    for (int r = 0; r < B * T; r++)
        even[r] = (real)(1.0 / (B * T)) - p.weight[r];
    backward(&p, even); /* mean + weight + (mean - weight) = 2 mean */
    for (size_t i = 0; i < ps->n_values; i++) {
        size = fmax(size, fabs((double)mean[i]));
        CHECK_NEAR(ps->g[i], 2 * mean[i], tol * 10);
    }
    assert_true(size > 0.01);
    model_close(&p.rig);
}

/* With one sequence the table of learned positions gets just the gradient of the input vectors. */
static void input_gradient_is_that_of_positions(void **state)
{
    struct problem p;
    const struct lx_param *table;
    const real *dx;

    (void)state;
    open_problem(&p, "[\"learned\"]", T);
    memset(p.rig.m.params.g, 0, p.rig.m.params.n_values * sizeof(real));
    lx_model_forward(&p.rig.m, p.rig.work, p.tokens, 1, T, NULL);
    lx_model_loss(&p.rig.m, p.rig.work, p.tokens, p.targets, p.nll, NULL, true);
    dx = lx_work_input_gradient(p.rig.work);
    table = lx_paramset_find(&p.rig.m.params, "encoding.learned.table");
    assert_non_null(table);
    assert_int_equal(table->n, T * 16);
    for (size_t i = 0; i < table->n; i++)
        CHECK_NEAR(table->g[i], dx[i], 0);
    model_close(&p.rig);
}

/* More rows than the loss takes at a time: the same as one by one. */
static void many_rows_are_the_sum_of_few(void **state)
{
    enum { MANY = 50 }; /* 600 rows */
    const double tol = sizeof(real) == sizeof(double) ? 1e-12 : 1e-5;
    struct model_shape shape = {
        .config = config, .train_length = T, .max_length = T, .gradients = true};
    struct model_rig rig;
    struct lx_paramset *ps;
    uint16_t *tokens, *targets;
    double nll[MANY * T], one[T];
    real *sum, weight[MANY * T];

    (void)state;
    model_open(&rig, "[\"alibi\"]", &shape);
    model_scatter(&rig, 0.25, 2);
    model_work(&rig, MANY, T, true);
    ps = &rig.m.params;
    tokens = model_tokens(&rig, MANY * T, 1);
    targets = model_tokens(&rig, MANY * T, 2);
    for (int r = 0; r < MANY * T; r++)
        weight[r] = (real)(1.0 / (MANY * T));
    lx_model_forward(&rig.m, rig.work, tokens, MANY, T, NULL);
    lx_model_loss(&rig.m, rig.work, tokens, targets, nll, weight, true);
    sum = model_take(&rig, ps->n_values, sizeof(*sum));
    memcpy(sum, ps->g, ps->n_values * sizeof(*sum));
    memset(ps->g, 0, ps->n_values * sizeof(*sum));
    for (int b = 0; b < MANY; b++) {
        lx_model_forward(&rig.m, rig.work, tokens + b * T, 1, T, NULL);
        lx_model_loss(&rig.m, rig.work, tokens + b * T, targets + b * T, one, weight, true);
        for (int t = 0; t < T; t++)
            CHECK_NEAR(one[t], nll[b * T + t], tol * 10);
    }
    CHECK_NEAR(model_difference(sum, ps->g, ps->n_values), 0, tol);
    model_close(&rig);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_scheme_by_openblas),
    cmocka_unit_test(every_scheme_by_own_products),
    cmocka_unit_test(every_stack),
    cmocka_unit_test(every_scheme_without_a_mask),
    cmocka_unit_test(a_wrong_derivative_is_found),
    cmocka_unit_test(gradients_add_up),
    cmocka_unit_test(input_gradient_is_that_of_positions),
    cmocka_unit_test(many_rows_are_the_sum_of_few),
};

CHECK_MAIN(tests)
