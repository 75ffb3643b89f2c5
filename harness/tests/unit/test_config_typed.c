/* What is typed by hand: lists and names on the command line, schemes in place of stacks, remarks, and
 * messages that name what was typed. */
#include "config/config.h"
#include "tests/unit/check.h"

#define BASE(more)                                                                                 \
    "{\"name\": \"t\", \"dataset\": {\"name\": \"journal\", \"train_tokens\": 5000, "              \
    "\"valid_tokens\": "                                                                           \
    "5000}, \"model\": {\"layers\": 1, \"d_model\": 16, \"heads\": 2}, \"train\": {\"length\": "   \
    "16, "                                                                                         \
    "\"batch_tokens\": 64, \"steps\": 10, \"warmup\": 2}, \"eval\": {\"lengths\": [\"1x\", "       \
    "\"2x\"], "                                                                                    \
    "\"tokens\": 1024}, " more "}"
#define ENCODINGS "\"encodings\": [\"alibi\"]"

/* The text must fail with LX_ECONFIG and a message that begins so. */
static void refuse(const char *text, const char *message)
{
    struct lx_config c;
    struct lx_err err = {0};

    CHECK_FAILS(lx_config_parse(&c, text, strlen(text), "a.json", NULL, 0, &err), LX_ECONFIG,
                message);
    lx_config_free(&c);
}

/* Lists of the command line, in the form in which one types them. */
static void takes_lists(void **state)
{
    char names[] = "encodings=nope,rope+alibi,rope+yarn", seeds[] = "seeds=1..3,7",
         lengths[] = "eval.lengths=1x,32", modes[] = "eval.modes=sliding", one[] = "seeds=5",
         array[] = "seeds=[4,2]", object[] = "encodings={\"name\": \"rope\", \"base\": 99}";
    char *typed[] = {names, seeds, lengths, modes}, *last[] = {seeds, one}, *plain[] = {array};
    char *single[] = {object};
    const char *text = BASE("\"encodings\": [\"nope\"]");
    struct lx_config c;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_config_parse(&c, text, strlen(text), "a.json", typed, 4, &err));
    assert_int_equal(c.n_encodings, 3);
    assert_string_equal(c.encodings[1].trained.id, "rope+alibi");
    assert_int_equal(c.encodings[1].trained.stack.n, 2);
    assert_string_equal(c.encodings[2].trained.id, "rope+yarn");
    assert_int_equal(c.encodings[2].trained.stack.n, 1);
    assert_int_equal(c.n_seeds, 4);
    assert_int_equal(c.seeds[2], 3);
    assert_int_equal(c.seeds[3], 7);
    assert_int_equal(lx_config_variant(&c, 0, 0)->eval.n_lengths, 2);
    assert_int_equal(lx_config_variant(&c, 0, 0)->eval.lengths[1], 32);
    assert_true(lx_config_variant(&c, 0, 0)->eval.modes[LX_MODE_SLIDING]);
    assert_false(lx_config_variant(&c, 0, 0)->eval.modes[LX_MODE_LAST]);
    lx_config_free(&c);
    CHECK_OK(lx_config_parse(&c, text, strlen(text), "a.json", last, 2, &err));
    assert_int_equal(c.n_seeds, 1);
    assert_int_equal(c.seeds[0], 5);
    lx_config_free(&c);
    CHECK_OK(lx_config_parse(&c, text, strlen(text), "a.json", plain, 1, &err));
    assert_int_equal(c.n_seeds, 2);
    lx_config_free(&c);
    CHECK_OK(lx_config_parse(&c, text, strlen(text), "a.json", single, 1, &err));
    assert_int_equal(c.n_encodings, 1);
    lx_config_free(&c);
}

/* Which override a message is about, or that it takes the file and the overrides together. */
static void names_the_override(void **state)
{
    static const char *const cases[][2] = {
        {"train.lr=1e3O", "override train.lr=1e3O: must be a number, got \"1e3O\""},
        {"seeds=[1,2", "override seeds=[1,2: line 1, column 5: "},
        {"seeds=3..1", "override seeds=3..1: seeds[0]: must be a whole number, got a string"},
        {"encodings=ropee", "override encodings=ropee: encodings[0]: unknown encoding \"ropee\""},
        {"encodings=nope+bb", "override encodings=nope+bb: encodings[0]: unknown encoding \"bb\""},
        {"encodings[0].base=0", "override encodings[0].base=0: must be greater than 1, got 0"},
        {"sedes=3", "override sedes=3: unknown key \"sedes\" (did you mean \"seeds\"?)"},
        {"train.length=999", "a.json with train.length=999: train.batch_tokens: must be"},
    };
    const char *text = BASE("\"encodings\": [{\"name\": \"rope\"}]");
    struct lx_config c;
    struct lx_err err;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char override[100], *one[] = {override};

        (void)snprintf(override, sizeof(override), "%s", cases[i][0]);
        CHECK_FAILS(lx_config_parse(&c, text, strlen(text), "a.json", one, 1, &err), LX_ECONFIG,
                    cases[i][1]);
        lx_config_free(&c);
    }
}

/* A scheme in place of its stack, and what is for people. */
static void takes_named_entries_and_notes(void **state)
{
    const char *text =
        BASE("\"$schema\": \"x.json\", \"notes\": [\"why\", \"how\"], \"encodings\": [{\"name\": "
             "\"rope\", \"base\": 50, \"evaluate_as\": [{\"id\": \"y\", \"name\": \"rope\", "
             "\"scaling\": \"pi\"}]}, {\"name\": \"alibi\", \"slope_multiplier\": {\"sweep\": [1, "
             "2]}}]");
    struct lx_config c;
    struct lx_buf out = {0};
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_config_parse(&c, text, strlen(text), "a.json", NULL, 0, &err));
    assert_int_equal(c.n_encodings, 3);
    assert_string_equal(c.encodings[0].trained.id, "rope");
    assert_string_equal(c.encodings[0].evaluate_as[0].id, "y");
    assert_string_equal(c.encodings[2].trained.id, "alibi-slope_multiplier-2");
    CHECK_OK(lx_config_write(&c, &out, &err));
    assert_non_null(strstr(out.text, "\"base\": 50"));
    assert_non_null(strstr(out.text, "\"why\""));
    assert_null(strstr(out.text, "$schema"));
    lx_buf_free(&out);
    lx_config_free(&c);
    refuse(BASE("\"encodings\": [{\"name\": \"rope\", \"bas\": 7}]"),
           "a.json: encodings[0]: unknown key \"bas\" (did you mean \"base\"?)");
    refuse(BASE("\"encodings\": [{\"name\": \"rope\", \"evaluate_as\": [{\"name\": \"t5\", "
                "\"buckets\": -1}]}]"),
           "a.json: encodings[0].evaluate_as[0].buckets: must be at least");
    refuse(BASE("\"encodings\": [{\"name\": \"rope\", \"stack\": [\"rope\"]}]"),
           "a.json: encodings[0]: must have a name or a stack, not both");
    refuse(BASE("\"encodings\": [{\"name\": 3}]"),
           "a.json: encodings[0].name: must be a string, got a number");
    refuse(BASE(ENCODINGS ", \"notes\": 3"),
           "a.json: notes: must be a string or a list of strings, got a number");
    refuse(BASE(ENCODINGS ", \"$schema\": 3"), "a.json: $schema: must be a string, got a number");
}

static void null_takes_a_section_out(void **state)
{
    char no_tune[] = "tune=null", no_name[] = "name=null", lr[] = "train.lr=null";
    char *out[] = {no_tune}, *needed[] = {no_name}, *inside[] = {lr};
    const char *text = BASE("\"tune\": {}, " ENCODINGS);
    struct lx_config c;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_config_parse(&c, text, strlen(text), "a.json", NULL, 0, &err));
    assert_non_null(c.tune);
    lx_config_free(&c);
    CHECK_OK(lx_config_parse(&c, text, strlen(text), "a.json", out, 1, &err));
    assert_null(c.tune);
    lx_config_free(&c);
    CHECK_FAILS(lx_config_parse(&c, text, strlen(text), "a.json", needed, 1, &err), LX_ECONFIG,
                "name=null: must be given");
    lx_config_free(&c);
    CHECK_FAILS(lx_config_parse(&c, text, strlen(text), "a.json", inside, 1, &err), LX_ECONFIG,
                "lr");
    lx_config_free(&c);
}

/* A name as the key of an object: what is written here instead stands in the hint. */
static void hints_at_names_that_are_keys(void **state)
{
    static const struct {
        const char *text, *message, *hint;
    } cases[] = {
        {BASE("\"encodings\": [{\"rope\": {\"base\": 500}}]"),
         "a.json: encodings[0]: unknown key \"rope\"", "{\"name\": \"rope\", ...}"},
        {BASE("\"encodings\": [{\"id\": \"x\", \"rotary\": {}}]"),
         "a.json: encodings[0]: unknown key \"rotary\"", "{\"name\": \"rope\"}"},
        {BASE("\"encodings\": [{\"stack\": [\"rope\", {\"alibbi\": {\"slopes\": 2}}]}]"),
         "a.json: encodings[0].stack[1].name: must be a string, got nothing",
         "{\"name\": \"alibi\", ...}"},
        {BASE("\"encodings\": [{\"id\": \"x\", \"base\": 500}]"),
         "a.json: encodings[0]: unknown key \"base\"", ""},
        {BASE(ENCODINGS ", \"analyses\": [{\"retrieval\": {\"prompts\": 3}}]"),
         "a.json: analyses[0].name: must be given", "{\"name\": \"retrieval\", ...}"},
        {"{\"name\": \"t\", \"dataset\": {\"journal\": {}}}", "a.json: dataset.name: must be given",
         "{\"name\": \"journal\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lx_config c;
        struct lx_err err = {0};

        CHECK_FAILS(
            lx_config_parse(&c, cases[i].text, strlen(cases[i].text), "a.json", NULL, 0, &err),
            LX_ECONFIG, cases[i].message);
        assert_string_equal(err.hint, cases[i].hint);
        lx_config_free(&c);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(takes_lists),
    cmocka_unit_test(null_takes_a_section_out),
    cmocka_unit_test(names_the_override),
    cmocka_unit_test(takes_named_entries_and_notes),
    cmocka_unit_test(hints_at_names_that_are_keys),
};

CHECK_MAIN(tests)
