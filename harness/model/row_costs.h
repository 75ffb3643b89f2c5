/* What attention row by row costs beside the streaming kernel: for plans, whose operations are turned
 * into minutes at the kernel's speed. */
#ifndef LX_MODEL_ROW_COSTS_H
#define LX_MODEL_ROW_COSTS_H

#include "model/transformer.h"

/* Operations that the layers which go row by row add to lx_model_flops for one token of T: as many as
 * the kernel does in the time that they take more. `training`: of a whole step, for which
 * lx_model_flops count three times. 0 where no layer goes that way. */
double lx_row_costs(const struct lx_model *m, int T, bool training);

/* How many times as long as lx_model_flops say a pass over T tokens takes: 1 where no layer goes that
 * way. */
double lx_row_slowness(const struct lx_model *m, int T, bool training);

#endif
