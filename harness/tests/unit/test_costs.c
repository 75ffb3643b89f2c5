/* The table of costs from a runs.csv written by hand: every byte of it in every format, by sums that can
 * be done in the head; no trace of it without runs.csv; a broken runs.csv is named. */
#include <unistd.h>

#include "report/report.h"
#include "system/fs.h"
#include "tests/unit/folder_rig.h"

static const char METRICS[] =
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,"
    "metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol\n"
    "e_1,c1,b,b,d,valid,1,64,64,nonoverlapping,,ppl,,,,,1,0.1,64,1,ok,p\n"
    "e_1,c2,b,b,d,valid,2,64,64,nonoverlapping,,ppl,,,,,1,0.1,64,1,ok,p\n"
    "e_1,c3,b,b,d,valid,3,64,64,nonoverlapping,,ppl,,,,,,,,,diverged,p\n"
    "e_1,c4,a_x,a_x,d,valid,1,64,64,nonoverlapping,,ppl,,,,,1,0.1,64,1,ok,p\n"
    "e_1,c5,a_y,a_y,d,valid,1,32,32,nonoverlapping,,ppl,,,,,1,0.1,64,1,ok,p\n";

#define RUNS_HEADER                                                                                \
    "cell,experiment,encoding,dataset,seed,status,seconds,train_seconds,eval_seconds,"             \
    "tokens_per_second,parameters,peak_rss_bytes,blas_core,simd,cpu,version\n"

/* b: 10 and 20 s, the third seed diverged after one; nothing is known of the sequences of c6; the
 * second dataset comes first by name and second in the file. */
static const char RUNS[] =
    RUNS_HEADER "c4,e_1,a_x,d,1,ok,5,4,1,1000,100,1048576,K,s,Abacus 1,0\n"
                "c5,e_1,a_y,d,1,ok,3,2.5,0.5,2000,100,1572864,K,s,Abacus 2,0\n"
                "c1,e_1,b,d,1,ok,12,10,2,400,108,2097152,K,s,Abacus 1,0\n"
                "c2,e_1,b,d,2,ok,24,20,4,200,108,4194304,K,s,Abacus 1,0\n"
                "c3,e_1,b,d,3,diverged,1,1,0,4000,108,1048576,K,s,Abacus 1,0\n"
                "c6,e_1,z,c,1,diverged,1,1,0,,7,1048576,K,s,Abacus 1,0\n";

static const char CONFIG[] =
    "{\"encodings\": [{\"id\": \"b\"}, {\"id\": \"a_x\"}, {\"id\": \"a_y\"}]}";

/* Deviations of 10 and 20: sqrt 50, of 400 and 200: 100 sqrt 2, of 2 and 4: sqrt 2, of 2 and 4 MiB: 2^20
 * sqrt 2. */
static const char CSV[] =
    "dataset,encoding,train_length,seeds,seeds_ok,parameters,train_seconds_mean,train_seconds_std,"
    "tokens_per_second_mean,tokens_per_second_std,eval_seconds_mean,eval_seconds_std,"
    "peak_rss_bytes_mean,peak_rss_bytes_std\n"
    "d,a_y,32,1,1,100,2.5,,2000,,0.5,,1572864,\n"
    "d,b,64,3,2,108,15,7.07106781,300,141.421356,3,1.41421356,3145728,1482910.4\n"
    "d,a_x,64,1,1,100,4,,1000,,1,,1048576,\n"
    "c,z,,1,0,7,,,,,,,,\n";

#define NOTE                                                                                       \
    "Time and memory of the cells as runs.csv has them: facts of this machine and of what else "   \
    "it "                                                                                          \
    "did, not of the experiment, so other runs differ. Mean over the seeds whose training did "    \
    "not "                                                                                         \
    "diverge. Peak: largest resident memory of the process, evaluation included. Ran on Abacus "   \
    "1, "                                                                                          \
    "Abacus 2."

#define MD_HEAD                                                                                    \
    "\n| encoding | trained at | parameters | training s | tokens/s | evaluation s | peak MiB | "  \
    "seeds |\n|---|---:|---:|---:|---:|---:|---:|---:|\n"

static const char MD[] = "# e_1: what it cost\n\n" NOTE "\n\n## d\n" MD_HEAD
                         "| a_y | 32 | 100 | 2.5 | 2000 | 0.5 | 1.5 | 1 |\n"
                         "| b | 64 | 108 | 15.0 | 300 | 3.0 | 3.0 | 2 of 3 |\n"
                         "| a_x | 64 | 100 | 4.0 | 1000 | 1.0 | 1.0 | 1 |\n"
                         "\n## c\n" MD_HEAD "| z | - | 7 | - | - | - | - | 0 of 1 |\n";

#define TEX_HEAD(dataset)                                                                          \
    "\n\\begin{table*}\n  \\centering\n  \\footnotesize\n  \\setlength{\\tabcolsep}{4pt}\n"        \
    "  \\caption{Costs: " dataset ". " NOTE "}\\label{tab:e-1-costs-" dataset "}\n"                \
    "  \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"                 \
    "  \\begin{tabular}{lrrrrrrr}\n    \\toprule\n    encoding & trained at & parameters & "       \
    "training s & tokens/s & evaluation s & peak MiB & seeds \\\\\n    \\midrule\n"
#define TEX_FOOT "    \\bottomrule\n  \\end{tabular}}\n\\end{table*}\n"

static const char TEX[] = "% Needs \\usepackage{booktabs,graphicx}.\n" TEX_HEAD(
    "d") "    a\\_y & 32 & 100 & 2.5 & 2000 & 0.5 & 1.5 "
         "& 1 \\\\\n"
         "    b & 64 & 108 & 15.0 & 300 & 3.0 & 3.0 & 2 of 3 \\\\\n"
         "    a\\_x & 64 & 100 & 4.0 & 1000 & 1.0 & 1.0 & 1 \\\\\n" TEX_FOOT TEX_HEAD(
             "c") "    z & -- & 7 & -- & -- & -- & -- & 0 of 1 \\\\\n" TEX_FOOT;

static const char *const MADE[] = {"costs.md", "costs.tex", "costs.csv"};
static const struct lx_report_options no_plots = {.no_plots = true};
static struct lx_err err;

static void put(const char *name, const char *text)
{
    CHECK_OK(lx_fs_write(path_of(name), text, strlen(text), &err));
}

static void writes_every_format(void **state)
{
    static const char *const want[] = {MD, TEX, CSV};
    struct lx_buf got = {0};

    (void)state;
    put("metrics.csv", METRICS);
    put("config.json", CONFIG);
    put("runs.csv", RUNS);
    CHECK_OK(lx_report_make(folder, &no_plots, NULL, &err));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(lx_fs_read(path_of(MADE[i]), &got, &err));
        assert_string_equal(got.text, want[i]);
    }
    lx_buf_free(&got);
}

/* Without times there is no table, also not one of earlier times; the others are what they were. */
static void leaves_nothing_behind(void **state)
{
    struct lx_buf with = {0}, without = {0};

    (void)state;
    CHECK_OK(lx_fs_read(path_of("table.md"), &with, &err));
    CHECK_OK(lx_fs_remove(path_of("runs.csv"), &err));
    CHECK_OK(lx_report_make(folder, &no_plots, NULL, &err));
    for (int i = 0; i < 3; i++)
        assert_false(lx_fs_exists(path_of(MADE[i])));
    CHECK_OK(lx_fs_read(path_of("table.md"), &without, &err));
    assert_string_equal(with.text, without.text);
    put("runs.csv", RUNS_HEADER);
    CHECK_OK(lx_report_make(folder, &no_plots, NULL, &err));
    assert_false(lx_fs_exists(path_of(MADE[0])));
    lx_buf_free(&with);
    lx_buf_free(&without);
}

static void names_what_is_broken(void **state)
{
    static const struct {
        const char *runs, *says;
    } bad[] = {
        {"cell,encoding\nc1,b\n", "runs.csv: has no column dataset"},
        {RUNS_HEADER "c1,e_1,b,d,1,ok,12,10,2,400,108,2097152,K,s,Abacus 1,0\n"
                     "c2,e_1,b,d,2,ok,24,long,4,200,108,4194304,K,s,Abacus 1,0\n",
         "runs.csv: row 2: train_seconds: must be a finite number, got \"long\""},
        {RUNS_HEADER "c1,e_1,b,d,1,ok,12,10,2,400,108,nan,K,s,Abacus 1,0\n",
         "runs.csv: row 1: peak_rss_bytes: must be a finite number, got \"nan\""},
        {RUNS_HEADER "c1,e_1,b,d,1,ok,12,10,2,400,0x6c,1,K,s,Abacus 1,0\n",
         "runs.csv: row 1: parameters: must be a finite number, got \"0x6c\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        put("runs.csv", bad[i].runs);
        CHECK_FAILS(lx_report_make(folder, &no_plots, NULL, &err), LX_EFORMAT, bad[i].says);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_every_format),
    cmocka_unit_test(leaves_nothing_behind),
    cmocka_unit_test(names_what_is_broken),
};

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(__FILE__, tests, make_folder, remove_flat_folder);
}
