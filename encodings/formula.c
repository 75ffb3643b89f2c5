/* Formula: a scheme that a config writes down, without compiling anything.
 *
 * Formula: dist[h][d] = the expression `dist` of the distance d; expressions may use d, h (the head, from
 * 0), H (heads), L (training length), T (the sequence's length), pi and the names of `learned`. The
 * language is that of expression/expression.h. ALiBi: "-d*2^(-8*(h+1)/H)".
 * Source: this program. Past the training length: what the expression says.
 * Options: dist; learned, numbers by name that are trained: init (first value; or two, the ends of a
 * uniform draw), start (in its place: an expression of h, H and L), per (head; model: one for all; layer;
 * layer_head), min, max (bounds, kept by a clamp after every step). No weight decay. Without any option
 * the scheme is an example: "-r*d" with r learned from ALiBi's slopes.
 * Arrays: encoding.formula.<name>, [H], [1], [layers] or [layers, H].
 * An expression without learned numbers is evaluated once for each length, others once a forward pass. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "encodings/encoding.h"
#include "expression/expression.h"

#define MOST_NUMBERS 8

enum per { PER_HEAD, PER_MODEL, PER_LAYER, PER_LAYER_HEAD };
enum { VAR_D, VAR_H, VAR_HEADS, VAR_L, VAR_T, VARS };

static const char *const variables[] = {"d", "h", "H", "L", "T"};

struct formula;

/* An entry of `learned`. */
struct number {
    struct lx_numbers init;
    const char *start;
    int per; /* enum per */
    double min, max;
    /* What init adds. */
    const char *name;
    const struct formula *owner;
    struct lx_param *p;
};

/* An expression and its values. */
struct part {
    const char *key, *text; /* NULL: not given */
    struct lx_expr *e;
    bool learns;
    int tables;  /* 1, or one a layer */
    real *table; /* (tables, H, max_length) */
    int rows, T; /* what the tables hold without anything learned: values below rows, at T */
};

struct formula {
    const char *dist_text;
    struct lx_map learned;
    struct lx_enc_dims dims;
    struct number numbers[MOST_NUMBERS]; /* (n) those of `learned` */
    const char *names[MOST_NUMBERS];
    int n;
    struct part dist;
};

static const struct lx_option number_options[] = {
    {.key = "init",
     .type = LX_OPT_NUMBERS,
     .offset = offsetof(struct number, init),
     .min = -1e9,
     .max = 1e9,
     .help = "first value, or [lowest, highest] of a uniform draw"},
    {.key = "start",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct number, start),
     .help = "first value as an expression of h, H and L, in place of init"},
    {.key = "per",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct number, per),
     .text = "head|model|layer|layer_head",
     .help = "who has one of its own"},
    {.key = "min",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct number, min),
     .def = (double)NAN,
     .min = -1e9,
     .max = 1e9,
     .help = "lower bound, kept after every step"},
    {.key = "max",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct number, max),
     .def = (double)NAN,
     .min = -1e9,
     .max = 1e9,
     .help = "upper bound, kept after every step"},
    {.type = LX_OPT_END},
};

static const struct lx_map_entry number_entry = {number_options, sizeof(struct number)};

static const struct lx_option options[] = {
    {.key = "dist",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct formula, dist_text),
     .help = "bias of distance d, an expression of d, h, H, L, T and learned numbers"},
    {.key = "learned",
     .type = LX_OPT_MAP,
     .offset = offsetof(struct formula, learned),
     .text = &number_entry,
     .help = "trained numbers of the expressions, by name"},
    {.type = LX_OPT_END},
};

/* What "formula" alone stands for. */
static const char example_text[] = "-r*d", example_name[] = "r";
static const struct number example_number = {
    .start = "2^(-8*(h+1)/H)", .min = 0, .max = (double)NAN};

/* The entry's value in the array of n, for a layer and head. */
static size_t place(const struct formula *s, const struct number *n, int layer, int h)
{
    switch ((enum per)n->per) {
    case PER_HEAD:
        return (size_t)h;
    case PER_LAYER:
        return (size_t)layer;
    case PER_LAYER_HEAD:
        return (size_t)(layer * s->dims.heads + h);
    case PER_MODEL:
        break;
    }
    return 0;
}

static double bounded(const struct number *n, double v)
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
static double first_value(const struct formula *s, const struct number *n, int h, double at)
{
    const double values[] = {h, s->dims.heads, s->dims.train_length};
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
    const struct number *number = self;
    const struct formula *s = number->owner;
    bool heads = number->per == PER_HEAD || number->per == PER_LAYER_HEAD;

    for (size_t i = 0; i < n; i++) {
        int h = heads ? (int)(i % (size_t)s->dims.heads) : 0;

        w[i] = (real)first_value(s, number, h, lx_rng_uniform(rng));
    }
}

static enum lx_code check_number(const struct formula *s, const struct number *n,
                                 struct lx_err *err)
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
    for (int h = 0; code == LX_OK && h < s->dims.heads; h++)
        if (!isfinite(first_value(s, n, h, 0)))
            code = lx_fail(err, LX_ECONFIG, "is not finite for head %d", h);
    lx_arena_free(&arena);
    return code == LX_OK ? LX_OK : lx_wrap(err, "start");
}

static enum lx_code check_name(const char *name, struct lx_err *err)
{
    bool is_free = lx_expr_name_is_free(name);

    for (int i = 0; i < VARS; i++)
        is_free = is_free && strcmp(variables[i], name) != 0;
    if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
        strlen(name))
        is_free = false;
    return is_free ? LX_OK
                   : lx_fail(err, LX_ECONFIG,
                             "must be a name of letters, digits and _ that the language of "
                             "formulas does not use itself");
}

static enum lx_code declare(struct formula *s, struct number *n, struct lx_paramset *params,
                            struct lx_err *err)
{
    const struct lx_enc_dims *d = &s->dims;
    struct lx_param_spec spec = {.n_dims = 1,
                                 .fill = fill,
                                 .self = n,
                                 .clamped = !isnan(n->min) || !isnan(n->max),
                                 .lower = isnan(n->min) ? -HUGE_VAL : n->min,
                                 .upper = isnan(n->max) ? HUGE_VAL : n->max};
    const int first[] = {[PER_HEAD] = d->heads,
                         [PER_MODEL] = 1,
                         [PER_LAYER] = d->layers,
                         [PER_LAYER_HEAD] = d->layers};
    char name[80];

    n->owner = s;
    if (check_name(n->name, err) || check_number(s, n, err))
        return lx_wrap(err, "learned.%s", n->name);
    spec.dim[0] = first[n->per];
    if (n->per == PER_LAYER_HEAD)
        spec.dim[spec.n_dims++] = d->heads;
    (void)snprintf(name, sizeof(name), "encoding.formula.%s", n->name);
    spec.name = name;
    return lx_paramset_add(params, &spec, &n->p, err);
}

static enum lx_code parse_part(const struct formula *s, struct part *p, struct lx_arena *arena,
                               struct lx_err *err)
{
    const struct lx_expr_names names = {.variables = variables,
                                        .n_variables = VARS,
                                        .lane = VAR_D,
                                        .learned = s->names,
                                        .n_learned = s->n};

    if (lx_expr_parse(p->text, &names, arena, &p->e, err))
        return lx_wrap(err, "%s", p->key);
    return LX_OK;
}

/* Lanes first .. first + n - 1 of one table, with `learned` for the learned numbers. */
static struct lx_expr_input input(const struct formula *s, double values[VARS],
                                  const double *learned, int h, int T, int first, int n)
{
    values[VAR_D] = 0;
    values[VAR_H] = h;
    values[VAR_HEADS] = s->dims.heads;
    values[VAR_L] = s->dims.train_length;
    values[VAR_T] = T;
    if (n > LX_EXPR_BLOCK)
        n = LX_EXPR_BLOCK;
    return (struct lx_expr_input){.variables = values, .learned = learned, .first = first, .n = n};
}

/* Finite near and far, at the training length and at the longest, from either end of the draws. */
static enum lx_code check_values(const struct formula *s, const struct part *p, struct lx_err *err)
{
    for (int k = 0; k < 2 * 2 * 2 * s->dims.heads; k++) {
        int T = k & 1 ? s->dims.max_length : s->dims.train_length, h = k >> 3;
        int first = k & 2 && T > LX_EXPR_BLOCK ? T - LX_EXPR_BLOCK : 0;
        double values[VARS], learned[MOST_NUMBERS], out[LX_EXPR_BLOCK];
        struct lx_expr_input in = input(s, values, learned, h, T, first, T - first);

        for (int i = 0; i < s->n; i++)
            learned[i] = first_value(s, &s->numbers[i], h, k & 4 ? 1 : 0);
        lx_expr_eval(p->e, &in, out);
        for (int l = 0; l < in.n; l++)
            if (!isfinite(out[l]))
                return lx_fail(err, LX_ECONFIG,
                               "%s: is not finite at %s = %d of %d tokens for head %d", p->key,
                               variables[VAR_D], first + l, T, h);
    }
    if (lx_expr_cut(p->e))
        return lx_fail(err, LX_ECONFIG, "%s: a sum has more than %d terms", p->key, LX_EXPR_TERMS);
    return LX_OK;
}

/* What learned numbers the expression reads decides how many tables there are. */
static void note_learned(const struct formula *s, struct part *p)
{
    p->learns = false;
    p->tables = 1;
    for (int i = 0; i < s->n; i++) {
        if (!lx_expr_learns(p->e, i))
            continue;
        p->learns = true;
        if (s->numbers[i].per == PER_LAYER || s->numbers[i].per == PER_LAYER_HEAD)
            p->tables = s->dims.layers;
    }
}

/* Checked in an arena of its own first, since the model's may only measure. */
static enum lx_code init_part(struct formula *s, struct part *p, struct lx_arena *arena,
                              struct lx_err *err)
{
    struct lx_arena own = {0};
    size_t n = (size_t)s->dims.max_length * (size_t)s->dims.heads;
    enum lx_code code = parse_part(s, p, &own, err);

    if (code == LX_OK)
        code = check_values(s, p, err);
    if (code == LX_OK)
        note_learned(s, p);
    lx_arena_free(&own);
    if (code != LX_OK)
        return code;
    if (parse_part(s, p, arena, err) || lx_arena_get(arena, (size_t)p->tables * n, sizeof(real),
                                                     &p->table, "table of a formula", err))
        return err->code;
    return LX_OK;
}

/* The entries of `learned`, each with its name; those of the example without any. */
static enum lx_code take_numbers(struct formula *s, struct lx_err *err)
{
    const struct number *given = s->learned.items;

    if (s->dist_text == NULL && s->learned.n > 0)
        return lx_fail(err, LX_ECONFIG, "dist: must be given with learned numbers");
    if (s->learned.n > MOST_NUMBERS)
        return lx_fail(err, LX_ECONFIG, "learned: must have at most %d names, got %d", MOST_NUMBERS,
                       s->learned.n);
    s->dist = (struct part){.key = "dist", .text = s->dist_text};
    s->n = s->learned.n;
    for (int i = 0; i < s->n; i++) {
        s->numbers[i] = given[i];
        s->numbers[i].name = s->names[i] = s->learned.key[i];
    }
    if (s->dist_text == NULL) {
        s->dist.text = example_text;
        s->numbers[0] = example_number;
        s->numbers[0].name = s->names[0] = example_name;
        s->n = 1;
    }
    return LX_OK;
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct formula *s = self;

    s->dims = *dims;
    if (take_numbers(s, err))
        return err->code;
    for (int i = 0; i < s->n; i++)
        if (declare(s, &s->numbers[i], params, err))
            return err->code;
    return init_part(s, &s->dist, arena, err);
}

/* The learned numbers of a layer and head. */
static void gather(const struct formula *s, int layer, int h, double learned[MOST_NUMBERS])
{
    for (int i = 0; i < s->n; i++)
        learned[i] = (double)s->numbers[i].p->w[place(s, &s->numbers[i], layer, h)];
}

/* Bring the tables up to date for T tokens: all of them where something is learned. */
static void refresh(struct formula *s, struct part *p, int T)
{
    int H = s->dims.heads, from = p->rows;

    if (p->learns || (lx_expr_uses(p->e, VAR_T) && p->T != T))
        from = 0;
    p->T = T;
    p->rows = from > T ? from : T;
    for (int k = 0; k < p->tables * H; k++) {
        real *row = p->table + (size_t)k * (size_t)s->dims.max_length;
        double values[VARS], learned[MOST_NUMBERS], out[LX_EXPR_BLOCK];

        gather(s, k / H, k % H, learned);
        for (int first = from; first < T; first += LX_EXPR_BLOCK) {
            struct lx_expr_input in = input(s, values, learned, k % H, T, first, T - first);

            lx_expr_eval(p->e, &in, out);
            for (int l = 0; l < in.n; l++)
                row[first + l] = (real)out[l];
        }
    }
}

static void prepare(void *self, int T, int reach)
{
    struct formula *s = self;

    (void)T;
    refresh(s, &s->dist, reach);
}

/* The values of head h in a layer. */
static const real *row_of(const struct formula *s, const struct part *p, int layer, int h)
{
    int k = (p->tables > 1 ? layer : 0) * s->dims.heads + h;

    return p->table + (size_t)k * (size_t)s->dims.max_length;
}

static void dist(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct formula *s = self;

    for (int h = 0; h < s->dims.heads; h++) {
        const real *from = row_of(s, &s->dist, c->layer, h);
        real *row = table + (size_t)h * (size_t)c->T;

        for (int d = 0; d < c->T; d++)
            row[d] += from[d];
    }
}

/* dtable (H, T), the gradient by the values of a part, goes to the learned numbers. */
static void part_back(struct formula *s, struct part *p, const struct lx_enc_call *c,
                      const real *dtable)
{
    for (int h = 0; p->learns && h < s->dims.heads; h++) {
        const real *row = dtable + (size_t)h * (size_t)c->T;
        double values[VARS], learned[MOST_NUMBERS], dlearned[MOST_NUMBERS] = {0};

        gather(s, c->layer, h, learned);
        for (int first = 0; first < c->T; first += LX_EXPR_BLOCK) {
            struct lx_expr_input in = input(s, values, learned, h, c->T, first, c->T - first);
            double by[LX_EXPR_BLOCK];

            for (int l = 0; l < in.n; l++)
                by[l] = (double)row[first + l];
            lx_expr_back(p->e, &in, by, dlearned);
        }
        for (int i = 0; i < s->n; i++)
            s->numbers[i].p->g[place(s, &s->numbers[i], c->layer, h)] += (real)dlearned[i];
    }
}

static void dist_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct formula *s = self;

    part_back(s, &s->dist, c, dtable);
}

extern const struct lx_encoding_ops lx_encoding_formula;

const struct lx_encoding_ops lx_encoding_formula = {
    .name = "formula",
    .title = "formula",
    .cite = "no paper: an expression of the config's own",
    .formula = "dist[h][d] = what `dist` says of d, h, H, L, T and learned numbers",
    .beyond = "what the expression says",
    .state_size = sizeof(struct formula),
    .options = options,
    .init = init,
    .prepare = prepare,
    .dist = dist,
    .dist_back = dist_back,
};
