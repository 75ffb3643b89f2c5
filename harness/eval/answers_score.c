/* Examples through the model, and what they add up to; see answers.h. */
#include <string.h>

#include "eval/answers_internal.h"
#include "eval/given.h"

enum { MOST_BATCH = 64 };

enum lx_code lx_answers_take(struct lx_answers_set *s, const struct lx_model *m, int n, int room,
                             int batch_tokens, bool attention, struct lx_arena *arena,
                             struct lx_err *err)
{
    size_t tokens;

    *s = (struct lx_answers_set){.n = n, .room = room, .B = batch_tokens / room};
    s->B = s->B < 1 ? 1 : s->B > MOST_BATCH ? MOST_BATCH : s->B;
    tokens = 3 * (size_t)n * (size_t)room;
    if (lx_arena_get(arena, (size_t)n, sizeof(*s->item), &s->item, "examples", err) ||
        lx_arena_get(arena, tokens, sizeof(*s->inputs), &s->inputs, "examples", err) ||
        lx_arena_get(arena, (size_t)s->B * (size_t)room, sizeof(*s->batch), &s->batch, "examples",
                     err) ||
        lx_arena_get(arena, (size_t)room * (size_t)m->config.vocab, sizeof(real), &s->logits,
                     "logits of answers", err) ||
        lx_work_init(&s->work, m, s->B, room, false, arena, err))
        return err->code;
    if (arena->measure) {
        arena->used += attention ? lx_attention_stats_bytes(m, s->B, room) : 0;
        return LX_OK;
    }
    for (int k = 0; k < n; k++) {
        uint16_t *at = s->inputs + 3 * (size_t)k * (size_t)room;

        s->item[k] =
            (struct lx_example){.inputs = at, .targets = at + room, .reach = at + 2 * room};
    }
    return attention ? lx_attention_stats_init(&s->stats, m, s->B, room, arena, err) : LX_OK;
}

void lx_answers_draw(struct lx_answers_set *s, const struct lx_stream *stream, struct lx_rng *rng,
                     enum lx_split split, int size)
{
    for (int k = 0; k < s->n; k++)
        stream->examples->draw(stream->self, rng, split, size, &s->item[k]);
}

/* The answer of one example from its rows of a pass. */
static void score_example(struct lx_answers_set *s, struct lx_model *m, int row,
                          const struct lx_example *x, struct lx_answers_sums *sums,
                          struct lx_answers_places *places)
{
    size_t V = (size_t)m->config.vocab;
    int first = 0, place = 0, right = 0, tokens = 0;
    bool exact = true;
    double nll = 0;

    while (first < x->n && x->targets[first] == LX_UNSCORED)
        first++;
    lx_model_logits(m, s->work, row + first, x->n - first, s->logits);
    for (int i = first; i < x->n; i++) {
        bool end = x->ends && i == x->n - 1, hit;
        double one;

        if (x->targets[i] == LX_UNSCORED)
            continue;
        hit = lx_given(s->logits + (size_t)(i - first) * V, (int)V, x->targets[i], &one);
        nll += one;
        exact &= hit;
        tokens += !end;
        right += hit && !end;
        sums->ended += hit && end;
        if (places != NULL && !end) {
            lx_eval_mean_add(&places->place[lx_eval_bin(place)], hit, 1);
            lx_eval_mean_add(&places->reach[lx_eval_bin(x->reach[i])], hit, 1);
        }
        place++;
    }
    sums->examples++;
    sums->exact += exact;
    sums->ends += x->ends;
    lx_eval_mean_add(&sums->token, right, tokens);
    lx_eval_mean_add(&sums->nll, nll, place);
}

/* B examples of equally many inputs. */
static void pass(struct lx_answers_set *s, struct lx_model *m, struct lx_example *const *x, int B,
                 struct lx_answers_sums *sums, struct lx_answers_places *places)
{
    size_t T = (size_t)x[0]->n;
    struct lx_observe ob;

    for (size_t b = 0; b < (size_t)B; b++)
        memcpy(s->batch + b * T, x[b]->inputs, T * sizeof(*s->batch));
    if (s->stats != NULL)
        ob = lx_attention_stats_observe(s->stats);
    lx_model_forward(m, s->work, s->batch, B, (int)T, s->stats != NULL ? &ob : NULL);
    for (int b = 0; b < B; b++) {
        score_example(s, m, b * (int)T, x[b], sums, places);
        if (s->stats != NULL)
            lx_attention_stats_add(s->stats, m, b, (int)T, 0);
    }
}

bool lx_answers_score(struct lx_answers_set *s, struct lx_model *m, const struct lx_guess *guess,
                      bool (*seen)(void *ctx, double tokens), void *ctx,
                      struct lx_answers_sums *sums, struct lx_answers_places *places)
{
    struct lx_example *batch[MOST_BATCH];
    int done = 0;

    for (int T = 1; T <= s->room && done < s->n; T++) {
        int filled = 0;

        for (int k = 0; k <= s->n; k++) {
            bool last = k == s->n;

            if (filled > 0 && (last || filled == s->B)) {
                pass(s, m, batch, filled, sums, places);
                done += filled;
                if (seen != NULL && !seen(ctx, (double)filled * T))
                    return false;
                filled = 0;
            }
            if (!last && s->item[k].n == T)
                batch[filled++] = &s->item[k];
        }
    }
    for (int k = 0; guess != NULL && k < s->n; k++)
        lx_guess_add(guess, &s->item[k], sums);
    return true;
}
