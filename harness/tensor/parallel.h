/* Threads inside one process: a fixed list of tasks, done by whoever is free.
 *
 * The caller cuts its work into tasks in a way that depends on the shapes alone, never on the number
 * of threads, and lets no two tasks write the same place; sums over tasks are taken afterwards in
 * their order. Then results are the same bytes for any number of threads. */
#ifndef LX_TENSOR_PARALLEL_H
#define LX_TENSOR_PARALLEL_H

#define LX_THREADS_MAX 256

/* How many threads lx_parallel may use, the caller included (1 .. LX_THREADS_MAX; at first 1). They
 * start with the first call that needs them. To be called while no task runs. */
void lx_parallel_threads_set(int threads);
int lx_parallel_threads(void);

/* Calls task(ctx, i, worker) once for each i in 0 .. n-1 and returns when all are done. worker is in
 * 0 .. lx_parallel_threads()-1, and no two tasks at work at the same time have the same: it names
 * the scratch memory a task may use. Tasks must not call lx_parallel themselves. If threads cannot
 * be started the caller does everything. */
void lx_parallel(int n, void (*task)(void *ctx, int i, int worker), void *ctx);

#endif
