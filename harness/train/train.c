/* The training loop; see train.h. */
#include "train/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/adamw.h"

struct run {
    uint64_t seed;
    struct lx_model *m;
    const struct lx_train_config *c;
    const struct lx_stream *stream;
    struct lx_work *work;
    struct lx_adamw_state adam;
    struct lx_train_state s; /* its data stream is the same for every scheme */
    int B, T;
    uint16_t *tokens, *targets; /* (B, T) */
    double *nll;                /* (B, T) */
    struct lx_example room;     /* where examples are made                                 */
    real *weight;               /* (B, T) 1 / (scored targets), or 0; NULL: all are scored */
    unsigned char *hidden;      /* (T) of a sequence: masked tokens                        */
};

static bool masked(const struct run *r)
{
    return r->c->masking.objective == LX_OBJECTIVE_MASKED;
}

/* Numbers of a stream's windows, or of a dataset's examples, come from the cell's seed. */
static void seed_data(struct run *r, uint64_t seed)
{
    const struct lx_stream *s = r->stream;
    char name[64] = "data/train";

    if (s != NULL && s->examples != NULL)
        (void)snprintf(name, sizeof(name), "tasks/train/%llu",
                       (unsigned long long)s->examples->seed(s->self));
    lx_rng_init(&r->s.data, seed, name);
}

static enum lx_code take_room(struct run *r, struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_stream *s = r->stream;
    int shortest, longest;
    size_t n;

    if (masked(r))
        return lx_arena_get(arena, (size_t)r->T, 1, &r->hidden, "training batch", err)
                   ? err->code
                   : lx_arena_get(arena, (size_t)r->c->batch_tokens, sizeof(real), &r->weight,
                                  "training batch", err);
    if (s == NULL || s->examples == NULL)
        return LX_OK;
    s->examples->sizes(s->self, r->T, &shortest, &longest);
    n = (size_t)s->examples->tokens(s->self, longest);
    if (lx_arena_get(arena, n, sizeof(uint16_t), &r->room.inputs, "training batch", err) ||
        lx_arena_get(arena, n, sizeof(uint16_t), &r->room.targets, "training batch", err) ||
        lx_arena_get(arena, n, sizeof(uint16_t), &r->room.reach, "training batch", err))
        return err->code;
    return lx_arena_get(arena, (size_t)r->c->batch_tokens, sizeof(real), &r->weight,
                        "training batch", err);
}

static enum lx_code setup(struct run *r, uint64_t seed, struct lx_arena *arena, struct lx_err *err)
{
    size_t n = (size_t)r->c->batch_tokens;

    r->T = r->c->length;
    r->B = r->c->batch_tokens / r->T;
    seed_data(r, seed);
    if (take_room(r, arena, err) || lx_adamw_init(&r->adam, &r->m->params, arena, err) ||
        lx_arena_get(arena, n, sizeof(*r->tokens), &r->tokens, "training batch", err) ||
        lx_arena_get(arena, n, sizeof(*r->targets), &r->targets, "training batch", err) ||
        lx_arena_get(arena, n, sizeof(*r->nll), &r->nll, "training batch", err))
        return err->code;
    return lx_work_init(&r->work, r->m, r->B, r->T, true, arena, err);
}

size_t lx_train_bytes(const struct lx_model *m, const struct lx_train_config *c)
{
    struct lx_arena count = {.measure = true};
    struct lx_model copy = *m; /* setup only reads it */
    struct run r = {.m = &copy, .c = c};
    struct lx_err err;

    if (setup(&r, 0, &count, &err))
        return 0;
    return count.used;
}

/* B windows of examples; what is not scored has weight 0, whatever its target. */
static void draw_examples(struct run *r)
{
    const struct lx_stream *s = r->stream;
    double progress = (double)r->s.step / r->c->steps;
    size_t n = (size_t)r->c->batch_tokens, T = (size_t)r->T, scored = 0;

    for (size_t b = 0; b < (size_t)r->B; b++)
        s->examples->window(s->self, &r->s.data, progress, r->T, &r->room, r->tokens + b * T,
                            r->targets + b * T);
    for (size_t i = 0; i < n; i++)
        scored += r->targets[i] != LX_UNSCORED;
    for (size_t i = 0; i < n; i++) {
        bool counts = r->targets[i] != LX_UNSCORED;

        r->weight[i] = counts ? (real)(1.0 / (double)scored) : 0;
        r->targets[i] = counts ? r->targets[i] : 0;
    }
}

/* B windows of T + 1 tokens, each starting anywhere in the stream with equal chance. */
static void draw_windows(struct run *r)
{
    size_t T = (size_t)r->T;

    for (size_t b = 0; b < (size_t)r->B; b++) {
        size_t at = (size_t)lx_rng_below(&r->s.data, r->stream->n - T);

        memcpy(r->tokens + b * T, r->stream->tokens + at, T * sizeof(*r->tokens));
        memcpy(r->targets + b * T, r->stream->tokens + at + 1, T * sizeof(*r->targets));
    }
}

/* The tokens of the windows, of which each sequence hides some by a draw of its own. */
static void hide_some(struct run *r)
{
    size_t n = (size_t)r->c->batch_tokens, T = (size_t)r->T, scored = 0;

    memcpy(r->tokens, r->targets, n * sizeof(*r->tokens));
    for (size_t b = 0; b < (size_t)r->B; b++) {
        struct lx_rng rng;
        char stream[64];

        (void)snprintf(stream, sizeof(stream), "mask/%d/%zu", r->s.step, b);
        lx_rng_init(&rng, r->seed, stream);
        lx_masking_draw(&r->c->masking, &rng, r->T, r->hidden);
        lx_masking_apply(r->T, r->hidden, (uint16_t)(r->m->config.vocab - 1), r->tokens + b * T);
        for (size_t t = 0; t < T; t++)
            r->weight[b * T + t] = r->hidden[t];
        for (size_t t = 0; t < T; t++)
            scored += r->hidden[t];
    }
    for (size_t i = 0; i < n; i++)
        r->weight[i] /= (real)scored;
}

static void draw_batch(struct run *r)
{
    if (r->stream->examples != NULL)
        draw_examples(r);
    else
        draw_windows(r);
    if (masked(r))
        hide_some(r);
}

/* Mean NLL of the targets that are scored. */
static double mean_nll(const struct run *r)
{
    size_t n = (size_t)r->c->batch_tokens, scored = 0;
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        if (r->weight == NULL || r->weight[i] > 0) {
            sum += r->nll[i];
            scored++;
        }
    return sum / (double)scored;
}

/* Forward and backward; returns the mean NLL, gradients in the parameter set. */
static double gradient(struct run *r)
{
    struct lx_paramset *ps = &r->m->params;

    memset(ps->g, 0, ps->n_values * sizeof(*ps->g));
    r->m->draw = (struct lx_enc_draw){.training = true, .seed = r->seed, .step = r->s.step};
    r->m->stack.progress = (double)r->s.step / r->c->steps;
    lx_model_forward(r->m, r->work, r->tokens, r->B, r->T, NULL);
    lx_model_loss(r->m, r->work, r->tokens, r->targets, r->nll, r->weight, true);
    r->m->draw = (struct lx_enc_draw){0};
    r->m->stack.progress = 1;
    return mean_nll(r);
}

/* last: no step follows. */
static bool report(struct run *r, const struct lx_train_watch *watch, double loss, bool last)
{
    struct lx_train_state *s = &r->s;
    struct lx_train_row row;

    if (watch == NULL || watch->seen == NULL)
        return true;
    if (s->tallied < r->c->log_every && !last && isfinite(loss))
        return watch->seen(watch->ctx, s->step, loss, NULL);
    row.step = s->step;
    row.tokens = (long long)s->step * r->c->batch_tokens;
    row.lr = lx_train_lr(r->c, s->step - 1);
    row.train_nll = s->nll / s->tallied;
    row.grad_norm = isfinite(s->norm) ? s->norm / s->tallied : (double)NAN;
    s->nll = s->norm = 0;
    s->tallied = 0;
    return watch->seen(watch->ctx, s->step, loss, &row);
}

static bool is_learned(const struct run *r, const struct lx_train_watch *watch)
{
    return r->c->stop_at > 0 && watch != NULL && watch->learned != NULL &&
           r->s.step % r->c->stop_every == 0 && watch->learned(watch->ctx, r->s.step);
}

static void loop(struct run *r, const struct lx_train_watch *watch, struct lx_train_result *out)
{
    struct lx_train_state *s = &r->s;
    int last = r->c->steps - r->c->steps / 20; /* the last 5% count for last_nll */

    while (s->step < r->c->steps && !out->stopped) {
        int step = s->step;
        double loss, norm;

        draw_batch(r);
        loss = gradient(r);
        norm = lx_adamw_norm(&r->adam, &r->m->params);
        s->nll += loss;
        s->norm += norm;
        s->tallied++;
        out->diverged = !isfinite(loss) || !isfinite(norm);
        if (!out->diverged)
            lx_adamw_step(&r->adam, r->c, lx_train_lr(r->c, step), norm, &r->m->params);
        if (step >= last || r->c->steps < 20) {
            s->last_nll += loss;
            s->last_n++;
        }
        s->step = step + 1;
        out->learned = !out->diverged && is_learned(r, watch);
        out->stopped = !report(r, watch, out->diverged ? (double)NAN : loss,
                               out->learned || s->step == r->c->steps);
        if (out->diverged || out->learned)
            break;
        if (watch != NULL && watch->keep != NULL && s->step < r->c->steps)
            watch->keep(watch->ctx, s, out->stopped);
    }
    out->steps = s->step;
    out->last_nll = s->last_n > 0 ? s->last_nll / s->last_n : (double)NAN;
}

enum lx_code lx_train_run(struct lx_model *m, const struct lx_train_config *c,
                          const struct lx_stream *stream, uint64_t seed,
                          const struct lx_train_watch *watch, struct lx_arena *arena,
                          struct lx_train_result *out, struct lx_err *err)
{
    struct run r = {.seed = seed, .m = m, .c = c, .stream = stream};

    memset(out, 0, sizeof(*out));
    if (stream->examples == NULL && stream->n < (size_t)c->length + 1)
        return lx_fail(err, LX_EDATA, "train split: must have at least %d tokens, got %zu",
                       c->length + 1, stream->n);
    if (setup(&r, seed, arena, err))
        return err->code;
    r.s.params = &m->params;
    r.s.m = r.adam.m;
    r.s.v = r.adam.v;
    if (watch != NULL && watch->resume != NULL)
        watch->resume(watch->ctx, &r.s);
    r.adam.step = r.s.step; /* one step of AdamW a step */
    loop(&r, watch, out);
    return LX_OK;
}
