/* Tables for a paper: one float a section, both blocks in it, booktabs rules. */
#include <string.h>

#include "text/escape.h"
#include "report/table.h"
#include "study/format.h"

/* A number inside math: 1.2e+07 as 1.2 \cdot 10^{7}. */
static void math(struct lx_buf *out, const char *number)
{
    const char *e = strchr(number, 'e');
    if (e == NULL) {
        lx_buf_add(out, number);
        return;
    }
    lx_buf_addn(out, number, (size_t)(e - number));
    for (e++; *e == '+' || *e == '0'; e++)
        continue;
    lx_buf_printf(out, " \\cdot 10^{%s}", *e ? e : "0");
}

static void cell(struct lx_buf *out, const struct lx_table_cell *c)
{
    if (c->mean[0] == '\0') {
        if (c->note[0])
            lx_escape_tex(out, c->note);
        else
            lx_buf_add(out, "--");
        return;
    }
    lx_buf_add(out, c->best ? "$\\mathbf{" : "$");
    math(out, c->mean);
    lx_buf_add(out, c->best ? "}" : "");
    if (c->sd[0]) {
        lx_buf_add(out, " \\pm ");
        math(out, c->sd);
    }
    lx_buf_add(out, "$");
    if (c->note[0]) {
        lx_buf_add(out, " (");
        lx_escape_tex(out, c->note);
        lx_buf_add(out, ")");
    }
}

static void write_rows(const struct lx_table *t, struct lx_buf *out)
{
    for (size_t r = 0; r < t->n_rows; r++) {
        if (t->yardsticks > 0 && r + t->yardsticks == t->n_rows)
            lx_buf_add(out, "    \\midrule\n");
        lx_buf_add(out, "    ");
        lx_escape_tex(out, t->label[r]);
        for (size_t c = 0; c < t->n_columns; c++) {
            lx_buf_add(out, " & ");
            cell(out, &t->cell[r * t->n_columns + c]);
        }
        lx_buf_add(out, " \\\\\n");
    }
}

static void write_head(const struct lx_study *s, size_t section, const struct lx_table *t,
                       const char *caption, struct lx_buf *out)
{
    const struct lx_section *sec = &s->section[section];
    lx_buf_printf(out, "\n\\begin{table}\n  \\centering\n  \\caption{%s: ", caption);
    lx_escape_tex(out, sec->title);
    lx_buf_add(out, "; ");
    lx_escape_tex(out, sec->detail);
    if (sec->seeds_max > 1)
        lx_buf_add(out, "; mean $\\pm$ standard deviation over seeds");
    (void)lx_table_untrained(s, section, "; ", lx_escape_tex, out);
    lx_buf_add(out, ".}\n  \\begin{tabular}{l");
    for (size_t c = 0; c < t->n_columns; c++)
        lx_buf_add(out, "r");
    lx_buf_add(out, "}\n    \\toprule\n    encoding");
    for (size_t c = 0; c < t->n_columns; c++) {
        char multiple[24];
        if (t->depths) {
            lx_buf_printf(out, " & %d\\%%", t->column[c]);
            continue;
        }
        lx_format_multiple(t->column[c], sec->train_length, multiple);
        multiple[strlen(multiple) - 1] = '\0';
        lx_buf_printf(out, " & %d ($%s\\times$)", t->column[c], multiple);
    }
    lx_buf_add(out, " \\\\\n    \\midrule\n");
}

/* A float: `block`, and below a rule, unless it is the same, `second`. */
static enum lx_code write_float(const struct lx_study *s, size_t section, const char *caption,
                                enum lx_table_block block, enum lx_table_block second,
                                struct lx_buf *out, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_table t;
    enum lx_code code = lx_table_make(s, section, block, &arena, &t, err);
    if (code == LX_OK) {
        write_head(s, section, &t, caption, out);
        write_rows(&t, out);
    }
    if (code == LX_OK && second != block) {
        lx_buf_printf(out,
                      "    \\midrule\n    \\multicolumn{%zu}{l}{\\emph{ratio to the perplexity "
                      "at the training length}} \\\\\n    \\midrule\n",
                      t.n_columns + 1);
        code = lx_table_make(s, section, second, &arena, &t, err);
        if (code == LX_OK)
            write_rows(&t, out);
    }
    lx_buf_add(out, "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
    lx_arena_free(&arena);
    return code;
}

static enum lx_code write_section(const struct lx_study *s, size_t i, struct lx_buf *out,
                                  struct lx_err *err)
{
    const struct lx_section *sec = &s->section[i];
    enum lx_table_block second = LX_TABLE_PPL;
    if (lx_table_has_answers(s, i)) {
        if (write_float(s, i, "Share of right answers by prompt length", LX_TABLE_ANSWERS,
                        LX_TABLE_ANSWERS, out, err) != LX_OK)
            return err->code;
        return write_float(s, i,
                           "Share of right answers at the longest length by depth of the fact",
                           LX_TABLE_DEPTHS, LX_TABLE_DEPTHS, out, err);
    }
    if (sec->n_lengths == 0)
        return LX_OK;
    for (size_t c = 0; c < sec->n_lengths; c++)
        if (sec->length[c] == sec->train_length)
            second = LX_TABLE_RATIO;
    return write_float(s, i, "Perplexity by evaluation length", LX_TABLE_PPL, second, out, err);
}

enum lx_code lx_table_latex(const struct lx_study *s, struct lx_buf *out, struct lx_err *err)
{
    lx_buf_add(out, "% Needs \\usepackage{booktabs}.\n");
    for (size_t i = 0; i < s->n_sections; i++)
        if (write_section(s, i, out, err) != LX_OK)
            return err->code;
    return lx_buf_check(out, err);
}
