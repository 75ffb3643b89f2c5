/* The claim table as Markdown, LaTeX, CSV and plain text. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/metric_list.h"
#include "study/stats.h"
#include "text/csvfile.h"
#include "text/escape.h"
#include "verdict/claims.h"

enum format { MARKDOWN, LATEX, PLAIN };

#define AMOUNT 48 /* bytes of a number with its unit */

static const char *const VERDICT[] = {"holds", "fails", "undecided"};
static const char *const OP[][3] = {{"<", "$<$", "<"},
                                    {"\xe2\x89\xa4", "$\\le$", "<="},
                                    {">", "$>$", ">"},
                                    {"\xe2\x89\xa5", "$\\ge$", ">="},
                                    {"within \xc2\xb1", "within $\\pm$", "within +-"}};
static const char *const CSV_OP[] = {"<", "<=", ">", ">=", "within"};

/* A ratio of two perplexities is shown as one; differences of logarithms stay in nats. */
static bool as_ratio(const struct lx_claim *c)
{
    return c->ratio && !c->left.has_minus && !c->right.has_minus;
}

/* Of what an evaluation measures; an analysis is named with its unit where it is described. */
static const char *unit(const struct lx_claim *c)
{
    const struct lx_metric_info *m = lx_metric_find(c->metric);

    if (c->ratio)
        return "nats";
    return m != NULL && m->rows != 0 ? m->unit : "";
}

/* What follows an effect: " nats", or nothing. */
static const char *unit_after(const struct lx_claim *c)
{
    if (as_ratio(c))
        return "";
    return strcmp(unit(c), "nats") == 0 ? " nats" : strcmp(unit(c), "bits") == 0 ? " bits" : "";
}

/* A value that is held against a plain number is shown itself, not how far it is from it: what that
 * number is; NaN: the effect is shown. */
static double level(const struct lx_claim *c)
{
    return c->right.constant && !c->ratio ? c->times * c->right.number : (double)NAN;
}

/* v, in the unit of the metric or nats, as it is shown. */
static void amount(const struct lx_claim *c, double v, bool sign, enum format format,
                   char out[AMOUNT])
{
    static const char *const times[] = {"\xc3\x97", "$\\times$", "x"};
    double r = exp(v);

    if (isnan(v))
        snprintf(out, AMOUNT, "%s", format == LATEX ? "--" : "-");
    else if (as_ratio(c))
        snprintf(out, AMOUNT, r < 0.01 || r >= 1000 ? "%s%.3g" : "%s%.3f", times[format], r);
    else
        snprintf(out, AMOUNT,
                 format == LATEX ? (sign ? "$%+.4g$" : "$%.4g$") : (sign ? "%+.4g" : "%.4g"), v);
}

/* An effect, or the value that it is of. */
static void effect_of(const struct lx_claim *c, double effect, enum format format, char out[AMOUNT])
{
    double from = level(c);

    amount(c, isnan(from) ? effect : from + effect, isnan(from), format, out);
}

static void claimed(const struct lx_claim *c, enum format format, struct lx_buf *out)
{
    bool within = c->op == LX_CLAIM_WITHIN;
    double from = level(c);
    char bound[AMOUNT];

    amount(c, c->margin + (within || isnan(from) ? 0 : from), false, format, bound);
    lx_buf_printf(out, "%s%s%s%s", OP[c->op][format], within ? "" : " ", bound, unit_after(c));
    if (within && !isnan(from)) {
        amount(c, from, false, format, bound);
        lx_buf_printf(out, " of %s", bound);
    }
}

static void interval(const struct lx_claim_result *r, enum format format, struct lx_buf *out)
{
    char low[AMOUNT], high[AMOUNT];

    effect_of(r->claim, r->low, format, low);
    effect_of(r->claim, r->high, format, high);
    if (isnan(r->low))
        lx_buf_add(out, low);
    else
        lx_buf_printf(out, "%s to %s", low, high);
}

/* "0.0021", "<1e-4": more digits would claim more than a few seeds can know. */
static void chance(double p, enum format format, struct lx_buf *out)
{
    if (isnan(p))
        lx_buf_add(out, format == LATEX ? "--" : "-");
    else if (p < 1e-4)
        lx_buf_add(out, format == LATEX ? "$<10^{-4}$" : "<1e-4");
    else
        lx_buf_printf(out, "%.3g", p);
}

/* What the claim left open, where the study has several of it: " (books, trained at 64)". */
static void scope(const struct lx_claim_result *r, const struct lx_study *s,
                  void (*escape)(struct lx_buf *, const char *), struct lx_buf *out)
{
    bool datasets = false, lengths = false;

    for (size_t i = 1; i < s->n_sections; i++) {
        datasets |= s->section[i].dataset != s->section[0].dataset;
        lengths |= s->section[i].train_length != s->section[0].train_length;
    }
    datasets &= r->dataset >= 0;
    lengths &= r->train_length >= 0;
    if (!datasets && !lengths)
        return;
    lx_buf_add(out, " (");
    if (datasets)
        escape(out, lx_rows_name(&s->rows, r->dataset));
    if (lengths)
        lx_buf_printf(out, "%strained at %d", datasets ? ", " : "", r->train_length);
    lx_buf_add(out, ")");
}

static void counts(const struct lx_claim_results *r, struct lx_buf *out)
{
    int n[3] = {0};

    for (size_t i = 0; i < r->n; i++)
        n[r->item[i].verdict]++;
    lx_buf_printf(out, "%zu claim%s: %d hold%s, %d fail%s, %d undecided", r->n,
                  r->n == 1 ? "" : "s", n[0], n[0] == 1 ? "s" : "", n[1], n[1] == 1 ? "s" : "",
                  n[2]);
}

/* Seeds, the fewest and the most that decided a claim: "3", "1 to 3". */
static void seed_range(const struct lx_claim_results *r, size_t *least, size_t *most)
{
    *least = *most = r->n > 0 ? r->item[0].n : 0;
    for (size_t i = 0; i < r->n; i++) {
        *least = r->item[i].n < *least ? r->item[i].n : *least;
        *most = r->item[i].n > *most ? r->item[i].n : *most;
    }
}

static void explain(const struct lx_claim_results *r, struct lx_buf *out)
{
    size_t least, most;

    seed_range(r, &least, &most);
    lx_buf_add(out,
               "Effect: left side over right side (perplexities), or left minus right, paired by "
               "seed; where a plain number is claimed, the\n"
               "value itself. Mean over seeds with its 95% interval (Student's t).\n"
               "A claim holds (fails) if the effect lies on the claimed (other) side of the bound "
               "with p < 0.05 after Holm's correction\n"
               "over all claims here, and is undecided otherwise. p: two-sided paired t; sign "
               "flip: exact, one-sided towards the claim");
    if (most == 0 || most > LX_SIGN_FLIP_MAX)
        lx_buf_add(out, ".\n");
    else
        lx_buf_printf(out, ";\nwith %zu seed%s it cannot be below %.3g%s.\n", most,
                      most == 1 ? "" : "s", ldexp(1, -(int)most),
                      most < 5 ? ", so few seeds can decide large effects only" : "");
}

enum lx_code lx_claims_markdown(const struct lx_claim_results *r, const struct lx_study *s,
                                struct lx_buf *out, struct lx_err *err)
{
    lx_buf_add(out, "## Claims\n\n");
    counts(r, out);
    lx_buf_add(out,
               ".\n\n| verdict | claim | claimed | effect | 95% interval | paper | seeds | p | "
               "p (Holm) | p (sign flip) | source |\n"
               "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n");
    for (size_t i = 0; i < r->n; i++) {
        const struct lx_claim_result *x = &r->item[i];
        char effect[AMOUNT], paper[AMOUNT];

        effect_of(x->claim, x->effect, MARKDOWN, effect);
        effect_of(x->claim, as_ratio(x->claim) ? log(x->claim->paper) : x->claim->paper, MARKDOWN,
                  paper);
        lx_buf_printf(out, "| %s%s", VERDICT[x->verdict], x->note[0] ? ": " : "");
        lx_escape_markdown(out, x->note);
        lx_buf_add(out, " | ");
        lx_escape_markdown(out, x->claim->text);
        scope(x, s, lx_escape_markdown, out);
        lx_buf_add(out, " | ");
        claimed(x->claim, MARKDOWN, out);
        lx_buf_printf(out, " | %s%s | ", effect, unit_after(x->claim));
        interval(x, MARKDOWN, out);
        lx_buf_printf(out, " | %s | %zu | ", paper, x->n);
        chance(x->p_t, MARKDOWN, out);
        lx_buf_add(out, " | ");
        chance(x->p_holm, MARKDOWN, out);
        lx_buf_add(out, " | ");
        chance(x->p_flip, MARKDOWN, out);
        lx_buf_add(out, " | ");
        lx_escape_markdown(out, x->claim->source);
        lx_buf_add(out, " |\n");
    }
    lx_buf_add(out, "\n");
    explain(r, out);
    return lx_buf_check(out, err);
}

enum lx_code lx_claims_latex(const struct lx_claim_results *r, const struct lx_study *s,
                             struct lx_buf *out, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code;

    lx_buf_add(out, "\n\\begin{table}\n  \\centering\n  \\footnotesize\n  "
                    "\\setlength{\\tabcolsep}{4pt}\n  \\caption{Claims of the "
                    "literature, checked. ");
    explain(r, &text);
    code = lx_buf_check(&text, err);
    if (code == LX_OK)
        lx_escape_tex(out, text.text);
    lx_buf_free(&text);
    lx_buf_add(out, "}\n  \\begin{tabular}{p{0.3\\linewidth}rrrrrl}\n    \\toprule\n    claim & "
                    "claimed & effect & 95\\% interval & $p$ (Holm) & $p$ (flip) & verdict \\\\\n"
                    "    \\midrule\n");
    for (size_t i = 0; i < r->n; i++) {
        const struct lx_claim_result *x = &r->item[i];
        char effect[AMOUNT];

        effect_of(x->claim, x->effect, LATEX, effect);
        lx_buf_add(out, "    ");
        lx_escape_tex(out, x->claim->text);
        scope(x, s, lx_escape_tex, out);
        lx_buf_add(out, " [");
        lx_escape_tex(out, x->claim->source);
        lx_buf_add(out, "] & ");
        claimed(x->claim, LATEX, out);
        lx_buf_printf(out, " & %s%s & ", effect, unit_after(x->claim));
        interval(x, LATEX, out);
        lx_buf_add(out, " & ");
        chance(x->p_holm, LATEX, out);
        lx_buf_add(out, " & ");
        chance(x->p_flip, LATEX, out);
        lx_buf_printf(out, " & %s%s", VERDICT[x->verdict], x->note[0] ? " (" : "");
        lx_escape_tex(out, x->note);
        lx_buf_printf(out, "%s \\\\\n", x->note[0] ? ")" : "");
    }
    lx_buf_add(out, "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
    return code != LX_OK ? code : lx_buf_check(out, err);
}

/* "a as b at 8x, last, trained at 64, layer 1, head 0, positions 4x to 8x" */
static void describe_value(const struct lx_claim_value *v, struct lx_buf *out)
{
    lx_buf_add(out, v->encoding);
    if (v->evaluated_as != NULL)
        lx_buf_printf(out, " as %s", v->evaluated_as);
    lx_buf_printf(out, " at %.9g%s", v->length.number, v->length.multiple ? "x" : "");
    if (v->mode != NULL)
        lx_buf_printf(out, ", %s", v->mode);
    if (v->dataset != NULL)
        lx_buf_printf(out, ", %s", v->dataset);
    if (v->train_length > 0)
        lx_buf_printf(out, ", trained at %d", v->train_length);
    if (v->layer >= 0)
        lx_buf_printf(out, ", layer %d", v->layer);
    if (v->head >= 0)
        lx_buf_printf(out, ", head %d", v->head);
    if (v->positions)
        lx_buf_printf(out, ", positions %.9g%s to %.9g%s", v->lo.number, v->lo.multiple ? "x" : "",
                      v->hi.number, v->hi.multiple ? "x" : "");
}

static enum lx_code add_side(const struct lx_claim_side *side, struct lx_buf *out,
                             struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code;

    if (side->constant)
        lx_buf_printf(&text, "%.9g", side->number);
    else
        describe_value(&side->value, &text);
    if (side->has_minus) {
        lx_buf_add(&text, " minus ");
        describe_value(&side->minus, &text);
    }
    code = lx_buf_check(&text, err);
    if (code == LX_OK)
        lx_csv_field(out, text.text);
    lx_buf_add(out, ",");
    lx_buf_free(&text);
    return code;
}

static void add_numbers(const struct lx_claim_result *x, struct lx_buf *out)
{
    const struct lx_claim *c = x->claim;
    double paper = as_ratio(c) ? log(c->paper) : c->paper;
    double floor = x->n > 0 && x->n <= LX_SIGN_FLIP_MAX ? ldexp(1, -(int)x->n) : (double)NAN;
    double v[] = {c->times, c->margin, x->effect, x->low,    x->high,
                  paper,    x->p_t,    x->p_holm, x->p_flip, floor};

    for (size_t k = 0; k < sizeof v / sizeof v[0]; k++) {
        lx_csv_number(out, v[k]);
        lx_buf_add(out, ",");
    }
    lx_buf_printf(out, "%zu,%s,", x->n, VERDICT[x->verdict]);
    lx_csv_field(out, x->note);
    lx_buf_add(out, "\n");
}

enum lx_code lx_claims_csv(const struct lx_claim_results *r, const struct lx_study *s,
                           struct lx_buf *out, struct lx_err *err)
{
    lx_buf_add(out, "claim,text,source,dataset,train_length,metric,unit,left,op,right,times,margin,"
                    "effect,low,high,paper,p_t,p_holm,p_sign_flip,sign_flip_floor,seeds,verdict,"
                    "note\n");
    for (size_t i = 0; i < r->n; i++) {
        const struct lx_claim_result *x = &r->item[i];
        const char *texts[] = {x->claim->id, x->claim->text, x->claim->source,
                               lx_rows_name(&s->rows, x->dataset)};

        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
            lx_csv_field(out, texts[k]);
            lx_buf_add(out, ",");
        }
        if (x->train_length >= 0)
            lx_buf_printf(out, "%d", x->train_length);
        lx_buf_add(out, ",");
        lx_csv_field(out, x->claim->metric);
        lx_buf_printf(out, ",%s,", unit(x->claim));
        if (add_side(&x->claim->left, out, err) != LX_OK)
            return err->code;
        lx_buf_printf(out, "%s,", CSV_OP[x->claim->op]);
        if (add_side(&x->claim->right, out, err) != LX_OK)
            return err->code;
        add_numbers(x, out);
    }
    return lx_buf_check(out, err);
}

enum lx_code lx_claims_plain(const struct lx_claim_results *r, const struct lx_study *s,
                             struct lx_buf *out, struct lx_err *err)
{
    counts(r, out);
    lx_buf_add(out, "\n\n");
    for (size_t i = 0; i < r->n; i++) {
        const struct lx_claim_result *x = &r->item[i];
        char effect[AMOUNT];

        effect_of(x->claim, x->effect, PLAIN, effect);
        lx_buf_printf(out, "%-9s  %s: ", VERDICT[x->verdict], x->claim->id);
        lx_escape_plain(out, x->claim->text);
        scope(x, s, lx_escape_plain, out);
        lx_buf_printf(out, "\n           %s%s", effect, unit_after(x->claim));
        if (!isnan(x->low)) {
            lx_buf_add(out, ", 95% interval ");
            interval(x, PLAIN, out);
        }
        lx_buf_add(out, ", claimed ");
        claimed(x->claim, PLAIN, out);
        lx_buf_printf(out, "; %zu seed%s", x->n, x->n == 1 ? "" : "s");
        if (!isnan(x->p_t)) {
            lx_buf_add(out, ", p ");
            chance(x->p_t, PLAIN, out);
            lx_buf_add(out, " (Holm ");
            chance(x->p_holm, PLAIN, out);
            lx_buf_add(out, ")");
        }
        if (x->note[0])
            lx_buf_add(out, "; ");
        lx_escape_plain(out, x->note);
        lx_buf_add(out, "\n");
    }
    return lx_buf_check(out, err);
}
