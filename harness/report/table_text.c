/* Tables as text: Markdown and plain text with padded columns (both are read unrendered), LaTeX
 * with booktabs. */
#include <stdio.h>
#include <string.h>

#include "text/escape.h"
#include "report/table.h"
#include "study/format.h"

enum format { MARKDOWN, PLAIN };

static const char PM[] = "\xc2\xb1"; /* plus-minus sign */

/* Characters, not bytes: what padding counts. */
static size_t width(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* Append text padded with blanks to w characters. */
static void pad(struct lx_buf *out, const char *text, size_t w, bool right)
{
    size_t n = width(text);
    for (size_t i = n; right && i < w; i++)
        lx_buf_add(out, " ");
    lx_buf_add(out, text);
    for (size_t i = n; !right && i < w; i++)
        lx_buf_add(out, " ");
}

static void cell_text(const struct lx_table_cell *c, enum format format, struct lx_buf *out)
{
    const char *mark = c->best && format == MARKDOWN ? "**" : "";
    lx_buf_clear(out);
    lx_buf_add(out, ""); /* a text, also when empty */
    if (c->mean[0] == '\0') {
        lx_buf_printf(out, "%s%s", c->note[0] ? c->note : "-", format == PLAIN ? " " : "");
        return;
    }
    lx_buf_printf(out, "%s%s", mark, c->mean);
    if (c->sd[0])
        lx_buf_printf(out, " %s %s", PM, c->sd);
    lx_buf_add(out, mark);
    if (format == PLAIN)
        lx_buf_add(out, c->best ? "*" : " ");
    if (c->note[0])
        lx_buf_printf(out, " (%s)", c->note);
}

/* A name where Markdown would see markup, or a newline would break the line. */
static void name_text(const char *name, enum format format, struct lx_buf *out)
{
    lx_buf_clear(out);
    lx_buf_add(out, "");
    (format == MARKDOWN ? lx_escape_markdown : lx_escape_plain)(out, name);
}

static void head_text(const struct lx_study *s, size_t section, const struct lx_table *t, size_t c,
                      enum format format, struct lx_buf *out)
{
    int length = t->column[c];
    char multiple[24];
    lx_buf_clear(out);
    if (t->depths) {
        lx_buf_printf(out, "%d%%%s", length, format == PLAIN ? " " : "");
        return;
    }
    lx_format_multiple(length, s->section[section].train_length, multiple);
    lx_buf_printf(out, "%d (%s)%s", length, multiple, format == PLAIN ? " " : "");
}

/* Text of row r (0 is the head) and column c (0 is the label). */
static void text_at(const struct lx_study *s, size_t section, const struct lx_table *t, size_t r,
                    size_t c, enum format format, struct lx_buf *out)
{
    if (r == 0 && c == 0) {
        lx_buf_clear(out);
        lx_buf_add(out, "encoding");
    } else if (r == 0) {
        head_text(s, section, t, c - 1, format, out);
    } else if (c == 0) {
        name_text(t->label[r - 1], format, out);
    } else {
        cell_text(&t->cell[(r - 1) * t->n_columns + c - 1], format, out);
    }
}

/* The line under the head; Markdown's says that all columns but the first stand right. */
static void rule(const size_t *w, size_t n, enum format format, struct lx_buf *out)
{
    for (size_t c = 0; c < n; c++) {
        lx_buf_add(out, format == MARKDOWN ? "|" : c ? "--" : "");
        for (size_t i = 0; i < w[c] + (format == MARKDOWN); i++)
            lx_buf_add(out, "-");
        if (format == MARKDOWN)
            lx_buf_add(out, c ? ":" : "-");
    }
    lx_buf_add(out, format == MARKDOWN ? "|\n" : "\n");
}

static enum lx_code write_grid(const struct lx_study *s, size_t section, const struct lx_table *t,
                               enum format format, struct lx_arena *arena, struct lx_buf *out,
                               struct lx_err *err)
{
    struct lx_buf text = {0};
    size_t *w;
    if (lx_arena_get(arena, t->n_columns + 1, sizeof *w, &w, "table widths", err) != LX_OK)
        return err->code;
    for (size_t r = 0; r <= t->n_rows; r++)
        for (size_t c = 0; c <= t->n_columns; c++) {
            text_at(s, section, t, r, c, format, &text);
            if (text.text && width(text.text) > w[c])
                w[c] = width(text.text);
        }
    for (size_t r = 0; r <= t->n_rows; r++) {
        for (size_t c = 0; c <= t->n_columns; c++) {
            text_at(s, section, t, r, c, format, &text);
            lx_buf_add(out, format == MARKDOWN ? (c ? " | " : "| ") : (c ? "  " : ""));
            pad(out, text.text ? text.text : "", w[c], c > 0);
        }
        lx_buf_add(out, format == MARKDOWN ? " |\n" : "\n");
        if (r == 0)
            rule(w, t->n_columns + 1, format, out);
    }
    enum lx_code code = lx_buf_check(&text, err);
    lx_buf_free(&text);
    return code;
}

static bool has_base(const struct lx_section *sec)
{
    for (size_t i = 0; i < sec->n_lengths; i++)
        if (sec->length[i] == sec->train_length)
            return true;
    return false;
}

static enum lx_code write_block(const struct lx_study *s, size_t section, enum lx_table_block block,
                                enum format format, struct lx_buf *out, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_table t;
    enum lx_code code = lx_table_make(s, section, block, &arena, &t, err);
    if (code == LX_OK)
        code = write_grid(s, section, &t, format, &arena, out, err);
    lx_arena_free(&arena);
    return code;
}

/* Perplexities, and their ratios. */
static enum lx_code write_perplexity(const struct lx_study *s, size_t section, enum format format,
                                     const char *spread, const char *best, struct lx_buf *out,
                                     struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    lx_buf_printf(out, "\nPerplexity%s (best of a column %s)%s\n\n", spread, best,
                  format == MARKDOWN ? ":" : "");
    if (write_block(s, section, LX_TABLE_PPL, format, out, err) != LX_OK)
        return err->code;
    if (lx_table_untrained(s, section, "\n",
                           format == MARKDOWN ? lx_escape_markdown : lx_escape_plain, out))
        lx_buf_add(out, format == MARKDOWN ? ".\n" : "\n");
    if (!has_base(sec)) {
        lx_buf_add(out, "\nThe training length was not evaluated: no ratios to it.\n");
        return LX_OK;
    }
    lx_buf_printf(out, "\nRatio to the perplexity at the training length%s%s\n\n",
                  sec->seeds_max > 1 ? " (per seed, then mean and deviation)" : "",
                  format == MARKDOWN ? ":" : "");
    return write_block(s, section, LX_TABLE_RATIO, format, out, err);
}

/* Right answers by length, and at the longest one by depth. */
static enum lx_code write_answers(const struct lx_study *s, size_t section, enum format format,
                                  const char *spread, const char *best, struct lx_buf *out,
                                  struct lx_err *err)
{
    const char *end = format == MARKDOWN ? ":" : "";
    lx_buf_printf(out, "\nShare of right answers%s (best of a column %s)%s\n\n", spread, best, end);
    if (write_block(s, section, LX_TABLE_ANSWERS, format, out, err) != LX_OK)
        return err->code;
    lx_buf_printf(
        out, "\nThe same at the longest length, by depth of the fact (0%%: at the front)%s\n\n",
        end);
    return write_block(s, section, LX_TABLE_DEPTHS, format, out, err);
}

static enum lx_code write_all(const struct lx_study *s, enum format format, struct lx_buf *out,
                              struct lx_err *err)
{
    const char *best = format == MARKDOWN ? "in bold" : "marked *";
    size_t before = out->len; /* a blank line between sections */
    for (size_t i = 0; i < s->n_sections; i++) {
        const struct lx_section *sec = &s->section[i];
        const char *spread =
            sec->seeds_max > 1 ? ", mean \xc2\xb1 standard deviation over seeds" : "";
        bool answers = lx_table_has_answers(s, i);
        enum lx_code code;
        if (sec->n_lengths == 0 && !answers)
            continue;
        if (format == PLAIN && out->len > before)
            lx_buf_add(out, "\n");
        lx_buf_printf(out, format == MARKDOWN ? "\n## %s\n\n%s.\n" : "%s\n%s\n", sec->title,
                      sec->detail);
        code = answers ? write_answers(s, i, format, spread, best, out, err)
                       : write_perplexity(s, i, format, spread, best, out, err);
        if (code != LX_OK)
            return code;
    }
    return lx_buf_check(out, err);
}

enum lx_code lx_table_markdown(const struct lx_study *s, struct lx_buf *out, struct lx_err *err)
{
    lx_buf_printf(out, "# %s\n", lx_rows_name(&s->rows, s->rows.row[0].experiment));
    return write_all(s, MARKDOWN, out, err);
}

enum lx_code lx_table_plain(const struct lx_study *s, struct lx_buf *out, struct lx_err *err)
{
    return write_all(s, PLAIN, out, err);
}
