/* What the steps of a model are measured against: the faster of OpenBLAS's core types at a large
 * product, and what the multiply-add units can do at most. */
#ifndef LX_BENCH_YARDSTICK_H
#define LX_BENCH_YARDSTICK_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/real.h"

enum {
    LX_YARDSTICK_SIDE = 2048
}; /* of the matrices that are multiplied, if nothing else is said */

/* 10^9 operations a second of one OpenBLAS product C = A B of (side, side) in this process. */
double lx_yardstick_product(const real *A, const real *B, real *C, int side);

/* The same of multiply-adds in registers, of the best instruction set that this processor has. */
double lx_yardstick_multiply_adds(void);

struct lx_yardstick {
    char core[32]; /* OpenBLAS's core type; "": none was measured */
    double gflops; /* of its products                             */
};

/* The fastest core type besides the one that this process and those it starts use, each measured in a
 * process of its own, since OpenBLAS chooses when it is loaded. One that cannot be measured does not
 * count. */
struct lx_yardstick lx_yardstick_others(int side);

/* "CORE RATE" as lx_yardstick_print writes it, and --other; false: it is not that. */
bool lx_yardstick_read(const char *text, struct lx_yardstick *out);

/* What such a process does: its core type and rate, one line. */
LX_MUST_CHECK enum lx_code lx_yardstick_print(int side, struct lx_buf *out, struct lx_err *err);

#endif
