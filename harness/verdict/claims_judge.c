/* Verdicts. For a claim d < 0 (signs turned for >), over the seeds that have all numbers:
 *
 *     t = mean(d) / (sd(d) / sqrt n),   p = P(|T_{n-1}| >= |t|),   Holm over all claims of the table
 *     holds      mean on the claimed side and adjusted p < 0.05: the interval, as wide as Holm asks
 *                for, lies wholly on that side of the margin
 *     fails      the same on the other side
 *     undecided  anything else, always with one seed, and when a seed has no number
 *
 * `within` is two such tests, one for each bound, both of which must hold (Schuirmann 1987); it fails
 * if the mean lies beyond a bound with adjusted p < 0.05. Where all seeds agree to the last digit
 * there is no spread to test: the sign decides, and the note says so. */
#include <math.h>
#include <string.h>

#include "study/stats.h"
#include "verdict/claims.h"

static const double level = 0.05;

/* Paired differences left - times * right of one claim in one scope. */
struct sample {
    double *d;
    size_t n, seeds; /* seeds: of the value that has most */
    const char *why; /* something is missing */
};

static enum lx_code no_memory(struct lx_err *err)
{
    return lx_fail(err, LX_ENOMEM, "out of memory for the claims");
}

/* One term of a difference: its points, and what they count. */
struct term {
    struct lx_claim_point *point;
    size_t n;
    double factor;
};

static enum lx_code add_side(const struct lx_study *s, const struct lx_claim_side *side,
                             double factor, const struct lx_claim_result *at,
                             struct lx_arena *arena, struct term *term, size_t *n_terms,
                             const char **why, struct lx_err *err)
{
    const struct lx_claim_value *value[] = {&side->value, side->has_minus ? &side->minus : NULL};

    for (int i = 0; i < 2 && !side->constant && *why == NULL; i++) {
        if (value[i] == NULL)
            continue;
        term[*n_terms].factor = i == 0 ? factor : -factor;
        if (lx_claim_find(s, value[i], at->dataset, at->train_length, arena, &term[*n_terms].point,
                          &term[*n_terms].n, why, err))
            return err->code;
        (*n_terms)++;
    }
    return LX_OK;
}

static const struct lx_claim_point *at_seed(const struct term *t, long long seed)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->point[i].seed == seed)
            return &t->point[i];
    return NULL;
}

/* Sum the terms seed by seed. A seed without a number stops the claim: to leave it out would flatter
 * whatever broke; a seed that was not run yet is left out. */
static enum lx_code pair(const struct term *term, size_t n_terms, double offset,
                         struct lx_arena *arena, struct sample *out, struct lx_err *err)
{
    if (lx_arena_get(arena, term[0].n, sizeof(*out->d), &out->d, "claims", err))
        return err->code;
    for (size_t i = 0; i < n_terms; i++)
        out->seeds = term[i].n > out->seeds ? term[i].n : out->seeds;
    for (size_t i = 0; i < term[0].n; i++) {
        double sum = offset;
        size_t found = 0;

        for (size_t k = 0; k < n_terms; k++) {
            const struct lx_claim_point *p = at_seed(&term[k], term[0].point[i].seed);

            if (p != NULL && p->status != LX_ROW_OK) {
                out->why = lx_arena_printf(arena, "seed %lld: %s", p->seed,
                                           lx_report_status_name(p->status));
                return out->why ? LX_OK : no_memory(err);
            }
            found += p != NULL;
            sum += p != NULL ? term[k].factor * p->value : 0;
        }
        if (found == n_terms)
            out->d[out->n++] = sum;
    }
    return LX_OK;
}

static enum lx_code take_sample(const struct lx_study *s, const struct lx_claim *c,
                                const struct lx_claim_result *at, struct lx_arena *arena,
                                struct sample *out, struct lx_err *err)
{
    struct term term[4];
    size_t n = 0;
    double offset = 0;

    *out = (struct sample){0};
    if (c->right.constant)
        offset =
            -c->times * (c->ratio && !c->left.has_minus ? log(c->right.number) : c->right.number);
    if (add_side(s, &c->left, 1, at, arena, term, &n, &out->why, err) != LX_OK ||
        add_side(s, &c->right, -c->times, at, arena, term, &n, &out->why, err) != LX_OK)
        return err->code;
    return out->why ? LX_OK : pair(term, n, offset, arena, out, err);
}

/* Two-sided p of a mean that lies `mean` from a bound; 0 where there is no spread. */
static double two_sided(double mean, double sd, size_t n)
{
    if (n < 2)
        return (double)NAN;
    if (!(sd > 0))
        return fabs(mean) > 0 ? 0 : 1;
    return 2 * lx_t_tail(fabs(mean) * sqrt((double)n) / sd, (double)n - 1);
}

/* The sign-flip test that the differences lie below `bound` (sign 1) or above it (-1). */
static enum lx_code flip(const struct sample *x, double bound, double sign, struct lx_arena *arena,
                         double *p, struct lx_err *err)
{
    double *d;

    if (lx_arena_get(arena, x->n, sizeof(*d), &d, "claims", err))
        return err->code;
    for (size_t i = 0; i < x->n; i++)
        d[i] = sign * (bound - x->d[i]);
    *p = lx_sign_flip(d, x->n);
    return LX_OK;
}

/* Distance to the nearest bound, above 0 on the claimed side. */
static double inside(const struct lx_claim *c, double effect)
{
    switch ((enum lx_claim_op)c->op) {
    case LX_CLAIM_LT:
    case LX_CLAIM_LE:
        return c->margin - effect;
    case LX_CLAIM_GT:
    case LX_CLAIM_GE:
        return effect - c->margin;
    case LX_CLAIM_WITHIN:
        break;
    }
    return c->margin - fabs(effect);
}

static enum lx_code test(const struct lx_claim *c, const struct sample *x, struct lx_arena *arena,
                         struct lx_claim_result *r, struct lx_err *err)
{
    struct lx_stats stats = lx_stats_of(x->d, x->n);
    double half = lx_t_half_width(stats.sd, x->n), other = 0;
    bool above = c->op == LX_CLAIM_GT || c->op == LX_CLAIM_GE;

    r->n = x->n;
    r->effect = stats.mean;
    r->low = stats.mean - half;
    r->high = stats.mean + half;
    r->p_t = two_sided(inside(c, stats.mean), stats.sd, x->n);
    if (flip(x, c->margin, above ? -1 : 1, arena, &r->p_flip, err) != LX_OK)
        return err->code;
    if (c->op != LX_CLAIM_WITHIN)
        return LX_OK;
    if (flip(x, -c->margin, -1, arena, &other, err) != LX_OK)
        return err->code;
    r->p_flip = fmax(r->p_flip, other);
    return LX_OK;
}

/* On the bound itself, to the last digit, <= and >= hold and < and > do not. */
static bool on_claimed_side(const struct lx_claim *c, double effect)
{
    double d = inside(c, effect);
    bool strict = c->op == LX_CLAIM_LT || c->op == LX_CLAIM_GT;

    return strict ? d > 0 : d >= 0;
}

static enum lx_code decide(struct lx_claim_result *r, size_t seeds, struct lx_arena *arena,
                           struct lx_err *err)
{
    bool exact = r->n > 1 && !(r->high > r->low);
    enum lx_claim_verdict side =
        on_claimed_side(r->claim, r->effect) ? LX_CLAIM_HOLDS : LX_CLAIM_FAILS;

    if (r->n == 0) {
        r->note = "no seed has both sides";
    } else if (r->n == 1) {
        r->note = seeds > 1 ? "one seed has both sides" : "one seed";
    } else if (exact) {
        r->verdict = side;
        r->note = "the seeds agree to the last digit";
    } else if (r->p_holm < level) {
        r->verdict = side;
    } else if (r->p_t < level) {
        r->note = "clear by itself, not after Holm";
    }
    if (r->n > 1 && r->n < seeds) {
        r->note = lx_arena_printf(arena, "%s%s%zu of %zu seeds", r->note, r->note[0] ? "; " : "",
                                  r->n, seeds);
        if (r->note == NULL)
            return no_memory(err);
    }
    return LX_OK;
}

/* Datasets and training lengths that the claim leaves open. */
static void find_open(const struct lx_claim *c, bool *dataset, bool *train_length)
{
    const struct lx_claim_value *v[] = {&c->left.value, &c->left.minus, &c->right.value,
                                        &c->right.minus};
    const bool used[] = {true, c->left.has_minus, !c->right.constant, c->right.has_minus};

    *dataset = *train_length = false;
    for (int i = 0; i < 4; i++) {
        *dataset |= used[i] && v[i]->dataset == NULL;
        *train_length |= used[i] && v[i]->train_length == 0;
    }
}

/* The scope of section i for this claim; false if an earlier result of it has the same. */
static bool next_scope(const struct lx_claim *c, const struct lx_study *s, size_t i,
                       const struct lx_claim_results *out, struct lx_claim_result *r)
{
    bool dataset, train_length;

    find_open(c, &dataset, &train_length);
    *r = (struct lx_claim_result){.claim = c,
                                  .dataset = dataset ? s->section[i].dataset : -1,
                                  .train_length = train_length ? s->section[i].train_length : -1,
                                  .effect = (double)NAN,
                                  .low = (double)NAN,
                                  .high = (double)NAN,
                                  .p_t = (double)NAN,
                                  .p_holm = (double)NAN,
                                  .p_flip = (double)NAN,
                                  .verdict = LX_CLAIM_UNDECIDED,
                                  .note = ""};
    for (size_t k = 0; k < out->n; k++)
        if (out->item[k].claim == c && out->item[k].dataset == r->dataset &&
            out->item[k].train_length == r->train_length)
            return false;
    return true;
}

static enum lx_code adjust(struct lx_claim_results *out, struct lx_arena *arena, struct lx_err *err)
{
    double *p;

    if (lx_arena_get(arena, 2 * out->n, sizeof(*p), &p, "claims", err))
        return err->code;
    for (size_t i = 0; i < out->n; i++)
        p[i] = out->item[i].p_t;
    lx_holm(p, out->n, p + out->n);
    for (size_t i = 0; i < out->n; i++)
        out->item[i].p_holm = p[out->n + i];
    return LX_OK;
}

enum lx_code lx_claims_judge(const struct lx_claims *c, const struct lx_study *s,
                             struct lx_arena *arena, struct lx_claim_results *out,
                             struct lx_err *err)
{
    size_t *seeds, most = c->n * s->n_sections;

    *out = (struct lx_claim_results){0};
    if (most == 0)
        return LX_OK;
    if (lx_arena_get(arena, most, sizeof(*out->item), &out->item, "claims", err) != LX_OK ||
        lx_arena_get(arena, most, sizeof(*seeds), &seeds, "claims", err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < most; i++) {
        const struct lx_claim *claim = &c->item[i / s->n_sections];
        struct lx_claim_result r;
        struct sample x;

        if (!next_scope(claim, s, i % s->n_sections, out, &r))
            continue;
        if (take_sample(s, claim, &r, arena, &x, err) != LX_OK)
            return err->code;
        if (x.why != NULL)
            r.note = x.why;
        else if (x.n > 0 && test(claim, &x, arena, &r, err) != LX_OK)
            return err->code;
        seeds[out->n] = x.seeds;
        out->item[out->n++] = r;
    }
    if (adjust(out, arena, err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < out->n; i++)
        if (out->item[i].note[0] == '\0' && decide(&out->item[i], seeds[i], arena, err) != LX_OK)
            return err->code;
    return LX_OK;
}
