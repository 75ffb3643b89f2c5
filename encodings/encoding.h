/* The contract of a positional scheme.
 *
 * For head h, query i, key j <= i of a sequence, with d = i - j:
 *
 *     logit[i][j] = ( scale[i] * (R q_i . R k_j) / sqrt(head_dim)  +  dist[h][d] ) / tau[h]
 *
 * and logit = -infinity where d >= window. Biases are added after the division by sqrt(head_dim);
 * `scale` acts on content only; `tau` divides the whole logit, biases included.
 *
 * 1. A hook that is set is a capability; a NULL hook leaves its part of the formula alone.
 * 2. Every hook accumulates (adds, multiplies, rotates further), so schemes stack.
 * 3. Gradients are added, never assigned. `rotate` comes with `rotate_back`; any other hook has its
 *    _back iff something learned feeds it.
 * 4. Any T up to dims.max_length works, above dims.train_length too: that is the question this
 *    program asks. A scheme that cannot says so through max_length(), and the rows of longer
 *    lengths read status=not_applicable.
 * 5. No globals, no allocation outside init, no I/O. Only prepare and the _back hooks write to self.
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
#include "tensor/paramset.h"
#include "text/options.h"

/* Fixed for a run. */
struct lx_enc_dims {
    int layers, heads, head_dim, d_model;
    int train_length; /* L, tokens of a training sequence             */
    int max_length;   /* longest sequence any call will have          */
};

/* One forward or backward call, over B sequences of T tokens. */
struct lx_enc_call {
    int layer; /* 0-based; -1 for embed */
    int B, T;
};

struct lx_encoding_ops {
    const char *name;    /* key in configs and CSV: [a-z0-9_]           */
    const char *title;   /* plot legend                                  */
    const char *cite;    /* "Author et al. 2022, arXiv:2108.12409, s. 3" */
    const char *formula; /* one line of ASCII                            */
    const char *beyond;  /* one line: what happens past the training length */

    size_t state_size;               /* bytes of self, zeroed            */
    const struct lx_option *options; /* parsed into self; NULL: none     */

    /* (optional) Check options against dims, declare learned arrays ("encoding.<name>.<array>"),
     * allocate and build tables. Keep what is needed of dims (by value). The message of an error
     * begins with the option's key: "width: must be ...". */
    enum lx_code (*init)(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err);

    /* (optional) Longest T that this instance can process; 0 or NULL: no limit. */
    int (*max_length)(const void *self);

    /* (optional) Called before each forward pass of length T, ahead of every other hook: refresh
     * tables that depend on T. The parameters may have changed since the last call. */
    void (*prepare)(void *self, int T);

    /* x is (B, T, d_model), token embeddings before the first layer. */
    void (*embed)(const void *self, const struct lx_enc_call *c, real *x);
    void (*embed_back)(void *self, const struct lx_enc_call *c, const real *dx);

    /* q and k are (B*T, heads, head_dim) with rows `stride` reals apart, changed in place. The back
     * hook maps the gradient of R q to that of q (for a rotation: turns back). */
    void (*rotate)(const void *self, const struct lx_enc_call *c, real *q, real *k, size_t stride);
    void (*rotate_back)(void *self, const struct lx_enc_call *c, real *dq, real *dk, size_t stride);

    /* s is (T), one factor a query row, on content logits: s[i] *= ... */
    void (*scale)(const void *self, const struct lx_enc_call *c, real *s);

    /* tau is (heads), divides the whole logit: tau[h] *= ... */
    void (*tau)(const void *self, const struct lx_enc_call *c, real *tau);

    /* table is (heads, T), indexed by distance: table[h*T + d] += ... */
    void (*dist)(const void *self, const struct lx_enc_call *c, real *table);
    void (*dist_back)(void *self, const struct lx_enc_call *c, const real *dtable);

    /* Keys visible to a query, itself included: i - j < window. 0: all. */
    int (*window)(const void *self, const struct lx_enc_call *c);

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

#endif
