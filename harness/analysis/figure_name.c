/* The table of figure names; see figure_name.h. */
#include "analysis/figure_name.h"

#include <string.h>

static const char *const figures[] = {"ppl_vs_length",   "entropy_vs_length", "nll_by_position",
                                      "training_curves", "answers_vs_length", "answers_by_place",
                                      "answers_map"};
static const char *const endings[] = {"", "_gain", "_map", "_spread", "_largest", "_untrained"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Whether a figure called id + ending may be called what another one called `name` may: the same, or
 * one goes on from the other with a '-'. */
static int meets(const char *id, const char *ending, const char *name)
{
    size_t n = strlen(id), all = n + strlen(ending), len = strlen(name), common;

    common = all < len ? all : len;
    for (size_t i = 0; i < common; i++)
        if ((i < n ? id[i] : ending[i - n]) != name[i])
            return 0;
    if (all == len)
        return 1;
    return all < len ? name[all] == '-' : (len < n ? id[len] : ending[len - n]) == '-';
}

const char *lx_figure_replaced(const char *id)
{
    for (size_t f = 0; f < COUNT(figures); f++)
        for (size_t e = 0; e < COUNT(endings); e++)
            if (meets(id, endings[e], figures[f]))
                return figures[f];
    return NULL;
}

const char *lx_figures_meet(const char *a, const char *b)
{
    for (size_t e = 0; e < COUNT(endings); e++)
        if (meets(a, endings[e], b) || meets(b, endings[e], a))
            return endings[e];
    return NULL;
}

int lx_figure_known(const char *name, const char *const *ids, size_t n)
{
    size_t len = strcspn(name, "-");

    for (size_t f = 0; f < COUNT(figures); f++)
        if (strlen(figures[f]) == len && strncmp(figures[f], name, len) == 0)
            return 1;
    for (size_t i = 0; i < n; i++)
        for (size_t e = 0; e < COUNT(endings); e++)
            if (meets(ids[i], endings[e], name))
                return 1;
    return 0;
}
