/* A stack of positional schemes: what a config's "stack" list becomes.
 *
 * Owns what stacking needs: parsing each element's options and the keys that any element may have,
 * initialising in order, refusing what a stack cannot mean, running every hook over the elements that
 * act in a layer (backward hooks in reverse), the smallest window and length limit. */
#ifndef LX_STACK_STACK_H
#define LX_STACK_STACK_H

#include "core/arena.h"
#include "core/err.h"
#include "core/real.h"
#include "encodings/encoding.h"
#include "json/json.h"
#include "stack/hooks.h"

#define LX_STACK_MAX 8

/* The key "layers": a list, "every k" or "not every k" (every: 0, the key is not there). */
struct lx_layer_choice {
    int every, from; /* layers from, from + every, ... */
    bool not_every;
    int *list; /* as given: from 0, negative ones from the end */
    int n;
};

struct lx_stack_item {
    const struct lx_encoding_ops *ops;
    void *self;
    struct lx_layer_choice layers;
    double until; /* acts in that part of the training steps only; 0: always, evaluation too */
    unsigned char *off; /* (layers) 1 where it does not act; NULL: acts in all. Valid after init */
};

struct lx_stack {
    struct lx_stack_item items[LX_STACK_MAX];
    int n;
    double progress; /* part of the training steps that are done; 1 except while training */
};

/* Parse a JSON list of {"name": ..., options} (a bare string means no options). `path` names the
 * list in messages: "encodings[2].stack". Unknown schemes get a "did you mean". */
LX_MUST_CHECK
enum lx_code lx_stack_parse(struct lx_stack *s, const struct lx_json *list, const char *path,
                            struct lx_arena *arena, struct lx_err *err);

/* The stack of the schedule that v, a text, names. */
LX_MUST_CHECK
enum lx_code lx_stack_scheduled(struct lx_stack *s, const struct lx_json *v, const char *path,
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

/* Where a scheme is the key of an element and not its name: a hint at how it is written. */
enum lx_code lx_stack_hint(const struct lx_json *v, struct lx_err *err);

/* Fail with the nearest name there is: "PATH: unknown encoding "NAME" (did you mean ...)". */
enum lx_code lx_stack_unknown(const char *name, const char *path, enum lx_code code,
                              struct lx_err *err);

/* Write the list back, every option resolved: {"name": ..., options}. */
void lx_stack_write(const struct lx_stack *s, struct lx_json_writer *w, const char *key);

/* Init every element; errors begin with "stack[i] (name): ". */
LX_MUST_CHECK
enum lx_code lx_stack_init(struct lx_stack *s, const struct lx_enc_dims *dims,
                           struct lx_arena *arena, struct lx_paramset *params, struct lx_err *err);

/* After init: whether a model can use it, that is, whether what an element stands beside is there. A
 * stack that lacks that can still be described. */
LX_MUST_CHECK
enum lx_code lx_stack_complete(const struct lx_stack *s, int layers, struct lx_err *err);

/* The longest T that every element can process; 0: no limit. Valid after init. */
int lx_stack_max_length(const struct lx_stack *s);

/* Whether the element acts in the layer of the call, and now; NULL: in any, ever. */
bool lx_stack_acts(const struct lx_stack *s, const struct lx_stack_item *e,
                   const struct lx_enc_call *c);

/* Whether any element sets the hook at that offset in struct lx_encoding_ops: for a call, in its
 * layer and now; NULL: in any layer, ever. */
bool lx_stack_has(const struct lx_stack *s, const struct lx_enc_call *c, size_t hook);
#define LX_STACK_HAS(s, c, hook) lx_stack_has(s, c, offsetof(struct lx_encoding_ops, hook))

/* The only element of the layer that sets a hook of which there is room for one; NULL: none does. */
const struct lx_stack_item *lx_stack_only(const struct lx_stack *s, const struct lx_enc_call *c,
                                          size_t hook);
#define LX_STACK_ONLY(s, c, hook) lx_stack_only(s, c, offsetof(struct lx_encoding_ops, hook))

/* What the schemes of a layer add to the cost of its rows: one query and one key of one head. */
struct lx_enc_cost lx_stack_row_cost(const struct lx_stack *s, const struct lx_enc_call *c);

/* Whether the layer goes row by row. */
bool lx_stack_by_rows(const struct lx_stack *s, const struct lx_enc_call *c);
/* Whether a hook of the layer reads the layer's input for its factors. */
bool lx_stack_reads_input(const struct lx_stack *s, const struct lx_enc_call *c);

/* Run one hook over the stack. Arrays as in encoding.h; scale, mul, whole and tau (starting from 1),
 * dist, key and sink (from 0) assign, the others change in place. */
void lx_stack_prepare(struct lx_stack *s, int T, int reach);
void lx_stack_embed(const struct lx_stack *s, const struct lx_enc_call *c, real *x);
void lx_stack_embed_back(struct lx_stack *s, const struct lx_enc_call *c, const real *dx);
void lx_stack_rotate(const struct lx_stack *s, const struct lx_enc_call *c, real *q, real *k,
                     size_t stride);
void lx_stack_rotate_back(struct lx_stack *s, const struct lx_enc_call *c, real *dq, real *dk,
                          size_t stride);
void lx_stack_scale(const struct lx_stack *s, const struct lx_enc_call *c, int heads, const real *x,
                    real *scale);
void lx_stack_tau(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *tau);
void lx_stack_dist(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *table);
void lx_stack_dist_back(struct lx_stack *s, const struct lx_enc_call *c, const real *dtable);
void lx_stack_mul(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *table);
/* spare (heads, T) is written to, here and where it follows. */
void lx_stack_mul_back(struct lx_stack *s, const struct lx_enc_call *c, int heads,
                       const real *dtable, real *spare);
void lx_stack_key(const struct lx_stack *s, const struct lx_enc_call *c, int heads, const real *x,
                  double *key);
void lx_stack_sink(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *sink);
void lx_stack_sink_back(struct lx_stack *s, const struct lx_enc_call *c, const real *dsink);
void lx_stack_pair(const struct lx_stack *s, const struct lx_enc_call *c, int h, int i, int j0,
                   int n, real *bias);

/* `sums` holds those of one sequence, (heads, n_sums) of one element after the other. */
size_t lx_stack_n_sums(const struct lx_stack *s, int heads, int T); /* doubles, of all elements */
double *lx_stack_sums_of(const struct lx_stack *s, const struct lx_stack_item *e, int heads, int T,
                         double *sums); /* those of e; NULL stays NULL */
void lx_stack_pair_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads, int h,
                        int i, int j0, int n, const real *dbias, double *sums);
void lx_stack_scale_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads,
                         const real *x, const real *ds, real *dx, double *sums, real *spare);
void lx_stack_key_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads,
                       const real *x, const double *dkey, real *dx, double *sums);
void lx_stack_whole(const struct lx_stack *s, const struct lx_enc_call *c, int heads, real *whole);
void lx_stack_whole_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads,
                         const real *dwhole, double *sums, real *spare);
/* row->sums: those of the sequence. */
void lx_stack_bias(const struct lx_stack *s, const struct lx_enc_call *c,
                   const struct lx_enc_row *row);
void lx_stack_bias_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads,
                        const struct lx_enc_row *row);
void lx_stack_value(const struct lx_stack *s, const struct lx_enc_call *c,
                    const struct lx_enc_row *row);
void lx_stack_value_back(const struct lx_stack *s, const struct lx_enc_call *c, int heads,
                         const struct lx_enc_row *row);
void lx_stack_sums_back(struct lx_stack *s, const struct lx_enc_call *c, int heads,
                        const double *sums);

/* Keys visible to every query by the windows, at most T. */
int lx_stack_window(const struct lx_stack *s, const struct lx_enc_call *c);
/* All that hides keys: query i sees the keys from 0 to before the result of lx_stack_always_seen and those
 * from lx_stack_first_seen on. keys: how many that is. */
bool lx_stack_hides(const struct lx_stack *s, const struct lx_enc_call *c); /* other than windows */
int lx_stack_first_seen(const struct lx_stack *s, const struct lx_enc_call *c, int i);
int lx_stack_always_seen(const struct lx_stack *s, const struct lx_enc_call *c);
int lx_stack_keys(const struct lx_stack *s, const struct lx_enc_call *c, int i);

/* Positions. reach: they are below it, T where there are none. */
int lx_stack_reach(const struct lx_stack *s, int T, bool training);
/* Fills pos, pos_embed (B, T) and distances (T); returns which of them, LX_POS_... */
int lx_stack_positions(const struct lx_stack *s, const struct lx_enc_draw *draw,
                       const uint16_t *tokens, int B, int T, double *pos, double *pos_embed,
                       double *distances);

#endif
