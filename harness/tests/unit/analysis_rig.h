/* Analyses of a tiny model over one stream of random tokens. */
#ifndef LX_TESTS_ANALYSIS_RIG_H
#define LX_TESTS_ANALYSIS_RIG_H

#include "analysis/analysis.h"
#include "tests/unit/model_rig.h"

struct analysis_rig {
    struct model_rig model;
    struct lx_json *list;
    struct lx_stream stream;
    struct lx_eval_config eval;
    struct lx_analyses analyses;
    struct lx_analysis_subject subject;
    struct lx_metrics out;
};

/* The model, and analyses from JSON list text; the stream has n tokens, batches are as in `eval`. */
static inline void analysis_open(struct analysis_rig *r, const char *stack,
                                 const struct model_shape *shape, size_t n,
                                 const struct lx_eval_config *eval, const char *list)
{
    struct lx_err err;

    memset(r, 0, sizeof(*r));
    model_open(&r->model, stack, shape);
    r->stream.n = n;
    r->stream.tokens = model_tokens(&r->model, n, 2);
    r->eval = *eval;
    CHECK_OK(lx_json_parse(list, strlen(list), "list", &r->list, &err));
    CHECK_OK(lx_analyses_parse(&r->analyses, r->list, "analyses", &r->model.m.config, &r->eval,
                               shape->train_length, &r->model.arena, &err));
    r->subject = (struct lx_analysis_subject){
        .m = &r->model.m, .stack_id = "s", .eval = &r->eval, .stream = &r->stream, .seed = 1};
}

/* The rows of one run, to r->out. */
static inline void analysis_run(struct analysis_rig *r)
{
    struct lx_err err;

    r->out.n = 0;
    CHECK_OK(lx_analyses_run(&r->analyses, &r->subject, &r->out, &err));
}

static inline void analysis_close(struct analysis_rig *r)
{
    lx_metrics_free(&r->out);
    lx_json_free(r->list);
    model_close(&r->model);
}

#endif
