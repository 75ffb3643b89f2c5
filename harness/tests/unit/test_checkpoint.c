/* Checkpoints: a model comes back as it was, under its own stack or another one; anything missing, odd
 * or too much is refused and named. */
#include <unistd.h>

#include "encodings/encoding.h"
#include "model/checkpoint.h"
#include "system/fs.h"
#include "tests/unit/model_rig.h"

enum { L = 8, TEXT = 1024 };

static const struct model_shape shape = {
    .config = {.layers = 2, .d_model = 8, .heads = 2, .d_ff = 12, .vocab = 5},
    .train_length = L,
    .max_length = 2 * L};

static char path[64];
static struct lx_err err;

static int make_path(void **state)
{
    int fd;

    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/lx-ckpt-XXXXXX");
    fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int remove_path(void **state)
{
    (void)state;
    return remove(path);
}

/* The config text of a checkpoint with this stack and, unless NULL, another model section. */
static const char *config_text(char text[TEXT], const char *stack, const char *model)
{
    (void)snprintf(text, TEXT,
                   "{\"model\": %s, \"train\": {\"length\": %d}, \"encoding\": {\"stack\": %s}}",
                   model != NULL ? model
                                 : "{\"layers\": 2, \"d_model\": 8, \"heads\": 2, \"d_ff\": 12, "
                                   "\"vocab\": 5}",
                   L, stack);
    return text;
}

static void save(struct model_rig *r, const char *stack)
{
    char text[TEXT];

    model_open(r, stack, &shape);
    model_scatter(r, 0.5, 7);
    CHECK_OK(lx_checkpoint_save(path, &r->m, 1234567890123, config_text(text, stack, NULL), &err));
}

static void round_trip(const char *stack)
{
    struct model_rig a, b;
    struct lx_arena arena = {0};
    struct lx_checkpoint c;

    save(&a, stack);
    CHECK_OK(lx_checkpoint_open(&c, path, &arena, &err));
    assert_memory_equal(&c.model, &shape.config, sizeof(shape.config));
    assert_int_equal(c.train_length, L);
    assert_int_equal(c.step, 1234567890123);
    assert_int_equal(c.file.n_tensors, a.m.params.count);
    model_open(&b, stack, &shape);
    CHECK_OK(lx_checkpoint_load(&c, &b.m, false, &err));
    for (size_t i = 0; i < a.m.params.n_values; i++)
        CHECK_NEAR(b.m.params.w[i], (float)a.m.params.w[i], 0);
    lx_checkpoint_close(&c);
    lx_checkpoint_close(&c); /* closing twice is harmless */
    lx_arena_free(&arena);
    model_close(&a);
    model_close(&b);
}

static void models_come_back_as_they_were(void **state)
{
    (void)state;
    for (int i = 0; i < lx_encoding_count(); i++) {
        char stack[96];

        round_trip(model_stack_of(lx_encoding_at(i)->name, stack, sizeof(stack)));
    }
    round_trip("[\"kerple_log\", {\"name\": \"t5\", \"shared\": false}, \"learned\"]");
}

/* The stack is kept as text that builds the same stack again. */
static void the_stack_comes_along(void **state)
{
    static const char *const stack = "[{\"name\": \"alibi\", \"learned\": true}, \"rope\"]";
    struct model_rig a;
    struct lx_arena arena = {0};
    struct lx_checkpoint c;
    struct lx_stack again;

    (void)state;
    save(&a, stack);
    CHECK_OK(lx_checkpoint_open(&c, path, &arena, &err));
    CHECK_OK(lx_stack_parse(&again, c.stack, "stack", &arena, &err));
    assert_int_equal(again.n, 2);
    assert_string_equal(again.items[0].ops->name, "alibi");
    assert_string_equal(again.items[1].ops->name, "rope");
    lx_checkpoint_close(&c);
    lx_arena_free(&arena);
    model_close(&a);
}

/* Load what `trained` left under `used`. */
static enum lx_code load_under(const char *trained, const char *used, bool other_stack,
                               const struct model_shape *as)
{
    struct model_rig a, b;
    struct lx_arena arena = {0};
    struct lx_checkpoint c;
    enum lx_code code;

    save(&a, trained);
    CHECK_OK(lx_checkpoint_open(&c, path, &arena, &err));
    model_open(&b, used, as);
    code = lx_checkpoint_load(&c, &b.m, other_stack, &err);
    lx_checkpoint_close(&c);
    lx_arena_free(&arena);
    model_close(&a);
    model_close(&b);
    return code;
}

static void another_stack_must_be_asked_for(void **state)
{
    struct model_shape longer = shape, taller = shape, wider = shape;

    (void)state;
    CHECK_OK(load_under("[\"t5\"]", "[\"rope\"]", true, &shape));
    CHECK_FAILS(load_under("[\"t5\"]", "[\"rope\"]", false, &shape), LX_EFORMAT,
                "checkpoint has an array the model lacks: \"encoding.t5.bias\"");
    CHECK_FAILS(load_under("[\"rope\"]", "[\"t5\"]", true, &shape), LX_EFORMAT,
                "checkpoint lacks the array \"encoding.t5.bias\"");
    longer.train_length = L + 1;
    CHECK_FAILS(load_under("[\"learned\"]", "[\"learned\"]", false, &longer), LX_EFORMAT,
                "checkpoint array \"encoding.learned.table\": must be F32 [9, 8], got F32 [8, 8]");
    taller.config.layers = 3;
    CHECK_FAILS(load_under("[]", "[]", false, &taller), LX_EFORMAT,
                "checkpoint lacks the array \"layers.2.ln1.weight\"");
    taller.config.layers = 1; /* another stack is no excuse for other arrays */
    CHECK_FAILS(load_under("[]", "[]", true, &taller), LX_EFORMAT,
                "checkpoint has an array the model lacks: \"layers.1.");
    wider.config.d_ff = 16;
    CHECK_FAILS(
        load_under("[]", "[]", false, &wider), LX_EFORMAT,
        "checkpoint array \"layers.0.mlp.up.weight\": must be F32 [16, 8], got F32 [12, 8]");
}

/* Change one array of a good file and try to load it. */
static enum lx_code load_changed(void (*change)(struct lx_st_file *f, struct lx_st_tensor *t))
{
    struct model_rig a;
    struct lx_arena arena = {0};
    struct lx_checkpoint c;
    struct lx_st_file f;
    enum lx_code code;

    save(&a, "[]");
    CHECK_OK(lx_st_read(path, &arena, &f, &err));
    change(&f, &f.tensors[5]); /* layers.0.attn.out.weight (8, 8) */
    CHECK_OK(lx_st_write(path, f.tensors, f.n_tensors, f.meta, f.n_meta, &err));
    CHECK_OK(lx_checkpoint_open(&c, path, &arena, &err));
    code = lx_checkpoint_load(&c, &a.m, false, &err);
    lx_checkpoint_close(&c);
    lx_arena_free(&arena);
    model_close(&a);
    return code;
}

static float f32[64];
static double f64[64];
static int32_t i32[64];

static void leave_it(struct lx_st_file *f, struct lx_st_tensor *t)
{
    (void)f;
    assert_string_equal(t->name, "layers.0.attn.out.weight");
}

static void put_nan(struct lx_st_file *f, struct lx_st_tensor *t)
{
    (void)f;
    memset(f32, 0, sizeof(f32));
    f32[63] = NAN;
    t->data = f32;
}

static void put_infinity(struct lx_st_file *f, struct lx_st_tensor *t)
{
    put_nan(f, t);
    f32[63] = 0;
    f32[0] = -INFINITY;
}

static void put_doubles(struct lx_st_file *f, struct lx_st_tensor *t)
{
    (void)f;
    memset(f64, 0, sizeof(f64));
    t->type = LX_ST_F64;
    t->data = f64;
}

/* Finite in the file, but not as a float. */
static void put_huge_double(struct lx_st_file *f, struct lx_st_tensor *t)
{
    put_doubles(f, t);
    f64[3] = 1e300;
}

static void put_integers(struct lx_st_file *f, struct lx_st_tensor *t)
{
    (void)f;
    t->type = LX_ST_I32;
    t->data = i32;
}

static void flatten(struct lx_st_file *f, struct lx_st_tensor *t)
{
    (void)f;
    t->n_dims = 1;
    t->dim[0] = 64;
}

static void reshape(struct lx_st_file *f, struct lx_st_tensor *t)
{
    (void)f;
    t->dim[0] = 4;
    t->dim[1] = 16;
}

static void rename_it(struct lx_st_file *f, struct lx_st_tensor *t)
{
    (void)f;
    t->name = "layers.0.attn.out.wait";
}

static void drop_last(struct lx_st_file *f, struct lx_st_tensor *t)
{
    (void)t;
    f->n_tensors--;
}

static void odd_arrays_are_refused_by_name(void **state)
{
    static const struct {
        void (*change)(struct lx_st_file *f, struct lx_st_tensor *t);
        const char *text;
    } wrong[] = {
        {put_nan, "checkpoint array \"layers.0.attn.out.weight\": value 63 must be finite"},
        {put_infinity, "checkpoint array \"layers.0.attn.out.weight\": value 0 must be finite"},
        {put_integers, "\"layers.0.attn.out.weight\": must be F32 [8, 8], got I32 [8, 8]"},
        {flatten, "\"layers.0.attn.out.weight\": must be F32 [8, 8], got F32 [64]"},
        {reshape, "\"layers.0.attn.out.weight\": must be F32 [8, 8], got F32 [4, 16]"},
        {rename_it, "checkpoint lacks the array \"layers.0.attn.out.weight\""},
        {drop_last, "checkpoint lacks the array \"ln_final.bias\""},
    };

    (void)state;
    CHECK_OK(load_changed(leave_it));
    CHECK_OK(load_changed(put_doubles));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CHECK_FAILS(load_changed(wrong[i].change), LX_EFORMAT, wrong[i].text);
    if (sizeof(real) == sizeof(float))
        CHECK_FAILS(load_changed(put_huge_double), LX_EFORMAT, "value 3 must be finite");
    else
        CHECK_OK(load_changed(put_huge_double));
}

/* Metadata that no run would write, over arrays that would do for two layers. */
static enum lx_code open_with(const struct lx_st_meta *meta, size_t n)
{
    struct model_rig a;
    struct lx_arena arena = {0};
    struct lx_checkpoint c;
    struct lx_st_file f;
    enum lx_code code;

    save(&a, "[]");
    CHECK_OK(lx_st_read(path, &arena, &f, &err));
    CHECK_OK(lx_st_write(path, f.tensors, f.n_tensors, meta, n, &err));
    code = lx_checkpoint_open(&c, path, &arena, &err);
    if (code == LX_OK)
        lx_checkpoint_close(&c);
    else
        assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
    lx_arena_free(&arena);
    model_close(&a);
    return code;
}

#define MODEL(l, d, h, f, v)                                                                       \
    "{\"layers\": " #l ", \"d_model\": " #d ", \"heads\": " #h ", \"d_ff\": " #f                   \
    ", \"vocab\": " #v "}"

static void odd_metadata_is_refused_by_name(void **state)
{
    static const struct {
        const char *stack, *model, *text;
    } wrong[] = {
        {"[]", MODEL(0, 8, 2, 12, 5), "config.model.layers: must be a whole number from 1 to"},
        {"[]", MODEL(2, 8.5, 2, 12, 5), "config.model.d_model: must be a whole number from 1 to"},
        {"[]", MODEL(2, 8, -2, 12, 5), "config.model.heads: must be a whole number"},
        {"[]", MODEL(2, 8, 2, "12", 5), "config.model.d_ff: must be a whole number"},
        {"[]", MODEL(2, 8, 2, 12, 1e9), "config.model.vocab: must be a whole number"},
        {"[]", "{}", "config.model.layers: must be a whole number"},
        {"[]", "3", "config.model.layers: must be a whole number"},
        {"[]", MODEL(2, 8, 3, 12, 5), "config.model: heads: must divide d_model = 8, got 3"},
        {"[]", MODEL(65536, 8, 2, 12, 5),
         "config.model.layers: 65536 layers need 786432 arrays, got 27"},
        {"\"rope\"", NULL, "config.encoding.stack: must be an array"},
    };
    struct lx_st_meta meta[3] = {
        {"format", "longshot-checkpoint-1"}, {"step", "0"}, {"config", ""}};
    char text[TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        meta[2].value = config_text(text, wrong[i].stack, wrong[i].model);
        CHECK_FAILS(open_with(meta, 3), LX_EFORMAT, wrong[i].text);
    }
    meta[2].value = "{";
    CHECK_FAILS(open_with(meta, 3), LX_EFORMAT, "config: line 1");
    meta[2].value = "{\"model\": " MODEL(2, 8, 2, 12, 5) "}";
    CHECK_FAILS(open_with(meta, 3), LX_EFORMAT, "config.train.length: must be");
    meta[2].value = config_text(text, "[]", NULL);
    CHECK_OK(open_with(meta, 3));
    meta[1].value = "12 steps";
    CHECK_FAILS(open_with(meta, 3), LX_EFORMAT, "step: must be a whole number, got \"12 st");
    meta[1].value = "99999999999999999999";
    CHECK_FAILS(open_with(meta, 3), LX_EFORMAT, "step: must be a whole number");
    meta[1].value = "0";
    meta[0].value = "longshot-checkpoint-2";
    CHECK_FAILS(open_with(meta, 3), LX_EFORMAT,
                "format must be \"longshot-checkpoint-1\", got \"longshot-checkpoint-2\"");
    CHECK_FAILS(open_with(meta + 1, 2), LX_EFORMAT, "not a checkpoint: format must be");
    meta[0].value = "longshot-checkpoint-1";
    CHECK_FAILS(open_with(meta, 2), LX_EFORMAT, "not a checkpoint: no config");
}

/* A run may train on sequences of up to 2^20 tokens: its checkpoint must open again. */
static void long_training_sequences_are_allowed(void **state)
{
    static const char *const text =
        "{\"model\": " MODEL(2, 8, 2, 12, 5) ", \"train\": {\"length\": 1048576}, "
                                             "\"encoding\": {\"stack\": []}}";
    struct lx_st_meta meta[2] = {{"format", "longshot-checkpoint-1"}, {"config", text}};

    (void)state;
    CHECK_OK(open_with(meta, 2));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(models_come_back_as_they_were, make_path, remove_path),
    cmocka_unit_test_setup_teardown(the_stack_comes_along, make_path, remove_path),
    cmocka_unit_test_setup_teardown(another_stack_must_be_asked_for, make_path, remove_path),
    cmocka_unit_test_setup_teardown(odd_arrays_are_refused_by_name, make_path, remove_path),
    cmocka_unit_test_setup_teardown(odd_metadata_is_refused_by_name, make_path, remove_path),
    cmocka_unit_test_setup_teardown(long_training_sequences_are_allowed, make_path, remove_path),
};

CHECK_MAIN(tests)
