/* A comparison to read: plain text for a terminal, Markdown for the page of a service. */
#include <math.h>
#include <string.h>

#include "compare/compare_report.h"
#include "compare/compare_words.h"
#include "grid/grid.h"
#include "json/json_scan.h"
#include "text/escape.h"

enum { MOST = 50 }; /* lines of a verdict; an update lists all */

static bool shown(const struct lx_comparison *c, enum lx_compare_verdict v, bool update)
{
    if (!update && lx_compare_disjoint(c) && (v == LX_VERDICT_MISSING || v == LX_VERDICT_EXTRA))
        return false;
    return (v < LX_VERDICT_WITHIN || (update && v == LX_VERDICT_WITHIN)) && c->count[v] > 0;
}

static const char *excuse(const struct lx_comparison *c, enum lx_compare_verdict v, bool update)
{
    return update || lx_compare_fails(c, v) ? "" : ", not a failure";
}

static void say_plain(void *out, const char *text)
{
    lx_buf_printf(out, "  %s\n", text);
}

static enum lx_code plain_lines(const struct lx_compare_line *const *line, size_t n, bool update,
                                struct lx_buf *out, struct lx_err *err)
{
    struct lx_buf text = {0};
    size_t most = update || n < MOST ? n : MOST, widest = 0;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < most; i++) {
            size_t w;

            lx_buf_clear(&text);
            lx_compare_label(&text, &line[i]->key);
            if (lx_buf_check(&text, err)) {
                lx_buf_free(&text);
                return err->code;
            }
            w = lx_utf8_count(text.text);
            if (pass == 0) {
                widest = w > widest ? w : widest;
                continue;
            }
            lx_buf_printf(out, "  %s%*s  ", text.text, (int)(widest - w), "");
            lx_compare_detail(out, line[i]);
            lx_buf_add(out, "\n");
        }
    if (n > most)
        lx_buf_printf(out, "  ... and %zu more: --format json has all\n", n - most);
    lx_buf_free(&text);
    return LX_OK;
}

/* The lines of one verdict, grouped where one side has them alone. */
static enum lx_code plain_verdict(const struct lx_comparison *c, enum lx_compare_verdict v,
                                  bool update, struct lx_buf *out, struct lx_err *err)
{
    bool alone = v == LX_VERDICT_MISSING || v == LX_VERDICT_EXTRA;
    const struct lx_compare_line **line;
    struct lx_arena arena = {0};
    enum lx_code code = LX_OK;
    size_t n;

    lx_buf_printf(out, "\n%s (%zu%s):\n", lx_compare_heading(v), c->count[v], excuse(c, v, update));
    if (lx_compare_sorted(c, v, &arena, &line, &n, err) ||
        (alone && !update && lx_compare_groups(c, v, line, &n, say_plain, out, err)) ||
        plain_lines(line, n, update, out, err))
        code = err->code;
    lx_arena_free(&arena);
    return code;
}

static void add_settings(const struct lx_comparison *c, const char *before, const char *after,
                         void (*escape)(struct lx_buf *, const char *), struct lx_buf *out)
{
    size_t most = c->n_settings < 12 ? c->n_settings : 12;

    for (size_t i = 0; i < most; i++) {
        const struct lx_compare_setting *s = &c->setting[i];

        lx_buf_add(out, before);
        escape(out, s->path);
        lx_buf_add(out, ": ");
        escape(out, s->old != NULL ? s->old : "not given");
        lx_buf_add(out, " -> ");
        escape(out, s->new != NULL ? s->new : "not given");
        lx_buf_add(out, after);
    }
    if (c->n_settings > most)
        lx_buf_printf(out, "%s... and %zu more%s", before, c->n_settings - most, after);
}

static const char *config_line(const struct lx_comparison *c)
{
    return !c->has_configs ? "not known of both sides" : c->n_settings > 0 ? "differs" : "the same";
}

enum lx_code lx_compare_plain(const struct lx_comparison *c, bool update, struct lx_buf *out,
                              struct lx_err *err)
{
    lx_escape_control(out, c->old_path);
    lx_buf_add(out, " -> ");
    lx_escape_control(out, c->new_path);
    lx_buf_add(out, "\nband: ");
    lx_compare_rule(out, c);
    lx_buf_printf(out, "\nconfig: %s\n", config_line(c));
    add_settings(c, "  ", "\n", lx_escape_control, out);
    if (!update && c->lone > 0)
        lx_buf_printf(out, "seeds: %s\n", lx_compare_lone());
    if (!update && lx_compare_disjoint(c)) {
        lx_buf_add(out, "\nno key in common:\n");
        if (lx_compare_apart(c, say_plain, out, err))
            return err->code;
    }
    for (int v = 0; v < LX_VERDICTS; v++)
        if (shown(c, (enum lx_compare_verdict)v, update) &&
            plain_verdict(c, (enum lx_compare_verdict)v, update, out, err))
            return err->code;
    lx_buf_add(out, "\n");
    lx_compare_summary(out, c);
    lx_buf_printf(out, "\n%s: ", lx_compare_outcome(c, update));
    lx_compare_advice(out, c, update);
    lx_buf_add(out, "\n");
    return lx_buf_check(out, err);
}

/* ------------------------------------------------------------------------------- Markdown */

/* The text of a buffer, escaped; it is cleared. What it holds is clean already. */
static void add_escaped(struct lx_buf *out, struct lx_buf *from)
{
    if (from->len > 0 && !from->failed)
        lx_grid_comment.text(out, from->text);
    out->failed = out->failed || from->failed;
    lx_buf_clear(from);
}

static void say_markdown(void *out, const char *text)
{
    lx_buf_add(out, "- ");
    lx_grid_comment.text(out, text);
    lx_buf_add(out, "\n");
}

/* The cell of a text that is clean already; it is cleared. */
static void put(struct lx_grid *g, struct lx_buf *text)
{
    if (text->failed)
        g->failed = true;
    else
        lx_grid_text(g, text->text != NULL ? text->text : "");
    lx_buf_clear(text);
}

static void add_row(const struct lx_compare_line *l, struct lx_grid *g, struct lx_buf *text)
{
    lx_compare_encoding(text, &l->key);
    put(g, text);
    lx_compare_data(text, &l->key);
    put(g, text);
    lx_grid_count(g, l->key.train_length);
    lx_grid_count(g, l->key.eval_length);
    lx_compare_mode(text, &l->key);
    put(g, text);
    lx_escape_control(text, l->key.metric);
    put(g, text);
    lx_compare_side_text(text, &l->old);
    put(g, text);
    lx_compare_side_text(text, &l->new);
    put(g, text);
    lx_compare_change(text, l);
    put(g, text);
    if (!isnan(l->band))
        lx_buf_printf(text, "%.3g", l->band);
    put(g, text);
}

static enum lx_code markdown_table(const struct lx_compare_line *const *line, size_t n, bool update,
                                   struct lx_buf *out, struct lx_err *err)
{
    static const struct {
        const char *head;
        bool right;
    } columns[] = {{"encoding", false},    {"data", false}, {"trained at", true},
                   {"evaluated at", true}, {"mode", false}, {"metric", false},
                   {"baseline", true},     {"new", true},   {"change", true},
                   {"band", true}};
    struct lx_grid g = {.n_rows = 0};
    struct lx_buf text = {0};
    size_t most = update || n < MOST ? n : MOST;
    enum lx_code code;

    for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
        lx_grid_column(&g, columns[c].head, columns[c].right, 0);
    for (size_t i = 0; i < most && !g.failed; i++)
        add_row(line[i], &g, &text);
    code = lx_grid_check(&g, err);
    if (code != LX_OK)
        goto done;
    lx_grid_comment.table(out, &g);
    if (n > most)
        lx_buf_printf(out, "\n... and %zu more: `--format json` has all\n", n - most);
done:
    lx_grid_free(&g);
    lx_buf_free(&text);
    return code;
}

static enum lx_code markdown_verdict(const struct lx_comparison *c, enum lx_compare_verdict v,
                                     bool update, struct lx_buf *out, struct lx_err *err)
{
    bool alone = v == LX_VERDICT_MISSING || v == LX_VERDICT_EXTRA;
    const struct lx_compare_line **line;
    struct lx_arena arena = {0};
    enum lx_code code = LX_OK;
    size_t n, all;

    lx_buf_printf(out, "\n**%s** (%zu%s)\n\n", lx_compare_heading(v), c->count[v],
                  excuse(c, v, update));
    if (lx_compare_sorted(c, v, &arena, &line, &n, err)) {
        code = err->code;
        goto done;
    }
    all = n;
    if (alone && !update && lx_compare_groups(c, v, line, &n, say_markdown, out, err)) {
        code = err->code;
        goto done;
    }
    lx_buf_add(out, n < all && n > 0 ? "\n" : "");
    if (n > 0)
        code = markdown_table(line, n, update, out, err);
done:
    lx_arena_free(&arena);
    return code;
}

enum lx_code lx_compare_markdown(const struct lx_comparison *c, bool update, struct lx_buf *out,
                                 struct lx_err *err)
{
    struct lx_buf text = {0};

    lx_buf_printf(out, "### Extrapolation curves: %s\n\n", lx_compare_outcome(c, update));
    lx_grid_comment.text(out, c->old_path);
    lx_buf_add(out, " -\\> ");
    lx_grid_comment.text(out, c->new_path);
    lx_buf_add(out, "  \nband: ");
    lx_compare_rule(&text, c);
    add_escaped(out, &text);
    lx_buf_printf(out, "  \nconfig: %s  \n", config_line(c));
    add_settings(c, "- ", "\n", lx_grid_comment.text, out);
    lx_buf_add(out, c->n_settings > 0 ? "\n" : "");
    if (!update && c->lone > 0)
        lx_buf_printf(out, "seeds: %s  \n", lx_compare_lone());
    lx_compare_summary(out, c);
    lx_buf_add(out, "\n");
    lx_buf_free(&text);
    if (!update && lx_compare_disjoint(c)) {
        lx_buf_add(out, "\n**no key in common**\n\n");
        if (lx_compare_apart(c, say_markdown, out, err))
            return err->code;
    }
    for (int v = 0; v < LX_VERDICTS; v++)
        if (shown(c, (enum lx_compare_verdict)v, update) &&
            markdown_verdict(c, (enum lx_compare_verdict)v, update, out, err))
            return err->code;
    lx_buf_printf(out, "\n%s: ", lx_compare_outcome(c, update));
    lx_compare_advice(&text, c, update);
    add_escaped(out, &text);
    lx_buf_add(out, "\n");
    lx_buf_free(&text);
    return lx_buf_check(out, err);
}

/* The table of outputs. */
static const struct lx_compare_format formats[] = {{"text", lx_compare_plain},
                                                   {"markdown", lx_compare_markdown},
                                                   {"junit", lx_compare_junit},
                                                   {"json", lx_compare_json}};
enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };

int lx_compare_format_count(void)
{
    return N_FORMATS;
}

const struct lx_compare_format *lx_compare_format_at(int i)
{
    return &formats[i];
}

const struct lx_compare_format *lx_compare_format_find(const char *name)
{
    for (int i = 0; i < N_FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}
