/* Whether the premises of a claim are met: what the study must show before the claim can be asked of it. */
#include <math.h>
#include <string.h>

#include "verdict/claims_internal.h"

static const double far_gain = 0.0198026272961797;           /* ln 1.02 */
static const double convergence_slack = 0.00995033085316808; /* ln 1.01 */

/* Keep a reason; NULL was out of memory. */
static enum lx_code say(const char **why, const char *text, struct lx_err *err)
{
    *why = text;
    return text != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory for the claims");
}

static int train_length_of(const struct lx_claim_value *v, const struct lx_claim_result *r)
{
    return v->train_length > 0 ? v->train_length : r->train_length;
}

static int dataset_of(const struct lx_court *k, const struct lx_claim_value *v,
                      const struct lx_claim_result *r)
{
    return v->dataset != NULL ? lx_intern_find(&k->study->rows.names, v->dataset) : r->dataset;
}

/* "a in last: undecided" and the like: what a comparison that did not hold says of itself. */
static const char *finding(const struct lx_claim_result *r, enum lx_claim_verdict verdict)
{
    if (r->view.why[0] != '\0')
        return r->view.why;
    return verdict == LX_CLAIM_FAILS ? "it fails" : "undecided";
}

/* Test c in the scope of r; *why: "" if it holds, with p multiplied by `tries`. */
static enum lx_code compare(const struct lx_court *k, const struct lx_claim *c,
                            const struct lx_claim_result *r, size_t tries, const char **why,
                            bool *refused, struct lx_err *err)
{
    struct lx_claim_result x = {
        .claim = c, .dataset = r->dataset, .train_length = r->train_length, .view = {.why = ""}};
    enum lx_claim_verdict verdict = LX_CLAIM_UNDECIDED;

    if (lx_claim_test(k, &x, err) != LX_OK)
        return err->code;
    if (!isnan(x.p))
        verdict = lx_claim_verdict_at(&x, x.p * (double)tries);
    *why = verdict == LX_CLAIM_HOLDS ? "" : finding(&x, verdict);
    *refused = x.view.refused;
    return LX_OK;
}

/* left - right <= margin in perplexities, each trained and read at lengths in tokens. */
struct lengths {
    int train, read;
};

static struct lx_claim losses(const struct lx_claim_value *like, const char *encoding,
                              const char *mode, struct lengths left, struct lengths right)
{
    struct lx_claim_value v = {.encoding = encoding,
                               .dataset = like->dataset,
                               .over = like->over,
                               .metric = "ppl",
                               .mode = mode,
                               .train_length = left.train,
                               .layer = -1,
                               .head = -1,
                               .length = {.number = left.read}};
    struct lx_claim c = {.path = "",
                         .id = "",
                         .metric = "ppl",
                         .ratio = true,
                         .op = LX_CLAIM_LE,
                         .role = LX_CLAIM_CONTROL,
                         .margin = (double)NAN,
                         .smallest = (double)NAN,
                         .times = 1,
                         .paper = (double)NAN,
                         .left = {.path = "", .value = v},
                         .right = {.path = "", .value = v}};

    c.right.value.train_length = right.train;
    c.right.value.length.number = right.read;
    return c;
}

static bool was_trained(const struct lx_court *k, size_t series, int dataset, int train_length)
{
    const struct lx_study *s = k->study;

    for (size_t i = 0; i < s->n_sections; i++)
        if (s->section[i].train_length == train_length &&
            (dataset < 0 || s->section[i].dataset == dataset) && lx_study_has(s, i, series))
            return true;
    return false;
}

/* Whether series k is an encoding, as trained, that the premise asks. */
static bool is_asked(const struct lx_court *k, size_t series, const char *encoding)
{
    const struct lx_series *x = &k->study->series[series];

    return x->variant == 0 &&
           (encoding == NULL ||
            lx_claim_names(lx_rows_name(&k->study->rows, x->encoding), encoding));
}

static enum lx_code check_far(const struct lx_court *k, const struct lx_premise *p,
                              const struct lx_claim_result *r, const char **why, struct lx_err *err)
{
    const struct lx_claim_value *v = &r->claim->left.value;
    int near = train_length_of(v, r), dataset = dataset_of(k, v, r), far = near;
    size_t tries = 0;

    for (int i = 0; i < LX_CLAIM_VALUES; i++) {
        const struct lx_claim_value *x = lx_claim_value_at(r->claim, i);

        if (x != NULL)
            far = (int)fmax(far, lx_length_tokens(&x->length, train_length_of(x, r)));
    }
    for (size_t i = 0; i < k->study->n_series; i++)
        tries += is_asked(k, i, p->encoding) && was_trained(k, i, dataset, far);
    if (far <= near)
        return say(why, "the claim reads nothing beyond its training length", err);
    if (tries == 0)
        return say(
            why, lx_arena_printf(k->arena, "cannot be read: nothing was trained at %d tokens", far),
            err);
    for (size_t i = 0; i < k->study->n_series; i++) {
        struct lx_claim c;
        bool refused;

        if (!is_asked(k, i, p->encoding) || !was_trained(k, i, dataset, far))
            continue;
        c = losses(v, lx_rows_name(&k->study->rows, k->study->series[i].encoding), "last",
                   (struct lengths){far, far}, (struct lengths){far, near});
        c.margin = -far_gain;
        if (compare(k, &c, r, tries, why, &refused, err) || (*why)[0] == '\0')
            return err->code;
    }
    return say(why,
               lx_arena_printf(k->arena,
                               "no scheme trained at %d tokens is shown to read the same targets "
                               "2%% better with %d tokens of context than with %d",
                               far, far, near),
               err);
}

/* The shorter of two training lengths, one twice the other, that show whether v has converged. */
static int shorter_training(const struct lx_court *k, const struct lx_claim_value *v,
                            const struct lx_claim_result *r)
{
    int L = train_length_of(v, r), dataset = dataset_of(k, v, r);
    bool longer = false, shorter = false;

    for (size_t i = 0; i < k->study->n_series; i++) {
        longer |= is_asked(k, i, v->encoding) && was_trained(k, i, dataset, 2 * L);
        shorter |= is_asked(k, i, v->encoding) && was_trained(k, i, dataset, L / 2);
    }
    return shorter && !longer && L % 2 == 0 ? L / 2 : L;
}

static enum lx_code check_converged(const struct lx_court *k, const struct lx_claim_value *v,
                                    const struct lx_claim_result *r, const char **why,
                                    struct lx_err *err)
{
    static const char *const modes[] = {"last", "sliding"};
    int L = shorter_training(k, v, r);
    bool refused = true;

    for (int m = 0; m < 2 && refused; m++) {
        struct lx_claim c = losses(v, v->encoding, modes[m], (struct lengths){2 * L, 2 * L},
                                   (struct lengths){L, L});
        const char *reason = "";

        c.smallest = convergence_slack;
        if (compare(k, &c, r, 1, &reason, &refused, err) != LX_OK)
            return err->code;
        if (m == 0 || !refused)
            *why = reason;
    }
    if ((*why)[0] == '\0')
        return LX_OK;
    return say(why,
               lx_arena_printf(k->arena,
                               "%s trained at %d tokens is not shown to read them as well as "
                               "trained at %d reads %d (%s)",
                               v->encoding, 2 * L, L, L, *why),
               err);
}

/* What a series is not, as a reason; NULL: it is sound. */
static const char *unsound(const struct lx_study *s, size_t section, size_t series)
{
    if (lx_study_untrained(s, section, series))
        return "is no better than the table of byte pairs: not trained";
    if (lx_study_ahead(s, section, series))
        return "is better than the source of the text allows: it must see its targets";
    return NULL;
}

static enum lx_code check_trained(const struct lx_court *k, const struct lx_claim_value *v,
                                  const struct lx_claim_result *r, const char **why,
                                  struct lx_err *err)
{
    const struct lx_study *s = k->study;
    int dataset = dataset_of(k, v, r), L = train_length_of(v, r);

    for (size_t i = 0; i < s->n_sections; i++)
        for (size_t j = 0; j < s->n_series; j++) {
            const char *reason;

            if (s->section[i].train_length != L || !is_asked(k, j, v->encoding) ||
                (dataset >= 0 && s->section[i].dataset != dataset))
                continue;
            reason = unsound(s, i, j);
            if (reason != NULL)
                return say(why,
                           lx_arena_printf(k->arena, "%s %s",
                                           lx_rows_name(&s->rows, s->series[j].encoding), reason),
                           err);
        }
    return LX_OK;
}

static enum lx_code check_value(const struct lx_court *k, int kind, const struct lx_claim_value *v,
                                const struct lx_claim_result *r, const char **why,
                                struct lx_err *err)
{
    if (kind == LX_PREMISE_CONVERGED)
        return check_converged(k, v, r, why, err);
    if (kind == LX_PREMISE_RATE_INSIDE)
        return lx_claim_rate_inside(k, v->encoding, why, err);
    return check_trained(k, v, r, why, err);
}

/* A premise about encodings, for the one that it names or all of the claim. */
static enum lx_code check_each(const struct lx_court *k, int kind, const char *encoding,
                               const struct lx_claim_result *r, const char **why,
                               struct lx_err *err)
{
    for (int i = 0; i < LX_CLAIM_VALUES && (*why)[0] == '\0'; i++) {
        struct lx_claim_value v;

        if (lx_claim_value_at(r->claim, i) == NULL)
            continue;
        v = *lx_claim_value_at(r->claim, i);
        v.encoding = encoding != NULL ? encoding : v.encoding;
        if (check_value(k, kind, &v, r, why, err) != LX_OK)
            return err->code;
    }
    return LX_OK;
}

/* The verdict on an earlier claim, in this scope or where it has just one. */
static enum lx_code check_claim(const struct lx_court *k, const struct lx_premise *p,
                                const struct lx_claim_results *results,
                                const struct lx_claim_result *r, const char **why,
                                struct lx_err *err)
{
    static const char *const words[] = {"holds", "it fails", "it is undecided",
                                        "it is not testable"};

    const struct lx_claim_value *left = &r->claim->left.value;
    int dataset = dataset_of(k, left, r), train_length = train_length_of(left, r);

    for (size_t i = 0; i < results->n; i++) {
        const struct lx_claim_result *x = &results->item[i];

        if (x->claim != p->claim || (x->dataset >= 0 && x->dataset != dataset) ||
            (x->train_length >= 0 && x->train_length != train_length))
            continue;
        if (x->verdict != LX_CLAIM_HOLDS)
            return say(why, words[x->verdict], err);
        return LX_OK;
    }
    return say(why, "it was not judged for this dataset and training length", err);
}

static enum lx_code check_one(const struct lx_court *k, const struct lx_premise *p,
                              const struct lx_claim_results *results,
                              const struct lx_claim_result *r, const char **why, struct lx_err *err)
{
    bool refused;

    switch ((enum lx_premise_kind)p->kind) {
    case LX_PREMISE_CLAIM:
        return check_claim(k, p, results, r, why, err);
    case LX_PREMISE_COMPARISON:
        return compare(k, p->claim, r, 1, why, &refused, err);
    case LX_PREMISE_FAR_CONTEXT:
        return check_far(k, p, r, why, err);
    case LX_PREMISE_CONVERGED:
    case LX_PREMISE_RATE_INSIDE:
    case LX_PREMISE_TRAINED:
        break;
    }
    return check_each(k, p->kind, p->encoding, r, why, err);
}

enum lx_code lx_premises_check(const struct lx_court *k, const struct lx_claim_results *results,
                               const struct lx_claim_result *r, const char **why,
                               struct lx_err *err)
{
    const struct lx_claim *c = r->claim;

    *why = "";
    if (c->role != LX_CLAIM_CONTROL &&
        check_each(k, LX_PREMISE_TRAINED, NULL, r, why, err) != LX_OK)
        return err->code;
    if ((*why)[0] != '\0')
        return LX_OK;
    for (size_t i = 0; i < c->n_premises; i++) {
        if (check_one(k, &c->premise[i], results, r, why, err) != LX_OK)
            return err->code;
        if ((*why)[0] != '\0')
            return say(why, lx_arena_printf(k->arena, "premise %s: %s", c->premise[i].name, *why),
                       err);
    }
    return LX_OK;
}
