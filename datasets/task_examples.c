/* Examples of tasks: how they are written down, their splits and sizes, and windows of training. */
#include <math.h>

#include "datasets/task_kind.h"

/* Labels as they are meant: the field keeps what was written, to be written back. */
static int labels_of(const struct task *s)
{
    if (s->labels != LX_TASK_AUTO)
        return s->labels;
    return s->kind->dense ? LX_TASK_DENSE : LX_TASK_ANSWER;
}

enum { NAMES_AT = 0x100, VALUES_AT = 0x400 };

int lx_task_character(const struct task *s, int token)
{
    int k = token - LX_TASK_EXTRA, names = 0;

    if (k < 0)
        return token;
    (void)s->kind->extra(s, &names);
    return k >= names ? VALUES_AT + k - names : NAMES_AT + k;
}

int lx_task_token(const struct task *s, int c)
{
    int names = 0, more = s->kind->extra != NULL ? s->kind->extra(s, &names) : 0;

    if (c < LX_TASK_EXTRA)
        return c;
    if (c >= NAMES_AT && c < NAMES_AT + names)
        return LX_TASK_EXTRA + c - NAMES_AT;
    if (c >= VALUES_AT && c < VALUES_AT + more - names)
        return LX_TASK_EXTRA + names + c - VALUES_AT;
    return -1;
}

/* FNV-1a, 64 bits, of the characters of the inputs, two bytes each, the low one first. */
static uint64_t hash_of(const struct task *s, const struct lx_example *x)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (int i = 0; i < x->n; i++) {
        unsigned c = (unsigned)lx_task_character(s, x->inputs[i]);

        h = (h ^ (c & 0xff)) * UINT64_C(0x100000001b3);
        h = (h ^ (c >> 8)) * UINT64_C(0x100000001b3);
    }
    return h;
}

/* The split of an example: of sixteen parts one is valid, one test. The low bits of FNV-1a alone would not
 * do: the lowest is the parity of all low bits, which is the same for everything that is said twice, as a
 * copy is. The mixing is that of MurmurHash3 (fmix64), in which each bit depends on all. */
static enum lx_split split_of(const struct task *s, const struct lx_example *x)
{
    uint64_t h = hash_of(s, x);

    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    h ^= h >> 33;
    return h % 16 == 0 ? LX_SPLIT_VALID : h % 16 == 1 ? LX_SPLIT_TEST : LX_SPLIT_TRAIN;
}

/* Drawn again until it is of the split; the very smallest sizes may have no such example. */
static void tasks_draw(const void *self, struct lx_rng *rng, enum lx_split split, int size,
                       struct lx_example *out)
{
    struct task s = *(const struct task *)self;
    struct lx_task_writer w = {.s = &s, .rng = rng, .to = out};
    int tries = split == LX_SPLIT_TRAIN ? 64 : 4096;

    s.labels = labels_of(self);
    if (split != LX_SPLIT_TRAIN) {
        s.ignore = isnan(s.asked_ignore) ? s.ignore : s.asked_ignore;
        s.density = isnan(s.asked_density) ? s.density : s.asked_density;
    }
    do {
        out->n = 0;
        out->ends = false;
        s.kind->draw(&w, size);
    } while (split_of(&s, out) != split && --tries > 0);
}

static int tasks_tokens(const void *self, int size)
{
    struct task s = *(const struct task *)self;

    s.labels = labels_of(self);
    return s.kind->tokens(&s, size);
}

static void tasks_sizes(const void *self, int length, int *shortest, int *longest)
{
    const struct task *s = self;

    *shortest = s->shortest > 0 ? s->shortest : s->kind->smallest;
    *longest = s->longest;
    if (s->longest == 0)
        for (int n = *shortest; n <= LX_TASK_SIZE && tasks_tokens(s, n) <= length; n++)
            *longest = n;
    if (*longest == 0)
        *shortest = 0;
}

static bool tasks_fills(const void *self)
{
    const struct task *s = self;

    return s->pack != 0;
}

static enum lx_code tasks_check(const void *self, int length, int largest, struct lx_err *err)
{
    const struct task *s = self;
    const char *option = "longest";
    int shortest, longest, most = LX_TASK_SIZE;

    tasks_sizes(s, length, &shortest, &longest);
    if (longest == 0)
        return lx_fail(err, LX_ECONFIG,
                       "shortest: an example of size %d has %d tokens, train.length must be at "
                       "least that, got %d",
                       s->shortest > 0 ? s->shortest : s->kind->smallest,
                       tasks_tokens(s, s->shortest > 0 ? s->shortest : s->kind->smallest), length);
    if (tasks_tokens(s, longest) > length)
        return lx_fail(
            err, LX_ECONFIG,
            "longest: an example of size %d has up to %d tokens, train.length must be at "
            "least that, got %d",
            longest, tasks_tokens(s, longest), length);
    largest = largest > longest ? largest : longest;
    if (s->kind->largest != NULL)
        most = s->kind->largest(s, &option);
    if (largest > most && most < LX_TASK_SIZE)
        return lx_fail(err, LX_ECONFIG,
                       "%s: must be at least %d for size %d, the largest that is trained or asked "
                       "for, got %d",
                       option, largest + s->kind->slack, largest, most + s->kind->slack);
    if (largest > LX_TASK_SIZE)
        return lx_fail(err, LX_ECONFIG, "longest: sizes must be at most %d, got %d", LX_TASK_SIZE,
                       largest);
    return LX_OK;
}

static uint64_t tasks_seed(const void *self)
{
    const struct task *s = self;

    return (uint64_t)s->seed;
}

/* Uniform on the sizes that are trained at this point. */
static int draw_size(const struct task *s, struct lx_rng *rng, double progress, int length)
{
    int shortest, longest, span;

    tasks_sizes(s, length, &shortest, &longest);
    span = longest - shortest;
    if (progress < s->grow)
        span = (int)(span * progress / s->grow);
    return shortest + (int)lx_rng_below(rng, (uint64_t)span + 1);
}

static void tasks_window(const void *self, struct lx_rng *rng, double progress, int length,
                         struct lx_example *room, uint16_t *inputs, uint16_t *targets)
{
    const struct task *s = self;

    for (int at = 0; at < length; at += room->n) {
        bool cut;

        tasks_draw(s, rng, LX_SPLIT_TRAIN, draw_size(s, rng, progress, length), room);
        cut = room->n > length - at;
        for (int i = 0; i < room->n && at + i < length; i++) {
            bool next = s->loss == 1 && i + 1 < room->n;

            inputs[at + i] = room->inputs[i];
            targets[at + i] = cut ? LX_UNSCORED : room->targets[i];
            if (targets[at + i] == LX_UNSCORED && next)
                targets[at + i] = room->inputs[i + 1];
        }
        for (int i = at + room->n; i < length && s->pack == 0; i++) {
            inputs[i] = '\n';
            targets[i] = LX_UNSCORED;
        }
        if (s->pack == 0)
            break;
    }
}

const struct lx_example_ops lx_task_examples = {.sizes = tasks_sizes,
                                                .tokens = tasks_tokens,
                                                .fills = tasks_fills,
                                                .check = tasks_check,
                                                .seed = tasks_seed,
                                                .draw = tasks_draw,
                                                .window = tasks_window};
