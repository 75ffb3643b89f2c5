/* The training loop; see train.h. */
#include "train/train.h"

#include <math.h>
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
};

static enum lx_code setup(struct run *r, uint64_t seed, struct lx_arena *arena, struct lx_err *err)
{
    size_t n = (size_t)r->c->batch_tokens;

    r->T = r->c->length;
    r->B = r->c->batch_tokens / r->T;
    lx_rng_init(&r->s.data, seed, "data/train");
    if (lx_adamw_init(&r->adam, &r->m->params, arena, err) ||
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

/* B windows of T + 1 tokens, each starting anywhere in the stream with equal chance. */
static void draw_batch(struct run *r)
{
    size_t T = (size_t)r->T;

    for (size_t b = 0; b < (size_t)r->B; b++) {
        size_t at = (size_t)lx_rng_below(&r->s.data, r->stream->n - T);

        memcpy(r->tokens + b * T, r->stream->tokens + at, T * sizeof(*r->tokens));
        memcpy(r->targets + b * T, r->stream->tokens + at + 1, T * sizeof(*r->targets));
    }
}

/* Forward and backward; returns the mean NLL, gradients in the parameter set. */
static double gradient(struct run *r)
{
    struct lx_paramset *ps = &r->m->params;
    size_t n = (size_t)r->c->batch_tokens;
    double sum = 0;

    memset(ps->g, 0, ps->n_values * sizeof(*ps->g));
    r->m->draw = (struct lx_enc_draw){.training = true, .seed = r->seed, .step = r->s.step};
    r->m->stack.progress = (double)r->s.step / r->c->steps;
    lx_model_forward(r->m, r->work, r->tokens, r->B, r->T, NULL);
    lx_model_loss(r->m, r->work, r->tokens, r->targets, r->nll, NULL, true);
    r->m->draw = (struct lx_enc_draw){0};
    r->m->stack.progress = 1;
    for (size_t i = 0; i < n; i++)
        sum += r->nll[i];
    return sum / (double)n;
}

static bool report(struct run *r, const struct lx_train_watch *watch, double loss)
{
    struct lx_train_state *s = &r->s;
    struct lx_train_row row;

    if (watch == NULL || watch->seen == NULL)
        return true;
    if (s->tallied < r->c->log_every && s->step < r->c->steps && isfinite(loss))
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
        out->stopped = !report(r, watch, out->diverged ? (double)NAN : loss);
        if (out->diverged)
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
    if (stream->n < (size_t)c->length + 1)
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
