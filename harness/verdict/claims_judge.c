/* Verdicts. p of a claim is that its effect is at the bound (claims_test.c); of two views the larger.
 *
 *     holds         the effect is on the claimed side of the bound and p < 0.05, for primary claims after
 *                   Holm over all of them: the interval, as wide as Holm asks for, lies wholly there
 *     fails         the same on the other side
 *     undecided     anything else, always with one seed, when a seed has no number, or when two views
 *                   disagree
 *     not testable  a premise is not met or cannot be read, an encoding of the claim is not trained, or its
 *                   sides cannot be compared
 *
 * `within` is two such tests, one for each bound, both of which must hold (Schuirmann 1987); it fails
 * if the effect lies beyond a bound. Where there is no spread at all the side decides, and the note says
 * so. The family of Holm is all primary claims that have a p, also those that turn out not testable: it
 * does not depend on what was found. */
#include <math.h>
#include <string.h>

#include "stats/stats.h"
#include "verdict/claims_internal.h"

/* Datasets and training lengths that the claim leaves open. */
static void find_open(const struct lx_claim *c, bool *dataset, bool *train_length)
{
    *dataset = *train_length = false;
    for (int i = 0; i < LX_CLAIM_VALUES; i++) {
        const struct lx_claim_value *v = lx_claim_value_at(c, i);

        *dataset |= v != NULL && v->dataset == NULL && !v->over;
        *train_length |= v != NULL && v->train_length == 0;
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
                                  .p = (double)NAN,
                                  .p_holm = (double)NAN,
                                  .verdict = LX_CLAIM_UNDECIDED,
                                  .note = "",
                                  .premise = "",
                                  .gated = "",
                                  .turns = "",
                                  .holds_at = "",
                                  .fails_at = ""};
    for (size_t k = 0; k < out->n; k++)
        if (out->item[k].claim == c && out->item[k].dataset == r->dataset &&
            out->item[k].train_length == r->train_length)
            return false;
    return true;
}

static bool is_primary(const struct lx_claim_result *r)
{
    return r->claim->role == LX_CLAIM_PRIMARY;
}

/* What to know of a decided or undecided claim, in a few words. */
static const char *note_of(const struct lx_claim_result *r)
{
    const struct lx_claim_view *broken = r->view.why[0] != '\0' ? &r->view : &r->other;
    enum lx_claim_verdict alone;

    if (broken->why[0] != '\0' && (broken == &r->view || r->both))
        return broken->why;
    if (isnan(r->p))
        return "";
    alone = lx_claim_verdict_at(r, r->p);
    if (r->verdict != LX_CLAIM_UNDECIDED && !(r->view.high > r->view.low))
        return r->view.effect == 0 ? "both sides are the same numbers"
                                   : "the seeds agree to the last digit";
    if (r->verdict != LX_CLAIM_UNDECIDED)
        return "";
    if (alone != LX_CLAIM_UNDECIDED)
        return "clear by itself, not after Holm";
    return lx_claim_verdict_at(r, 0) == LX_CLAIM_UNDECIDED ? "the two views disagree" : "";
}

/* Join the texts that are not empty. */
static enum lx_code join_notes(const char *const *text, size_t n, struct lx_arena *arena,
                               const char **out, struct lx_err *err)
{
    *out = "";
    for (size_t i = 0; i < n; i++)
        if (text[i][0] != '\0' &&
            lx_arena_format(arena, out, err, "%s%s%s", *out, (*out)[0] ? "; " : "", text[i]))
            return err->code;
    return LX_OK;
}

bool lx_claim_depends_on_rate(const struct lx_claim_result *r)
{
    return r->turns[0] != '\0' && (r->verdict == LX_CLAIM_HOLDS || r->verdict == LX_CLAIM_FAILS);
}

static enum lx_code decide(struct lx_claim_result *r, struct lx_arena *arena, struct lx_err *err)
{
    const char *seeds = "", *text[6];
    double p = is_primary(r) ? r->p_holm : r->p;

    r->verdict = isnan(r->p) ? LX_CLAIM_UNDECIDED : lx_claim_verdict_at(r, p);
    if (r->premise[0] != '\0' || r->view.refused)
        r->verdict = LX_CLAIM_NOT_TESTABLE;
    text[1] = r->premise[0] != '\0' ? "" : note_of(r);
    if (r->view.seeds > 1 && r->view.seeds < r->view.most &&
        lx_arena_format(arena, &seeds, err, "%zu of %zu seeds", r->view.seeds, r->view.most))
        return err->code;
    text[0] = r->premise;
    text[2] = r->gated;
    text[3] = seeds;
    text[4] = lx_claim_depends_on_rate(r) ? r->turns : "";
    text[5] = r->verdict == LX_CLAIM_HOLDS   ? r->fails_at
              : r->verdict == LX_CLAIM_FAILS ? r->holds_at
                                             : "";
    return join_notes(text, 6, arena, &r->note, err);
}

enum lx_code lx_claims_family(struct lx_claim_results *const *results, size_t n,
                              struct lx_arena *arena, struct lx_err *err)
{
    size_t all = 0, at = 0;
    double *p;

    for (size_t i = 0; i < n; i++)
        all += results[i]->n;
    if (lx_arena_get(arena, 2 * all + 1, sizeof(*p), &p, "claims", err))
        return err->code;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < results[i]->n; k++) {
            const struct lx_claim_result *r = &results[i]->item[k];

            p[at++] = is_primary(r) ? r->p : (double)NAN;
        }
    lx_holm(p, all, p + all);
    at = all;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < results[i]->n; k++) {
            results[i]->item[k].p_holm = p[at++];
            if (decide(&results[i]->item[k], arena, err) != LX_OK)
                return err->code;
        }
    return LX_OK;
}

enum lx_code lx_claims_judge(const struct lx_claims *c, const struct lx_study *s,
                             const struct lx_rate_places *rates, struct lx_arena *arena,
                             struct lx_claim_results *out, struct lx_err *err)
{
    const struct lx_court court = {s, rates, lx_study_old(s), arena};
    size_t most = c->n * s->n_sections;

    *out = (struct lx_claim_results){.old = court.old};
    if (most == 0)
        return LX_OK;
    if (lx_arena_get(arena, most, sizeof(*out->item), &out->item, "claims", err))
        return err->code;
    for (size_t i = 0; i < most; i++) {
        struct lx_claim_result *r = &out->item[out->n];

        if (!next_scope(&c->item[i / s->n_sections], s, i % s->n_sections, out, r))
            continue;
        if (lx_claim_test(&court, r, err) || lx_claim_turns(&court, r, err) ||
            lx_claim_elsewhere(&court, r, err))
            return err->code;
        out->n++;
    }
    if (lx_claims_family(&out, 1, arena, err) != LX_OK)
        return err->code;
    /* A premise is an earlier claim: each is settled before it is asked. */
    for (size_t i = 0; i < out->n; i++)
        if (lx_premises_check(&court, out, &out->item[i], &out->item[i].premise, err) ||
            decide(&out->item[i], arena, err))
            return err->code;
    return LX_OK;
}
