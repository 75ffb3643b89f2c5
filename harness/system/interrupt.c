/* Noting signals; see interrupt.h. */
#include "system/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/err.h"

#define SAME_SECONDS 0.5 /* signals this close together are one request */

static volatile sig_atomic_t seen, is_patient, status;
static struct timespec first; /* written before `seen`, by a handler that no other one interrupts */

static void note(int sig)
{
    int kept = errno;
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (seen == 0) {
        first = now;
        seen = 1;
    } else if (is_patient == 0 && sig != SIGXCPU &&
               (double)(now.tv_sec - first.tv_sec) + 1e-9 * (double)(now.tv_nsec - first.tv_nsec) >
                   SAME_SECONDS) {
        _exit(status);
    }
    errno = kept;
}

void lx_interrupt_watch(bool patient)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};
    struct sigaction a;

    is_patient = patient;
    status = lx_exit_status(LX_EINTERRUPT);
    memset(&a, 0, sizeof(a));
    (void)sigemptyset(&a.sa_mask);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        (void)sigaddset(&a.sa_mask, signals[i]);
    a.sa_handler = note;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        (void)sigaction(signals[i], &a, NULL);
    a.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &a, NULL);
    (void)sigaction(SIGXFSZ, &a, NULL);
}

bool lx_interrupted(void)
{
    return seen != 0;
}
