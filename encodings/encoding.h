/* The contract of a positional scheme.
 *
 * For head h, query i, key j <= i of a sequence, with d = i - j:
 *
 *     z           = (R q_i . R k_j) / sqrt(head_dim)
 *     content     = scale[h][i] * mul[h][d] * z
 *     bias        = dist[h][d] + key[h][j] - key[h][i] + pair(h, i, j) + bias(row of i)
 *     logit[i][j] = post( whole[h][i] * (content + bias) ) / tau[h]
 *     weight      = softmax over the keys that are seen, or what `normalise` makes of the logits
 *     out_i       = sum over j of weight[i][j] v_j, and what `value` adds
 *
 * Biases are added after the division by sqrt(head_dim); `scale` and `mul` act on content only;
 * `tau` divides the whole logit, biases included. A key is seen where every scheme shows it (window,
 * first_seen, always_seen). A `sink` is one more logit of each row, compared with logits after tau,
 * whose weight goes to no key. Where a sequence has positions of its own (`positions`), d in dist and
 * mul is their difference; everything that hides keys counts tokens.
 *
 * In a model without a causal mask j runs over all T keys and d is signed. Its calls have `both`; what
 * goes by distance is asked twice then, for keys up to the query with d = i - j and, with `ahead`, for
 * those after it with d = j - i. A scheme says in `both` what it makes of that, or is refused there.
 *
 * Two ways compute this. The streaming kernel of kernels/attention_head.c knows the hooks down to the
 * line below; a layer with any hook beyond it goes row by row, attention/attention_rows.c, which knows
 * all of them. Where both can do a stack they agree.
 *
 * 1. A hook that is set is a capability; a NULL hook leaves its part of the formula alone.
 * 2. Every hook accumulates (adds, multiplies, rotates further), so schemes stack. What a layer has
 *    room for once is marked so in the table of hooks, stack/hooks.c; a second one is a config error.
 * 3. Gradients are added, never assigned. `rotate` comes with `rotate_back`; any other hook has its
 *    _back iff something learned, or the layer's input, feeds it.
 * 4. Any T up to dims.max_length works, above dims.train_length too: that is the question this
 *    program asks. A scheme that cannot says so through max_length(), and the rows of longer
 *    lengths read status=not_applicable.
 * 5. No globals, no allocation outside init, no I/O. Only prepare and the _back hooks that take a
 *    `void *self` write to self. Sequences are worked on by several threads: what is called sequence by
 *    sequence takes a `const void *self` and adds the gradients of learned arrays to `sums`, doubles
 *    of its own that begin at 0 in every layer; sums_back gets them added up.
 *
 * The head comment of every scheme file gives: formula, source (paper, section, arXiv id), what
 * happens past the training length, options, where it differs from the paper. */
#ifndef LX_ENCODINGS_ENCODING_H
#define LX_ENCODINGS_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/real.h"
#include "core/rng.h"
#include "tensor/paramset.h"
#include "text/nearest.h"
#include "text/options.h"

/* Fixed for a run. */
struct lx_enc_dims {
    int layers, heads, head_dim, d_model;
    int train_length; /* L, tokens of a training sequence                        */
    int embed_reach;  /* where positions are set: embed reads those below it in training; 0: L */
    int max_length;   /* no call has a longer sequence, or positions from there on */
    bool both;        /* no causal mask: queries see the keys on both sides */
};

/* One forward or backward call, over B sequences of T tokens. */
struct lx_enc_call {
    int layer;         /* 0-based; -1 for embed */
    int B, T;          /* for dist and mul T is the number of distances */
    const double *pos; /* (B, T) positions of the tokens, ascending; NULL: 0 .. T-1 */
    bool both;         /* as in the dims                                             */
    bool ahead;        /* dist and mul: of keys after the query                      */
};

/* What a scheme does in a model without a causal mask. */
enum lx_enc_both {
    LX_BOTH_REFUSED,  /* it cannot be used there; `one_way` says why        */
    LX_BOTH_SAME,     /* nothing in it depends on the side that a key is on */
    LX_BOTH_DISTANCE, /* |i - j|: both sides are alike                      */
    LX_BOTH_SIGNED,   /* it tells one side from the other                   */
};

/* Keys of the row of query i, whatever else hides some of them. */
static inline int lx_enc_keys(const struct lx_enc_call *c, int i)
{
    return c->both ? c->T : i + 1;
}

/* What drawn positions depend on: in training the seed, the step and the place in the batch, at
 * evaluation nothing but the length. */
struct lx_enc_draw {
    bool training;
    uint64_t seed;
    long long step;
};

/* Positions of one sequence of T tokens, for `positions` to fill. */
struct lx_enc_positions {
    const struct lx_enc_draw *draw;
    const uint16_t *tokens; /* (T); those up to t may decide about position t */
    struct lx_rng *rng;     /* of this sequence                               */
    double *pos;            /* (T) for rotations and distances; 0 .. T-1 beforehand       */
    double *pos_embed;      /* (T) for embed; the same                                     */
    double *distances;      /* (T) what distance d becomes in dist and mul; 0 .. T-1 beforehand;
                             * NULL but for the first sequence of a batch */
};

/* What one query and one key of one head cost row by row, in operations (those of lx_model_flops): as many
 * as the streaming kernel does in the time that it takes. forward: of a pass that evaluates; training: of a
 * whole step. Measured, good to a factor of two: model/row_costs.c says how, and on what. */
struct lx_enc_cost {
    double forward, training;
};

/* Which arrays `positions` wrote. */
enum { LX_POS_TOKENS = 1, LX_POS_EMBED = 2, LX_POS_DISTANCES = 4 };

/* One query of one sequence, all heads: what attention_rows.c works on. Arrays (heads, n) have rows of
 * `stride` reals. q and k are as the layer projects them, before any rotation. */
struct lx_enc_row {
    int i, n; /* the query; keys 0 .. n-1, n = i + 1, with `both` T */
    size_t stride, key_stride;
    const real *q;             /* (heads, head_dim)                                          */
    const real *k;             /* (n, heads, head_dim), key_stride reals from key to key     */
    const unsigned char *seen; /* (n) 0: hidden                                              */
    const real *z;             /* (heads, n)                                                 */
    real *content, *bias;      /* (heads, n) as in the formula                               */
    real *logit;               /* (heads, n) post changes it; normalise reads it over tau, hidden
                                * keys -INFINITY                                             */
    real *p;                   /* (heads, n) weights, 0 for hidden keys                      */
    real *out;                 /* (heads, head_dim)                                          */
    real *spare;               /* (heads, n) room for the hook at work                      */
    double *state;             /* n_state doubles of this sequence and layer                 */
    bool again;                /* the backward pass: rows come in descending order, state as the
                                * forward pass left it                                        */
    /* Gradients. dlogit: of post's output or normalise's input */
    real *dq, *dk;          /* like q and k, added to      */
    real *dz;               /* (heads, n) added to         */
    real *dcontent, *dbias; /* (heads, n) added to by post */
    real *dlogit;           /* (heads, n) assigned by normalise_back, changed by post_back */
    real *dp;               /* (heads, n)                  */
    const real *dout;       /* (heads, head_dim)           */
    double *sums;           /* (heads, n_sums)             */
};

struct lx_encoding_ops {
    const char *name;    /* key in configs and CSV: [a-z0-9_]           */
    const char *title;   /* plot legend                                  */
    const char *cite;    /* "Author et al. 2022, arXiv:2108.12409, s. 3" */
    const char *formula; /* one line of ASCII                            */
    const char *beyond;  /* one line: what happens past the training length */

    /* Without a causal mask; LX_BOTH_REFUSED comes with the reason, "it ..." */
    enum lx_enc_both both;
    const char *one_way;

    size_t state_size;               /* bytes of self, zeroed            */
    const struct lx_option *options; /* parsed into self; NULL: none     */

    /* (optional) Check options against dims, declare learned arrays ("encoding.<name>.<array>"),
     * allocate and build tables. Keep what is needed of dims (by value). The message of an error
     * begins with the option's key: "width: must be ...". */
    enum lx_code (*init)(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err);

    /* (optional) Whether an instance with these options uses the hook at that offset; NULL: all that
     * are set. */
    bool (*uses)(const void *self, size_t hook);

    /* (optional) Longest T that this instance can process; 0 or NULL: no limit. */
    int (*max_length)(const void *self);

    /* (optional) Called before each forward pass of T tokens at positions below `reach` (T, where a
     * sequence has none of its own), ahead of every other hook: refresh tables that depend on them.
     * The parameters may have changed since the last call. */
    void (*prepare)(void *self, int T, int reach);

    /* Positions of a sequence. positions returns which of the arrays it wrote, LX_POS_...; reach:
     * all of pos and distances, or with `embed` those of pos_embed, are below it, T for 0 .. T-1. */
    int (*positions)(const void *self, int T, const struct lx_enc_positions *p);
    int (*reach)(const void *self, int T, bool training, bool embed);
    bool (*fractions)(const void *self); /* they may lie between whole numbers; NULL: not */

    /* Of a scheme with hooks that see positions (table in stack/hooks.c): it reads c->pos where that
     * is set. What goes by distance alone need not care. */
    bool reads_positions;
    bool by_tokens;       /* it has such a hook, and means the place of tokens all the same */
    bool whole_positions; /* positions and distances choose rows of a table: no fractions    */
    bool kinks;           /* its gradient jumps at some values of its arrays or inputs       */
    bool unrotated;       /* its hooks need products of q and k that nothing has turned      */

    /* x is (B, T, d_model), token embeddings before the first layer. */
    void (*embed)(const void *self, const struct lx_enc_call *c, real *x);
    void (*embed_back)(void *self, const struct lx_enc_call *c, const real *dx);

    /* q and k are (B*T, heads, head_dim) with rows `stride` reals apart, changed in place; either may
     * be NULL. Linear in q and k; the back hook maps the gradient of R q to that of q (for a
     * rotation: turns back). */
    void (*rotate)(const void *self, const struct lx_enc_call *c, real *q, real *k, size_t stride);
    void (*rotate_back)(void *self, const struct lx_enc_call *c, real *dq, real *dk, size_t stride);

    /* For one sequence (c->B is 1): s is (heads, T), one factor a query row, on content:
     * s[h*T + i] *= ...; x is (T, d_model), the layer's input after its norm, NULL unless
     * reads_input. The back hook gets the gradient by the scheme's own factor; adds to dx, which is
     * NULL like x. */
    bool reads_input;
    void (*scale)(const void *self, const struct lx_enc_call *c, const real *x, real *s);
    void (*scale_back)(const void *self, const struct lx_enc_call *c, const real *x, const real *ds,
                       real *dx, double *sums);

    /* tau is (heads), divides the whole logit: tau[h] *= ... */
    void (*tau)(const void *self, const struct lx_enc_call *c, real *tau);

    /* table is (heads, T), indexed by distance: table[h*T + d] += ... With c->ahead entry 0 is not read. */
    void (*dist)(const void *self, const struct lx_enc_call *c, real *table);
    void (*dist_back)(void *self, const struct lx_enc_call *c, const real *dtable);

    /* table is (heads, T), factors on content by distance: table[h*T + d] *= ... The back hook gets
     * the gradient by the scheme's own factors. */
    void (*mul)(const void *self, const struct lx_enc_call *c, real *table);
    void (*mul_back)(void *self, const struct lx_enc_call *c, const real *dtable);

    /* For one sequence, x as for scale (always there): key is (heads, T), in double since it may grow
     * with j while differences matter: key[h*T + j] += ... The back hook adds to dx. */
    void (*key)(const void *self, const struct lx_enc_call *c, const real *x, double *key);
    void (*key_back)(const void *self, const struct lx_enc_call *c, const real *x,
                     const double *dkey, real *dx, double *sums);

    /* Bias of query i and keys j0 .. j0+n-1 of one sequence: bias[j - j0] += ... May be -INFINITY, but
     * not for all keys of a row. sums of the back hook: those of head h. */
    void (*pair)(const void *self, const struct lx_enc_call *c, int h, int i, int j0, int n,
                 real *bias);
    void (*pair_back)(const void *self, const struct lx_enc_call *c, int h, int i, int j0, int n,
                      const real *dbias, double *sums);

    /* s is (heads), a logit: s[h] += ..., from 0. */
    void (*sink)(const void *self, const struct lx_enc_call *c, real *s);
    void (*sink_back)(void *self, const struct lx_enc_call *c, const real *ds);

    /* Doubles of `sums` for one head at T tokens, and what becomes of them: sums is (heads, n_sums),
     * over all sequences. */
    size_t (*n_sums)(const void *self, int T);
    void (*sums_back)(void *self, const struct lx_enc_call *c, const double *sums);

    /* Keys visible to a query, itself included: |i - j| < window. 0: all. */
    int (*window)(const void *self, const struct lx_enc_call *c);

    /* The first key that query i sees, never falling with i; and the number of keys from 0 on that
     * every query sees all the same. */
    int (*first_seen)(const void *self, const struct lx_enc_call *c, int i);
    int (*always_seen)(const void *self);

    /* ---------------------------------------------------------- row by row from here on */

    /* For one sequence: a factor (heads, T) on content and biases together, w[h*T + i] *= ... The back
     * hook gets the gradient by the scheme's own factor. */
    void (*whole)(const void *self, const struct lx_enc_call *c, real *w);
    void (*whole_back)(const void *self, const struct lx_enc_call *c, const real *dw, double *sums);

    /* Several products of queries and keys: for product v of `variants`, the positions at which the
     * schemes that rotate turn query and key, (T) each. choose says which product key j of query i
     * takes; *end: and all keys up to there, not including it. */
    int (*variants)(const void *self);
    void (*remap)(const void *self, const struct lx_enc_call *c, int v, double *qpos, double *kpos);
    int (*choose)(const void *self, const struct lx_enc_call *c, int i, int j, int *end);

    /* Products of other vectors than q and k: width channels a head made of those of x (T, heads,
     * head_dim), rows `stride` reals apart, into out (T, heads, width); `key`: x holds keys. Adds to
     * dx, laid out like x. */
    int (*width)(const void *self);
    void (*features)(const void *self, const struct lx_enc_call *c, bool key, const real *x,
                     size_t stride, real *out);
    void (*features_back)(const void *self, const struct lx_enc_call *c, bool key, const real *x,
                          size_t stride, const real *dout, real *dx, double *sums);

    /* Another z than a product, from row->q and row->k; into z (heads, n) like row->z. Back: row->dz to
     * row->dq, row->dk. */
    void (*product)(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row,
                    real *z);
    void (*product_back)(const void *self, const struct lx_enc_call *c,
                         const struct lx_enc_row *row);

    /* Adds to row->bias what depends on the query, on z or on which keys are seen. Back: row->dbias to
     * dq, dk, dz, sums. */
    void (*bias)(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row);
    void (*bias_back)(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row);

    /* Changes row->logit, knowing content and bias. Back: row->logit holds what post was given;
     * dlogit in and out; adds to dcontent and dbias, sums. */
    void (*post)(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row);
    void (*post_back)(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row);
    size_t (*n_state)(const void *self, int T);

    /* Weights p from logits in place of the softmax. Back: logit, p and dp to dlogit. */
    void (*normalise)(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row);
    void (*normalise_back)(const void *self, const struct lx_enc_call *c,
                           const struct lx_enc_row *row);

    /* Adds to row->out what depends on row->p. Back: row->dout to dp and sums. */
    void (*value)(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row);
    void (*value_back)(const void *self, const struct lx_enc_call *c, const struct lx_enc_row *row);

    /* (optional, for plans) What all hooks beyond the line add to the cost of a row. Unset, which is {0, 0}:
     * the sum of what hooks of their kind usually add, stack/hooks.c. From `longshot bench --pairs`. */
    struct lx_enc_cost row_cost;

    /* ---------------------------------------------------------------- for describe and counting */

    /* (optional, for describe and for counting) Index of the learned parameter that distance d
     * uses, -1 for none. */
    int (*bucket)(const void *self, int d);

    /* (optional, for counting) The learned row that position t of T tokens reads, before the first
     * layer; the part *part of it, 0 <= *part < 1, is the next row in its stead. */
    int (*row)(const void *self, int t, int T, double *part);

    /* How many learned rows there are for bucket or row to choose from. Comes with one of these two,
     * and with both of them never. None of the three looks at learned values. */
    int (*rows)(const void *self);
};

/* The registry: encoding_list.c is the only file that names schemes. */
int lx_encoding_count(void);
const struct lx_encoding_ops *lx_encoding_at(int i);
const struct lx_encoding_ops *lx_encoding_find(const char *name); /* NULL: unknown */

/* What papers and other programs call schemes: suggested where such a name was typed, never taken for one. */
extern const struct lx_word lx_encoding_words[];

#endif
