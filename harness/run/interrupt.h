/* SIGINT and SIGTERM: noted, and acted upon where work can stop cleanly. A second SIGINT ends the
 * program at once. */
#ifndef LX_RUN_INTERRUPT_H
#define LX_RUN_INTERRUPT_H

#include <stdbool.h>

/* From now on the two signals are noted; SIGPIPE is ignored, so that writes fail instead. */
void lx_interrupt_watch(void);
bool lx_interrupted(void);

#endif
