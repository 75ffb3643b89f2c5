/* Schedules: each name becomes the stack that is published under it, at any period, and what it cannot
 * mean is refused. */
#include "encodings/schedules.h"
#include "model_rig.h"

static const struct model_shape shape = {
    .config = {.layers = 8, .d_model = 8, .heads = 2, .d_ff = 8, .vocab = 5},
    .train_length = 16,
    .max_length = 32};

static struct lx_err err;

/* Per layer, from 0: r rope, w window, c chunks, l logn, s sink, in the order of the stack. */
static void layers_of(const char *stack, char out[8][8])
{
    static const struct {
        const char *name;
        char mark;
    } marks[] = {{"rope", 'r'}, {"window", 'w'}, {"chunks", 'c'}, {"logn", 'l'}, {"sink", 's'}};
    struct model_rig r;

    model_open(&r, stack, &shape);
    memset(out, 0, 64);
    for (int l = 0; l < 8; l++)
        for (int i = 0; i < r.m.stack.n; i++)
            for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]); k++) {
                const struct lx_stack_item *e = &r.m.stack.items[i];

                if (strcmp(e->ops->name, marks[k].name) == 0 && (e->off == NULL || !e->off[l]))
                    out[l][strlen(out[l])] = marks[k].mark;
            }
    model_close(&r);
}

static void each_is_its_stack(void **state)
{
    static const struct {
        const char *stack, *layers[8];
    } cases[] = {
        {"[\"rnope_swa\"]", {"rw", "rw", "rw", "", "rw", "rw", "rw", ""}},
        {"[{\"name\": \"rnope_swa\", \"every\": 2}]", {"rw", "", "rw", "", "rw", "", "rw", ""}},
        {"[\"irope\"]", {"rc", "rc", "rc", "l", "rc", "rc", "rc", "l"}},
        {"[\"smollm3\", \"sink\"]", {"rs", "rs", "rs", "s", "rs", "rs", "rs", "s"}},
        {"[\"swan\"]", {"l", "rw", "rw", "rw", "l", "rw", "rw", "rw"}},
        {"[{\"name\": \"swan\", \"every\": 3}]", {"l", "rw", "rw", "l", "rw", "rw", "l", "rw"}},
        {"[\"gemma3\"]", {"rw", "rw", "rw", "rw", "rw", "r", "rw", "rw"}},
        {"[\"gpt_oss\"]", {"rws", "rs", "rws", "rs", "rws", "rs", "rws", "rs"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char got[8][8];

        layers_of(cases[i].stack, got);
        for (int l = 0; l < 8; l++)
            assert_string_equal(got[l], cases[i].layers[l]);
    }
}

/* No schedule has the name of a scheme, and what is written back is the same stack, spelled out. */
static void names_are_free_and_spelled_out(void **state)
{
    (void)state;
    for (int i = 0; i < lx_schedule_count(); i++) {
        struct lx_buf once = {0}, twice = {0};
        struct lx_json_writer w = {.out = &once}, v = {.out = &twice};
        struct lx_arena arena = {0};
        struct lx_json *list;
        struct lx_stack s;
        char name[64];

        assert_null(lx_encoding_find(lx_schedule_at(i)->name));
        (void)snprintf(name, sizeof(name), "[\"%s\"]", lx_schedule_at(i)->name);
        CHECK_OK(lx_json_parse(name, strlen(name), "stack", &list, &err));
        CHECK_OK(lx_stack_parse(&s, list, "stack", &arena, &err));
        lx_json_free(list);
        lx_json_open_object(&w, NULL);
        lx_stack_write(&s, &w, "stack");
        lx_json_close_object(&w);
        CHECK_OK(lx_json_parse(once.text, once.len, "stack", &list, &err));
        CHECK_OK(lx_stack_parse(&s, lx_json_find(list, "stack"), "stack", &arena, &err));
        lx_json_free(list);
        lx_json_open_object(&v, NULL);
        lx_stack_write(&s, &v, "stack");
        lx_json_close_object(&v);
        assert_string_equal(once.text, twice.text);
        lx_buf_free(&once);
        lx_buf_free(&twice);
        lx_arena_free(&arena);
    }
}

static void refusals(void **state)
{
    static const char *const cases[][2] = {
        {"[{\"name\": \"swan\", \"every\": 1}]", "stack[0].every: must be at least 2, got 1"},
        {"[{\"name\": \"swan\", \"width\": 1}]", "stack[0]: unknown key \"width\""},
        {"[{\"name\": \"smollm3\", \"every\": 9}]",
         "layers: must choose some of the 8 layers, not all"},
        {"[\"nope\", \"swann\"]",
         "stack[1].name: unknown encoding \"swann\" (did you mean \"swan\"?)"},
        {"[{\"name\": \"rope\", \"layers\": \"every 4 from 4\"}]",
         "stack[0].layers: must be a list"},
        {"[{\"name\": \"rope\", \"layers\": \"every 4 from\"}]", "stack[0].layers: must be a list"},
        {"[{\"name\": \"window\", \"width\": 4, \"fraction\": 0.5}]",
         "fraction: must be unset with width 4, got 0.5"},
        {"[\"swan\", \"gemma3\", \"gpt_oss\"]", "must have at most 8 elements"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct model_rig r;

        CHECK_FAILS(model_try(&r, cases[i][0], &shape, &err), LX_ECONFIG, cases[i][1]);
        model_close(&r);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_is_its_stack),
    cmocka_unit_test(names_are_free_and_spelled_out),
    cmocka_unit_test(refusals),
};

CHECK_MAIN(tests)
