/* The set of learned arrays of a model: declared first, laid out once, then shared by everyone.
 *
 * The model and each scheme declare arrays (name, shape, first values, decay, bounds). The set owns
 * the storage; the optimiser, checkpoints, gradient checks and counts walk the set and need no code
 * for any single array. `w` and `g` are NULL until lx_paramset_layout has run. */
#ifndef LX_TENSOR_PARAMSET_H
#define LX_TENSOR_PARAMSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/real.h"
#include "core/rng.h"

#define LX_PARAM_DIMS 4

struct lx_param;

struct lx_param_spec {
    const char *name; /* as in checkpoints: "layers.0.ln1.weight"; copied */
    int n_dims;
    int dim[LX_PARAM_DIMS];
    /* First values; NULL: zeros. Called with the array's own stream, named "init/<name>". */
    void (*fill)(const void *self, real *w, size_t n, struct lx_rng *rng);
    const void *self; /* handed to fill; kept */
    bool decay;       /* weight decay applies */
    bool frozen;      /* kept and saved, never trained */
    bool of_scheme;   /* of an element of the stack; set by the model, no scheme need say so */
    bool clamped;     /* after each step: lower <= w <= upper */
    double lower, upper;
};

struct lx_param {
    struct lx_param_spec spec;
    size_t n; /* values */
    real *w;  /* values, shape spec.dim, C order */
    real *g;  /* gradient of the same shape; NULL in a set laid out without gradients */
};

struct lx_paramset {
    struct lx_arena *arena;
    struct lx_param *items; /* (count) fixed capacity, so that addresses stay */
    size_t count, capacity;
    size_t n_values; /* sum of n */
    real *w, *g;     /* all values, all gradients: (n_values), arrays in order of declaration */
};

/* Room for `capacity` arrays; names and storage come from the arena, which is kept. */
LX_MUST_CHECK
enum lx_code lx_paramset_init(struct lx_paramset *ps, size_t capacity, struct lx_arena *arena,
                              struct lx_err *err);

/* Declare one array; *out stays valid. A second array of the same name is LX_ECONFIG. */
LX_MUST_CHECK
enum lx_code lx_paramset_add(struct lx_paramset *ps, const struct lx_param_spec *spec,
                             struct lx_param **out, struct lx_err *err);

/* Give every array its storage (zeroed); with_gradients: g as well. While the arena measures, only
 * the bytes are counted. */
LX_MUST_CHECK
enum lx_code lx_paramset_layout(struct lx_paramset *ps, bool with_gradients, struct lx_err *err);

/* First values of every array: stream "init/<name>" of `seed`, whatever else is declared. */
void lx_paramset_fill(struct lx_paramset *ps, uint64_t seed);

/* The array of that name; NULL: none. */
struct lx_param *lx_paramset_find(const struct lx_paramset *ps, const char *name);

#endif
