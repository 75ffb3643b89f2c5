/* The registry of analyses. The list below is the only place that names them: adding one is its own
 * file analysis_x.c, which defines lx_analysis_x, and the line X(x) here. */
#include <string.h>

#include "analysis/analysis.h"

#define ANALYSES(X)                                                                                \
    X(alignment)                                                                                   \
    X(receptive_field)                                                                             \
    X(attention_variance)                                                                          \
    X(position_probe)                                                                              \
    X(retrieval)                                                                                   \
    X(parameter_usage)

#define DECLARE(name) extern const struct lx_analysis lx_analysis_##name;
#define ENTRY(name) &lx_analysis_##name,

ANALYSES(DECLARE)

static const struct lx_analysis *const analyses[] = {ANALYSES(ENTRY)};

int lx_analysis_count(void)
{
    return (int)(sizeof(analyses) / sizeof(analyses[0]));
}

const struct lx_analysis *lx_analysis_at(int i)
{
    return analyses[i];
}

const struct lx_analysis *lx_analysis_find(const char *name)
{
    for (int i = 0; i < lx_analysis_count(); i++)
        if (strcmp(analyses[i]->name, name) == 0)
            return analyses[i];
    return NULL;
}
