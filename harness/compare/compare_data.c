/* A comparison for other programs: JUnit XML, which every CI service shows test by test, and JSON.
 * Each key is one test case; both hold every key, whatever became of it. */
#include <math.h>
#include <string.h>

#include "compare/compare_report.h"
#include "compare/compare_words.h"
#include "json/json.h"
#include "text/escape.h"

/* Append what `from` holds as XML text or attribute, and clear it. Its characters are clean. */
static void add_xml(struct lx_buf *out, struct lx_buf *from)
{
    for (size_t i = 0; i < from->len && !from->failed; i++) {
        char c = from->text[i];
        if (c == '&')
            lx_buf_add(out, "&amp;");
        else if (c == '<')
            lx_buf_add(out, "&lt;");
        else if (c == '>')
            lx_buf_add(out, "&gt;");
        else if (c == '"')
            lx_buf_add(out, "&quot;");
        else
            lx_buf_addn(out, &c, 1);
    }
    lx_buf_clear(from);
}

static void add_property(struct lx_buf *out, struct lx_buf *text, const char *name,
                         const char *value)
{
    lx_buf_printf(out, "      <property name=\"%s\" value=\"", name);
    lx_escape_control(text, value);
    add_xml(out, text);
    lx_buf_add(out, "\"/>\n");
}

static void add_case(const struct lx_comparison *c, const struct lx_compare_line *l,
                     struct lx_buf *out, struct lx_buf *text)
{
    lx_buf_add(out, "    <testcase classname=\"longshot.");
    lx_escape_control(text, l->key.metric);
    add_xml(out, text);
    lx_buf_add(out, "\" name=\"");
    lx_compare_label(text, &l->key);
    add_xml(out, text);
    lx_buf_add(out, "\" time=\"0\"");
    if (l->verdict == LX_VERDICT_SAME) {
        lx_buf_add(out, "/>\n");
        return;
    }
    if (lx_compare_fails(c, l->verdict))
        lx_buf_printf(out, ">\n      <failure type=\"%s\" message=\"",
                      lx_compare_verdict_name(l->verdict));
    else
        lx_buf_add(out, ">\n      <system-out>");
    lx_buf_printf(text, "%s: ", lx_compare_verdict_name(l->verdict));
    lx_compare_detail(text, l);
    add_xml(out, text);
    lx_buf_printf(out, "%s\n    </testcase>\n",
                  lx_compare_fails(c, l->verdict) ? "\"/>" : "</system-out>");
}

enum lx_code lx_compare_junit(const struct lx_comparison *c, bool update, struct lx_buf *out,
                              struct lx_err *err)
{
    struct lx_buf text = {0};

    (void)update; /* every key is there, and its verdict stands by itself */
    lx_buf_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    lx_buf_printf(out,
                  "<testsuites name=\"longshot compare\" tests=\"%zu\" failures=\"%zu\" "
                  "errors=\"0\" time=\"0\">\n",
                  c->n, c->failures);
    lx_buf_printf(out,
                  "  <testsuite name=\"extrapolation curves\" tests=\"%zu\" failures=\"%zu\" "
                  "errors=\"0\" skipped=\"0\" time=\"0\">\n    <properties>\n",
                  c->n, c->failures);
    add_property(out, &text, "baseline", c->old_path);
    add_property(out, &text, "new", c->new_path);
    lx_buf_add(out, "      <property name=\"band\" value=\"");
    lx_compare_rule(&text, c);
    add_xml(out, &text);
    lx_buf_add(out, "\"/>\n    </properties>\n");
    for (size_t i = 0; i < c->n; i++)
        add_case(c, &c->line[i], out, &text);
    lx_buf_add(out, "  </testsuite>\n</testsuites>\n");
    out->failed = out->failed || text.failed;
    lx_buf_free(&text);
    return lx_buf_check(out, err);
}

/* JSON has no NaN: what there is none of is left out. */
static void add_number(struct lx_json_writer *w, const char *key, double v)
{
    if (isfinite(v))
        lx_json_add_number(w, key, v);
}

static void json_side(struct lx_json_writer *w, const char *key, const struct lx_compare_side *s)
{
    if (s->seeds == 0)
        return;
    lx_json_open_object(w, key);
    lx_json_add_text(w, "status", lx_report_status_name(s->status));
    add_number(w, "value", s->mean);
    add_number(w, "stderr", s->se);
    lx_json_add_int(w, "seeds", s->seeds);
    lx_json_add_int(w, "seeds_ok", s->ok);
    if (s->tokens >= 0)
        lx_json_add_int(w, "tokens", s->tokens);
    lx_json_add_text(w, "protocol", s->protocol);
    lx_json_close_object(w);
}

/* What decided beside the mean. */
static void json_reason(struct lx_json_writer *w, const struct lx_compare_line *l)
{
    if (l->reason == LX_BY_MEAN)
        return;
    lx_json_open_object(w, "decided_by");
    lx_json_add_text(w, "what", l->reason == LX_BY_SEED ? "seed" : "median");
    if (l->reason == LX_BY_SEED)
        lx_json_add_int(w, "seed", l->seed);
    add_number(w, "from", l->own_from);
    add_number(w, "to", l->own_to);
    add_number(w, "band", l->own_band);
    lx_json_close_object(w);
}

static void json_line(struct lx_json_writer *w, const struct lx_comparison *c,
                      const struct lx_compare_line *l)
{
    const struct lx_compare_key *k = &l->key;
    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "verdict", lx_compare_verdict_name(l->verdict));
    lx_json_add_bool(w, "fails", lx_compare_fails(c, l->verdict));
    lx_json_add_text(w, "encoding", k->encoding);
    lx_json_add_text(w, "evaluated_as", k->evaluated_as);
    lx_json_add_text(w, "dataset", k->dataset);
    lx_json_add_text(w, "split", k->split);
    lx_json_add_int(w, "train_length", k->train_length);
    lx_json_add_int(w, "eval_length", k->eval_length);
    lx_json_add_text(w, "mode", k->mode);
    if (k->stride >= 0)
        lx_json_add_int(w, "stride", k->stride);
    lx_json_add_text(w, "metric", k->metric);
    json_side(w, "baseline", &l->old);
    json_side(w, "new", &l->new);
    add_number(w, "change", l->change);
    add_number(w, "stderr", l->se);
    add_number(w, "band", l->band);
    if (!isnan(l->change))
        lx_json_add_bool(w, "paired", l->paired);
    json_reason(w, l);
    lx_json_close_object(w);
}

static void json_settings(struct lx_json_writer *w, const struct lx_comparison *c)
{
    if (!c->has_configs)
        return;
    lx_json_open_array(w, "config_differences");
    for (size_t i = 0; i < c->n_settings; i++) {
        lx_json_open_object(w, NULL);
        lx_json_add_text(w, "setting", c->setting[i].path);
        if (c->setting[i].old != NULL)
            lx_json_add_text(w, "baseline", c->setting[i].old);
        if (c->setting[i].new != NULL)
            lx_json_add_text(w, "new", c->setting[i].new);
        lx_json_close_object(w);
    }
    lx_json_close_array(w);
}

enum lx_code lx_compare_json(const struct lx_comparison *c, bool update, struct lx_buf *out,
                             struct lx_err *err)
{
    struct lx_json_writer w = {.out = out, .indent = true};
    struct lx_buf advice = {0};

    lx_compare_advice(&advice, c, update);
    if (lx_buf_check(&advice, err))
        return err->code;
    lx_json_open_object(&w, NULL);
    lx_json_add_bool(&w, "passed", c->failures == 0);
    lx_json_add_text(&w, "baseline", c->old_path);
    lx_json_add_text(&w, "new", c->new_path);
    lx_json_add_text(&w, "metrics", c->options.metrics);
    add_number(&w, "abs", c->options.abs);
    add_number(&w, "rel", c->options.rel);
    add_number(&w, "sigma", c->options.sigma);
    lx_json_add_bool(&w, "exact", c->options.exact);
    lx_json_add_bool(&w, "allow_extra", c->options.allow_extra);
    lx_json_add_text(&w, "advice", advice.text);
    lx_buf_free(&advice);
    json_settings(&w, c);
    lx_json_open_object(&w, "count");
    lx_json_add_int(&w, "keys", (long long)c->n);
    lx_json_add_int(&w, "failures", (long long)c->failures);
    for (int v = 0; v < LX_VERDICTS; v++)
        lx_json_add_int(&w, lx_compare_verdict_name((enum lx_compare_verdict)v),
                        (long long)c->count[v]);
    lx_json_close_object(&w);
    lx_json_open_array(&w, "keys");
    for (size_t i = 0; i < c->n; i++)
        json_line(&w, c, &c->line[i]);
    lx_json_close_array(&w);
    lx_json_close_object(&w);
    lx_buf_add(out, "\n");
    return lx_buf_check(out, err);
}
