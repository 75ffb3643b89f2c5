/* The launchers that there are. A new one is a file with a struct lx_launcher (launch/launcher.h) and a line in
 * launcher_list.c; a batch system with array jobs brings what cluster/array.h asks for and gets the rest from
 * there. */
#ifndef LX_RUN_LAUNCHER_LIST_H
#define LX_RUN_LAUNCHER_LIST_H

#include "launch/launcher.h"

extern const struct lx_launcher *const lx_launchers[]; /* NULL ends; the first is the default */

/* By name, NULL: the default. */
LX_MUST_CHECK
enum lx_code lx_launcher_find(const char *name, const struct lx_launcher **out, struct lx_err *err);

/* An option of `run` that was given must be one of this launcher, or of none. */
LX_MUST_CHECK
enum lx_code lx_launcher_check_option(const struct lx_launcher *l, const char *option,
                                      struct lx_err *err);

#endif
