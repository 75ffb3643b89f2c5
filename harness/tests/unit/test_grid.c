/* Tables in every format: what each writer makes of the same cells, and foreign text that is markup to one
 * of them. */
#include "grid/grid.h"
#include "tests/unit/check.h"

static struct lx_err err;

/* Two columns, all parts of a cell, a rule and a title inside the table. */
static void fill(struct lx_grid *g)
{
    struct lx_buf *cell;

    lx_grid_column(g, "name", false, 0);
    lx_grid_column(g, "value", true, 0);
    lx_grid_text(g, "a_b|c,d");
    cell = lx_grid_cell(g);
    lx_cell_estimate(cell, "1.2e+07", "0.5", true);
    lx_cell_printf(cell, " (n=%d)", 2);
    lx_grid_put(g);
    lx_grid_rule(g);
    lx_grid_across(g, "100%");
    lx_grid_text(g, "x\ny\3z");
    cell = lx_grid_cell(g);
    lx_cell_symbol(cell, LX_AT_MOST);
    lx_cell_text(cell, " ");
    lx_cell_symbol(cell, LX_TIMES);
    lx_cell_math(cell, "-3");
    lx_cell_multiple(cell, "2x");
    lx_grid_put(g);
    lx_grid_text(g, "none");
    lx_grid_number(g, (double)NAN, 2);
    lx_grid_text(g, "data");
    lx_grid_data(g, 0.1);
    CHECK_OK(lx_grid_check(g, &err));
    assert_int_equal(g->n_rows, 6);
}

static void check(const struct lx_grid_writer *w, bool padded, bool marked, const char *want)
{
    struct lx_grid g = {.padded = padded, .marked = marked, .caption = "C & d"};
    struct lx_buf out = {0};

    fill(&g);
    w->table(&out, &g);
    CHECK_OK(lx_buf_check(&out, &err));
    assert_string_equal(out.text, want);
    lx_buf_free(&out);
    lx_grid_free(&g);
}

static void each_format(void **state)
{
    (void)state;
    check(&lx_grid_plain, false, true,
          "name                   value \n"
          "-----------------------------\n"
          "a_b|c,d  1.2e+07 \xc2\xb1 0.5* (n=2)\n"
          "x y z               <= x-32x \n"
          "none                       - \n"
          "data                     0.1 \n");
    check(&lx_grid_markdown, false, false,
          "| name | value |\n|---|---:|\n"
          "| a_b\\|c,d | **1.2e+07 \xc2\xb1 0.5** (n=2) |\n"
          "| x y z | \xe2\x89\xa4 \xc3\x97-32x |\n"
          "| none | - |\n| data | 0.1 |\n");
    check(&lx_grid_latex, false, false,
          "\n\\begin{table}\n  \\centering\n  \\caption{C \\& d}\n"
          "  \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"
          "  \\begin{tabular}{lr}\n"
          "    \\toprule\n    name & value \\\\\n    \\midrule\n"
          "    a\\_b\\textbar{}c,d & $\\mathbf{1.2 \\cdot 10^{7}} \\pm 0.5$ (n=2) \\\\\n"
          "    \\midrule\n    \\multicolumn{2}{l}{\\emph{100\\%}} \\\\\n"
          "    x y z & $\\le$ $\\times$$-3$$2\\times$ \\\\\n"
          "    none & -- \\\\\n    data & 0.1 \\\\\n"
          "    \\bottomrule\n  \\end{tabular}}\n\\end{table}\n");
    check(&lx_grid_csv, false, false,
          "name,value\n\"a_b|c,d\",1.2e+07 (n=2)\n\"x\ny z\",\" -32x\"\nnone,\ndata,0.1\n");
    check(&lx_grid_html, false, false,
          "<div class=\"wide\"><table class=\"data\"><caption>C &#38; d</caption>\n"
          "<thead><tr><th scope=\"col\">name</th><th scope=\"col\" "
          "class=\"r\">value</th></tr></thead>\n<tbody>\n"
          "<tr><th scope=\"row\">a_b|c,d</th><td class=\"r\"><b>1.2e+07</b> "
          "<small>\xc2\xb1\xc2\xa0"
          "0.5</small> (n=2)</td></tr>\n</tbody>\n<tbody>\n"
          "<tr class=\"across\"><th scope=\"colgroup\" colspan=\"2\">100%</th></tr>\n"
          "<tr><th scope=\"row\">x y z</th><td class=\"r\">\xe2\x89\xa4 "
          "\xc3\x97<i>-3</i>2x</td></tr>\n"
          "<tr><th scope=\"row\">none</th><td class=\"r\">\xe2\x80\x93</td></tr>\n"
          "<tr><th scope=\"row\">data</th><td class=\"r\">0.1</td></tr>\n"
          "</tbody></table></div>\n");
}

static void padded_markdown(void **state)
{
    struct lx_grid g = {.padded = true};
    struct lx_buf out = {0};

    (void)state;
    lx_grid_column(&g, "n", false, 4);
    lx_grid_column(&g, "v", true, 0);
    lx_grid_text(&g, "\xc3\xa9"); /* one character, two bytes */
    lx_grid_count(&g, 123456);
    lx_grid_markdown.table(&out, &g);
    assert_string_equal(out.text,
                        "| n    |      v |\n|------|-------:|\n| \xc3\xa9    | 123456 |\n");
    lx_buf_free(&out);
    lx_grid_free(&g);
}

/* A head that memory was short of is a failure of the table; what is put after it does no harm. */
static void lost_head(void **state)
{
    struct lx_grid g = {.n_rows = 0};
    struct lx_buf head = {.failed = true};

    (void)state;
    lx_grid_column(&g, "name", false, 0);
    lx_grid_column(&g, lx_grid_keep(&g, &head), true, 0);
    lx_grid_text(&g, "a");
    lx_grid_count(&g, 1);
    CHECK_FAILS(lx_grid_check(&g, &err), LX_ENOMEM, "out of memory for a table");
    lx_grid_free(&g);
    lx_grid_column(&g, NULL, true, 0);
    CHECK_FAILS(lx_grid_check(&g, &err), LX_ENOMEM, "out of memory for a table");
    lx_grid_free(&g);
}

/* A name is unique, and every writer has all that a table needs. */
static void writers_are_whole(void **state)
{
    (void)state;
    for (int i = 0; i < lx_grid_writer_count(); i++) {
        const struct lx_grid_writer *w = lx_grid_writer_at(i);

        assert_non_null(w->name);
        assert_true(w->text != NULL && w->cell != NULL && w->table != NULL);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(w->name, lx_grid_writer_at(k)->name);
    }
}

static void many_rows(void **state)
{
    struct lx_grid g = {.n_rows = 0};
    struct lx_buf out = {0};
    size_t lines = 0;

    (void)state;
    lx_grid_column(&g, "i", true, 0);
    for (int i = 0; i < 5000; i++)
        lx_grid_count(&g, i);
    lx_grid_csv.table(&out, &g);
    for (const char *p = out.text; *p != '\0'; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 5001);
    lx_buf_free(&out);
    lx_grid_free(&g);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_format), cmocka_unit_test(padded_markdown),
    cmocka_unit_test(lost_head),   cmocka_unit_test(writers_are_whole),
    cmocka_unit_test(many_rows),
};

CHECK_MAIN(tests)
