/* The rule of the gate, in the order in which its questions are asked: is the key on both sides, was
 * it measured under the same rules, is there still a number, and how far did the number move? */
#include "verdict/compare_judge.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "study/stats.h"

static const char *const VERDICTS[LX_VERDICTS] = {"worse",    "changed", "missing", "extra",
                                                  "protocol", "better",  "within",  "same"};

const char *lx_verdict_name(enum lx_verdict v)
{
    return VERDICTS[v];
}

bool lx_compare_preset(const char *name, struct lx_compare_options *o)
{
    static const struct {
        const char *name;
        double abs, rel, sigma;
    } presets[] = {{"exact", 0, 1e-4, 0}, {"curves", 0.02, 0.01, 3}};
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        if (strcmp(presets[i].name, name) == 0) {
            o->abs = presets[i].abs;
            o->rel = presets[i].rel;
            o->sigma = presets[i].sigma;
            return true;
        }
    return false;
}

/* Metrics where less is better. Of all others no direction is taken for the good one. */
static bool lower_is_better(const char *metric)
{
    return strcmp(metric, "nll") == 0 || strcmp(metric, "ppl") == 0 ||
           strcmp(metric, "bits_per_byte") == 0;
}

/* Mean and its standard error, sd / sqrt n, of up to n numbers given one by one: value(i) is row
 * i's, or the difference of two rows. Sums are kept in range (a perplexity can be 1e300) by dividing
 * first and by hypot. */
struct spread {
    double mean, se; /* NaN: unknown */
};

static struct spread spread_of(const struct lx_compare_group *g,
                               const struct lx_compare_group *minus, size_t ok)
{
    struct spread s = {(double)NAN, (double)NAN};
    for (int pass = 0; pass < 2 && ok > (size_t)pass; pass++) {
        double sum = 0;
        for (size_t i = 0, j = 0; i < g->n; i++) {
            double v = g->row[i]->value;
            if (g->row[i]->status != LX_ROW_OK)
                continue;
            if (minus != NULL) {
                while (minus->row[j]->status != LX_ROW_OK)
                    j++;
                v -= minus->row[j++]->value;
            }
            sum = pass == 0 ? sum + v / (double)ok : hypot(sum, v - s.mean);
        }
        if (pass == 0)
            s.mean = sum;
        else
            s.se = sum / sqrt((double)(ok - 1) * (double)ok);
    }
    return s;
}

static struct lx_compare_side side_of(const struct lx_compare_group *g)
{
    struct lx_compare_side s = {
        .seeds = (int)g->n, .mean = (double)NAN, .se = (double)NAN, .tokens = -1, .protocol = ""};
    double stated = (double)NAN;
    for (size_t i = 0; i < g->n; i++) {
        const struct lx_row *r = g->row[i];
        s.status = r->status > s.status ? r->status : s.status;
        s.protocol = lx_rows_name(g->rows, r->protocol);
        if (r->status != LX_ROW_OK)
            continue;
        s.ok++;
        s.tokens = r->tokens;
        stated = r->stderr_value;
    }
    struct spread spread = spread_of(g, NULL, (size_t)s.ok);
    s.mean = spread.mean;
    s.se = s.ok == 1 ? stated : spread.se;
    return s;
}

/* The same seeds have a number on both sides. */
static bool same_seeds(const struct lx_compare_group *a, const struct lx_compare_group *b)
{
    size_t j = 0;
    for (size_t i = 0; i < a->n; i++) {
        if (a->row[i]->status != LX_ROW_OK)
            continue;
        while (j < b->n && b->row[j]->status != LX_ROW_OK)
            j++;
        if (j == b->n || b->row[j++]->seed != a->row[i]->seed)
            return false;
    }
    while (j < b->n && b->row[j]->status != LX_ROW_OK)
        j++;
    return j == b->n;
}

static bool identical(const struct lx_compare_group *a, const struct lx_compare_group *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct lx_row *x = a->row[i], *y = b->row[i];
        if (x->seed != y->seed || x->status != y->status ||
            (x->status == LX_ROW_OK && (x->value < y->value || x->value > y->value)))
            return false;
    }
    return true;
}

/* A standard error that n seeds gave is uncertain itself, so `sigma` of them are as many as Student's t
 * needs to be as rarely exceeded as `sigma` of a normal variable. dof infinite: it is known. */
static double widened(double sigma, double dof)
{
    double tail = erfc(sigma / sqrt(2)) / 2;

    if (!(sigma > 0) || !isfinite(dof) || !(tail > 0))
        return sigma;
    return lx_t_quantile(tail, dof);
}

/* Degrees of freedom of two standard errors in quadrature (Welch 1947); one that a single seed states is
 * that of its many tokens, and counts as known. */
static double welch(const struct lx_compare_side *a, const struct lx_compare_side *b)
{
    double x = a->se * a->se, y = b->se * b->se, sum = x + y, part = 0;

    if (a->ok > 1)
        part += x / sum * (x / sum) / (a->ok - 1);
    if (b->ok > 1)
        part += y / sum * (y / sum) / (b->ok - 1);
    return 1 / part; /* NaN where both are 0: nothing is widened */
}

/* The change of the mean, its standard error and the band. The same seeds on both sides are compared seed
 * by seed or as two samples, whichever gives the narrower band: either holds, the first is the better one
 * where seeds share their fate, the second, with twice the degrees of freedom, where they do not. */
static void measure(const struct lx_compare_group *old, const struct lx_compare_group *new,
                    const struct lx_compare_options *o, struct lx_compare_line *l)
{
    double se = hypot(l->old.se, l->new.se), band = widened(o->sigma, welch(&l->old, &l->new)) * se;

    l->change = l->new.mean - l->old.mean;
    if (same_seeds(old, new) && l->old.ok > 1) {
        struct spread d = spread_of(new, old, (size_t)l->old.ok);
        double narrow = widened(o->sigma, l->old.ok - 1) * d.se;

        l->change = d.mean;
        if (!(narrow > band)) {
            l->paired = true;
            se = d.se;
            band = narrow;
        }
    }
    l->se = isfinite(se) ? se : (double)NAN;
    l->band = fmax(o->abs, o->rel * fabs(l->old.mean));
    if (isfinite(l->se))
        l->band = fmin(fmax(l->band, band), DBL_MAX); /* fmax ignores a NaN */
}

/* Numbers have nine digits, so the rounding of a subtraction must not decide. */
static bool beyond(const struct lx_compare_line *l)
{
    double slack = 4 * DBL_EPSILON * fmax(fabs(l->old.mean), fabs(l->new.mean));
    return !(fabs(l->change) <= l->band + slack);
}

static enum lx_verdict judge_status(const struct lx_compare_side *old,
                                    const struct lx_compare_side *new)
{
    if (old->status != new->status)
        return new->status == LX_ROW_OK ? LX_VERDICT_BETTER : LX_VERDICT_WORSE;
    long long was = (long long)old->ok * new->seeds, is = (long long)new->ok * old->seeds;
    return is < was ? LX_VERDICT_WORSE : is > was ? LX_VERDICT_BETTER : LX_VERDICT_SAME;
}

static enum lx_verdict judge(const struct lx_compare_group *old, const struct lx_compare_group *new,
                             const struct lx_compare_options *o, struct lx_compare_line *l)
{
    if (new->n == 0)
        return LX_VERDICT_MISSING;
    if (old->n == 0)
        return LX_VERDICT_EXTRA;
    if (strcmp(l->old.protocol, l->new.protocol) != 0)
        return LX_VERDICT_PROTOCOL;
    enum lx_verdict status = judge_status(&l->old, &l->new);
    if (status != LX_VERDICT_SAME || l->old.ok == 0)
        return status;
    if (l->old.tokens != l->new.tokens)
        return LX_VERDICT_PROTOCOL;
    measure(old, new, o, l);
    if (identical(old, new))
        return LX_VERDICT_SAME;
    if (!beyond(l))
        return LX_VERDICT_WITHIN;
    if (!lower_is_better(l->key.metric))
        return LX_VERDICT_CHANGED;
    return l->change > 0 ? LX_VERDICT_WORSE : LX_VERDICT_BETTER;
}

void lx_compare_judge(const struct lx_compare_group *old, const struct lx_compare_group *new,
                      const struct lx_compare_options *o, struct lx_compare_line *l)
{
    l->old = side_of(old);
    l->new = side_of(new);
    l->paired = false;
    l->change = l->se = l->band = (double)NAN;
    l->verdict = judge(old, new, o, l);
}
