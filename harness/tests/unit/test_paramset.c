/* The set of learned arrays: order and place of storage, names, first values, what it refuses. */
#include "tensor/paramset.h"
#include "tests/unit/check.h"

static void fill_normal(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    (void)self;
    for (size_t i = 0; i < n; i++)
        w[i] = (real)lx_rng_normal(rng);
}

/* Adds to what is there, so that a repeated fill shows whether the array was zeroed first. */
static void fill_more(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const double *step = self;

    (void)rng;
    for (size_t i = 0; i < n; i++)
        w[i] += (real)*step;
}

static struct lx_param_spec matrix(const char *name, int rows, int cols)
{
    struct lx_param_spec s = {.name = name, .n_dims = 2, .dim = {rows, cols}, .fill = fill_normal};

    return s;
}

static void storage_is_contiguous_in_declared_order(void **state)
{
    struct lx_arena arena = {0};
    struct lx_paramset ps;
    struct lx_param *a, *b, *c;
    struct lx_param_spec s = matrix("a", 3, 5);
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_paramset_init(&ps, 3, &arena, &err));
    CHECK_OK(lx_paramset_add(&ps, &s, &a, &err));
    s = (struct lx_param_spec){.name = "b", .n_dims = 1, .dim = {7}};
    CHECK_OK(lx_paramset_add(&ps, &s, &b, &err));
    s = (struct lx_param_spec){.name = "c", .n_dims = 3, .dim = {2, 3, 4}};
    CHECK_OK(lx_paramset_add(&ps, &s, &c, &err));
    assert_null(a->w);
    CHECK_OK(lx_paramset_layout(&ps, true, &err));
    assert_int_equal(ps.n_values, 15 + 7 + 24);
    assert_ptr_equal(a->w, ps.w);
    assert_ptr_equal(b->w, ps.w + 15);
    assert_ptr_equal(c->w, ps.w + 22);
    assert_ptr_equal(c->g, ps.g + 22);
    assert_int_equal(c->n, 24);
    assert_ptr_equal(lx_paramset_find(&ps, "b"), b);
    assert_null(lx_paramset_find(&ps, "d"));
    lx_arena_free(&arena);
}

/* The first values of an array depend on the seed and its name, not on its neighbours. */
static void first_values_do_not_depend_on_neighbours(void **state)
{
    struct lx_arena arena = {0};
    struct lx_paramset alone, crowd;
    struct lx_param *p, *q, *other;
    struct lx_param_spec x = matrix("x", 4, 4), y = matrix("y", 4, 4);
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_paramset_init(&alone, 1, &arena, &err));
    CHECK_OK(lx_paramset_add(&alone, &x, &p, &err));
    CHECK_OK(lx_paramset_layout(&alone, false, &err));
    CHECK_OK(lx_paramset_init(&crowd, 2, &arena, &err));
    CHECK_OK(lx_paramset_add(&crowd, &y, &other, &err));
    CHECK_OK(lx_paramset_add(&crowd, &x, &q, &err));
    CHECK_OK(lx_paramset_layout(&crowd, false, &err));
    assert_null(q->g);
    lx_paramset_fill(&alone, 5);
    lx_paramset_fill(&crowd, 5);
    assert_memory_equal(p->w, q->w, 16 * sizeof(real));
    assert_memory_not_equal(other->w, q->w, 16 * sizeof(real));
    lx_paramset_fill(&crowd, 6);
    assert_memory_not_equal(p->w, q->w, 16 * sizeof(real));
    lx_arena_free(&arena);
}

static void filling_twice_is_filling_once(void **state)
{
    static const double step = 1.5;
    struct lx_arena arena = {0};
    struct lx_paramset ps;
    struct lx_param *p;
    struct lx_param_spec s = {
        .name = "p", .n_dims = 1, .dim = {2}, .fill = fill_more, .self = &step};
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_paramset_init(&ps, 1, &arena, &err));
    CHECK_OK(lx_paramset_add(&ps, &s, &p, &err));
    CHECK_OK(lx_paramset_layout(&ps, false, &err));
    lx_paramset_fill(&ps, 1);
    lx_paramset_fill(&ps, 1);
    CHECK_NEAR(p->w[0], 1.5, 0);
    CHECK_NEAR(p->w[1], 1.5, 0);
    lx_arena_free(&arena);
}

static void the_name_is_copied(void **state)
{
    struct lx_arena arena = {0};
    struct lx_paramset ps;
    struct lx_param *p;
    char name[] = "layers.0";
    struct lx_param_spec s = matrix(name, 1, 1);
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_paramset_init(&ps, 1, &arena, &err));
    CHECK_OK(lx_paramset_add(&ps, &s, &p, &err));
    name[7] = '1';
    assert_string_equal(p->spec.name, "layers.0");
    lx_arena_free(&arena);
}

static void refuses_what_cannot_be(void **state)
{
    struct lx_arena arena = {0};
    struct lx_paramset ps;
    struct lx_param *p;
    struct lx_param_spec s = matrix("a", 2, 2), empty = matrix("b", 2, 0);
    struct lx_param_spec huge = {.name = "h", .n_dims = 3, .dim = {INT32_MAX, INT32_MAX, 1024}};
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_paramset_init(&ps, 1, &arena, &err));
    CHECK_FAILS(lx_paramset_add(&ps, &empty, &p, &err), LX_ECONFIG, "b: ");
    CHECK_FAILS(lx_paramset_add(&ps, &huge, &p, &err), LX_ECONFIG, "h: ");
    CHECK_OK(lx_paramset_add(&ps, &s, &p, &err));
    CHECK_FAILS(lx_paramset_add(&ps, &s, &p, &err), LX_ECONFIG, "a: declared twice");
    assert_null(p);
    s.name = "c";
    CHECK_FAILS(lx_paramset_add(&ps, &s, &p, &err), LX_EFAILED, "at most 1");
    lx_arena_free(&arena);
}

/* A dry pass over the same declarations counts the bytes that the real pass takes. */
static void measuring_counts_what_is_taken(void **state)
{
    struct lx_arena dry = {.measure = true}, wet = {0}, *both[] = {&dry, &wet};
    struct lx_err err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct lx_paramset ps;
        struct lx_param *p;
        struct lx_param_spec a = matrix("a", 100, 30), b = matrix("b", 7, 1);

        CHECK_OK(lx_paramset_init(&ps, 2, both[i], &err));
        CHECK_OK(lx_paramset_add(&ps, &a, &p, &err));
        CHECK_OK(lx_paramset_add(&ps, &b, &p, &err));
        CHECK_OK(lx_paramset_layout(&ps, true, &err));
        assert_int_equal(ps.n_values, 3007);
    }
    assert_true(dry.used > 2 * 3007 * sizeof(real));
    assert_int_equal(dry.used, wet.used);
    lx_arena_free(&wet);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(storage_is_contiguous_in_declared_order),
    cmocka_unit_test(first_values_do_not_depend_on_neighbours),
    cmocka_unit_test(filling_twice_is_filling_once),
    cmocka_unit_test(the_name_is_copied),
    cmocka_unit_test(refuses_what_cannot_be),
    cmocka_unit_test(measuring_counts_what_is_taken),
};

CHECK_MAIN(tests)
