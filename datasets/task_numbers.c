/* Tasks with numbers and states: addition, parity, sums modulo a number, products in a group. */
#include "datasets/task_kind.h"

static int tokens_addition(const struct task *s, int n)
{
    return s->hints > 0 ? 6 * n + 5 : 3 * n + 4;
}

static int largest_addition(const struct task *s, const char **option)
{
    *option = "hints";
    return s->hints > 0 ? s->hints - 1 : LX_TASK_SIZE;
}

static int hint_tokens(const struct task *s, int *names)
{
    return *names = s->hints;
}

/* A number of addition: digits by place, from the ones up. */
struct number {
    unsigned char digit[LX_TASK_SIZE + 1];
    int n;     /* digits that are written */
    int first; /* input of the digit written first */
};

/* `given` digits, the leading one not 0 unless it is the only one; zeros up to n. */
static void draw_number(struct lx_task_writer *w, int given, int n, struct number *out)
{
    for (int i = 0; i < n; i++)
        out->digit[i] = 0;
    for (int i = 0; i < given; i++)
        out->digit[i] = (unsigned char)(i == given - 1 && given > 1 ? 1 + lx_task_below(w, 9)
                                                                    : lx_task_below(w, 10));
    out->n = w->s->pad ? n : given;
}

/* The place of digit k in writing. */
static int place(const struct number *x, int k, bool reversed)
{
    return reversed ? k : x->n - 1 - k;
}

/* hint: the token of the ones' hint, 0: no hints. */
static void put_number(struct lx_task_writer *w, struct number *x, bool reversed, int hint)
{
    x->first = w->to->n + (hint > 0);
    for (int k = 0; k < x->n; k++) {
        int p = place(x, k, reversed);

        if (hint > 0)
            lx_task_put(w, hint + p);
        lx_task_put(w, '0' + x->digit[p]);
    }
}

/* Where the digit of place p of an operand is; one that has none there, where its last one is. */
static int input_of(const struct number *x, int p, bool reversed, int hint)
{
    int q = p < x->n ? p : x->n - 1;

    return x->first + place(x, q, reversed) * (hint > 0 ? 2 : 1);
}

static void add(const struct number *a, const struct number *b, int n, bool pad, struct number *sum)
{
    int carry = 0;

    for (int i = 0; i <= n; i++) {
        int x = i < a->n ? a->digit[i] : 0, y = i < b->n ? b->digit[i] : 0;

        sum->digit[i] = (unsigned char)((x + y + carry) % 10);
        carry = (x + y + carry) / 10;
    }
    sum->n = n + 1;
    while (!pad && sum->n > 1 && sum->digit[sum->n - 1] == 0)
        sum->n--;
}

/* A digit of the answer needs those of its place: the earlier one is the first operand's. */
static void draw_addition(struct lx_task_writer *w, int n)
{
    const struct task *s = w->s;
    bool operands = s->order == LX_TASK_REVERSED, answer = s->order != LX_TASK_PLAIN;
    int hint = s->hints > 0 ? LX_TASK_EXTRA + lx_task_below(w, s->hints - n) : 0;
    int longer = s->operands == LX_TASK_VARIED ? lx_task_below(w, 2) : 0;
    int shorter = s->operands == LX_TASK_VARIED ? 1 + lx_task_below(w, n) : n;
    struct number a, b, sum;

    draw_number(w, longer == 0 ? n : shorter, n, &a);
    draw_number(w, longer == 1 ? n : shorter, n, &b);
    add(&a, &b, n, s->pad, &sum);
    lx_task_put(w, '\n');
    put_number(w, &a, operands, hint);
    lx_task_put(w, '+');
    put_number(w, &b, operands, hint);
    lx_task_put(w, '=');
    for (int k = 0; k < sum.n; k++) {
        int p = place(&sum, k, answer), from = input_of(&a, p, operands, hint);

        if (hint > 0)
            lx_task_answer(w, hint + p, from - 1);
        lx_task_answer(w, '0' + sum.digit[p], from);
    }
    lx_task_end(w);
}

const struct lx_task_kind lx_task_addition = {.name = "addition",
                                              .help = "019+955= gives 9641: 910 + 559 = 1469",
                                              .options = " order operands pad hints ",
                                              .chance = "about 0",
                                              .smallest = 1,
                                              .tokens = tokens_addition,
                                              .draw = draw_addition,
                                              .largest = largest_addition,
                                              .slack = 1,
                                              .extra = hint_tokens};

static int tokens_state(const struct task *s, int n)
{
    return s->labels == LX_TASK_DENSE ? n + 1 : s->labels == LX_TASK_STEPS ? 2 * n + 2 : n + 3;
}

/* n elements below `order`, the first printed as `base`, and the states that `next` leads through. The
 * state after all that was read depends on the first of it. */
static void draw_states(struct lx_task_writer *w, int n, int base, int order,
                        int (*next)(const struct task *s, int state, int element))
{
    const uint16_t *element = w->to->inputs + 1;
    int state = 0;

    lx_task_put(w, '\n');
    for (int i = 0; i < n; i++) {
        lx_task_put(w, base + lx_task_below(w, order));
        state = i == 0 ? element[0] - base : next(w->s, state, element[i] - base);
        if (w->s->labels == LX_TASK_DENSE)
            lx_task_score(w, base + state, 1);
    }
    if (w->s->labels == LX_TASK_DENSE)
        return;
    lx_task_put(w, '=');
    if (w->s->labels == LX_TASK_ANSWER)
        lx_task_answer(w, base + state, 1);
    for (int i = 0; i < n && w->s->labels == LX_TASK_STEPS; i++) {
        state = i == 0 ? element[0] - base : next(w->s, state, element[i] - base);
        lx_task_answer(w, base + state, 1 + i);
    }
    lx_task_end(w);
}

static int next_parity(const struct task *s, int state, int element)
{
    (void)s;
    return state ^ element;
}

static int next_sum(const struct task *s, int state, int element)
{
    return (state + element) % s->modulus;
}

static int next_product(const struct task *s, int state, int element)
{
    if (s->product == NULL)
        return (state + element) % s->elements;
    return s->product[state * s->elements + element];
}

static void draw_parity(struct lx_task_writer *w, int n)
{
    draw_states(w, n, '0', 2, next_parity);
}

static void draw_modsum(struct lx_task_writer *w, int n)
{
    draw_states(w, n, '0', w->s->modulus, next_sum);
}

static int element_tokens(const struct task *s, int *names)
{
    return *names = s->elements;
}

static void draw_group(struct lx_task_writer *w, int n)
{
    draw_states(w, n, LX_TASK_EXTRA, w->s->elements, next_product);
}

const struct lx_task_kind lx_task_parity = {.name = "parity",
                                            .help = "1101= gives 1",
                                            .options = " labels ",
                                            .chance = "1/2; steps, dense: 2^-n",
                                            .smallest = 1,
                                            .tokens = tokens_state,
                                            .draw = draw_parity};
const struct lx_task_kind lx_task_modsum = {.name = "modsum",
                                            .help = "739= gives 9: 19 modulo 10",
                                            .options = " labels modulus ",
                                            .chance = "1/modulus; steps, dense: modulus^-n",
                                            .smallest = 1,
                                            .tokens = tokens_state,
                                            .draw = draw_modsum};
const struct lx_task_kind lx_task_group = {.name = "group",
                                           .help =
                                               "elements of a group: at each the product so far",
                                           .options = " labels group ",
                                           .chance = "1/order of each",
                                           .smallest = 1,
                                           .tokens = tokens_state,
                                           .draw = draw_group,
                                           .dense = true,
                                           .extra = element_tokens};

enum { POINTS = 5, MOST = 120 };

struct permutation {
    unsigned char to[POINTS];
};

static bool is_even(const struct permutation *p, int points)
{
    int swaps = 0;

    for (int i = 0; i < points; i++)
        for (int j = i + 1; j < points; j++)
            swaps += p->to[i] > p->to[j];
    return swaps % 2 == 0;
}

/* The k-th permutation in lexicographic order. */
static void permutation_at(int k, int points, struct permutation *out)
{
    int left[POINTS], rest = 1;

    for (int i = 0; i < points; i++) {
        left[i] = i;
        rest *= i + 1;
    }
    for (int i = 0; i < points; i++) {
        int at;

        rest /= points - i;
        at = k / rest % (points - i);
        out->to[i] = (unsigned char)left[at];
        for (int j = at; j + 1 < points - i; j++)
            left[j] = left[j + 1];
    }
}

static int index_of(const struct permutation *all, int n, const struct permutation *p, int points)
{
    for (int k = 0; k < n; k++) {
        int same = 0;

        while (same < points && all[k].to[same] == p->to[same])
            same++;
        if (same == points)
            return k;
    }
    return 0;
}

const unsigned char *lx_task_products(int points, bool even, struct lx_arena *arena, int *elements,
                                      struct lx_err *err)
{
    struct permutation all[MOST];
    unsigned char *table;
    int n = 0, total = 1;

    for (int i = 2; i <= points; i++)
        total *= i;
    for (int k = 0; k < total; k++) {
        permutation_at(k, points, &all[n]);
        n += !even || is_even(&all[n], points);
    }
    *elements = n;
    if (lx_arena_get(arena, (size_t)n * (size_t)n, 1, &table, "products of the group", err))
        return NULL;
    for (int a = 0; a < n && table != NULL; a++)
        for (int b = 0; b < n; b++) {
            struct permutation both;

            for (int i = 0; i < points; i++)
                both.to[i] = all[b].to[all[a].to[i]]; /* a first */
            table[a * n + b] = (unsigned char)index_of(all, n, &both, points);
        }
    return table;
}
