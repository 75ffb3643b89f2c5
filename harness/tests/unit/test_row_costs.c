/* Plans know which layers go row by row: the schemes of the registry one by one, by layer, and when. */
#include "model/row_costs.h"
#include "stack/hooks.h"
#include "tests/unit/model_rig.h"

static const struct model_shape shape = {
    .config = {.layers = 4, .d_model = 16, .heads = 2, .vocab = 16, .d_ff = 32},
    .train_length = 32,
    .max_length = 64};

static double cost_of(const char *stack, bool training)
{
    struct model_rig r;
    double cost;

    model_open(&r, stack, &shape);
    cost = lx_row_costs(&r.m, 32, training);
    lx_arena_free(&r.arena);
    return cost;
}

/* Every scheme costs more than nothing just where attention takes its layers row by row. */
static void the_registry_is_counted(void **state)
{
    int slow = 0;

    (void)state;
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_enc_call c = {.layer = 0, .B = 1, .T = 32};
        char stack[96];
        struct model_rig r;
        bool rows;

        model_open(&r, model_stack_of(lx_encoding_at(i)->name, stack, sizeof(stack)), &shape);
        rows = lx_stack_by_rows(&r.m.stack, &c);
        slow += rows;
        for (int training = 0; training < 2; training++) {
            if (rows)
                assert_true(lx_row_costs(&r.m, 32, training != 0) > 0);
            else
                CHECK_NEAR(lx_row_costs(&r.m, 32, training != 0), 0, 0);
        }
        lx_arena_free(&r.arena);
    }
    assert_true(slow >= 10);
}

/* A new hook of that kind does not go uncounted; whole rows alone are the cost of the row. */
static void hooks_have_costs(void **state)
{
    (void)state;
    for (size_t k = 0; k < lx_hook_count; k++) {
        bool slow = lx_hooks[k].place == LX_HOOK_SLOW && strcmp(lx_hooks[k].name, "whole") != 0;

        assert_int_equal(lx_hooks[k].cost.forward > 0, slow);
        assert_int_equal(lx_hooks[k].cost.training > 0, slow);
    }
}

static void layers_and_phases_are_counted(void **state)
{
    double all, some, both;

    (void)state;
    all = cost_of("[\"cope\"]", true);
    some = cost_of("[{\"name\": \"cope\", \"layers\": \"every 4\"}]", true);
    CHECK_NEAR(some, all / 4, 1e-9 * all);
    both = cost_of("[{\"name\": \"cope\", \"layers\": \"every 4\"}, "
                   "{\"name\": \"entmax\", \"layers\": \"not every 4\"}]",
                   true);
    CHECK_NEAR(both, all / 4 + cost_of("[\"entmax\"]", true) * 3 / 4, 1e-9 * all);
    /* for a part of the training: none of the evaluation */
    CHECK_NEAR(cost_of("[{\"name\": \"cope\", \"until\": 0.5}]", true), all, 0);
    CHECK_NEAR(cost_of("[{\"name\": \"cope\", \"until\": 0.5}]", false), 0, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_registry_is_counted),
    cmocka_unit_test(hooks_have_costs),
    cmocka_unit_test(layers_and_phases_are_counted),
};

CHECK_MAIN(tests)
