/* The scripts that sbatch is given. Plain sh, to be read by whoever runs the cluster. */
#include <stdio.h>
#include <string.h>

#include "cluster/slurm_internal.h"
#include "kernels/product.h"
#include "system/fs.h"

#define LEAST_MB 500 /* of memory to ask for */
#define MB 1048576

/* In single quotes, as sh reads them. */
static void add_quoted(struct lx_buf *out, const char *text)
{
    lx_buf_add(out, "'");
    for (; *text != '\0'; text++)
        if (*text == '\'')
            lx_buf_add(out, "'\\''");
        else
            lx_buf_addn(out, text, 1);
    lx_buf_add(out, "'");
}

/* A file name in an #SBATCH line: in quotes, and %, which begins a pattern there, doubled. */
static void add_pattern(struct lx_buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            lx_buf_add(out, "\\");
        lx_buf_addn(out, text, 1);
        if (*text == '%')
            lx_buf_add(out, "%");
    }
}

/* Options that are the launcher's own. */
static const char *const own_long[] = {"--array", "--output", "--error",    "--wait",
                                       "--wrap",  "--help",   "--parsable", "--test-only",
                                       "--usage", "--version"};
static const char *const own_short[] = {"-a", "-o", "-e", "-W", "-h", "-V"};

/* Whether a word of n bytes is one of those. sbatch takes the beginning of a long one as well. */
static const char *own_option(const char *word, size_t n)
{
    if (n > 2 && word[1] == '-')
        for (size_t i = 0; i < sizeof(own_long) / sizeof(own_long[0]); i++)
            if (n <= strlen(own_long[i]) && strncmp(word, own_long[i], n) == 0)
                return own_long[i];
    if (n >= 2 && word[1] != '-')
        for (size_t i = 0; i < sizeof(own_short) / sizeof(own_short[0]); i++)
            if (strncmp(word, own_short[i], 2) == 0)
                return own_short[i];
    return NULL;
}

static enum lx_code add_option_line(const char *line, size_t n, struct lx_buf *lines,
                                    struct lx_err *err)
{
    static const char mark[] = "#SBATCH";

    if (n >= sizeof(mark) - 1 && strncmp(line, mark, sizeof(mark) - 1) == 0) {
        line += sizeof(mark) - 1;
        n -= sizeof(mark) - 1;
    }
    while (n > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        n--;
    }
    if (n == 0 || *line == '#')
        return LX_OK;
    if (*line != '-')
        return lx_fail(err, LX_EUSAGE, "--slurm: must be options of sbatch, got \"%.*s\"",
                       (int)(n < 80 ? n : 80), line);
    for (size_t i = 0; i < n; i++) {
        size_t word = strcspn(line + i, " \t=\n");
        const char *own =
            line[i] == '-' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t') && word <= n - i
                ? own_option(line + i, word)
                : NULL;

        if ((unsigned char)line[i] < ' ' && line[i] != '\t')
            return lx_fail(err, LX_EUSAGE, "--slurm: must not contain control characters");
        if (own != NULL)
            return lx_fail(err, LX_EUSAGE, "--slurm: %s is set by the launcher", own);
    }
    lx_buf_add(lines, "#SBATCH ");
    lx_buf_addn(lines, line, n);
    lx_buf_add(lines, "\n");
    return LX_OK;
}

enum lx_code lx_slurm_options(const char *text, struct lx_buf *lines, struct lx_err *err)
{
    struct lx_buf file = {0};
    enum lx_code code = LX_OK;

    lx_buf_add(lines, "");
    if (text != NULL && text[0] == '@') {
        code = lx_fs_read(text + 1, &file, err);
        text = file.text;
    }
    for (const char *at = text; code == LX_OK && at != NULL && *at != '\0';) {
        size_t n = strcspn(at, "\n");

        code = add_option_line(at, n, lines, err);
        at += n + (at[n] == '\n');
    }
    lx_buf_free(&file);
    return code == LX_OK ? lx_buf_check(lines, err) : code;
}

/* What every job of ours begins with; the user's options come last, so that they win. */
static void add_head(const struct lx_array_script *c, const char *kind, const char *log, int cpus,
                     unsigned long long mb, struct lx_buf *out)
{
    lx_buf_printf(out, "#SBATCH --job-name=longshot-%s%s\n#SBATCH --output=\"", c->name, kind);
    add_pattern(out, c->dir);
    lx_buf_printf(out, "/slurm/%s\"\n", log);
    lx_buf_printf(out,
                  "#SBATCH --open-mode=append\n#SBATCH --requeue\n#SBATCH --nodes=1\n"
                  "#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=%d\n#SBATCH --mem=%lluM\n",
                  cpus, mb);
}

static void add_start(const struct lx_array_script *c, struct lx_buf *out)
{
    lx_buf_add(out, "\n# Data files are named from here; each node chooses the kernels for its own "
                    "processor.\ncd ");
    add_quoted(out, c->cwd);
    lx_buf_add(out, " || exit 1\nlongshot=");
    add_quoted(out, c->program);
    lx_buf_add(out, "\ndir=");
    add_quoted(out, c->dir);
    lx_buf_add(out, "\nexport OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1\nunset LX_CORETYPE_SET\n");
    if (lx_products_asked() != NULL)
        lx_buf_printf(out, "export LX_PRODUCTS=%s\n", lx_products_asked());
}

void lx_slurm_write_tasks(const struct lx_array_script *c, struct lx_buf *out)
{
    unsigned long long mb = c->bytes / MB * 5 / 4 + 300; /* the libraries, and some room */
    char log[32];

    (void)snprintf(log, sizeof(log), "%zu.%%a.log", c->number);
    lx_buf_printf(
        out,
        "#!/bin/sh\n# Written by `longshot run --launcher slurm`: task K runs the cells of "
        "line K + 1 of %zu.tasks.\n",
        c->number);
    add_head(c, "", log, c->l->threads, mb > LEAST_MB ? mb : LEAST_MB, out);
    lx_buf_printf(out, "#SBATCH --array=0-%zu", c->n_tasks - 1);
    if (c->l->jobs > 0)
        lx_buf_printf(out, "%%%d", c->l->jobs);
    lx_buf_printf(out, "\n#SBATCH --signal=B:USR1@120\n%s", c->options);
    add_start(c, out);
    lx_buf_add(
        out,
        "\n# USR1: the task's time is nearly over. The cell finishes its step, saves, and ends "
        "with 75; then the\n# task is queued again and goes on from there. TERM: Slurm or a "
        "person ends or requeues the task, and\n# the cell saves as well.\n"
        "pid= over=\n"
        "pass() { [ -z \"$pid\" ] || kill -\"$1\" \"$pid\" 2>/dev/null; }\n"
        "trap 'over=yes; pass USR1' USR1\n"
        "trap 'pass TERM' TERM\n\n");
    lx_buf_printf(
        out,
        "\"$longshot\" cell \"$dir/slurm/%zu.json\" --list \"$dir/slurm/%zu.tasks\" --index "
        "\"$SLURM_ARRAY_TASK_ID\" \\\n    --out \"$dir\" --checkpoint-every %.17g",
        c->number, c->number, c->l->checkpoint_every);
    if (c->l->threads > 1)
        lx_buf_printf(out, " --threads %d", c->l->threads);
    if (c->l->memory_limit > 0)
        lx_buf_printf(out, " --memory %zu", c->l->memory_limit);
    if (c->l->tensorboard != NULL) {
        lx_buf_add(out, " --tensorboard ");
        add_quoted(out, c->l->tensorboard);
    }
    lx_buf_add(
        out,
        " &\npid=$!\n[ -z \"$over\" ] || pass USR1\n"
        "wait \"$pid\"\nstatus=$?\n"
        "while [ $status -gt 128 ] && kill -0 \"$pid\" 2>/dev/null; do # a signal ended the "
        "wait, not the cell\n    wait \"$pid\"\n    status=$?\ndone\n"
        "if [ -n \"$over\" ] && [ $status -ge 75 ]; then\n"
        "    echo \"task $SLURM_ARRAY_TASK_ID: out of time, queueing it again\" >&2\n"
        "    scontrol requeue \"${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID\" ||\n"
        "        echo \"not queued again; the same longshot command submits what is left\" >&2\n"
        "fi\nexit $status\n");
}

void lx_slurm_write_merge(const struct lx_array_script *c, const char *jobs, struct lx_buf *out)
{
    lx_buf_add(out, "#!/bin/sh\n# Written by `longshot run --launcher slurm --no-wait`: tables and "
                    "plots of what is done.\n");
    add_head(c, "-merge", "merge.log", 1, LEAST_MB, out);
    lx_buf_printf(out, "%s#SBATCH --dependency=afterany:%s\n", c->options, jobs);
    add_start(c, out);
    lx_buf_printf(out, "\n\"$longshot\" merge \"$dir\" && exec \"$longshot\" report \"$dir\"%s%s\n",
                  c->l->no_plots ? " --no-plots" : "", c->l->paper ? " --style paper" : "");
}
