/* The page from top to bottom: verdicts and conclusions, charts and tables of each view, training, costs,
 * and how it was made. */
#include "page/page.h"

#include <string.h>

#include "page/page_assets.h"
#include "page/page_internal.h"
#include "text/escape.h"

void lx_page_head(const char *title, struct lx_buf *out)
{
    lx_buf_add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "style-src 'unsafe-inline'; script-src 'unsafe-inline'\"/>\n<title>");
    lx_escape_html(out, title);
    lx_buf_add(out, "</title>\n<style>\n");
    lx_buf_add(out, (const char *)lx_page_css);
    lx_buf_add(out, "</style>\n</head>\n<body>\n");
}

/* Hover cards and the script come last, so that a reader sees the page first. */
static void foot(const struct lx_page_figures *f, struct lx_buf *out)
{
    lx_buf_add(out, "<div id=\"tip\" role=\"status\" hidden=\"hidden\"></div>\n"
                    "<script type=\"application/json\" id=\"data\">");
    lx_page_data(f, out);
    lx_buf_add(out, "</script>\n<script>\n");
    lx_buf_add(out, (const char *)lx_page_js);
    lx_buf_add(out, "</script>\n</body>\n</html>\n");
}

/* A switch over what sections differ in; nothing where they do not. `name_of`: the text of one. */
static void choice(const struct lx_study *s, const char *key, const char *label,
                   void (*name_of)(const struct lx_study *s, size_t section, struct lx_buf *out),
                   struct lx_buf *out)
{
    struct lx_buf options = {0}, one = {0}, seen = {0};
    size_t n = 0;

    lx_buf_add(&seen, "\n");
    for (size_t i = 0; i < s->n_sections; i++) {
        lx_buf_clear(&one);
        lx_buf_add(&one, "<option>");
        name_of(s, i, &one);
        lx_buf_add(&one, "</option>\n");
        if (one.failed || seen.failed || strstr(seen.text, one.text) != NULL)
            continue;
        lx_buf_add(&seen, one.text);
        lx_buf_add(&options, one.text);
        n++;
    }
    if (n > 1 && !options.failed)
        lx_buf_printf(out,
                      "<label>%s <select data-k=\"%s\">\n<option value=\"\">all</option>\n%s"
                      "</select></label>\n",
                      label, key, options.text);
    out->failed = out->failed || options.failed || one.failed || seen.failed;
    lx_buf_free(&options);
    lx_buf_free(&one);
    lx_buf_free(&seen);
}

static void dataset_of(const struct lx_study *s, size_t section, struct lx_buf *out)
{
    lx_escape_html(out, lx_rows_name(&s->rows, s->section[section].dataset));
}

static void length_of(const struct lx_study *s, size_t section, struct lx_buf *out)
{
    lx_buf_printf(out, "%d", s->section[section].train_length);
}

static void mode_of(const struct lx_study *s, size_t section, struct lx_buf *out)
{
    lx_escape_html(out, lx_rows_name(&s->rows, s->section[section].mode));
}

static bool untrained(const struct lx_study *s, size_t series)
{
    for (size_t i = 0; i < s->n_sections; i++)
        if (s->section[i].n_lengths > 0 && lx_study_untrained(s, i, series))
            return true;
    return false;
}

static void bar(const struct lx_study *s, const struct lx_page_figures *f, struct lx_buf *out)
{
    size_t drawn = 0;

    lx_buf_add(out, "<nav id=\"bar\" aria-label=\"schemes and views\">\n<div id=\"key\" "
                    "role=\"group\" aria-label=\"schemes\">\n");
    for (size_t i = 0; i < f->n_series; i++) {
        const char *dash = lx_page_dash(&f->series[i]);

        lx_buf_printf(out,
                      "<button type=\"button\" data-s=\"%zu\" aria-pressed=\"%s\">"
                      "<svg viewBox=\"0 0 28 8\"><path d=\"M1 4H27\" stroke-dasharray=\"%s\" "
                      "style=\"color:",
                      i, f->on[i] ? "true" : "false", dash[0] != '\0' ? dash : "none");
        lx_page_color(&f->series[i], out);
        lx_buf_add(out, "\"/></svg>");
        lx_escape_html(out, f->series[i].label);
        lx_buf_add(out, i < s->n_series && untrained(s, i) ? " (not trained)</button>\n"
                                                           : "</button>\n");
        drawn += f->on[i];
    }
    if (drawn < f->n_series)
        lx_buf_printf(out,
                      "<p class=\"mu\">%zu of %zu schemes are drawn at first: the best at the "
                      "longest length, and those that claims are about.</p>\n",
                      drawn, f->n_series);
    lx_buf_add(out, "</div>\n<div id=\"views\" hidden=\"hidden\">\n"
                    "<button type=\"button\" id=\"all\">all</button>\n"
                    "<button type=\"button\" id=\"none\">none</button>\n");
    choice(s, "dataset", "dataset", dataset_of, out);
    choice(s, "length", "trained at", length_of, out);
    choice(s, "mode", "read", mode_of, out);
    lx_buf_add(out, "<label>show <select data-k=\"view\"><option value=\"\">all</option>"
                    "<option>charts</option><option>tables</option></select></label>\n"
                    "<button type=\"button\" id=\"share\">copy link</button>\n</div>\n</nav>\n");
}

/* The charts of a figure, one for each panel. */
static enum lx_code charts(const struct lx_page_figures *of, const struct lx_figure *f,
                           size_t *chart, struct lx_buf *out, struct lx_err *err)
{
    for (size_t k = 0; k < f->n_panels; k++) {
        lx_buf_printf(out, "<figure class=\"chart\" data-c=\"%zu\"><figcaption><b>", (*chart)++);
        lx_escape_html(out, f->title);
        lx_buf_add(out, f->n_panels > 1 ? ": " : "");
        lx_escape_html(out, f->n_panels > 1 ? f->panel[k].ylabel : "");
        lx_buf_add(out, "</b>");
        if (k == 0) {
            lx_buf_add(out, "<br/><span class=\"mu\">");
            lx_escape_html(out, f->note);
            lx_buf_add(out, "</span>");
        }
        lx_buf_add(out, "</figcaption>\n");
        if (lx_page_svg(of, &f->panel[k], f->title, out, err))
            return err->code;
        lx_buf_add(out, "</figure>\n");
    }
    return LX_OK;
}

static void open_view(const struct lx_study *s, size_t section, struct lx_buf *out)
{
    const struct lx_section *sec = &s->section[section];

    lx_buf_add(out, "<section class=\"view\" data-dataset=\"");
    dataset_of(s, section, out);
    lx_buf_printf(out, "\" data-length=\"%d\" data-mode=\"", sec->train_length);
    mode_of(s, section, out);
    lx_buf_add(out, "\">\n<h2>");
    lx_escape_html(out, sec->title);
    lx_buf_add(out, ": ");
    mode_of(s, section, out);
    lx_buf_add(out, "</h2>\n<p class=\"mu\">");
    lx_escape_html(out, sec->detail);
    lx_buf_add(out, "</p>\n");
}

static enum lx_code view(const struct lx_page *p, const struct lx_page_figures *f, size_t section,
                         size_t *chart, struct lx_buf *out, struct lx_err *err)
{
    const struct lx_study *s = p->study;
    size_t figures = 0;

    for (size_t i = 0; i < f->n; i++)
        figures += f->item[i].section == section && !lx_page_is_training(&f->item[i].figure);
    if (figures == 0 && p->table[section].len == 0)
        return LX_OK;
    open_view(s, section, out);
    lx_buf_add(out, "<div class=\"charts\">\n");
    for (size_t i = 0; i < f->n; i++)
        if (f->item[i].section == section && !lx_page_is_training(&f->item[i].figure) &&
            charts(f, &f->item[i].figure, chart, out, err))
            return err->code;
    if (lx_page_entropy(p, section, f->on, out, err))
        return err->code;
    lx_buf_add(out, "</div>\n<div class=\"tables\">\n");
    if (p->table[section].len > 0)
        lx_buf_add(out, p->table[section].text);
    lx_buf_add(out, "</div>\n</section>\n");
    return LX_OK;
}

static enum lx_code training(const struct lx_page_figures *f, struct lx_buf *out,
                             struct lx_err *err)
{
    bool any = false;

    for (size_t i = 0; i < f->n; i++) {
        if (!lx_page_is_training(&f->item[i].figure))
            continue;
        lx_buf_add(out, any ? "" : "<section class=\"charts\">\n<h2>Training</h2>\n");
        any = true;
        if (lx_page_thumbs(f, &f->item[i].figure, out, err))
            return err->code;
    }
    lx_buf_add(out, any ? "</section>\n" : "");
    return LX_OK;
}

static void block(const char *title, const struct lx_buf *html, struct lx_buf *out)
{
    if (html->len == 0)
        return;
    lx_buf_printf(out, "<section>\n<h2>%s</h2>\n", title);
    lx_buf_add(out, html->text);
    lx_buf_add(out, "</section>\n");
}

/* How many claims hold, fail, and so on, in words. */
static void count_claims(const struct lx_page *p, struct lx_buf *out)
{
    if (p->claims_count.len == 0)
        return;
    lx_buf_add(out, "<p>");
    lx_escape_html(out, p->claims_count.text);
    lx_buf_add(out, ". A verdict below is a link to the curves it compares.</p>\n");
}

static enum lx_code body(const struct lx_page *p, const struct lx_page_figures *f,
                         struct lx_buf *out, struct lx_err *err)
{
    const struct lx_study *s = p->study;
    size_t chart = 0, before;

    lx_buf_add(out, "<h1>");
    lx_escape_html(out, lx_study_name(s));
    lx_buf_add(out, "</h1>\n");
    if (p->partial != NULL) {
        lx_buf_add(out, "<p class=\"warn\"><b>");
        lx_escape_html(out, p->partial);
        lx_buf_add(out, "</b></p>\n");
    }
    lx_buf_add(out, "<section>\n<h2>In short</h2>\n");
    count_claims(p, out);
    lx_buf_add(out, "<ul>\n");
    before = out->len;
    if (lx_page_sentences(p, out, err))
        return err->code;
    if (out->len == before)
        lx_buf_add(out, "<li>Nothing that the numbers say by themselves.</li>\n");
    lx_buf_add(out, "</ul>\n</section>\n");
    block("Verdicts", &p->claims_table, out);
    lx_buf_add(out, "<div id=\"charts\">\n");
    bar(s, f, out);
    for (size_t i = 0; i < s->n_sections; i++)
        if (view(p, f, i, &chart, out, err))
            return err->code;
    if (training(f, out, err))
        return err->code;
    lx_buf_add(out, "</div>\n");
    block("Published numbers", &p->published_table, out);
    block("Learning rates", &p->rates_table, out);
    block("Costs", &p->costs_table, out);
    lx_buf_add(out, "<section>\n<h2>How it was made</h2>\n");
    lx_page_protocol(p, out);
    if (lx_page_config(p, out, err) || lx_page_provenance(p, out, err))
        return err->code;
    lx_buf_add(out, "</section>\n");
    return LX_OK;
}

static enum lx_code write(const struct lx_page *p, const struct lx_page_figures *f,
                          struct lx_buf *out, struct lx_err *err)
{
    lx_page_head(lx_study_name(p->study), out);
    if (body(p, f, out, err))
        return err->code;
    foot(f, out);
    return lx_buf_check(out, err);
}

enum lx_code lx_page_write(const struct lx_page *p, struct lx_buf *out, struct lx_err *err)
{
    struct lx_page_figures figures = {.n = 0};
    enum lx_code code = LX_OK;

    if (lx_page_gather(p, &figures, err) || write(p, &figures, out, err))
        code = err->code;
    lx_page_figures_free(&figures);
    return code;
}
