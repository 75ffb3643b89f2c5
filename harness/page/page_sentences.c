/* What a study says, in sentences: who is best and by how much more than chance, who holds, who does not.
 * Every number is computed here from the groups; nothing is said that one seed cannot carry. */
#include <math.h>
#include <stdio.h>

#include "page/page_internal.h"
#include "study/contrast.h"
#include "text/escape.h"
#include "text/format.h"

enum { NAMES = 6 }; /* in one sentence */
static const double holds = 1.02, breaks = 2;

/* A list of names that says how many it left out. */
struct names {
    struct lx_buf text; /* HTML */
    size_t n;
};

static void add_name(struct names *l, const char *label, const char *remark)
{
    if (l->n++ >= NAMES)
        return;
    lx_buf_add(&l->text, l->n > 1 ? ", " : "");
    lx_escape_html(&l->text, label);
    lx_buf_add(&l->text, remark);
}

static void put_names(const struct names *l, struct lx_buf *out)
{
    out->failed = out->failed || l->text.failed;
    if (l->n > 0 && !out->failed)
        lx_buf_add(out, l->text.text);
    if (l->n > NAMES)
        lx_buf_printf(out, " and %zu more", l->n - NAMES);
}

static const struct lx_group *at_length(const struct lx_study *s, size_t section, size_t series,
                                        int length)
{
    const struct lx_group *g = lx_study_find(s, section, series, s->ppl, length);

    return g != NULL && lx_group_status(g) == LX_ROW_OK && g->stats.n > 0 ? g : NULL;
}

const struct lx_group *lx_page_best(const struct lx_study *s, size_t section, int length)
{
    const struct lx_group *best = NULL;

    for (size_t i = 0; i < s->n_series; i++) {
        const struct lx_group *g = at_length(s, section, i, length);

        if (g != NULL && (best == NULL || g->stats.mean < best->stats.mean))
            best = g;
    }
    return best;
}

/* "; the seeds do not tell it from b, c": the groups that the best is not told apart from. */
static enum lx_code say_alike(const struct lx_study *s, const struct lx_group *best, bool text,
                              struct lx_buf *out, struct lx_err *err)
{
    struct names alike = {.n = 0};
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < s->n_series && code == LX_OK; i++) {
        const struct lx_group *g = at_length(s, (size_t)best->section, i, best->eval_length);
        bool differ = true;

        if (g != NULL && g != best)
            code = lx_groups_differ(s, g, best, &differ, err);
        if (!differ)
            add_name(&alike, s->series[i].label, "");
    }
    if (alike.n > 0) {
        lx_buf_printf(out, "; the seeds%s do not tell it from ", text ? " and the text" : "");
        put_names(&alike, out);
    }
    lx_buf_free(&alike.text);
    return code;
}

/* "a is best at 8x: 4.01 [3.98, 4.05]; the seeds do not tell it from b." */
static enum lx_code say_best(const struct lx_study *s, size_t section, struct lx_buf *out,
                             struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    int length = sec->length[sec->n_lengths - 1];
    const struct lx_group *best = lx_page_best(s, section, length);
    struct lx_interval x;
    char multiple[24], value[24], end[2][24];

    if (best == NULL)
        return LX_OK;
    if (lx_group_interval(s, best, false, &x, err))
        return err->code;
    lx_format_multiple(length, sec->train_length, multiple);
    lx_format_number(best->stats.mean, best->stats.mean, value);
    lx_buf_add(out, "<li><b>");
    lx_escape_html(out, s->series[best->series].label);
    lx_buf_printf(out, "</b> is best at %s: %s ", multiple, value);
    if (isnan(x.low)) {
        lx_buf_add(out, "(one seed, no interval)");
    } else {
        lx_format_interval(x.low, x.high, end);
        lx_buf_printf(out, "[%s, %s]", end[0], end[1]);
        if (say_alike(s, best, x.text, out, err))
            return err->code;
    }
    lx_buf_add(out, " <span class=\"mu\">(");
    lx_escape_html(out, sec->title);
    lx_buf_add(out, ", ");
    lx_escape_html(out, lx_rows_name(&s->rows, sec->mode));
    lx_buf_add(out, isnan(x.low) ? "" : x.text ? ", 95% over seeds and text" : ", 95% over seeds");
    lx_buf_add(out, ")</span>.</li>\n");
    return LX_OK;
}

/* The mean ratio to the training length, NaN where there is none. */
static enum lx_code ratio_at(const struct lx_study *s, size_t section, size_t series, int length,
                             double *out, struct lx_err *err)
{
    const struct lx_group *g = at_length(s, section, series, length);
    struct lx_stats ratio;

    *out = (double)NAN;
    if (g == NULL)
        return LX_OK;
    if (lx_study_ratio(s, g, &ratio, err))
        return err->code;
    *out = ratio.mean;
    return LX_OK;
}

/* The first length from which the mean ratio never again falls below `breaks`; 0: none. */
static enum lx_code break_length(const struct lx_study *s, size_t section, size_t series,
                                 int *length, struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];

    *length = 0;
    for (size_t i = 0; i < sec->n_lengths; i++) {
        double ratio;

        if (ratio_at(s, section, series, sec->length[i], &ratio, err))
            return err->code;
        if (isfinite(ratio) && ratio < breaks)
            *length = 0;
        else if (isfinite(ratio) && *length == 0)
            *length = sec->length[i];
    }
    return LX_OK;
}

static enum lx_code say_breaks(const struct lx_study *s, size_t section, struct lx_buf *out,
                               struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    struct names broken = {.n = 0};
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < s->n_series && code == LX_OK; i++) {
        char multiple[24], remark[48];
        int length;

        code = break_length(s, section, i, &length, err);
        if (code != LX_OK || length == 0)
            continue;
        lx_format_multiple(length, sec->train_length, multiple);
        (void)snprintf(remark, sizeof(remark), " (from %s)", multiple);
        add_name(&broken, s->series[i].label, remark);
    }
    if (broken.n > 0) {
        lx_buf_add(out, "<li>More than twice the perplexity at the training length: ");
        put_names(&broken, out);
        lx_buf_add(out, " <span class=\"mu\">(");
        lx_escape_html(out, lx_rows_name(&s->rows, sec->mode));
        lx_buf_add(out, ")</span>.</li>\n");
    }
    lx_buf_free(&broken.text);
    return code;
}

static bool trained_alike(const struct lx_section *a, const struct lx_section *b)
{
    return a->n_lengths > 0 && b->n_lengths > 0 && a->dataset == b->dataset &&
           a->split == b->split && a->train_length == b->train_length;
}

/* Whether a series keeps within `holds` at the longest length, in every view of this training; *known is
 * false where a view has no number of it. */
static enum lx_code keeps(const struct lx_study *s, size_t section, size_t series, bool *known,
                          bool *kept, struct lx_err *err)
{
    *known = *kept = true;
    for (size_t i = 0; i < s->n_sections; i++) {
        const struct lx_section *sec = &s->section[i];
        double ratio;

        if (!trained_alike(sec, &s->section[section]))
            continue;
        if (ratio_at(s, i, series, sec->length[sec->n_lengths - 1], &ratio, err))
            return err->code;
        *known &= isfinite(ratio);
        *kept &= isfinite(ratio) && ratio <= holds;
    }
    return LX_OK;
}

/* "4 of 10 within 2% of their perplexity at the training length, at 8x in both views: ..." */
static enum lx_code say_holds(const struct lx_study *s, size_t section, struct lx_buf *out,
                              struct lx_err *err)
{
    const struct lx_section *sec = &s->section[section];
    struct names list = {.n = 0};
    size_t views = 0, all = 0;
    char multiple[24];
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < s->n_sections; i++)
        views += trained_alike(sec, &s->section[i]);
    for (size_t i = 0; i < s->n_series && code == LX_OK; i++) {
        bool known, kept;

        code = keeps(s, section, i, &known, &kept, err);
        all += known;
        if (kept)
            add_name(&list, s->series[i].label, "");
    }
    lx_format_multiple(sec->length[sec->n_lengths - 1], sec->train_length, multiple);
    if (all > 0 && sec->length[sec->n_lengths - 1] > sec->train_length) {
        lx_buf_printf(out,
                      "<li>%zu of %zu within 2%% of their perplexity at the training length, "
                      "at %s%s%s",
                      list.n, all, multiple,
                      views == 2  ? " in both views"
                      : views > 2 ? " in all views"
                                  : "",
                      list.n > 0 ? ": " : "");
        put_names(&list, out);
        lx_buf_add(out, ".</li>\n");
    }
    lx_buf_free(&list.text);
    return code;
}

static void say_untrained(const struct lx_study *s, size_t section, struct lx_buf *out)
{
    struct names list = {.n = 0};

    for (size_t i = 0; i < s->n_series; i++)
        if (lx_study_untrained(s, section, i))
            add_name(&list, s->series[i].label, "");
    if (list.n > 0) {
        lx_buf_printf(out,
                      "<li class=\"warn\">Not trained (no better than the bigram table at %d "
                      "tokens): ",
                      s->section[section].train_length);
        put_names(&list, out);
        lx_buf_add(out, ".</li>\n");
    }
    lx_buf_free(&list.text);
}

enum lx_code lx_page_sentences(const struct lx_page *p, struct lx_buf *out, struct lx_err *err)
{
    const struct lx_study *s = p->study;

    for (size_t i = 0; i < s->n_sections; i++) {
        bool first = true;

        if (s->section[i].n_lengths == 0)
            continue;
        for (size_t k = 0; k < i; k++)
            first &= !trained_alike(&s->section[k], &s->section[i]);
        if (say_best(s, i, out, err) || say_breaks(s, i, out, err) ||
            (first && say_holds(s, i, out, err)))
            return err->code;
        if (first)
            say_untrained(s, i, out);
    }
    return lx_buf_check(out, err);
}
