/* What the files of the Slurm launcher share and nobody else sees: the hooks of struct lx_batch_system. */
#ifndef LX_CLUSTER_SLURM_INTERNAL_H
#define LX_CLUSTER_SLURM_INTERNAL_H

#include "cluster/array.h"

/* slurm_ask.c: Slurm's commands. */
LX_MUST_CHECK enum lx_code lx_slurm_array_limit(size_t *out, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_slurm_submit(const char *script, char job[LX_JOB_SIZE], struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_slurm_queue(const char *jobs, struct lx_buf *answer, struct lx_err *err);
bool lx_slurm_next_task(char **at, struct lx_array_task *out);

/* slurm_script.c: the scripts. */
LX_MUST_CHECK
enum lx_code lx_slurm_options(const char *text, struct lx_buf *lines, struct lx_err *err);
void lx_slurm_write_tasks(const struct lx_array_script *c, struct lx_buf *out);
void lx_slurm_write_merge(const struct lx_array_script *c, const char *jobs, struct lx_buf *out);

#endif
