/* What every dataset of the registry must keep, whoever wrote it. Runs in the repository's root. */
#include <unistd.h>

#include "system/fs.h"
#include "tests/unit/dataset_open.h"
#include "tests/unit/folder_rig.h"

static char sample_file[64];

/* Options that give small splits of all three kinds; and options that leave out valid and test. A
 * new dataset adds its line. */
static const struct {
    const char *name, *full, *train_only;
} setups[] = {
    {"journal", "{\"train_tokens\": 5000, \"valid_tokens\": 3000, \"test_tokens\": 3000}",
     "{\"train_tokens\": 5000, \"valid_tokens\": 0, \"test_tokens\": 0}"},
    {"questions", "{\"train_tokens\": 5000, \"valid_tokens\": 3000, \"test_tokens\": 3000}",
     "{\"train_tokens\": 5000, \"valid_tokens\": 0, \"test_tokens\": 0}"},
    {"tasks", "{\"task\": \"mqar\"}", NULL}, /* has all splits, always */
    {"text", "{\"path\": \"@\"}", "{\"train\": \"@\"}"},
    {"tokens", "{\"path\": \"@\", \"vocab\": 65535, \"end_of_document\": 7}",
     "{\"train\": \"@\", \"vocab\": 65535}"},
};

static enum lx_code open_setup(struct opened *o, const char *name, bool full, struct lx_err *err)
{
    char json[512] = "";

    for (size_t i = 0; i < sizeof(setups) / sizeof(setups[0]); i++)
        if (strcmp(setups[i].name, name) == 0) {
            const char *text = full ? setups[i].full : setups[i].train_only;
            const char *at = strchr(text, '@');
            int before = at != NULL ? (int)(at - text) : (int)strlen(text);

            (void)snprintf(json, sizeof(json), "%.*s%s%s", before, text,
                           at != NULL ? sample_file : "", at != NULL ? at + 1 : "");
        }
    if (json[0] == '\0')
        fail_msg("%s: add its options to `setups` in %s", name, __FILE__);
    return open_dataset(o, name, json, err);
}

static void test_names_and_texts(void **state)
{
    (void)state;
    assert_true(lx_dataset_count() > 0);
    assert_null(lx_dataset_at(-1));
    assert_null(lx_dataset_at(lx_dataset_count()));
    assert_null(lx_dataset_find("no_such_dataset"));
    for (int i = 0; i < lx_dataset_count(); i++) {
        const struct lx_dataset_ops *ops = lx_dataset_at(i);

        assert_ptr_equal(lx_dataset_find(ops->name), ops);
        assert_int_equal(strspn(ops->name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
                         strlen(ops->name));
        assert_true(ops->title[0] != '\0' && ops->cite[0] != '\0' && ops->help[0] != '\0');
        assert_null(strchr(ops->help, '\n'));
        assert_true(ops->state_size > 0);
        if (i > 0 && strcmp(lx_dataset_at(i - 1)->name, ops->name) >= 0)
            fail_msg("%s: the registry must be in alphabetical order", ops->name);
    }
}

static void test_options_are_described(void **state)
{
    (void)state;
    for (int i = 0; i < lx_dataset_count(); i++) {
        const struct lx_dataset_ops *ops = lx_dataset_at(i);

        for (const struct lx_option *o = ops->options; o->type != LX_OPT_END; o++) {
            if (o->help == NULL || o->help[0] == '\0' || strchr(o->help, '\n') != NULL)
                fail_msg("%s: option %s has no help of one line", ops->name, o->key);
            if (o->type == LX_OPT_INT && !(o->min <= o->def && o->def <= o->max))
                fail_msg("%s: the default of option %s is out of its bounds", ops->name, o->key);
            assert_true(o->offset < ops->state_size);
            assert_int_equal(strspn(o->key, "abcdefghijklmnopqrstuvwxyz0123456789_"),
                             strlen(o->key));
            /* Keys that the harness takes itself. */
            assert_string_not_equal(o->key, "name");
            for (const struct lx_option *p = ops->options; p != o; p++)
                assert_string_not_equal(p->key, o->key);
        }
    }
}

static void check_same(const struct lx_stream *a, const struct lx_stream *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->tokens, b->tokens, a->n * sizeof(*a->tokens));
    if (a->floor_nll != NULL)
        assert_memory_equal(a->floor_nll, b->floor_nll, a->n * sizeof(*a->floor_nll));
    if (a->blind_nll != NULL)
        assert_memory_equal(a->blind_nll, b->blind_nll, a->n * sizeof(*a->blind_nll));
    if (a->reach != NULL)
        assert_memory_equal(a->reach, b->reach, a->n * sizeof(*a->reach));
}

static void check_stream(const struct lx_dataset_ops *ops, const void *self,
                         const struct lx_stream *s)
{
    int vocab = ops->vocab(self);

    assert_true(s->n > 0);
    assert_true(vocab > 1 && vocab <= 65536);
    assert_true((s->reach == NULL) == (s->blind_nll == NULL));
    for (size_t t = 0; t < s->n; t++) {
        assert_true(s->tokens[t] < vocab);
        if (s->floor_nll != NULL)
            assert_true(s->floor_nll[t] >= 0.0f && isfinite(s->floor_nll[t]));
        if (s->reach == NULL)
            continue;
        assert_true(s->reach[t] <= t);
        assert_true(isfinite(s->blind_nll[t]));
        assert_true(s->reach[t] > 0 ? s->blind_nll[t] >= s->floor_nll[t]
                                    : s->blind_nll[t] == s->floor_nll[t]);
    }
}

/* Loaded twice, from two instances and in another order: the same to the last bit. */
static void test_streams_are_sound_and_repeat(void **state)
{
    (void)state;
    for (int i = 0; i < lx_dataset_count(); i++) {
        const struct lx_dataset_ops *ops = lx_dataset_at(i);
        struct opened a, b;
        struct lx_stream first[LX_SPLITS], again;
        struct lx_err err;

        CHECK_OK(open_setup(&a, ops->name, true, &err));
        CHECK_OK(open_setup(&b, ops->name, true, &err));
        for (int k = 0; k < LX_SPLITS; k++) {
            CHECK_OK(ops->load(a.self, (enum lx_split)k, &a.arena, &first[k], &err));
            check_stream(ops, a.self, &first[k]);
        }
        for (int k = LX_SPLITS - 1; k >= 0; k--) {
            CHECK_OK(ops->load(b.self, (enum lx_split)k, &b.arena, &again, &err));
            check_same(&first[k], &again);
        }
        lx_arena_free(&a.arena);
        lx_arena_free(&b.arena);
    }
}

static void test_absent_splits_are_config_errors(void **state)
{
    (void)state;
    for (int i = 0; i < lx_dataset_count(); i++) {
        const struct lx_dataset_ops *ops = lx_dataset_at(i);
        struct opened o;
        struct lx_stream s;
        struct lx_err err;

        if (ops->examples != NULL)
            continue;
        CHECK_OK(open_setup(&o, ops->name, false, &err));
        CHECK_OK(ops->load(o.self, LX_SPLIT_TRAIN, &o.arena, &s, &err));
        CHECK_FAILS(ops->load(o.self, LX_SPLIT_VALID, &o.arena, &s, &err), LX_ECONFIG, "valid");
        CHECK_FAILS(ops->load(o.self, LX_SPLIT_TEST, &o.arena, &s, &err), LX_ECONFIG, "test");
        lx_arena_free(&o.arena);
    }
}

/* The dry pass counts the memory that loading takes, and touches none. */
static void test_measuring_counts_the_load(void **state)
{
    (void)state;
    for (int i = 0; i < lx_dataset_count(); i++) {
        const struct lx_dataset_ops *ops = lx_dataset_at(i);
        struct lx_arena real_one = {0}, dry = {.measure = true};
        struct opened o;
        struct lx_stream s;
        struct lx_err err;

        CHECK_OK(open_setup(&o, ops->name, true, &err));
        CHECK_OK(ops->load(o.self, LX_SPLIT_TRAIN, &real_one, &s, &err));
        CHECK_OK(ops->load(o.self, LX_SPLIT_TRAIN, &dry, &s, &err));
        assert_int_equal(dry.used, real_one.used);
        lx_arena_free(&real_one);
        lx_arena_free(&dry);
        lx_arena_free(&o.arena);
    }
}

/* Text of tokens, read back, is the same text; every token has some. */
static void test_text_and_encode_agree(void **state)
{
    (void)state;
    for (int i = 0; i < lx_dataset_count(); i++) {
        const struct lx_dataset_ops *ops = lx_dataset_at(i);
        struct opened o;
        struct lx_buf text = {0}, tokens = {0}, again = {0};
        struct lx_err err;

        CHECK_OK(open_setup(&o, ops->name, true, &err));
        for (int t = 0; t < ops->vocab(o.self); t++) {
            size_t before = text.len;

            ops->text(o.self, t, &text);
            assert_true(text.len > before);
        }
        CHECK_OK(lx_buf_check(&text, &err));
        CHECK_OK(ops->encode(o.self, text.text, text.len, &tokens, &err));
        assert_int_equal(tokens.len, (size_t)ops->vocab(o.self) * sizeof(uint16_t));
        for (size_t t = 0; t < tokens.len / sizeof(uint16_t); t++) {
            uint16_t id;

            memcpy(&id, tokens.text + t * sizeof(id), sizeof(id));
            ops->text(o.self, id, &again);
        }
        assert_int_equal(again.len, text.len);
        assert_memory_equal(again.text, text.text, text.len);
        lx_buf_free(&text);
        lx_buf_free(&tokens);
        lx_buf_free(&again);
        lx_arena_free(&o.arena);
    }
}

/* A file that defines lx_dataset_X must be X.c and stand in the registry. */
static enum lx_code check_source(void *ctx, const char *file)
{
    const char *define = "const struct lx_dataset_ops lx_dataset_";
    struct lx_buf text = {0};
    struct lx_err err;
    size_t n = strlen(file);
    char path[256], name[128];
    const char *at;

    if (n < 3 || strcmp(file + n - 2, ".c") != 0 || strcmp(file, "dataset_list.c") == 0)
        return LX_OK;
    (void)snprintf(path, sizeof(path), "datasets/%s", file);
    CHECK_OK(lx_fs_read(path, &text, &err));
    at = strstr(text.text, define);
    if (at != NULL) {
        at += strlen(define);
        (void)snprintf(name, sizeof(name), "%.*s",
                       (int)strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_"), at);
        if (strncmp(file, name, n - 2) != 0 || strlen(name) != n - 2)
            fail_msg("%s: must be called %s.c", path, name);
        if (lx_dataset_find(name) == NULL)
            fail_msg("%s: %s is not in the registry", path, name);
        ++*(int *)ctx;
    }
    lx_buf_free(&text);
    return LX_OK;
}

static void test_registry_and_folder_agree(void **state)
{
    struct lx_buf readme = {0};
    struct lx_err err;
    int found = 0;

    (void)state;
    CHECK_OK(lx_fs_list("datasets", check_source, &found, &err));
    assert_int_equal(found, lx_dataset_count());

    CHECK_OK(lx_fs_read("datasets/README.md", &readme, &err));
    for (int i = 0; i < lx_dataset_count(); i++) {
        const struct lx_dataset_ops *ops = lx_dataset_at(i);
        char row[64];

        (void)snprintf(row, sizeof(row), "\n| `%s` |", ops->name);
        if (strstr(readme.text, row) == NULL)
            fail_msg("datasets/README.md: no row of %s", ops->name);
        for (const struct lx_option *o = ops->options; o->type != LX_OPT_END; o++) {
            (void)snprintf(row, sizeof(row), "`%s`", o->key);
            if (strstr(readme.text, row) == NULL)
                fail_msg("datasets/README.md: nothing about option %s of %s", o->key, ops->name);
        }
    }
    lx_buf_free(&readme);
}

static int make_file(void **state)
{
    char bytes[4000];
    struct lx_err err;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * i % 251);
    if (make_folder(state) != 0)
        return -1;
    (void)snprintf(sample_file, sizeof(sample_file), "%s/sample", folder);
    return lx_fs_write(sample_file, bytes, sizeof(bytes), &err) == LX_OK ? 0 : -1;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_names_and_texts),
    cmocka_unit_test(test_options_are_described),
    cmocka_unit_test(test_streams_are_sound_and_repeat),
    cmocka_unit_test(test_absent_splits_are_config_errors),
    cmocka_unit_test(test_measuring_counts_the_load),
    cmocka_unit_test(test_text_and_encode_agree),
    cmocka_unit_test(test_registry_and_folder_agree),
};

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(__FILE__, tests, make_file, remove_flat_folder);
}
