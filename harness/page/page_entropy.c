/* Attention entropy over its maximum, by layer (down) and head (across): one square each, the fuller the
 * more evenly the head looks at all it may see. */
#include <math.h>

#include "page/page_internal.h"
#include "text/escape.h"

enum { STEP = 13, GAP = 18 };

/* The last bin of positions of a head, or all of them where there are no bins. */
static const struct lx_group *head_group(const struct lx_study *s, size_t section, size_t series,
                                         int length, int layer, int head)
{
    size_t n;
    const struct lx_group *g =
        lx_study_range(s, section, series, s->entropy_normalized, length, &n);
    const struct lx_group *best = NULL;

    for (size_t i = 0; i < n; i++)
        if (g[i].layer == layer && g[i].head == head && (best == NULL || g[i].hi > best->hi))
            best = &g[i];
    return best;
}

/* Layers and heads that were measured, of any series. */
static void extent(const struct lx_study *s, size_t section, int length, int *layers, int *heads)
{
    *layers = *heads = 0;
    for (size_t k = 0; k < s->n_series; k++) {
        size_t n;
        const struct lx_group *g = lx_study_range(s, section, k, s->entropy_normalized, length, &n);

        for (size_t i = 0; i < n; i++)
            if (g[i].layer >= 0 && g[i].head >= 0) {
                *layers = g[i].layer + 1 > *layers ? g[i].layer + 1 : *layers;
                *heads = g[i].head + 1 > *heads ? g[i].head + 1 : *heads;
            }
    }
}

struct map {
    const struct lx_study *s;
    size_t section;
    int layers, heads;
    int length[2]; /* at the training length and at the longest */
};

/* Append the squares of one map; what it says in words goes to `words`. */
static bool squares(const struct map *m, size_t series, int which, struct lx_buf *out,
                    struct lx_buf *words)
{
    double sum = 0;
    int n = 0;

    for (int l = 0; l < m->layers; l++)
        for (int h = 0; h < m->heads; h++) {
            const struct lx_group *g = head_group(m->s, m->section, series, m->length[which], l, h);

            if (g == NULL || lx_group_status(g) != LX_ROW_OK)
                continue;
            lx_buf_printf(out, "<rect x=\"%d\" y=\"%d\" fill-opacity=\"%.3f\"/>",
                          which * (m->heads * STEP + GAP) + h * STEP, l * STEP, g->stats.mean);
            sum += g->stats.mean;
            n++;
        }
    if (n > 0)
        lx_buf_printf(words, "%s%.2f at %d", which > 0 ? ", " : "", sum / n, m->length[which]);
    else
        lx_buf_printf(words, "%snone at %d", which > 0 ? ", " : "", m->length[which]);
    return n > 0;
}

static void frame(const struct map *m, int which, struct lx_buf *out)
{
    lx_buf_printf(out, "<path class=\"frame\" d=\"M%d 0h%dv%dh-%dz\"/>",
                  which * (m->heads * STEP + GAP), m->heads * STEP, m->layers * STEP,
                  m->heads * STEP);
}

static void one(const struct map *m, size_t series, bool shown, struct lx_buf *out)
{
    struct lx_buf cells = {0}, words = {0};
    bool any = false;

    for (int k = 0; k < 2; k++)
        any |= squares(m, series, k, &cells, &words);
    out->failed = out->failed || cells.failed || words.failed;
    if (any && !out->failed) {
        lx_buf_printf(out,
                      "<figure class=\"map\" data-s=\"%zu\"%s><svg viewBox=\"-1 -1 %d %d\" "
                      "style=\"width:%dpx\" role=\"img\" aria-label=\"",
                      series, shown ? "" : " hidden=\"hidden\"", 2 * m->heads * STEP + GAP + 2,
                      m->layers * STEP + 2, (2 * m->heads * STEP + GAP + 2) * 5 / 4);
        lx_escape_html(out, m->s->series[series].label);
        lx_buf_printf(out, ": mean %s tokens\">", words.text);
        frame(m, 0, out);
        frame(m, 1, out);
        lx_buf_add(out, cells.text);
        lx_buf_add(out, "</svg><figcaption>");
        lx_escape_html(out, m->s->series[series].label);
        lx_buf_printf(out, "<br/><span class=\"mu\">%s</span></figcaption></figure>\n", words.text);
    }
    lx_buf_free(&cells);
    lx_buf_free(&words);
}

enum lx_code lx_page_entropy(const struct lx_page *p, size_t section, const bool *on,
                             struct lx_buf *out, struct lx_err *err)
{
    const struct lx_study *s = p->study;
    const struct lx_section *sec = &s->section[section];
    struct map m = {.s = s, .section = section};

    if (sec->n_lengths == 0 || s->entropy_normalized < 0)
        return LX_OK;
    m.length[0] = sec->train_length;
    m.length[1] = sec->length[sec->n_lengths - 1];
    for (size_t i = 0; i < sec->n_lengths; i++) /* the longest up to 8x */
        if (sec->length[i] <= 8 * sec->train_length)
            m.length[1] = sec->length[i];
    extent(s, section, m.length[1], &m.layers, &m.heads);
    if (m.layers == 0)
        return LX_OK;
    lx_buf_printf(
        out,
        "<h3>Attention entropy by layer and head</h3>\n<p class=\"mu\">Left at %d tokens, "
        "right at %d; layers downwards from the first, heads across; queries of the last "
        "positions. An empty square looks at one token, a full one at all alike.</p>\n"
        "<div class=\"maps\">\n",
        m.length[0], m.length[1]);
    for (size_t i = 0; i < s->n_series; i++)
        if (lx_study_has(s, section, i))
            one(&m, i, on[i], out);
    lx_buf_add(out, "</div>\n");
    return lx_buf_check(out, err);
}
