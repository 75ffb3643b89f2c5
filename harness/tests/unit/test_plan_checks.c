/* What a plan or a config refuses before anything is trained, because it could only fail, or say
 * nothing, afterwards. */
#include "config/config.h"
#include "plan/plan.h"
#include "tests/unit/check.h"

#define DATASET                                                                                    \
    "\"dataset\": {\"name\": \"journal\", \"train_tokens\": 5000, \"valid_tokens\": 5000}"
#define MODEL "\"model\": {\"layers\": 1, \"d_model\": 16, \"heads\": 2}"
#define TRAIN "\"train\": {\"length\": 16, \"batch_tokens\": 64, \"steps\": 10, \"warmup\": 2}"
#define EVAL "\"eval\": {\"lengths\": [\"1x\", \"2x\"], \"tokens\": 1024}"
#define ENCODINGS "\"encodings\": [\"alibi\"]"
#define BASE(more) "{\"name\": \"t\", " DATASET ", " MODEL ", " TRAIN ", " EVAL ", " more "}"

static enum lx_code parse(struct lx_config *c, const char *text, struct lx_err *err)
{
    return lx_config_parse(c, text, strlen(text), "a.json", NULL, 0, err);
}

/* Weights that nothing is trained for cannot be evaluated: every scheme with arrays of its own is
 * refused where a model without any is to be read under it, and every other one is taken. */
static void plan_checks_arrays(void **state)
{
    size_t bare = 0, refused = 0;

    (void)state;
    for (int i = -1; i < lx_encoding_count(); i++) {
        const char *name = i < 0 ? "nope" : lx_encoding_at(i)->name;
        struct lx_buf alone = {0}, other = {0};
        struct lx_config c;
        struct lx_plan p;
        struct lx_err err;
        enum lx_code code;

        lx_buf_printf(&alone, BASE("\"encodings\": [\"%s\"]"), name);
        lx_buf_printf(&other,
                      BASE("\"encodings\": [{\"id\": \"n\", \"stack\": [\"nope\"], "
                           "\"evaluate_as\": [{\"id\": \"o\", \"stack\": [\"%s\"]}]}]"),
                      name);
        if (parse(&c, alone.text, &err) == LX_OK) { /* else it needs options */
            CHECK_OK(lx_plan_make(&p, &c, &err));
            code = lx_plan_resolve_all(&p, &err);
            if (i < 0)
                bare = p.cells[0].parameters;
            if (code == LX_OK) {
                bool owns = p.cells[0].parameters > bare;

                lx_plan_free(&p);
                lx_config_free(&c);
                CHECK_OK(parse(&c, other.text, &err));
                CHECK_OK(lx_plan_make(&p, &c, &err));
                code = lx_plan_resolve_all(&p, &err);
                if (owns && (code != LX_ECONFIG ||
                             strstr(err.text, "encodings[0].evaluate_as[0].stack: must be one that "
                                              "the arrays of encodings[0] (\"n\") suit") == NULL))
                    fail_msg("%s: %s", name, code == LX_OK ? "taken" : err.text);
                if (!owns && code != LX_OK)
                    fail_msg("%s: %s", name, err.text);
                refused += owns;
            }
            lx_plan_free(&p);
        }
        lx_config_free(&c);
        lx_buf_free(&alone);
        lx_buf_free(&other);
    }
    assert_true(refused >= 3);
}

/* An array of the same name and another shape. */
static void plan_checks_shapes(void **state)
{
    const char *text = BASE("\"encodings\": [{\"id\": \"a\", \"stack\": [\"t5\"], \"evaluate_as\": "
                            "[{\"id\": \"b\", \"stack\": [{\"name\": \"t5\", \"buckets\": 8}]}]}]");
    struct lx_config c;
    struct lx_plan p;
    struct lx_err err;

    (void)state;
    CHECK_OK(parse(&c, text, &err));
    CHECK_OK(lx_plan_make(&p, &c, &err));
    CHECK_FAILS(lx_plan_resolve_all(&p, &err), LX_ECONFIG, "has another shape there");
    lx_plan_free(&p);
    lx_config_free(&c);
}

/* Each analysis is refused more windows than differ in its split, and taken with as many. */
static void plan_checks_windows(void **state)
{
    static const struct {
        const char *before, *after;
    } lists[] = {
        {"receptive_field\", \"control_windows\": 1", ""},
        {"receptive_field\", \"windows\": 1", "control_"},
        {"attention_variance\"", ""},
        {"parameter_usage\", \"attention\": 32", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        for (int more = 0; more < 2; more++) {
            char tokens[] =
                "dataset.valid_tokens=41"; /* windows of 32 and a target begin at 9 places */
            char *const overrides[] = {tokens};
            struct lx_buf item = {0}, text = {0};
            struct lx_config c;
            struct lx_plan p;
            struct lx_err err;

            lx_buf_printf(&item, "{\"name\": \"%s, \"%swindows\": %d}", lists[i].before,
                          lists[i].after, 9 + more);
            lx_buf_printf(&text, BASE("\"encodings\": [\"learned\"], \"analyses\": [%s]"),
                          item.text);
            CHECK_OK(lx_config_parse(&c, text.text, text.len, "a.json", overrides, 1, &err));
            CHECK_OK(lx_plan_make(&p, &c, &err));
            if (more)
                CHECK_FAILS(lx_plan_resolve_all(&p, &err), LX_ECONFIG,
                            "must read at most 9 windows of 32 tokens, as many as differ in the "
                            "split, got 10");
            else
                CHECK_OK(lx_plan_resolve_all(&p, &err));
            lx_plan_free(&p);
            lx_config_free(&c);
            lx_buf_free(&item);
            lx_buf_free(&text);
        }
}

/* What a claim says of layers, heads and positions must be measured. */
static void refuses_claims_on_nothing(void **state)
{
    static const struct {
        const char *value, *message; /* NULL: taken */
    } cases[] = {
        {"\"metric\": \"attention_entropy\", \"layer\": 0, \"head\": 1", NULL},
        {"\"metric\": \"attention_entropy\", \"layer\": 1, \"head\": 0",
         "layer: must be below 1, the layers of the model, got 1"},
        {"\"metric\": \"attention_entropy\", \"layer\": 0, \"head\": 2",
         "head: must be below 2, the heads of the model, got 2"},
        {"\"metric\": \"attention_entropy\", \"layer\": 0",
         "head: must be given: a layer is measured head by head"},
        {"\"metric\": \"nll\", \"layer\": 0",
         "layer: must be left out: nll is not measured by layer"},
        {"\"metric\": \"nll\", \"positions\": [4, \"2x\"]", NULL},
        {"\"positions\": [20, 28]", NULL},
        {"\"metric\": \"nll\", \"positions\": [3, 7]",
         "positions: must begin and end where bins do, 0, 1, 2, 4, 8, 16 and then four to an "
         "octave, "
         "got [3, 7)"},
        {"\"metric\": \"attention_entropy\", \"positions\": [16, 32]", NULL},
        {"\"metric\": \"attention_entropy\", \"positions\": [16, 20]",
         "positions: must begin and end where bins do, 0, 1, 2, 4, 8, 16 and then each power of 2 "
         "(for attention from 16), got [16, 20)"},
        {"\"metric\": \"nll\", \"positions\": [\"1x\", \"3x\"]",
         "positions: must rise and end in the window of 32 tokens, got [16, 48)"},
        {"\"metric\": \"bits_per_byte\", \"positions\": [0, 16]",
         "positions: must be left out: bits_per_byte is not measured by position"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lx_buf text = {0};
        struct lx_config c;
        struct lx_err err = {0};
        enum lx_code code;

        lx_buf_printf(&text,
                      BASE(ENCODINGS
                           ", \"claims\": [{\"id\": \"c\", \"text\": \"t\", \"source\": "
                           "\"s\", \"left\": {\"encoding\": \"alibi\", \"length\": \"2x\", "
                           "%s}, \"op\": \"<\", \"right\": 9}]"),
                      cases[i].value);
        code = parse(&c, text.text, &err);
        if (cases[i].message == NULL
                ? code != LX_OK
                : code != LX_ECONFIG || strstr(err.text, cases[i].message) == NULL)
            fail_msg("%s gives %d: %s", cases[i].value, (int)code, err.text);
        lx_config_free(&c);
        lx_buf_free(&text);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(plan_checks_arrays),
    cmocka_unit_test(plan_checks_shapes),
    cmocka_unit_test(plan_checks_windows),
    cmocka_unit_test(refuses_claims_on_nothing),
};

CHECK_MAIN(tests)
