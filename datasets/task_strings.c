/* Tasks on strings: copy, reverse, sort, selective_copy, and closing brackets. */
#include <math.h>

#include "datasets/task_kind.h"

static int tokens_twice(const struct task *s, int n)
{
    (void)s;
    return 2 * n + 2;
}

/* n symbols and the sign after which the answer begins; input 1 + i is symbol i. */
static const uint16_t *put_symbols(struct lx_task_writer *w, int n)
{
    lx_task_put(w, '\n');
    for (int i = 0; i < n; i++)
        lx_task_put(w, 'a' + lx_task_below(w, w->s->symbols));
    lx_task_put(w, '=');
    return w->to->inputs + 1;
}

static void draw_copy(struct lx_task_writer *w, int n)
{
    const uint16_t *symbol = put_symbols(w, n);

    for (int i = 0; i < n; i++)
        lx_task_answer(w, symbol[i], 1 + i);
    lx_task_end(w);
}

static void draw_reverse(struct lx_task_writer *w, int n)
{
    const uint16_t *symbol = put_symbols(w, n);

    for (int i = n - 1; i >= 0; i--)
        lx_task_answer(w, symbol[i], 1 + i);
    lx_task_end(w);
}

/* The k-th copy of a symbol in the answer is said to come from its k-th place. */
static void draw_sort(struct lx_task_writer *w, int n)
{
    const uint16_t *symbol = put_symbols(w, n);

    for (int c = 'a'; c < 'a' + w->s->symbols; c++)
        for (int i = 0; i < n; i++)
            if (symbol[i] == c)
                lx_task_answer(w, c, 1 + i);
    lx_task_end(w);
}

const struct lx_task_kind lx_task_copy = {.name = "copy",
                                          .help = "qrc= gives qrc",
                                          .options = " symbols ",
                                          .chance = "symbols^-n",
                                          .smallest = 1,
                                          .tokens = tokens_twice,
                                          .draw = draw_copy};
const struct lx_task_kind lx_task_reverse = {.name = "reverse",
                                             .help = "qrc= gives crq",
                                             .options = " symbols ",
                                             .chance = "symbols^-n",
                                             .smallest = 1,
                                             .tokens = tokens_twice,
                                             .draw = draw_reverse};
const struct lx_task_kind lx_task_sort = {.name = "sort",
                                          .help = "qcq= gives cqq",
                                          .options = " symbols ",
                                          .chance = "about 0; a token more, by the quantiles",
                                          .smallest = 1,
                                          .tokens = tokens_twice,
                                          .draw = draw_sort};

/* Places that hold a symbol: ceil(n density), but for rounding. */
static int filled(const struct task *s, int n)
{
    return (int)ceil(n * s->density - 1e-9);
}

static int tokens_selective(const struct task *s, int n)
{
    struct task asked = *s;
    int trained = filled(s, n), most;

    asked.density = isnan(s->asked_density) ? s->density : s->asked_density;
    most = filled(&asked, n);
    return n + 2 + (most > trained ? most : trained);
}

/* Every choice of places is as likely: the next place holds a symbol with (those left) / (places left). */
static void draw_selective(struct lx_task_writer *w, int n)
{
    int left = filled(w->s, n);

    lx_task_put(w, '\n');
    for (int i = 0; i < n; i++) {
        bool symbol = lx_task_below(w, n - i) < left;

        left -= symbol;
        lx_task_put(w, symbol ? 'a' + lx_task_below(w, w->s->symbols) : '_');
    }
    lx_task_put(w, '=');
    for (int i = 1; i <= n; i++)
        if (w->to->inputs[i] != '_')
            lx_task_answer(w, w->to->inputs[i], i);
    lx_task_end(w);
}

const struct lx_task_kind lx_task_selective_copy = {.name = "selective_copy",
                                                    .help = "p_f_= gives pf",
                                                    .options = " symbols density asked_density ",
                                                    .chance = "symbols^-ceil(n density)",
                                                    .smallest = 1,
                                                    .tokens = tokens_selective,
                                                    .draw = draw_selective};

static int tokens_dyck(const struct task *s, int n)
{
    return n + 2 + (n < s->depth ? n : s->depth);
}

/* A walk of brackets that does not end at the bottom, and what closes it. */
static void draw_dyck(struct lx_task_writer *w, int n)
{
    static const char open[] = "([{<", close[] = ")]}>";
    int kind[LX_TASK_NAMES], at[LX_TASK_NAMES], height = 0;

    lx_task_put(w, '\n');
    for (int i = 0; i < n; i++) {
        bool up = height == 0 || (height == 1 && i == n - 1) ||
                  (height < w->s->depth && lx_task_below(w, 2) == 0);

        if (up) {
            at[height] = 1 + i;
            kind[height] = lx_task_below(w, w->s->kinds);
            lx_task_put(w, open[kind[height++]]);
        } else {
            lx_task_put(w, close[kind[--height]]);
        }
    }
    lx_task_put(w, '=');
    for (; height > 0; height--)
        lx_task_answer(w, close[kind[height - 1]], at[height - 1]);
    lx_task_end(w);
}

const struct lx_task_kind lx_task_dyck = {.name = "dyck",
                                          .help = "[<>{= gives }]",
                                          .options = " kinds depth ",
                                          .chance = "about 0.04; short answers are frequent",
                                          .smallest = 1,
                                          .tokens = tokens_dyck,
                                          .draw = draw_dyck};
