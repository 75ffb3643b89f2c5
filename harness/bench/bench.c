/* What is measured and how it is written down; see bench.h. */
#include "bench/bench.h"

#include <string.h>

#include "kernels/product.h"
#include "kernels/simd.h"
#include "model/transformer.h"
#include "text/csvfile.h"

/* The tiny model, a wider and deeper one, a longer sequence, and the tiny model evaluated at eight
 * and at thirty-two times the length it is trained at. */
static const struct lx_bench_shape shapes[] = {
    {"tiny", true, 4, 128, 4, 128, 32},    {"small", true, 6, 256, 8, 256, 16},
    {"long", true, 4, 128, 4, 512, 8},     {"eval8", false, 4, 128, 4, 1024, 4},
    {"eval32", false, 4, 128, 4, 4096, 1},
};

int lx_bench_shape_count(void)
{
    return (int)(sizeof(shapes) / sizeof(shapes[0]));
}

const struct lx_bench_shape *lx_bench_shape_at(int i)
{
    return &shapes[i];
}

const struct lx_bench_shape *lx_bench_shape_find(const char *name)
{
    for (int i = 0; i < lx_bench_shape_count(); i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    return NULL;
}

struct lx_bench_shape lx_bench_sweep(int T, bool training)
{
    struct lx_bench_shape s = {
        training ? LX_BENCH_TRAIN_SWEEP : LX_BENCH_SWEEP, training, 4, 128, 4, T, 1};

    if (T < 4096)
        s.batch = (4096 + T - 1) / T < 64 ? (4096 + T - 1) / T : 64;
    return s;
}

double lx_bench_flops(const struct lx_bench_shape *s, int window)
{
    struct lx_model_config c = {.layers = s->layers,
                                .d_model = s->d_model,
                                .heads = s->heads,
                                .d_ff = 4 * s->d_model,
                                .vocab = LX_BENCH_VOCAB};

    return (s->training ? 3.0 : 1.0) * lx_model_flops_windowed(&c, s->length, window);
}

/* The first seven are those of torch_bench.py, so that the two can be joined. */
const char lx_bench_header[] =
    "implementation,mode,workload,encoding,threads,tokens_per_second,gflops,kind,layers,d_model,"
    "heads,length,batch,sgemm_gflops,fraction_of_sgemm,peak_rss_bytes,blas_core,simd,repeat,"
    "window,sgemm_core,peak_gflops,fraction_of_peak\n";

void lx_bench_row(const struct lx_bench_case *c, const struct lx_bench_result *r,
                  struct lx_buf *out)
{
    const struct lx_bench_shape *s = &c->shape;
    double rate = 0, gflops = 0;

    lx_buf_printf(out, "longshot-%s,%s,%s,", LX_VERSION, c->plain ? "no_statistics" : "full",
                  s->name);
    lx_csv_field(out, c->stack.id);
    lx_buf_printf(out, ",%d,", c->threads);
    if (r != NULL) {
        rate = (double)s->length * s->batch / r->seconds;
        gflops = rate * lx_bench_flops(s, r->window) / 1e9;
        lx_buf_printf(out, "%.0f,%.1f", rate, gflops);
    } else {
        lx_buf_add(out, ",");
    }
    lx_buf_printf(out, ",%s,%d,%d,%d,%d,%d,", s->training ? "train" : "eval", s->layers, s->d_model,
                  s->heads, s->length, s->batch);
    if (r != NULL)
        lx_buf_printf(out, "%.1f,%.3f,%lld,%s,%s,%d,", r->gemm_gflops, gflops / r->gemm_gflops,
                      r->peak_bytes, lx_products_core(), lx_simd()->name, r->repeat);
    else
        lx_buf_add(out, ",,,,,0,");
    if (r != NULL && r->window < s->length)
        lx_buf_printf(out, "%d", r->window);
    if (r != NULL)
        lx_buf_printf(out, ",%s,%.1f,%.3f\n", r->gemm_core, r->peak_gflops,
                      gflops / r->peak_gflops);
    else
        lx_buf_add(out, ",,,\n");
}
