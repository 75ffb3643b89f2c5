/* What is to be known of a series before its numbers are believed: whether its loss was still falling when
 * training ended, and whether it is better than anything can be. */
#include <math.h>

#include "study/aggregate.h"

#define TENTH 0.1          /* of training, at its end */
#define STILL_FALLS 0.01   /* share of the loss that it may lose in that time */
#define CLEARLY_AHEAD 1.01 /* below the floor by this factor: more than the luck of a sample */

/* Sums of a line through the last tenth, each cell around its own middle. */
struct line {
    double xx, xy, yy, mean; /* mean: sum of the cells' mean losses */
    double points, cells;
};

static double last_step(const struct lx_study *s, int cell)
{
    double last = 0;

    for (size_t i = 0; i < s->n_train; i++)
        if (s->train[i].cell == cell)
            last = fmax(last, s->train[i].step);
    return last;
}

/* Add what was logged of a cell; x is the step as a share of all. */
static void add_cell(const struct lx_study *s, int cell, struct line *l)
{
    double last = last_step(s, cell), n = 0, x = 0, y = 0;

    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < s->n_train; i++) {
            const struct lx_train_point *p = &s->train[i];
            double dx = p->step / last - x, dy = p->nll - y;

            if (p->cell != cell || !(p->step > (1 - TENTH) * last) || isnan(p->nll))
                continue;
            if (pass == 0) { /* running means */
                n += 1;
                x += dx / n;
                y += dy / n;
            } else {
                l->xx += dx * dx;
                l->xy += dx * dy;
                l->yy += dy * dy;
            }
        }
    l->points += n;
    l->cells += n > 0;
    l->mean += n > 0 ? y : 0;
}

bool lx_study_learning(const struct lx_study *s, size_t section, size_t series)
{
    const struct lx_section *sec = &s->section[section];
    const struct lx_group *g = lx_study_find(s, section, series, s->ppl, sec->train_length);
    struct line l = {0};
    double slope, rest, freedom, error;

    if (g == NULL || s->series[series].variant != 0 || s->n_train == 0)
        return false;
    for (int i = 0; i < g->n; i++)
        add_cell(s, s->rows.row[g->first + (size_t)i].cell, &l);
    freedom = l.points - l.cells - 1;
    if (!(freedom >= 3) || !(l.xx > 0))
        return false;
    slope = l.xy / l.xx;
    rest = fmax(l.yy - slope * l.xy, 0);
    error = sqrt(rest / freedom / l.xx);
    return -slope * TENTH > STILL_FALLS * l.mean / l.cells && -slope > 2 * error;
}

bool lx_study_ahead(const struct lx_study *s, size_t section, size_t series)
{
    const struct lx_section *sec = &s->section[section];

    for (size_t i = 0; i < sec->n_lengths; i++) {
        const struct lx_group *g = lx_study_find(s, section, series, s->ppl, sec->length[i]);
        double floor = lx_study_yardstick(s, section, LX_YARDSTICK_FLOOR, sec->length[i]);

        if (g != NULL && g->stats.n > 0 && g->stats.mean * CLEARLY_AHEAD < floor)
            return true;
    }
    return false;
}
