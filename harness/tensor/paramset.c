/* The set of learned arrays; see paramset.h. Declared arrays lie one behind the other in a single
 * block, so that the optimiser, the global gradient norm and a checkpoint can walk plain memory. */
#include "tensor/paramset.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum lx_code lx_paramset_init(struct lx_paramset *ps, size_t capacity, struct lx_arena *arena,
                              struct lx_err *err)
{
    memset(ps, 0, sizeof(*ps));
    ps->arena = arena;
    ps->capacity = capacity;
    return lx_arena_get(arena, capacity, sizeof(*ps->items), &ps->items, "list of learned arrays",
                        err);
}

struct lx_param *lx_paramset_find(const struct lx_paramset *ps, const char *name)
{
    size_t i;

    /* A set that only measures has no items to look at. */
    for (i = 0; ps->items != NULL && i < ps->count; i++)
        if (strcmp(ps->items[i].spec.name, name) == 0)
            return &ps->items[i];
    return NULL;
}

/* Values of an array of that shape; 0: no shape, or more than memory can address. */
static size_t count_values(const struct lx_param_spec *spec)
{
    size_t n = 1;
    int i;

    if (spec->n_dims < 1 || spec->n_dims > LX_PARAM_DIMS)
        return 0;
    for (i = 0; i < spec->n_dims; i++) {
        if (spec->dim[i] < 1 || n > SIZE_MAX / sizeof(real) / (size_t)spec->dim[i])
            return 0;
        n *= (size_t)spec->dim[i];
    }
    return n;
}

enum lx_code lx_paramset_add(struct lx_paramset *ps, const struct lx_param_spec *spec,
                             struct lx_param **out, struct lx_err *err)
{
    size_t n = count_values(spec);
    struct lx_param *p;
    char *name;

    *out = NULL;
    if (n == 0 || n > SIZE_MAX / sizeof(real) - ps->n_values)
        return lx_fail(err, LX_ECONFIG, "%s: %d dimensions make no array that fits in memory",
                       spec->name, spec->n_dims);
    if (lx_paramset_find(ps, spec->name) != NULL)
        return lx_fail(err, LX_ECONFIG, "%s: declared twice: names of learned arrays are unique",
                       spec->name);
    if (ps->count == ps->capacity)
        return lx_fail(err, LX_EFAILED, "%s: no room: the set holds at most %zu arrays", spec->name,
                       ps->capacity);
    name = lx_arena_text(ps->arena, spec->name);
    if (ps->arena->measure) {
        ps->count++;
        ps->n_values += n;
        return LX_OK;
    }
    if (name == NULL)
        return lx_fail(err, LX_ENOMEM, "%s: out of memory", spec->name);
    p = &ps->items[ps->count++];
    p->spec = *spec;
    p->spec.name = name;
    p->n = n;
    ps->n_values += n;
    *out = p;
    return LX_OK;
}

enum lx_code lx_paramset_layout(struct lx_paramset *ps, bool with_gradients, struct lx_err *err)
{
    size_t i, at = 0;
    enum lx_code code;

    assert(ps->w == NULL);
    code = lx_arena_get(ps->arena, ps->n_values, sizeof(real), &ps->w, "parameters", err);
    if (code == LX_OK && with_gradients)
        code = lx_arena_get(ps->arena, ps->n_values, sizeof(real), &ps->g, "gradients", err);
    if (code != LX_OK || ps->items == NULL || ps->arena->measure)
        return code;
    for (i = 0; i < ps->count; i++) {
        struct lx_param *p = &ps->items[i];

        p->w = ps->w + at;
        p->g = with_gradients ? ps->g + at : NULL;
        at += p->n;
    }
    return LX_OK;
}

void lx_paramset_fill(struct lx_paramset *ps, uint64_t seed)
{
    size_t i;

    for (i = 0; i < ps->count; i++) {
        struct lx_param *p = &ps->items[i];
        char stream[256] = "init/";
        struct lx_rng rng;

        assert(strlen(p->spec.name) < sizeof(stream) - strlen(stream));
        strncat(stream, p->spec.name, sizeof(stream) - strlen(stream) - 1);
        memset(p->w, 0, p->n * sizeof(real));
        lx_rng_init(&rng, seed, stream);
        if (p->spec.fill != NULL)
            p->spec.fill(p->spec.self, p->w, p->n, &rng);
    }
}
