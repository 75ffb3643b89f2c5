/* Configs: every way in which one can be wrong, with the text a user reads; overrides; sweeps; the
 * resolved config; and which changes make a cell train or evaluate again. */
#include "config/config.h"
#include "json/json.h"
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

/* The text must fail with LX_ECONFIG and exactly this message. */
static void refuse(const char *text, const char *message)
{
    struct lx_config c;
    struct lx_err err = {0};
    enum lx_code code = parse(&c, text, &err);

    if (code != LX_ECONFIG || strcmp(err.text, message) != 0)
        fail_msg("%s\n  gives %d: %s\n  not     %s", text, (int)code, err.text, message);
    lx_config_free(&c);
}

static void refuses_what_json_refuses(void **state)
{
    (void)state;
    refuse("[1]", "a.json: must be an object, got an array");
    refuse("{\"name\": \"t\", \"name\": \"t\"}", "a.json: name: duplicate key");
    refuse("{\"model\": {\"heads\": 1, \"heads\": 1}}", "a.json: model.heads: duplicate key");
}

static void refuses_wrong_top_level(void **state)
{
    (void)state;
    refuse("{}", "a.json: name: must be given");
    refuse("{\"name\": 3}", "a.json: name: must be a string, got a number");
    refuse("{\"name\": \"a b\"}",
           "a.json: name: must be made of letters, digits and _.-, got \"a b\"");
    refuse("{\"name\": \"..\"}",
           "a.json: name: must have 1 to 100 characters and not begin with a dot, got \"..\"");
    refuse("{\"name\": \"\"}",
           "a.json: name: must have 1 to 100 characters and not begin with a dot, got \"\"");
    refuse("{\"name\": \"t\", \"modle\": {}}",
           "a.json: unknown key \"modle\" (did you mean \"model\"?)");
    refuse("{\"name\": \"t\", \"zzzzzzzz\": {}}", "a.json: unknown key \"zzzzzzzz\"");
    refuse("{\"name\": \"t\", \"Model\": {}}",
           "a.json: unknown key \"Model\" (did you mean \"model\"?)");
    refuse("{\"name\": \"t\", \"model\": 4}", "a.json: model: must be an object, got a number");
    refuse("{\"name\": \"t\", \"train\": []}", "a.json: train: must be an object, got an array");
    refuse("{\"name\": \"t\", \"eval\": null}", "a.json: eval: must be an object, got null");
    refuse("{\"name\": \"t\"}", "a.json: dataset: must be given");
    refuse("{\"name\": \"t\", " DATASET "}", "a.json: encodings: must be given");
}

static void refuses_wrong_datasets(void **state)
{
    (void)state;
    refuse("{\"name\": \"t\", \"dataset\": 3}",
           "a.json: dataset: must be an object or a name, got a number");
    refuse("{\"name\": \"t\", \"dataset\": []}", "a.json: dataset: must not be empty");
    refuse("{\"name\": \"t\", \"dataset\": {}}", "a.json: dataset.name: must be given");
    refuse("{\"name\": \"t\", \"dataset\": {\"name\": \"jurnal\"}}",
           "a.json: dataset.name: unknown dataset \"jurnal\" (did you mean \"journal\"?)");
    refuse("{\"name\": \"t\", \"dataset\": [{\"name\": \"journal\", \"train_tokens\": 5000}, "
           "{\"name\": \"journal\", \"sede\": 1}]}",
           "a.json: dataset[1]: unknown key \"sede\" (did you mean \"seed\"?)");
    refuse("{\"name\": \"t\", \"dataset\": {\"name\": \"journal\", \"seed\": \"x\"}}",
           "a.json: dataset.seed: must be a whole number, got \"x\"");
    refuse("{\"name\": \"t\", \"dataset\": {\"name\": \"journal\", \"id\": \"a/b\"}}",
           "a.json: dataset.id: must be made of letters, digits and _+.-, got \"a/b\"");
    refuse("{\"name\": \"t\", \"dataset\": [\"journal\", \"journal\"]}",
           "a.json: dataset[1].id: must be unique, got \"journal\" as in dataset[0]");
}

static void refuses_missing_data_file(void **state)
{
    struct lx_config c;
    struct lx_err err = {0};

    (void)state;
    CHECK_FAILS(parse(&c,
                      "{\"name\": \"t\", \"encodings\": [\"nope\"], \"dataset\": {\"name\": "
                      "\"text\", \"train\": \"no/such.txt\", \"valid\": \"no/such.txt\"}}",
                      &err),
                LX_EDATA, "a.json: dataset.train: no/such.txt: no such file");
    lx_config_free(&c);
}

static void refuses_wrong_encodings(void **state)
{
    (void)state;
    refuse(BASE("\"encodings\": \"alibi\""), "a.json: encodings: must be an array, got a string");
    refuse(BASE("\"encodings\": []"), "a.json: encodings: must not be empty");
    refuse(BASE("\"encodings\": [3]"),
           "a.json: encodings[0]: must be an object or a name, got a number");
    refuse(BASE("\"encodings\": [\"nope\", \"alibbi\"]"),
           "a.json: encodings[1]: unknown encoding \"alibbi\" (did you mean \"alibi\"?)");
    refuse(BASE("\"encodings\": [{\"id\": \"x\"}]"),
           "a.json: encodings[0]: must have a name or a stack");
    refuse(BASE("\"encodings\": [{\"id\": \"x\", \"stak\": []}]"),
           "a.json: encodings[0]: unknown key \"stak\" (did you mean \"stack\"?)");
    refuse(BASE("\"encodings\": [{\"id\": \"x\", \"stack\": {}}]"),
           "a.json: encodings[0].stack: must be an array, got an object");
    refuse(BASE("\"encodings\": [{\"id\": \"x[\", \"stack\": [\"nope\"]}]"),
           "a.json: encodings[0].id: must be made of letters, digits and _+.-, got \"x[\"");
    refuse(BASE("\"encodings\": [{\"stack\": []}]"), "a.json: encodings[0].id: must be given");
    refuse(BASE("\"encodings\": [\"nope\", \"nope\", {\"stack\": [{\"name\": \"rope\", \"base\": "
                "0}]}]"),
           "a.json: encodings[2].stack[0].base: must be greater than 1, got 0");
    refuse(BASE("\"encodings\": [{\"stack\": [{\"name\": \"rope\", \"bas\": 7}]}]"),
           "a.json: encodings[0].stack[0]: unknown key \"bas\" (did you mean \"base\"?)");
    refuse(BASE("\"encodings\": [\"nope\", {\"id\": \"nope\", \"stack\": [\"rope\"]}]"),
           "a.json: encodings[1].id: must be unique, got \"nope\" as in encodings[0]");
    refuse(BASE("\"encodings\": [{\"stack\": [\"rope\"], \"evaluate_as\": [{\"id\": \"rope\", "
                "\"stack\": [\"nope\"]}]}]"),
           "a.json: encodings[0].evaluate_as[0].id: must be unique, got \"rope\" as in "
           "encodings[0]");
    refuse(BASE("\"encodings\": [{\"stack\": [\"rope\"], \"evaluate_as\": 1}]"),
           "a.json: encodings[0].evaluate_as: must be an array, got a number");
    refuse(BASE("\"encodings\": [{\"stack\": [\"rope\"], \"evaluate_as\": [{\"id\": \"a\", "
                "\"stack\": [{\"name\": \"rope\", \"scaling\": \"yarm\"}]}]}]"),
           "a.json: encodings[0].evaluate_as[0].stack[0].scaling: must be one of none, pi, ntk, "
           "dynamic_ntk, yarn, llama3, longrope, mixed_ntk, got \"yarm\" (did you mean \"yarn\"?)");
}

static void refuses_wrong_seeds(void **state)
{
    (void)state;
    refuse(BASE(ENCODINGS ", \"seeds\": 1"), "a.json: seeds: must be an array, got a number");
    refuse(BASE(ENCODINGS ", \"seeds\": []"), "a.json: seeds: must not be empty");
    refuse(BASE(ENCODINGS ", \"seeds\": [\"1\"]"),
           "a.json: seeds[0]: must be a whole number, got a string");
    refuse(BASE(ENCODINGS ", \"seeds\": [1, 1.5]"),
           "a.json: seeds[1]: must be a whole number, got 1.5");
    refuse(BASE(ENCODINGS ", \"seeds\": [-1]"), "a.json: seeds[0]: must be 0 to 2^53-1, got -1");
    refuse(BASE(ENCODINGS ", \"seeds\": [3, 3]"), "a.json: seeds[1]: must be unique, got 3 again");
}

/* One section replaced by `section`. */
static void refuse_with(const char *section, const char *message)
{
    struct lx_err err;
    struct lx_buf text = {0};

    lx_buf_printf(&text, "{\"name\": \"t\", " DATASET ", " ENCODINGS ", %s}", section);
    CHECK_OK(lx_buf_check(&text, &err));
    refuse(text.text, message);
    lx_buf_free(&text);
}

static void refuses_wrong_sections(void **state)
{
    char message[200];

    (void)state;
    refuse_with("\"model\": {\"layers\": 0}", "a.json: model.layers: must be at least 1, got 0");
    refuse_with("\"model\": {\"heads\": 3}",
                "a.json: model.heads: must divide d_model = 128, got 3");
    refuse_with("\"model\": {\"head\": 3}",
                "a.json: model: unknown key \"head\" (did you mean \"heads\"?)");
    (void)snprintf(message, sizeof(message),
                   "a.json: model.vocab: must be at least %d, the tokens of dataset, got 2",
                   lx_dataset_find("journal")->vocab(NULL));
    refuse_with("\"model\": {\"vocab\": 2}", message);
    refuse_with("\"train\": {\"steps\": 1.5}",
                "a.json: train.steps: must be a whole number, got 1.5");
    refuse_with("\"train\": {\"length\": 100}",
                "a.json: train.batch_tokens: must be a multiple of length = 100, got 4096");
    refuse_with("\"train\": {\"lr\": 0}", "a.json: train.lr: must be greater than 0, got 0");
    refuse_with("\"eval\": {\"lengths\": [\"2y\"]}",
                "a.json: eval.lengths[0]: must be a number of tokens or a multiple of the training "
                "length like \"2x\", got \"2y\"");
    refuse_with("\"eval\": {\"token\": 5}",
                "a.json: eval: unknown key \"token\" (did you mean \"tokens\"?)");
}

static void refuses_wrong_sweeps(void **state)
{
    (void)state;
    refuse_with("\"train\": {\"lr\": {\"swep\": [1]}}",
                "a.json: train.lr: unknown key \"swep\" (did you mean \"sweep\"?)");
    refuse_with("\"train\": {\"lr\": {}}",
                "a.json: train.lr.sweep: must be an array of at least one value");
    refuse_with("\"train\": {\"lr\": {\"sweep\": []}}",
                "a.json: train.lr.sweep: must be an array of at least one value");
    refuse_with("\"train\": {\"lr\": {\"sweep\": [1, [2]]}}",
                "a.json: train.lr.sweep[1]: must be a number, a string, true or false, got an "
                "array");
    refuse_with("\"train\": {\"lr\": {\"sweep\": [1, 0.5, 1.0]}}",
                "a.json: train.lr.sweep[2]: must not repeat a value");
    refuse_with("\"model\": {\"heads\": {\"sweep\": [1, 2, 3]}}",
                "a.json: model.heads: must divide d_model = 128, got 3");
    refuse_with("\"train\": {\"rl\": {\"sweep\": [1, 2]}}",
                "a.json: train: unknown key \"rl\" (did you mean \"lr\"?)");
}

static void bounds_the_plan(void **state)
{
    (void)state;
    refuse_with(
        "\"model\": {\"layers\": {\"sweep\": [1,2,3,4,5,6,7,8,9,10]}, \"heads\": {\"sweep\": "
        "[1,2,4,8,16]}, \"d_ff\": {\"sweep\": [1,2,3,4,5,6,7,8,9,10]}}, \"train\": "
        "{\"clip\": {\"sweep\": [1,2,3,4,5,6,7,8,9,10]}, \"lr\": {\"sweep\": "
        "[1,2,3,4,5,6,7,8,9,10]}}",
        "a.json: the plan must have at most 10000 cells");
}

static void takes_overrides(void **state)
{
    char lr[] = "train.lr=0.5", base[] = "encodings[0].stack[0].base=77", name[] = "name=other",
         typo[] = "train.stepz=3", bare[] = "nonsense", none[] = "=3";
    char *good[] = {lr, base, name}, *bad[] = {typo}, *no_equals[] = {bare}, *no_key[] = {none};
    const char *text = BASE("\"encodings\": [{\"stack\": [{\"name\": \"rope\"}]}]");
    const struct lx_config_variant *v;
    struct lx_config c;
    struct lx_buf out = {0};
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_config_parse(&c, text, strlen(text), "a.json", good, 3, &err));
    assert_string_equal(c.name, "other");
    v = lx_config_variant(&c, 0, 0);
    CHECK_NEAR(v->train.lr, 0.5, 0);
    assert_int_equal(v->train.steps, 10);
    CHECK_OK(lx_config_write(&c, &out, &err));
    assert_non_null(strstr(out.text, "\"base\": 77"));
    lx_buf_free(&out);
    lx_config_free(&c);

    CHECK_FAILS(lx_config_parse(&c, text, strlen(text), "a.json", bad, 1, &err), LX_ECONFIG,
                "override train.stepz=3: train: unknown key \"stepz\" (did you mean \"steps\"?)");
    lx_config_free(&c);
    CHECK_FAILS(lx_config_parse(&c, text, strlen(text), "a.json", no_equals, 1, &err), LX_EUSAGE,
                "an override must be key=value, got \"nonsense\"");
    lx_config_free(&c);
    CHECK_FAILS(lx_config_parse(&c, text, strlen(text), "a.json", no_key, 1, &err), LX_EUSAGE,
                "an override must be key=value, got \"=3\"");
    lx_config_free(&c);
}

/* Too little data is found before anything is trained. */
static void plan_checks_splits(void **state)
{
    char valid[] = "dataset.valid_tokens=31", train[] = "dataset.train_tokens=16";
    static const char *const messages[] = {"a.json: evaluation split: must have at least 33 tokens",
                                           "a.json: train split: must have at least 17 tokens"};
    char *overrides[][1] = {{valid}, {train}};
    const char *text = BASE(ENCODINGS);
    struct lx_config c;
    struct lx_plan p;
    struct lx_err err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        CHECK_OK(lx_config_parse(&c, text, strlen(text), "a.json", overrides[i], 1, &err));
        CHECK_OK(lx_plan_make(&p, &c, &err));
        CHECK_FAILS(lx_plan_resolve_all(&p, &err), LX_EDATA, messages[i]);
        lx_plan_free(&p);
        lx_config_free(&c);
    }
}

static void names_a_missing_config(void **state)
{
    struct lx_config c;
    struct lx_err err;

    (void)state;
    CHECK_FAILS(lx_config_read(&c, "no/such.json", NULL, 0, &err), LX_ECONFIG,
                "no/such.json: no such file");
    lx_config_free(&c);
}

/* Bare names, stacks of several schemes, and the defaults of what is left out. */
static void fills_in(void **state)
{
    const struct lx_config_variant *v;
    struct lx_config c;
    struct lx_err err;

    (void)state;
    CHECK_OK(parse(&c,
                   "{\"name\": \"t\", \"dataset\": \"journal\", \"encodings\": [\"nope\", "
                   "{\"stack\": [\"rope\", {\"name\": \"alibi\"}]}, {\"id\": \"none\", \"stack\": "
                   "[]}]}",
                   &err));
    assert_int_equal(c.n_datasets, 1);
    assert_string_equal(c.datasets[0].id, "journal");
    assert_int_equal(c.n_encodings, 3);
    assert_string_equal(c.encodings[0].trained.id, "nope");
    assert_string_equal(c.encodings[1].trained.id, "rope+alibi");
    assert_string_equal(c.encodings[2].trained.id, "none");
    assert_int_equal(c.n_seeds, 1);
    assert_int_equal((int)c.seeds[0], 1);
    v = lx_config_variant(&c, 0, 0);
    assert_int_equal(v->model.d_ff, 4 * v->model.d_model);
    assert_int_equal(v->model.vocab, c.datasets[0].ops->vocab(c.datasets[0].self));
    assert_int_equal(v->eval.n_lengths, 4);
    assert_int_equal(v->eval.lengths[3], 8 * v->train.length);
    lx_config_free(&c);
}

/* The plan is the product, datasets outermost, seeds innermost; sweeps show in the label. */
static void sweeps_make_the_product(void **state)
{
    static const struct {
        double lr;
        int length;
        const char *label;
    } want[] = {{0.1, 16, "nope[length=16,lr=0.1]"},     {0.1, 16, "alibi[length=16,lr=0.1]"},
                {0.025, 16, "nope[length=16,lr=0.025]"}, {0.025, 16, "alibi[length=16,lr=0.025]"},
                {0.1, 32, "nope[length=32,lr=0.1]"},     {0.1, 32, "alibi[length=32,lr=0.1]"},
                {0.025, 32, "nope[length=32,lr=0.025]"}, {0.025, 32, "alibi[length=32,lr=0.025]"}};
    struct lx_config c;
    struct lx_plan p;
    struct lx_err err;

    (void)state;
    CHECK_OK(parse(&c,
                   "{\"name\": \"t\", " DATASET ", \"encodings\": [\"nope\", \"alibi\"], "
                   "\"train\": {\"length\": {\"sweep\": [16, 32]}, \"batch_tokens\": 64, \"lr\": "
                   "{\"sweep\": [0.1, 0.025]}}, \"seeds\": [7, 8], \"eval\": {\"lengths\": "
                   "[\"3x\"]}}",
                   &err));
    CHECK_OK(lx_plan_make(&p, &c, &err));
    assert_int_equal(p.n, 16);
    for (size_t k = 0; k < p.n; k++) {
        CHECK_NEAR(p.cells[k].v->train.lr, want[k / 2].lr, 0);
        assert_int_equal(p.cells[k].v->train.length, want[k / 2].length);
        assert_int_equal(p.cells[k].v->eval.lengths[0], 3 * want[k / 2].length);
        assert_string_equal(p.cells[k].label, want[k / 2].label);
        assert_int_equal((int)c.seeds[p.cells[k].seed], 7 + (int)(k % 2));
    }
    lx_plan_free(&p);
    lx_config_free(&c);
}

/* Ids of a config's cells, one after another; free with lx_buf_free. */
static void plan_of(const char *text, struct lx_buf *out)
{
    struct lx_config c;
    struct lx_plan p;
    struct lx_err err;

    CHECK_OK(parse(&c, text, &err));
    CHECK_OK(lx_plan_make(&p, &c, &err));
    CHECK_OK(lx_plan_write(&p, out, &err));
    lx_plan_free(&p);
    lx_config_free(&c);
}

static void resolve(const char *text, struct lx_buf *out)
{
    struct lx_config c;
    struct lx_err err;

    CHECK_OK(parse(&c, text, &err));
    CHECK_OK(lx_config_write(&c, out, &err));
    lx_config_free(&c);
}

static const char *const several[] = {
    BASE(ENCODINGS),
    "{\"name\": \"t\", " DATASET ", \"encodings\": [\"learned\"], \"eval\": {\"tokens\": 2048}}",
    "{\"name\": \"t\", \"dataset\": [{\"name\": \"journal\", \"train_tokens\": 5000}, "
    "{\"name\": \"journal\", \"id\": \"j2\", \"train_tokens\": 4000, \"seed\": 3}], "
    "\"encodings\": [\"t5\", {\"stack\": [\"rope\", "
    "\"alibi\"]}], \"seeds\": [3, 1]}",
    "{\"name\": \"t\", " DATASET ", \"encodings\": [{\"stack\": [\"rope\"], \"evaluate_as\": "
    "[{\"id\": \"yarn\", \"stack\": [{\"name\": \"rope\", \"scaling\": \"yarn\", \"factor\": "
    "4}]}]}], \"model\": {\"d_model\": {\"sweep\": [16, 32]}, \"heads\": 2}, \"train\": "
    "{\"length\": {\"sweep\": [16, 32]}, \"batch_tokens\": 64, \"lr\": {\"sweep\": [0.1, 0.025]}}, "
    "\"eval\": {\"lengths\": [\"2x\"], \"modes\": [\"last\", \"sliding\"], \"tokens\": 128}}",
};

/* Too much data by default to plan with in a test. */
static const char *const only_resolved =
    "{\"name\": \"t\", \"dataset\": [\"journal\"], \"encodings\": [\"t5\"]}";

static void resolve_twice(const char *text, struct lx_buf *once)
{
    struct lx_buf twice = {0};

    resolve(text, once);
    resolve(once->text, &twice);
    assert_string_equal(once->text, twice.text);
    lx_buf_free(&twice);
}

/* The stored config says everything, means the same, and resolving it again changes nothing. */
static void resolved_is_a_fixpoint(void **state)
{
    struct lx_buf once = {0};

    (void)state;
    resolve_twice(only_resolved, &once);
    assert_non_null(strstr(once.text, "8000000"));
    lx_buf_free(&once);
    for (size_t i = 0; i < sizeof(several) / sizeof(several[0]); i++) {
        struct lx_buf plan = {0}, plan_again = {0};

        resolve_twice(several[i], &once);
        plan_of(several[i], &plan);
        plan_of(once.text, &plan_again);
        assert_string_equal(plan.text, plan_again.text);
        lx_buf_free(&once);
        lx_buf_free(&plan);
        lx_buf_free(&plan_again);
    }
}

static void resolved_states_defaults(void **state)
{
    struct lx_buf out = {0};

    (void)state;
    resolve(several[1], &out);
    assert_non_null(strstr(out.text, "\"d_ff\": 512"));
    assert_non_null(strstr(out.text, "\"past\": \"not_applicable\""));
    assert_non_null(strstr(out.text, "\"weight_decay\": 0.1"));
    assert_non_null(strstr(out.text, "\"seeds\": [\n    1\n  ]"));
    assert_non_null(strstr(out.text, "\"max_distance\": 1024"));
    lx_buf_free(&out);
}

/* Both ids of the only cell. */
struct ids {
    char id[LX_ID_SIZE], train_id[LX_ID_SIZE];
};

static struct ids ids_with(const char *override)
{
    char text[300];
    char *overrides[] = {text};
    const char *base = BASE("\"encodings\": [{\"id\": \"e\", \"stack\": [{\"name\": \"rope\"}]}]");
    struct lx_config c;
    struct lx_plan p;
    struct lx_err err;
    struct ids out;

    (void)snprintf(text, sizeof(text), "%s", override);
    CHECK_OK(lx_config_parse(&c, base, strlen(base), "a.json", overrides, 1, &err));
    CHECK_OK(lx_plan_make(&p, &c, &err));
    CHECK_OK(lx_plan_resolve(&p, 0, &err));
    assert_int_equal(p.n, 1);
    memcpy(out.id, p.cells[0].id, LX_ID_SIZE);
    memcpy(out.train_id, p.cells[0].train_id, LX_ID_SIZE);
    assert_int_equal(strspn(out.id, "0123456789abcdef"), 16);
    lx_plan_free(&p);
    lx_config_free(&c);
    return out;
}

/* A name for what a cell depends on must change with it, and with nothing else. */
static void ids_follow_what_matters(void **state)
{
    static const struct {
        const char *override;
        bool trains_again, evaluates_again;
    } cases[] = {
        {"name=t", false, false},
        {"train.lr=0.001", false, false}, /* the default, spelled out */
        {"model.d_ff=64", false, false},  /* as derived from d_model */
        {"encodings[0].stack[0].base=10000", false, false},
        {"seeds=[1]", false, false},
        {"dataset.test_tokens=100", false, false}, /* no test token is read */
        {"dataset.valid_tokens=6000", false, true},
        {"eval.tokens=512", false, true},
        {"eval.split=test", false, true},
        {"eval.attention=false", false, true},
        {"encodings[0].evaluate_as=[{\"id\": \"pi\", \"stack\": [{\"name\": \"rope\", "
         "\"scaling\": \"pi\"}]}]",
         false, true},
        {"encodings[0].id=f", false, true}, /* a label of the rows */
        {"name=u", false, true},            /* so is this */
        {"dataset.id=k", false, true},      /* and this */
        {"train.lr=0.002", true, true},
        {"model.heads=4", true, true},
        {"encodings[0].stack[0].base=500", true, true},
        {"encodings[0].stack=[\"nope\"]", true, true},
        {"seeds=[2]", true, true},
        {"dataset.seed=2", true, true}, /* other data */
        {"dataset.train_tokens=4000", true, true},
    };
    struct ids base = ids_with("name=t");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ids now = ids_with(cases[i].override);

        if ((strcmp(now.train_id, base.train_id) != 0) != cases[i].trains_again)
            fail_msg("%s: train id %s, was %s", cases[i].override, now.train_id, base.train_id);
        if ((strcmp(now.id, base.id) != 0) != cases[i].evaluates_again)
            fail_msg("%s: id %s, was %s", cases[i].override, now.id, base.id);
    }
}

/* A cell is known wherever it stands in a config. */
static void ids_do_not_depend_on_neighbours(void **state)
{
    struct lx_config c;
    struct lx_plan p;
    struct lx_err err;
    struct ids alone = ids_with("name=t");

    (void)state;
    CHECK_OK(parse(&c,
                   BASE("\"encodings\": [\"nope\", {\"id\": \"e\", \"stack\": [{\"name\": "
                        "\"rope\"}]}], \"seeds\": [5, 1]"),
                   &err));
    CHECK_OK(lx_plan_make(&p, &c, &err));
    CHECK_OK(lx_plan_resolve(&p, 3, &err));
    assert_string_equal(p.cells[3].id, alone.id);
    assert_string_equal(p.cells[3].train_id, alone.train_id);
    lx_plan_free(&p);
    lx_config_free(&c);
}

/* Errors that need the dimensions are found by planning, with the place in the config. */
static void plan_checks_dimensions(void **state)
{
    struct lx_config c;
    struct lx_plan p;
    struct lx_err err;

    (void)state;
    CHECK_OK(parse(&c,
                   BASE("\"encodings\": [\"nope\", {\"stack\": [{\"name\": \"rope\", "
                        "\"fraction\": 0.3}]}]"),
                   &err));
    CHECK_OK(lx_plan_make(&p, &c, &err));
    CHECK_FAILS(lx_plan_resolve_all(&p, &err), LX_ECONFIG, "a.json: encodings[1].stack[0]");
    assert_non_null(strstr(err.text, "fraction: "));
    lx_plan_free(&p);
    lx_config_free(&c);
}

/* 2 L (D^2 (4 + 8)) + 2 D V of products a token and 2 L T D of attention: counted by hand. */
static void plan_states_costs(void **state)
{
    struct lx_config c;
    struct lx_plan p;
    struct lx_err err;
    const struct lx_cell *cell;
    double V, token;

    (void)state;
    CHECK_OK(parse(&c, BASE("\"encodings\": [\"nope\"]"), &err));
    CHECK_OK(lx_plan_make(&p, &c, &err));
    CHECK_OK(lx_plan_resolve(&p, 0, &err));
    cell = &p.cells[0];
    V = cell->v->model.vocab;
    token = 2 * (12 * 16 * 16 + 16 * V) + 2 * 16 * 16;
    CHECK_NEAR(cell->train_flops, 3 * token * 64 * 10, 1);
    /* embedding, 2 + 2 norms and biases, four matrices with biases, last norm */
    CHECK_NEAR(cell->parameters, 16 * V + 4 * 16 + 12 * 16 * 16 + (48 + 16 + 64 + 16) + 32, 0);
    assert_true(cell->train_bytes > 4 * cell->parameters * sizeof(real));
    CHECK_OK(lx_plan_check_memory(&p, cell->train_bytes, &err));
    CHECK_FAILS(lx_plan_check_memory(&p, cell->train_bytes - 1, &err), LX_ENOMEM,
                "a.json: training nope needs ");
    lx_plan_free(&p);
    lx_config_free(&c);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(refuses_what_json_refuses),
    cmocka_unit_test(refuses_wrong_top_level),
    cmocka_unit_test(refuses_wrong_datasets),
    cmocka_unit_test(refuses_missing_data_file),
    cmocka_unit_test(refuses_wrong_encodings),
    cmocka_unit_test(refuses_wrong_seeds),
    cmocka_unit_test(refuses_wrong_sections),
    cmocka_unit_test(refuses_wrong_sweeps),
    cmocka_unit_test(bounds_the_plan),
    cmocka_unit_test(takes_overrides),
    cmocka_unit_test(plan_checks_splits),
    cmocka_unit_test(names_a_missing_config),
    cmocka_unit_test(fills_in),
    cmocka_unit_test(sweeps_make_the_product),
    cmocka_unit_test(resolved_is_a_fixpoint),
    cmocka_unit_test(resolved_states_defaults),
    cmocka_unit_test(ids_follow_what_matters),
    cmocka_unit_test(ids_do_not_depend_on_neighbours),
    cmocka_unit_test(plan_checks_dimensions),
    cmocka_unit_test(plan_states_costs),
};

CHECK_MAIN(tests)
