/* What a guess has that knows the format and nothing of the example: at each place of the answer the
 * token that is most frequent there, over draws of the training split at that size. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/answers_internal.h"

enum { DRAWS = 4096 };

static void count_example(struct lx_guess *g, const struct lx_example *x)
{
    int place = 0;

    for (int i = 0; i < x->n; i++)
        if (x->targets[i] != LX_UNSCORED) {
            g->count[place * g->vocab + x->targets[i]]++;
            g->total[place++]++;
        }
}

enum lx_code lx_guess_make(struct lx_guess *g, const struct lx_stream *stream, int size, int room,
                           int vocab, struct lx_example *scratch, struct lx_arena *arena,
                           struct lx_err *err)
{
    size_t n = (size_t)room * (size_t)vocab;
    struct lx_rng rng;
    char name[48];

    if (g->count == NULL &&
        (lx_arena_get(arena, n, sizeof(*g->count), &g->count, "guesses", err) ||
         lx_arena_get(arena, (size_t)room, sizeof(*g->best), &g->best, "guesses", err) ||
         lx_arena_get(arena, (size_t)room, sizeof(*g->total), &g->total, "guesses", err)))
        return err->code;
    g->places = room;
    g->vocab = vocab;
    if (arena->measure)
        return LX_OK;
    memset(g->count, 0, n * sizeof(*g->count));
    memset(g->total, 0, (size_t)room * sizeof(*g->total));
    (void)snprintf(name, sizeof(name), "tasks/guess/%d", size);
    lx_rng_init(&rng, stream->examples->seed(stream->self), name);
    for (int k = 0; k < DRAWS; k++) {
        stream->examples->draw(stream->self, &rng, LX_SPLIT_TRAIN, size, scratch);
        count_example(g, scratch);
    }
    for (int p = 0; p < room; p++) {
        const int *row = g->count + (size_t)p * (size_t)vocab;

        g->best[p] = 0;
        for (int t = 1; t < vocab; t++)
            g->best[p] = row[t] > row[g->best[p]] ? (uint16_t)t : g->best[p];
    }
    return LX_OK;
}

/* Half a count for every token, so that what was never drawn costs something finite. */
void lx_guess_add(const struct lx_guess *g, const struct lx_example *x,
                  struct lx_answers_sums *sums)
{
    int place = 0, right = 0, tokens = 0;
    bool exact = true;
    double nll = 0;

    for (int i = 0; i < x->n; i++) {
        bool end = x->ends && i == x->n - 1, hit;

        if (x->targets[i] == LX_UNSCORED)
            continue;
        hit = g->best[place] == x->targets[i];
        exact &= hit;
        tokens += !end;
        right += hit && !end;
        nll -= log((g->count[place * g->vocab + x->targets[i]] + 0.5) /
                   (g->total[place] + 0.5 * g->vocab));
        place++;
    }
    sums->guessed += exact;
    lx_eval_mean_add(&sums->guess_token, right, tokens);
    lx_eval_mean_add(&sums->guess_nll, nll, place);
}
