/* Tables of retrieval: means and deviations worked out by hand, in every format; what has no number
 * says why; other analyses have no such table. */
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "report/table.h"
#include "system/fs.h"

static const char HEADER[] =
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,"
    "metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol\n";

struct given {
    const char *encoding, *evaluated_as;
    int length, depth; /* -1: all */
    double value[2];   /* of two seeds; below 0: does not apply */
};

static const struct given shares[] = {
    {"a", "a", 8, -1, {0.9, 1}},
    {"a", "a", 8, 0, {0.8, 1}},
    {"a", "a", 8, 100, {1, 1}},
    {"a", "a", 16, -1, {0.5, 0.7}},
    {"a", "a", 16, 0, {0.2, 0.2}},
    {"a", "a", 16, 100, {0.8, 1}},
    {"a", "a+align-entropy", 8, -1, {0.9, 1}},
    {"a", "a+align-entropy", 16, -1, {0.6, 0.8}},
    {"a", "a+align-entropy", 16, 0, {0.02, 0.04}},
    {"a", "a+align-entropy", 16, 100, {1, 1}},
    {"b", "b", 8, -1, {1, 1}},
    {"b", "b", 16, -1, {-1, -1}},
};

enum { N = sizeof(shares) / sizeof(shares[0]) };

static const char markdown[] =
    "\n## keys, trained at 8 tokens\n\nvalid split, retrieval, 2 seeds.\n"
    "\nShare of right answers, mean \xc2\xb1 standard deviation over seeds (best of a column in "
    "bold):\n\n"
    "| encoding             |          8 (1x) |         16 (2x) |\n"
    "|----------------------|----------------:|----------------:|\n"
    "| a                    |     0.95 \xc2\xb1 0.07 |     0.60 \xc2\xb1 0.14 |\n"
    "| a as a+align-entropy |     0.95 \xc2\xb1 0.07 | **0.70 \xc2\xb1 0.14** |\n"
    "| b                    | **1.00 \xc2\xb1 0.00** |             n/a |\n"
    "\nThe same at the longest length, by depth of the fact (0%: at the front):\n\n"
    "| encoding             |              0% |            100% |\n"
    "|----------------------|----------------:|----------------:|\n"
    "| a                    | **0.20 \xc2\xb1 0.00** |     0.90 \xc2\xb1 0.14 |\n"
    "| a as a+align-entropy |     0.03 \xc2\xb1 0.01 | **1.00 \xc2\xb1 0.00** |\n"
    "| b                    |             n/a |             n/a |\n";

static const char plain[] =
    "keys, trained at 8 tokens\nvalid split, retrieval, 2 seeds\n"
    "\nShare of right answers, mean \xc2\xb1 standard deviation over seeds (best of a column "
    "marked "
    "*)\n\n"
    "encoding                   8 (1x)       16 (2x) \n"
    "------------------------------------------------\n"
    "a                     0.95 \xc2\xb1 0.07   0.60 \xc2\xb1 0.14 \n"
    "a as a+align-entropy  0.95 \xc2\xb1 0.07   0.70 \xc2\xb1 0.14*\n"
    "b                     1.00 \xc2\xb1 0.00*          n/a \n"
    "\nThe same at the longest length, by depth of the fact (0%: at the front)\n\n"
    "encoding                       0%          100% \n"
    "------------------------------------------------\n"
    "a                     0.20 \xc2\xb1 0.00*  0.90 \xc2\xb1 0.14 \n"
    "a as a+align-entropy  0.03 \xc2\xb1 0.01   1.00 \xc2\xb1 0.00*\n"
    "b                             n/a           n/a \n";

static const char latex[] =
    "\n\\begin{table}\n  \\centering\n"
    "  \\caption{Share of right answers by prompt length: keys, trained at 8 tokens; valid split, "
    "retrieval, 2 seeds; mean $\\pm$ standard deviation over "
    "seeds.}\\label{tab:e-answers-retrieval}\n"
    "  \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"
    "  \\begin{tabular}{lrr}\n    \\toprule\n"
    "    encoding & 8 ($1\\times$) & 16 ($2\\times$) \\\\\n    \\midrule\n"
    "    a & $0.95 \\pm 0.07$ & $0.60 \\pm 0.14$ \\\\\n"
    "    a as a+align-entropy & $0.95 \\pm 0.07$ & $\\mathbf{0.70} \\pm 0.14$ \\\\\n"
    "    b & $\\mathbf{1.00} \\pm 0.00$ & n/a \\\\\n"
    "    \\bottomrule\n  \\end{tabular}}\n\\end{table}\n"
    "\n\\begin{table}\n  \\centering\n"
    "  \\caption{Share of right answers at the longest length by depth of the fact: keys, trained "
    "at 8 tokens; valid split, retrieval, 2 seeds; mean $\\pm$ standard deviation over "
    "seeds.}\\label{tab:e-depths-retrieval}\n"
    "  \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"
    "  \\begin{tabular}{lrr}\n    \\toprule\n"
    "    encoding & 0\\% & 100\\% \\\\\n    \\midrule\n"
    "    a & $\\mathbf{0.20} \\pm 0.00$ & $0.90 \\pm 0.14$ \\\\\n"
    "    a as a+align-entropy & $0.03 \\pm 0.01$ & $\\mathbf{1.00} \\pm 0.00$ \\\\\n"
    "    b & n/a & n/a \\\\\n"
    "    \\bottomrule\n  \\end{tabular}}\n\\end{table}\n";

static void write_rows(struct lx_buf *csv)
{
    lx_buf_add(csv, HEADER);
    lx_buf_add(csv, "e,ca0,a,a,keys,valid,1,8,8,nonoverlapping,,ppl,,,,,4,,10,1,ok,p\n");
    for (int i = 0; i < N; i++)
        for (int seed = 0; seed < 2; seed++) {
            const struct given *g = &shares[i];

            lx_buf_printf(csv, "e,c%s%d,%s,%s,keys,valid,%d,8,%d,retrieval,,retrieval_accuracy,,,",
                          g->encoding, seed, g->encoding, g->evaluated_as, seed + 1, g->length);
            if (g->depth >= 0)
                lx_buf_printf(csv, "%d,%d,", g->depth, g->depth + 1);
            else
                lx_buf_add(csv, ",,");
            if (g->value[seed] < 0)
                lx_buf_add(csv, ",,,,not_applicable,p\n");
            else
                lx_buf_printf(csv, "%.17g,,10,10,ok,p\n", g->value[seed]);
        }
    lx_buf_add(csv, "e,ca0,a,a,keys,valid,1,8,16,alignment,,alignment_temperature,,,,,0.5,,1,1,ok,"
                    "p\n");
}

static void open_study(struct lx_study *s)
{
    char path[] = "/tmp/lx-answers-XXXXXX";
    int fd = mkstemp(path);
    struct lx_buf csv = {0};
    struct lx_rows rows = {0};
    struct lx_err err;

    assert_true(fd >= 0);
    (void)close(fd);
    write_rows(&csv);
    CHECK_OK(lx_fs_write(path, csv.text, csv.len, &err));
    CHECK_OK(lx_rows_read(path, &rows, &err));
    CHECK_OK(lx_study_make(s, &rows, NULL, &err));
    assert_int_equal(unlink(path), 0);
    lx_buf_free(&csv);
}

static void check_text(const struct lx_grid_writer *w, const char *want)
{
    struct lx_study s;
    struct lx_buf text = {0};
    struct lx_err err;

    open_study(&s);
    CHECK_OK(lx_table_write(&s, w, &text, &err));
    assert_true(text.len > strlen(want));
    assert_string_equal(text.text + text.len - strlen(want), want); /* behind the perplexities */
    lx_buf_free(&text);
    lx_study_free(&s);
}

static void answers_are_a_table(void **state)
{
    (void)state;
    check_text(&lx_grid_markdown, markdown);
    check_text(&lx_grid_latex, latex);
    check_text(&lx_grid_plain, plain);
}

/* What occurs, once each and rising. */
static void axes_are_what_occurs(void **state)
{
    struct lx_arena arena = {0};
    struct lx_study s;
    struct lx_err err;
    int *at, metric;
    size_t n;

    (void)state;
    open_study(&s);
    metric = lx_intern_find(&s.rows.names, "retrieval_accuracy");
    for (size_t k = 0; k < s.n_sections; k++) {
        bool answers = lx_table_has_answers(&s, k);

        CHECK_OK(lx_study_axis(&s, k, metric, false, &arena, &at, &n, &err));
        assert_int_equal(n, answers ? 2 : 0);
        assert_true(!answers || (at[0] == 8 && at[1] == 16));
        CHECK_OK(lx_study_axis(&s, k, metric, true, &arena, &at, &n, &err));
        assert_int_equal(n, answers ? 2 : 0);
        assert_true(!answers || (at[0] == 0 && at[1] == 100));
    }
    assert_int_equal(s.n_sections, 3);
    lx_arena_free(&arena);
    lx_study_free(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(answers_are_a_table),
    cmocka_unit_test(axes_are_what_occurs),
};

CHECK_MAIN(tests)
