/* The table of outputs; see compare_report.h. */
#include "report/compare_report.h"

#include <string.h>

static const struct lx_compare_format formats[] = {{"text", lx_compare_plain},
                                                   {"markdown", lx_compare_markdown},
                                                   {"junit", lx_compare_junit},
                                                   {"json", lx_compare_json}};
enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };

int lx_compare_format_count(void)
{
    return N_FORMATS;
}

const struct lx_compare_format *lx_compare_format_at(int i)
{
    return &formats[i];
}

const struct lx_compare_format *lx_compare_format_find(const char *name)
{
    for (int i = 0; i < N_FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}
