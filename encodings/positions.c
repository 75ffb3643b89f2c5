/* Positions that a sequence gets in place of 0, 1, 2, ...: drawn, given, or counted in segments or numbers.
 *
 * Formula: token t stands at (p_t + offset) stride, with p_t by `draw` or `values`, else t. Embedding
 * and rotary schemes read it, distance schemes read differences; masks and counts of keys go by tokens.
 *   draw subset   sorted, without replacement, from 0 .. max - 1  (Ruoss et al. 2023, arXiv:2305.16843)
 *   draw shift    t + U{0 .. max_shift}: SHAPE                    (Kiyono et al. 2021, arXiv:2109.05644)
 *   draw cape     (t + g + e_t) exp(l), g ~ U(0, 2 global), e_t ~ U(-local/2, local/2),
 *                 l ~ U(-ln scale, ln scale): CAPE                (Likhomanenko et al. 2021, arXiv:2106.03143)
 *   map distances what is drawn or given is D, and distance d becomes D_d; all else stays plain
 *   map segments  a token of `ends` closes its segment: embedding schemes read the place within it, at
 *                 most rows - 1, the others the number of segments before: BiPE (He et al. 2024,
 *                 arXiv:2401.16421)
 *   map numbers   embedding schemes read the place of a digit in its number, 1 for the first of a run of
 *                 `digits`, at most rows - 1, and 0 for all else; the others stay plain. With draw shift a
 *                 number up to max_shift is added to the places of a sequence: digits alone (others stay)
 *                 are Abacus (McLeish et al. 2024, arXiv:2405.17399), all tokens (others move) are coupled
 *                 positions (Cho et al. 2024, arXiv:2405.20671). Digits of like worth share a place where
 *                 numbers are written last digit first, as `order` reversed of addition does
 * Past the training length: with phase train plain positions, at which a subset drawn from more than
 * L has been trained; with phase both one draw for each length.
 * Options: draw, phase, max (0: 8 L), max_shift (0: L), global, local, scale, offset, stride, values, map,
 * ends, rows (0: L), digits (unset: 0 to 9 in ASCII), others. In training each sequence draws its own, by seed, step and place in the batch.
 * Differences from the papers: the shifts of CAPE are moved by global and half of local, so that no
 * position is negative. Abacus draws one shift for a batch, here each sequence has its own; coupled positions
 * of numbers written first digit first would need to know where a number ends, and are not made. */
#include <math.h>

#include "encodings/encoding.h"

enum draw { DRAW_NONE, DRAW_SUBSET, DRAW_SHIFT, DRAW_CAPE };
enum phase { PHASE_TRAIN, PHASE_BOTH };
enum map { MAP_PLAIN, MAP_DISTANCES, MAP_SEGMENTS, MAP_NUMBERS };
enum others { OTHERS_STAY, OTHERS_MOVE };

struct positions {
    int draw, phase, map, others;           /* the enums */
    int given_max, given_shift, given_rows; /* the options max, max_shift, rows; 0: by L */
    double global, local, scale, offset, stride;
    struct lx_numbers values, ends, digits;
    int max, max_shift, rows;
};

#define REAL(name, first, lowest, highest, text_, bits)                                            \
    {.key = #name,                                                                                 \
     .type = LX_OPT_REAL,                                                                          \
     .offset = offsetof(struct positions, name),                                                   \
     .def = (first),                                                                               \
     .min = (lowest),                                                                              \
     .max = (highest),                                                                             \
     .help = (text_),                                                                              \
     .flags = (bits)}
#define INT(name, at, text_)                                                                       \
    {.key = #name,                                                                                 \
     .type = LX_OPT_INT,                                                                           \
     .offset = offsetof(struct positions, at),                                                     \
     .min = 0,                                                                                     \
     .max = 1 << 24,                                                                               \
     .help = (text_)}
#define CHOICE(name, names, text_)                                                                 \
    {.key = #name,                                                                                 \
     .type = LX_OPT_CHOICE,                                                                        \
     .offset = offsetof(struct positions, name),                                                   \
     .text = (names),                                                                              \
     .help = (text_)}

static const struct lx_option options[] = {
    CHOICE(draw, "none|subset|shift|cape", "what is drawn for a sequence"),
    CHOICE(phase, "train|both", "draw in training only, or at evaluation as well"),
    INT(max, given_max, "subset, distances: drawn from below it; 0 = 8 train.length"),
    INT(max_shift, given_shift, "shift: largest shift; 0 = train.length"),
    REAL(global, 5, 0, 1e6, "cape: all tokens move by up to this", 0),
    REAL(local, 0.5, 0, 1, "cape: each token moves by up to half of it", 0),
    REAL(scale, 1.1, 1, 100, "cape: all positions are stretched by up to this", 0),
    REAL(offset, 0, 0, 1e6, "added to every position", 0),
    REAL(stride, 1, 0, 1e6, "positions are multiplied by it", LX_OPT_OPEN_MIN),
    {.key = "values",
     .type = LX_OPT_NUMBERS,
     .offset = offsetof(struct positions, values),
     .min = 0,
     .max = 1e6,
     .help = "the positions themselves, rising"},
    CHOICE(map, "plain|distances|segments|numbers",
           "what the numbers are: positions, distances; or segments, places in numbers"),
    {.key = "ends",
     .type = LX_OPT_NUMBERS,
     .offset = offsetof(struct positions, ends),
     .min = 0,
     .max = 65535,
     .help = "segments: tokens that close one"},
    INT(rows, given_rows, "segments, numbers: places within one; 0 = train.length"),
    {.key = "digits",
     .type = LX_OPT_NUMBERS,
     .offset = offsetof(struct positions, digits),
     .min = 0,
     .max = 65535,
     .help = "numbers: tokens that they are made of; unset: 48 to 57, 0 to 9 in ASCII"},
    {.key = "others",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct positions, others),
     .text = "stay|move",
     .flags = LX_OPT_LATER,
     .help = "numbers: whether a shift leaves tokens that are no digit where they are"},
    {.type = LX_OPT_END},
};

static bool moved(const struct positions *s)
{
    return s->values.n > 0 || s->offset > 0 || s->stride < 1 || s->stride > 1;
}

static enum lx_code check_numbers(const struct positions *s, struct lx_err *err)
{
    if (s->map != MAP_NUMBERS && (s->digits.n > 0 || s->others != OTHERS_STAY))
        return lx_fail(err, LX_ECONFIG, "%s: must be unset but with map numbers",
                       s->digits.n > 0 ? "digits" : "others");
    if (s->map == MAP_NUMBERS && s->draw != DRAW_NONE && s->draw != DRAW_SHIFT)
        return lx_fail(err, LX_ECONFIG, "draw: must be none or shift with map numbers");
    if (s->map == MAP_NUMBERS && moved(s))
        return lx_fail(err, LX_ECONFIG, "map: numbers leave no room for values, offset and stride");
    return LX_OK;
}

static enum lx_code check(const struct positions *s, const struct lx_enc_dims *dims,
                          struct lx_err *err)
{
    bool segments = s->map == MAP_SEGMENTS;

    if (s->values.n > 0 && s->draw != DRAW_NONE)
        return lx_fail(err, LX_ECONFIG, "values: must be unset where positions are drawn");
    if (segments && (s->values.n > 0 || s->draw != DRAW_NONE))
        return lx_fail(err, LX_ECONFIG, "map: segments leave nothing to draw or to give");
    if (segments != (s->ends.n > 0))
        return lx_fail(err, LX_ECONFIG, "ends: must be %s map segments",
                       segments ? "set with" : "unset but with");
    if (s->map == MAP_DISTANCES && s->values.n == 0 && s->draw != DRAW_SUBSET)
        return lx_fail(err, LX_ECONFIG, "map: distances need values or draw subset");
    for (int i = 1; i < s->values.n; i++)
        if (s->values.v[i] <= s->values.v[i - 1])
            return lx_fail(err, LX_ECONFIG, "values: must rise, got %g after %g", s->values.v[i],
                           s->values.v[i - 1]);
    if (s->values.n > 0 && s->values.n < dims->train_length)
        return lx_fail(err, LX_ECONFIG, "values: must be at least the training length %d, got %d",
                       dims->train_length, s->values.n);
    if (s->max < dims->train_length)
        return lx_fail(err, LX_ECONFIG, "max: must be at least the training length %d, got %d",
                       dims->train_length, s->max);
    return check_numbers(s, err);
}

static enum lx_code init(void *self, const struct lx_enc_dims *dims, struct lx_arena *arena,
                         struct lx_paramset *params, struct lx_err *err)
{
    struct positions *s = self;

    (void)arena;
    (void)params;
    s->max = s->given_max > 0 ? s->given_max : 8 * dims->train_length;
    s->max_shift = s->given_shift > 0 ? s->given_shift : dims->train_length;
    s->rows = s->given_rows > 0 ? s->given_rows : dims->train_length;
    return check(s, dims, err);
}

static bool draws(const struct positions *s, bool training)
{
    return s->draw != DRAW_NONE && (training || s->phase == PHASE_BOTH);
}

static int max_length(const void *self)
{
    const struct positions *s = self;

    if (s->values.n > 0)
        return s->values.n;
    return s->draw == DRAW_SUBSET && s->phase == PHASE_BOTH ? s->max : 0;
}

/* The largest number before offset and stride. */
static double largest(const struct positions *s, int T, bool training)
{
    if (s->values.n > 0)
        return s->values.v[(T < s->values.n ? T : s->values.n) - 1];
    if (!draws(s, training))
        return T - 1;
    if (s->draw == DRAW_SUBSET)
        return s->max - 1;
    if (s->draw == DRAW_SHIFT)
        return T - 1 + s->max_shift;
    return (T + 2 * s->global + s->local) * s->scale;
}

static int reach(const void *self, int T, bool training, bool embed)
{
    const struct positions *s = self;
    double last = largest(s, T, training);

    if (s->map == MAP_SEGMENTS)
        return embed ? s->rows : T;
    if (s->map == MAP_NUMBERS)
        return embed ? s->rows + (draws(s, training) ? s->max_shift : 0) : T;
    if (s->map == MAP_DISTANCES && embed)
        return T;
    if (s->map == MAP_PLAIN)
        last = (last + s->offset) * s->stride;
    return (int)last + 2 > T ? (int)last + 2 - (floor(last) < last ? 0 : 1) : T;
}

static bool fractions(const void *self)
{
    const struct positions *s = self;

    for (int i = 0; i < s->values.n; i++)
        if (s->values.v[i] > floor(s->values.v[i]))
            return true;
    return s->draw == DRAW_CAPE || s->offset > floor(s->offset) || s->stride > floor(s->stride);
}

/* Sorted numbers without repetition from first .. max-1 into x[from .. T-1]. */
static void subset(int first, int max, int from, int T, struct lx_rng *rng, double *x)
{
    for (int v = first, t = from; t < T; v++)
        if (lx_rng_below(rng, (uint64_t)(max - v)) < (uint64_t)(T - t))
            x[t++] = v;
}

static void cape(const struct positions *s, int T, struct lx_rng *rng, double *x)
{
    double shift = 2 * s->global * lx_rng_uniform(rng) + s->local / 2;
    double size = exp(log(s->scale) * (2 * lx_rng_uniform(rng) - 1));

    for (int t = 0; t < T; t++)
        x[t] = (t + shift + s->local * (lx_rng_uniform(rng) - 0.5)) * size;
}

static void segments(const struct positions *s, int T, const struct lx_enc_positions *p)
{
    int place = 0, closed = 0;

    for (int t = 0; t < T; t++) {
        p->pos[t] = closed;
        p->pos_embed[t] = place < s->rows ? place : s->rows - 1;
        place++;
        for (int e = 0; p->tokens != NULL && e < s->ends.n; e++)
            if (p->tokens[t] == s->ends.v[e]) {
                closed++;
                place = 0;
                break;
            }
    }
}

static bool is_digit(const struct positions *s, int token)
{
    if (s->digits.n == 0)
        return token >= '0' && token <= '9';
    for (int i = 0; i < s->digits.n; i++)
        if (token == s->digits.v[i])
            return true;
    return false;
}

static void places(const struct positions *s, int T, const struct lx_enc_positions *p)
{
    int shift =
        draws(s, p->draw->training) ? (int)lx_rng_below(p->rng, (uint64_t)s->max_shift + 1) : 0;

    for (int t = 0, place = 0; t < T; t++) {
        place = p->tokens != NULL && is_digit(s, p->tokens[t]) ? place + 1 : 0;
        p->pos_embed[t] = place < s->rows ? place : s->rows - 1;
        p->pos_embed[t] += place > 0 || s->others == OTHERS_MOVE ? shift : 0;
    }
}

/* The numbers p_t. */
static void numbers(const struct positions *s, int T, const struct lx_enc_positions *p, double *x)
{
    double shift;

    for (int t = 0; t < T; t++)
        x[t] = s->values.n > 0 ? s->values.v[t] : t;
    if (!draws(s, p->draw->training))
        return;
    switch ((enum draw)s->draw) {
    case DRAW_SUBSET:
        subset(s->map == MAP_DISTANCES ? 1 : 0, s->max, s->map == MAP_DISTANCES ? 1 : 0, T, p->rng,
               x);
        break;
    case DRAW_SHIFT:
        shift = (double)lx_rng_below(p->rng, (uint64_t)s->max_shift + 1);
        for (int t = 0; t < T; t++)
            x[t] = t + shift;
        break;
    case DRAW_CAPE:
        cape(s, T, p->rng, x);
        break;
    case DRAW_NONE:
        break;
    }
}

static int positions(const void *self, int T, const struct lx_enc_positions *p)
{
    const struct positions *s = self;

    if (s->map == MAP_SEGMENTS) {
        segments(s, T, p);
        return LX_POS_TOKENS | LX_POS_EMBED;
    }
    if (s->map == MAP_NUMBERS) {
        places(s, T, p);
        return LX_POS_EMBED;
    }
    if (!draws(s, p->draw->training) && !moved(s))
        return 0;
    if (s->map == MAP_DISTANCES) {
        if (p->distances != NULL)
            numbers(s, T, p, p->distances);
        return LX_POS_DISTANCES;
    }
    numbers(s, T, p, p->pos);
    for (int t = 0; t < T; t++)
        p->pos[t] = p->pos_embed[t] = (p->pos[t] + s->offset) * s->stride;
    return LX_POS_TOKENS | LX_POS_EMBED;
}

extern const struct lx_encoding_ops lx_encoding_positions;

const struct lx_encoding_ops lx_encoding_positions = {
    .name = "positions",
    .title = "positions",
    .cite = "Ruoss et al. 2023, arXiv:2305.16843; others in the file",
    .formula =
        "token t stands at (p_t + offset) stride, p_t drawn, given or counted in segments, numbers",
    .beyond = "positions that training has drawn from reach farther than its length",
    .both = LX_BOTH_SAME,
    .state_size = sizeof(struct positions),
    .options = options,
    .init = init,
    .max_length = max_length,
    .positions = positions,
    .reach = reach,
    .fractions = fractions,
};
