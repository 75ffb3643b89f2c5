/* Noting signals; see interrupt.h. */
#include "run/interrupt.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t seen;

static void note(int sig)
{
    seen = 1;
    if (sig == SIGINT)
        (void)signal(SIGINT, SIG_DFL);
}

void lx_interrupt_watch(void)
{
    struct sigaction a;

    memset(&a, 0, sizeof(a));
    (void)sigemptyset(&a.sa_mask);
    a.sa_handler = note;
    (void)sigaction(SIGINT, &a, NULL);
    (void)sigaction(SIGTERM, &a, NULL);
    a.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &a, NULL);
}

bool lx_interrupted(void)
{
    return seen != 0;
}
