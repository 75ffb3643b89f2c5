/* Asking Slurm: scontrol, sbatch, squeue. */
#include <stdlib.h>
#include <string.h>

#include "cluster/slurm_internal.h"
#include "process/child.h"

static enum lx_code ask(const char *const *argv, struct lx_child *p, struct lx_err *err)
{
    const struct lx_child_spec spec = {.argv = argv, .seconds = -1.0};
    enum lx_code code = lx_child_run(&spec, p, err);

    if (code == LX_EDATA)
        return lx_hint(err,
                       "--launcher slurm needs Slurm's commands: run it on a login node of the "
                       "cluster (`module load slurm` there, or apt-get install slurm-client)");
    if (code != LX_OK || p->status == 0)
        return code;
    return lx_fail(err, LX_EFAILED, "%s: status %d: %.400s", argv[0], p->status,
                   lx_child_complaint(p));
}

enum lx_code lx_slurm_array_limit(size_t *out, struct lx_err *err)
{
    static const char *const argv[] = {"scontrol", "show", "config", NULL};
    static const char key[] = "MaxArraySize";
    struct lx_child p;
    enum lx_code code = ask(argv, &p, err);
    const char *at = code == LX_OK ? strstr(p.out.text, key) : NULL;

    *out = 1001; /* Slurm's own default */
    if (at != NULL) {
        at += sizeof(key) - 1;
        at += strspn(at, " =");
        *out = (size_t)strtoull(at, NULL, 10);
    }
    lx_child_free(&p);
    /* the highest index must be below MaxArraySize, and ours begin with 0 */
    if (code == LX_OK && *out == 0)
        return lx_fail(err, LX_EFAILED, "this cluster takes no job arrays: its %s is 0", key);
    return code;
}

enum lx_code lx_slurm_submit(const char *script, char job[LX_JOB_SIZE], struct lx_err *err)
{
    const char *const argv[] = {"sbatch", "--parsable", script, NULL};
    struct lx_child p;
    enum lx_code code = ask(argv, &p, err);

    if (code == LX_OK) {
        size_t n = strspn(p.out.text, "0123456789"); /* "ID" or "ID;CLUSTER" */

        if (n == 0 || n >= LX_JOB_SIZE) {
            code = lx_fail(err, LX_EFAILED, "sbatch: must print the id of the job, got \"%.80s\"",
                           p.out.text);
        } else {
            memcpy(job, p.out.text, n);
            job[n] = '\0';
        }
    }
    lx_child_free(&p);
    return code == LX_OK ? LX_OK : lx_wrap(err, "%s", script);
}

/* "JOB INDEX STATE REASON..."; false: another line. */
static bool parse_task(char *line, struct lx_array_task *t)
{
    char *field[3] = {NULL, NULL, NULL}, *end;

    for (int i = 0; i < 3; i++) {
        field[i] = line;
        line += strcspn(line, " ");
        if (*line == '\0')
            return false;
        *line++ = '\0';
    }
    t->job = field[0];
    t->index = (size_t)strtoull(field[1], &end, 10);
    t->running = strcmp(field[2], "PENDING") != 0;
    t->reason = line;
    return end != field[1] && *end == '\0';
}

enum lx_code lx_slurm_queue(const char *jobs, struct lx_buf *answer, struct lx_err *err)
{
    const char *const argv[] = {"squeue", "--noheader",           "--array", "--jobs",
                                jobs,     "--format=%F %K %T %r", NULL};
    struct lx_child p;
    enum lx_code code = ask(argv, &p, err);

    lx_buf_clear(answer);
    lx_buf_add(answer, "");
    if (code == LX_OK)
        lx_buf_add(answer, p.out.text);
    /* of a single job that ended some minutes ago, it says so and fails */
    else if (code == LX_EFAILED && strstr(p.errors.text, "Invalid job id") != NULL)
        code = LX_OK;
    lx_child_free(&p);
    return code == LX_OK ? lx_buf_check(answer, err) : code;
}

bool lx_slurm_next_task(char **at, struct lx_array_task *out)
{
    while (*at != NULL && **at != '\0') {
        char *line = *at;
        size_t n = strcspn(line, "\n");

        *at = line + n + (line[n] == '\n');
        line[n] = '\0';
        if (parse_task(line, out))
            return true;
    }
    return false;
}
