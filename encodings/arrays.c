/* Arrays shared by layers or not; see arrays.h. */
#include "encodings/arrays.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum lx_code lx_enc_array(struct lx_paramset *params, const struct lx_enc_dims *dims, bool shared,
                          struct lx_param_spec spec, struct lx_param **out, struct lx_err *err)
{
    if (!shared || spec.n_dims == 0) {
        assert(spec.n_dims < LX_PARAM_DIMS);
        memmove(spec.dim + 1, spec.dim, (size_t)spec.n_dims * sizeof(*spec.dim));
        spec.dim[0] = shared ? 1 : dims->layers;
        spec.n_dims++;
    }
    return lx_paramset_add(params, &spec, out, err);
}

size_t lx_enc_array_at(const struct lx_param *p, const struct lx_enc_dims *dims, bool shared,
                       int layer)
{
    return shared ? 0 : p->n / (size_t)dims->layers * (size_t)layer;
}

void lx_enc_fill_linear(const void *inputs, real *w, size_t n, struct lx_rng *rng)
{
    const int *in = inputs;
    double bound = 1 / sqrt(*in);

    for (size_t i = 0; i < n; i++)
        w[i] = (real)(bound * (2 * lx_rng_uniform(rng) - 1));
}
