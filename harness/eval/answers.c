/* Evaluation mode `answers`: the sizes of a length, and its rows; see answers.h. */
#include "eval/answers.h"

#include <math.h>
#include <stdio.h>

#include "eval/answers_internal.h"
#include "stats/wilson.h"

enum { STOP_BATCH = 4096 };

static int size_at(const struct lx_example_ops *ops, const void *self, int train_length,
                   long long T)
{
    int shortest, longest, size;

    ops->sizes(self, train_length, &shortest, &longest);
    size = (int)(T * longest / train_length);
    return size < shortest ? shortest : size;
}

int lx_answers_sizes(const struct lx_eval_config *c, const struct lx_example_ops *ops,
                     const void *self, int train_length, int i, int *sizes)
{
    int last = size_at(ops, self, train_length, c->lengths[i]), n = 0;
    int before = i > 0 ? size_at(ops, self, train_length, c->lengths[i - 1]) : 0;

    for (int k = 1; k <= c->points; k++) {
        int shortest, longest;
        int size = before + (int)ceil((double)(last - before) * k / c->points);

        ops->sizes(self, train_length, &shortest, &longest);
        size = k == c->points ? last : size < shortest ? shortest : size;
        if (n == 0 || size > sizes[n - 1])
            sizes[n++] = size;
    }
    return n;
}

enum lx_code lx_answers_check(const struct lx_eval_config *c, const struct lx_example_ops *ops,
                              const void *self, int train_length, struct lx_err *err)
{
    if (ops->check(self, train_length, 0, err))
        return err->code;
    return ops->check(self, train_length,
                      size_at(ops, self, train_length, c->lengths[c->n_lengths - 1]), err);
}

double lx_answers_tokens(const struct lx_eval_config *c, int T)
{
    return (double)c->examples * c->points * T;
}

/* Guesses take as many numbers as there are logits. */
size_t lx_answers_bytes(const struct lx_model *m, const struct lx_eval_config *c, int T)
{
    int room = T > m->train_length ? T : m->train_length;
    struct lx_arena count = {.measure = true};
    struct lx_guess g = {.places = 0};
    struct lx_answers_set s;
    struct lx_err err;

    if (lx_answers_take(&s, m, c->examples, room, c->batch_tokens, c->attention, &count, &err) ||
        lx_guess_make(&g, NULL, 0, room, m->config.vocab, NULL, &count, &err))
        return 0;
    return count.used;
}

/* One number; NaN: there is none, and no row. */
static enum lx_code add(const struct lx_metric *blank, const char *metric, double value, double se,
                        struct lx_metrics *out, struct lx_err *err)
{
    struct lx_metric r = *blank;

    if (isnan(value))
        return LX_OK;
    r.metric = metric;
    r.value = value;
    r.stderr_value = se;
    return lx_metrics_add(out, &r, err);
}

static enum lx_code add_share(const struct lx_metric *blank, const char *metric, long long k,
                              long long n, struct lx_metrics *out, struct lx_err *err)
{
    if (n == 0)
        return LX_OK;
    return add(blank, metric, (double)k / (double)n, lx_wilson_error((double)k, (double)n), out,
               err);
}

static enum lx_code add_mean(const struct lx_metric *blank, const char *metric,
                             const struct lx_eval_mean *m, bool error, struct lx_metrics *out,
                             struct lx_err *err)
{
    double none = (double)NAN;

    if (m->n == 0)
        return LX_OK;
    return add(blank, metric, m->nll / (double)m->n, error ? lx_eval_mean_error(m) : none, out,
               err);
}

/* What was measured on examples of one size, or of all (size < 0). */
static enum lx_code add_rows(const struct lx_metric *from, int size,
                             const struct lx_answers_sums *s, struct lx_metrics *out,
                             struct lx_err *err)
{
    struct lx_metric blank = *from;
    double guessed = (double)s->guessed / (double)s->examples;

    blank.windows = s->examples;
    blank.tokens = s->nll.n;
    blank.position_lo = size;
    blank.position_hi = size < 0 ? -1 : size + 1;
    if (add_share(&blank, "exact_match", s->exact, s->examples, out, err) ||
        add_mean(&blank, "token_accuracy", &s->token, true, out, err) ||
        add_share(&blank, "end_accuracy", s->ended, s->ends, out, err) ||
        add_mean(&blank, "answer_nll", &s->nll, true, out, err) ||
        add(&blank, "exact_match_chance", guessed, (double)NAN, out, err) ||
        add_mean(&blank, "token_accuracy_chance", &s->guess_token, false, out, err))
        return err->code;
    return add_mean(&blank, "nll_chance", &s->guess_nll, false, out, err);
}

static enum lx_code add_bins(const struct lx_metric *from, const char *metric,
                             const struct lx_eval_mean *bin, struct lx_metrics *out,
                             struct lx_err *err)
{
    for (int b = 0; b < LX_EVAL_BINS - 1; b++) {
        struct lx_metric r = *from;

        r.position_lo = lx_eval_bin_start(b);
        r.position_hi = lx_eval_bin_start(b + 1);
        r.tokens = bin[b].n;
        r.windows = -1;
        if (add_mean(&r, metric, &bin[b], true, out, err))
            return err->code;
    }
    return LX_OK;
}

static void add_mean_to(struct lx_eval_mean *sum, const struct lx_eval_mean *m)
{
    sum->nll += m->nll;
    sum->square += m->square;
    sum->product += m->product;
    sum->n += m->n;
    sum->n_square += m->n_square;
    sum->windows += m->windows;
}

static void add_sums(struct lx_answers_sums *all, const struct lx_answers_sums *s)
{
    all->examples += s->examples;
    all->exact += s->exact;
    all->guessed += s->guessed;
    all->ends += s->ends;
    all->ended += s->ended;
    add_mean_to(&all->token, &s->token);
    add_mean_to(&all->nll, &s->nll);
    add_mean_to(&all->guess_token, &s->guess_token);
    add_mean_to(&all->guess_nll, &s->guess_nll);
}

/* What is asked of one length, and what it adds up to. */
struct run {
    const struct lx_answers_call *call;
    struct lx_answers_set set;
    struct lx_guess guess;
    struct lx_answers_sums sums[LX_ANSWERS_POINTS], all;
    struct lx_answers_places places;
    int size[LX_ANSWERS_POINTS], n_sizes;
};

static enum lx_code run_size(struct run *r, int i, struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_answers_call *c = r->call;
    enum lx_split split = (enum lx_split)c->c->split;
    struct lx_rng rng;
    char name[64];

    if (lx_guess_make(&r->guess, c->stream, r->size[i], r->set.room, c->m->config.vocab,
                      &r->set.item[0], arena, err))
        return err->code;
    (void)snprintf(name, sizeof(name), "tasks/%s/%d", lx_split_name(split), r->size[i]);
    lx_rng_init(&rng, c->stream->examples->seed(c->stream->self), name);
    lx_answers_draw(&r->set, c->stream, &rng, split, r->size[i]);
    if (!lx_answers_score(&r->set, c->m, &r->guess, c->seen, c->ctx, &r->sums[i], &r->places))
        return lx_fail(err, LX_EINTERRUPT, "evaluation: interrupted");
    add_sums(&r->all, &r->sums[i]);
    return LX_OK;
}

static enum lx_code add_all(const struct run *r, struct lx_metrics *out, struct lx_err *err)
{
    const struct lx_answers_call *c = r->call;

    for (int i = 0; i < r->n_sizes; i++)
        if (add_rows(&c->blank, r->size[i], &r->sums[i], out, err))
            return err->code;
    if (add_rows(&c->blank, -1, &r->all, out, err) ||
        add_bins(&c->blank, "accuracy_by_place", r->places.place, out, err) ||
        add_bins(&c->blank, "accuracy_by_reach", r->places.reach, out, err))
        return err->code;
    return r->set.stats == NULL
               ? LX_OK
               : lx_attention_stats_rows(r->set.stats, &c->blank, c->c->per_head, out, err);
}

static enum lx_code run_all(struct run *r, struct lx_arena *arena, struct lx_metrics *out,
                            bool *diverged, struct lx_err *err)
{
    const struct lx_answers_call *c = r->call;
    const struct lx_stream *s = c->stream;
    int room;

    r->n_sizes =
        lx_answers_sizes(c->c, s->examples, s->self, c->m->train_length, c->length, r->size);
    room = s->examples->tokens(s->self, r->size[r->n_sizes - 1]);
    if (lx_answers_take(&r->set, c->m, c->c->examples, room, c->c->batch_tokens, c->c->attention,
                        arena, err))
        return err->code;
    for (int i = 0; i < r->n_sizes; i++)
        if (run_size(r, i, arena, err))
            return err->code;
    *diverged = !isfinite(r->all.nll.nll);
    return *diverged ? LX_OK : add_all(r, out, err);
}

enum lx_code lx_answers_run(const struct lx_answers_call *call, struct lx_metrics *out,
                            bool *diverged, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct run *r;
    enum lx_code code = lx_arena_get(&arena, 1, sizeof(*r), &r, "answers", err);

    *diverged = false;
    if (code == LX_OK) {
        r->call = call;
        code = run_all(r, &arena, out, diverged, err);
    }
    lx_arena_free(&arena);
    return code;
}

enum lx_code lx_answers_status(const struct lx_metric *blank, const char *status,
                               struct lx_metrics *out, struct lx_err *err)
{
    static const char *const names[] = {"exact_match", "token_accuracy", "answer_nll"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct lx_metric r = *blank;

        r.metric = names[i];
        r.status = status;
        if (lx_metrics_add(out, &r, err))
            return err->code;
    }
    return LX_OK;
}

enum lx_code lx_answers_share(struct lx_model *m, const struct lx_stream *stream, int n,
                              uint64_t draw, double *share, struct lx_err *err)
{
    const struct lx_example_ops *ops = stream->examples;
    struct lx_answers_sums sums = {.examples = 0};
    struct lx_arena arena = {0};
    struct lx_answers_set s;
    int shortest, longest;
    struct lx_rng rng;
    enum lx_code code;

    ops->sizes(stream->self, m->train_length, &shortest, &longest);
    code = lx_answers_take(&s, m, n, ops->tokens(stream->self, longest), STOP_BATCH, false, &arena,
                           err);
    if (code == LX_OK) {
        lx_rng_init(&rng, ops->seed(stream->self) + draw, "tasks/stop");
        lx_answers_draw(&s, stream, &rng, LX_SPLIT_TRAIN, longest);
        (void)lx_answers_score(&s, m, NULL, NULL, NULL, &sums, NULL);
        *share = (double)sums.exact / n;
    }
    lx_arena_free(&arena);
    return code;
}
