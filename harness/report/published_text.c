/* Published tables beside ours. A paper's length stands beside our evaluation length at the nearest
 * multiple of the training length, if that is within 5%; every dataset of ours, and every training
 * length (or the paper's own alone, if we have it), gets a table. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/escape.h"
#include "report/table.h"
#include "study/format.h"
#include "text/csvfile.h"
#include "verdict/claims.h"
#include "verdict/published.h"

enum format { MARKDOWN, LATEX, CSV };

/* The tables that stand for one published table: sections of ours, as dataset and training length. */
struct scope {
    int dataset, train_length;
};

/* Ours beside one published number. */
struct beside {
    int length; /* 0: we have none near enough */
    struct lx_stats value, ratio;
};

static bool is_ppl(const struct lx_published *t)
{
    return strcmp(t->metric, "ppl") == 0;
}

/* The paper's value over its value at the training length; NaN if it gives none there. */
static double paper_ratio(const struct lx_published *t, const struct lx_published_row *row,
                          size_t k)
{
    for (size_t i = 0; i < t->n_lengths; i++)
        if (t->length[i] == t->train_length && is_ppl(t))
            return row->value[k] / row->value[i];
    return (double)NAN;
}

/* Our evaluation length nearest to the multiple, 0 if none is within 5%. */
static int nearest(const struct lx_study *s, const struct scope *at, double multiple)
{
    double best = log(1.05);
    int found = 0;

    for (size_t i = 0; i < s->n_sections; i++) {
        const struct lx_section *sec = &s->section[i];

        for (size_t k = 0; k < sec->n_lengths; k++) {
            double off = fabs(log((double)sec->length[k] / sec->train_length / multiple));

            if (sec->dataset == at->dataset && sec->train_length == at->train_length &&
                off <= best) {
                best = off;
                found = sec->length[k];
            }
        }
    }
    return found;
}

static enum lx_code find(const struct lx_study *s, const struct lx_published *t,
                         const struct lx_published_row *row, const struct scope *at, int length,
                         struct lx_arena *arena, struct lx_claim_point **point, size_t *n,
                         struct lx_err *err)
{
    struct lx_claim_value v = {.encoding = row->encoding,
                               .evaluated_as = row->evaluated_as,
                               .metric = t->metric,
                               .mode = t->mode,
                               .layer = -1,
                               .head = -1,
                               .length = {length, false}};
    const char *why;

    return lx_claim_find(s, &v, at->dataset, at->train_length, arena, point, n, &why, err);
}

static enum lx_code look_beside(const struct lx_study *s, const struct lx_published *t,
                                const struct lx_published_row *row, size_t k,
                                const struct scope *at, struct lx_arena *arena, struct beside *out,
                                struct lx_err *err)
{
    struct lx_claim_point *here, *base;
    size_t n, n_base, m = 0, r = 0;
    double *value, *ratio;

    *out = (struct beside){.value = lx_stats_of(NULL, 0), .ratio = lx_stats_of(NULL, 0)};
    out->length = nearest(s, at, (double)t->length[k] / t->train_length);
    if (out->length == 0 || row->encoding == NULL)
        return LX_OK;
    if (find(s, t, row, at, out->length, arena, &here, &n, err) != LX_OK ||
        find(s, t, row, at, at->train_length, arena, &base, &n_base, err) != LX_OK ||
        lx_arena_get(arena, n + 1, sizeof *value, &value, "published numbers", err) != LX_OK ||
        lx_arena_get(arena, n + 1, sizeof *ratio, &ratio, "published numbers", err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        if (here[i].status != LX_ROW_OK)
            return LX_OK; /* a mean of the seeds that survived would flatter */
        value[m++] = is_ppl(t) ? exp(here[i].value) : here[i].value;
        for (size_t j = 0; j < n_base; j++)
            if (is_ppl(t) && base[j].seed == here[i].seed && base[j].status == LX_ROW_OK)
                ratio[r++] = exp(here[i].value - base[j].value);
    }
    out->value = lx_stats_of(value, m);
    out->ratio = lx_stats_of(ratio, r);
    return LX_OK;
}

/* "19.73 +- 0.1 (x0.949)" */
static void cell(double value, double spread, double ratio, enum format format, struct lx_buf *out)
{
    const char *pm = format == LATEX ? " $\\pm$ " : " \xc2\xb1 ";
    const char *times = format == LATEX ? "$\\times$" : "\xc3\x97";
    char number[24];

    if (isnan(value)) {
        lx_buf_add(out, format == LATEX ? "--" : "-");
        return;
    }
    lx_format_number(value, value, number);
    lx_buf_add(out, number);
    if (!isnan(spread)) {
        lx_format_number(spread, value, number);
        lx_buf_printf(out, "%s%s", pm, number);
    }
    if (!isnan(ratio) && (ratio < 1 || ratio > 1))
        lx_buf_printf(out, ratio < 100 ? " (%s%.3f)" : " (%s%.3g)", times, ratio);
}

static void escape(struct lx_buf *out, const char *text, enum format format)
{
    (format == LATEX ? lx_escape_tex : lx_escape_markdown)(out, text);
}

static enum lx_code write_row(const struct lx_study *s, const struct lx_published *t,
                              const struct lx_published_row *row, const struct scope *at,
                              enum format format, struct lx_buf *out, struct lx_err *err)
{
    const char *gap = format == LATEX ? " & " : " | ";
    const char *end = format == LATEX ? " \\\\\n" : " |\n";
    const char *begin = format == LATEX ? "    " : "| ";
    struct lx_arena arena = {0};
    enum lx_code code = LX_OK;

    lx_buf_add(out, begin);
    escape(out, row->name, format);
    lx_buf_printf(out, "%spaper", gap);
    for (size_t k = 0; k < t->n_lengths; k++) {
        lx_buf_add(out, gap);
        cell(row->value[k], row->spread[k], paper_ratio(t, row, k), format, out);
    }
    lx_buf_add(out, end);
    if (row->encoding == NULL)
        return LX_OK;
    lx_buf_add(out, begin);
    escape(out, row->evaluated_as ? row->evaluated_as : row->encoding, format);
    lx_buf_printf(out, "%shere", gap);
    for (size_t k = 0; k < t->n_lengths && code == LX_OK; k++) {
        struct beside b;

        code = look_beside(s, t, row, k, at, &arena, &b, err);
        lx_buf_add(out, gap);
        if (code == LX_OK)
            cell(b.value.mean, b.value.sd, b.ratio.mean, format, out);
    }
    lx_buf_add(out, end);
    lx_arena_free(&arena);
    return code;
}

static void caption(const struct lx_study *s, const struct lx_published *t, const struct scope *at,
                    enum format format, struct lx_buf *out)
{
    escape(out, t->source, format);
    if (t->data != NULL) {
        lx_buf_add(out, ", ");
        escape(out, t->data, format);
    }
    lx_buf_add(out, t->certainty ? " (quoted second-hand); beside it, " : "; beside it, ");
    escape(out, lx_rows_name(&s->rows, at->dataset), format);
    lx_buf_printf(out, " trained at %d tokens%s%s.", at->train_length,
                  is_ppl(t) ? ": perplexity and its ratio to the training length" : ": ",
                  is_ppl(t) ? "" : t->metric);
}

static enum lx_code write_table(const struct lx_study *s, const struct lx_published *t,
                                const struct scope *at, enum format format, struct lx_buf *out,
                                struct lx_err *err)
{
    char multiple[24];

    lx_buf_add(out,
               format == LATEX ? "\n\\begin{table}\n  \\centering\n  \\small\n  \\caption{" : "\n");
    caption(s, t, at, format, out);
    lx_buf_add(out, format == LATEX ? "}\n  \\begin{tabular}{ll" : "\n\n| | |");
    for (size_t k = 0; k < t->n_lengths; k++) {
        lx_format_multiple(t->length[k], t->train_length, multiple);
        if (format == LATEX)
            lx_buf_add(out, "r");
        else
            lx_buf_printf(out, " %d (%s) |", t->length[k], multiple);
    }
    lx_buf_add(out, format == LATEX ? "}\n    \\toprule\n    & " : "\n|---|---|");
    for (size_t k = 0; k < t->n_lengths; k++) {
        lx_format_multiple(t->length[k], t->train_length, multiple);
        multiple[strlen(multiple) - 1] = '\0';
        if (format == LATEX)
            lx_buf_printf(out, " & %d ($%s\\times$)", t->length[k], multiple);
        else
            lx_buf_add(out, "---:|");
    }
    lx_buf_add(out, format == LATEX ? " \\\\\n    \\midrule\n" : "\n");
    for (size_t i = 0; i < t->n_rows; i++)
        if (write_row(s, t, &t->row[i], at, format, out, err) != LX_OK)
            return err->code;
    if (format == LATEX)
        lx_buf_add(out, "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
    return LX_OK;
}

static void csv_texts(struct lx_buf *out, const char *const *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        lx_csv_field(out, text[i] != NULL ? text[i] : "");
        lx_buf_add(out, ",");
    }
}

static enum lx_code write_csv_row(const struct lx_study *s, const struct lx_published *t,
                                  const struct lx_published_row *row, const struct scope *at,
                                  size_t k, struct lx_buf *out, struct lx_err *err)
{
    const char *texts[] = {t->source,     t->certainty ? "secondhand" : "verified",
                           t->data,       t->metric,
                           t->mode,       row->name,
                           row->encoding, row->evaluated_as};
    struct lx_arena arena = {0};
    struct beside b;

    if (isnan(row->value[k]))
        return LX_OK;
    if (look_beside(s, t, row, k, at, &arena, &b, err) != LX_OK) {
        lx_arena_free(&arena);
        return err->code;
    }
    csv_texts(out, texts, sizeof texts / sizeof texts[0]);
    lx_buf_printf(out, "%d,%d,", t->train_length, t->length[k]);
    double paper[] = {row->value[k], row->spread[k], paper_ratio(t, row, k)};
    double ours[] = {b.value.mean, b.value.sd, b.ratio.mean, b.ratio.sd};
    for (size_t i = 0; i < 3; i++) {
        lx_csv_number(out, paper[i]);
        lx_buf_add(out, ",");
    }
    lx_csv_field(out, lx_rows_name(&s->rows, at->dataset));
    lx_buf_printf(out, ",%d,", at->train_length);
    if (b.value.n > 0)
        lx_buf_printf(out, "%d", b.length);
    lx_buf_printf(out, ",%d", b.value.n);
    for (size_t i = 0; i < 4; i++) {
        lx_buf_add(out, ",");
        lx_csv_number(out, ours[i]);
    }
    lx_buf_add(out, "\n");
    lx_arena_free(&arena);
    return LX_OK;
}

static enum lx_code write_csv(const struct lx_study *s, const struct lx_published *t,
                              const struct scope *at, struct lx_buf *out, struct lx_err *err)
{
    for (size_t i = 0; i < t->n_rows; i++)
        for (size_t k = 0; k < t->n_lengths; k++)
            if (write_csv_row(s, t, &t->row[i], at, k, out, err) != LX_OK)
                return err->code;
    return LX_OK;
}

/* Section i is the first of its dataset and training length, and fits the table. */
static bool opens_scope(const struct lx_study *s, size_t i, const struct lx_published *t)
{
    bool ours = false;

    for (size_t k = 0; k < s->n_sections; k++) {
        const struct lx_section *sec = &s->section[k];

        if (k < i && sec->dataset == s->section[i].dataset &&
            sec->train_length == s->section[i].train_length)
            return false;
        ours |= sec->train_length == t->train_length;
    }
    return !ours || s->section[i].train_length == t->train_length;
}

static enum lx_code write_all(const struct lx_published_list *p, const struct lx_study *s,
                              enum format format, struct lx_buf *out, struct lx_err *err)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t k = 0; k < s->n_sections; k++) {
            const struct scope at = {s->section[k].dataset, s->section[k].train_length};

            if (!opens_scope(s, k, &p->item[i]))
                continue;
            if ((format == CSV ? write_csv(s, &p->item[i], &at, out, err)
                               : write_table(s, &p->item[i], &at, format, out, err)) != LX_OK)
                return err->code;
        }
    return lx_buf_check(out, err);
}

enum lx_code lx_published_markdown(const struct lx_published_list *p, const struct lx_study *s,
                                   struct lx_buf *out, struct lx_err *err)
{
    lx_buf_add(out, "\n## Published numbers\n\nThe papers' models, data and tokens are others: "
                    "compare the ratios, not the values.\n");
    return write_all(p, s, MARKDOWN, out, err);
}

enum lx_code lx_published_latex(const struct lx_published_list *p, const struct lx_study *s,
                                struct lx_buf *out, struct lx_err *err)
{
    return write_all(p, s, LATEX, out, err);
}

enum lx_code lx_published_csv(const struct lx_published_list *p, const struct lx_study *s,
                              struct lx_buf *out, struct lx_err *err)
{
    lx_buf_add(out,
               "source,certainty,data,metric,mode,name,encoding,evaluated_as,paper_train_length,"
               "paper_length,paper_value,paper_spread,paper_ratio,dataset,train_length,eval_length,"
               "seeds,value_mean,value_std,ratio_mean,ratio_std\n");
    return write_all(p, s, CSV, out, err);
}
