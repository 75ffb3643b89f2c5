/* What greedy decoding says; see given.h. */
#include "eval/given.h"

#include <math.h>

bool lx_given(const real *logits, int vocab, int token, double *nll)
{
    double sum = 1;
    int best = 0;

    for (int t = 1; t < vocab; t++)
        best = logits[t] > logits[best] ? t : best;
    for (int t = 0; t < vocab; t++)
        sum += t == best ? 0 : exp((double)logits[t] - (double)logits[best]);
    *nll = log(sum) + (double)logits[best] - (double)logits[token];
    return best == token;
}
