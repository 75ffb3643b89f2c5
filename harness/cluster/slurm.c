/* The launcher for Slurm; see slurm.h. */
#include "cluster/slurm.h"

#include "cluster/slurm_internal.h"

static const char *const options[] = {"slurm", "cells-per-task", "no-wait", NULL};
static const char *const held[] = {"held", "Held", "DependencyNeverSatisfied", NULL};

static const struct lx_batch_system slurm = {.title = "Slurm",
                                             .cancel = "scancel",
                                             .go_on = "scontrol release",
                                             .held = held,
                                             .options = lx_slurm_options,
                                             .array_limit = lx_slurm_array_limit,
                                             .submit = lx_slurm_submit,
                                             .queue = lx_slurm_queue,
                                             .next_task = lx_slurm_next_task,
                                             .write_tasks = lx_slurm_write_tasks,
                                             .write_merge = lx_slurm_write_merge};

const struct lx_launcher lx_launcher_slurm = {.name = "slurm",
                                              .help = "tasks of a Slurm array job",
                                              .options = options,
                                              .batch = &slurm,
                                              .run = lx_array_run};
