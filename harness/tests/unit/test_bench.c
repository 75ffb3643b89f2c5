/* What a benchmark counts and writes: operations of the five workloads, worked out by hand from the
 * formula of torch_bench.py; rows; the number of passes; and the report of rows that are made up. */
#include <unistd.h>

#include "bench/bench.h"
#include "bench/bench_report.h"
#include "kernels/gemm.h"
#include "kernels/simd.h"
#include "system/fs.h"
#include "tests/unit/check.h"
#include "text/csvfile.h"

/* Forward: 2 (12 d^2 layers + d V) + 2 layers T d; three times that in training. */
static void counts_operations(void **state)
{
    static const struct {
        const char *name;
        int tokens;
        double flops; /* of a token */
    } want[] = {
        {"tiny", 128 * 32, 3 * (2 * (786432 + 32768) + 131072)},   /* 5308416  */
        {"small", 256 * 16, 3 * (2 * (4718592 + 65536) + 786432)}, /* 31064064 */
        {"long", 512 * 8, 3 * (2 * (786432 + 32768) + 524288)},    /* 6488064  */
        {"eval8", 1024 * 4, 2 * (786432 + 32768) + 1048576},       /* 2686976  */
        {"eval32", 4096 * 1, 2 * (786432 + 32768) + 4194304},      /* 5832704  */
    };

    (void)state;
    assert_int_equal(lx_bench_shape_count(), 5);
    for (int i = 0; i < 5; i++) {
        const struct lx_bench_shape *s = lx_bench_shape_find(want[i].name);

        assert_ptr_equal(s, lx_bench_shape_at(i));
        assert_int_equal(s->length * s->batch, want[i].tokens);
        CHECK_NEAR(lx_bench_flops(s, s->length), want[i].flops, 0);
        CHECK_NEAR(lx_bench_flops(s, 1 << 20), want[i].flops, 0); /* hides nothing */
    }
    CHECK_NEAR(lx_bench_flops(lx_bench_shape_find("tiny"), 128), 5308416, 0);
    CHECK_NEAR(lx_bench_flops(lx_bench_shape_find("small"), 256), 31064064, 0);
    assert_null(lx_bench_shape_find("huge"));
}

/* Pairs of query and key that a window leaves, one by one: the formula counts half a pair less a
 * query (a triangle of T^2/2 for T (T + 1)/2 pairs), every pair at 4 d operations a layer, three
 * times that in training. */
static void counts_what_a_window_leaves(void **state)
{
    static const int lengths[] = {1, 7, 64, 1000}, windows[] = {1, 4, 64, 999, 1000, 5000};

    (void)state;
    for (int training = 0; training < 2; training++)
        for (int i = 0; i < 4; i++)
            for (int k = 0; k < 6; k++) {
                const struct lx_bench_shape s = {"x", training != 0, 3, 48, 4, lengths[i], 2};
                const double times = training ? 3 : 1;
                int T = lengths[i], w = windows[k] < T ? windows[k] : T;
                double pairs = 0, linear = 2 * (12.0 * 48 * 48 * 3 + 48 * 256);

                for (int q = 0; q < T; q++)
                    for (int j = 0; j <= q; j++)
                        pairs += q - j < windows[k] ? 1 : 0;
                /* w(w+1)/2 + (T-w) w pairs: w^2/2 + (T-w) w and w/2 more */
                CHECK_NEAR(lx_bench_flops(&s, windows[k]) / times,
                           linear + 3 * 4 * 48 * (pairs - w / 2.0) / T, 1e-6);
            }
}

static void sweeps_lengths(void **state)
{
    static const int lengths[] = {2, 128, 1000, 4096, 65536}, batch[] = {64, 32, 5, 1, 1};

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct lx_bench_shape s = lx_bench_sweep(lengths[i], false);
        struct lx_bench_shape t = lx_bench_sweep(lengths[i], true);

        assert_string_equal(s.name, "length");
        assert_string_equal(t.name, "train_length");
        assert_true(t.training);
        assert_int_equal(t.length, lengths[i]);
        assert_int_equal(t.batch, batch[i]);
        assert_int_equal(s.length, lengths[i]);
        assert_int_equal(s.batch, batch[i]);
        assert_false(s.training);
    }
    {
        struct lx_bench_shape s = lx_bench_sweep(1024, false), t = lx_bench_sweep(128, true);

        CHECK_NEAR(lx_bench_flops(&s, 1024), 2686976, 0); /* eval8 */
        CHECK_NEAR(lx_bench_flops(&t, 128), 5308416, 0);  /* tiny  */
    }
}

static void writes_rows(void **state)
{
    struct lx_bench_case c = {.stack = {.id = "nope"}};
    struct lx_bench_result r = {.seconds = 0.25,
                                .gemm_gflops = 200,
                                .gemm_core = "K",
                                .peak_gflops = 400,
                                .peak_bytes = 1048576,
                                .repeat = 7,
                                .window = 128};
    struct lx_buf text = {0};
    struct lx_arena arena = {0};
    struct lx_csv csv;
    struct lx_err err;

    (void)state;
    c.shape = *lx_bench_shape_find("tiny");
    lx_buf_add(&text, lx_bench_header);
    lx_bench_row(&c, &r, &text);
    c.shape = *lx_bench_shape_find("eval8");
    c.plain = true;
    lx_bench_row(&c, NULL, &text);
    c.shape = lx_bench_sweep(4096, false);
    c.plain = false;
    r.window = 64;
    lx_bench_row(&c, &r, &text);
    CHECK_OK(lx_csv_parse(text.text, text.len, "rows", &arena, &csv, &err));
    assert_int_equal(csv.n_rows, 3);
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "window")), "");
    assert_string_equal(lx_csv_at(&csv, 1, (size_t)lx_csv_column(&csv, "window")), "");
    assert_string_equal(lx_csv_at(&csv, 2, (size_t)lx_csv_column(&csv, "window")), "64");
    /* 1638400 linear and 2048 * 63.5 in attention make 1768448 a token, times 16384 */
    assert_string_equal(lx_csv_at(&csv, 2, (size_t)lx_csv_column(&csv, "gflops")), "29.0");
    /* 4096 tokens in a quarter of a second; 16384 * 5308416 = 87.0 GFLOP/s of 200. */
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "tokens_per_second")),
                        "16384");
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "gflops")), "87.0");
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "fraction_of_sgemm")),
                        "0.435");
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "sgemm_core")), "K");
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "peak_gflops")), "400.0");
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "fraction_of_peak")),
                        "0.217");
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "mode")), "full");
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "repeat")), "7");
    assert_string_equal(lx_csv_at(&csv, 1, (size_t)lx_csv_column(&csv, "mode")), "no_statistics");
    assert_string_equal(lx_csv_at(&csv, 1, (size_t)lx_csv_column(&csv, "tokens_per_second")), "");
    assert_string_equal(lx_csv_at(&csv, 1, (size_t)lx_csv_column(&csv, "peak_rss_bytes")), "");
    lx_buf_free(&text);
    lx_arena_free(&arena);
}

/* Every compilation does as many as it says, lane by lane; the rate is that of the fastest. */
static void multiply_adds_are_counted(void **state)
{
    double fewest = lx_simd_at(0)->multiply_adds(10, (real)0.5);

    (void)state;
    assert_true(fewest >= 10 * 8);
    for (int i = 0; i < lx_simd_count(); i++) {
        double n = lx_simd_at(i)->multiply_adds(10, (real)0.5);

        assert_true(n >= fewest);
        CHECK_NEAR(lx_simd_at(i)->multiply_adds(30, (real)0.5), 3 * n, 0);
    }
    assert_true(lx_yardstick_multiply_adds() > 0.1);
}

/* What other core types can do counts where it is more. */
static void the_faster_core_is_the_yardstick(void **state)
{
    struct lx_bench_case c = {.shape = lx_bench_sweep(16, false),
                              .stack = {.id = "nope"},
                              .threads = 1,
                              .repeat = 1,
                              .limit = 1,
                              .side = 256,
                              .other = {.core = "Abacus", .gflops = 1e6}};
    struct lx_bench_result r;
    struct lx_err err;

    (void)state;
    c.shape.batch = 1;
    CHECK_OK(lx_bench_measure(&c, &r, &err));
    assert_string_equal(r.gemm_core, "Abacus");
    CHECK_NEAR(r.gemm_gflops, 1e6, 0);
    assert_true(r.peak_gflops > 0.1);
    c.other.gflops = 1e-6;
    CHECK_OK(lx_bench_measure(&c, &r, &err));
    assert_string_equal(r.gemm_core, lx_gemm_core());
    assert_true(r.gemm_gflops > 0.1);
}

static void yardsticks_are_read(void **state)
{
    static const char *const wrong[] = {
        "", "K", "K ", " 4", "K x", "K 0.0", "K -1", "a-core-type-whose-name-is-too-long 4"};
    struct lx_yardstick y;

    (void)state;
    assert_true(lx_yardstick_read("SkylakeX 104.5\n", &y));
    assert_string_equal(y.core, "SkylakeX");
    CHECK_NEAR(y.gflops, 104.5, 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(lx_yardstick_read(wrong[i], &y));
}

/* So many passes as asked for; only one where the first uses up the time. */
static void measures(void **state)
{
    struct lx_err err;

    (void)state;
    for (int training = 0; training < 2; training++)
        for (int limit = 0; limit <= 60; limit += 60) {
            const struct lx_bench_case c = {.shape = {"mini", training != 0, 1, 16, 2, 8, 4},
                                            .stack = {.id = lx_encoding_at(0)->name},
                                            .repeat = 3,
                                            .limit = limit,
                                            .side = 256};
            struct lx_bench_result r;

            CHECK_OK(lx_bench_measure(&c, &r, &err));
            assert_int_equal(r.repeat, limit > 0 ? 3 : 1);
            assert_true(r.seconds > 0 && r.seconds < 60);
            assert_true(r.gemm_gflops > 0);
            assert_true(r.peak_bytes > 1 << 20);
            assert_int_equal(r.window, 8);
        }
    {
        const struct lx_bench_case c = {.shape = {"mini", false, 1, 16, 2, 8, 4},
                                        .stack = {.id = "none such"},
                                        .repeat = 1,
                                        .side = 256};
        struct lx_bench_result r;

        CHECK_FAILS(lx_bench_measure(&c, &r, &err), LX_ECONFIG,
                    "bench: mini, none such, 8 tokens: stack[0].name: unknown encoding");
    }
}

/* ---------------------------------------------------------------------------------- stacks */

/* The window of a stack is found, wherever it stands. */
static void measures_stacks(void **state)
{
    static const struct {
        const char *schemes;
        int window;
    } want[] = {{"[\"alibi\",{\"name\":\"window\",\"width\":3}]", 3},
                {"[{\"name\":\"window\",\"width\":5},{\"name\":\"window\",\"width\":4}]", 4},
                {"[{\"name\":\"window\",\"width\":99}]", 8},
                {"[]", 8}};
    struct lx_err err;

    (void)state;
    for (int training = 0; training < 2; training++)
        for (int i = 0; i < 4; i++) {
            const struct lx_bench_case c = {.shape = {"mini", training != 0, 1, 16, 2, 8, 4},
                                            .stack = {.id = "s", .schemes = want[i].schemes},
                                            .repeat = 1,
                                            .limit = 1,
                                            .side = 256};
            struct lx_bench_result r;

            CHECK_OK(lx_bench_measure(&c, &r, &err));
            assert_int_equal(r.window, want[i].window);
            assert_true(r.seconds > 0);
        }
}

/* Trained stacks and those that they are evaluated as, in order; the same from a list, from the text
 * of a config and from a file. */
static void reads_stacks(void **state)
{
    static const char list[] =
        " [\"rope\", {\"id\": \"a\", \"stack\": [{\"name\": \"alibi\"}], \"evaluate_as\": "
        "[{\"id\": "
        "\"a3\", \"stack\": [\"alibi\", {\"name\": \"window\", \"width\": 3}]}]}]";
    char path[] = "/tmp/lx-stacks-XXXXXX", config[400];
    const char *const from[] = {list, config, path};
    int fd = mkstemp(path);
    struct lx_err err;

    (void)state;
    assert_true(fd >= 0);
    (void)snprintf(config, sizeof(config), "{\"name\": \"x\", \"encodings\": %s}", list);
    CHECK_OK(lx_fs_write(path, config, strlen(config), &err));
    for (int i = 0; i < 3; i++) {
        struct lx_arena arena = {0};
        struct lx_bench_stack *s;
        size_t n;

        CHECK_OK(lx_bench_stacks(from[i], &arena, &s, &n, &err));
        assert_int_equal(n, 3);
        assert_string_equal(s[0].id, "rope");
        assert_non_null(strstr(s[0].schemes, "[{\"name\":\"rope\",\"base\":10000,"));
        assert_string_equal(s[1].id, "a");
        assert_string_equal(s[2].id, "a3");
        assert_non_null(strstr(s[2].schemes, "[{\"name\":\"alibi\","));
        assert_non_null(strstr(s[2].schemes, ",{\"name\":\"window\",\"width\":3}]"));
        assert_true(!s[0].evaluated_only && !s[1].evaluated_only && s[2].evaluated_only);
        lx_arena_free(&arena);
    }
    (void)close(fd);
    CHECK_OK(lx_fs_remove(path, &err));
}

static void refuses_wrong_stacks(void **state)
{
    static const struct {
        const char *text, *says;
        enum lx_code code;
    } wrong[] = {
        {"", "--stacks: must be a list or the name of a file, got \"\"", LX_EUSAGE},
        {"no/such.json", "--stacks: no/such.json: no such file", LX_ECONFIG},
        {"[", "--stacks: JSON: line 1, column 2: expected a value, got the end of the text",
         LX_ECONFIG},
        {"[]", "--stacks: encodings: must not be empty", LX_ECONFIG},
        {"{\"name\": \"x\"}", "--stacks: encodings: must be given", LX_ECONFIG},
        {"{\"encodings\": 3}", "--stacks: encodings: must be an array, got a number", LX_ECONFIG},
        {"[\"alibbi\"]",
         "--stacks: encodings[0]: unknown encoding \"alibbi\" (did you mean \"alibi\"?)",
         LX_ECONFIG},
        {"[{\"id\": \"a\"}]", "--stacks: encodings[0]: must have a name or a stack", LX_ECONFIG},
        {"[{\"stack\": [{\"name\": \"window\", \"widht\": 3}]}]",
         "--stacks: encodings[0].stack[0]: unknown key \"widht\" (did you mean \"width\"?)",
         LX_ECONFIG},
        {"[\"alibi\", \"alibi\"]",
         "--stacks: encodings[1].id: must be unique, got \"alibi\" as in encodings[0]", LX_ECONFIG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct lx_arena arena = {0};
        struct lx_bench_stack *s;
        struct lx_err err;
        size_t n;

        CHECK_FAILS(lx_bench_stacks(wrong[i].text, &arena, &s, &n, &err), wrong[i].code,
                    wrong[i].says);
        lx_arena_free(&arena);
    }
}

/* ---------------------------------------------------------------------------------- report */

static const char made_up[] =
    "implementation,mode,workload,encoding,threads,tokens_per_second,gflops,kind,length,batch,"
    "sgemm_gflops,fraction_of_sgemm,peak_rss_bytes,blas_core,simd,"
    "peak_gflops,fraction_of_peak\n"
    "x,full,tiny,a,1,1000,50.0,train,128,32,100.0,0.500,10485760,K,plain,200.0,0.250\n"
    "x,full,tiny,b,1,900,45.0,train,128,32,90.0,0.500,10485760,K,plain,200.0,0.225\n"
    "x,full,tiny,c,1,,,train,128,32,,,,,,,\n"
    "x,full,eval8,a,1,200,20.0,eval,1024,4,100.0,0.200,3145728,K,plain,200.0,0.100\n"
    "x,no_statistics,eval8,a,1,220,22.0,eval,1024,4,100.0,0.220,3145728,K,plain,200.0,0.110\n"
    "x,full,length,a,1,400,40.0,eval,256,16,100.0,0.400,4194304,K,plain,200.0,0.200\n"
    "x,full,length,a,1,500,50.0,eval,128,32,110.0,0.455,2097152,K,plain,200.0,0.250\n";

static void has(const struct lx_buf *text, const char *part)
{
    if (strstr(text->text, part) == NULL)
        fail_msg("lacks \"%s\" in:\n%s", part, text->text);
}

static void read_file(const char *dir, const char *name, struct lx_buf *out)
{
    char path[200];
    struct lx_err err;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    CHECK_OK(lx_fs_read(path, out, &err));
    CHECK_OK(lx_fs_remove(path, &err));
}

static void reports(void **state)
{
    const struct lx_bench_report_options o = {.machine = "Abacus 1", .no_plots = true};
    char dir[] = "/tmp/lx-bench-XXXXXX";
    struct lx_buf rows = {0}, text = {0};
    struct lx_err err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    lx_buf_add(&rows, made_up);
    CHECK_OK(lx_bench_report(&rows, dir, &o, &err));
    read_file(dir, "bench.csv", &text);
    assert_string_equal(text.text, made_up);
    read_file(dir, "bench.md", &text);
    has(&text, "# Speed on one core of Abacus 1\n");
    has(&text, "x, products by K, inner loops plain");
    has(&text, "ran at 90 to 110 GFLOP/s in this run, multiply-adds in registers at up to 200.");
    has(&text, "| tiny     | a            |  128 x 32 |     1000 |    50.0 |    0.500 |   0.250 |  "
               "   10.0 |  "
               "  1.000 |\n");
    has(&text, "| tiny     | b            |  128 x 32 |      900 |    45.0 |    0.500 |   0.225 |  "
               "   10.0 |  "
               "  0.900 |\n");
    has(&text, "| tiny     | c            |  128 x 32 |        - |       - |        - |       - |  "
               "      - |  "
               "      - |\n");
    has(&text, "| eval8    | a            |      200 |      220 |     10.0 |\n");
    has(&text, "| a            |      256 |      400 |    40.0 |    0.400 |   0.200 |      4.0 |   "
               " 1.000 |\n");
    assert_null(strstr(text.text, "trained"));
    read_file(dir, "length.dat", &text); /* by rising length: speed, then MiB */
    has(&text, "\n128 500 500 500 1 ok\n256 400 400 400 1 ok\n");
    has(&text, "\n128 2 2 2 1 ok\n256 4 4 4 1 ok\n");
    read_file(dir, "length.gp", &text);
    has(&text, "Abacus 1");
    CHECK_OK(lx_fs_remove(dir, &err)); /* nothing else was written */
    assert_false(lx_fs_exists(dir));
    lx_buf_free(&rows);
    lx_buf_free(&text);
}

/* Training at L beside training at 2L: 1000/800 and 1000/500 tokens/s, 3/4 and 3/2 of the memory. */
static void reports_training(void **state)
{
    static const char trained[] =
        "implementation,mode,workload,encoding,threads,tokens_per_second,gflops,kind,length,batch,"
        "sgemm_gflops,fraction_of_sgemm,peak_rss_bytes,blas_core,simd,"
        "peak_gflops,fraction_of_peak\n"
        "x,full,train_length,a-name-that-is-long,1,1000,50.0,train,64,64,100.0,0.5,3145728,K,p,200."
        "0,0.25\n"
        "x,full,train_length,b,1,900,50.0,train,64,64,100.0,0.5,3145728,K,p,200.0,0.25\n"
        "x,full,train_length,a-name-that-is-long,1,800,50.0,train,128,32,100.0,0.5,4194304,K,p,200."
        "0,0.25\n"
        "x,full,train_length,b,1,500,50.0,train,128,32,100.0,0.5,2097152,K,p,200.0,0.25\n"
        "x,full,train_length,b,1,,,train,256,16,,,,,,,\n";
    const struct lx_bench_report_options o = {.machine = "Abacus 1", .no_plots = true};
    char dir[] = "/tmp/lx-bench-XXXXXX";
    struct lx_buf rows = {0}, text = {0};
    struct lx_err err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    lx_buf_add(&rows, trained);
    CHECK_OK(lx_bench_report(&rows, dir, &o, &err));
    read_file(dir, "bench.csv", &text);
    read_file(dir, "bench.md", &text);
    has(&text, "\nThe tiny model trained, against length:\n\n"
               "| encoding            |   length | tokens/s | GFLOP/s | of sgemm |  of FMA | peak "
               "MiB | to first |\n|---------------------|---------:|");
    has(&text, "\n| b                   |      128 |      500 |    50.0 |    0.500 |   0.250 |     "
               " 2.0 |    "
               "0.625 |\n");
    has(&text,
        "\na-name-that-is-long trained at L beside training at 2L, for use at 2L. Faster: tokens/s "
        "at L over those at 2L. Memory: the peak at L over that at 2L.\n\n"
        "|        L | at 2L               |       2L | faster % | memory % |\n"
        "|---------:|---------------------|---------:|---------:|---------:|\n"
        "|       64 | a-name-that-is-long |      128 |     25.0 |    -25.0 |\n"
        "|       64 | b                   |      128 |    100.0 |     50.0 |\n"
        "|      128 | b                   |      256 |        - |        - |\n");
    assert_null(strstr(text.text, "evaluated"));
    read_file(dir, "train_length.dat", &text);
    has(&text, "\n64 1000 1000 1000 1 ok\n128 800 800 800 1 ok\n");
    read_file(dir, "train_length.gp", &text);
    CHECK_OK(lx_fs_remove(dir, &err)); /* nothing else was written */
    lx_buf_free(&rows);
    lx_buf_free(&text);
}

static void refuses_other_rows(void **state)
{
    const struct lx_bench_report_options o = {.machine = "Abacus 1", .no_plots = true};
    char dir[] = "/tmp/lx-bench-XXXXXX";
    struct lx_buf rows = {0}, text = {0};
    struct lx_err err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    lx_buf_add(&rows, "workload,mode\ntiny,full\n");
    CHECK_FAILS(lx_bench_report(&rows, dir, &o, &err), LX_EFORMAT,
                "bench.csv: has no column encoding");
    read_file(dir, "bench.csv", &text);
    CHECK_OK(lx_fs_remove(dir, &err));
    lx_buf_free(&rows);
    lx_buf_free(&text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(counts_operations),
    cmocka_unit_test(counts_what_a_window_leaves),
    cmocka_unit_test(sweeps_lengths),
    cmocka_unit_test(writes_rows),
    cmocka_unit_test(multiply_adds_are_counted),
    cmocka_unit_test(the_faster_core_is_the_yardstick),
    cmocka_unit_test(yardsticks_are_read),
    cmocka_unit_test(measures),
    cmocka_unit_test(measures_stacks),
    cmocka_unit_test(reads_stacks),
    cmocka_unit_test(refuses_wrong_stacks),
    cmocka_unit_test(reports),
    cmocka_unit_test(reports_training),
    cmocka_unit_test(refuses_other_rows),
};

CHECK_MAIN(tests)
