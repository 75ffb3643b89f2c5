/* The formats of tables that a user can ask for. A new one is a file and a line here. */
#include "grid/grid.h"

static const struct lx_grid_writer *const writers[] = {&lx_grid_plain, &lx_grid_markdown,
                                                       &lx_grid_latex, &lx_grid_csv, &lx_grid_html};

int lx_grid_writer_count(void)
{
    return sizeof(writers) / sizeof(writers[0]);
}

const struct lx_grid_writer *lx_grid_writer_at(int i)
{
    return writers[i];
}
