/* What killed processes leave in a results folder: half-written temp files, locks, and what
 * a cell has only while it runs. They do no harm; once all cells are done they are removed. */
#ifndef LX_RUN_TIDY_H
#define LX_RUN_TIDY_H

/* Those of processes that are still there stay, and so does what cannot be removed. */
void lx_tidy(const char *dir);

#endif
