/* Files of token ids as a dataset: every format, bytes of tokens, and what is refused. */
#include <unistd.h>

#include "datasets/tokens_file.h"
#include "system/fs.h"
#include "tests/unit/dataset_open.h"
#include "tests/unit/folder_rig.h"

static const uint32_t ids[] = {0, 1, 2, 50256, 3, 7, 40000, 9};

enum { N = sizeof(ids) / sizeof(ids[0]) };

static void write_file(const char *name, const void *data, size_t n)
{
    struct lx_err err;

    CHECK_OK(lx_fs_write(path_of(name), data, n, &err));
}

static void add_ids(struct lx_buf *b, int width)
{
    for (int i = 0; i < N; i++)
        for (int k = 0; k < width; k++)
            lx_buf_addn(b, &(char){(char)(ids[i] >> (8 * k))}, 1);
}

/* A .npy file of a version with this text as its header, padded as NumPy does; then the ids. */
static void write_npy(const char *name, int version, const char *header, int width)
{
    struct lx_buf b = {0};
    size_t fixed = version == 1 ? 10 : 12, n = strlen(header) + 1;

    n += (64 - (fixed + n) % 64) % 64;
    lx_buf_add(&b, "\x93NUMPY");
    lx_buf_addn(&b, (const char[]){(char)version, 0}, 2);
    for (size_t k = 0; k < fixed - 8; k++)
        lx_buf_addn(&b, &(char){(char)(n >> (8 * k))}, 1);
    lx_buf_add(&b, header);
    for (size_t i = strlen(header); i + 1 < n; i++)
        lx_buf_add(&b, " ");
    lx_buf_add(&b, "\n");
    add_ids(&b, width);
    write_file(name, b.text, b.len);
    lx_buf_free(&b);
}

static void write_llmc(const char *name, uint32_t magic, uint32_t version, uint32_t n)
{
    const uint32_t head[3] = {magic, version, n};
    struct lx_buf b = {0};

    for (int i = 0; i < 256; i++)
        for (int k = 0; k < 4; k++)
            lx_buf_addn(&b, &(char){(char)((i < 3 ? head[i] : 0) >> (8 * k))}, 1);
    add_ids(&b, 2);
    write_file(name, b.text, b.len);
    lx_buf_free(&b);
}

static enum lx_code open_tokens(struct opened *o, const char *name, const char *more,
                                struct lx_err *err)
{
    char json[512];

    (void)snprintf(json, sizeof(json), "{\"train\": \"%s/%s\"%s}", folder, name, more);
    return open_dataset(o, "tokens", json, err);
}

static void check_read(const char *name, const char *more)
{
    struct opened o;
    struct lx_stream s;
    struct lx_err err;

    CHECK_OK(open_tokens(&o, name, more, &err));
    CHECK_OK(o.ops->load(o.self, LX_SPLIT_TRAIN, &o.arena, &s, &err));
    assert_int_equal(s.n, N);
    for (int i = 0; i < N; i++)
        assert_int_equal(s.tokens[i], ids[i]);
    lx_arena_free(&o.arena);
}

static void every_format_reads_the_same(void **state)
{
    struct lx_buf raw = {0};

    (void)state;
    add_ids(&raw, 2);
    write_file("raw.bin", raw.text, raw.len);
    lx_buf_free(&raw);
    write_llmc("llmc.bin", 20240520, 1, N);
    write_npy("u2.npy", 1, "{'descr': '<u2', 'fortran_order': False, 'shape': (8,), }", 2);
    write_npy("u4.npy", 2, "{'descr': '<u4', 'fortran_order': False, 'shape': (8,), }", 4);
    write_npy("i4.npy", 3, "{\"shape\":(8L,),\"descr\":\"<i4\",\"fortran_order\":True}", 4);
    check_read("raw.bin", ", \"vocab\": 50257");
    check_read("raw.bin", ", \"vocab\": 65535, \"format\": \"uint16\"");
    check_read("llmc.bin", ", \"vocab\": 50257");
    check_read("llmc.bin", ", \"vocab\": 50257, \"format\": \"llmc\"");
    check_read("u2.npy", ", \"vocab\": 50257");
    check_read("u4.npy", ", \"vocab\": 50257");
    check_read("i4.npy", ", \"vocab\": 50257, \"format\": \"npy\"");
}

static void one_file_is_cut_in_order(void **state)
{
    const size_t size[LX_SPLITS] = {4, 2, 2}, from[LX_SPLITS] = {0, 4, 6};
    char json[512];
    struct opened o;
    struct lx_stream s;
    struct lx_err err;

    (void)state;
    (void)snprintf(json, sizeof(json),
                   "{\"path\": \"%s/u4.npy\", \"vocab\": 50257, \"valid_fraction\": 0.25, "
                   "\"test_fraction\": 0.25}",
                   folder);
    CHECK_OK(open_dataset(&o, "tokens", json, &err));
    for (int k = 0; k < LX_SPLITS; k++) {
        CHECK_OK(o.ops->load(o.self, (enum lx_split)k, &o.arena, &s, &err));
        assert_int_equal(s.n, size[k]);
        for (size_t i = 0; i < s.n; i++)
            assert_int_equal(s.tokens[i], ids[from[k] + i]);
    }
    lx_arena_free(&o.arena);
}

static void check_refused(const char *name, const char *more, const char *part)
{
    struct opened o;
    struct lx_stream s;
    struct lx_err err;

    CHECK_OK(open_tokens(&o, name, more, &err));
    CHECK_FAILS(o.ops->load(o.self, LX_SPLIT_TRAIN, &o.arena, &s, &err), LX_EDATA, part);
    if (strncmp(err.text, "train: /tmp/", 12) != 0 || strstr(err.text, name) == NULL ||
        strchr(err.text, '\n') != NULL)
        fail_msg("\"%s\" must be one line that begins with the option and names %s", err.text,
                 name);
    lx_arena_free(&o.arena);
}

/* Messages name the option, also where the file is called like it. */
static void options_are_named_before_their_files(void **state)
{
    char before[4096];
    struct opened o;
    struct lx_stream s;
    struct lx_err err;

    (void)state;
    write_file("train.bin", "abcdefg", 7);
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(folder), 0);
    CHECK_OK(open_dataset(&o, "tokens", "{\"train\": \"train.bin\", \"vocab\": 9}", &err));
    CHECK_FAILS(o.ops->load(o.self, LX_SPLIT_TRAIN, &o.arena, &s, &err), LX_EDATA,
                "train: train.bin: must have an even number");
    assert_int_equal(chdir(before), 0);
    lx_arena_free(&o.arena);
}

static void hostile_arrays_are_refused(void **state)
{
    static const struct {
        const char *header, *part;
    } wrong[] = {
        {"{'descr': '>u2', 'fortran_order': False, 'shape': (8,), }", "little endian"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (8,), }",
         "dtype: must be uint16, uint32 or int32 (<u2, <u4, <i4), got <f4"},
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (8,), }", "got <i8"},
        {"{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (8,), }", "got fields"},
        {"{'descr': '<\nu2', 'fortran_order': False, 'shape': (8,), }", "got <?u2"},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (2, 4), }",
         "shape: must have 1 dimension, got 2"},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (), }", "got 0"},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (0,), }", "has more than it says"},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (9,), }",
         "is cut: must have 146 bytes"},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (7,), }", "has more than it says"},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (99999999999999999999,), }",
         "must be a dictionary"},
        {"{'descr': '<u2', 'shape': (8,), }", "must be a dictionary"},
        {"{'descr': '<u2', 'descr': '<u2', 'fortran_order': False, 'shape': (8,), }",
         "must be a dictionary"},
        {"{'descr': '<u2', 'fortran_order': maybe, 'shape': (8,), }", "must be a dictionary"},
        {"{'descr': '<u2', 'fortran_order': False, 'shape': (8,), } and more",
         "must be a dictionary"},
        {"{'descr': '<u2", "must be a dictionary"},
        {"", "must be a dictionary"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        write_npy("wrong.npy", 1, wrong[i].header, 2);
        check_refused("wrong.npy", ", \"vocab\": 65535", wrong[i].part);
    }
    write_npy("wrong.npy", 4, "{}", 2);
    check_refused("wrong.npy", ", \"vocab\": 65535", "must be 1.0, 2.0 or 3.0, got 4.0");
    write_file("bomb.npy", "\x93NUMPY\x02\0\xff\xff\xff\xff{", 13);
    check_refused("bomb.npy", ", \"vocab\": 65535",
                  "header of .npy: must be at most 4000 bytes, got 4294967295");
    write_file("short.npy", "\x93NUMPY\x01\0\x76\0{", 11);
    check_refused("short.npy", ", \"vocab\": 65535",
                  "is cut: must have 118 bytes of header, got 1");
    write_file("stub.npy", "\x93NUM", 4);
    check_refused("stub.npy", ", \"vocab\": 65535", "must begin as .npy files do");
}

static void hostile_bins_are_refused(void **state)
{
    (void)state;
    write_file("odd.bin", "abcdefg", 7);
    check_refused("odd.bin", ", \"vocab\": 65535", "even number of bytes, 2 an id (uint16), got 7");
    write_file("empty.bin", "", 0);
    check_refused("empty.bin", ", \"vocab\": 65535", "must not be empty");
    write_file("mark.bin", "\xff\xff", 2);
    check_refused("mark.bin", ", \"vocab\": 65535", "token 0 must be an id from 0 to 65534");
    check_refused("raw.bin", ", \"vocab\": 50256",
                  "token 3 must be an id from 0 to 50255 (vocab is 50256), got 50256");
    check_refused("raw.bin", ", \"vocab\": 50257, \"format\": \"npy\"",
                  "must begin as .npy files do");
    check_refused("raw.bin", ", \"vocab\": 50257, \"format\": \"llmc\"", "is cut: must have 1024");
    write_llmc("wrong.bin", 20240521, 1, N);
    check_refused("wrong.bin", ", \"vocab\": 50257, \"format\": \"llmc\"",
                  "magic: must be 20240520, as llm.c writes it, got 20240521");
    write_llmc("wrong.bin", 20240801, 7, N);
    check_refused("wrong.bin", ", \"vocab\": 50257", "more than 65535 ids");
    write_llmc("wrong.bin", 20240520, 2, N);
    check_refused("wrong.bin", ", \"vocab\": 50257", "version of llm.c's format: must be 1, got 2");
    write_llmc("wrong.bin", 20240520, 1, N + 1);
    check_refused("wrong.bin", ", \"vocab\": 50257", "is cut: must have 1042 bytes");
    write_llmc("wrong.bin", 20240520, 1, N - 1);
    check_refused("wrong.bin", ", \"vocab\": 50257", "has more than it says");
}

static void negative_ids_are_named(void **state)
{
    struct lx_buf b = {0};
    const char head[] = "{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }     \n";

    (void)state;
    lx_buf_add(&b, "\x93NUMPY\x01");
    lx_buf_addn(&b, (const char[]){0, (char)(sizeof(head) - 1), 0}, 3);
    lx_buf_add(&b, head);
    lx_buf_add(&b, "\xfb\xff\xff\xff");
    write_file("negative.npy", b.text, b.len);
    lx_buf_free(&b);
    check_refused("negative.npy", ", \"vocab\": 50257", "got -5");
}

static void wrong_options_are_named(void **state)
{
    static const struct {
        const char *more, *part;
    } wrong[] = {
        {"", "vocab"},
        {", \"vocab\": 100277", "65535"},
        {", \"vocab\": 8, \"end_of_document\": 8",
         "end_of_document: must be below vocab (8), got 8"},
        {", \"vocab\": 8, \"bytes_per_token\": 0", "bytes_per_token"},
        {", \"vocab\": 8, \"token_bytes\": \"nowhere\"", "token_bytes: nowhere: no such file"},
        {", \"vocab\": 8, \"token_bytes\": \"x\", \"bytes_per_token\": 3",
         "cannot be given together"},
    };
    struct lx_err err;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct opened o;

        if (open_tokens(&o, "raw.bin", wrong[i].more, &err) == LX_OK)
            fail_msg("%s: must be refused", wrong[i].more);
        if (strstr(err.text, wrong[i].part) == NULL)
            fail_msg("\"%s\" lacks \"%s\"", err.text, wrong[i].part);
        lx_arena_free(&o.arena);
    }
}

static enum lx_code open_with_bytes(struct opened *o, const char *lines, struct lx_err *err)
{
    char more[128];

    write_file("bytes.txt", lines, strlen(lines));
    (void)snprintf(more, sizeof(more), ", \"vocab\": 3, \"token_bytes\": \"%s/bytes.txt\"", folder);
    return open_tokens(o, "raw.bin", more, err);
}

static void bytes_of_tokens(void **state)
{
    struct opened o;
    struct lx_err err;

    (void)state;
    CHECK_OK(open_tokens(&o, "raw.bin", ", \"vocab\": 3", &err));
    assert_true(isnan(o.ops->bytes(o.self, 1)));
    lx_arena_free(&o.arena);
    CHECK_OK(open_tokens(&o, "raw.bin", ", \"vocab\": 3, \"bytes_per_token\": 4.5", &err));
    CHECK_NEAR(o.ops->bytes(o.self, 2), 4.5, 0);
    lx_arena_free(&o.arena);
    CHECK_OK(open_with_bytes(&o, "1\n0\n12\n", &err));
    CHECK_NEAR(o.ops->bytes(o.self, 0), 1, 0);
    CHECK_NEAR(o.ops->bytes(o.self, 1), 0, 0);
    CHECK_NEAR(o.ops->bytes(o.self, 2), 12, 0);
    lx_arena_free(&o.arena);
    CHECK_FAILS(open_with_bytes(&o, "1\n2\n", &err), LX_EDATA, "a line for each of 3 ids, got 2");
    lx_arena_free(&o.arena);
    CHECK_FAILS(open_with_bytes(&o, "1\n2\n3\n4", &err), LX_EDATA,
                "a line for each of 3 ids, got 4");
    lx_arena_free(&o.arena);
    CHECK_FAILS(open_with_bytes(&o, "1\n\n3\n", &err), LX_EDATA, "line 2: must be a whole number");
    lx_arena_free(&o.arena);
    CHECK_FAILS(open_with_bytes(&o, "1\n2\n65536\n", &err), LX_EDATA, "line 3: must be a whole");
    lx_arena_free(&o.arena);
}

static void ids_are_read_and_printed(void **state)
{
    struct opened o;
    struct lx_buf text = {0}, tokens = {0};
    struct lx_err err;

    (void)state;
    CHECK_OK(open_tokens(&o, "raw.bin", ", \"vocab\": 50257, \"end_of_document\": 50256", &err));
    o.ops->text(o.self, 12, &text);
    o.ops->text(o.self, 50256, &text);
    assert_string_equal(text.text, "12 50256\n");
    CHECK_OK(o.ops->encode(o.self, " 7\n50256 ", 9, &tokens, &err));
    assert_int_equal(tokens.len, 4);
    assert_memory_equal(tokens.text, ((const uint16_t[]){7, 50256}), 4);
    CHECK_FAILS(o.ops->encode(o.self, "50257", 5, &tokens, &err), LX_EDATA, "got \"50257\"");
    CHECK_FAILS(o.ops->encode(o.self, "1 the", 5, &tokens, &err), LX_EDATA, "got \"the\"");
    lx_buf_free(&text);
    lx_buf_free(&tokens);
    lx_arena_free(&o.arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_format_reads_the_same),
    cmocka_unit_test(one_file_is_cut_in_order),
    cmocka_unit_test(options_are_named_before_their_files),
    cmocka_unit_test(hostile_arrays_are_refused),
    cmocka_unit_test(hostile_bins_are_refused),
    cmocka_unit_test(negative_ids_are_named),
    cmocka_unit_test(wrong_options_are_named),
    cmocka_unit_test(bytes_of_tokens),
    cmocka_unit_test(ids_are_read_and_printed),
};

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_folder);
}
