/* Signals that ask to stop: INT, TERM, HUP, and USR1, USR2, XCPU, with which clusters announce the end of
 * a job's time. Noted, and acted upon where work can stop cleanly. A HUP that is ignored when the program
 * starts (nohup) stays ignored.
 *
 * A second one ends the program at once, with the exit status of an interruption; files are whole at
 * any moment. What comes within half a second of the first counts as the same (a terminal and a
 * parent both pass it on), and XCPU, which the system repeats every second, never counts as a
 * second. */
#ifndef LX_PROCESS_INTERRUPT_H
#define LX_PROCESS_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* From now on they are noted; SIGPIPE and SIGXFSZ are ignored, so that
 * writes fail instead. patient: a second one
 * changes nothing, as fits a worker, whose supervisor has a say in that. */
void lx_interrupt_watch(bool patient);
bool lx_interrupted(void);

/* Between begin and end they are noted, watched or not, so that a child never outlives us: see
 * child.c. `guard` names its process group (0: none), which a second signal ends with us. Guards may be
 * within guards. */
void lx_interrupt_guard_begin(void);
void lx_interrupt_guard(pid_t group);
void lx_interrupt_guard_end(void);

/* Between hold and release what would end the program on the spot (any of them where nobody watches, a second
 * one elsewhere) waits, so that no temporary file outlives us. Of the main thread; not within one another. */
void lx_interrupt_hold(void);
void lx_interrupt_release(void);

#endif
