/* Tables for a paper: one float a section, both blocks in it, booktabs rules. */
#include <string.h>

#include "report/escape.h"
#include "report/table.h"

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

static enum lx_code write_rows(const struct lx_study *s, size_t section, enum lx_table_block block,
                               struct lx_buf *out, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_table t;
    enum lx_code code = lx_table_make(s, section, block, &arena, &t, err);
    for (size_t r = 0; code == LX_OK && r < t.n_rows; r++) {
        if (t.floor && r + 1 == t.n_rows)
            lx_buf_add(out, "    \\midrule\n");
        lx_buf_add(out, "    ");
        lx_escape_tex(out, t.label[r]);
        for (size_t c = 0; c < t.n_columns; c++) {
            lx_buf_add(out, " & ");
            cell(out, &t.cell[r * t.n_columns + c]);
        }
        lx_buf_add(out, " \\\\\n");
    }
    lx_arena_free(&arena);
    return code;
}

static void write_head(const struct lx_section *sec, struct lx_buf *out)
{
    lx_buf_add(out,
               "\n\\begin{table}\n  \\centering\n  \\caption{Perplexity by evaluation length: ");
    lx_escape_tex(out, sec->title);
    lx_buf_add(out, "; ");
    lx_escape_tex(out, sec->detail);
    if (sec->seeds_max > 1)
        lx_buf_add(out, "; mean $\\pm$ standard deviation over seeds");
    lx_buf_add(out, ".}\n  \\begin{tabular}{l");
    for (size_t c = 0; c < sec->n_lengths; c++)
        lx_buf_add(out, "r");
    lx_buf_add(out, "}\n    \\toprule\n    encoding");
    for (size_t c = 0; c < sec->n_lengths; c++) {
        char multiple[24];
        lx_table_multiple(sec->length[c], sec->train_length, multiple);
        multiple[strlen(multiple) - 1] = '\0';
        lx_buf_printf(out, " & %d ($%s\\times$)", sec->length[c], multiple);
    }
    lx_buf_add(out, " \\\\\n    \\midrule\n");
}

enum lx_code lx_table_latex(const struct lx_study *s, struct lx_buf *out, struct lx_err *err)
{
    lx_buf_add(out, "% Needs \\usepackage{booktabs}.\n");
    for (size_t i = 0; i < s->n_sections; i++) {
        const struct lx_section *sec = &s->section[i];
        bool base = false;
        if (sec->n_lengths == 0)
            continue;
        for (size_t c = 0; c < sec->n_lengths; c++)
            base |= sec->length[c] == sec->train_length;
        write_head(sec, out);
        if (write_rows(s, i, LX_TABLE_PPL, out, err) != LX_OK)
            return err->code;
        if (base) {
            lx_buf_printf(out,
                          "    \\midrule\n    \\multicolumn{%zu}{l}{\\emph{ratio to the perplexity "
                          "at the training length}} \\\\\n    \\midrule\n",
                          sec->n_lengths + 1);
            if (write_rows(s, i, LX_TABLE_RATIO, out, err) != LX_OK)
                return err->code;
        }
        lx_buf_add(out, "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
    }
    return lx_buf_check(out, err);
}
