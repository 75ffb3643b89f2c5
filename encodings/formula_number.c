/* Learned numbers of formulas; see formula_number.h. */
#include "encodings/formula_number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "expression/expression.h"

static const struct lx_option number_options[] = {
    {.key = "init",
     .type = LX_OPT_NUMBERS,
     .offset = offsetof(struct lx_formula_number, init),
     .min = -1e9,
     .max = 1e9,
     .help = "first value, or [lowest, highest] of a uniform draw"},
    {.key = "start",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct lx_formula_number, start),
     .help = "first value as an expression of h, H and L, in place of init"},
    {.key = "per",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct lx_formula_number, per),
     .text = "head|model|layer|layer_head",
     .help = "who has one of its own"},
    {.key = "min",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct lx_formula_number, min),
     .def = (double)NAN,
     .min = -1e9,
     .max = 1e9,
     .help = "lower bound, kept after every step"},
    {.key = "max",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct lx_formula_number, max),
     .def = (double)NAN,
     .min = -1e9,
     .max = 1e9,
     .help = "upper bound, kept after every step"},
    {.type = LX_OPT_END},
};

const struct lx_map_entry lx_formula_number_entry = {
    number_options,
    sizeof(
        struct lx_formula_number)}; /* The entry's value in the array of n, for a layer and head. */
size_t lx_formula_number_at(const struct lx_formula_number *n, int layer, int h)
{
    switch ((enum lx_formula_per)n->per) {
    case PER_HEAD:
        return (size_t)h;
    case PER_LAYER:
        return (size_t)layer;
    case PER_LAYER_HEAD:
        return (size_t)(layer * n->dims.heads + h);
    case PER_MODEL:
        break;
    }
    return 0;
}

static double bounded(const struct lx_formula_number *n, double v)
{
    v = v < n->min ? n->min : v;
    return v > n->max ? n->max : v;
}

/* An expression, from an arena that is not measuring, of h, H and L. */
static enum lx_code parse_start(const char *text, struct lx_arena *arena, struct lx_expr **out,
                                struct lx_err *err)
{
    static const char *const known[] = {"h", "H", "L"};
    const struct lx_expr_names names = {.variables = known, .n_variables = 3, .lane = -1};

    return lx_expr_parse(text, &names, arena, out, err);
}

/* First value of n for head h: the middle of a draw where `at` is 1/2, its ends at 0 and 1. */
double lx_formula_number_first(const struct lx_formula_number *n, int h, double at)
{
    const double values[] = {h, n->dims.heads, n->dims.train_length};
    const struct lx_expr_input in = {.variables = values, .n = 1};
    struct lx_arena arena = {0};
    struct lx_expr *e;
    struct lx_err err;
    double v = 0;

    if (n->start == NULL) {
        v = n->init.v[0];
        return bounded(n, n->init.n > 1 ? v + at * (n->init.v[1] - v) : v);
    }
    if (parse_start(n->start, &arena, &e, &err) == LX_OK)
        lx_expr_eval(e, &in, &v);
    lx_arena_free(&arena);
    return bounded(n, v);
}

static void fill(const void *self, real *w, size_t n, struct lx_rng *rng)
{
    const struct lx_formula_number *number = self;
    bool heads = number->per == PER_HEAD || number->per == PER_LAYER_HEAD;

    for (size_t i = 0; i < n; i++) {
        int h = heads ? (int)(i % (size_t)number->dims.heads) : 0;

        w[i] = (real)lx_formula_number_first(number, h, lx_rng_uniform(rng));
    }
}

static enum lx_code check_number(const struct lx_formula_number *n, struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_expr *e;
    enum lx_code code = LX_OK;

    if (n->init.n > 2 || (n->init.n == 0) == (n->start == NULL))
        return lx_fail(err, LX_ECONFIG,
                       "must have init, one number or the two ends of a draw, or start, an "
                       "expression");
    if (n->min > n->max)
        return lx_fail(err, LX_ECONFIG, "min: must be at most max %g, got %g", n->max, n->min);
    if (n->start == NULL)
        return LX_OK;
    code = parse_start(n->start, &arena, &e, err);
    for (int h = 0; code == LX_OK && h < n->dims.heads; h++)
        if (!isfinite(lx_formula_number_first(n, h, 0)))
            code = lx_fail(err, LX_ECONFIG, "is not finite for head %d", h);
    lx_arena_free(&arena);
    return code == LX_OK ? LX_OK : lx_wrap(err, "start");
}

static enum lx_code check_name(const char *name, const char *const *reserved, int n,
                               struct lx_err *err)
{
    bool is_free = lx_expr_name_is_free(name);

    for (int i = 0; i < n; i++)
        is_free = is_free && strcmp(reserved[i], name) != 0;
    return is_free ? LX_OK
                   : lx_fail(err, LX_ECONFIG,
                             "must be a name of letters, digits and _ that the language of "
                             "formulas does not use itself");
}

enum lx_code lx_formula_number_declare(struct lx_formula_number *n, const struct lx_enc_dims *dims,
                                       const char *const *reserved, int n_reserved,
                                       struct lx_paramset *params, struct lx_err *err)
{
    struct lx_param_spec spec = {.n_dims = 1,
                                 .fill = fill,
                                 .self = n,
                                 .clamped = !isnan(n->min) || !isnan(n->max),
                                 .lower = isnan(n->min) ? -HUGE_VAL : n->min,
                                 .upper = isnan(n->max) ? HUGE_VAL : n->max};
    const int first[] = {[PER_HEAD] = dims->heads,
                         [PER_MODEL] = 1,
                         [PER_LAYER] = dims->layers,
                         [PER_LAYER_HEAD] = dims->layers};
    char name[80];

    n->dims = *dims;
    if (check_name(n->name, reserved, n_reserved, err) || check_number(n, err))
        return lx_wrap(err, "learned.%s", n->name);
    spec.dim[0] = first[n->per];
    if (n->per == PER_LAYER_HEAD)
        spec.dim[spec.n_dims++] = dims->heads;
    (void)snprintf(name, sizeof(name), "encoding.formula.%s", n->name);
    spec.name = name;
    return lx_paramset_add(params, &spec, &n->p, err);
}
