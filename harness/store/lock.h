/* Who is at a cell: a lock on DIR/work/ID/lock, which ends with its process, however that ends.
 *
 * It keeps workers of one machine from doing the same twice, which would be a waste and no harm. The
 * holder removes the file while it holds it; a process that opened it just before then locks a file
 * without a name, and two may be at the cell: again a waste and no harm. */
#ifndef LX_STORE_LOCK_H
#define LX_STORE_LOCK_H

#include "core/err.h"

#define LX_LOCK_FILE "lock"

/* Hold it for as long as this process runs: *fd >= 0. Another holder: *fd = -1 and its process id in
 * *holder. Where files cannot be locked, *fd >= 0. */
LX_MUST_CHECK
enum lx_code lx_lock_take(const char *path, int *fd, long *holder, struct lx_err *err);

/* Process that holds it, 0 for none, -1 for one whose id is not known here (of another container). */
long lx_lock_holder(const char *path);

#endif
