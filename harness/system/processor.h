/* Which processor this is, and what was measured on its kind.
 *
 * By model, not by features: the same features are worth different things in different cores. The
 * answer depends on the processor alone, so that a machine computes the same bytes every time. */
#ifndef LX_SYSTEM_PROCESSOR_H
#define LX_SYSTEM_PROCESSOR_H

#include <stdbool.h>

/* What is best on this kind of processor. */
struct lx_processor {
    const char *kind;  /* "Zen 4", ...; NULL: one that nothing was measured on          */
    const char *core;  /* OpenBLAS's fastest core type; NULL: what the features call for */
    bool own_products; /* ours are faster by 5% or more in a training step               */
};

/* The entry of a vendor ("AuthenticAMD", "GenuineIntel"), family and model. */
struct lx_processor lx_processor_find(const char *vendor, int family, int model);

/* That of the processor at work. */
struct lx_processor lx_processor(void);

#endif
