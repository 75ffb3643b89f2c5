/* A second of training; see rate.h. */
#include "bench/rate.h"

#include <stdio.h>
#include <string.h>

#include "process/child.h"

#define MOST_STEP 2e10 /* operations of a step: a fraction of a second anywhere */

static struct lx_bench_shape shape_of(const struct lx_model_config *model,
                                      const struct lx_train_config *train)
{
    struct lx_bench_shape s = {.name = "rate",
                               .training = true,
                               .layers = model->layers,
                               .d_model = model->d_model,
                               .heads = model->heads,
                               .length = train->length,
                               .batch = 1};
    double row = lx_bench_flops(&s, s.length) * s.length;

    s.batch = train->batch_tokens / train->length;
    if (s.batch * row > MOST_STEP)
        s.batch = (int)(MOST_STEP / row);
    s.batch = s.batch > 0 ? s.batch : 1;
    return s;
}

static enum lx_code read_line(const struct lx_child *child, struct lx_rate *out, struct lx_err *err)
{
    if (child->status != 0 || child->out.len == 0 ||
        sscanf(child->out.text, "%lf %lf", &out->gflops, &out->share) != 2 ||
        !(out->gflops > 0 && out->share > 0))
        return lx_fail(err, LX_EFAILED, "the probe of this machine's speed ended with status %d",
                       child->status);
    return LX_OK;
}

enum lx_code lx_rate_probe(const struct lx_model_config *model, const struct lx_train_config *train,
                           const struct lx_stack *stack, struct lx_rate *out, struct lx_err *err)
{
    const struct lx_bench_shape s = shape_of(model, train);
    struct lx_buf stacks = {0};
    struct lx_json_writer w = {.out = &stacks};
    struct lx_child child;
    char shape[128];

    (void)snprintf(shape, sizeof(shape), "--rate=%d,%d,%d,%d,%d", s.layers, s.d_model, s.heads,
                   s.length, s.batch);
    lx_buf_add(&stacks, "--stacks=");
    lx_json_open_array(&w, NULL);
    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "id", "rate");
    lx_stack_write(stack, &w, "stack");
    lx_json_close_object(&w);
    lx_json_close_array(&w);
    if (lx_buf_check(&stacks, err) == LX_OK) {
        const char *const argv[] = {"longshot", "bench", shape, stacks.text, NULL};
        const struct lx_child_spec spec = {.argv = argv, .self = true, .most = 4096};

        err->code = lx_child_run(&spec, &child, err);
        if (err->code == LX_OK)
            err->code = read_line(&child, out, err);
        lx_child_free(&child);
    }
    lx_buf_free(&stacks);
    return err->code;
}

enum lx_code lx_rate_print(const char *shape, const struct lx_bench_stack *stack,
                           struct lx_buf *out, struct lx_err *err)
{
    struct lx_bench_case c = {.stack = *stack, .threads = 1, .repeat = 2000, .limit = 1};
    struct lx_bench_shape *s = &c.shape;
    struct lx_bench_result r;
    double flops, share;

    *s = (struct lx_bench_shape){.name = "rate", .training = true};
    c.passes_only = true;
    if (sscanf(shape, "%d,%d,%d,%d,%d", &s->layers, &s->d_model, &s->heads, &s->length,
               &s->batch) != 5 ||
        s->layers < 1 || s->d_model < 1 || s->heads < 1 || s->length < 1 || s->batch < 1)
        return lx_fail(err, LX_EUSAGE, "--rate: must be five whole numbers, got \"%.80s\"", shape);
    if (lx_bench_measure(&c, &r, err))
        return err->code;
    flops = r.slowness * lx_bench_flops(s, s->length) * s->length * s->batch * 1e-9;
    share = r.processor_share > 0 && r.processor_share < 1 ? r.processor_share : 1;
    lx_buf_printf(out, "%.9g %.9g\n", flops / r.mean_seconds / share, share);
    return lx_buf_check(out, err);
}
