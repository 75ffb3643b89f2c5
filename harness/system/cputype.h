/* Which OpenBLAS kernels suit this processor.
 *
 * OpenBLAS picks kernels when it is loaded, from a list of models that ends with its release; on a
 * newer CPU it may choose slow ones. The environment variable OPENBLAS_CORETYPE overrides the
 * choice, so it has to be set before the program that computes begins. */
#ifndef LX_SYSTEM_CPUTYPE_H
#define LX_SYSTEM_CPUTYPE_H

#include <stddef.h>

#include "core/err.h"

/* The core types that the features of this CPU allow: 0, 1, ..., the widest first; NULL: no more. */
const char *lx_cputype_core(int i);

/* The one that was measured to be the fastest on this model of CPU, else the widest; NULL: leave it to
 * OpenBLAS. */
const char *lx_cputype_choice(void);

/* Start this program anew, once, with OPENBLAS_CORETYPE set if it is unset and there is a choice, and with
 * one thread of OpenBLAS, whose threads are started when it is loaded.
 * Returns where there is nothing to do or exec fails. */
void lx_cputype_restart(char **argv);

/* Model name of the processor (arm64: its implementer and part), "unknown" if the system does not tell.
 * LX_EIO: it would, but cannot be read; "unknown" then, too. */
LX_MUST_CHECK enum lx_code lx_cputype_name(char *out, size_t size, struct lx_err *err);

/* Features of interest that this CPU has, as one text: "avx2 fma avx512f ...". */
const char *lx_cputype_features(void);

#endif
