/* Learned arrays that all layers share, or of which every layer has its own. */
#ifndef LX_ENCODINGS_ARRAYS_H
#define LX_ENCODINGS_ARRAYS_H

#include "encodings/encoding.h"

/* Declare the array of `spec`, whose dim leave the layers out: as it is where `shared`, else with the
 * layers as one more dimension in front. A number alone (n_dims 0) becomes [1] or [layers]. */
LX_MUST_CHECK
enum lx_code lx_enc_array(struct lx_paramset *params, const struct lx_enc_dims *dims, bool shared,
                          struct lx_param_spec spec, struct lx_param **out, struct lx_err *err);

/* The first value, within the array, of what a layer uses. */
size_t lx_enc_array_at(const struct lx_param *p, const struct lx_enc_dims *dims, bool shared,
                       int layer);

/* First values uniform in (-1/sqrt(n), 1/sqrt(n)), as linear layers of n inputs usually begin; n is
 * handed over as the fill's self, an int. */
void lx_enc_fill_linear(const void *inputs, real *w, size_t n, struct lx_rng *rng);

/* The option `shared` of struct s, true unless given. */
#define LX_SHARED_OPTION(s)                                                                        \
    {                                                                                              \
        .key = "shared", .type = LX_OPT_BOOL, .offset = offsetof(s, shared), .def = 1,             \
        .help = "one set of learned numbers for all layers"                                        \
    }

#endif
