/* Shared by the files that read and judge claims; nobody else includes it. */
#ifndef LX_VERDICT_CLAIMS_INTERNAL_H
#define LX_VERDICT_CLAIMS_INTERNAL_H

#include "verdict/claims.h"

/* "PATH.KEY"; NULL with err set: out of memory. */
const char *lx_claim_path(struct lx_arena *arena, const char *path, const char *key,
                          struct lx_err *err);

/* A length above 0, in tokens or "2x". */
LX_MUST_CHECK
enum lx_code lx_claim_length(const struct lx_json *v, const char *path, struct lx_length *out,
                             struct lx_err *err);

/* Fill side->value and the rest from obj; side->path is set. base: what it leaves out is as there. */
LX_MUST_CHECK
enum lx_code lx_claim_side_read(const struct lx_json *obj, struct lx_claim_side *side,
                                const struct lx_claim_value *base, struct lx_arena *arena,
                                struct lx_err *err);

/* The sides, op and margin of obj into c, whose path is set. extra: keys that are read elsewhere. */
LX_MUST_CHECK
enum lx_code lx_comparison_read(const struct lx_json *obj, const char *const *extra,
                                struct lx_claim *c, struct lx_arena *arena, struct lx_err *err);

/* `premise` and `requires` of obj. earlier: the claims before this one. */
LX_MUST_CHECK
enum lx_code lx_premises_read(const struct lx_json *obj, struct lx_claim *c,
                              const struct lx_claims *earlier, struct lx_arena *arena,
                              struct lx_err *err);

/* Values a and b of the pair that is compared target by target: the two sides, or the two of a side (pair 0
 * and 1). False: there is no such pair. */
bool lx_claim_pairs(const struct lx_claim *c, int pair, int *a, int *b);

/* lx_claim_comparable for what was found, (LX_CLAIM_VALUES). */
void lx_claim_comparable_found(const struct lx_study *s, const struct lx_claim *c,
                               const struct lx_claim_found *found, const char **why);

/* Whether all values are of one view of the same targets, so that their blocks can be subtracted. */
bool lx_claim_one_text(const struct lx_study *s, const struct lx_claim *c,
                       const struct lx_claim_found *found);

/* What a claim is judged with. */
struct lx_court {
    const struct lx_study *study;
    const struct lx_rate_places *rates;
    bool old; /* the first protocol: its claims were of one view, and no effect was too small */
    struct lx_arena *arena;
};

/* Everything that one claim's own numbers tell in the scope of r: views, bound, p. */
LX_MUST_CHECK
enum lx_code lx_claim_test(const struct lx_court *k, struct lx_claim_result *r, struct lx_err *err);

/* "" or why the claim cannot be tested: the first of its premises that is not met. results: of the
 * claims before it. */
LX_MUST_CHECK
enum lx_code lx_premises_check(const struct lx_court *k, const struct lx_claim_results *results,
                               const struct lx_claim_result *r, const char **why,
                               struct lx_err *err);

/* "" or why the best rate of an encoding is not known to be its best. */
LX_MUST_CHECK
enum lx_code lx_claim_rate_inside(const struct lx_court *k, const char *encoding, const char **why,
                                  struct lx_err *err);

/* r->turns: "" or at which neighbour of a best rate the effect is on the other side of the bound. */
LX_MUST_CHECK
enum lx_code lx_claim_turns(const struct lx_court *k, struct lx_claim_result *r,
                            struct lx_err *err);

/* r->holds_at and r->fails_at: what the claim says at the other lengths of the study. */
LX_MUST_CHECK
enum lx_code lx_claim_elsewhere(const struct lx_court *k, struct lx_claim_result *r,
                                struct lx_err *err);

/* How a value goes into the effect: left 1, left.minus -1, right -times, right.minus times. */
double lx_claim_factor(const struct lx_claim *c, int value);

/* Whether an effect is on the claimed side: on the bound itself <= and >= hold, < and > do not. */
bool lx_claim_on_side(const struct lx_claim *c, double bound, double effect);

/* Distance from the nearest bound, above 0 on the claimed side; the side of an effect, and the verdict that
 * it gives at this p. */
double lx_claim_inside(const struct lx_claim *c, double bound, double effect);
enum lx_claim_verdict lx_claim_verdict_at(const struct lx_claim_result *r, double p);

#endif
