/* Training states on disk: every bit comes back, a training goes on from any step as if it had never
 * stopped, and a file that is cut, changed in any byte, or of another training is never used. */
#include <fcntl.h>
#include <unistd.h>

#include "kernels/gemm.h"
#include "system/fs.h"
#include "tests/unit/folder_rig.h"
#include "tests/unit/model_rig.h"
#include "train/state.h"

enum { L = 4, V = 3, STEPS = 23 };

static const struct model_shape shape = {
    .config = {.layers = 1, .d_model = 4, .heads = 1, .d_ff = 4, .vocab = V},
    .train_length = L,
    .max_length = L,
    .gradients = true};

static const struct lx_train_config usual = {.length = L,
                                             .batch_tokens = 2 * L,
                                             .steps = STEPS,
                                             .lr = 0.01,
                                             .array_lr = 1,
                                             .warmup = 3,
                                             .final_lr = 0.1,
                                             .weight_decay = 0.1,
                                             .clip = 1,
                                             .beta1 = 0.9,
                                             .beta2 = 0.95,
                                             .eps = 1e-8,
                                             .log_every = 4};

#define ID "0123456789abcdef"

static char path[96];
static struct lx_err err;

static int begin(void **state)
{
    if (make_folder(state) != 0)
        return 1;
    (void)snprintf(path, sizeof(path), "%s/one", folder);
    return 0;
}

/* A model with moments, and the state around them. */
struct rig {
    struct model_rig r;
    struct lx_train_state train;
    struct lx_buf rows;
    struct lx_state state;
};

static void rig_open(struct rig *g, const char *stack)
{
    model_open(&g->r, stack, &shape);
    g->train = (struct lx_train_state){.params = &g->r.m.params};
    g->train.m = model_take(&g->r, g->r.m.params.n_values, sizeof(real));
    g->train.v = model_take(&g->r, g->r.m.params.n_values, sizeof(real));
    g->rows = (struct lx_buf){0};
    g->state = (struct lx_state){.train = &g->train, .rows = &g->rows};
}

/* Odd bits everywhere: what is not a number, signed zero, the smallest and the largest. */
static void rig_fill(struct rig *g, int step)
{
    static const double odd[] = {-0.0, 5e-324, 1e-42, -1.7e308, 3.4e38, 1.0 / 3.0};
    struct lx_rng rng;

    model_scatter(&g->r, 0.5, (uint64_t)step);
    lx_rng_init(&rng, (uint64_t)step, "moments");
    for (size_t i = 0; i < g->train.params->n_values; i++) {
        g->train.m[i] = i < 6 ? (real)odd[i] : (real)lx_rng_normal(&rng);
        g->train.v[i] = i == 7 ? (real)NAN : i == 8 ? (real)INFINITY : (real)lx_rng_uniform(&rng);
    }
    g->train.step = step;
    lx_rng_init(&g->train.data, (uint64_t)step, "data");
    g->train.nll = 0.1 + step;
    g->train.norm = -0.0;
    g->train.tallied = 3;
    g->train.last_nll = 1e-310;
    g->train.last_n = 2147483647;
    g->state.seconds = 1.0 / 3.0;
    lx_buf_clear(&g->rows);
    lx_buf_printf(&g->rows, "%d,8,0.01,1.5,\"\\\t\n2,16,,,\n", step);
}

static void rig_close(struct rig *g)
{
    lx_buf_free(&g->rows);
    model_close(&g->r);
}

static void assert_same(const struct rig *a, const struct rig *b)
{
    size_t bytes = a->train.params->n_values * sizeof(real);

    assert_memory_equal(a->train.params->w, b->train.params->w, bytes);
    assert_memory_equal(a->train.m, b->train.m, bytes);
    assert_memory_equal(a->train.v, b->train.v, bytes);
    assert_memory_equal(&a->train.data, &b->train.data, sizeof(a->train.data));
    assert_memory_equal(&a->train.nll, &b->train.nll, sizeof(double));
    assert_memory_equal(&a->train.norm, &b->train.norm, sizeof(double));
    assert_memory_equal(&a->train.last_nll, &b->train.last_nll, sizeof(double));
    assert_memory_equal(&a->state.seconds, &b->state.seconds, sizeof(double));
    assert_int_equal(a->train.step, b->train.step);
    assert_int_equal(a->train.tallied, b->train.tallied);
    assert_int_equal(a->train.last_n, b->train.last_n);
    assert_int_equal(a->rows.len, b->rows.len);
    assert_memory_equal(a->rows.text, b->rows.text, a->rows.len);
}

static void every_bit_comes_back(void **state)
{
    static const char *const stacks[] = {"[]", "[\"learned\"]", "[\"t5\", \"kerple_log\"]"};

    (void)state;
    for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
        struct rig a, b;

        rig_open(&a, stacks[i]);
        rig_fill(&a, 77);
        CHECK_OK(lx_state_write(path, ID, &a.state, &err));
        rig_open(&b, stacks[i]);
        rig_fill(&b, 1);
        CHECK_OK(lx_state_read(path, ID, &b.state, &err));
        assert_same(&a, &b);
        rig_close(&a);
        rig_close(&b);
    }
}

/* The file must be refused, and what was in memory stays. */
static void refuse(struct rig *b, const struct rig *kept)
{
    enum lx_code code = lx_state_read(path, ID, &b->state, &err);

    if (code != LX_EFORMAT)
        fail_msg("code %d, expected a refusal", (int)code);
    assert_same(b, kept);
}

static void put_byte(int fd, size_t at, int byte)
{
    char c = (char)byte;

    assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
}

static void a_flipped_bit_or_a_missing_end_is_refused(void **state)
{
    struct lx_buf whole = {0};
    struct rig a, b, kept;
    int fd;

    (void)state;
    rig_open(&a, "[]");
    rig_fill(&a, 77);
    CHECK_OK(lx_state_write(path, ID, &a.state, &err));
    CHECK_OK(lx_fs_read(path, &whole, &err));
    rig_open(&b, "[]");
    rig_fill(&b, 5);
    rig_open(&kept, "[]");
    rig_fill(&kept, 5);
    fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    for (size_t i = 0; i < whole.len; i++) {
        put_byte(fd, i, whole.text[i] ^ (1 << i % 8));
        refuse(&b, &kept);
        put_byte(fd, i, whole.text[i]);
    }
    put_byte(fd, whole.len, 0);
    refuse(&b, &kept);
    for (size_t n = whole.len; n-- > 0;) {
        assert_int_equal(ftruncate(fd, (off_t)n), 0);
        refuse(&b, &kept);
    }
    assert_int_equal(pwrite(fd, whole.text, whole.len, 0), whole.len);
    CHECK_OK(lx_state_read(path, ID, &b.state, &err));
    assert_same(&b, &a);
    assert_int_equal(close(fd), 0);
    lx_buf_free(&whole);
    rig_close(&a);
    rig_close(&b);
    rig_close(&kept);
}

static void another_training_is_refused(void **state)
{
    struct rig a, b, kept;

    (void)state;
    rig_open(&a, "[\"learned\"]");
    rig_fill(&a, 77);
    rig_open(&b, "[]");
    rig_fill(&b, 5);
    rig_open(&kept, "[]");
    rig_fill(&kept, 5);
    CHECK_FAILS(lx_state_read(path, ID, &b.state, &err), LX_EDATA, "no such file");
    CHECK_OK(lx_state_write(path, "fedcba9876543210", &a.state, &err));
    CHECK_FAILS(lx_state_read(path, ID, &b.state, &err), LX_EFORMAT,
                "train_id: must be " ID ", got \"fedcba9876543210\"");
    CHECK_OK(lx_state_write(path, ID, &a.state, &err));
    CHECK_FAILS(lx_state_read(path, ID, &b.state, &err), LX_EFORMAT, "must have ");
    assert_same(&b, &kept);
    rig_close(&a);
    rig_close(&b);
    rig_close(&kept);
}

/* A right sum says who wrote it, not that it is of this training's life: after the last step there is none. */
static void a_step_past_the_end_is_refused(void **state)
{
    struct rig a, b, kept;

    (void)state;
    rig_open(&a, "[]");
    rig_open(&b, "[]");
    rig_open(&kept, "[]");
    rig_fill(&b, 5);
    rig_fill(&kept, 5);
    b.state.steps = 77;
    for (int step = 77; step <= 78; step++) {
        rig_fill(&a, step);
        CHECK_OK(lx_state_write(path, ID, &a.state, &err));
        CHECK_FAILS(lx_state_read(path, ID, &b.state, &err), LX_EFORMAT, "step: must be below 77");
        assert_same(&b, &kept);
    }
    rig_fill(&a, 76);
    CHECK_OK(lx_state_write(path, ID, &a.state, &err));
    CHECK_OK(lx_state_read(path, ID, &b.state, &err));
    assert_same(&a, &b);
    rig_close(&a);
    rig_close(&b);
    rig_close(&kept);
}

static void spoil(const char *file)
{
    struct lx_buf text = {0};
    FILE *f;

    CHECK_OK(lx_fs_read(file, &text, &err));
    text.text[text.len - 1] = (char)(text.text[text.len - 1] ^ 1);
    f = fopen(file, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text.text, 1, text.len, f), text.len);
    assert_int_equal(fclose(f), 0);
    lx_buf_free(&text);
}

/* Which step a fresh process would find; 0: none. */
static int step_found(const char *id, int *next)
{
    struct lx_state_files files;
    struct rig b, kept;
    bool found;
    int step;

    rig_open(&b, "[]");
    rig_fill(&b, 5);
    rig_open(&kept, "[]");
    rig_fill(&kept, 5);
    CHECK_OK(lx_state_open(&files, folder, id, &b.r.arena, &err));
    lx_state_load(&files, &b.state, &found);
    if (!found)
        assert_same(&b, &kept);
    else
        rig_fill(&kept, b.train.step);
    assert_same(&b, &kept);
    step = found ? b.train.step : 0;
    *next = files.next;
    rig_close(&b);
    rig_close(&kept);
    return step;
}

/* The reports of what is not used go to stderr: out of the way of the test's own lines. */
static void the_newest_whole_file_is_used(void **state)
{
    struct lx_state_files files;
    struct rig a;
    bool found;
    int next;

    (void)state;
    rig_open(&a, "[]");
    CHECK_OK(lx_state_open(&files, folder, ID, &a.r.arena, &err));
    assert_int_equal(step_found(ID, &next), 0);
    for (int step = 1; step <= 5; step++) {
        rig_fill(&a, step);
        CHECK_OK(lx_state_save(&files, &a.state, &err));
        assert_int_equal(step_found(ID, &next), step);
        assert_int_equal(next, files.next);
    }
    assert_int_equal(step_found("fedcba9876543210", &next), 0);
    spoil(files.path[1 - files.next]); /* step 5 */
    assert_int_equal(step_found(ID, &next), 4);
    assert_string_equal(files.path[next], files.path[1 - files.next]);
    lx_state_load(&files, &a.state, &found); /* and goes over the broken one */
    assert_true(found);
    rig_fill(&a, 6);
    CHECK_OK(lx_state_save(&files, &a.state, &err));
    assert_int_equal(step_found(ID, &next), 6);
    spoil(files.path[0]);
    spoil(files.path[1]);
    assert_int_equal(step_found(ID, &next), 0);
    CHECK_OK(lx_fs_write(path, "", 0, &err));
    (void)snprintf(path, sizeof(path), "%s/state.1.safetensors.tmp-1-0", folder);
    CHECK_OK(lx_fs_write(path, "half", 4, &err));
    CHECK_OK(lx_state_remove(&files, &err));
    assert_false(lx_fs_exists(path) || lx_fs_exists(files.path[0]) || lx_fs_exists(files.path[1]));
    (void)snprintf(path, sizeof(path), "%s/one", folder);
    assert_true(lx_fs_exists(path));
    rig_close(&a);
}

/* A training that writes its state at one step, or begins from the state in the file. */
struct life {
    struct lx_buf rows;
    int stop_at, kept, first, seen;
    bool resumes;
};

static bool seen_step(void *ctx, int step, double loss, const struct lx_train_row *row)
{
    struct life *l = ctx;

    if (l->seen++ == 0)
        l->first = step;
    if (row != NULL)
        lx_buf_printf(&l->rows, "%d %lld %a %a %a\n", row->step, row->tokens, row->lr,
                      row->train_nll, row->grad_norm);
    assert_true(isfinite(loss) != 0);
    return step != l->stop_at;
}

static void take_up(void *ctx, struct lx_train_state *s)
{
    struct life *l = ctx;
    struct lx_state state = {.train = s, .rows = &l->rows};

    assert_int_equal(s->step, 0);
    if (l->resumes)
        CHECK_OK(lx_state_read(path, ID, &state, &err));
}

static void keep(void *ctx, const struct lx_train_state *s, bool stopping)
{
    struct life *l = ctx;
    struct lx_train_state copy = *s;
    struct lx_state state = {.train = &copy, .rows = &l->rows};

    l->kept++;
    assert_true(s->step < STEPS);
    assert_int_equal(stopping, s->step == l->stop_at);
    if (stopping)
        CHECK_OK(lx_state_write(path, ID, &state, &err));
}

static void live(struct model_rig *r, const char *stack, struct life *l,
                 struct lx_train_result *out)
{
    static uint16_t tokens[200];
    struct lx_stream stream = {.tokens = tokens, .n = 200};
    struct lx_train_watch watch = {.seen = seen_step, .ctx = l, .resume = take_up, .keep = keep};
    struct lx_rng rng;

    lx_rng_init(&rng, 3, "stream");
    for (int i = 0; i < 200; i++)
        tokens[i] = (uint16_t)lx_rng_below(&rng, V);
    CHECK_OK(lx_gemm_setup(&err));
    model_open(r, stack, &shape);
    CHECK_OK(lx_train_run(&r->m, &usual, &stream, 9, &watch, &r->arena, out, &err));
}

static void training_goes_on_from_any_step(void **state)
{
    static const char *const stacks[] = {"[\"rope\"]", "[\"kerple_log\"]", "[\"learned\"]"};
    struct lx_train_result result, half, rest;
    struct model_rig whole, first, second;

    (void)state;
    for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
        struct life one = {.stop_at = 0};

        live(&whole, stacks[i], &one, &result);
        assert_int_equal(one.kept, STEPS - 1);
        for (int k = 1; k < STEPS; k++) {
            struct life a = {.stop_at = k}, b = {.resumes = true};

            live(&first, stacks[i], &a, &half);
            assert_true(half.stopped);
            assert_int_equal(half.steps, k);
            live(&second, stacks[i], &b, &rest);
            assert_int_equal(b.first, k + 1);
            assert_int_equal(b.seen, STEPS - k);
            assert_int_equal(rest.steps, STEPS);
            assert_memory_equal(whole.m.params.w, second.m.params.w,
                                whole.m.params.n_values * sizeof(real));
            assert_memory_equal(&result.last_nll, &rest.last_nll, sizeof(double));
            assert_string_equal(one.rows.text, b.rows.text);
            lx_buf_free(&a.rows);
            lx_buf_free(&b.rows);
            model_close(&first);
            model_close(&second);
        }
        lx_buf_free(&one.rows);
        model_close(&whole);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(every_bit_comes_back, begin, remove_flat_folder),
    cmocka_unit_test_setup_teardown(a_flipped_bit_or_a_missing_end_is_refused, begin,
                                    remove_flat_folder),
    cmocka_unit_test_setup_teardown(another_training_is_refused, begin, remove_flat_folder),
    cmocka_unit_test_setup_teardown(a_step_past_the_end_is_refused, begin, remove_flat_folder),
    cmocka_unit_test_setup_teardown(the_newest_whole_file_is_used, begin, remove_flat_folder),
    cmocka_unit_test_setup_teardown(training_goes_on_from_any_step, begin, remove_flat_folder),
};

CHECK_MAIN(tests)
