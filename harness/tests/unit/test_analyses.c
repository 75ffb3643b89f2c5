/* The frame that analyses stand in: what a config may say of them and the words when it is wrong, which
 * cells they belong to, what they cost, where their windows lie, and when they are not run. */
#include "analysis/analysis.h"
#include "config/config.h"
#include "plan/plan.h"
#include "tests/unit/model_rig.h"

#define CONFIG(more)                                                                               \
    "{\"name\": \"t\", \"dataset\": {\"name\": \"journal\", \"train_tokens\": 5000, "              \
    "\"valid_tokens\": 5000}, \"model\": {\"layers\": 1, \"d_model\": 16, \"heads\": 2}, "         \
    "\"train\": {\"length\": 16, \"batch_tokens\": 64, \"steps\": 10, \"warmup\": 2}, "            \
    "\"eval\": {\"lengths\": [\"1x\", \"2x\"], \"tokens\": 1024}, \"encodings\": [\"alibi\", "     \
    "{\"id\": \"r\", \"stack\": [\"rope\"], \"evaluate_as\": [{\"id\": \"r2\", \"stack\": "        \
    "[\"rope\"]}]}]" more "}"
#define ANALYSES(list) CONFIG(", \"analyses\": " list)

static enum lx_code parse(struct lx_config *c, const char *text, struct lx_err *err)
{
    return lx_config_parse(c, text, strlen(text), "a.json", NULL, 0, err);
}

static void refuse(const char *list, const char *message)
{
    struct lx_config c;
    struct lx_buf text = {0};
    struct lx_err err = {0};
    enum lx_code code;

    lx_buf_printf(&text, ANALYSES("%s"), list);
    code = parse(&c, text.text, &err);
    if (code != LX_ECONFIG || strcmp(err.text, message) != 0)
        fail_msg("%s\n  gives %d: %s\n  not     %s", list, (int)code, err.text, message);
    lx_config_free(&c);
    lx_buf_free(&text);
}

/* Lists of analyses, and what a config with each is refused with. */
static const struct {
    const char *list, *message;
} wrong_lists[] = {
    {"3", "a.json: analyses: must be an array, got a number"},
    {"[3]", "a.json: analyses[0]: must be an object or a name, got a number"},
    {"[{}]", "a.json: analyses[0].name: must be given"},
    {"[\"receptive_feild\"]", "a.json: analyses[0]: unknown analysis \"receptive_feild\" (did you "
                              "mean \"receptive_field\"?)"},
    {"[{\"name\": \"zzz\"}]", "a.json: analyses[0].name: unknown analysis \"zzz\""},
    {"[{\"name\": \"receptive_field\", \"shares\": 1}]",
     "a.json: analyses[0]: unknown key \"shares\" (did you mean \"share\"?)"},
    {"[{\"name\": \"receptive_field\", \"share\": 0}]",
     "a.json: analyses[0].share: must be greater than 0, got 0"},
    {"[{\"name\": \"receptive_field\", \"lengths\": [32, 16]}]",
     "a.json: analyses[0].lengths[1]: must ascend, got 16 after 32"},
    {"[\"receptive_field\", \"receptive_field\"]",
     "a.json: analyses[1].id: must be unique, got \"receptive_field\" as in analyses[0]"},
    {"[{\"name\": \"receptive_field\", \"id\": \"last\"}]",
     "a.json: analyses[0].id: \"last\" is a mode of evaluation"},
    {"[{\"name\": \"receptive_field\", \"id\": \"a\"}, {\"name\": \"receptive_field\", \"id\": "
     "\"a_gain\"}]",
     "a.json: analyses[1].id: must be a name whose figures replace no other, got \"a_gain\" "
     "beside \"a\" in analyses[0], of which there is a figure ID_gain"},
    {"[{\"name\": \"receptive_field\", \"id\": \"a-b\"}, {\"name\": \"receptive_field\", "
     "\"id\": \"a\"}]",
     "a.json: analyses[1].id: must be a name whose figures replace no other, got \"a\" beside "
     "\"a-b\" in analyses[0]"},
    {"[{\"name\": \"receptive_field\", \"id\": \"a,b\"}]",
     "a.json: analyses[0].id: must be a name of 1 to 100 letters, digits and _+.-, got \"a,b\""},
    {"[{\"name\": \"receptive_field\", \"encodings\": []}]",
     "a.json: analyses[0].encodings: must be a non-empty array of ids"},
    {"[{\"name\": \"receptive_field\", \"encodings\": [\"alibbi\"]}]",
     "a.json: analyses[0].encodings[0]: no encoding has the id \"alibbi\" (did you mean "
     "\"alibi\"?)"},
    {"[{\"name\": \"alignment\", \"lengths\": [\"2x\", 48]}]",
     "a.json: analyses[0].lengths[1]: must be one of eval.lengths, where it is evaluated, "
     "got 48"},
    {"[{\"name\": \"alignment\"}, {\"name\": \"alignment\", \"id\": \"b\", \"skip\": 0}]",
     "a.json: analyses[1]: must not evaluate a stack as \"+align-entropy\" again, like "
     "analyses[0]"},
    {"[{\"name\": \"alignment\", \"encodings\": [\"r\"]}, {\"name\": \"alignment\", \"id\": "
     "\"b\", "
     "\"encodings\": [\"alibi\"]}, {\"name\": \"alignment\", \"id\": \"c\", \"encodings\": "
     "[\"r\"]}]",
     "a.json: analyses[2]: must not evaluate a stack as \"+align-entropy\" again, like "
     "analyses[0]"},
    {"[{\"name\": \"alignment\", \"strategy\": \"entropie\"}]",
     "a.json: analyses[0].strategy: must be one of entropy, max_prob, got \"entropie\" (did "
     "you mean \"entropy\"?)"},
    {"[{\"name\": \"alignment\", \"lowest\": 2}]",
     "a.json: analyses[0].lowest: must be at most 1, got 2"},
    {"[\"receptive_field\", \"retrieval\"]",
     "a.json: analyses[1]: retrieval needs a dataset that makes prompts (questions), got "
     "journal"},
};

static void refuses_wrong_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrong_lists) / sizeof(wrong_lists[0]); i++)
        refuse(wrong_lists[i].list, wrong_lists[i].message);
}

static void refuses_ids_whose_figures_replace_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        static const char *const taken[] = {"ppl_vs_length", "entropy_vs_length", "nll_by_position",
                                            "training_curves", "ppl_vs_length-last"};
        char list[120], message[240];

        (void)snprintf(list, sizeof(list), "[{\"name\": \"receptive_field\", \"id\": \"%s\"}]",
                       taken[i]);
        (void)snprintf(message, sizeof(message),
                       "a.json: analyses[0].id: must be a name whose figures replace no other, got "
                       "\"%s\", which replaces %s",
                       taken[i], i < 4 ? taken[i] : taken[0]);
        refuse(list, message);
    }
}

/* The plan's ids and costs: cell k of a config. */
static void plan_cell(const char *text, size_t k, struct lx_cell *out)
{
    struct lx_config c;
    struct lx_plan p;
    struct lx_err err;

    CHECK_OK(parse(&c, text, &err));
    CHECK_OK(lx_plan_make(&p, &c, &err));
    CHECK_OK(lx_plan_resolve(&p, k, &err));
    *out = p.cells[k];
    lx_plan_free(&p);
    lx_config_free(&c);
}

static void check_ids(const char *text, size_t k, bool same_id)
{
    struct lx_cell plain, cell;

    plan_cell(CONFIG(""), k, &plain);
    plan_cell(text, k, &cell);
    assert_string_equal(cell.train_id, plain.train_id);
    assert_int_equal(strcmp(cell.id, plain.id) == 0, same_id);
    if (same_id) {
        CHECK_NEAR(cell.eval_flops, plain.eval_flops, 0);
        assert_int_equal(cell.eval_bytes, plain.eval_bytes);
    } else {
        assert_true(cell.eval_flops > plain.eval_flops);
        assert_true(cell.eval_bytes > plain.eval_bytes);
    }
}

/* An analysis evaluates again and never trains again, and only the cells that it sees. */
static void ids_follow_what_is_measured(void **state)
{
    (void)state;
    check_ids(ANALYSES("[]"), 0, true);
    check_ids(ANALYSES("[\"receptive_field\"]"), 0, false);
    check_ids(ANALYSES("[\"receptive_field\"]"), 1, false);
    check_ids(ANALYSES("[{\"name\": \"receptive_field\", \"encodings\": [\"alibi\"]}]"), 0, false);
    check_ids(ANALYSES("[{\"name\": \"receptive_field\", \"encodings\": [\"alibi\"]}]"), 1, true);
    check_ids(ANALYSES("[{\"name\": \"receptive_field\", \"encodings\": [\"r2\"]}]"), 1, false);
}

static void ids_follow_options(void **state)
{
    struct lx_cell bare, spelled, other;

    (void)state;
    plan_cell(ANALYSES("[\"receptive_field\"]"), 0, &bare);
    plan_cell(
        ANALYSES("[{\"name\": \"receptive_field\", \"share\": 0.99, \"lengths\": [\"1x\", 32]}]"),
        0, &spelled);
    plan_cell(ANALYSES("[{\"name\": \"receptive_field\", \"share\": 0.9}]"), 0, &other);
    assert_string_equal(bare.id, spelled.id);
    assert_string_not_equal(bare.id, other.id);
}

static void resolved_config_keeps_them(void **state)
{
    struct lx_config c;
    struct lx_buf once = {0}, twice = {0};
    struct lx_err err;

    (void)state;
    CHECK_OK(parse(&c, CONFIG(""), &err));
    CHECK_OK(lx_config_write(&c, &once, &err));
    assert_null(strstr(once.text, "analyses"));
    lx_buf_clear(&once);
    lx_config_free(&c);
    CHECK_OK(
        parse(&c,
              ANALYSES("[{\"name\": \"receptive_field\", \"lengths\": [\"2x\"], \"encodings\": "
                       "[\"r2\"]}]"),
              &err));
    CHECK_OK(lx_config_write(&c, &once, &err));
    lx_config_free(&c);
    assert_non_null(strstr(once.text, "\"2x\""));
    assert_non_null(strstr(once.text, "\"control_windows\": 128"));
    CHECK_OK(parse(&c, once.text, &err));
    CHECK_OK(lx_config_write(&c, &twice, &err));
    assert_string_equal(once.text, twice.text);
    lx_config_free(&c);
    lx_buf_free(&once);
    lx_buf_free(&twice);
}

/* All lengths predict the same tokens, in rising order, the first as early and the last as late as
 * the longest length can. */
static void windows_end_together(void **state)
{
    struct lx_stream stream = {.n = 1000};
    struct lx_analysis_subject s = {.stream = &stream};
    struct lx_analysis_call c = {.subject = &s, .longest = 64};
    size_t before = 0;

    (void)state;
    for (int k = 0; k < 7; k++) {
        size_t end = lx_analysis_window(&c, k, 7, 64) + 64;

        assert_int_equal(lx_analysis_window(&c, k, 7, 5) + 5, end);
        assert_true(end < stream.n && end > before);
        before = end;
    }
    assert_int_equal(lx_analysis_window(&c, 0, 7, 64), 0);
    assert_int_equal(before, stream.n - 1);
    assert_int_equal(lx_analysis_window(&c, 0, 1, 64), 0);
    stream.n = 65; /* a split of just one window */
    assert_int_equal(lx_analysis_window(&c, 3, 7, 64), 0);
}

/* ------------------------------------------------------------------------------------- running */

enum { V = 11, L = 8 };

struct run_rig {
    struct model_rig model;
    struct lx_stream stream;
    double bytes[V];
    struct lx_eval_config eval;
    struct lx_json *list;
    struct lx_analyses analyses;
    struct lx_analysis_subject subject;
    struct lx_metrics out;
    int calls, stop_at, units;
    size_t rows_at[LX_EVAL_LENGTHS];
};

static bool seen(void *ctx, double done, double total)
{
    struct run_rig *r = ctx;

    assert_true(done >= 0 && done <= total * (1 + 1e-9));
    return ++r->calls != r->stop_at;
}

/* Both splits are the one stream. */
static enum lx_code load(void *ctx, enum lx_split split, const struct lx_stream **out,
                         struct lx_err *err)
{
    struct run_rig *r = ctx;

    (void)split;
    (void)err;
    *out = &r->stream;
    return LX_OK;
}

/* A dataset of nothing but prompts. */
static enum lx_code ask(const void *self, struct lx_rng *rng, int length, double depth,
                        struct lx_prompt *out, struct lx_err *err)
{
    (void)self;
    (void)depth;
    (void)err;
    out->at = 0;
    out->answers = 2;
    for (int i = 0; i <= length && out->tokens != NULL; i++)
        out->tokens[i] = (uint16_t)lx_rng_below(rng, V);
    return LX_OK;
}

static const struct lx_dataset_ops prompts = {.name = "prompts", .prompt = ask};

static void open_run(struct run_rig *r, const char *stack, const char *list)
{
    struct model_shape shape = {
        .config = {.layers = 2, .d_model = 8, .heads = 2, .d_ff = 12, .vocab = V},
        .train_length = L,
        .max_length = 4 * L,
        .gradients = true};
    struct lx_err err;

    memset(r, 0, sizeof(*r));
    model_open(&r->model, stack, &shape);
    r->stream.n = 500;
    r->stream.tokens = model_tokens(&r->model, r->stream.n, 2);
    r->eval = (struct lx_eval_config){.lengths = {L, 2 * L, 4 * L},
                                      .n_lengths = 3,
                                      .modes = {true},
                                      .tokens = 128,
                                      .stride = 2,
                                      .batch_tokens = 32};
    CHECK_OK(lx_json_parse(list, strlen(list), "list", &r->list, &err));
    CHECK_OK(lx_analyses_parse(&r->analyses, r->list, "analyses", &r->model.m.config, &r->eval, L,
                               &r->model.arena, &err));
    r->subject = (struct lx_analysis_subject){.m = &r->model.m,
                                              .stack_id = "s",
                                              .eval = &r->eval,
                                              .stream = &r->stream,
                                              .token_bytes = r->bytes,
                                              .load = load,
                                              .load_ctx = r,
                                              .dataset = &prompts,
                                              .seed = 1,
                                              .trained_windows = 100,
                                              .watch = {.seen = seen, .ctx = r}};
}

static void close_run(struct run_rig *r)
{
    lx_metrics_free(&r->out);
    lx_json_free(r->list);
    model_close(&r->model);
}

/* An analysis' own rows of that length with that status; `metric` NULL: all. */
static int count(const struct run_rig *r, int T, const char *metric, const char *status)
{
    int n = 0;

    for (size_t i = 0; i < r->out.n; i++)
        n += r->out.rows[i].eval_length == T && r->out.rows[i].suffix == NULL &&
             strcmp(r->out.rows[i].status, status) == 0 &&
             (metric == NULL || strcmp(r->out.rows[i].metric, metric) == 0);
    return n;
}

static int metrics_of(const char *name)
{
    int n = 0;

    while (lx_analysis_find(name)->metrics[n] != NULL)
        n++;
    return n;
}

/* Every analysis there is, by its name, on a stack that has a longest length. */
static void each_says_what_cannot_be(void **state)
{
    (void)state;
    for (int i = 0; i < lx_analysis_count(); i++) {
        const char *name = lx_analysis_at(i)->name;
        int all = metrics_of(name);
        char list[100];
        struct run_rig r;
        struct lx_err err;

        (void)snprintf(list, sizeof(list), "[\"%s\"]", name);
        open_run(&r, "[{\"name\": \"learned\"}]", list);
        CHECK_OK(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err));
        assert_true(count(&r, L, NULL, "ok") > 0);
        for (size_t k = 0; k < r.out.n; k++)
            if (r.out.rows[k].eval_length == L)
                assert_string_equal(r.out.rows[k].status, "ok");
        assert_int_equal(count(&r, 2 * L, NULL, "not_applicable"), all);
        assert_int_equal(count(&r, 2 * L, NULL, "ok") + count(&r, 4 * L, NULL, "ok"), 0);
        r.out.n = 0;
        r.subject.diverged = true;
        CHECK_OK(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err));
        assert_int_equal(count(&r, L, NULL, "diverged"), all);
        r.out.n = 0;
        r.subject.diverged = false;
        r.subject.memory_limit = 100;
        CHECK_OK(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err));
        assert_int_equal(count(&r, L, NULL, "out_of_memory"), all);
        close_run(&r);
    }
}

/* Each can be stopped at every place where it says that it goes on, gives the same rows twice, and
 * leaves the weights alone. */
static void each_stops_and_repeats(void **state)
{
    (void)state;
    for (int i = 0; i < lx_analysis_count(); i++) {
        char list[100];
        struct run_rig r;
        struct lx_metrics first;
        struct lx_err err;
        real *weights;
        size_t size;
        int calls;

        (void)snprintf(list, sizeof(list), "[\"%s\"]", lx_analysis_at(i)->name);
        open_run(&r, "[]", list);
        size = r.model.m.params.n_values * sizeof(*weights);
        model_scatter(&r.model, 0.3, 1);
        weights = model_take(&r.model, 1, size);
        memcpy(weights, r.model.m.params.w, size);
        CHECK_OK(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err));
        first = r.out;
        calls = r.calls;
        assert_true(calls >= 3);
        for (r.stop_at = 1; r.stop_at <= calls; r.stop_at += 1 + r.stop_at / 4) {
            r.calls = 0;
            r.out = (struct lx_metrics){0};
            CHECK_FAILS(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err), LX_EINTERRUPT,
                        "interrupted");
            lx_metrics_free(&r.out);
            assert_memory_equal(weights, r.model.m.params.w, size);
        }
        r.stop_at = 0;
        r.out = (struct lx_metrics){0};
        CHECK_OK(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err));
        assert_int_equal(r.out.n, first.n);
        for (size_t k = 0; k < first.n; k++) {
            const struct lx_metric *a = &first.rows[k], *b = &r.out.rows[k];

            assert_string_equal(a->metric, b->metric);
            assert_memory_equal(&a->value, &b->value, sizeof(a->value));
        }
        assert_memory_equal(weights, r.model.m.params.w, size);
        lx_metrics_free(&first);
        close_run(&r);
    }
}

/* Skipping what was done before leaves just the rows that come after; units are announced one by
 * one. */
static void count_units(void *ctx, const struct lx_metrics *rows)
{
    struct run_rig *r = ctx;

    r->rows_at[r->units++] = rows->n;
}

static void each_goes_on_behind_finished_units(void **state)
{
    (void)state;
    for (int i = 0; i < lx_analysis_count(); i++) {
        char list[100];
        struct run_rig r;
        struct lx_metrics all;
        struct lx_err err;
        size_t rows_at[LX_EVAL_LENGTHS];
        int units;

        (void)snprintf(list, sizeof(list), "[\"%s\"]", lx_analysis_at(i)->name);
        open_run(&r, "[]", list);
        r.subject.watch.unit = count_units;
        CHECK_OK(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err));
        units = r.units;
        all = r.out;
        memcpy(rows_at, r.rows_at, sizeof(rows_at));
        assert_int_equal(units, lx_analyses_units(&r.analyses, "s"));
        assert_int_equal(rows_at[units - 1], all.n);
        for (int skip = -1; skip <= units; skip++) {
            size_t first = skip > 0 ? rows_at[skip - 1] : 0;

            r.out = (struct lx_metrics){0};
            r.units = 0;
            r.subject.watch.skip = skip;
            CHECK_OK(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err));
            assert_int_equal(r.units, skip > 0 ? units - skip : units);
            assert_int_equal(r.out.n, all.n - first);
            for (size_t k = 0; k < r.out.n; k++) {
                assert_string_equal(r.out.rows[k].metric, all.rows[first + k].metric);
                assert_memory_equal(&r.out.rows[k].value, &all.rows[first + k].value,
                                    sizeof(double));
            }
            lx_metrics_free(&r.out);
        }
        lx_metrics_free(&all);
        close_run(&r);
    }
}

/* An analysis that changes nothing scores just what the evaluation does, under another name. */
static void scores_the_targets_of_the_evaluation(void **state)
{
    struct run_rig r;
    struct lx_metrics plain = {0};
    struct lx_analysis_call c;
    size_t k = 0;
    struct lx_err err;

    (void)state;
    open_run(&r, "[]", "[\"receptive_field\"]");
    r.eval.attention = true;
    r.eval.modes[LX_MODE_LAST] = true;
    CHECK_OK(lx_evaluate(&r.model.m, &r.eval, &(struct lx_eval_text){&r.stream, r.bytes, NULL},
                         false, 0, NULL, &plain, &err));
    r.subject.watch.skip = 5;
    c = (struct lx_analysis_call){.subject = &r.subject,
                                  .item = &r.analyses.item[0],
                                  .m = &r.model.m,
                                  .T = 2 * L,
                                  .out = &r.out,
                                  .total = 1e30};
    CHECK_OK(lx_analysis_evaluate(&c, &r.eval, "+same", 0, 1, &err));
    assert_true(r.calls > 0);
    for (size_t i = 0; i < plain.n; i++) {
        const struct lx_metric *a = &plain.rows[i], *b = &r.out.rows[k];

        if (a->eval_length != 2 * L)
            continue;
        assert_true(k++ < r.out.n);
        assert_string_equal(a->metric, b->metric);
        assert_string_equal(a->mode, b->mode);
        assert_memory_equal(&a->value, &b->value, sizeof(a->value));
        assert_string_equal(b->suffix, "+same");
        assert_null(a->suffix);
    }
    assert_int_equal(k, r.out.n);
    r.stop_at = r.calls + 1;
    CHECK_FAILS(lx_analysis_evaluate(&c, &r.eval, "+same", 0, 1, &err), LX_EINTERRUPT,
                "interrupted");
    lx_metrics_free(&plain);
    close_run(&r);
}

static void runs_where_it_applies(void **state)
{
    struct run_rig r;
    struct lx_err err;

    (void)state;
    open_run(&r, "[]", "[{\"name\": \"receptive_field\", \"encodings\": [\"other\"]}]");
    CHECK_OK(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err));
    assert_int_equal(r.out.n, 0);
    assert_false(lx_analyses_gradients(&r.analyses, "s"));
    assert_true(lx_analyses_gradients(&r.analyses, "other"));
    r.subject.stack_id = "other";
    CHECK_OK(lx_analyses_run(&r.analyses, &r.subject, &r.out, &err));
    assert_true(r.out.n > 0);
    assert_string_equal(r.out.rows[0].mode, "receptive_field");
    close_run(&r);
}

/* Model.temperature t is the temperature scheme's tau = t, to the bit. */
static void temperature_is_tau(void **state)
{
    struct model_shape shape = {
        .config = {.layers = 2, .d_model = 8, .heads = 2, .d_ff = 12, .vocab = V},
        .train_length = L,
        .max_length = L};
    real two[] = {2, 2, 2, 2};
    struct model_rig a, b;
    const uint16_t *tokens;
    size_t n = (size_t)L * V * sizeof(real);
    real *plain, *hot;

    (void)state;
    model_open(&a, "[{\"name\": \"rope\"}]", &shape);
    model_open(&b, "[{\"name\": \"rope\"}, {\"name\": \"temperature\", \"tau\": 2}]", &shape);
    model_work(&a, 1, L, false);
    model_work(&b, 1, L, false);
    tokens = model_tokens(&a, L, 3);
    plain = model_logits(&a, tokens, 1, L);
    a.m.temperature = two;
    hot = model_logits(&a, tokens, 1, L);
    assert_memory_equal(hot, model_logits(&b, tokens, 1, L), n);
    assert_memory_not_equal(hot, plain, n);
    model_close(&a);
    model_close(&b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(refuses_wrong_lists),
    cmocka_unit_test(refuses_ids_whose_figures_replace_others),
    cmocka_unit_test(ids_follow_what_is_measured),
    cmocka_unit_test(ids_follow_options),
    cmocka_unit_test(resolved_config_keeps_them),
    cmocka_unit_test(windows_end_together),
    cmocka_unit_test(each_says_what_cannot_be),
    cmocka_unit_test(each_stops_and_repeats),
    cmocka_unit_test(runs_where_it_applies),
    cmocka_unit_test(temperature_is_tau),
    cmocka_unit_test(each_goes_on_behind_finished_units),
    cmocka_unit_test(scores_the_targets_of_the_evaluation),
};

CHECK_MAIN(tests)
