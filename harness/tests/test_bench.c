/* What a benchmark counts and writes: operations of the five workloads, worked out by hand from the
 * formula of torch_bench.py; rows; the number of passes; and the report of rows that are made up. */
#include <unistd.h>

#include "core/csvfile.h"
#include "core/fs.h"
#include "report/bench_report.h"
#include "run/bench.h"
#include "tests/check.h"

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
        CHECK_NEAR(lx_bench_flops(s), want[i].flops, 0);
    }
    CHECK_NEAR(lx_bench_flops(lx_bench_shape_find("tiny")), 5308416, 0);
    CHECK_NEAR(lx_bench_flops(lx_bench_shape_find("small")), 31064064, 0);
    assert_null(lx_bench_shape_find("huge"));
}

static void sweeps_lengths(void **state)
{
    static const int lengths[] = {2, 128, 1000, 4096, 65536}, batch[] = {64, 32, 5, 1, 1};

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct lx_bench_shape s = lx_bench_sweep(lengths[i]);

        assert_string_equal(s.name, "length");
        assert_int_equal(s.length, lengths[i]);
        assert_int_equal(s.batch, batch[i]);
        assert_false(s.training);
    }
    {
        struct lx_bench_shape s = lx_bench_sweep(1024);

        CHECK_NEAR(lx_bench_flops(&s), lx_bench_flops(lx_bench_shape_find("eval8")), 0);
    }
}

static void writes_rows(void **state)
{
    struct lx_bench_case c = {.encoding = "nope"};
    const struct lx_bench_result r = {
        .seconds = 0.25, .gemm_gflops = 200, .peak_bytes = 1048576, .repeat = 7};
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
    CHECK_OK(lx_csv_parse(text.text, text.len, "rows", &arena, &csv, &err));
    assert_int_equal(csv.n_rows, 2);
    /* 4096 tokens in a quarter of a second; 16384 * 5308416 = 87.0 GFLOP/s of 200. */
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "tokens_per_second")),
                        "16384");
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "gflops")), "87.0");
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "fraction_of_sgemm")),
                        "0.435");
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "mode")), "full");
    assert_string_equal(lx_csv_at(&csv, 0, (size_t)lx_csv_column(&csv, "repeat")), "7");
    assert_string_equal(lx_csv_at(&csv, 1, (size_t)lx_csv_column(&csv, "mode")), "no_statistics");
    assert_string_equal(lx_csv_at(&csv, 1, (size_t)lx_csv_column(&csv, "tokens_per_second")), "");
    assert_string_equal(lx_csv_at(&csv, 1, (size_t)lx_csv_column(&csv, "peak_rss_bytes")), "");
    lx_buf_free(&text);
    lx_arena_free(&arena);
}

/* So many passes as asked for; only one where the first uses up the time. */
static void measures(void **state)
{
    struct lx_err err;

    (void)state;
    for (int training = 0; training < 2; training++)
        for (int limit = 0; limit <= 60; limit += 60) {
            const struct lx_bench_case c = {.shape = {"mini", training != 0, 1, 16, 2, 8, 4},
                                            .encoding = lx_encoding_at(0)->name,
                                            .repeat = 3,
                                            .limit = limit};
            struct lx_bench_result r;

            CHECK_OK(lx_bench_measure(&c, &r, &err));
            assert_int_equal(r.repeat, limit > 0 ? 3 : 1);
            assert_true(r.seconds > 0 && r.seconds < 60);
            assert_true(r.gemm_gflops > 0);
            assert_true(r.peak_bytes > 1 << 20);
        }
    {
        const struct lx_bench_case c = {
            .shape = {"mini", false, 1, 16, 2, 8, 4}, .encoding = "none such", .repeat = 1};
        struct lx_bench_result r;

        CHECK_FAILS(lx_bench_measure(&c, &r, &err), LX_ECONFIG,
                    "bench: mini, none such, 8 tokens: stack[0].name: unknown encoding");
    }
}

/* ---------------------------------------------------------------------------------- report */

static const char made_up[] =
    "implementation,mode,workload,encoding,threads,tokens_per_second,gflops,kind,length,batch,"
    "sgemm_gflops,fraction_of_sgemm,peak_rss_bytes,blas_core,simd\n"
    "x,full,tiny,a,1,1000,50.0,train,128,32,100.0,0.500,10485760,K,plain\n"
    "x,full,tiny,b,1,900,45.0,train,128,32,90.0,0.500,10485760,K,plain\n"
    "x,full,tiny,c,1,,,train,128,32,,,,,\n"
    "x,full,eval8,a,1,200,20.0,eval,1024,4,100.0,0.200,3145728,K,plain\n"
    "x,no_statistics,eval8,a,1,220,22.0,eval,1024,4,100.0,0.220,3145728,K,plain\n"
    "x,full,length,a,1,400,40.0,eval,256,16,100.0,0.400,4194304,K,plain\n"
    "x,full,length,a,1,500,50.0,eval,128,32,110.0,0.455,2097152,K,plain\n";

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
    has(&text, "x, BLAS kernels K, inner loops plain");
    has(&text, "ran at 90 to 110 GFLOP/s");
    has(&text,
        "| tiny     | a            |  128 x 32 |     1000 |    50.0 |    0.500 |     10.0 |  "
        "  1.000 |\n");
    has(&text,
        "| tiny     | b            |  128 x 32 |      900 |    45.0 |    0.500 |     10.0 |  "
        "  0.900 |\n");
    has(&text,
        "| tiny     | c            |  128 x 32 |        - |       - |        - |        - |  "
        "      - |\n");
    has(&text, "| eval8    | a            |      200 |      220 |     10.0 |\n");
    has(&text, "| a            |      256 |      400 |    40.0 |    0.400 |      4.0 |\n");
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
    cmocka_unit_test(counts_operations), cmocka_unit_test(sweeps_lengths),
    cmocka_unit_test(writes_rows),       cmocka_unit_test(measures),
    cmocka_unit_test(reports),           cmocka_unit_test(refuses_other_rows),
};

CHECK_MAIN(tests)
