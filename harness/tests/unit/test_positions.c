/* Positions that go by tokens: places in numbers, as Abacus and coupled positions have them, and in
 * segments. Values by hand. */
#include "tests/unit/encoding_rig.h"

enum { T = 15, LENGTH = 16 };

static const char sum[] = "\n019+955=9641\n5"; /* a second example begins after the line break */
static const int place_of[T] = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 0, 1};

static const struct lx_enc_dims dims = {.layers = 1,
                                        .heads = 2,
                                        .head_dim = 8,
                                        .d_model = 16,
                                        .train_length = LENGTH,
                                        .max_length = 64};

static uint16_t tokens[T];
static double pos[T], pos_embed[T];

/* What a sequence of `text` gets; the arrays that were written. */
static int place(const struct rig *r, const char *text, int n, bool training, int step)
{
    struct lx_enc_draw draw = {.training = training, .seed = 1, .step = step};
    struct lx_enc_positions p = {.draw = &draw, .tokens = tokens, .pos = pos};
    struct lx_rng rng;
    char stream[24];

    (void)snprintf(stream, sizeof(stream), "test/%d", step);
    lx_rng_init(&rng, 1, stream);
    p.rng = &rng;
    p.pos_embed = pos_embed;
    for (int t = 0; t < n; t++) {
        tokens[t] = (unsigned char)text[t];
        pos[t] = pos_embed[t] = t;
    }
    return r->ops->positions(r->self, n, &p);
}

static void digits_have_places_in_their_numbers(void **state)
{
    struct rig r;

    (void)state;
    rig_open(&r, "positions", "{\"map\": \"numbers\"}", &dims);
    assert_int_equal(place(&r, sum, T, true, 0), LX_POS_EMBED);
    for (int t = 0; t < T; t++) {
        CHECK_NEAR(pos_embed[t], place_of[t], 0);
        CHECK_NEAR(pos[t], t, 0); /* rotations and distances see nothing of it */
    }
    assert_int_equal(r.ops->reach(r.self, 64, false, true), LENGTH);
    assert_int_equal(r.ops->reach(r.self, 64, false, false), 64);
    rig_close(&r);
    rig_open(&r, "positions", "{\"map\": \"numbers\", \"rows\": 3}", &dims);
    (void)place(&r, sum, T, false, 0);
    for (int t = 0; t < T; t++)
        CHECK_NEAR(pos_embed[t], place_of[t] < 3 ? place_of[t] : 2, 0);
    rig_close(&r);
}

/* Of any alphabet: in a copy each letter has the place of the one that it repeats. */
static void digits_are_what_is_said(void **state)
{
    static const int expected[] = {0, 1, 2, 3, 0, 1, 2, 3};
    struct rig r;

    (void)state;
    rig_open(&r, "positions", "{\"map\": \"numbers\", \"digits\": [97, 98, 99]}", &dims);
    (void)place(&r, "\ncab=cab", 8, true, 0);
    for (int t = 0; t < 8; t++)
        CHECK_NEAR(pos_embed[t], expected[t], 0);
    (void)place(&r, "\n12=12", 6, true, 0);
    for (int t = 0; t < 6; t++)
        CHECK_NEAR(pos_embed[t], 0, 0);
    rig_close(&r);
}

/* One shift for a sequence, of digits alone or of all tokens; every one occurs, and none at evaluation. */
static void a_shift_moves_whole_sequences(void **state)
{
    static const char *const options[] = {
        "{\"map\": \"numbers\", \"draw\": \"shift\", \"max_shift\": 5}",
        "{\"map\": \"numbers\", \"draw\": \"shift\", \"max_shift\": 5, \"others\": \"move\"}"};

    (void)state;
    for (int move = 0; move < 2; move++) {
        int seen[6] = {0};
        struct rig r;

        rig_open(&r, "positions", options[move], &dims);
        for (int step = 0; step < 100; step++) {
            int shift;

            (void)place(&r, sum, T, true, step);
            shift = (int)pos_embed[1] - 1;
            assert_in_range(shift, 0, 5);
            seen[shift]++;
            for (int t = 0; t < T; t++)
                CHECK_NEAR(pos_embed[t], place_of[t] + (place_of[t] > 0 || move ? shift : 0), 0);
        }
        for (int k = 0; k < 6; k++)
            assert_true(seen[k] > 0);
        (void)place(&r, sum, T, false, 0);
        for (int t = 0; t < T; t++)
            CHECK_NEAR(pos_embed[t], place_of[t], 0);
        assert_int_equal(r.ops->reach(r.self, LENGTH, true, true), LENGTH + 5);
        assert_int_equal(r.ops->reach(r.self, LENGTH, false, true), LENGTH);
        rig_close(&r);
    }
}

/* Tokens that follow change nothing. */
static void places_know_nothing_of_the_future(void **state)
{
    double before[T];
    struct rig r;

    (void)state;
    rig_open(&r, "positions", "{\"map\": \"numbers\", \"draw\": \"shift\"}", &dims);
    (void)place(&r, sum, T, true, 3);
    memcpy(before, pos_embed, sizeof(before));
    for (int n = 1; n < T; n++) {
        (void)place(&r, sum, n, true, 3);
        for (int t = 0; t < n; t++)
            CHECK_NEAR(pos_embed[t], before[t], 0);
    }
    rig_close(&r);
}

/* The token that closes a segment belongs to it; the place within it stops at rows - 1. */
static void segments_are_counted(void **state)
{
    static const int within[] = {0, 1, 2, 0, 1, 2, 2, 0}, closed[] = {0, 0, 0, 1, 1, 1, 1, 2};
    struct rig r;

    (void)state;
    rig_open(&r, "positions", "{\"map\": \"segments\", \"ends\": [46], \"rows\": 3}", &dims);
    assert_int_equal(place(&r, "ab.abc.a", 8, true, 0), LX_POS_EMBED | LX_POS_TOKENS);
    for (int t = 0; t < 8; t++) {
        CHECK_NEAR(pos_embed[t], within[t], 0);
        CHECK_NEAR(pos[t], closed[t], 0);
    }
    rig_close(&r);
}

static void what_cannot_be_is_refused(void **state)
{
    static const char *const wrong[][2] = {
        {"{\"digits\": [48]}", "digits: must be unset but with map numbers"},
        {"{\"others\": \"move\"}", "others: must be unset but with map numbers"},
        {"{\"map\": \"numbers\", \"draw\": \"subset\"}", "draw: must be none or shift"},
        {"{\"map\": \"numbers\", \"draw\": \"cape\"}", "draw: must be none or shift"},
        {"{\"map\": \"numbers\", \"offset\": 2}", "map: numbers leave no room for values, offset"},
        {"{\"map\": \"numbers\", \"ends\": [46]}", "ends: must be unset but with map segments"}};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct lx_err err;
        struct rig r;

        CHECK_FAILS(rig_try(&r, "positions", wrong[i][0], &dims, &err), LX_ECONFIG, wrong[i][1]);
        rig_close(&r);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(digits_have_places_in_their_numbers),
    cmocka_unit_test(digits_are_what_is_said),
    cmocka_unit_test(a_shift_moves_whole_sequences),
    cmocka_unit_test(places_know_nothing_of_the_future),
    cmocka_unit_test(segments_are_counted),
    cmocka_unit_test(what_cannot_be_is_refused),
};

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
