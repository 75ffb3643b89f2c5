/* Stacks of schemes: in which layers and until when an entry acts, what a stack cannot mean and how that
 * is said, and that it is written back as it was read. */
#include "tests/unit/model_rig.h"
#include "train/train.h"

static const struct model_shape shape = {
    .config = {.layers = 4, .d_model = 16, .heads = 2, .d_ff = 16, .vocab = 7},
    .train_length = 16,
    .max_length = 32};

static void refuses(const char *stack, const char *said)
{
    struct model_rig r;
    struct lx_err err;

    CHECK_FAILS(model_try(&r, stack, &shape, &err), LX_ECONFIG, said);
    model_close(&r);
}

static void what_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    refuses("[\"sink\", \"sink\"]",
            "stack[0] (sink) and stack[1] (sink): both put weight on no key");
    refuses("[\"sink\", \"stick_breaking\"]", "stack[0] (sink) and stack[1] (stick_breaking)");
    refuses("[\"rope\", \"rerope\", \"self_extend\"]",
            "stack[1] (rerope) and stack[2] (self_extend): both move positions");
    refuses("[\"rerope\"]", "stack[0] (rerope): moves positions, and no scheme of layer 0");
    refuses(
        "[\"cope\", \"rope\"]",
        "stack[0] (cope) and stack[1] (rope): the first needs products that nothing has turned");
    refuses(
        "[\"rope\", \"streaming\", \"window\"]",
        "stack[1] (streaming) and stack[2] (window): the first shows keys that the second hides");
    refuses("[{\"name\": \"positions\", \"offset\": 0.5}, \"t5\"]",
            "stack[0] (positions) and stack[1] (t5): the first sets positions between the rows");
    refuses("[\"positions\", \"rope\", \"rerope\"]", "both move positions");
    refuses("[{\"name\": \"positions\", \"draw\": \"subset\"}, \"learned\"]",
            "stack[1] (learned): rows: must be 0 or at least");
    refuses("[{\"name\": \"rope\", \"layers\": \"every 5\"}]",
            "stack[0] (rope): layers: must choose some of the 4 layers, not none");
    refuses("[{\"name\": \"rope\", \"layers\": \"every 1\"}]", "not all");
    refuses("[{\"name\": \"rope\", \"layers\": [4]}]", "layers: must be from -4 to 3, got 4");
    refuses("[{\"name\": \"rope\", \"layers\": \"each 2\"}]", "stack[0].layers: must be a list of");
    refuses("[{\"name\": \"sinusoidal\", \"layers\": [0]}]", "acts before the first layer");
    refuses("[{\"name\": \"rope\", \"until\": 1}]",
            "stack[0].until: must be a part of the training");
}

/* In layers apart, what one layer has no room for is fine. */
static void layers_keep_entries_apart(void **state)
{
    static const char *const stack =
        "[{\"name\": \"rope\", \"layers\": \"not every 2\"}, {\"name\": \"rerope\", \"layers\": "
        "[0, -2]}, {\"name\": \"cope\", \"layers\": [1, 3]}]";
    struct model_rig r;

    (void)state;
    model_open(&r, stack, &shape);
    for (int l = 0; l < 4; l++) {
        struct lx_enc_call c = {.layer = l, .B = 1, .T = 16};

        assert_int_equal(LX_STACK_HAS(&r.m.stack, &c, rotate), l % 2 == 0);
        assert_int_equal(LX_STACK_HAS(&r.m.stack, &c, remap), l % 2 == 0);
        assert_int_equal(LX_STACK_HAS(&r.m.stack, &c, bias), l % 2 == 1);
        assert_true(lx_stack_by_rows(&r.m.stack, &c));
    }
    model_close(&r);
}

static void until_ends_with_its_part_of_the_training(void **state)
{
    struct lx_enc_call c = {.layer = 0, .B = 1, .T = 16};
    struct model_rig r;

    (void)state;
    model_open(&r, "[{\"name\": \"rope\", \"until\": 0.75}]", &shape);
    assert_false(LX_STACK_HAS(&r.m.stack, &c, rotate)); /* evaluation */
    r.m.stack.progress = 0.74;
    assert_true(LX_STACK_HAS(&r.m.stack, &c, rotate));
    r.m.stack.progress = 0.75;
    assert_false(LX_STACK_HAS(&r.m.stack, &c, rotate));
    assert_true(LX_STACK_HAS(&r.m.stack, NULL, rotate));
    model_close(&r);
}

static void a_stack_is_written_as_it_was_read(void **state)
{
    static const char *const stack =
        "[{\"name\": \"chunks\", \"layers\": \"not every 2\"}, {\"name\": \"nope\", \"layers\": "
        "[0, -1], \"until\": 0.5}]";
    struct lx_buf out = {0};
    struct lx_json_writer w = {.out = &out};
    struct model_rig r;

    (void)state;
    model_open(&r, stack, &shape);
    lx_json_open_object(&w, NULL);
    lx_stack_write(&r.m.stack, &w, "stack");
    lx_json_close_object(&w);
    assert_non_null(strstr(out.text, "\"not every 2\""));
    assert_non_null(strstr(out.text, "\"until\""));
    assert_non_null(strstr(out.text, "0.5"));
    assert_non_null(strstr(out.text, "-1"));
    lx_buf_free(&out);
    model_close(&r);
}

/* restart_at: two runs of warm-up and cosine, each as long as its part. */
static void the_learning_rate_restarts(void **state)
{
    struct lx_train_config c, first, second;
    struct lx_err err;

    (void)state;
    lx_options_default(lx_train_options, &c);
    c.steps = 100;
    c.warmup = 10;
    c.restart_at = 0.7;
    CHECK_OK(lx_train_config_check(&c, &err));
    first = second = c;
    first.restart_at = second.restart_at = 0;
    first.steps = 70;
    second.steps = 30;
    for (int s = 0; s < 100; s++)
        CHECK_NEAR(lx_train_lr(&c, s),
                   s < 70 ? lx_train_lr(&first, s) : lx_train_lr(&second, s - 70), 1e-15);
    c.restart_at = 0.95;
    CHECK_FAILS(lx_train_config_check(&c, &err), LX_ECONFIG, "restart_at: must leave more than");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_cannot_be_meant_is_refused),
    cmocka_unit_test(layers_keep_entries_apart),
    cmocka_unit_test(until_ends_with_its_part_of_the_training),
    cmocka_unit_test(a_stack_is_written_as_it_was_read),
    cmocka_unit_test(the_learning_rate_restarts),
};

CHECK_MAIN(tests)
