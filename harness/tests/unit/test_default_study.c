/* The study that a newcomer sees first: what its notes say is so. */
#include "system/fs.h"
#include "tests/unit/check.h"
#include "tests/unit/dataset_open.h"

/* What the notes of configs/default.json say of its text: what a reader of C tokens could have at best, and
 * the generator itself. Other parameters there, or another generator, and they are wrong. */
static void notes_say_what_can_be_had(void **state)
{
    static const struct {
        uint32_t context;
        double ppl;
    } want[] = {{64, 1.75}, {128, 1.63}, {256, 1.57}, {512, 1.54}, {UINT32_MAX, 1.54}};
    struct lx_json *root = NULL;
    const struct lx_json *notes;
    struct lx_buf text = {0}, dataset = {0};
    struct lx_json_writer w = {.out = &dataset};
    struct lx_stream s;
    struct opened o;
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_fs_read("configs/default.json", &text, &err));
    CHECK_OK(lx_json_parse(text.text, text.len, "configs/default.json", &root, &err));
    lx_json_open_object(&w, NULL);
    for (const struct lx_json *m = lx_json_first(lx_json_find(root, "dataset")); m != NULL;
         m = lx_json_next(m))
        if (strcmp(lx_json_key(m), "name") != 0)
            lx_json_add_value(&w, lx_json_key(m), m);
    lx_json_close_object(&w);
    CHECK_OK(open_dataset(&o, "journal", dataset.text, &err));
    CHECK_OK(o.ops->load(o.self, LX_SPLIT_VALID, &o.arena, &s, &err));
    notes = lx_json_find(root, "notes");
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        double nll = 0;
        char said[16];

        for (size_t t = 0; t < s.n; t++)
            nll += (double)(s.reach[t] <= want[i].context ? s.floor_nll[t] : s.blind_nll[t]);
        CHECK_NEAR(exp(nll / (double)s.n), want[i].ppl, 0.005);
        (void)snprintf(said, sizeof(said), "%.2f", want[i].ppl);
        assert_non_null(strstr(lx_json_text(lx_json_first(notes)), said));
    }
    lx_arena_free(&o.arena);
    lx_json_free(root);
    lx_buf_free(&text);
    lx_buf_free(&dataset);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(notes_say_what_can_be_had),
};

CHECK_MAIN(tests)
