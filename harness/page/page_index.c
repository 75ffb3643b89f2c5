/* The page over many studies: a table of them, then a card for each; see page_index.h. */
#include "page/page_index.h"

#include <stdlib.h>
#include <string.h>

#include "page/page_internal.h"
#include "plot/plot.h"
#include "text/escape.h"
#include "text/format.h"

enum { WIDTH = 320, HEIGHT = 150 };

/* The address of a file of a folder: whatever could mean something there is spelled out. */
static void address(const char *folder, const char *file, struct lx_buf *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    lx_buf_add(out, "./");
    for (; *folder != '\0'; folder++) {
        if (strchr(plain, *folder) != NULL)
            lx_buf_addn(out, folder, 1);
        else
            lx_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*folder);
    }
    lx_buf_printf(out, "/%s", file);
}

/* The first section with perplexities; n_sections: none has some. */
static size_t first_section(const struct lx_study *s)
{
    size_t i = 0;

    while (i < s->n_sections && s->section[i].n_lengths == 0)
        i++;
    return i;
}

/* "NAME, 4.01 at 8x", or a dash. */
static void best(const struct lx_study *s, struct lx_buf *out)
{
    size_t section = first_section(s);
    const struct lx_section *sec = section < s->n_sections ? &s->section[section] : NULL;
    const struct lx_group *g =
        sec != NULL ? lx_page_best(s, section, sec->length[sec->n_lengths - 1]) : NULL;
    char multiple[24], value[24];

    if (g == NULL) {
        lx_buf_add(out, "\xe2\x80\x93");
        return;
    }
    lx_format_multiple(g->eval_length, sec->train_length, multiple);
    lx_format_number(g->stats.mean, g->stats.mean, value);
    lx_escape_html(out, s->series[g->series].label);
    lx_buf_printf(out, ", %s at %s", value, multiple);
}

/* Cells that have rows. */
static enum lx_code count_cells(const struct lx_study *s, size_t *n, struct lx_err *err)
{
    bool *seen = calloc(s->rows.names.n + 1, sizeof(*seen));

    if (seen == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the page");
    *n = 0;
    for (size_t i = 0; i < s->rows.n; i++) {
        int cell = s->rows.row[i].cell;

        if (cell < 0)
            continue;
        *n += !seen[cell];
        seen[cell] = true;
    }
    free(seen);
    return LX_OK;
}

struct chart {
    const struct lx_study *study;
    const bool *on;
    struct lx_buf *out;
};

static void curve(const struct lx_curve *c, const struct lx_page_box *b, struct lx_buf *out)
{
    lx_buf_add(out, "<path class=\"line\" style=\"color:");
    lx_page_color(c->series, out);
    lx_buf_printf(out, "\"%s%s%s d=\"", lx_page_dash(c->series)[0] ? " stroke-dasharray=\"" : "",
                  lx_page_dash(c->series), lx_page_dash(c->series)[0] ? "\"" : "");
    lx_page_path(c, b, 1, out);
    lx_buf_add(out, "\"/>");
}

/* The figure of perplexities as a small picture, and whose curves they are. */
static enum lx_code take(void *ctx, const struct lx_figure *f, struct lx_err *err)
{
    const struct chart *chart = ctx;
    const struct lx_section *sec = &chart->study->section[first_section(chart->study)];
    const struct lx_panel *p = &f->panel[0];
    struct lx_buf *out = chart->out;
    struct lx_page_box b = {
        .x = {p->x_min, p->x_max}, .log_x = true, .width = WIDTH, .height = HEIGHT};
    size_t left_out = 0;

    lx_figure_range(p, &b.y[0], &b.y[1], &b.log_y);
    lx_buf_printf(out,
                  "<figure class=\"small\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
                  WIDTH, HEIGHT);
    lx_escape_html(out, f->title);
    lx_buf_add(out, "\">");
    for (size_t i = 0; i < p->n_curves; i++)
        if (chart->on[p->curve[i].series - chart->study->series])
            curve(&p->curve[i], &b, out);
        else
            left_out++;
    lx_buf_add(out, "</svg><figcaption>");
    lx_escape_html(out, f->title);
    lx_buf_printf(out, "; %.3g to %.3g, from %d to %d tokens:<br/>", b.y[0], b.y[1], sec->length[0],
                  sec->length[sec->n_lengths - 1]);
    for (size_t i = 0; i < p->n_curves; i++) {
        if (!chart->on[p->curve[i].series - chart->study->series])
            continue;
        lx_buf_add(out, "<span class=\"key\"><i style=\"background:");
        lx_page_color(p->curve[i].series, out);
        lx_buf_add(out, "\"></i>");
        lx_escape_html(out, p->curve[i].series->label);
        lx_buf_add(out, "</span> ");
    }
    if (left_out > 0)
        lx_buf_printf(out, "and %zu more on its page", left_out);
    lx_buf_add(out, "</figcaption></figure>\n");
    return lx_buf_check(out, err);
}

static enum lx_code chart(const struct lx_page *p, struct lx_buf *out, struct lx_err *err)
{
    size_t section = first_section(p->study);
    bool *on = calloc(p->study->n_series + 1, sizeof(*on));
    struct chart c = {p->study, on, out};
    struct lx_plot_target to = {.take = take, .ctx = &c, .dir = ""};
    enum lx_code code = LX_OK;

    if (on == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the page");
    lx_page_choose(p, on);
    if (section < p->study->n_sections)
        code = lx_plot_ppl(p->study, section, &to, err);
    free(on);
    return code;
}

/* `notes` of the config: what the study is for; a text or a list of them. */
static void notes(const struct lx_json *config, struct lx_buf *out)
{
    const struct lx_json *v = lx_json_find(config, "notes");
    bool list = lx_json_type(v) == LX_JSON_ARRAY;

    for (v = list ? lx_json_first(v) : v; v != NULL; v = list ? lx_json_next(v) : NULL) {
        if (lx_json_text(v) == NULL)
            continue;
        lx_buf_add(out, "<p>");
        lx_escape_html(out, lx_json_text(v));
        lx_buf_add(out, "</p>\n");
    }
}

/* A line of the table up to what its columns say, and the head of the card. */
static void begin(struct lx_page_index *x, const char *name, const char *folder, const char *file)
{
    lx_buf_printf(&x->row, "<tr><th scope=\"row\"><a href=\"#s%zu\">", x->n);
    lx_escape_html(&x->row, folder);
    lx_buf_add(&x->row, "</a></th><td>");
    lx_buf_printf(&x->card, "<section id=\"s%zu\">\n<h2>", x->n++);
    if (file != NULL) {
        lx_buf_add(&x->card, "<a href=\"");
        address(folder, file, &x->card);
        lx_buf_add(&x->card, "\">");
    }
    lx_escape_html(&x->card, name);
    lx_buf_add(&x->card, file != NULL ? "</a></h2>\n" : "</h2>\n");
}

static void verdicts(const struct lx_page *p, struct lx_buf *out)
{
    if (p->claims_count.len == 0)
        lx_buf_add(out, "no claims");
    else if (lx_study_old(p->study))
        lx_buf_printf(out, "%zu claim%s, judged by protocol longshot-1: see its claims.md",
                      p->claims->n, p->claims->n == 1 ? "" : "s");
    else
        lx_escape_html(out, p->claims_count.text);
}

/* What the link opens, where it is not the page. */
static void say_file(const char *file, struct lx_buf *out)
{
    if (file == NULL || strcmp(file, "report.html") != 0)
        lx_buf_add(out, " No report.html: `longshot report` makes it.");
    if (file != NULL && strcmp(file, "report.html") != 0)
        lx_buf_printf(out, " The link is to %s.", file);
    lx_buf_add(out, "</p>\n");
}

enum lx_code lx_page_card(struct lx_page_index *x, const struct lx_page *p, const char *folder,
                          const char *file, struct lx_err *err)
{
    const struct lx_study *s = p->study;
    const char *name = lx_study_name(s);
    size_t n = 0;

    if (count_cells(s, &n, err))
        return err->code;
    begin(x, name, folder, file);
    lx_buf_printf(&x->row, "%zu</td><td>", n);
    best(s, &x->row);
    lx_buf_add(&x->row, "</td><td>");
    verdicts(p, &x->row);
    lx_buf_add(&x->row, "</td></tr>\n");
    if (strcmp(name, folder) != 0) {
        lx_buf_add(&x->card, "<p class=\"mu\">in the folder ");
        lx_escape_html(&x->card, folder);
        lx_buf_add(&x->card, "</p>\n");
    }
    if (p->partial != NULL) {
        lx_buf_add(&x->card, "<p class=\"warn\"><b>");
        lx_escape_html(&x->card, p->partial);
        lx_buf_add(&x->card, "</b></p>\n");
    }
    notes(p->config, &x->card);
    lx_buf_printf(&x->card, "<p>%zu cells; best ", n);
    best(s, &x->card);
    lx_buf_add(&x->card, "; ");
    verdicts(p, &x->card);
    lx_buf_add(&x->card, ".");
    say_file(file, &x->card);
    if (chart(p, &x->card, err))
        return err->code;
    if (p->config != NULL)
        lx_page_protocol(p, &x->card);
    lx_buf_add(&x->card, "</section>\n");
    return lx_buf_check(&x->row, err) || lx_buf_check(&x->card, err) ? err->code : LX_OK;
}

void lx_page_card_broken(struct lx_page_index *x, const char *folder, const char *why)
{
    begin(x, folder, folder, NULL);
    lx_buf_add(&x->row, "\xe2\x80\x93</td><td>\xe2\x80\x93</td><td>cannot be read</td></tr>\n");
    lx_buf_add(&x->card, "<p class=\"warn\">");
    lx_escape_html(&x->card, why);
    lx_buf_add(&x->card, "</p>\n</section>\n");
}

enum lx_code lx_page_index(const struct lx_page_index *x, struct lx_buf *out, struct lx_err *err)
{
    if (lx_buf_check(&x->row, err) || lx_buf_check(&x->card, err))
        return err->code;
    lx_page_head(x->title, out);
    lx_buf_add(out, "<h1>");
    lx_escape_html(out, x->title);
    lx_buf_printf(out, "</h1>\n<p>%zu stud%s.</p>\n", x->n, x->n == 1 ? "y" : "ies");
    lx_buf_add(
        out, "<div class=\"wide\"><table class=\"index\">\n<thead><tr><th scope=\"col\">study</th>"
             "<th scope=\"col\">cells</th><th scope=\"col\">best at the longest length</th>"
             "<th scope=\"col\">verdicts</th></tr></thead>\n<tbody>\n");
    lx_buf_add(out, x->n > 0 ? x->row.text : "");
    lx_buf_add(out, "</tbody>\n</table></div>\n");
    lx_buf_add(out, x->n > 0 ? x->card.text : "");
    lx_buf_add(out, "</body>\n</html>\n");
    return lx_buf_check(out, err);
}

void lx_page_index_free(struct lx_page_index *x)
{
    lx_buf_free(&x->row);
    lx_buf_free(&x->card);
}
