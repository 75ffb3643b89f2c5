/* A pool of threads that wait for lists of tasks; see parallel.h.
 *
 * Lists come a fraction of a millisecond apart in a training step, so a thread looks for the next one
 * for a short while before it sleeps, and the caller waits for the last task in the same way. */
#include "tensor/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { LOOKS = 2000 }; /* before sleeping: some tens of microseconds */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t news, done;
    int threads;   /* wanted, the caller included */
    int started;   /* without the caller         */
    unsigned born; /* the last list when threads were started */
    /* The list at work; written under the lock while nobody is busy. */
    void (*task)(void *ctx, int i, int worker);
    void *ctx;
    int n;
    atomic_int next;  /* the first task that nobody has taken    */
    atomic_int busy;  /* threads that have not left the list yet */
    atomic_uint list; /* its number                              */
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .news = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER,
          .threads = 1};

static void take_tasks(int worker)
{
    int i;

    while ((i = atomic_fetch_add(&pool.next, 1)) < pool.n)
        pool.task(pool.ctx, i, worker);
}

static void rest(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    (void)sched_yield();
#endif
}

/* Waits until another list than `seen` is there. */
static unsigned wait_for_list(unsigned seen)
{
    unsigned list = seen;

    for (int look = 0; look < LOOKS && list == seen; look++, rest())
        list = atomic_load(&pool.list);
    if (list != seen)
        return list;
    (void)pthread_mutex_lock(&pool.lock);
    while ((list = atomic_load(&pool.list)) == seen)
        (void)pthread_cond_wait(&pool.news, &pool.lock);
    (void)pthread_mutex_unlock(&pool.lock);
    return list;
}

/* A thread that there was no wish for any more only reports that it has seen the list. */
static void *work(void *number)
{
    int worker = (int)(size_t)number;
    unsigned seen = pool.born;

    for (;;) {
        seen = wait_for_list(seen);
        if (worker < pool.threads)
            take_tasks(worker);
        if (atomic_fetch_sub(&pool.busy, 1) == 1) {
            (void)pthread_mutex_lock(&pool.lock);
            (void)pthread_cond_signal(&pool.done);
            (void)pthread_mutex_unlock(&pool.lock);
        }
    }
    return NULL;
}

/* Signals stay with the thread that the program began with. */
static void start(void)
{
    sigset_t all, kept;
    pthread_t thread;

    pool.born = atomic_load(&pool.list);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &kept);
    while (pool.started < pool.threads - 1) {
        if (pthread_create(&thread, NULL, work, (void *)(size_t)(pool.started + 1)) != 0)
            break;
        (void)pthread_detach(thread);
        pool.started++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &kept, NULL);
}

void lx_parallel_threads_set(int threads)
{
    pool.threads = threads < 1 ? 1 : threads > LX_THREADS_MAX ? LX_THREADS_MAX : threads;
}

int lx_parallel_threads(void)
{
    return pool.threads;
}

void lx_parallel(int n, void (*task)(void *ctx, int i, int worker), void *ctx)
{
    if (n > 1 && pool.started < pool.threads - 1)
        start();
    if (n <= 1 || pool.threads == 1 || pool.started == 0) {
        for (int i = 0; i < n; i++)
            task(ctx, i, 0);
        return;
    }
    (void)pthread_mutex_lock(&pool.lock);
    pool.task = task;
    pool.ctx = ctx;
    pool.n = n;
    atomic_store(&pool.next, 0);
    atomic_store(&pool.busy, pool.started);
    atomic_fetch_add(&pool.list, 1);
    (void)pthread_cond_broadcast(&pool.news);
    (void)pthread_mutex_unlock(&pool.lock);
    take_tasks(0);
    for (int look = 0; look < LOOKS && atomic_load(&pool.busy) > 0; look++)
        rest();
    if (atomic_load(&pool.busy) == 0)
        return;
    (void)pthread_mutex_lock(&pool.lock);
    while (atomic_load(&pool.busy) > 0)
        (void)pthread_cond_wait(&pool.done, &pool.lock);
    (void)pthread_mutex_unlock(&pool.lock);
}
