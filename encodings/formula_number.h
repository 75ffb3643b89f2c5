/* The learned numbers of a formula: an entry of the option `learned`, its array and first values. */
#ifndef LX_ENCODINGS_FORMULA_NUMBER_H
#define LX_ENCODINGS_FORMULA_NUMBER_H

#include "encodings/encoding.h"

enum lx_formula_per { PER_HEAD, PER_MODEL, PER_LAYER, PER_LAYER_HEAD };

struct lx_formula_number {
    struct lx_numbers init;
    const char *start;
    int per; /* enum lx_formula_per */
    double min, max;
    /* What declaring it adds. */
    const char *name;
    struct lx_enc_dims dims;
    struct lx_param *p; /* [H], [1], [layers] or [layers, H], by `per` */
};

/* For an LX_OPT_MAP of such entries. */
extern const struct lx_map_entry lx_formula_number_entry;

/* Check the entry, whose name is set, and declare encoding.formula.<name>. `reserved` (n) are names that
 * it must not have. */
LX_MUST_CHECK
enum lx_code lx_formula_number_declare(struct lx_formula_number *n, const struct lx_enc_dims *dims,
                                       const char *const *reserved, int n_reserved,
                                       struct lx_paramset *params, struct lx_err *err);

/* First value for head h: at 0 and 1 the ends of a draw. */
double lx_formula_number_first(const struct lx_formula_number *n, int h, double at);

/* Where the value of a layer and head is in the array. */
size_t lx_formula_number_at(const struct lx_formula_number *n, int layer, int h);

#endif
