/* Noting signals; see interrupt.h. */
#include "process/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/err.h"

#define SAME_SECONDS 0.5 /* signals this close together are one request */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU};
enum { N_SIGNALS = sizeof(signals) / sizeof(signals[0]) };

static volatile sig_atomic_t seen, is_patient, status, guarded;
static volatile sig_atomic_t is_holding;
static volatile sig_atomic_t
    late; /* the signal that came while held and is to be acted upon then */
static bool is_watching;
static int guards;                         /* begun and not ended */
static struct sigaction before[N_SIGNALS]; /* of a guard or a hold without a watch */
static struct timespec first; /* written before `seen`, by a handler that no other one interrupts */

static void end_now(void)
{
    if (guarded > 0)
        (void)kill(-(pid_t)guarded, SIGKILL);
    _exit(status);
}

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
        if (is_holding == 0)
            end_now();
        late = sig;
    }
    errno = kept;
}

static void postpone(int sig)
{
    late = sig;
}

/* From now on the handler gets all of them; what was done before goes to old. */
static void install(void (*handler)(int), struct sigaction old[N_SIGNALS])
{
    struct sigaction a;

    status = lx_exit_status(LX_EINTERRUPT);
    memset(&a, 0, sizeof(a));
    (void)sigemptyset(&a.sa_mask);
    for (int i = 0; i < N_SIGNALS; i++)
        (void)sigaddset(&a.sa_mask, signals[i]);
    a.sa_handler = handler;
    for (int i = 0; i < N_SIGNALS; i++) {
        (void)sigaction(signals[i], NULL, &old[i]);
        if (signals[i] != SIGHUP || old[i].sa_handler != SIG_IGN)
            (void)sigaction(signals[i], &a, NULL);
    }
}

void lx_interrupt_watch(bool patient)
{
    struct sigaction a;

    is_patient = patient;
    is_watching = true;
    install(note, before);
    memset(&a, 0, sizeof(a));
    (void)sigemptyset(&a.sa_mask);
    a.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &a, NULL);
    (void)sigaction(SIGXFSZ, &a, NULL);
}

void lx_interrupt_guard_begin(void)
{
    if (guards++ == 0 && !is_watching)
        install(note, before);
}

void lx_interrupt_guard(pid_t group)
{
    guarded = (sig_atomic_t)group;
}

static void restore(void)
{
    for (int i = 0; i < N_SIGNALS; i++)
        (void)sigaction(signals[i], &before[i], NULL);
}

void lx_interrupt_guard_end(void)
{
    guarded = 0;
    if (--guards == 0 && !is_watching)
        restore();
}

/* Handlers, not a mask: a mask is one thread's, and the signal would go to another, of OpenBLAS say. */
void lx_interrupt_hold(void)
{
    is_holding = 1;
    if (guards == 0 && !is_watching)
        install(postpone, before);
}

void lx_interrupt_release(void)
{
    bool is_noted = guards > 0 || is_watching;
    int sig;

    is_holding = 0;
    if (!is_noted)
        restore();
    sig = late;
    if (sig == 0) /* one that another thread is about to write down waits for the next release */
        return;
    late = 0;
    if (is_noted)
        end_now();
    (void)raise(sig);
}

bool lx_interrupted(void)
{
    return seen != 0;
}
