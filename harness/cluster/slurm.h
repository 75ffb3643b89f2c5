/* The launcher for Slurm: array jobs by sbatch, squeue and scontrol. */
#ifndef LX_CLUSTER_SLURM_H
#define LX_CLUSTER_SLURM_H

#include "launch/launcher.h"

extern const struct lx_launcher lx_launcher_slurm;

#endif
