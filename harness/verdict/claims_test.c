/* What one claim's own numbers tell: in each view an effect, its interval and p.
 *
 * All values of a claim are read in one view. A claim of losses that names no view is tested in `last` and
 * in `nonoverlapping`; one that names its view is tested there, and the other is shown beside it. */
#include <math.h>
#include <string.h>

#include "stats/stats.h"
#include "verdict/claims_internal.h"

static const double one_per_cent = 0.00995033085316808; /* ln 1.01 */

static const char last[] = "last", nonoverlapping[] = "nonoverlapping", sliding[] = "sliding";

static bool strict(const struct lx_claim *c)
{
    return c->op == LX_CLAIM_LT || c->op == LX_CLAIM_GT;
}

static bool upwards(const struct lx_claim *c)
{
    return c->op == LX_CLAIM_GT || c->op == LX_CLAIM_GE;
}

/* Without a margin of its own: `<` and `>` claim at least the smallest effect that counts, `<=` and `>=`
 * allow for it. */
static double bound_of(const struct lx_claim *c, bool old)
{
    bool given = !isnan(c->smallest);
    bool two_values = !c->right.constant && !(c->times < 1) && !(c->times > 1);
    double smallest = given ? c->smallest : 0;

    if (!isnan(c->margin))
        return c->margin;
    if (!given && !old && two_values && lx_claim_of_losses(c))
        smallest = one_per_cent;
    return strict(c) == upwards(c) || !(smallest > 0) ? smallest : -smallest;
}

double lx_claim_inside(const struct lx_claim *c, double bound, double effect)
{
    if (c->op == LX_CLAIM_WITHIN)
        return bound - fabs(effect);
    return upwards(c) ? effect - bound : bound - effect;
}

bool lx_claim_on_side(const struct lx_claim *c, double bound, double effect)
{
    double d = lx_claim_inside(c, bound, effect);

    return strict(c) ? d > 0 : d >= 0;
}

enum lx_claim_verdict lx_claim_verdict_at(const struct lx_claim_result *r, double p)
{
    bool holds = lx_claim_on_side(r->claim, r->bound, r->view.effect);
    bool exact = !(r->view.high > r->view.low);

    if (r->both && lx_claim_on_side(r->claim, r->bound, r->other.effect) != holds)
        return LX_CLAIM_UNDECIDED;
    exact = exact && (!r->both || !(r->other.high > r->other.low));
    if (!exact && !(p < 0.05))
        return LX_CLAIM_UNDECIDED;
    return holds ? LX_CLAIM_HOLDS : LX_CLAIM_FAILS;
}

/* The sign-flip test that the differences lie below `bound` (sign 1) or above it (-1). */
static enum lx_code flip(const struct lx_contrast *x, double bound, double sign,
                         struct lx_arena *arena, double *p, struct lx_err *err)
{
    double *d;

    if (lx_arena_get(arena, x->paired + 1, sizeof(*d), &d, "claims", err))
        return err->code;
    for (size_t i = 0; i < x->paired; i++)
        d[i] = sign * (bound - x->seed[i]);
    *p = lx_sign_flip(d, x->paired);
    return LX_OK;
}

static enum lx_code flips(const struct lx_claim *c, double bound, const struct lx_contrast *x,
                          struct lx_arena *arena, double *p, struct lx_err *err)
{
    double other = 0;

    if (flip(x, bound, upwards(c) ? -1 : 1, arena, p, err) != LX_OK)
        return err->code;
    if (c->op != LX_CLAIM_WITHIN)
        return LX_OK;
    if (flip(x, -bound, -1, arena, &other, err) != LX_OK)
        return err->code;
    *p = fmax(*p, other);
    return LX_OK;
}

/* Text for a view that could not be worked out. */
static enum lx_code say(const char **why, const char *text, struct lx_err *err)
{
    *why = text;
    return text != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory for the claims");
}

static enum lx_code measure(const struct lx_court *k, const struct lx_claim *c, double bound,
                            const struct lx_contrast *x, struct lx_claim_view *v,
                            struct lx_err *err)
{
    double half = lx_crossed_half_width(&x->at, 0.05);
    double nearest = c->op == LX_CLAIM_WITHIN ? copysign(bound, x->at.effect) : bound;

    v->seeds = x->least;
    v->most = x->most;
    v->paired = x->paired;
    v->text = x->text;
    if (x->status != LX_ROW_OK)
        return say(
            &v->why,
            lx_arena_printf(k->arena, "seed %lld: %s", x->broken, lx_report_status_name(x->status)),
            err);
    v->effect = x->at.effect;
    v->low = x->at.effect - half;
    v->high = x->at.effect + half;
    v->p = lx_crossed_p(&x->at, nearest);
    for (size_t i = 0; i < x->paired; i++)
        v->agree += lx_claim_on_side(c, bound, x->seed[i]);
    if (x->least == 0)
        v->why = "no seed has all of it";
    else if (x->least == 1)
        v->why = x->most > 1 ? "one seed has all of it" : "one seed";
    return x->paired > 0 ? flips(c, bound, x, k->arena, &v->p_flip, err) : LX_OK;
}

/* One trained model: an encoding, a dataset, a training length. Places are shared out seed by seed among
 * all models, so that of places all is one. */
static int model_of(const struct lx_study *s, const struct lx_claim *c,
                    const struct lx_claim_found *found, int i)
{
    const struct lx_claim_found *a = &found[i];

    for (int j = 0; j < i; j++) {
        const struct lx_claim_found *b = &found[j];

        if (lx_claim_value_at(c, j) == NULL)
            continue;
        if (c->left.value.rank ||
            (s->series[a->series].encoding == s->series[b->series].encoding &&
             s->section[a->section].dataset == s->section[b->section].dataset &&
             s->section[a->section].train_length == s->section[b->section].train_length))
            return model_of(s, c, found, j);
    }
    return i;
}

/* What the right side takes away if it is a number. */
static double offset_of(const struct lx_claim *c)
{
    double number = c->right.number;

    if (!c->right.constant)
        return 0;
    return -c->times * (c->ratio && !c->left.has_minus ? log(number) : number);
}

static enum lx_code find_values(const struct lx_court *k, const struct lx_claim_result *r,
                                const char *mode, bool every, struct lx_claim_found *found,
                                struct lx_claim_view *v, size_t *dropped, struct lx_err *err)
{
    const struct lx_claim *c = r->claim;

    for (int i = 0; i < LX_CLAIM_VALUES && v->why[0] == '\0'; i++) {
        struct lx_claim_value value;

        if (lx_claim_value_at(c, i) == NULL)
            continue;
        value = *lx_claim_value_at(c, i);
        value.mode = every ? mode : value.mode;
        if (lx_claim_find(k->study, &value, r->dataset, r->train_length, mode, &c->gate, k->arena,
                          &found[i], err) != LX_OK)
            return err->code;
        v->why = found[i].why != NULL ? found[i].why : "";
        *dropped = found[i].dropped > *dropped ? found[i].dropped : *dropped;
    }
    return LX_OK;
}

double lx_claim_factor(const struct lx_claim *c, int value)
{
    static const double factor[LX_CLAIM_VALUES] = {1, -1, -1, 1};

    return factor[value] * (value < 2 ? 1 : c->times);
}

/* The claim in one view. mode: for values that name none, with `every` for all of them. */
static enum lx_code test_view(const struct lx_court *k, const struct lx_claim_result *r,
                              const char *mode, bool every, struct lx_claim_view *v,
                              size_t *dropped, struct lx_err *err)
{
    const struct lx_claim *c = r->claim;
    struct lx_claim_found found[LX_CLAIM_VALUES] = {{0}};
    struct lx_term term[LX_CLAIM_VALUES];
    struct lx_contrast x;
    const char *why;
    size_t n = 0;

    *v = (struct lx_claim_view){.mode = mode,
                                .effect = (double)NAN,
                                .low = (double)NAN,
                                .high = (double)NAN,
                                .p = (double)NAN,
                                .p_flip = (double)NAN,
                                .why = ""};
    if (find_values(k, r, mode, every, found, v, dropped, err) != LX_OK)
        return err->code;
    if (v->why[0] != '\0')
        return LX_OK;
    lx_claim_comparable_found(k->study, c, found, &why);
    if (why != NULL) {
        v->why = why;
        v->refused = true;
        return LX_OK;
    }
    for (int i = 0; i < LX_CLAIM_VALUES; i++)
        if (lx_claim_value_at(c, i) != NULL)
            term[n++] = (struct lx_term){.value = found[i].value,
                                         .n = found[i].n,
                                         .factor = lx_claim_factor(c, i),
                                         .model = model_of(k->study, c, found, i)};
    if (lx_contrast_make(term, n, offset_of(c), lx_claim_one_text(k->study, c, found), k->arena, &x,
                         err) != LX_OK)
        return err->code;
    return measure(k, c, r->bound, &x, v, err);
}

/* Whether a view has numbers, or would have them but for a seed that broke or is alone. */
static bool has_numbers(const struct lx_claim_view *v)
{
    return v->most > 0 || v->why[0] == '\0';
}

/* The mode that all values name; NULL: some name none, or they differ. */
static const char *named_mode(const struct lx_claim *c, bool *open)
{
    const char *mode = NULL;
    bool one = true;

    *open = false;
    for (int i = 0; i < LX_CLAIM_VALUES; i++) {
        const struct lx_claim_value *v = lx_claim_value_at(c, i);

        if (v == NULL)
            continue;
        *open |= v->mode == NULL;
        one = one && (mode == NULL || (v->mode != NULL && strcmp(mode, v->mode) == 0));
        mode = v->mode != NULL ? v->mode : mode;
    }
    return one && !*open ? mode : NULL;
}

/* How near a view without numbers came to having them. */
static int nearness(const struct lx_claim_view *v)
{
    if (strncmp(v->why, "no rows", 7) == 0)
        return 0;
    return strncmp(v->why, "no ", 3) == 0 ? 1 : 2;
}

/* The first of some modes that has numbers; of none, what the first that came close says. */
static enum lx_code first_view(const struct lx_court *k, struct lx_claim_result *r,
                               const char *const *mode, size_t n, size_t *dropped,
                               struct lx_err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct lx_claim_view v;

        if (test_view(k, r, mode[i], false, &v, dropped, err) != LX_OK)
            return err->code;
        if (i == 0 || has_numbers(&v) || nearness(&v) > nearness(&r->view))
            r->view = v;
        if (has_numbers(&v))
            return LX_OK;
    }
    return LX_OK;
}

/* Another view than that of r, to show beside it: the first that has numbers. */
static enum lx_code test_other(const struct lx_court *k, struct lx_claim_result *r,
                               struct lx_err *err)
{
    static const char *const modes[] = {last, nonoverlapping, sliding};
    size_t ignored = 0;

    for (int i = 0; i < 3; i++) {
        if (strcmp(modes[i], r->view.mode) == 0)
            continue;
        if (test_view(k, r, modes[i], true, &r->other, &ignored, err) != LX_OK)
            return err->code;
        if (has_numbers(&r->other))
            return LX_OK;
    }
    r->other.mode = NULL;
    return LX_OK;
}

/* A claim of losses that names no view is made for last and nonoverlapping, where both were evaluated. */
static enum lx_code test_both(const struct lx_court *k, struct lx_claim_result *r, size_t *dropped,
                              struct lx_err *err)
{
    static const char *const rest[] = {sliding, NULL};
    const char *first = k->old ? nonoverlapping : last;

    if (test_view(k, r, first, false, &r->view, dropped, err) ||
        test_view(k, r, k->old ? last : nonoverlapping, false, &r->other, dropped, err))
        return err->code;
    r->both = !k->old && has_numbers(&r->view) && has_numbers(&r->other);
    if (!has_numbers(&r->view) &&
        (has_numbers(&r->other) || nearness(&r->other) > nearness(&r->view)))
        r->view = r->other;
    if (!r->both)
        r->other.mode = NULL;
    if (!has_numbers(&r->view) && !r->view.refused &&
        first_view(k, r, rest, 2, dropped, err) != LX_OK)
        return err->code;
    if (r->both || r->view.mode == NULL || !has_numbers(&r->view))
        return LX_OK;
    return test_other(k, r, err);
}

static enum lx_code test_views(const struct lx_court *k, struct lx_claim_result *r, size_t *dropped,
                               struct lx_err *err)
{
    static const char *const now[] = {last, nonoverlapping, sliding, NULL};
    static const char *const then[] = {nonoverlapping, last, sliding, NULL};
    const char *mode;
    bool open;

    mode = named_mode(r->claim, &open);
    if (!lx_claim_of_losses(r->claim)) {
        if (first_view(k, r, k->old ? then : now, open ? 4 : 1, dropped, err) != LX_OK)
            return err->code;
        r->view.mode = NULL;
        return LX_OK;
    }
    if (mode != NULL)
        return test_view(k, r, mode, false, &r->view, dropped, err) || test_other(k, r, err)
                   ? err->code
                   : LX_OK;
    return open ? test_both(k, r, dropped, err) : first_view(k, r, &now[3], 1, dropped, err);
}

enum lx_code lx_claim_test(const struct lx_court *k, struct lx_claim_result *r, struct lx_err *err)
{
    const struct lx_claim *c = r->claim;
    size_t dropped = 0;
    double paper = c->ratio && !c->left.has_minus ? log(c->paper) : c->paper;

    r->bound = bound_of(c, k->old);
    r->other = (struct lx_claim_view){.why = ""};
    if (test_views(k, r, &dropped, err) != LX_OK)
        return err->code;
    r->p = r->both ? fmax(r->view.p, r->other.p) : r->view.p;
    if (r->both && (isnan(r->view.p) || isnan(r->other.p)))
        r->p = (double)NAN;
    r->paper_beyond = !isnan(paper) && !lx_claim_on_side(c, r->bound, paper);
    r->gated = "";
    if (!c->gate.given)
        return LX_OK;
    if (dropped > 0 &&
        say(&r->gated,
            lx_arena_printf(k->arena, "%zu %s%s had not learned", dropped,
                            c->left.value.over ? "training" : "seed", dropped == 1 ? "" : "s"),
            err) != LX_OK)
        return err->code;
    if (r->view.seeds < 3 && has_numbers(&r->view))
        r->view.why = "not learned: fewer than three seeds are left";
    if (r->view.why[0] != '\0')
        r->p = (double)NAN;
    return LX_OK;
}
