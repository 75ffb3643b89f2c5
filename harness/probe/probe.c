/* Probe; see probe.h. */
#include "probe/probe.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "model/checkpoint.h"
#include "system/fs.h"

#define MAX_TENSORS 4096

struct probe {
    struct lx_arena arena;
    struct lx_checkpoint ckpt;
    struct lx_model m;
    struct lx_work *work;
    int B, T;
    uint16_t *inputs, *targets; /* (B, T) */
    double *nll;                /* (B, T) */
    struct lx_st_tensor *out;   /* what is written, n_out of them */
    size_t n_out;
};

static enum lx_code split_tokens(struct probe *p, const struct lx_st_tensor *t, struct lx_err *err)
{
    size_t T1 = t->dim[1];

    for (size_t i = 0; i < t->n; i++) {
        double v = lx_st_value(t, i);
        size_t b = i / T1, k = i % T1;

        if (!(v >= 0) || v >= p->ckpt.model.vocab || floor(v) != v)
            return lx_fail(err, LX_EDATA, "tokens: must be from 0 to %d, got %.9g at %zu",
                           p->ckpt.model.vocab - 1, v, i);
        if (k < T1 - 1)
            p->inputs[b * (T1 - 1) + k] = (uint16_t)v;
        if (k > 0)
            p->targets[b * (T1 - 1) + k - 1] = (uint16_t)v;
    }
    return LX_OK;
}

static enum lx_code take_tokens(struct probe *p, const struct lx_st_tensor *t, struct lx_err *err)
{
    size_t n;

    if (t == NULL)
        return lx_fail(err, LX_EDATA, "no tensor \"tokens\"");
    if (t->n_dims != 2 || t->dim[0] < 1 || t->dim[1] < 2 || t->n > INT_MAX / 2)
        return lx_fail(err, LX_EDATA, "tokens: must have the shape (B, T+1) with B, T >= 1");
    p->B = (int)t->dim[0];
    p->T = (int)t->dim[1] - 1;
    n = (size_t)p->B * (size_t)p->T;
    if (lx_arena_get(&p->arena, n, sizeof(*p->inputs), &p->inputs, "tokens", err) ||
        lx_arena_get(&p->arena, n, sizeof(*p->targets), &p->targets, "tokens", err) ||
        lx_arena_get(&p->arena, n, sizeof(*p->nll), &p->nll, "tokens", err))
        return err->code;
    return split_tokens(p, t, err);
}

/* Whether the bytes begin like a safetensors file: the size of a header that fits, and its brace. */
static bool is_safetensors(const struct lx_buf *b)
{
    uint64_t header = 0;

    for (size_t i = 8; i > 0 && b->len > 8; i--)
        header = header << 8 | (unsigned char)b->text[i - 1];
    return b->len > 8 && b->text[8] == '{' && header >= 2 && header <= b->len - 8;
}

/* Text is one sequence of bytes, unpacked if it is gzip; a safetensors file is told by its content,
 * whatever it is called. */
static enum lx_code parse_tokens(struct probe *p, const struct lx_buf *content, struct lx_err *err)
{
    struct lx_st_tensor bytes = {.name = "tokens", .type = LX_ST_I32, .n_dims = 2};
    struct lx_st_file file;
    int32_t *values;
    const char *copy;

    if (is_safetensors(content)) {
        if (lx_arena_copy(&p->arena, content->text, content->len, &copy, err) ||
            lx_st_parse(copy, content->len, &p->arena, &file, err))
            return err->code;
        return take_tokens(p, lx_st_find(&file, "tokens"), err);
    }
    if (lx_arena_get(&p->arena, content->len + 1, sizeof(*values), &values, "tokens", err))
        return err->code;
    bytes.dim[0] = 1;
    bytes.dim[1] = bytes.n = content->len;
    for (size_t i = 0; i < content->len; i++)
        values[i] = (unsigned char)content->text[i];
    bytes.data = values;
    return take_tokens(p, &bytes, err);
}

static enum lx_code read_tokens(struct probe *p, const char *path, struct lx_err *err)
{
    struct lx_buf content = {0};
    enum lx_code code = LX_OK;

    if (lx_fs_read_gz(path, &content, err))
        code = err->code;
    else if (parse_tokens(p, &content, err))
        code = lx_wrap(err, "%s", path);
    lx_buf_free(&content);
    return code;
}

static enum lx_code build_model(struct probe *p, const struct lx_probe_options *o,
                                struct lx_err *err)
{
    struct lx_json *other = NULL;
    struct lx_stack stack;
    int limit, max = p->T > p->ckpt.train_length ? p->T : p->ckpt.train_length;
    enum lx_code code = LX_OK;

    if ((o->stack_json != NULL &&
         lx_json_parse(o->stack_json, strlen(o->stack_json), "--stack", &other, err)) ||
        lx_stack_parse(&stack, other != NULL ? other : p->ckpt.stack, "stack", &p->arena, err) ||
        lx_model_init(&p->m, &p->ckpt.model, &stack, p->ckpt.train_length, max, o->grad, &p->arena,
                      err)) {
        code = err->code;
    } else {
        p->m.precision = (enum lx_precision)o->precision;
        code = lx_checkpoint_load(&p->ckpt, &p->m, other != NULL, err);
    }
    lx_json_free(other);
    if (code)
        return lx_wrap(err, "%s", o->checkpoint);
    limit = lx_stack_max_length(&p->m.stack);
    if (limit > 0 && p->T > limit)
        return lx_fail(err, LX_EUSAGE,
                       "--tokens: sequences of %d tokens: this encoding processes at most %d", p->T,
                       limit);
    return lx_work_init(&p->work, &p->m, p->B, p->T, o->grad, &p->arena, err);
}

static enum lx_st_type real_type(void)
{
    return sizeof(real) == sizeof(double) ? LX_ST_F64 : LX_ST_F32;
}

/* Register a result tensor of the given shape; returns its storage, NULL out of memory. */
static real *add_out(struct probe *p, const char *name, int n_dims, const int *dim)
{
    struct lx_st_tensor *t = &p->out[p->n_out];
    real *data;

    t->name = lx_arena_text(&p->arena, name);
    t->type = real_type();
    t->n_dims = n_dims;
    t->n = 1;
    for (int d = 0; d < n_dims; d++) {
        t->dim[d] = (size_t)dim[d];
        t->n *= (size_t)dim[d];
    }
    data = lx_arena_take(&p->arena, t->n, sizeof(real));
    t->data = data;
    if (data == NULL || t->name == NULL)
        return NULL;
    p->n_out++;
    return data;
}

static enum lx_code forward(struct probe *p, bool attention, struct lx_err *err)
{
    int L = p->m.config.layers, H = p->m.config.heads, B = p->B, T = p->T, R = B * T;
    real *logits = add_out(p, "logits", 3, (int[]){B, T, p->m.config.vocab});
    real *nll = add_out(p, "nll", 2, (int[]){B, T});
    struct lx_observe ob = {
        .entropy = add_out(p, "entropy", 4, (int[]){B, L, H, T}),
        .max_prob = add_out(p, "max_prob", 4, (int[]){B, L, H, T}),
        .attention = attention ? add_out(p, "attention", 5, (int[]){B, L, H, T, T}) : NULL,
    };

    if (p->arena.failed)
        return lx_fail(err, LX_ENOMEM, "probe: out of memory for its results");
    lx_model_forward(&p->m, p->work, p->inputs, B, T, &ob);
    lx_model_logits(&p->m, p->work, 0, R, logits);
    lx_model_loss(&p->m, p->work, p->inputs, p->targets, p->nll, NULL, false);
    for (int r = 0; r < R; r++)
        nll[r] = (real)p->nll[r];
    return LX_OK;
}

static void write_share(const struct probe *p, real *share)
{
    const real *dx = lx_work_input_gradient(p->work);
    size_t D = (size_t)p->m.config.d_model, T = (size_t)p->T;

    for (size_t b = 0; b < (size_t)p->B; b++) {
        double total = 0;

        for (size_t t = 0; t < T; t++) {
            double sum = 0;

            for (size_t i = 0; i < D; i++) {
                double g = (double)dx[(b * T + t) * D + i];

                sum += g * g;
            }
            share[b * T + t] = (real)sqrt(sum);
            total += sqrt(sum);
        }
        for (size_t t = 0; t < T; t++)
            share[b * T + t] = (real)((double)share[b * T + t] / total);
    }
}

static enum lx_code gradients(struct probe *p, struct lx_err *err)
{
    struct lx_paramset *ps = &p->m.params;
    size_t R = (size_t)p->B * (size_t)p->T;
    real *mean = lx_arena_take(&p->arena, R, sizeof(*mean));
    real *last = lx_arena_take(&p->arena, R, sizeof(*last));
    real *share;

    if (p->arena.failed)
        return lx_fail(err, LX_ENOMEM, "probe: out of memory for gradients");
    for (size_t r = 0; r < R; r++) {
        last[r] = (r + 1) % (size_t)p->T == 0 ? 1 : 0;
        mean[r] = (real)(1.0 / (double)R);
    }
    lx_model_loss(&p->m, p->work, p->inputs, p->targets, p->nll, mean, true);
    for (size_t i = 0; i < ps->count && p->n_out + 2 < MAX_TENSORS; i++) {
        const struct lx_param *q = &ps->items[i];
        char *name = lx_arena_printf(&p->arena, "grad.%s", q->spec.name);
        real *g = name != NULL ? add_out(p, name, q->spec.n_dims, q->spec.dim) : NULL;

        if (g != NULL)
            memcpy(g, q->g, q->n * sizeof(*g));
    }
    share = add_out(p, "input_grad_share", 2, (int[]){p->B, p->T});
    if (p->arena.failed)
        return lx_fail(err, LX_ENOMEM, "probe: out of memory for gradients");
    lx_model_loss(&p->m, p->work, p->inputs, p->targets, p->nll, last, true);
    write_share(p, share);
    return LX_OK;
}

/* What is written, which is held in memory first. In doubles: products of the shape may be large. */
static enum lx_code check_memory(const struct probe *p, const struct lx_probe_options *o,
                                 struct lx_err *err)
{
    double B = p->B, T = p->T, V = p->ckpt.model.vocab;
    double heads = (double)p->ckpt.model.layers * p->ckpt.model.heads;
    double values = B * T * (V + 1 + 2 * heads) + (o->attention ? B * heads * T * T : 0);
    double bytes = values * sizeof(real);

    if (o->memory_limit == 0 || bytes <= (double)o->memory_limit)
        return LX_OK;
    (void)lx_fail(err, LX_ENOMEM,
                  "--tokens: %d sequences of %d tokens: the results are %.0f bytes%s, %zu are "
                  "allowed",
                  p->B, p->T, bytes, o->attention ? " with attention" : "", o->memory_limit);
    return lx_hint(err, o->attention ? "fewer tokens, or no --attention" : "fewer tokens");
}

static enum lx_code run(struct probe *p, const struct lx_probe_options *o, struct lx_err *err)
{
    if (lx_checkpoint_open(&p->ckpt, o->checkpoint, &p->arena, err) ||
        lx_arena_get(&p->arena, MAX_TENSORS, sizeof(*p->out), &p->out, "probe", err) ||
        read_tokens(p, o->tokens, err) || check_memory(p, o, err) || build_model(p, o, err) ||
        forward(p, o->attention, err))
        return err->code;
    if (o->grad && gradients(p, err))
        return err->code;
    return lx_st_write(o->out, p->out, p->n_out, NULL, 0, err);
}

enum lx_code lx_probe_run(const struct lx_probe_options *o, struct lx_err *err)
{
    struct probe p;
    enum lx_code code;

    memset(&p, 0, sizeof(p));
    code = run(&p, o, err);
    lx_checkpoint_close(&p.ckpt);
    lx_arena_free(&p.arena);
    return code;
}
