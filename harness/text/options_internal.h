/* The names of a CHOICE option, taken apart. Shared by options.c and options_text.c; everyone else
 * wants options.h. */
#ifndef LX_TEXT_OPTIONS_INTERNAL_H
#define LX_TEXT_OPTIONS_INTERNAL_H

#include <stddef.h>

#include "text/options.h"

#define LX_MAX_CHOICES 32
#define LX_CHOICE_BYTES 512

struct lx_choices {
    char text[LX_CHOICE_BYTES]; /* "a|b|c" with NULs for bars */
    const char *name[LX_MAX_CHOICES];
    size_t n;
};

void lx_choices_split(const struct lx_option *o, struct lx_choices *c);
/* All names with `between` between them; cut if out is too small. */
void lx_choices_join(const struct lx_choices *c, const char *between, char *out, size_t size);

#endif
