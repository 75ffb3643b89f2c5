/* What both directions of attention by rows share. */
#ifndef LX_ATTENTION_ATTENTION_ROWS_INTERNAL_H
#define LX_ATTENTION_ATTENTION_ROWS_INTERNAL_H

#include "attention/attention_internal.h"

enum { ROWS = 16 }; /* queries at a time */

/* Keys from .. to-1; none if from >= to. */
struct span {
    int from, to;
};

/* Queries and keys of one product, (T, H*w) rows `stride` reals apart, and their gradients. */
struct product {
    const real *q, *k;
    real *dq, *dk;
};

struct rows {
    const struct lx_attention *a;
    struct lx_enc_call call;
    const struct lx_stack_item *remap, *features, *product, *post, *normaliser;
    int b, T, H, d, n_products;
    int w; /* channels of a head in a product */
    size_t HT, D;
    const real *qkv; /* (T, 3D) of the sequence */
    real *dqkv;
    bool turned; /* products are of copies of q and k */
    size_t stride;
    struct product products[LX_PRODUCTS_MAX];
    real *z;                         /* (products, ROWS, H, T)                                  */
    real *p, *dp;                    /* (ROWS, H, T)                                            */
    real *content, *bias, *logit;    /* (H, T) of a row, logit as post leaves it                */
    real *given;                     /* (H, T) logit as post finds it                           */
    real *scaled;                    /* (H, T) over tau, hidden keys -INFINITY                  */
    real *dlogit, *dcontent, *dbias; /* (H, T)                                                  */
    real *dz;                        /* (H, T)                                                  */
    unsigned char *seen, *which;     /* (T) of a row: keys that are seen, products they take    */
};

/* The first key that query i sees at all, and where its keys end. */
int lx_rows_lowest(const struct rows *s, int i);
int lx_rows_end(const struct rows *s, int i);
/* Products v of head h, (ROWS, H*T) from there. */
real *lx_rows_z_of(const struct rows *s, int v, int h);
/* 1 / sqrt(head_dim) */
real lx_rows_shrink(const struct rows *s);
/* Products of queries i0 .. i0+n-1 with the keys that take them; spans of keys into used. */
void lx_rows_multiply(struct rows *s, int i0, int n, struct span *used);
/* Row r of the block, that of query i, as hooks see it. */
struct lx_enc_row lx_rows_at(struct rows *s, int r, int i);
/* Head h of this sequence among all of the batch. */
size_t lx_rows_head_at(const struct rows *s, int h);
/* Factors on content: of the query, and by the distance of query i and key j. */
real lx_rows_scale_of(const struct rows *s, int h, int i);
real lx_rows_mul_of(const struct rows *s, int h, int i, int j);
/* Logits of a row, over tau in scaled; then weights, those of the sinks into sink (H). */
void lx_rows_logits(struct rows *s, const struct lx_enc_row *row, int r);
void lx_rows_weights(struct rows *s, const struct lx_enc_row *row, double *sink);
/* Sets up sequence b; dqkv of the batch, NULL: forward. */
void lx_rows_open(struct rows *s, const struct lx_attention *a, int b, real *scratch, real *dqkv);
/* The call of product v for queries, or keys. */
struct lx_enc_call lx_rows_moved(const struct rows *s, int v, bool key);

#endif
