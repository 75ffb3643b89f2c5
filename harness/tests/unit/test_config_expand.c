/* Sweeps in the options of stacks: one entry becomes several, each named after its values. */
#include <string.h>

#include "check.h"
#include "config/config.h"

#define CONFIG(encodings)                                                                          \
    "{\"name\": \"t\", \"dataset\": {\"name\": \"journal\", \"train_tokens\": 5000, "              \
    "\"valid_tokens\": 5000}, \"model\": {\"layers\": 1, \"d_model\": 16, \"heads\": 2}, "         \
    "\"train\": {\"length\": 16, \"batch_tokens\": 64, \"steps\": 10, \"warmup\": 2}, "            \
    "\"eval\": {\"lengths\": [\"1x\", \"2x\"], \"tokens\": 1024}, \"encodings\": [" encodings "]}"

static struct lx_err err;

static void open_config(struct lx_config *c, const char *text)
{
    if (lx_config_parse(c, text, strlen(text), "a.json", NULL, 0, &err) != LX_OK)
        fail_msg("%s: %s", text, err.text);
}

static void every_choice_is_an_entry(void **state)
{
    static const char *const ids[] = {
        "nope",
        "rope+alibi-base-10-slopes-geometric",
        "rope+alibi-base-10-slopes-harmonic",
        "rope+alibi-base-20.5-slopes-geometric",
        "rope+alibi-base-20.5-slopes-harmonic",
        "f-dist-1-learned.r.init-0.5",
        "f-dist-1-learned.r.init-2",
        "f-dist-2-learned.r.init-0.5",
        "f-dist-2-learned.r.init-2",
    };
    struct lx_config c;

    (void)state;
    open_config(&c,
                CONFIG("\"nope\", {\"stack\": [{\"name\": \"rope\", \"base\": {\"sweep\": [10, "
                       "20.5]}}, {\"name\": \"alibi\", \"slopes\": {\"sweep\": [\"geometric\", "
                       "\"harmonic\"]}}]}, {\"id\": \"f\", \"stack\": [{\"name\": \"formula\", "
                       "\"dist\": {\"sweep\": [\"-r*d\", \"-r*log(1+d)\"]}, \"learned\": {\"r\": "
                       "{\"init\": {\"sweep\": [0.5, [0, 1]]}}}}]}"));
    assert_int_equal(c.n_encodings, sizeof(ids) / sizeof(ids[0]));
    for (size_t i = 0; i < c.n_encodings; i++)
        assert_string_equal(c.encodings[i].trained.id, ids[i]);
    assert_string_equal(c.encodings[4].trained.path, "encodings[1]");
    lx_config_free(&c);
}

/* What is written back says every choice and is read as the same entries. */
static void what_is_written_is_the_same_plan(void **state)
{
    struct lx_config c, again;
    struct lx_buf out = {0}, twice = {0};

    (void)state;
    open_config(&c,
                CONFIG("{\"id\": \"a\", \"stack\": [{\"name\": \"alibi\", \"learned\": {\"sweep\": "
                       "[false, true]}}], \"evaluate_as\": [{\"id\": \"w\", \"stack\": "
                       "[\"alibi\", \"window\"]}, {\"stack\": [\"alibi\"]}]}"));
    assert_int_equal(c.n_encodings, 2);
    assert_string_equal(c.encodings[0].evaluate_as[0].id, "w-learned-false");
    assert_string_equal(c.encodings[1].evaluate_as[0].id, "w-learned-true");
    assert_string_equal(c.encodings[1].evaluate_as[1].id, "alibi-learned-true");
    CHECK_OK(lx_config_write(&c, &out, &err));
    open_config(&again, out.text);
    CHECK_OK(lx_config_write(&again, &twice, &err));
    assert_string_equal(out.text, twice.text);
    lx_buf_free(&out);
    lx_buf_free(&twice);
    lx_config_free(&c);
    lx_config_free(&again);
}

static void refusals(void **state)
{
    static const char *const cases[][2] = {
        {CONFIG("{\"stack\": [{\"name\": \"rope\", \"base\": {\"sweep\": []}}]}"),
         "a.json: encodings[0].stack: base.sweep: must not be empty"},
        {CONFIG("\"nope\", {\"stack\": [{\"name\": \"rope\", \"base\": {\"sweep\": [10, 0]}}]}"),
         "a.json: encodings[1].stack[0].base: must be greater than 1, got 0"},
        {CONFIG("{\"stack\": [{\"name\": \"rope\", \"base\": {\"sweep\": [10, 10]}}]}"),
         "must be unique, got \"rope-base-10\""},
        {CONFIG("{\"stack\": [{\"name\": \"rope\", \"base\": {\"sweep\": 10}}]}"),
         "a.json: encodings[0].stack[0].base: must be a number, got an object"},
        {CONFIG("{\"stack\": [{\"name\": \"rope\", \"base\": {\"sweep\": [10], \"of\": 1}}]}"),
         "a.json: encodings[0].stack[0].base: must be a number, got an object"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lx_config c;

        CHECK_FAILS(lx_config_parse(&c, cases[i][0], strlen(cases[i][0]), "a.json", NULL, 0, &err),
                    LX_ECONFIG, cases[i][1]);
        lx_config_free(&c);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_choice_is_an_entry),
    cmocka_unit_test(what_is_written_is_the_same_plan),
    cmocka_unit_test(refusals),
};

CHECK_MAIN(tests)
