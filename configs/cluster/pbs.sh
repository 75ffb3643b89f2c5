#!/bin/sh
# An array job for PBS Pro or OpenPBS (`qsub configs/cluster/pbs.sh`) or Torque (write `#PBS -t 0-8`
# for the line with -J). Make the last number one less than `build/longshot plan CONFIG --json | wc -l` says.
# Submit again to go on: cells that are done end at once. Then: build/longshot merge DIR; ... report DIR
#PBS -N longshot
#PBS -J 0-8
#PBS -r y
#PBS -l select=1:ncpus=1:mem=1gb
#PBS -l walltime=2:00:00
#PBS -j oe
cd "${PBS_O_WORKDIR:-.}" || exit 1
exec "${LONGSHOT:-build/longshot}" cell configs/ci-exact.json --index auto --out results/ci-exact
