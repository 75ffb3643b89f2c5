/* How cells are run; see run_options.h. */
#include "run/run_options.h"

#include "cell/board.h"
#include "core/log.h"
#include "launch/reuse.h"
#include "process/interrupt.h"
#include "run/launcher_list.h"
#include "run/outlook.h"
#include "store/disk.h"
#include "system/fs.h"
#include "system/limits.h"
#include "tensor/parallel.h"

static enum lx_code check_options(const struct lx_run_options *o,
                                  const struct lx_launcher *launcher, struct lx_err *err)
{
    const struct {
        const char *name;
        bool given;
    } options_of_launchers[] = {{"slurm", o->slurm != NULL},
                                {"no-wait", o->no_wait},
                                {"cells-per-task", o->cells_per_task > 0},
                                {"fail-fast", o->fail_fast},
                                {"retry", o->retry >= 0},
                                {"disk", o->disk > 0}};

    if (o->fail_fast && o->keep_going)
        return lx_fail(err, LX_EUSAGE,
                       "--fail-fast and --keep-going: must be one of them, not both");
    if (o->weights == LX_RUN_DROP && o->no_wait)
        return lx_fail(err, LX_EUSAGE, "--weights drop: must go without --no-wait");
    for (size_t i = 0; i < sizeof(options_of_launchers) / sizeof(options_of_launchers[0]); i++)
        if (options_of_launchers[i].given &&
            lx_launcher_check_option(launcher, options_of_launchers[i].name, err))
            return err->code;
    return LX_OK;
}

/* What one machine can bear; a cluster has limits of its own. */
static void choose_limits(struct lx_run_options *o, const struct lx_launcher *launcher)
{
    if (launcher->batch != NULL)
        return;
    if (o->jobs == 0) {
        o->jobs = lx_limits_cpus("") / o->threads;
        o->jobs = o->jobs > 0 ? o->jobs : 1;
    }
    if (o->memory == 0)
        o->memory = lx_limits_memory("") / (size_t)o->jobs;
    lx_fs_limit(o->memory);
}

enum lx_code lx_run_prepare(struct lx_run_options *o, const struct lx_launcher **launcher,
                            struct lx_err *err)
{
    if (lx_launcher_find(o->launcher, launcher, err) || check_options(o, *launcher, err))
        return err->code;
    choose_limits(o, *launcher);
    lx_parallel_threads_set(o->threads);
    lx_interrupt_watch(false);
    return LX_OK;
}

/* How long it will take; 10^9 operations a second of a core, 0: not measured. */
static double tell_outlook(const struct lx_run_options *o, const struct lx_experiment *e)
{
    struct lx_rate rate;
    struct lx_buf line = {0};
    bool known = lx_outlook_rate(&e->plan, e->dir, &rate);

    if (known)
        lx_outlook_line(&e->plan, e->dir, o->jobs * o->threads, &rate, &line);
    if (known && !line.failed)
        lx_log("%s", line.text);
    lx_buf_free(&line);
    return known ? rate.gflops : 0;
}

enum lx_code lx_run_start(struct lx_run_options *o, const struct lx_launcher *launcher,
                          struct lx_experiment *e,
                          enum lx_code (*save)(struct lx_experiment *e, struct lx_err *err),
                          struct lx_err *err)
{
    enum lx_code code = LX_OK;

    if ((launcher->batch == NULL && lx_plan_check_precision(&e->plan, err)) ||
        lx_plan_check_memory(&e->plan, o->memory, err) ||
        (o->tensorboard != NULL && lx_board_check(o->tensorboard, &e->plan, err)) ||
        lx_disk_check(&e->plan, e->dir, o->jobs, o->disk, o->weights == LX_RUN_DROP, err) ||
        save(e, err) || (o->reuse != NULL && lx_reuse_trainings(e, o->reuse, err)))
        code = err->code;
    lx_plan_drop_data(&e->plan);
    o->rate = code == LX_OK && launcher->batch == NULL ? tell_outlook(o, e) : 0;
    return code;
}

enum lx_code lx_run_launch(const struct lx_run_options *o, const struct lx_launcher *launcher,
                           struct lx_experiment *e, bool *queued, struct lx_err *err)
{
    const struct lx_launch l = {.jobs = o->jobs,
                                .threads = o->threads,
                                .memory_limit = o->memory,
                                .disk_limit = o->disk,
                                .checkpoint_every = o->checkpoint_every,
                                .tensorboard = o->tensorboard,
                                .hang_timeout = o->hang_timeout,
                                .fail_fast = o->fail_fast,
                                .skip_failed = o->retry == LX_RUN_NO,
                                .drop_weights = o->weights == LX_RUN_DROP,
                                .options = o->slurm,
                                .cells_per_task = o->cells_per_task,
                                .poll = o->poll,
                                .rate = o->rate,
                                .no_wait = o->no_wait,
                                .no_plots = o->plots == LX_RUN_NO,
                                .paper = o->style == LX_RUN_PAPER};

    return launcher->run(launcher, &l, e, queued, err);
}
