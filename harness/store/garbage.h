/* What killed processes leave in a results folder: half-written temp files, locks, and what
 * a cell has only while it runs. They do no harm; once all cells are done they are removed. */
#ifndef LX_STORE_GARBAGE_H
#define LX_STORE_GARBAGE_H

/* Those of processes that are still there stay, and so does what cannot be removed. */
void lx_collect_garbage(const char *dir);

/* In a folder that is the user's, the temp files alone: for commands that write one file there, again and again. */
void lx_collect_temps(const char *dir);

#endif
