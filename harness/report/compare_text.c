/* A comparison in words, as plain text and as Markdown. Names come from a file that anyone may have
 * written: nothing in them can move a terminal's cursor, break a table or begin markup. */
#include "report/compare_text.h"

#include <math.h>
#include <string.h>

#include "text/json_scan.h"

/* What stands above the lines of each verdict. */
static const char *const HEADINGS[LX_VERDICTS] = {"worse",
                                                  "changed",
                                                  "missing",
                                                  "not in the baseline",
                                                  "not comparable",
                                                  "better",
                                                  "changed within the band",
                                                  "same"};

/* U+0080 .. U+009F are control characters too; U+FFFE and U+FFFF are not allowed in XML. */
static bool printable(const char *s, size_t len)
{
    const unsigned char *u = (const unsigned char *)s;
    if (len == 1)
        return u[0] >= 0x20 && u[0] != 0x7f;
    if (len == 2)
        return u[0] != 0xc2 || u[1] >= 0xa0;
    return len > 0 && !(u[0] == 0xef && u[1] == 0xbf && u[2] >= 0xbe);
}

void lx_compare_clean(struct lx_buf *out, const char *text)
{
    size_t n = strlen(text);
    lx_buf_add(out, "");
    for (size_t i = 0; i < n;) {
        size_t len = lx_utf8_length(text + i, n - i);
        bool plain = printable(text + i, len);
        len = len ? len : 1;
        if (plain)
            lx_buf_addn(out, text + i, len);
        for (size_t k = 0; !plain && k < len; k++)
            lx_buf_printf(out, "\\x%02x", (unsigned)(unsigned char)text[i + k]);
        i += len;
    }
}

static void add_encoding(struct lx_buf *out, const struct lx_compare_key *k)
{
    lx_compare_clean(out, k->encoding);
    if (strcmp(k->encoding, k->evaluated_as) != 0) {
        lx_buf_add(out, " as ");
        lx_compare_clean(out, k->evaluated_as);
    }
}

static void add_data(struct lx_buf *out, const struct lx_compare_key *k)
{
    lx_compare_clean(out, k->dataset);
    lx_buf_add(out, "/");
    lx_compare_clean(out, k->split);
}

static void add_mode(struct lx_buf *out, const struct lx_compare_key *k)
{
    lx_compare_clean(out, k->mode);
    if (k->stride >= 0)
        lx_buf_printf(out, "/%d", k->stride);
}

void lx_compare_label(struct lx_buf *out, const struct lx_compare_key *k)
{
    add_encoding(out, k);
    lx_buf_add(out, ", ");
    add_data(out, k);
    lx_buf_printf(out, ", %d -> %d, ", k->train_length, k->eval_length);
    add_mode(out, k);
    lx_buf_add(out, ", ");
    lx_compare_clean(out, k->metric);
}

void lx_compare_side_text(struct lx_buf *out, const struct lx_compare_side *s)
{
    if (s->seeds == 0)
        lx_buf_add(out, "-");
    else if (s->status == LX_ROW_OK)
        lx_buf_printf(out, "%.9g", s->mean);
    else
        lx_buf_add(out, lx_report_status_name(s->status));
    if (s->seeds > 0 && s->status != LX_ROW_OK && s->ok > 0)
        lx_buf_printf(out, " (%d of %d seeds ok, %.9g)", s->ok, s->seeds, s->mean);
}

/* "protocol a -> b" or "4096 -> 8192 scored tokens" */
static void add_rules(struct lx_buf *out, const struct lx_compare_line *l)
{
    if (strcmp(l->old.protocol, l->new.protocol) == 0) {
        lx_buf_printf(out, "%lld -> %lld scored tokens", l->old.tokens, l->new.tokens);
        return;
    }
    lx_buf_add(out, "protocol ");
    lx_compare_clean(out, l->old.protocol);
    lx_buf_add(out, " -> ");
    lx_compare_clean(out, l->new.protocol);
}

static void add_change(struct lx_buf *out, const struct lx_compare_line *l)
{
    lx_buf_printf(out, "%+.3g", l->change);
    if (fabs(l->old.mean) > 0)
        lx_buf_printf(out, ", %+.3g%%", 100 * (l->change / fabs(l->old.mean)));
}

void lx_compare_detail(struct lx_buf *out, const struct lx_compare_line *l)
{
    if (l->verdict == LX_VERDICT_PROTOCOL) {
        add_rules(out, l);
        return;
    }
    lx_compare_side_text(out, &l->old);
    lx_buf_add(out, " -> ");
    lx_compare_side_text(out, &l->new);
    if (!isnan(l->change)) {
        lx_buf_add(out, " (");
        add_change(out, l);
        lx_buf_printf(out, "; band %.3g)", l->band);
    }
}

void lx_compare_summary(struct lx_buf *out, const struct lx_comparison *c)
{
    static const char *const words[LX_VERDICTS] = {
        "worse",          "changed", "missing",         "not in the baseline",
        "not comparable", "better",  "within the band", "equal"};
    const char *between = ": ";
    lx_buf_printf(out, "%zu key%s", c->n, c->n == 1 ? "" : "s");
    for (int v = LX_VERDICTS - 1; v >= 0; v--)
        if (c->count[v]) {
            lx_buf_printf(out, "%s%zu %s", between, c->count[v], words[v]);
            between = ", ";
        }
}

void lx_compare_rule(struct lx_buf *out, const struct lx_comparison *c)
{
    const struct lx_compare_options *o = &c->options;
    lx_buf_printf(out, "abs %.6g, rel %.6g, sigma %.6g; metrics ", o->abs, o->rel, o->sigma);
    lx_compare_clean(out, o->metrics);
}

/* An update judges nothing: what changed is accepted. */
static const char *outcome(const struct lx_comparison *c, bool update)
{
    return update ? "UPDATE" : c->failures ? "FAIL" : "PASS";
}

static bool shown(const struct lx_comparison *c, enum lx_verdict v, bool update)
{
    return (v < LX_VERDICT_WITHIN || (update && v == LX_VERDICT_WITHIN)) && c->count[v] > 0;
}

/* Characters, not bytes: what padding counts. */
static size_t width(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

void lx_compare_plain(const struct lx_comparison *c, bool update, struct lx_buf *out)
{
    struct lx_buf text = {0};
    size_t widest = 0;
    for (size_t i = 0; i < c->n && !text.failed; i++) {
        lx_buf_clear(&text);
        lx_compare_label(&text, &c->line[i].key);
        if (shown(c, c->line[i].verdict, update) && !text.failed && width(text.text) > widest)
            widest = width(text.text);
    }
    lx_compare_clean(out, c->old_path);
    lx_buf_add(out, " -> ");
    lx_compare_clean(out, c->new_path);
    lx_buf_add(out, "\nband: ");
    lx_compare_rule(out, c);
    lx_buf_add(out, "\n");
    for (int v = 0; v < LX_VERDICTS; v++) {
        if (!shown(c, (enum lx_verdict)v, update))
            continue;
        lx_buf_printf(out, "\n%s (%zu%s):\n", HEADINGS[v], c->count[v],
                      update || lx_compare_fails(c, (enum lx_verdict)v) ? "" : ", not a failure");
        for (size_t i = 0; i < c->n && !text.failed; i++) {
            if (c->line[i].verdict != (enum lx_verdict)v)
                continue;
            lx_buf_clear(&text);
            lx_compare_label(&text, &c->line[i].key);
            if (text.failed)
                break;
            lx_buf_printf(out, "  %s%*s  ", text.text, (int)(widest - width(text.text)), "");
            lx_compare_detail(out, &c->line[i]);
            lx_buf_add(out, "\n");
        }
    }
    lx_buf_add(out, "\n");
    lx_compare_summary(out, c);
    lx_buf_printf(out, "\n%s\n", outcome(c, update));
    out->failed = out->failed || text.failed;
    lx_buf_free(&text);
}

/* Markdown sees no markup in names; the text of `from` is appended and `from` cleared. */
static void add_escaped(struct lx_buf *out, struct lx_buf *from)
{
    for (size_t i = 0; i < from->len && !from->failed; i++) {
        if (strchr("\\|*_`<>&[]~#", from->text[i]))
            lx_buf_add(out, "\\");
        lx_buf_addn(out, from->text + i, 1);
    }
    lx_buf_clear(from);
}

static void markdown_row(const struct lx_compare_line *l, struct lx_buf *out, struct lx_buf *text)
{
    lx_buf_add(out, "| ");
    add_encoding(text, &l->key);
    add_escaped(out, text);
    lx_buf_add(out, " | ");
    add_data(text, &l->key);
    add_escaped(out, text);
    lx_buf_printf(out, " | %d | %d | ", l->key.train_length, l->key.eval_length);
    add_mode(text, &l->key);
    add_escaped(out, text);
    lx_buf_add(out, " | ");
    lx_compare_clean(text, l->key.metric);
    add_escaped(out, text);
    lx_buf_add(out, " | ");
    lx_compare_side_text(text, &l->old);
    add_escaped(out, text);
    lx_buf_add(out, " | ");
    lx_compare_side_text(text, &l->new);
    add_escaped(out, text);
    lx_buf_add(out, " | ");
    if (l->verdict == LX_VERDICT_PROTOCOL)
        add_rules(text, l);
    else if (!isnan(l->change))
        add_change(text, l);
    add_escaped(out, text);
    lx_buf_add(out, " | ");
    if (!isnan(l->band))
        lx_buf_printf(out, "%.3g", l->band);
    lx_buf_add(out, " |\n");
}

void lx_compare_markdown(const struct lx_comparison *c, bool update, struct lx_buf *out)
{
    struct lx_buf text = {0};
    lx_buf_printf(out, "### Extrapolation curves: %s\n\n", outcome(c, update));
    lx_compare_clean(&text, c->old_path);
    lx_buf_add(&text, " -> ");
    lx_compare_clean(&text, c->new_path);
    add_escaped(out, &text);
    lx_buf_add(out, "  \nband: ");
    lx_compare_rule(&text, c);
    add_escaped(out, &text);
    lx_buf_add(out, "  \n");
    lx_compare_summary(out, c);
    lx_buf_add(out, "\n");
    for (int v = 0; v < LX_VERDICTS; v++) {
        if (!shown(c, (enum lx_verdict)v, update))
            continue;
        lx_buf_printf(out, "\n**%s** (%zu%s)\n\n", HEADINGS[v], c->count[v],
                      update || lx_compare_fails(c, (enum lx_verdict)v) ? "" : ", not a failure");
        lx_buf_add(out, "| encoding | data | trained at | evaluated at | mode | metric | baseline "
                        "| new | change | band |\n"
                        "|---|---|---:|---:|---|---|---:|---:|---:|---:|\n");
        for (size_t i = 0; i < c->n; i++)
            if (c->line[i].verdict == (enum lx_verdict)v)
                markdown_row(&c->line[i], out, &text);
    }
    out->failed = out->failed || text.failed;
    lx_buf_free(&text);
}

enum lx_code lx_compare_write(const struct lx_comparison *c, enum lx_compare_format format,
                              bool update, struct lx_buf *out, struct lx_err *err)
{
    switch (format) {
    case LX_COMPARE_MARKDOWN:
        lx_compare_markdown(c, update, out);
        break;
    case LX_COMPARE_JUNIT:
        lx_compare_junit(c, out);
        break;
    case LX_COMPARE_JSON:
        lx_compare_json(c, out);
        break;
    case LX_COMPARE_TEXT:
    case LX_COMPARE_FORMATS:
        lx_compare_plain(c, update, out);
        break;
    }
    return lx_buf_check(out, err);
}
