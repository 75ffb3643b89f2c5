/* The optimiser: the learning rate in closed form, AdamW and clipping against the textbook, which arrays
 * decay, what is frozen, which bounds hold. */
#include "tests/unit/train_rig.h"
#include "train/adamw.h"

#ifdef LX_REAL_DOUBLE
static const double tol = 1e-13;
#else
static const double tol = 1e-6;
#endif

static void learning_rate_in_closed_form(void **state)
{
    struct lx_train_config c = usual;

    (void)state;
    c.steps = 1005;
    c.lr = 0.002;
    for (int s = 0; s < 5; s++)
        CHECK_NEAR(lx_train_lr(&c, s), 0.002 * (s + 1) / 5, 1e-18);
    CHECK_NEAR(lx_train_lr(&c, 5), 0.002, 1e-18);
    for (int s = 5; s < 1005; s++) {
        double half = cos(acos(-1.0) * (s - 5) / 999 / 2); /* (1 + cos x)/2 = cos^2(x/2) */

        CHECK_NEAR(lx_train_lr(&c, s), 0.0002 + 0.0018 * half * half, 1e-15);
        assert_true(s == 5 || lx_train_lr(&c, s) < lx_train_lr(&c, s - 1));
    }
    CHECK_NEAR(lx_train_lr(&c, 1004), 0.0002, 1e-15);
    c.warmup = 0;
    CHECK_NEAR(lx_train_lr(&c, 0), 0.002, 1e-18);
    c.steps = c.warmup = 10; /* never past the warm-up */
    CHECK_NEAR(lx_train_lr(&c, 9), 0.002, 1e-18);
    c.steps = 11;
    CHECK_NEAR(lx_train_lr(&c, 10), 0.002, 1e-18);
    c.steps = 1;
    c.warmup = 0;
    CHECK_NEAR(lx_train_lr(&c, 0), 0.002, 1e-18);
}

static void impossible_sections_are_refused(void **state)
{
    struct lx_train_config c = usual;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_train_config_check(&c, &err));
    c.batch_tokens = 30;
    CHECK_FAILS(lx_train_config_check(&c, &err), LX_ECONFIG,
                "batch_tokens: must be a multiple of length = 8, got 30");
    c = usual;
    c.warmup = 21;
    CHECK_FAILS(lx_train_config_check(&c, &err), LX_ECONFIG,
                "warmup: must be at most steps = 20, got 21");
    c.steps = 0; /* an untrained model is a fine baseline */
    CHECK_OK(lx_train_config_check(&c, &err));
}

/* Four arrays of three values: plain, with decay, frozen, bounded. */
struct toy {
    struct lx_arena arena;
    struct lx_paramset ps;
    struct lx_param *p[4];
    struct lx_adamw_state adam;
};

static void toy_open(struct toy *t)
{
    struct lx_param_spec spec[4] = {
        {.name = "plain"},
        {.name = "decayed", .decay = true},
        {.name = "frozen", .frozen = true, .decay = true},
        {.name = "bounded", .clamped = true, .lower = 0.01, .upper = 2}};
    struct lx_err err;

    memset(t, 0, sizeof(*t));
    CHECK_OK(lx_paramset_init(&t->ps, 4, &t->arena, &err));
    for (int i = 0; i < 4; i++) {
        spec[i].n_dims = 1;
        spec[i].dim[0] = 3;
        CHECK_OK(lx_paramset_add(&t->ps, &spec[i], &t->p[i], &err));
    }
    CHECK_OK(lx_paramset_layout(&t->ps, true, &err));
    CHECK_OK(lx_adamw_init(&t->adam, &t->ps, &t->arena, &err));
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 3; k++)
            t->p[i]->w[k] = (real)(1 + 0.25 * k);
}

static void set_gradients(struct toy *t, double size, int step)
{
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 3; k++)
            t->p[i]->g[k] = (real)(size * (k + 1) * (step % 3 - 1.5));
}

/* Three steps with and without clipping, by the book; the frozen array stays and does not count. */
static void check_steps(double size, bool clipped)
{
    struct lx_train_config c = usual;
    struct toy t;
    double w[2][3], m[2][3] = {{0}}, v[2][3] = {{0}};

    toy_open(&t);
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 3; k++)
            w[i][k] = (double)t.p[i]->w[k];
    for (int step = 1; step <= 3; step++) {
        double lr = 0.01 * step, norm, scale, sum = 0;

        set_gradients(&t, size, step);
        for (int k = 0; k < 3; k++)
            sum += 3 * (double)t.p[0]->g[k] * (double)t.p[0]->g[k]; /* the three that train */
        norm = lx_adamw_norm(&t.adam, &t.ps);
        CHECK_NEAR(norm, sqrt(sum), tol * sqrt(sum));
        assert_int_equal(norm > c.clip, clipped);
        scale = norm > c.clip ? c.clip / norm : 1;
        lx_adamw_step(&t.adam, &c, lr, norm, &t.ps);
        for (int i = 0; i < 2; i++) {
            for (int k = 0; k < 3; k++) {
                double g = scale * (double)t.p[i]->g[k], keep = i == 1 ? 1 - lr * 0.1 : 1;

                m[i][k] = 0.9 * m[i][k] + 0.1 * g;
                v[i][k] = 0.95 * v[i][k] + 0.05 * g * g;
                w[i][k] = keep * w[i][k] - lr * (m[i][k] / (1 - pow(0.9, step))) /
                                               (sqrt(v[i][k] / (1 - pow(0.95, step))) + 1e-8);
                CHECK_NEAR(t.p[i]->w[k], w[i][k], 10 * tol);
                CHECK_NEAR(t.adam.m[3 * i + k], m[i][k], 10 * tol * fabs(m[i][k]));
                CHECK_NEAR(t.adam.v[3 * i + k], v[i][k], 10 * tol * v[i][k]);
                CHECK_NEAR(t.p[2]->w[k], 1 + 0.25 * k, 0);
                CHECK_NEAR(t.adam.m[6 + k], 0, 0);
            }
        }
    }
    assert_int_equal(t.adam.step, 3);
    lx_arena_free(&t.arena);
}

static void adamw_by_the_book(void **state)
{
    (void)state;
    check_steps(0.01, false);
    check_steps(5, true);
}

/* The first step moves every value by lr, whatever the size of its gradient; clip 0 clips nothing. */
static void first_step_has_the_size_of_the_rate(void **state)
{
    struct lx_train_config c = usual;
    struct toy t;

    (void)state;
    c.clip = 0;
    toy_open(&t);
    set_gradients(&t, 1e4, 0);
    lx_adamw_step(&t.adam, &c, 0.125, lx_adamw_norm(&t.adam, &t.ps), &t.ps);
    for (int k = 0; k < 3; k++) {
        CHECK_NEAR(t.p[0]->w[k], 1 + 0.25 * k + 0.125, 2 * tol);
        CHECK_NEAR(t.adam.m[k], 0.1 * (double)t.p[0]->g[k], 1e4 * tol);
    }
    lx_arena_free(&t.arena);
}

static void bounds_hold_after_every_step(void **state)
{
    struct toy t;

    (void)state;
    toy_open(&t);
    for (int step = 0; step < 2; step++) {
        t.p[3]->g[0] = 1;
        t.p[3]->g[1] = -1;
        t.p[3]->g[2] = 0;
        lx_adamw_step(&t.adam, &usual, 100, lx_adamw_norm(&t.adam, &t.ps), &t.ps);
        CHECK_NEAR(t.p[3]->w[0], (real)0.01, 0);
        CHECK_NEAR(t.p[3]->w[1], 2, 0);
        CHECK_NEAR(t.p[3]->w[2], 1.5, 0);
    }
    lx_arena_free(&t.arena);
}

/* With no gradient a step is decay alone: matrices shrink by lr times decay, the learned table too,
 * nothing else moves; and schemes with bounds stay within them, however large the step. */
static void schemes_decay_and_stay_in_bounds_as_declared(void **state)
{
    static const char *const stack =
        "[\"learned\", \"kerple_log\", \"kerple_power\", \"t5\", {\"name\": \"alibi\", "
        "\"learned\": true}]";
    struct model_shape shape = {
        .config = config, .train_length = L, .max_length = L, .gradients = true};
    struct model_rig r;
    struct lx_adamw_state adam;
    struct lx_err err;
    real *before;
    size_t bounded = 0;

    (void)state;
    model_open(&r, stack, &shape);
    CHECK_OK(lx_adamw_init(&adam, &r.m.params, &r.arena, &err));
    before = model_take(&r, r.m.params.n_values, sizeof(*before));
    memcpy(before, r.m.params.w, r.m.params.n_values * sizeof(*before));
    lx_adamw_step(&adam, &usual, 0.5, 0, &r.m.params);
    for (size_t i = 0; i < r.m.params.count; i++) {
        const struct lx_param *p = &r.m.params.items[i];
        const char *name = p->spec.name;
        bool scheme = strncmp(name, "encoding.", 9) == 0;
        bool decays = scheme ? strcmp(name, "encoding.learned.table") == 0 : p->spec.n_dims == 2;

        assert_int_equal(p->spec.decay, decays);
        for (size_t k = 0; k < p->n; k++) {
            double w = (double)before[p->w + k - r.m.params.w];

            CHECK_NEAR(p->w[k], decays ? w * 0.95 : w, decays ? 2 * tol * fabs(w) : 0);
        }
    }
    for (int sign = -1; sign < 2; sign += 2) {
        for (size_t i = 0; i < r.m.params.n_values; i++)
            r.m.params.g[i] = (real)sign;
        lx_adamw_step(&adam, &usual, 50, 1, &r.m.params);
        for (size_t i = 0; i < r.m.params.count; i++) {
            const struct lx_param *p = &r.m.params.items[i];
            bool power = strcmp(p->spec.name, "encoding.kerple_power.r2") == 0;

            for (size_t k = 0; strstr(p->spec.name, "kerple") && k < p->n; k++, bounded++) {
                assert_true(p->w[k] >= (real)0.01);
                assert_true(!power || p->w[k] <= 2);
            }
        }
    }
    assert_int_equal(bounded, 2 * 2 * 4);
    model_close(&r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(learning_rate_in_closed_form),
    cmocka_unit_test(impossible_sections_are_refused),
    cmocka_unit_test(adamw_by_the_book),
    cmocka_unit_test(first_step_has_the_size_of_the_rate),
    cmocka_unit_test(bounds_hold_after_every_step),
    cmocka_unit_test(schemes_decay_and_stay_in_bounds_as_declared),
};

CHECK_MAIN(tests)
