/* Tasks of looking something up: flip-flop, many queries of associative recall, counters of variables,
 * chains of names. */
#include "datasets/task_kind.h"

static int tokens_flipflop(const struct task *s, int n)
{
    (void)s;
    return 2 * n;
}

static int instruction(struct lx_task_writer *w, int i, int n)
{
    double u;

    if (i == 0 || i == n - 1)
        return i == 0 ? 'w' : 'r';
    u = lx_rng_uniform(w->rng);
    return u < w->s->ignore ? 'i' : u < 0.5 + 0.5 * w->s->ignore ? 'w' : 'r';
}

/* A read is answered with the bit written last; the last answer is a target and no input. */
static void draw_flipflop(struct lx_task_writer *w, int n)
{
    int bit = '0', at = 0;

    lx_task_put(w, '\n');
    for (int i = 0; i < n; i++) {
        int what = instruction(w, i, n);

        lx_task_put(w, what);
        if (what == 'r') {
            lx_task_score(w, bit, at);
            if (i < n - 1)
                lx_task_put(w, bit);
            continue;
        }
        lx_task_put(w, '0' + lx_task_below(w, 2));
        if (what == 'w') {
            at = w->to->n - 1;
            bit = w->to->inputs[at];
        }
    }
}

const struct lx_task_kind lx_task_flipflop = {.name = "flipflop",
                                              .help = "w0i1r gives 0, the bit written last",
                                              .options = " ignore asked_ignore ",
                                              .chance = "2^-reads",
                                              .smallest = 2,
                                              .tokens = tokens_flipflop,
                                              .draw = draw_flipflop};

static int tokens_mqar(const struct task *s, int n)
{
    (void)s;
    return 4 * n + 1;
}

static int largest_mqar(const struct task *s, const char **option)
{
    *option = "keys";
    return s->keys;
}

static int key_tokens(const struct task *s, int *names)
{
    *names = s->keys;
    return s->keys + s->values;
}

static void draw_mqar(struct lx_task_writer *w, int n)
{
    int key[LX_TASK_NAMES], order[LX_TASK_NAMES];

    lx_task_shuffle(w, key, n, w->s->keys);
    lx_task_put(w, '\n');
    for (int i = 0; i < n; i++) {
        lx_task_put(w, LX_TASK_EXTRA + key[i]);
        lx_task_put(w, LX_TASK_EXTRA + w->s->keys + lx_task_below(w, w->s->values));
    }
    lx_task_put(w, '=');
    lx_task_shuffle(w, order, n, n);
    for (int i = 0; i < n; i++) {
        int at = 2 + 2 * order[i], value = w->to->inputs[at];

        lx_task_put(w, LX_TASK_EXTRA + key[order[i]]);
        lx_task_score(w, value, at - 1);
        if (i < n - 1)
            lx_task_put(w, value);
    }
}

const struct lx_task_kind lx_task_mqar = {.name = "mqar",
                                          .help =
                                              "keys with values; then each key asks for its own",
                                          .options = " keys values ",
                                          .chance = "values^-n",
                                          .smallest = 1,
                                          .tokens = tokens_mqar,
                                          .draw = draw_mqar,
                                          .largest = largest_mqar,
                                          .extra = key_tokens};

static int tokens_count(const struct task *s, int n)
{
    (void)s;
    return 2 * n + 5;
}

enum { VARIABLES = 5, UNSET = -1 };

struct counters {
    int value[VARIABLES], at[VARIABLES]; /* at: the input that set it */
    int n_set;
};

/* The k-th variable that is set. */
static int set_variable(const struct counters *c, int k)
{
    int v = 0;

    while (c->value[v] == UNSET || k-- > 0)
        v++;
    return v;
}

/* One statement of two tokens; `must` be a set. A pass has no variable: "__". */
static void put_statement(struct lx_task_writer *w, struct counters *c, bool must)
{
    const struct task *s = w->s;
    int v = -1, op = '_';

    for (bool again = true; again;) {
        int u = must ? 0 : lx_task_below(w, s->set + s->increment + s->pass);

        again = false;
        if (u < s->set || must) {
            v = lx_task_below(w, s->variables);
            op = '0';
        } else if (u < s->set + s->increment) {
            v = c->n_set > 0 ? set_variable(c, lx_task_below(w, c->n_set)) : -1;
            again = v < 0 || c->value[v] == 9;
            op = '+';
        } else {
            v = -1;
            op = '_';
        }
    }
    if (op == '0') {
        c->n_set += c->value[v] == UNSET;
        c->value[v] = 0;
        c->at[v] = w->to->n;
    } else if (op == '+') {
        c->value[v]++;
    }
    lx_task_put(w, v < 0 ? '_' : 'a' + v);
    lx_task_put(w, op);
}

static void draw_count(struct lx_task_writer *w, int n)
{
    struct counters c = {.n_set = 0};
    int asked;

    for (int v = 0; v < VARIABLES; v++)
        c.value[v] = UNSET;
    lx_task_put(w, '\n');
    for (int i = 0; i < n; i++)
        put_statement(w, &c, i == n - 1 && c.n_set == 0);
    asked = set_variable(&c, lx_task_below(w, c.n_set));
    lx_task_put(w, '?');
    lx_task_put(w, 'a' + asked);
    lx_task_put(w, '=');
    lx_task_answer(w, '0' + c.value[asked], c.at[asked]);
    lx_task_end(w);
}

const struct lx_task_kind lx_task_count = {.name = "count",
                                           .help = "b0__b+?b= gives 1: set, increment, pass",
                                           .options = " variables set increment pass ",
                                           .chance = "falls with the size: 0.48 at 8, 0.26 at 16",
                                           .smallest = 1,
                                           .tokens = tokens_count,
                                           .draw = draw_count};

static int tokens_chain(const struct task *s, int n)
{
    (void)s;
    return 2 * n + 4;
}

static int largest_chain(const struct task *s, const char **option)
{
    *option = "names";
    return s->names;
}

static int name_tokens(const struct task *s, int *names)
{
    return *names = s->names;
}

/* Names of chain c are name[c * long ..]: `said` of them have had their statement. */
static void put_statements(struct lx_task_writer *w, const int *name, int n, int per, int *where)
{
    int said[LX_TASK_NAMES] = {0}, chains = (n + per - 1) / per;

    for (int left = n; left > 0; left--) {
        int u = lx_task_below(w, left), c = 0, k;

        for (;; c++) { /* a chain by how many statements it has left */
            int has = (c < chains - 1 ? per : n - c * per) - said[c];

            if (u < has)
                break;
            u -= has;
        }
        k = c * per + said[c]++;
        where[k] = w->to->n;
        lx_task_put(w, LX_TASK_EXTRA + name[k]);
        lx_task_put(w, k % per == 0 ? '0' + lx_task_below(w, 10) : LX_TASK_EXTRA + name[k - 1]);
    }
}

/* A name that is `hops` statements from a digit, each such name as likely. */
static void draw_chain(struct lx_task_writer *w, int n)
{
    int name[LX_TASK_NAMES], where[LX_TASK_NAMES], per = w->s->hops + 1, hops, deep, k, first;

    lx_task_shuffle(w, name, n, w->s->names);
    lx_task_put(w, '\n');
    put_statements(w, name, n, per, where);
    hops = lx_task_below(w, per < n ? per : n);
    deep = n / per + (n % per > hops);
    k = per * lx_task_below(w, deep) + hops;
    first = where[k - hops];
    lx_task_put(w, '?');
    lx_task_put(w, LX_TASK_EXTRA + name[k]);
    lx_task_answer(w, w->to->inputs[first + 1], first);
    lx_task_end(w);
}

const struct lx_task_kind lx_task_chain = {.name = "chain",
                                           .help = "A7C3BA?B gives 7: names that stand for names",
                                           .options = " hops names ",
                                           .chance = "1/10; a digit that was shown: more",
                                           .smallest = 1,
                                           .tokens = tokens_chain,
                                           .draw = draw_chain,
                                           .largest = largest_chain,
                                           .extra = name_tokens};
