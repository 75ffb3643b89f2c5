/* Formula: a scheme that a config writes down, without compiling anything.
 *
 * Formula: dist[h][d] and mul[h][d] = the expressions `dist` and `mul` of the distance d, scale[h][i] =
 * `scale` of the query i; all may use h (the head; h, d, i from 0), H (heads), L (training length), T
 * (the sequence's length), pi and the names of `learned`. The language is that of
 * expression/expression.h. ALiBi: "-d*2^(-8*(h+1)/H)".
 * Source: this program. Past the training length: what the expressions say.
 * Options: dist, scale, mul; learned, numbers by name that are trained: init (first value; or two, the ends of a
 * uniform draw), start (in its place: an expression of h, H and L), per (head; model: one for all; layer;
 * layer_head), min, max (bounds, kept by a clamp after every step). No weight decay. Without any option
 * the scheme is an example: "-r*d" with r learned from ALiBi's slopes.
 * Arrays: encoding.formula.<name>, [H], [1], [layers] or [layers, H].
 * An expression without learned numbers is evaluated once for each length, others once a forward pass. */
#include <math.h>
#include <string.h>

#include "encodings/formula_number.h"
#include "expression/expression.h"

#define MOST_NUMBERS 8

enum { VAR_LANE, VAR_H, VAR_HEADS, VAR_L, VAR_T, VARS };
enum { DIST, SCALE, MUL, PARTS };

static const char *const by_distance[] = {"d", "h", "H", "L", "T"};
static const char *const by_query[] = {"i", "h", "H", "L", "T"};
static const char *const reserved[] = {"d", "i", "h", "H", "L", "T"};

/* An expression and its values. */
struct part {
    const char *key, *text;       /* text NULL: not given */
    const char *const *variables; /* (VARS) */
    struct lx_expr *e;
    bool learns, reads[MOST_NUMBERS];
    int tables;  /* 1, or one a layer */
    real *table; /* (tables, H, max_length) */
    int rows, T; /* what the tables hold without anything learned: values below rows, at T */
};

struct formula {
    const char *text[PARTS];
    struct lx_map learned;
    struct lx_enc_dims dims;
    struct lx_formula_number numbers[MOST_NUMBERS]; /* (n) those of `learned` */
    const char *names[MOST_NUMBERS];
    int n;
    int T;      /* tokens, as of the last prepare */
    double *by; /* (max_length) */
    struct part part[PARTS];
};

static const struct lx_option options[] = {
    {.key = "dist",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct formula, text[DIST]),
     .help = "bias of distance d, an expression of d, h, H, L, T and learned numbers"},
    {.key = "scale",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct formula, text[SCALE]),
     .help =
         "factor on the content of query i, an expression of i, h, H, L, T and learned numbers"},
    {.key = "mul",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct formula, text[MUL]),
     .help = "factor on content at distance d, an expression of the same as dist"},
    {.key = "learned",
     .type = LX_OPT_MAP,
     .offset = offsetof(struct formula, learned),
     .text = &lx_formula_number_entry,
     .help = "trained numbers of the expressions, by name"},
    {.type = LX_OPT_END},
};

/* What "formula" alone stands for. */
static const char example_text[] = "-r*d", example_name[] = "r";
static const struct lx_formula_number example_number = {
    .start = "2^(-8*(h+1)/H)", .min = 0, .max = (double)NAN};

static enum lx_code parse_part(const struct formula *s, struct part *p, struct lx_arena *arena,
                               struct lx_err *err)
{
    const struct lx_expr_names names = {.variables = p->variables,
                                        .n_variables = VARS,
                                        .lane = VAR_LANE,
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
    values[VAR_LANE] = 0;
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
            learned[i] = lx_formula_number_first(&s->numbers[i], h, k & 4 ? 1 : 0);
        lx_expr_eval(p->e, &in, out);
        for (int l = 0; l < in.n; l++)
            if (!isfinite(out[l]))
                return lx_fail(err, LX_ECONFIG,
                               "%s: is not finite at %s = %d of %d tokens for head %d: %s", p->key,
                               p->variables[VAR_LANE], first + l, T, h,
                               isnan(out[l]) ? "nan"
                               : out[l] < 0  ? "-inf"
                                             : "inf");
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
        p->learns = p->reads[i] = true;
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
    enum lx_code code = LX_OK;

    if (parse_part(s, p, &own, err) || check_values(s, p, err))
        code = err->code;
    else
        note_learned(s, p);
    lx_arena_free(&own);
    if (code != LX_OK)
        return code;
    if (parse_part(s, p, arena, err) || lx_arena_get(arena, (size_t)p->tables * n, sizeof(real),
                                                     &p->table, "table of a formula", err))
        return err->code;
    return LX_OK;
}

/* The entries of `learned`, each with its name; without any option, those of the example. */
static enum lx_code take_numbers(struct formula *s, struct lx_err *err)
{
    static const char *const keys[] = {"dist", "scale", "mul"};
    const struct lx_formula_number *given = s->learned.items;
    bool none = s->text[DIST] == NULL && s->text[SCALE] == NULL && s->text[MUL] == NULL;

    if (none && s->learned.n > 0)
        return lx_fail(err, LX_ECONFIG,
                       "dist: it, scale or mul must be given with learned numbers");
    if (s->learned.n > MOST_NUMBERS)
        return lx_fail(err, LX_ECONFIG, "learned: must have at most %d names, got %d", MOST_NUMBERS,
                       s->learned.n);
    for (int k = 0; k < PARTS; k++)
        s->part[k] = (struct part){
            .key = keys[k], .text = s->text[k], .variables = k == SCALE ? by_query : by_distance};
    s->n = s->learned.n;
    for (int i = 0; i < s->n; i++) {
        s->numbers[i] = given[i];
        s->numbers[i].name = s->names[i] = s->learned.key[i];
    }
    if (none) {
        s->part[DIST].text = example_text;
        s->numbers[0] = example_number;
        s->numbers[0].name = s->names[0] = example_name;
        s->n = 1;
    }
    return LX_OK;
}

/* A number that no expression reads is a mistake. */
static enum lx_code check_read(const struct formula *s, struct lx_err *err)
{
    for (int i = 0; i < s->n; i++) {
        bool read = false;

        for (int k = 0; k < PARTS; k++)
            read = read || s->part[k].reads[i];
        if (!read)
            return lx_fail(err, LX_ECONFIG, "learned.%s: no expression reads it",
                           s->numbers[i].name);
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
        if (lx_formula_number_declare(&s->numbers[i], dims, reserved, VARS + 1, params, err))
            return err->code;
    for (int k = 0; k < PARTS; k++)
        if (s->part[k].text != NULL && init_part(s, &s->part[k], arena, err))
            return err->code;
    if (lx_arena_get(arena, (size_t)dims->max_length, sizeof(*s->by), &s->by, "formula", err))
        return err->code;
    return check_read(s, err);
}

static const struct part *part_of(const struct formula *s, size_t hook, bool *back)
{
    static const struct {
        size_t at, back;
    } hooks[PARTS] = {
        [DIST] = {offsetof(struct lx_encoding_ops, dist),
                  offsetof(struct lx_encoding_ops, dist_back)},
        [SCALE] = {offsetof(struct lx_encoding_ops, scale),
                   offsetof(struct lx_encoding_ops, scale_back)},
        [MUL] = {offsetof(struct lx_encoding_ops, mul), offsetof(struct lx_encoding_ops, mul_back)},
    };

    for (int k = 0; k < PARTS; k++) {
        *back = hook == hooks[k].back;
        if (*back || hook == hooks[k].at)
            return &s->part[k];
    }
    return NULL;
}

/* A part that is given, and back where it learns something. */
static bool uses(const void *self, size_t hook)
{
    bool back;
    const struct part *p = part_of(self, hook, &back);

    return p == NULL || (p->text != NULL && (!back || p->learns));
}

/* The learned numbers of a layer and head. */
static void gather(const struct formula *s, int layer, int h, double learned[MOST_NUMBERS])
{
    for (int i = 0; i < s->n; i++)
        learned[i] = (double)s->numbers[i].p->w[lx_formula_number_at(&s->numbers[i], layer, h)];
}

/* Bring n values of every table up to date: all of them where something is learned. */
static void refresh(struct formula *s, struct part *p, int n)
{
    int H = s->dims.heads, T = s->T, from = p->rows;

    if (p->learns || (lx_expr_uses(p->e, VAR_T) && p->T != T))
        from = 0;
    p->T = T;
    p->rows = from > n ? from : n;
    for (int k = 0; k < p->tables * H; k++) {
        real *row = p->table + (size_t)k * (size_t)s->dims.max_length;
        double values[VARS], learned[MOST_NUMBERS], out[LX_EXPR_BLOCK];

        gather(s, k / H, k % H, learned);
        for (int first = from; first < n; first += LX_EXPR_BLOCK) {
            struct lx_expr_input in = input(s, values, learned, k % H, T, first, n - first);

            lx_expr_eval(p->e, &in, out);
            for (int l = 0; l < in.n; l++)
                row[first + l] = (real)out[l];
        }
    }
}

static void prepare(void *self, int T, int reach)
{
    struct formula *s = self;

    s->T = T;
    for (int k = 0; k < PARTS; k++)
        if (s->part[k].text != NULL)
            refresh(s, &s->part[k], k == SCALE ? T : reach);
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
        const real *from = row_of(s, &s->part[DIST], c->layer, h);
        real *row = table + (size_t)h * (size_t)c->T;

        for (int d = 0; d < c->T; d++)
            row[d] += from[d];
    }
}

/* table (H, T) *= the values of a part. */
static void multiply(const struct formula *s, const struct part *p, const struct lx_enc_call *c,
                     real *table)
{
    for (int h = 0; h < s->dims.heads; h++) {
        const real *from = row_of(s, p, c->layer, h);
        real *row = table + (size_t)h * (size_t)c->T;

        for (int t = 0; t < c->T; t++)
            row[t] *= from[t];
    }
}

static void scale(const void *self, const struct lx_enc_call *c, const real *x, real *factor)
{
    const struct formula *s = self;

    (void)x;
    multiply(s, &s->part[SCALE], c, factor);
}

static void mul(const void *self, const struct lx_enc_call *c, real *table)
{
    const struct formula *s = self;

    multiply(s, &s->part[MUL], c, table);
}

/* The gradient by the first T values of head h of a part goes to the learned numbers. */
static void part_back(struct formula *s, struct part *p, const struct lx_enc_call *c, int h,
                      const double *by)
{
    double values[VARS], learned[MOST_NUMBERS], dlearned[MOST_NUMBERS] = {0};

    gather(s, c->layer, h, learned);
    for (int first = 0; first < c->T; first += LX_EXPR_BLOCK) {
        struct lx_expr_input in = input(s, values, learned, h, s->T, first, c->T - first);

        lx_expr_back(p->e, &in, by + first, dlearned);
    }
    for (int i = 0; i < s->n; i++)
        s->numbers[i].p->g[lx_formula_number_at(&s->numbers[i], c->layer, h)] += (real)dlearned[i];
}

/* The same for dtable (H, T). */
static void table_back(struct formula *s, struct part *p, const struct lx_enc_call *c,
                       const real *dtable)
{
    for (int h = 0; p->learns && h < s->dims.heads; h++) {
        for (int t = 0; t < c->T; t++)
            s->by[t] = (double)dtable[h * c->T + t];
        part_back(s, p, c, h, s->by);
    }
}

static void dist_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct formula *s = self;

    table_back(s, &s->part[DIST], c, dtable);
}

static void mul_back(void *self, const struct lx_enc_call *c, const real *dtable)
{
    struct formula *s = self;

    table_back(s, &s->part[MUL], c, dtable);
}

/* Sequences are worked on side by side: their gradients by the factors of each row are summed first. */
static size_t n_sums(const void *self, int T)
{
    const struct formula *s = self;

    return s->part[SCALE].learns ? (size_t)T : 0;
}

static void scale_back(const void *self, const struct lx_enc_call *c, const real *x,
                       const real *dscale, real *dx, double *sums)
{
    const struct formula *s = self;

    (void)x;
    (void)dx;
    for (int i = 0; s->part[SCALE].learns && i < s->dims.heads * c->T; i++)
        sums[i] += (double)dscale[i];
}

static void sums_back(void *self, const struct lx_enc_call *c, const double *sums)
{
    struct formula *s = self;

    for (int h = 0; s->part[SCALE].learns && h < s->dims.heads; h++)
        part_back(s, &s->part[SCALE], c, h, sums + (size_t)h * (size_t)c->T);
}

extern const struct lx_encoding_ops lx_encoding_formula;

const struct lx_encoding_ops lx_encoding_formula = {
    .name = "formula",
    .title = "formula",
    .cite = "no paper: an expression of the config's own",
    .formula =
        "dist[h][d], mul[h][d], scale[h][i] as expressions of d or i, h, H, L, T, learned numbers",
    .beyond = "what the expressions say",
    .both = LX_BOTH_DISTANCE,
    .state_size = sizeof(struct formula),
    .options = options,
    .init = init,
    .uses = uses,
    .prepare = prepare,
    .scale = scale,
    .scale_back = scale_back,
    .dist = dist,
    .dist_back = dist_back,
    .mul = mul,
    .mul_back = mul_back,
    .n_sums = n_sums,
    .sums_back = sums_back,
};
