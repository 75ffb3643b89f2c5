/* What the multiply-add units of a core can do at most. Compiled once per instruction set, like
 * simd.c. */
#include "kernels/simd_tables.h"
#include "kernels/vec.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

/* As many as are needed to wait for none: two units, each done after four or five cycles. */
enum { CHAINS = 12 };

double JOIN(lx_multiply_adds_, LX_SIMD)(size_t rounds, real x)
{
    vec acc[CHAINS], factor = vec_splat(x), plus = vec_splat(1 - x), sum = vec_splat(0);

    for (int i = 0; i < CHAINS; i++)
        acc[i] = vec_splat((real)i);
    for (size_t r = 0; r < rounds; r++) {
        acc[0] = acc[0] * factor + plus;
        acc[1] = acc[1] * factor + plus;
        acc[2] = acc[2] * factor + plus;
        acc[3] = acc[3] * factor + plus;
        acc[4] = acc[4] * factor + plus;
        acc[5] = acc[5] * factor + plus;
        acc[6] = acc[6] * factor + plus;
        acc[7] = acc[7] * factor + plus;
        acc[8] = acc[8] * factor + plus;
        acc[9] = acc[9] * factor + plus;
        acc[10] = acc[10] * factor + plus;
        acc[11] = acc[11] * factor + plus;
    }
    for (int i = 0; i < CHAINS; i++)
        sum += acc[i];
    /* Each of the lanes must matter, or it would be left out. */
    return vec_sum(sum) > -1 ? (double)rounds * CHAINS * VEC : 0;
}
