/* How an example of a task is written down; see task_kind.h. */
#include "datasets/task_kind.h"

void lx_task_put(struct lx_task_writer *w, int token)
{
    int i = w->to->n++;

    w->to->inputs[i] = (uint16_t)token;
    w->to->targets[i] = LX_UNSCORED;
    w->to->reach[i] = 0;
}

void lx_task_score(struct lx_task_writer *w, int token, int from)
{
    int i = w->to->n - 1;

    w->to->targets[i] = (uint16_t)token;
    w->to->reach[i] = (uint16_t)(i - from + 1);
}

void lx_task_answer(struct lx_task_writer *w, int token, int from)
{
    lx_task_score(w, token, from);
    lx_task_put(w, token);
}

void lx_task_end(struct lx_task_writer *w)
{
    w->to->targets[w->to->n - 1] = LX_EXAMPLE_END;
    w->to->ends = true;
}

int lx_task_below(struct lx_task_writer *w, int n)
{
    return (int)lx_rng_below(w->rng, (uint64_t)n);
}

void lx_task_shuffle(struct lx_task_writer *w, int *name, int n, int most)
{
    int all[LX_TASK_NAMES];

    for (int i = 0; i < most; i++)
        all[i] = i;
    for (int i = 0; i < n; i++) {
        int j = i + lx_task_below(w, most - i);

        name[i] = all[j];
        all[j] = all[i];
    }
}
