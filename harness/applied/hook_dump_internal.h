/* What the files of hook_dump share. */
#ifndef LX_APPLIED_HOOK_DUMP_INTERNAL_H
#define LX_APPLIED_HOOK_DUMP_INTERNAL_H

#include "applied/hook_dump.h"
#include "core/arena.h"

/* A stack at work on one sequence in one layer. */
struct lx_dump {
    struct lx_stack *s;
    const struct lx_enc_dims *dims;
    struct lx_enc_call call;
    /* The query that is shown where one query is: the last, without a causal mask the middle one. */
    int query;
    const double *pos_embed; /* (T) positions before the first layer; NULL: 0 .. T-1 */
    struct lx_arena arena;
    struct lx_applied_rows *out;
    bool failed;
};

/* Whether any element of the stack sets the hook, in this layer. */
#define LX_DUMP_HAS(p, hook) LX_STACK_HAS((p)->s, &(p)->call, hook)

/* One row. The first one that finds no memory ends the list; `failed` tells. */
void lx_dump_put(struct lx_dump *p, const char *kind, int head, int position, int channel,
                 double value);
/* A table (H, T) by query or distance; once for all heads where they are alike. */
void lx_dump_table(struct lx_dump *p, const char *kind, const real *table);
bool lx_dump_differ(real a, real b);

/* n zeros; (T, d_model) of normal noise, the same every time. */
LX_MUST_CHECK
enum lx_code lx_dump_get(struct lx_dump *p, size_t n, real **out, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_dump_noise(struct lx_dump *p, const char *stream, real **x, struct lx_err *err);

/* Prepares the stack and asks for positions; then what hides keys and adds to logits, asked of
 * `query` where it is one query's; then what only attention row by row does. */
LX_MUST_CHECK
enum lx_code lx_dump_positions(struct lx_dump *p, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_dump_biases(struct lx_dump *p, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_dump_rows(struct lx_dump *p, struct lx_err *err);

#endif
