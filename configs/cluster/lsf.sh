#!/bin/sh
# An array job for LSF: `bsub <configs/cluster/lsf.sh`. Tasks count from 1 there: make the last number what
# `build/longshot plan CONFIG --json | wc -l` says. Submit again to go on: cells that are done end at once. Then:
# build/longshot merge DIR; build/longshot report DIR
#BSUB -J longshot[1-9]
#BSUB -W 2:00
#BSUB -r
#BSUB -Q 75
#BSUB -wa USR1
#BSUB -wt 2
#BSUB -o longshot.%J.%I.log
exec "${LONGSHOT:-build/longshot}" cell configs/ci-exact.json --index auto --out results/ci-exact # 75: interrupted and saved, -Q has the task queued again
