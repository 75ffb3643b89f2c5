/* The safetensors container: what is written reads back, files made by hand read as they should, and
 * every way a file can lie is refused with the reason. */
#include <unistd.h>

#include "system/fs.h"
#include "tests/unit/st_rig.h"

/* Parse bytes made by hand; on success *n is the number of tensors. */
static enum lx_code try_header(const char *header, size_t data, size_t *n, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct st_bytes f = st_make(header, data);
    struct lx_st_file out;
    enum lx_code code = lx_st_parse(f.at, f.n, &arena, &out, err);

    *n = out.n_tensors;
    lx_arena_free(&arena);
    free(f.at);
    return code;
}

static void files_made_by_hand_are_read(void **state)
{
    static const char *const header =
        "{\"b\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[4,12]},"
        "\"__metadata__\":{\"k\":\"v \\u00e9\",\"empty\":\"\"},"
        "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
        "\"none\":{\"data_offsets\":[12,12],\"dtype\":\"F64\",\"shape\":[3,0,7]},"
        "\"c\":{\"dtype\":\"F64\",\"shape\":[1,1,1,1,1,1,1,1],\"data_offsets\":[12,20]}}  ";
    struct lx_arena arena = {0};
    struct st_bytes f = st_make(header, 20);
    struct lx_st_file out;
    const struct lx_st_tensor *t;
    struct lx_err err;
    double want;

    (void)state;
    CHECK_OK(lx_st_parse(f.at, f.n, &arena, &out, &err));
    assert_int_equal(out.n_tensors, 4);
    assert_string_equal(out.tensors[0].name, "b");
    assert_string_equal(lx_st_meta(&out, "k"), "v \xc3\xa9");
    assert_string_equal(lx_st_meta(&out, "empty"), "");
    assert_null(lx_st_meta(&out, "K"));
    assert_null(lx_st_find(&out, "A"));
    t = lx_st_find(&out, "a");
    assert_non_null(t);
    assert_true(t->type == LX_ST_F32 && t->n_dims == 0 && t->n == 1);
    t = lx_st_find(&out, "b");
    assert_true(t->type == LX_ST_I32 && t->n_dims == 1 && t->n == 2 && t->dim[0] == 2);
    CHECK_NEAR(lx_st_value(t, 0), 0x07060504, 0);
    CHECK_NEAR(lx_st_value(t, 1), 0x0b0a0908, 0);
    t = lx_st_find(&out, "none");
    assert_true(t->n_dims == 3 && t->n == 0 && t->dim[1] == 0);
    t = lx_st_find(&out, "c");
    memcpy(&want, "\x0c\x0d\x0e\x0f\x10\x11\x12\x13", 8);
    assert_true(t->n_dims == 8 && t->n == 1);
    CHECK_NEAR(lx_st_value(t, 0), want, 0);
    lx_arena_free(&arena);
    free(f.at);
}

#define ONE(dtype, shape, offsets)                                                                 \
    "{\"x\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define TWO(from, to, from2, to2)                                                                  \
    "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" #from "," #to                     \
    "]},\"y\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" #from2 "," #to2 "]}}"

static const struct {
    const char *header;
    size_t data;
    const char *text;
} lies[] = {
    {"", 0, "header: "},
    {"{", 0, "header: line 1"},
    {"{}x", 0, "header: line 1"},
    {"[]", 0, "header: must be an object, got an array"},
    {"7", 0, "header: must be an object, got a number"},
    {"null", 0, "header: must be an object, got null"},
    {"{}", 3, "data: 3 bytes belong to no tensor"},
    {"{\"x\":1}", 0, "tensor \"x\": must be an object, got a number"},
    {"{\"x\":{}}", 0, "tensor \"x\": must have just dtype, shape and data_offsets"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"y\":0}}", 4,
     "must have just"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"offsets\":[0,4]}}", 4,
     "tensor \"x\": data_offsets must be two numbers"},
    {"{\"x\":{\"dtyp\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
     "tensor \"x\": dtype must be F32, F64 or I32, got nothing"},
    {"{\"x\":{\"dtype\":\"F32\",\"Shape\":[1],\"data_offsets\":[0,4]}}", 4,
     "tensor \"x\": shape must be an array, got nothing"},
    {ONE("F16", "[2]", "[0,4]"), 4, "tensor \"x\": dtype must be F32, F64 or I32, got F16"},
    {ONE("f32", "[1]", "[0,4]"), 4, "got f32"},
    {ONE("F32", "1", "[0,4]"), 4, "tensor \"x\": shape must be an array, got a number"},
    {ONE("F32", "[-1]", "[0,4]"), 4,
     "tensor \"x\": dimensions must be whole numbers from 0 to 2^53"},
    {ONE("F32", "[1.5]", "[0,6]"), 6, "dimensions must be whole numbers"},
    {ONE("F32", "[\"1\"]", "[0,4]"), 4, "dimensions must be whole numbers"},
    {ONE("F32", "[1e300]", "[0,4]"), 4, "dimensions must be whole numbers"},
    {ONE("F32", "[9007199254740994]", "[0,4]"), 4, "dimensions must be whole numbers"},
    {ONE("F32", "[4294967296,4294967296]", "[0,0]"), 0, "tensor \"x\": shape is too large"},
    {ONE("F32", "[2147483648,2147483648,2]", "[0,0]"), 0, "tensor \"x\": shape is too large"},
    {ONE("F64", "[9007199254740992,256]", "[0,0]"), 0, "tensor \"x\": shape is too large"},
    {ONE("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4,
     "tensor \"x\": must have at most 8 dimensions, got 9"},
    {ONE("F32", "[2]", "[0,4]"), 4, "tensor \"x\": data_offsets span 4 bytes, the shape needs 8"},
    {ONE("F64", "[1]", "[0,4]"), 4, "data_offsets span 4 bytes, the shape needs 8"},
    {ONE("F32", "[]", "[0,0]"), 0, "data_offsets span 0 bytes, the shape needs 4"},
    {ONE("F32", "[0]", "[0,4]"), 4, "data_offsets span 4 bytes, the shape needs 0"},
    {ONE("F32", "[1]", "[4,0]"), 4, "tensor \"x\": data_offsets 4..0 must lie within the 4 bytes"},
    {ONE("F32", "[1]", "[4,8]"), 4, "data_offsets 4..8 must lie within the 4 bytes of data"},
    {ONE("F32", "[1]", "[0,4.5]"), 5, "tensor \"x\": data_offsets must be whole numbers"},
    {ONE("F32", "[1]", "[-4,0]"), 4, "tensor \"x\": data_offsets must be whole numbers"},
    {ONE("F32", "[1]", "[1e999,4]"), 4, "header: "},
    {ONE("F32", "[1]", "[18446744073709551612,18446744073709551616]"), 4,
     "data_offsets must be whole numbers"},
    {ONE("F32", "[1]", "[0]"), 4, "tensor \"x\": data_offsets must be two numbers"},
    {ONE("F32", "[1]", "[0,4,4]"), 4, "tensor \"x\": data_offsets must be two numbers"},
    {ONE("F32", "[1]", "4"), 4, "tensor \"x\": data_offsets must be two numbers"},
    {ONE("F32", "[1]", "[4,8]"), 8, "data: a hole at byte 0"},
    {ONE("F32", "[1]", "[0,4]"), 8, "data: 4 bytes belong to no tensor"},
    {TWO(0, 8, 0, 8), 8, "data: two tensors overlap at byte 8"},
    {TWO(0, 8, 4, 12), 12, "data: two tensors overlap at byte 8"},
    {TWO(4, 12, 0, 8), 12, "data: two tensors overlap at byte 8"},
    {TWO(0, 8, 12, 20), 20, "data: a hole at byte 8"},
    {TWO(12, 20, 0, 8), 20, "data: a hole at byte 8"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
     "\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
     8, "header: x: duplicate key"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
     "duplicate key"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__.a: must be a string, got a number"},
    {"{\"__metadata__\":{\"a\":null}}", 0, "__metadata__.a: must be a string, got null"},
    {"{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}", 0,
     "__metadata__.a: must be a string, got an object"},
    {"{\"__metadata__\":\"a\"}", 0, "__metadata__: must be an object, got a string"},
    {"{\"__metadata__\":{\"a\":\"\\u0000\"}}", 0, "header: "},
    {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", 0, "duplicate key"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "duplicate key"},
    {"{\"x\xff\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "invalid UTF-8"},
};

static void every_lie_is_refused_with_the_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct lx_err err = {.text = ""};
        size_t n;

        if (try_header(lies[i].header, lies[i].data, &n, &err) != LX_EFORMAT)
            fail_msg("%s: not refused: %s", lies[i].header, err.text);
        if (strstr(err.text, lies[i].text) == NULL)
            fail_msg("%s: \"%s\" lacks \"%s\"", lies[i].header, err.text, lies[i].text);
    }
}

/* The length in front: too short a file, too long a header, all 64 bits. */
static void header_lengths_are_checked(void **state)
{
    static const struct {
        unsigned char at[8];
        const char *text;
    } lengths[] = {
        {{11}, "truncated: the header has 11 bytes, the file 18"},
        {{0, 0xe1, 0xf5, 5}, "truncated: the header has 100000000 bytes, the file 18"},
        {{1, 0xe1, 0xf5, 5}, "header length: must be at most 100000000, got 100000001"},
        {{0, 0, 0, 0, 0, 0, 0, 0x80},
         "header length: must be at most 100000000, got 9223372036854775808"},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "got 18446744073709551615"},
        {{0}, "header: "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct lx_arena arena = {0};
        struct st_bytes f = st_make("{}        ", 0);
        struct lx_st_file out;
        struct lx_err err;

        memcpy(f.at, lengths[i].at, 8);
        CHECK_FAILS(lx_st_parse(f.at, f.n, &arena, &out, &err), LX_EFORMAT, lengths[i].text);
        lx_arena_free(&arena);
        free(f.at);
    }
}

/* Any beginning of a good file is broken, and so is a good file with a byte more. */
static void truncation_shows_at_every_byte(void **state)
{
    struct st_bytes f = st_make(TWO(0, 8, 8, 16), 16);

    (void)state;
    for (size_t n = 0; n <= f.n + 1; n++) {
        unsigned char *part = malloc(n > 0 ? n : 1); /* exactly n: a sanitizer sees one byte more */
        struct lx_arena arena = {0};
        struct lx_st_file out;
        struct lx_err err;
        enum lx_code code;

        assert_non_null(part);
        memcpy(part, f.at, n < f.n ? n : f.n);
        if (n > f.n)
            part[f.n] = 0;
        code = lx_st_parse(part, n, &arena, &out, &err);
        assert_int_equal(code, n == f.n ? LX_OK : LX_EFORMAT);
        if (n < 8)
            assert_non_null(strstr(err.text, "must have at least 8 bytes, got "));
        lx_arena_free(&arena);
        free(part);
    }
    free(f.at);
}

/* Any one byte changed in any way: read or refused, never worse (the sanitizers' job to say). */
static void any_changed_byte_is_survived(void **state)
{
    struct st_bytes f = st_make(ONE("F32", "[1,2]", "[0,8]"), 8);
    size_t taken = 0;
    volatile double sum = 0; /* reads what was taken */

    (void)state;
    for (size_t i = 0; i < f.n; i++) {
        unsigned char kept = f.at[i];

        for (int v = 0; v < 256; v++) {
            struct lx_arena arena = {0};
            struct lx_st_file out;
            struct lx_err err;
            enum lx_code code;

            f.at[i] = (unsigned char)v;
            code = lx_st_parse(f.at, f.n, &arena, &out, &err);
            assert_true(code == LX_OK || code == LX_EFORMAT);
            if (code == LX_OK) {
                assert_int_equal(out.n_tensors, 1);
                assert_int_equal(out.tensors[0].n, 2);
                sum += lx_st_value(&out.tensors[0], 0) + lx_st_value(&out.tensors[0], 1);
                taken++;
            }
            lx_arena_free(&arena);
        }
        f.at[i] = kept;
    }
    (void)sum;
    assert_true(taken >= 8 * 256); /* the data may be anything */
    free(f.at);
}

/* Many tensors, the last first: still read at once. */
static void order_in_the_header_is_free(void **state)
{
    enum { MANY = 100000 };
    struct lx_buf b = {0};
    struct lx_err err;
    size_t n;

    (void)state;
    for (int i = MANY - 1; i >= 0; i--)
        lx_buf_printf(&b, "%s\"t%d\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[%d,%d]}",
                      i == MANY - 1 ? "{" : ",", i, 4 * i, 4 * i + 4);
    lx_buf_add(&b, "}");
    CHECK_OK(lx_buf_check(&b, &err));
    CHECK_OK(try_header(b.text, 4 * MANY, &n, &err));
    assert_int_equal(n, MANY);
    lx_buf_free(&b);
}

static char *temp_path(void)
{
    static char path[64];
    int fd;

    (void)snprintf(path, sizeof(path), "/tmp/lx-st-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    return path;
}

static void what_is_written_reads_back(void **state)
{
    static const float f32[6] = {1, -0.0f, 1e-45f, 3.4e38f, INFINITY, -2.5f};
    static const double f64[2] = {0.1, -1e300};
    static const int32_t i32[3] = {INT32_MIN, -1, INT32_MAX};
    struct lx_st_tensor t[4] = {
        {.name = "layers.0.\"odd\" \xc3\xa9",
         .type = LX_ST_F32,
         .n_dims = 2,
         .dim = {2, 3},
         .n = 6},
        {.name = "d", .type = LX_ST_F64, .n_dims = 1, .dim = {2}, .n = 2},
        {.name = "i", .type = LX_ST_I32, .n_dims = 3, .dim = {1, 3, 1}, .n = 3},
        {.name = "scalar", .type = LX_ST_F32, .n_dims = 0, .n = 1}};
    struct lx_st_meta meta[2] = {{"config", "{\"a\": [1, \"\\n\"]}\n\t\\"}, {"step", "12"}};
    const char *path = temp_path();
    struct lx_arena arena = {0};
    struct lx_buf bytes = {0};
    struct lx_st_file f;
    struct lx_err err;

    (void)state;
    t[0].data = t[3].data = f32;
    t[1].data = f64;
    t[2].data = i32;
    CHECK_OK(lx_st_write(path, t, 4, meta, 2, &err));
    CHECK_OK(lx_st_read(path, &arena, &f, &err));
    assert_true(f.n_tensors == 4 && f.n_meta == 2);
    for (size_t k = 0; k < 4; k++) {
        static const size_t size[] = {4, 8, 4};

        assert_string_equal(f.tensors[k].name, t[k].name);
        assert_true(f.tensors[k].type == t[k].type && f.tensors[k].n_dims == t[k].n_dims);
        assert_int_equal(f.tensors[k].n, t[k].n);
        assert_memory_equal(f.tensors[k].dim, t[k].dim, sizeof(t[k].dim));
        assert_memory_equal(f.tensors[k].data, t[k].data, t[k].n * size[t[k].type]);
    }
    CHECK_NEAR(lx_st_value(&f.tensors[0], 2), 1.401298464324817e-45, 0);
    CHECK_NEAR(lx_st_value(&f.tensors[1], 1), -1e300, 0);
    CHECK_NEAR(lx_st_value(&f.tensors[2], 0), -2147483648.0, 0);
    assert_string_equal(lx_st_meta(&f, "config"), meta[0].value);
    CHECK_OK(lx_fs_read(path, &bytes, &err));
    assert_int_equal((unsigned char)bytes.text[0] % 8, 0); /* data begins at a multiple of 8 */
    assert_int_equal(bytes.text[8], '{');
    lx_buf_free(&bytes);
    CHECK_OK(lx_st_write(path, NULL, 0, NULL, 0, &err));
    CHECK_OK(lx_st_read(path, &arena, &f, &err));
    assert_true(f.n_tensors == 0 && f.n_meta == 0);
    assert_null(lx_st_meta(&f, "config"));
    CHECK_OK(lx_fs_remove(path, &err));
    CHECK_FAILS(lx_st_read(path, &arena, &f, &err), LX_EDATA, path);
    CHECK_FAILS(lx_st_write("/nowhere/x", NULL, 0, NULL, 0, &err), LX_EIO, "/nowhere/x");
    CHECK_OK(lx_fs_write(path, "\3\0\0\0\0\0\0\0{}", 10, &err));
    CHECK_FAILS(lx_st_read(path, &arena, &f, &err), LX_EFORMAT,
                "truncated: the header has 3 bytes");
    assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
    CHECK_OK(lx_fs_remove(path, &err));
    lx_arena_free(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(files_made_by_hand_are_read),
    cmocka_unit_test(every_lie_is_refused_with_the_reason),
    cmocka_unit_test(header_lengths_are_checked),
    cmocka_unit_test(truncation_shows_at_every_byte),
    cmocka_unit_test(any_changed_byte_is_survived),
    cmocka_unit_test(order_in_the_header_is_free),
    cmocka_unit_test(what_is_written_reads_back),
};

CHECK_MAIN(tests)
