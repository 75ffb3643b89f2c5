/* From terms to arms, and from arms to an interval; see contrast.h. */
#include "study/contrast.h"

#include <math.h>

#include "study/blocks.h"

static enum lx_code no_memory(struct lx_err *err)
{
    return lx_fail(err, LX_ENOMEM, "out of memory for contrasts");
}

static struct lx_crossed unknown(void)
{
    double nan = (double)NAN;

    return (struct lx_crossed){nan, nan, nan, nan, nan};
}

static const struct lx_seed_value *at_seed(const struct lx_term *t, long long seed)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->value[i].seed == seed)
            return &t->value[i];
    return NULL;
}

/* An arm is opened by the first term of its model. */
static bool opens_arm(const struct lx_term *term, size_t k)
{
    for (size_t i = 0; i < k; i++)
        if (term[i].model == term[k].model)
            return false;
    return true;
}

/* Blocks that every value has; 1 where they are not all known. */
static size_t common_blocks(const struct lx_term *term, size_t n)
{
    size_t blocks = 0;

    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < term[k].n; i++) {
            const struct lx_seed_value *v = &term[k].value[i];

            if (v->share == NULL || (blocks > 0 && v->blocks != blocks))
                return 1;
            blocks = v->blocks;
        }
    return blocks > 0 ? blocks : 1;
}

/* The terms of one model at one seed, summed into y (blocks); false if a term lacks the seed. */
static bool sum_at(const struct lx_term *term, size_t n, int model, long long seed, size_t blocks,
                   double *y)
{
    for (size_t b = 0; b < blocks; b++)
        y[b] = 0;
    for (size_t k = 0; k < n; k++) {
        const struct lx_seed_value *v;

        if (term[k].model != model)
            continue;
        v = at_seed(&term[k], seed);
        if (v == NULL)
            return false;
        for (size_t b = 0; b < blocks; b++)
            y[b] += term[k].factor * (blocks > 1 ? v->share[b] : v->value);
    }
    return true;
}

/* The arm of the model of term k; *seed names its rows, for pairing. */
static enum lx_code make_arm(const struct lx_term *term, size_t n, size_t k, size_t blocks,
                             struct lx_arena *arena, struct lx_crossed_arm *arm, long long **seed,
                             struct lx_err *err)
{
    double *y;

    if (lx_arena_get(arena, (term[k].n + 1) * blocks, sizeof(*y), &y, "contrasts", err) ||
        lx_arena_get(arena, term[k].n + 1, sizeof(**seed), seed, "contrasts", err))
        return err->code;
    *arm = (struct lx_crossed_arm){.y = y};
    for (size_t i = 0; i < term[k].n; i++)
        if (sum_at(term, n, term[k].model, term[k].value[i].seed, blocks, y + arm->seeds * blocks))
            (*seed)[arm->seeds++] = term[k].value[i].seed;
    return LX_OK;
}

static bool find_broken(const struct lx_term *term, size_t n, struct lx_contrast *out)
{
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < term[k].n; i++)
            if (term[k].value[i].status != LX_ROW_OK && out->status == LX_ROW_OK) {
                out->status = term[k].value[i].status;
                out->broken = term[k].value[i].seed;
            }
    return out->status != LX_ROW_OK;
}

/* Sums over all terms for the seeds that every term has. */
static void pair(const struct lx_term *term, size_t n, double offset, struct lx_contrast *out)
{
    for (size_t i = 0; i < term[0].n; i++) {
        double sum = offset;
        size_t found = 0;

        for (size_t k = 0; k < n; k++) {
            const struct lx_seed_value *v = at_seed(&term[k], term[0].value[i].seed);

            found += v != NULL;
            sum += v != NULL ? term[k].factor * v->value : 0;
        }
        if (found == n)
            out->seed[out->paired++] = sum;
    }
}

enum lx_code lx_contrast_make(const struct lx_term *term, size_t n, double offset, bool by_block,
                              struct lx_arena *arena, struct lx_contrast *out, struct lx_err *err)
{
    size_t blocks = by_block ? common_blocks(term, n) : 1, arms = 0;
    struct lx_crossed_arm *arm;
    long long *seed;

    *out = (struct lx_contrast){.status = LX_ROW_OK, .at = unknown()};
    if (find_broken(term, n, out))
        return LX_OK;
    if (lx_arena_get(arena, n, sizeof(*arm), &arm, "contrasts", err) ||
        lx_arena_get(arena, term[0].n + 1, sizeof(*out->seed), &out->seed, "contrasts", err))
        return err->code;
    for (size_t k = 0; k < n; k++) {
        if (!opens_arm(term, k))
            continue;
        if (make_arm(term, n, k, blocks, arena, &arm[arms], &seed, err) != LX_OK)
            return err->code;
        out->least = arms == 0 || arm[arms].seeds < out->least ? arm[arms].seeds : out->least;
        out->most = arm[arms].seeds > out->most ? arm[arms].seeds : out->most;
        arms++;
    }
    pair(term, n, offset, out);
    if (out->least == 0)
        return LX_OK;
    lx_crossed_estimate(arm, arms, blocks, &out->at);
    out->at.effect += offset;
    out->text = !isnan(out->at.text_var);
    return LX_OK;
}

enum lx_code lx_group_values(const struct lx_study *s, const struct lx_group *g,
                             struct lx_arena *arena, struct lx_seed_value **out, struct lx_err *err)
{
    bool ppl = g->metric == s->ppl, overall = g->layer < 0 && g->head < 0 && g->lo < 0;

    *out = lx_arena_take(arena, (size_t)g->n, sizeof(**out));
    if (*out == NULL)
        return no_memory(err);
    for (int i = 0; i < g->n; i++) {
        const struct lx_row *r = &s->rows.row[g->first + (size_t)i];
        const struct lx_blocks *b = NULL;

        if (overall && (ppl || g->metric == s->nll))
            b = lx_blocks_of(&s->blocks, r);
        (*out)[i] = (struct lx_seed_value){.seed = r->seed,
                                           .value = r->status != LX_ROW_OK ? (double)NAN
                                                    : ppl                  ? log(r->value)
                                                                           : r->value,
                                           .status = r->status,
                                           .share = b != NULL ? b->y : NULL,
                                           .blocks = b != NULL ? b->n : 0};
    }
    return LX_OK;
}

/* Of one group its value, of two the difference; unknown where one is NULL. */
static enum lx_code contrast_of(const struct lx_study *s, const struct lx_group *const *group,
                                size_t n, struct lx_arena *arena, struct lx_contrast *x,
                                struct lx_err *err)
{
    struct lx_term term[2];

    *x = (struct lx_contrast){.at = unknown()};
    for (size_t i = 0; i < n; i++) {
        struct lx_seed_value *value;

        if (group[i] == NULL)
            return LX_OK;
        if (lx_group_values(s, group[i], arena, &value, err) != LX_OK)
            return err->code;
        /* what one training says at two lengths, or read in two ways, is of one model */
        term[i] = (struct lx_term){.value = value,
                                   .n = (size_t)group[i]->n,
                                   .factor = i == 0 ? 1 : -1,
                                   .model = s->series[group[i]->series].encoding};
    }
    return lx_contrast_make(term, n, 0, true, arena, x, err);
}

/* Its 95% interval. */
static enum lx_code interval_of(const struct lx_study *s, const struct lx_group *const *group,
                                size_t n, struct lx_interval *out, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_contrast x;
    enum lx_code code = contrast_of(s, group, n, &arena, &x, err);
    double half = lx_crossed_half_width(&x.at, 0.05);

    *out = (struct lx_interval){x.at.effect - half, x.at.effect + half, x.text};
    lx_arena_free(&arena);
    return code;
}

enum lx_code lx_group_interval(const struct lx_study *s, const struct lx_group *g, bool ratio,
                               struct lx_interval *out, struct lx_err *err)
{
    int base = s->section[g->section].train_length;
    const struct lx_group *group[2] = {
        g, lx_study_find(s, (size_t)g->section, (size_t)g->series, g->metric, base)};

    if (interval_of(s, group, ratio ? 2 : 1, out, err))
        return err->code;
    if (g->metric == s->ppl) {
        out->low = exp(out->low);
        out->high = exp(out->high);
    }
    return LX_OK;
}

enum lx_code lx_groups_differ(const struct lx_study *s, const struct lx_group *a,
                              const struct lx_group *b, bool *differ, struct lx_err *err)
{
    const struct lx_group *group[2] = {a, b};
    struct lx_interval x;
    enum lx_code code = interval_of(s, group, 2, &x, err);

    *differ = x.low > 0 || x.high < 0;
    return code;
}
