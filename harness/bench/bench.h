/* Speed: how fast one training step or one evaluation pass is, next to what the processor can do.
 *
 * A case is a workload under one stack of schemes. Each case runs in a process of its own, so that
 * its peak memory is its own, and takes the rate of a large matrix product in the same process just
 * before and just after its passes. The fraction of the faster of OpenBLAS's core types, and of what
 * the multiply-add units can do, are what can be compared across machines. */
#ifndef LX_BENCH_BENCH_H
#define LX_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/yardstick.h"
#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "encodings/encoding.h"

#define LX_BENCH_VOCAB 256
/* The workloads of any length; see lx_bench_sweep. */
#define LX_BENCH_SWEEP "length"
#define LX_BENCH_TRAIN_SWEEP "train_length"
/* No workload, but the product of matrices on one core type; see yardstick.h. */
#define LX_BENCH_YARDSTICK "yardstick"

struct lx_bench_shape {
    const char *name;
    bool training; /* else evaluation */
    int layers, d_model, heads;
    int length, batch; /* tokens of a sequence, sequences of a pass */
};

int lx_bench_shape_count(void);
const struct lx_bench_shape *lx_bench_shape_at(int i);
const struct lx_bench_shape *lx_bench_shape_find(const char *name); /* NULL: unknown */

/* The tiny model evaluated or trained at T tokens, in passes of at least 4096 tokens. */
struct lx_bench_shape lx_bench_sweep(int T, bool training);

/* Floating-point operations of one token where a query sees at most its last `window` keys; training
 * counts three times the forward pass. */
double lx_bench_flops(const struct lx_bench_shape *s, int window);

/* What is measured: a scheme with its default options, or a stack. */
struct lx_bench_stack {
    const char *id;
    const char *schemes; /* JSON list of the schemes; NULL: the one called id     */
    bool evaluated_only; /* read with the weights of another: there is no training */
};

/* The stacks of a list in the form of a config's "encodings", those of evaluate_as included. `text`
 * is the list itself, the name of a file that holds it or a whole config, or "all": every scheme of the
 * registry with its default options, over rotations where it moves positions, and every schedule. */
LX_MUST_CHECK
enum lx_code lx_bench_stacks(const char *text, struct lx_arena *arena, struct lx_bench_stack **out,
                             size_t *n, struct lx_err *err);

struct lx_bench_case {
    struct lx_bench_shape shape;
    struct lx_bench_stack stack;
    bool plain;                /* evaluation without attention statistics */
    bool passes_only;          /* no large matrix product beside them    */
    int threads;               /* 1 ..                                    */
    int repeat;                /* passes that are timed ...                          */
    double limit;              /* ... but none is started after so many seconds      */
    int side;                  /* of the matrices whose product is the yardstick     */
    struct lx_yardstick other; /* what other core types can do               */
};

struct lx_bench_result {
    double seconds;           /* the fastest pass                               */
    double mean_seconds;      /* all passes together, by their number           */
    double processor_share;   /* processor time of the passes by the clock    */
    double processor_seconds; /* that of the pass that took least of it        */
    double gemm_gflops;       /* the fastest product of large matrices ...       */
    char gemm_core[32];       /* ... and OpenBLAS's core type that was so fast  */
    double peak_gflops;       /* multiply-adds in registers                     */
    long long peak_bytes;     /* largest resident size, before those products  */
    int repeat;               /* passes timed                                   */
    int window;               /* keys that a query sees at most, in any layer   */
    double slowness;          /* of its passes, as a plan reckons it: 1 without layers by rows */
};

/* Time the case in this process. */
LX_MUST_CHECK
enum lx_code lx_bench_measure(const struct lx_bench_case *c, struct lx_bench_result *out,
                              struct lx_err *err);

/* Time it in a process of its own and append the row that this prints; a process that fails is an
 * error, and then nothing was appended. */
LX_MUST_CHECK
enum lx_code lx_bench_spawn(const struct lx_bench_case *c, struct lx_buf *row, struct lx_err *err);

/* Processor seconds of a pass of the case, in a process of its own. */
LX_MUST_CHECK
enum lx_code lx_bench_spawn_processor(const struct lx_bench_case *c, double *seconds,
                                      struct lx_err *err);

extern const char lx_bench_header[]; /* of the CSV, with its line end */

/* Append one row; r NULL: the numbers stay empty. */
void lx_bench_row(const struct lx_bench_case *c, const struct lx_bench_result *r,
                  struct lx_buf *out);

#endif
