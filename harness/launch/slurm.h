/* The launcher for Slurm: array jobs by sbatch, squeue and scontrol. */
#ifndef LX_LAUNCH_SLURM_H
#define LX_LAUNCH_SLURM_H

#include "launch/launcher.h"

extern const struct lx_launcher lx_launcher_slurm;

#endif
