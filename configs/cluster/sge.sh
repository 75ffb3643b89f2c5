#!/bin/sh
# An array job for Grid Engine: `qsub configs/cluster/sge.sh`. Tasks count from 1 there: make the last
# number what `build/longshot plan CONFIG --json | wc -l` says. Submit again to go on: cells that are done end
# at once. Then: build/longshot merge DIR; build/longshot report DIR
#$ -N longshot
#$ -t 1-9
#$ -cwd
#$ -r y
#$ -notify
#$ -l h_rt=2:00:00
#$ -j y
pid=
trap '[ -z "$pid" ] || kill -TERM $pid 2>/dev/null' USR1 USR2 TERM # with -notify a minute before the end
"${LONGSHOT:-build/longshot}" cell configs/ci-exact.json --index auto --out results/ci-exact &
pid=$!
wait $pid
status=$?
while [ $status -gt 128 ] && kill -0 $pid 2>/dev/null; do
    wait $pid
    status=$?
done
[ $status != 75 ] || exit 99 # interrupted and saved: 99 asks Grid Engine to queue the task again
exit $status
