/* A comparison in words; see compare_words.h. */
#include "compare/compare_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/metric_list.h"
#include "text/escape.h"

static const char *const headings[LX_VERDICTS] = {"impossible",
                                                  "worse",
                                                  "changed",
                                                  "missing",
                                                  "not in the baseline",
                                                  "not comparable",
                                                  "suspicious",
                                                  "better",
                                                  "changed within the band",
                                                  "same"};

const char *lx_compare_heading(enum lx_compare_verdict v)
{
    return headings[v];
}

void lx_compare_encoding(struct lx_buf *out, const struct lx_compare_key *k)
{
    lx_escape_control(out, k->encoding);
    if (strcmp(k->encoding, k->evaluated_as) != 0) {
        lx_buf_add(out, " as ");
        lx_escape_control(out, k->evaluated_as);
    }
}

void lx_compare_data(struct lx_buf *out, const struct lx_compare_key *k)
{
    lx_escape_control(out, k->dataset);
    lx_buf_add(out, "/");
    lx_escape_control(out, k->split);
}

void lx_compare_mode(struct lx_buf *out, const struct lx_compare_key *k)
{
    lx_escape_control(out, k->mode);
    if (k->stride >= 0)
        lx_buf_printf(out, "/%d", k->stride);
}

void lx_compare_label(struct lx_buf *out, const struct lx_compare_key *k)
{
    lx_compare_encoding(out, k);
    lx_buf_add(out, ", ");
    lx_compare_data(out, k);
    lx_buf_printf(out, ", %d -> %d, ", k->train_length, k->eval_length);
    lx_compare_mode(out, k);
    lx_buf_add(out, ", ");
    lx_escape_control(out, k->metric);
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
    lx_escape_control(out, l->old.protocol);
    lx_buf_add(out, " -> ");
    lx_escape_control(out, l->new.protocol);
}

/* "seed 3 is -1, must be above 0" */
static void add_impossible(struct lx_buf *out, const struct lx_compare_line *l)
{
    const struct lx_metric_info *m = lx_metric_find(l->key.metric);
    char bounds[64] = "finite";

    if (m != NULL)
        lx_metric_bounds(m, bounds, sizeof(bounds));
    lx_buf_printf(out, "seed %lld is %.9g, must be %s", l->seed, l->own_to, bounds);
}

/* What left a band of its own. */
static void add_own(struct lx_buf *out, const struct lx_compare_line *l)
{
    if (l->reason == LX_BY_SEED)
        lx_buf_printf(out, "seed %lld", l->seed);
    else
        lx_buf_add(out, "median");
    lx_buf_printf(out, " %.9g -> %.9g, band %.3g", l->own_from, l->own_to, l->own_band);
}

void lx_compare_change(struct lx_buf *out, const struct lx_compare_line *l)
{
    if (l->verdict == LX_VERDICT_PROTOCOL) {
        add_rules(out, l);
    } else if (l->verdict == LX_VERDICT_IMPOSSIBLE) {
        add_impossible(out, l);
    } else if (!isnan(l->change)) {
        lx_buf_printf(out, "%+.3g", l->change);
        if (fabs(l->old.mean) > 0)
            lx_buf_printf(out, ", %+.3g%%", 100 * (l->change / fabs(l->old.mean)));
        if (l->reason != LX_BY_MEAN) {
            lx_buf_add(out, "; ");
            add_own(out, l);
        }
    }
}

void lx_compare_detail(struct lx_buf *out, const struct lx_compare_line *l)
{
    if (l->verdict == LX_VERDICT_PROTOCOL || l->verdict == LX_VERDICT_IMPOSSIBLE) {
        lx_compare_change(out, l);
        return;
    }
    lx_compare_side_text(out, &l->old);
    lx_buf_add(out, " -> ");
    lx_compare_side_text(out, &l->new);
    if (isnan(l->change))
        return;
    lx_buf_printf(out, " (%+.3g", l->change);
    if (fabs(l->old.mean) > 0)
        lx_buf_printf(out, ", %+.3g%%", 100 * (l->change / fabs(l->old.mean)));
    lx_buf_printf(out, "; band %.3g)", l->band);
    if (l->reason != LX_BY_MEAN) {
        lx_buf_add(out, "; ");
        add_own(out, l);
    }
}

void lx_compare_summary(struct lx_buf *out, const struct lx_comparison *c)
{
    static const char *const words[LX_VERDICTS] = {
        "impossible",     "worse",      "changed", "missing",         "not in the baseline",
        "not comparable", "suspicious", "better",  "within the band", "equal"};
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

    lx_buf_printf(out, "abs %.6g, rel %.6g, sigma %.6g%s; metrics ", o->abs, o->rel, o->sigma,
                  o->exact ? ", either way" : "");
    lx_escape_control(out, o->metrics);
}

const char *lx_compare_outcome(const struct lx_comparison *c, bool update)
{
    return update ? "UPDATE" : c->failures ? "FAIL" : "PASS";
}

const char *lx_compare_lone(void)
{
    return "the baseline has one, so nothing tells how far retraining alone goes: its band is of "
           "the text, and every gain beyond it is suspicious";
}

bool lx_compare_disjoint(const struct lx_comparison *c)
{
    return c->common == 0 && c->count[LX_VERDICT_MISSING] > 0 && c->count[LX_VERDICT_EXTRA] > 0;
}

/* Settings that change numbers; seeds are draws of the same. */
static bool configs_differ(const struct lx_comparison *c)
{
    for (size_t i = 0; i < c->n_settings; i++)
        if (strcmp(c->setting[i].path, "seeds") != 0)
            return true;
    return false;
}

static const char *failing(const struct lx_comparison *c)
{
    const size_t *n = c->count;

    if (n[LX_VERDICT_IMPOSSIBLE])
        return "numbers that cannot be: the evaluation or the file is wrong, so accept nothing of "
               "it";
    if (lx_compare_disjoint(c))
        return "no key in common: run the config of the baseline, or name another baseline";
    if (configs_differ(c))
        return "the configs differ (above): run that of the baseline, or, if the new one is meant, "
               "make NEW the baseline with --update";
    if (n[LX_VERDICT_PROTOCOL])
        return "measured under other rules: make a baseline under these with --update";
    if (n[LX_VERDICT_WORSE] + n[LX_VERDICT_CHANGED])
        return "find the change that did it; if it is meant, make NEW the baseline with --update";
    if (n[LX_VERDICT_MISSING])
        return "finish the run that lacks keys; if they went on purpose, use --update";
    if (n[LX_VERDICT_EXTRA])
        return "--allow-extra lets new keys pass, --update takes them into the baseline";
    return "numbers became better where none should change: look for a token that sees what it "
           "predicts; if it is meant, make NEW the baseline with --update";
}

void lx_compare_advice(struct lx_buf *out, const struct lx_comparison *c, bool update)
{
    const char *what = "nothing to do";

    if (update)
        what = "NEW becomes the baseline";
    else if (c->failures)
        what = failing(c);
    else if (c->count[LX_VERDICT_SUSPICIOUS] && c->lone > 0)
        what =
            "but the baseline has one seed, and a gain over it may be chance or a token that sees "
            "what it predicts: look for that, and make a baseline of three seeds or more with "
            "--update";
    else if (c->count[LX_VERDICT_SUSPICIOUS])
        what =
            "but gains of more than ten standard errors are suspicious: look for a token that sees "
            "what it predicts";
    else if (c->lone > 0)
        what = "nothing to do, but a baseline of three seeds or more would tell what chance does";
    else if (c->count[LX_VERDICT_BETTER])
        what = "--update makes the better numbers the baseline";
    lx_buf_add(out, what);
}

static int by_size(const void *pa, const void *pb)
{
    const struct lx_compare_line *a = *(const struct lx_compare_line *const *)pa;
    const struct lx_compare_line *b = *(const struct lx_compare_line *const *)pb;

    if (a->size > b->size || a->size < b->size)
        return a->size > b->size ? -1 : 1;
    return (a > b) - (a < b); /* as they stand, by key */
}

enum lx_code lx_compare_sorted(const struct lx_comparison *c, enum lx_compare_verdict v,
                               struct lx_arena *arena, const struct lx_compare_line ***line,
                               size_t *n, struct lx_err *err)
{
    if (lx_arena_get(arena, c->count[v] + 1, sizeof(const struct lx_compare_line *), line,
                     "the comparison", err))
        return err->code;
    *n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->line[i].verdict == v)
            (*line)[(*n)++] = &c->line[i];
    qsort(*line, *n, sizeof(const struct lx_compare_line *), by_size);
    return LX_OK;
}
