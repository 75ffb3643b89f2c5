/* A stack of positional schemes: what a config's "stack" list becomes.
 *
 * Owns what stacking needs: parsing each element's options, initialising in order, running every
 * hook over all elements (backward hooks in reverse), the smallest window and length limit. */
#ifndef LX_MODEL_STACK_H
#define LX_MODEL_STACK_H

#include "core/arena.h"
#include "core/err.h"
#include "core/real.h"
#include "encodings/encoding.h"
#include "text/json.h"

#define LX_STACK_MAX 8

struct lx_stack_item {
    const struct lx_encoding_ops *ops;
    void *self;
};

struct lx_stack {
    struct lx_stack_item items[LX_STACK_MAX];
    int n;
};

/* Parse a JSON list of {"name": ..., options} (a bare string means no options). `path` names the
 * list in messages: "encodings[2].stack". Unknown schemes get a "did you mean". */
LX_MUST_CHECK
enum lx_code lx_stack_parse(struct lx_stack *s, const struct lx_json *list, const char *path,
                            struct lx_arena *arena, struct lx_err *err);

/* A stack of one scheme with its default options. */
LX_MUST_CHECK
enum lx_code lx_stack_of(struct lx_stack *s, const struct lx_encoding_ops *ops,
                         struct lx_arena *arena, struct lx_err *err);

/* A stack of its own for one model: the options of `from`, which is parsed and not initialised. Texts
 * stay where they are. */
LX_MUST_CHECK
enum lx_code lx_stack_clone(const struct lx_stack *from, struct lx_arena *arena,
                            struct lx_stack *out, struct lx_err *err);

/* Fail with the nearest name there is: "PATH: unknown encoding "NAME" (did you mean ...)". */
enum lx_code lx_stack_unknown(const char *name, const char *path, enum lx_code code,
                              struct lx_err *err);

/* Write the list back, every option resolved: {"name": ..., options}. */
void lx_stack_write(const struct lx_stack *s, struct lx_json_writer *w, const char *key);

/* Init every element; errors begin with "stack[i] (name): ". */
LX_MUST_CHECK
enum lx_code lx_stack_init(struct lx_stack *s, const struct lx_enc_dims *dims,
                           struct lx_arena *arena, struct lx_paramset *params, struct lx_err *err);

/* The longest T that every element can process; 0: no limit. Valid after init. */
int lx_stack_max_length(const struct lx_stack *s);

/* Run one hook over the stack. Arrays as in encoding.h; scale, tau and dist assign (starting from 1,
 * 1 and 0), the others change in place; window is at most T. `has` tells whether any element sets
 * the hook. */
void lx_stack_prepare(struct lx_stack *s, int T);
void lx_stack_embed(const struct lx_stack *s, const struct lx_enc_call *c, real *x);
void lx_stack_embed_back(struct lx_stack *s, const struct lx_enc_call *c, const real *dx);
void lx_stack_rotate(const struct lx_stack *s, const struct lx_enc_call *c, real *q, real *k,
                     size_t stride);
void lx_stack_rotate_back(struct lx_stack *s, const struct lx_enc_call *c, real *dq, real *dk,
                          size_t stride);
bool lx_stack_has_scale(const struct lx_stack *s);
void lx_stack_scale(const struct lx_stack *s, const struct lx_enc_call *c, real *scale);
void lx_stack_tau(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *tau);
bool lx_stack_has_dist(const struct lx_stack *s);
bool lx_stack_learns_dist(const struct lx_stack *s);
void lx_stack_dist(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *table);
void lx_stack_dist_back(struct lx_stack *s, const struct lx_enc_call *c, const real *dtable);
int lx_stack_window(const struct lx_stack *s, const struct lx_enc_call *c);

#endif
