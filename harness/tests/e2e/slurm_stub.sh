#!/bin/sh
# What stands in for Slurm in tests: sbatch, squeue and scontrol, whichever name it is called by, over a
# queue in a file, and `drain`, which runs what is queued as nodes would. All it knows is in $STUB:
#   queue               JOB INDEX STATE REASON, a line a task, as squeue prints them
#   calls               what was called
#   last, JOB.sh        the job submitted last, and the scripts
#   limit               MaxArraySize; 4 without it
#   down                squeue fails while this is there
#   refuse              the next sbatch fails; refuse-second: the one after it
#   quick               with this there, what is queued has run before sbatch answers
#   JOB.INDEX.out       what a task said
drain() (
    unset LX_FAULT LX_FAULT_IN LX_FAULT_LOG # what strikes the launcher does not strike its tasks
    while read -r job k state reason; do
        (cd / && SLURM_JOB_ID=$job SLURM_ARRAY_JOB_ID=$job SLURM_ARRAY_TASK_ID=$k sh "$STUB/$job.sh") >>"$STUB/$job.$k.out" 2>&1
    done <"$STUB/queue"
    : >"$STUB/queue"
)

case $STUB in /*) ;; *) export STUB="$PWD/$STUB" ;; esac
echo "${0##*/} $*" >>"$STUB/calls"
case ${0##*/} in
sbatch)
    for script; do :; done
    [ ! -e "$STUB/refuse" ] || { rm "$STUB/refuse"; echo "sbatch: error: invalid partition specified: x" >&2
        echo "sbatch: error: Batch job submission failed: Invalid partition name specified" >&2; exit 1; }
    [ ! -e "$STUB/refuse-second" ] || mv "$STUB/refuse-second" "$STUB/refuse"
    job=100
    [ ! -e "$STUB/last" ] || read -r job <"$STUB/last"
    job=$((job + 1))
    echo $job >"$STUB/last"
    cp "$script" "$STUB/$job.sh"
    array=$(sed -n 's/^#SBATCH --array=0-\([0-9]*\).*/\1/p' "$script")
    k=0
    while [ -n "$array" ] && [ $k -le "$array" ]; do
        echo "$job $k PENDING Resources" >>"$STUB/queue"
        k=$((k + 1))
    done
    [ ! -e "$STUB/quick" ] || drain
    echo "$job;stub"
    ;;
squeue)
    [ ! -e "$STUB/down" ] || { echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2; exit 1; }
    while [ $# -gt 0 ]; do [ "$1" != --jobs ] || jobs=$2; shift; done
    known=
    for job in $(echo "$jobs" | tr , ' '); do grep "^$job " "$STUB/queue" && known=1; done
    case $jobs$known in *,* | *1) exit 0 ;; esac
    echo "slurm_load_jobs error: Invalid job id specified" >&2
    exit 1
    ;;
scontrol)
    limit=4
    [ ! -e "$STUB/limit" ] || read -r limit <"$STUB/limit"
    [ "$1" != show ] || printf 'Configuration data as of 2024-01-01T00:00:00\nMaxArraySize            = %s\nMaxDBDMsgs              = 20004\n' "$limit"
    ;;
drain) drain ;;
esac
