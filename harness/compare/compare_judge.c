/* The rule of the gate, in the order in which its questions are asked: is the key on both sides, was
 * it measured under the same rules, can the numbers be, is there still one, and how far did it move?
 *
 * With s the sample standard deviation of the baseline's n seeds, and m new seeds:
 *
 *     mean    |change| <= max(abs, rel |baseline|, K s sqrt(1/n + 1/m))
 *     median  the same with sqrt(pi/2) s, for three seeds and more
 *     seed    |seed - mean| <= max(10 abs, 10 rel |baseline|, FAR s sqrt(1 + 1/n))
 *
 * and for three of the same seeds or more on both sides, with s' the standard deviation of the changes
 * of the other seeds,
 *
 *     seed    |its change - theirs| <= max(3 abs, 3 rel |baseline|, 2 FAR s' sqrt(1 + 1/(m - 1)))
 *
 * (Beyond the training length single seeds lie far out by chance: of five against ten seeds of unchanged
 * models, 10 standard deviations alone are left by one comparison in thirty.)
 *
 * A seed far out fails on the good side, too, unless the median went along: then it is a gain.
 *
 * K is `sigma` of a normal variable, as rarely exceeded as by all keys of a comparison together
 * (Bonferroni), widened as Student's t asks for a scatter that n seeds tell, and at most FAR: a scatter
 * of two or three seeds would let everything pass. The same seeds on both sides are also compared one by
 * one (Student's t of the differences), where that gives the narrower band. A single seed has no
 * scatter; the standard error that its row states takes the place. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare_internal.h"
#include "core/metric_list.h"
#include "stats/stats.h"

static const char *const verdicts[LX_VERDICTS] = {"impossible", "worse",    "changed",    "missing",
                                                  "extra",      "protocol", "suspicious", "better",
                                                  "within",     "same"};

const char *lx_compare_verdict_name(enum lx_compare_verdict v)
{
    return verdicts[v];
}

bool lx_compare_preset(const char *name, struct lx_compare_options *o)
{
    static const struct {
        const char *name;
        double abs, rel, sigma;
        bool exact;
    } presets[] = {{"exact", 0, 1e-5, 0, true}, {"curves", 0.02, 0.01, 3, false}};

    for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++)
        if (strcmp(presets[i].name, name) == 0) {
            o->abs = presets[i].abs;
            o->rel = presets[i].rel;
            o->sigma = presets[i].sigma;
            o->exact = presets[i].exact;
            return true;
        }
    return false;
}

/* The numbers of one side, by rising seed. */
struct numbers {
    double *v;
    const struct lx_row **row;
    size_t n;
};

/* The numbers of a key on both sides, and room to sort them. */
struct sample {
    struct numbers old, new, pair; /* pair: those of the baseline that have the new seeds */
    double *scratch;
    void *memory;
};

static enum lx_code take_sample(const struct lx_compare_group *old,
                                const struct lx_compare_group *new, struct sample *out,
                                struct lx_err *err)
{
    size_t n = old->n + new->n, k = 0;
    double *v = calloc(4 * n, sizeof(*v) + sizeof(const struct lx_row *));
    const struct lx_row **row = v == NULL ? NULL : (const struct lx_row **)(void *)(v + 4 * n);

    if (v == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the comparison");
    *out = (struct sample){.old = {v, row, 0},
                           .new = {v + n, row + n, 0},
                           .pair = {v + 2 * n, row + 2 * n, 0},
                           .scratch = v + 3 * n,
                           .memory = v};
    for (size_t i = 0; i < old->n; i++)
        if (old->row[i].status == LX_ROW_OK) {
            out->old.row[out->old.n] = &old->row[i];
            out->old.v[out->old.n++] = old->row[i].value;
        }
    for (size_t i = 0; i < new->n; i++)
        if (new->row[i].status == LX_ROW_OK) {
            out->new.row[out->new.n] = &new->row[i];
            out->new.v[out->new.n++] = new->row[i].value;
        }
    for (size_t i = 0; i < out->new.n; i++) {
        while (k < out->old.n && out->old.row[k]->seed < out->new.row[i]->seed)
            k++;
        if (k == out->old.n || out->old.row[k]->seed != out->new.row[i]->seed) {
            out->pair.n = 0; /* a seed that the baseline lacks: two samples */
            break;
        }
        out->pair.row[out->pair.n] = out->old.row[k];
        out->pair.v[out->pair.n++] = out->old.v[k];
    }
    return LX_OK;
}

/* Mean and sample standard deviation, NaN where there is none. Sums are kept in range (a perplexity can
 * be 1e300) by dividing first and by hypot. */
struct spread {
    double mean, sd;
};

static struct spread spread_of(const double *v, size_t n)
{
    struct spread s = {n > 0 ? 0 : (double)NAN, (double)NAN};
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        s.mean += v[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        sum = hypot(sum, v[i] - s.mean);
    if (n > 1)
        s.sd = sum / sqrt((double)(n - 1));
    return s;
}

static struct lx_compare_side side_of(const struct lx_compare_group *g, const struct numbers *x)
{
    struct spread spread = spread_of(x->v, x->n);
    struct lx_compare_side s = {.seeds = (int)g->n,
                                .ok = (int)x->n,
                                .mean = spread.mean,
                                .se = spread.sd / sqrt((double)x->n),
                                .tokens = -1,
                                .protocol = ""};

    for (size_t i = 0; i < g->n; i++) {
        s.status = g->row[i].status > s.status ? g->row[i].status : s.status;
        s.protocol = lx_rows_name(&g->study->rows, g->row[i].protocol);
        if (g->row[i].status != LX_ROW_OK)
            continue;
        s.tokens = g->row[i].tokens;
        s.se = x->n == 1 ? g->row[i].stderr_value : s.se;
    }
    return s;
}

static bool identical(const struct lx_compare_group *a, const struct lx_compare_group *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct lx_row *x = &a->row[i], *y = &b->row[i];

        if (x->seed != y->seed || x->status != y->status ||
            (x->status == LX_ROW_OK && (x->value < y->value || x->value > y->value)))
            return false;
    }
    return true;
}

/* The factor K of a standard error that `seeds` seeds tell; a single one states that of its many tokens,
 * which counts as known. */
static double factor(double sigma, size_t keys, size_t seeds)
{
    double tail = erfc(sigma / sqrt(2)) / 2 / (double)(keys > 0 ? keys : 1), k;

    if (!(sigma > 0) || !(tail > 0) || (seeds < 2 && keys <= 1))
        return sigma;
    k = lx_t_quantile(tail, seeds < 2 ? 1e6 : (double)seeds - 1);
    return fmin(k, fmax(sigma, LX_COMPARE_FAR));
}

/* Numbers have nine digits, so the rounding of a subtraction must not decide. */
static bool is_beyond(double change, double from, double to, double band)
{
    return !(fabs(change) <= band + 4 * DBL_EPSILON * fmax(fabs(from), fabs(to)));
}

static bool beyond(double from, double to, double band)
{
    return is_beyond(to - from, from, to, band);
}

static double floor_of(const struct lx_compare_options *o, double value)
{
    return fmax(o->abs, o->rel * fabs(value));
}

/* The change of the mean, its standard error and the band. */
static void measure_mean(const struct sample *x, const struct lx_compare_options *o, size_t keys,
                         struct lx_compare_line *l)
{
    double n = (double)x->old.n, m = (double)x->new.n, narrow;
    double se = x->old.n > 1 ? spread_of(x->old.v, x->old.n).sd * sqrt(1 / n + 1 / m)
                             : x->old.row[0]->stderr_value * sqrt(2);
    double band = factor(o->sigma, keys, x->old.n) * se;
    struct spread d;

    l->change = l->new.mean - l->old.mean;
    l->band = floor_of(o, l->old.mean);
    if (x->pair.n > 1 && x->pair.n == x->new.n) {
        for (size_t i = 0; i < x->pair.n; i++)
            x->scratch[i] = x->new.v[i] - x->pair.v[i];
        d = spread_of(x->scratch, x->pair.n);
        narrow = factor(o->sigma, keys, x->pair.n) * d.sd / sqrt(m);
        if (!(narrow > band)) {
            l->paired = true;
            l->change = d.mean;
            se = d.sd / sqrt(m);
            band = narrow;
        }
    }
    l->se = isfinite(se) ? se : (double)NAN;
    if (isfinite(l->se))
        l->band = fmin(fmax(l->band, band), DBL_MAX); /* fmax ignores a NaN */
}

static int rising(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;

    return (*a > *b) - (*a < *b);
}

static double median(const struct numbers *x, double *scratch)
{
    memcpy(scratch, x->v, x->n * sizeof(*scratch));
    qsort(scratch, x->n, sizeof(*scratch), rising);
    return x->n % 2 == 1 ? scratch[x->n / 2] : scratch[x->n / 2 - 1] / 2 + scratch[x->n / 2] / 2;
}

/* A band of its own was left: the line names what left it furthest. */
static void note(struct lx_compare_line *l, enum lx_compare_reason reason, double from, double to,
                 double band, long long seed)
{
    if (l->reason == reason && fabs(to - from) <= fabs(l->own_to - l->own_from))
        return;
    l->reason = reason;
    l->own_from = from;
    l->own_to = to;
    l->own_band = band;
    l->seed = seed;
}

/* Which bands were left, and to which side. */
struct left {
    bool up, down;
    bool far_down, far_up; /* further than FAR standard errors */
    bool median, seed;     /* the median, a seed did */
};

static void leave(struct left *out, double from, double to, bool far)
{
    out->up |= to > from;
    out->down |= to < from;
    out->far_up |= far && to > from;
    out->far_down |= far && to < from;
}

static void judge_median(const struct sample *x, const struct lx_compare_options *o, size_t keys,
                         struct lx_compare_line *l, struct left *out)
{
    double n = (double)x->old.n, m = (double)x->new.n, from, to, se, band;

    if (x->old.n < 3 || x->new.n < 3)
        return;
    from = median(x->pair.n == x->new.n ? &x->pair : &x->old, x->scratch);
    to = median(&x->new, x->scratch);
    se = sqrt(acos(-1.0) / 2) * spread_of(x->old.v, x->old.n).sd * sqrt(1 / n + 1 / m);
    band = fmax(floor_of(o, from), factor(o->sigma, keys, x->old.n) * se);
    if (!beyond(from, to, band))
        return;
    leave(out, from, to, fabs(to - from) > LX_COMPARE_FAR * se);
    out->median = true;
    note(l, LX_BY_MEDIAN, from, to, band, 0);
}

/* Seeds that lie far out by themselves. One that is what it was in the baseline is none. */
static void judge_seeds(const struct sample *x, const struct lx_compare_options *o,
                        struct lx_compare_line *l, struct left *out)
{
    struct spread base = spread_of(x->old.v, x->old.n);
    double far = fmax(o->sigma, LX_COMPARE_FAR) * base.sd * sqrt(1 + 1 / (double)x->old.n);
    double band = fmax(10 * floor_of(o, base.mean), far);

    if (x->old.n < 2)
        return;
    for (size_t i = 0; i < x->new.n; i++) {
        bool known = x->pair.n == x->new.n && !beyond(x->pair.v[i], x->new.v[i], 0);

        if (known || !beyond(base.mean, x->new.v[i], band))
            continue;
        leave(out, base.mean, x->new.v[i], true);
        out->seed = true;
        note(l, LX_BY_SEED, base.mean, x->new.v[i], band, x->new.row[i]->seed);
    }
}

/* Seeds that changed as no other of the same seeds did. The others tell the scatter, so that none
 * widens its own band. */
static void judge_changes(const struct sample *x, const struct lx_compare_options *o,
                          struct lx_compare_line *l, struct left *out)
{
    size_t m = x->pair.n;

    for (size_t i = 0; i < m && m >= 3; i++) {
        struct spread others;
        double band, change = x->new.v[i] - x->pair.v[i];

        for (size_t k = 0, at = 0; k < m; k++)
            if (k != i)
                x->scratch[at++] = x->new.v[k] - x->pair.v[k];
        others = spread_of(x->scratch, m - 1);
        band = fmax(3 * floor_of(o, x->pair.v[i]),
                    2 * LX_COMPARE_FAR * others.sd * sqrt(1 + 1 / (double)(m - 1)));
        if (!is_beyond(change - others.mean, x->pair.v[i], x->new.v[i], band))
            continue;
        leave(out, others.mean, change, true);
        out->seed = true;
        note(l, LX_BY_SEED, x->pair.v[i], x->new.v[i], band, x->new.row[i]->seed);
    }
}

/* Without a scatter each seed is held against itself: changes that cancel in the mean are changes. */
static void judge_one_by_one(const struct sample *x, const struct lx_compare_options *o,
                             struct lx_compare_line *l, struct left *out)
{
    for (size_t i = 0; i < x->pair.n; i++) {
        double band = floor_of(o, x->pair.v[i]);

        if (!beyond(x->pair.v[i], x->new.v[i], band))
            continue;
        leave(out, x->pair.v[i], x->new.v[i], false);
        if (x->pair.n > 1)
            note(l, LX_BY_SEED, x->pair.v[i], x->new.v[i], band, x->new.row[i]->seed);
    }
}

static enum lx_compare_verdict judge_numbers(const struct sample *x,
                                             const struct lx_compare_options *o, size_t keys,
                                             struct lx_compare_line *l)
{
    const struct lx_metric_info *m = lx_metric_find(l->key.metric);
    enum lx_metric_better better = m != NULL ? m->better : LX_METRIC_EITHER;
    struct left left = {.up = false};
    bool bad, good, far, alone;

    measure_mean(x, o, keys, l);
    if (o->sigma > 0) {
        judge_median(x, o, keys, l, &left);
        judge_seeds(x, o, l, &left);
        judge_changes(x, o, l, &left);
    } else {
        judge_one_by_one(x, o, l, &left);
    }
    if (is_beyond(l->change, l->old.mean, l->new.mean, l->band)) {
        double se = isnan(l->se) ? floor_of(o, l->old.mean) : l->se;

        leave(&left, 0, l->change, o->sigma > 0 && fabs(l->change) > LX_COMPARE_FAR * se);
        if (l->reason == LX_BY_MEDIAN)
            l->reason = LX_BY_MEAN; /* what everyone reads first */
    }
    l->size = fmax(fabs(l->change), l->reason == LX_BY_MEAN ? 0 : fabs(l->own_to - l->own_from)) /
              fmax(fabs(l->old.mean), DBL_MIN);
    if (!left.up && !left.down)
        return LX_VERDICT_WITHIN;
    if (better == LX_METRIC_EITHER)
        return LX_VERDICT_CHANGED;
    bad = better == LX_METRIC_LESS ? left.up : left.down;
    good = better == LX_METRIC_LESS ? left.down : left.up;
    far = better == LX_METRIC_LESS ? left.far_down : left.far_up;
    far |= o->sigma > 0 && x->old.n == 1; /* nothing tells how far retraining alone goes */
    alone = left.seed && !left.median && x->new.n >= 3; /* the others did not go along */
    if (bad)
        return LX_VERDICT_WORSE;
    return good && alone ? LX_VERDICT_CHANGED : far ? LX_VERDICT_SUSPICIOUS : LX_VERDICT_BETTER;
}

static enum lx_compare_verdict judge_status(const struct lx_compare_side *old,
                                            const struct lx_compare_side *new)
{
    long long was = (long long)old->ok * new->seeds, is = (long long)new->ok * old->seeds;

    if (old->status != new->status)
        return new->status == LX_ROW_OK ? LX_VERDICT_BETTER : LX_VERDICT_WORSE;
    return is < was ? LX_VERDICT_WORSE : is > was ? LX_VERDICT_BETTER : LX_VERDICT_SAME;
}

/* A number on either side that the metric cannot have. */
static bool impossible(const struct sample *x, struct lx_compare_line *l)
{
    const struct numbers *side[] = {&x->new, &x->old};

    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < side[k]->n; i++) {
            if (lx_metric_possible(l->key.metric, side[k]->v[i]))
                continue;
            l->reason = LX_BY_SEED;
            l->seed = side[k]->row[i]->seed;
            l->own_to = side[k]->v[i];
            return true;
        }
    return false;
}

static enum lx_compare_verdict judge(const struct lx_compare_group *old,
                                     const struct lx_compare_group *new, const struct sample *x,
                                     const struct lx_compare_options *o, size_t keys,
                                     struct lx_compare_line *l)
{
    enum lx_compare_verdict status;

    if (impossible(x, l))
        return LX_VERDICT_IMPOSSIBLE;
    if (new->n == 0)
        return LX_VERDICT_MISSING;
    if (old->n == 0)
        return LX_VERDICT_EXTRA;
    if (strcmp(l->old.protocol, l->new.protocol) != 0)
        return LX_VERDICT_PROTOCOL;
    status = judge_status(&l->old, &l->new);
    if (status != LX_VERDICT_SAME || x->old.n == 0 || x->new.n == 0) {
        l->size = (double)INFINITY;
        return status;
    }
    if (l->old.tokens != l->new.tokens)
        return LX_VERDICT_PROTOCOL;
    status = judge_numbers(x, o, keys, l);
    return identical(old, new) ? LX_VERDICT_SAME : status;
}

enum lx_code lx_compare_judge(const struct lx_compare_group *old,
                              const struct lx_compare_group *new,
                              const struct lx_compare_options *o, size_t keys,
                              struct lx_compare_line *l, struct lx_err *err)
{
    struct sample x;
    bool subset;

    if (take_sample(old, new, &x, err))
        return err->code;
    l->old = side_of(old, &x.old);
    l->new = side_of(new, &x.new);
    /* Fewer seeds than the baseline has are held against the same ones of it; all tell the scatter. */
    subset = x.pair.n > 0 && x.pair.n == x.new.n &&x.pair.n < x.old.n;
    if (subset)
        l->old.mean = spread_of(x.pair.v, x.pair.n).mean;
    l->paired = false;
    l->reason = LX_BY_MEAN;
    l->change = l->se = l->band = (double)NAN;
    l->own_from = l->own_to = l->own_band = (double)NAN;
    l->size = 0;
    l->verdict = judge(old, new, &x, o, keys, l);
    free(x.memory);
    return LX_OK;
}
