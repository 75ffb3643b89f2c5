/* Rates of their own: what an encoding's lr and array_lr change in a plan, what they leave, how they are
 * written back, and that the same rates mean the same weights whoever gives them. */
#include "config/config.h"
#include "plan/plan.h"
#include "tests/unit/train_rig.h"
#include "train/adamw.h"

#define BASE                                                                                       \
    "{\"name\": \"t\", \"dataset\": {\"name\": \"journal\", \"train_tokens\": 5000, "              \
    "\"valid_tokens\": 5000}, \"model\": {\"layers\": 1, \"d_model\": 16, \"heads\": 2}, "         \
    "\"eval\": {\"lengths\": [\"1x\", \"2x\"], \"tokens\": 1024}, "
#define TRAIN(more)                                                                                \
    "\"train\": {\"length\": 16, \"batch_tokens\": 64, \"steps\": 10, \"warmup\": 2" more "}, "
#define CONFIG(train, encodings) BASE TRAIN(train) "\"encodings\": [" encodings "]}"

struct planned {
    struct lx_config c;
    struct lx_plan p;
};

static void open_plan(struct planned *o, const char *text)
{
    struct lx_err err;

    CHECK_OK(lx_config_parse(&o->c, text, strlen(text), "a.json", NULL, 0, &err));
    CHECK_OK(lx_plan_make(&o->p, &o->c, &err));
    CHECK_OK(lx_plan_resolve_all(&o->p, &err));
}

static void close_plan(struct planned *o)
{
    lx_plan_free(&o->p);
    lx_config_free(&o->c);
}

/* Whether the only cells of two configs have the same ids, both of them. */
static bool same_ids(const char *one, const char *other)
{
    struct planned a, b;
    bool trained, whole;

    open_plan(&a, one);
    open_plan(&b, other);
    trained = strcmp(a.p.cells[0].train_id, b.p.cells[0].train_id) == 0;
    whole = strcmp(a.p.cells[0].id, b.p.cells[0].id) == 0;
    assert_int_equal(trained, whole);
    close_plan(&a);
    close_plan(&b);
    return whole;
}

/* Ids are of the rates in effect. */
static void ids_are_of_the_rates_in_effect(void **state)
{
    const char *plain = CONFIG("", "{\"stack\": [\"t5\"]}");
    const char *common = CONFIG(", \"lr\": 0.02", "{\"stack\": [\"t5\"]}");

    (void)state;
    assert_true(same_ids(plain, CONFIG("", "\"t5\"")));
    assert_true(same_ids(plain, CONFIG("", "{\"stack\": [\"t5\"], \"lr\": 0.001}")));
    assert_true(same_ids(plain, CONFIG("", "{\"stack\": [\"t5\"], \"array_lr\": 1}")));
    assert_false(same_ids(plain, CONFIG("", "{\"stack\": [\"t5\"], \"lr\": 0.02}")));
    assert_false(same_ids(plain, CONFIG("", "{\"stack\": [\"t5\"], \"array_lr\": 10}")));
    assert_true(same_ids(common, CONFIG("", "{\"stack\": [\"t5\"], \"lr\": 0.02}")));
    assert_true(same_ids(common, CONFIG(", \"lr\": 0.5", "{\"stack\": [\"t5\"], \"lr\": 0.02}")));
    assert_true(same_ids(CONFIG(", \"array_lr\": 10", "\"t5\""),
                         CONFIG("", "{\"id\": \"t5\", \"stack\": [\"t5\"], \"array_lr\": 10}")));
    /* of what a scheme without arrays does not have, nothing depends */
    assert_true(same_ids(CONFIG("", "\"alibi\""), CONFIG(", \"array_lr\": 10", "\"alibi\"")));
}

/* A plan from before there were rates of their own: its ids may not change. */
static void ids_of_before_stay(void **state)
{
    struct planned o;

    (void)state;
    if (sizeof(real) != sizeof(float))
        skip();
    open_plan(&o, CONFIG("", "\"t5\""));
    assert_string_equal(o.p.cells[0].train_id, "37f9a873ad1ca6f9");
    close_plan(&o);
}

static void wrong_rates_are_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {CONFIG("", "{\"stack\": [\"t5\"], \"lr\": 0}"),
         "a.json: encodings[0].lr: must be greater than 0, got 0"},
        {CONFIG("", "\"rope\", {\"stack\": [\"t5\"], \"lr\": -0.1}"),
         "encodings[1].lr: must be greater than 0, got -0.1"},
        {CONFIG("", "{\"stack\": [\"t5\"], \"lr\": 11}"), "encodings[0].lr: must be at most 10"},
        {CONFIG("", "{\"stack\": [\"t5\"], \"lr\": \"fast\"}"),
         "encodings[0].lr: must be a number"},
        {CONFIG("", "{\"stack\": [\"t5\"], \"lr\": 1e-60}"), "encodings[0].lr: "},
        {CONFIG("", "{\"stack\": [\"t5\"], \"array_lr\": 0}"),
         "encodings[0].array_lr: must be greater than 0, got 0"},
        {CONFIG("", "{\"stack\": [\"t5\"], \"array_lr\": 1e7}"),
         "encodings[0].array_lr: must be at most 1000000"},
        {CONFIG("", "{\"stack\": [\"t5\"], \"lrs\": 1}"), "did you mean \"lr\"?"},
        {CONFIG("", "{\"stack\": [\"t5\"], \"evaluate_as\": [{\"id\": \"a\", \"stack\": [\"t5\"], "
                    "\"lr\": 0.1}]}"),
         "encodings[0].evaluate_as[0]"},
        {CONFIG("", "{\"stack\": [\"t5\"], \"lr\": {\"sweep\": []}}"),
         "encodings[0]: lr.sweep: must not be empty"},
        {CONFIG("", "{\"stack\": [\"t5\"], \"lr\": {\"sweep\": [0.1, 0]}}"),
         "encodings[0].lr: must be greater than 0, got 0"},
        {CONFIG(", \"lr\": {\"sweep\": [0.1, 0.2]}",
                "\"alibi\", {\"stack\": [\"t5\"], \"lr\": 0.1}"),
         "encodings[1].lr: must not be given where train.lr is swept"},
        {CONFIG(", \"array_lr\": {\"sweep\": [1, 10]}", "{\"stack\": [\"t5\"], \"array_lr\": 5}"),
         "encodings[0].array_lr: must not be given where train.array_lr is swept"},
        {CONFIG(", \"array_lr\": 0", "\"t5\""), "train.array_lr: must be greater than 0, got 0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lx_config c;
        struct lx_err err;

        CHECK_FAILS(
            lx_config_parse(&c, cases[i].text, strlen(cases[i].text), "a.json", NULL, 0, &err),
            LX_ECONFIG, cases[i].message);
        lx_config_free(&c);
    }
}

/* The resolved config keeps the rates and plans the same cells. */
static void resolved_config_keeps_the_rates(void **state)
{
    const char *text =
        CONFIG("", "{\"id\": \"a\", \"stack\": [\"t5\"], \"lr\": {\"sweep\": [0.25, 0.5]}, "
                   "\"array_lr\": 10, \"evaluate_as\": [{\"id\": \"b\", \"stack\": [\"t5\", "
                   "\"alibi\"]}]}, \"rope\"");
    struct planned o, again;
    struct lx_buf out = {0};
    struct lx_err err;

    (void)state;
    open_plan(&o, text);
    assert_int_equal(o.p.n, 3);
    assert_string_equal(o.p.cells[0].label, "a-lr-0.25");
    assert_string_equal(o.p.cells[1].label, "a-lr-0.5");
    assert_string_equal(o.p.cells[1].e->evaluate_as[0].id, "b-lr-0.5");
    CHECK_NEAR(o.p.cells[1].train.lr, 0.5, 0);
    CHECK_NEAR(o.p.cells[1].train.array_lr, 10, 0);
    CHECK_NEAR(o.p.cells[2].train.lr, 0.001, 0);
    assert_non_null(strstr(o.p.cells[1].metadata, "\"lr\":0.5"));
    assert_non_null(strstr(o.p.cells[1].metadata, "\"array_lr\":10"));
    CHECK_OK(lx_config_write(&o.c, &out, &err));
    open_plan(&again, out.text);
    assert_int_equal(again.p.n, o.p.n);
    for (size_t k = 0; k < o.p.n; k++)
        assert_string_equal(again.p.cells[k].id, o.p.cells[k].id);
    close_plan(&again);
    lx_buf_clear(&out);
    CHECK_OK(lx_plan_write(&o.p, &out, &err));
    assert_non_null(strstr(out.text, "\"lr\":0.25,\"array_lr\":10,"));
    assert_non_null(strstr(out.text, "\"lr\":0.001,\"parameters\""));
    lx_buf_free(&out);
    close_plan(&o);
}

/* The first step of AdamW moves every value by its rate, whatever its gradient. */
static void the_multiple_is_for_arrays_of_schemes_alone(void **state)
{
    struct model_shape shape = {
        .config = config, .train_length = L, .max_length = L, .gradients = true};
    struct lx_train_config c = usual;
    struct lx_adamw_state adam;
    struct model_rig r;
    struct lx_err err;
    size_t of_schemes = 0;

    (void)state;
    c.weight_decay = 0;
    c.array_lr = 8;
    model_open(&r, "[\"t5\", \"learned\", \"rope\"]", &shape);
    CHECK_OK(lx_adamw_init(&adam, &r.m.params, &r.arena, &err));
    for (size_t i = 0; i < r.m.params.n_values; i++) {
        r.m.params.w[i] = 0;
        r.m.params.g[i] = 1;
    }
    lx_adamw_step(&adam, &c, 0.125, 0, &r.m.params);
    for (size_t i = 0; i < r.m.params.count; i++) {
        const struct lx_param *p = &r.m.params.items[i];
        bool own = strncmp(p->spec.name, "encoding.", 9) == 0;

        assert_int_equal(p->spec.of_scheme, own);
        of_schemes += own;
        for (size_t k = 0; k < p->n; k++)
            CHECK_NEAR(p->w[k], own ? -1 : -0.125, 1e-6);
    }
    assert_int_equal(of_schemes, 2);
    model_close(&r);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(ids_are_of_the_rates_in_effect),
    cmocka_unit_test(ids_of_before_stay),
    cmocka_unit_test(wrong_rates_are_refused),
    cmocka_unit_test(resolved_config_keeps_the_rates),
    cmocka_unit_test(the_multiple_is_for_arrays_of_schemes_alone),
};

CHECK_MAIN(tests)
