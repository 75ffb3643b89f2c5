/* One cell from data to rows; see worker.h. */
#include "cell/worker.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cell/job.h"
#include "core/log.h"
#include "system/cputype.h"
#include "system/fs.h"
#include "system/interrupt.h"
#include "system/manifest.h"
#include "system/publish.h"
#include "tensor/gemm.h"
#include "tensor/product.h"
#include "tensor/simd.h"
#include "text/csvfile.h"

#define LOCK_SECONDS 5.0 /* to wait for a cell that another process holds */

enum lx_code lx_job_work_path(struct lx_job *j, const char *file, const char **out,
                              struct lx_err *err)
{
    return lx_store_work(j->w->dir, j->cell->id, file, &j->paths, out, err);
}

enum lx_code lx_job_checkpoint_path(struct lx_job *j, const char *file, const char **out,
                                    struct lx_err *err)
{
    return lx_store_checkpoint(j->w->dir, j->cell->train_id, file, &j->paths, out, err);
}

enum lx_code lx_job_interrupted(struct lx_err *err)
{
    return lx_fail(err, LX_EINTERRUPT, "interrupted; the same command goes on from here");
}

static void add_run_row(const struct lx_job *j, struct lx_buf *out)
{
    const struct lx_config *c = j->plan->config;
    const struct lx_cell *cell = j->cell;
    const double numbers[] = {j->record.seconds + j->eval_seconds, j->record.seconds,
                              j->eval_seconds, j->record.tokens_per_second};
    struct rusage usage;
    char cpu[256];

    lx_cputype_name(cpu, sizeof(cpu));
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        usage.ru_maxrss = 0;
    lx_buf_printf(out, "%s\n%s,", LX_RUNS_HEADER, cell->id);
    lx_csv_field(out, c->name);
    lx_buf_add(out, ",");
    lx_csv_field(out, cell->label);
    lx_buf_add(out, ",");
    lx_csv_field(out, c->datasets[cell->dataset].id);
    lx_buf_printf(out, ",%llu,%s,", (unsigned long long)c->seeds[cell->seed],
                  j->record.diverged ? "diverged" : "ok");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        lx_csv_number(out, numbers[i]);
        lx_buf_add(out, ",");
    }
    /* ru_maxrss counts KiB on Linux */
    lx_buf_printf(out, "%zu,%lld,", cell->parameters, (long long)usage.ru_maxrss * 1024);
    lx_csv_field(out, lx_products_core());
    lx_buf_printf(out, ",%s,", lx_simd()->name);
    lx_csv_field(out, cpu);
    lx_buf_printf(out, ",%s\n", LX_VERSION);
}

/* The curve again, each row behind the id of the cell. */
static void add_train_rows(const struct lx_job *j, struct lx_buf *out)
{
    const char *p = j->train_rows.len > 0 ? j->train_rows.text : "";

    lx_buf_printf(out, "%s\n", LX_TRAIN_HEADER);
    while (*p != '\0') {
        size_t n = strcspn(p, "\n");

        lx_buf_printf(out, "%s,%.*s\n", j->cell->id, (int)n, p);
        p += n + (p[n] == '\n');
    }
}

enum lx_code lx_job_write(struct lx_job *j, const char *folder, const char *name,
                          const struct lx_buf *text, struct lx_err *err)
{
    const char *path = lx_arena_printf(&j->paths, "%s/%s", folder, name);

    if (path == NULL || text->failed)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    return lx_fs_write(path, text->len > 0 ? text->text : "", text->len, err);
}

/* The files of the cell in the order of lx_cell_files, and their seal. */
static enum lx_code write_files(void *ctx, const char *folder, struct lx_err *err)
{
    struct lx_job *j = ctx;
    struct lx_buf text[LX_CELL_FILE_COUNT] = {{0}, {0}, {0}};
    struct lx_manifest_file sealed[LX_CELL_FILE_COUNT];
    enum lx_code code = LX_OK;

    add_train_rows(j, &text[0]);
    add_run_row(j, &text[1]);
    lx_buf_printf(&text[2], "%s\n", LX_METRICS_HEADER);
    if (j->rows.len > 0)
        lx_buf_addn(&text[2], j->rows.text, j->rows.len);
    text[2].failed = text[2].failed || j->rows.failed;
    for (int i = 0; i < LX_CELL_FILE_COUNT && code == LX_OK; i++) {
        code = lx_job_write(j, folder, lx_cell_files[i], &text[i], err);
        sealed[i] = (struct lx_manifest_file){lx_cell_files[i], text[i].text, text[i].len};
    }
    if (code == LX_OK)
        code = lx_manifest_write(folder, LX_SEAL_CELL, sealed, LX_CELL_FILE_COUNT, err);
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++)
        lx_buf_free(&text[i]);
    return code;
}

static bool is_whole(void *ctx, const char *folder)
{
    const struct lx_job *j = ctx;

    (void)folder; /* that of the cell */
    return lx_store_done(j->w->dir, j->cell->id);
}

/* Two machines may end the same cell at the same time: the rows of one of them stay, with its times. */
static enum lx_code write_cell(struct lx_job *j, struct lx_err *err)
{
    struct lx_publication p = {.names = lx_cell_files,
                               .n_names = LX_CELL_FILE_COUNT + 1,
                               .ctx = j,
                               .write = write_files,
                               .is_whole = is_whole};
    bool mine;
    enum lx_code code = lx_store_cell(j->w->dir, j->cell->id, "", &j->paths, &p.folder, err);

    return code == LX_OK ? lx_publish(&p, &mine, err) : code;
}

static enum lx_code check_memory(const struct lx_job *j, struct lx_err *err)
{
    if (j->w->memory_limit == 0 || j->cell->train_bytes <= j->w->memory_limit)
        return LX_OK;
    return lx_fail(err, LX_ENOMEM, "training %s needs %zu bytes of memory, %zu are allowed",
                   j->cell->label, j->cell->train_bytes, j->w->memory_limit);
}

/* What a finished or failed cell leaves besides its files. */
static void end(struct lx_job *j, const char *error_path, enum lx_code code,
                const struct lx_err *err)
{
    struct lx_err ignored;

    lx_heartbeat_end(&j->live, code == LX_EINTERRUPT);
    if (code == LX_OK && j->partial != NULL)
        (void)!lx_fs_remove(j->partial, &ignored);
    if (code != LX_OK && code != LX_EINTERRUPT && error_path != NULL)
        (void)!lx_fs_write(error_path, err->text, strlen(err->text), &ignored);
}

static enum lx_code run_cell(struct lx_job *j, struct lx_err *err)
{
    const char *error_path = NULL;
    enum lx_code code = lx_job_work_path(j, "error.txt", &error_path, err);

    if (code == LX_OK)
        code = lx_job_work_path(j, LX_HEARTBEAT_FILE, &j->live.path, err);
    if (code == LX_OK)
        code = lx_fs_remove(error_path, err);
    if (code == LX_OK)
        code = lx_gemm_setup(err);
    if (code == LX_OK)
        code = check_memory(j, err);
    if (code == LX_OK)
        code = lx_job_train(j, err);
    if (code == LX_OK)
        code = lx_job_evaluate(j, err);
    if (code == LX_OK)
        code = write_cell(j, err);
    end(j, error_path, code, err);
    return code;
}

/* *fd < 0: another process has it. One whose supervisor was killed ends soon, so it is waited for. */
static enum lx_code hold_cell(const char *lock, int *fd, long *holder, struct lx_err *err)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    double start = lx_clock();
    enum lx_code code = lx_store_lock(lock, fd, holder, err);

    while (code == LX_OK && *fd < 0 && lx_clock() - start < LOCK_SECONDS && !lx_interrupted()) {
        (void)nanosleep(&pause, NULL);
        code = lx_store_lock(lock, fd, holder, err);
    }
    return code == LX_OK && *fd < 0 && lx_interrupted() ? lx_job_interrupted(err) : code;
}

/* A finished cell whose files were changed since is not used but done again. */
static bool is_done(const struct lx_job *j)
{
    struct lx_err err;
    bool done;

    if (lx_store_check(j->w->dir, j->cell->id, &done, &err) != LX_OK)
        lx_log("not used, evaluating again: %s", err.text);
    return done;
}

/* A supervisor's worker holds the cell against another one on this machine. */
static enum lx_code run_held(struct lx_job *j, struct lx_err *err)
{
    const char *lock = NULL;
    long holder = 0;
    int fd = -1;
    enum lx_code code = lx_job_work_path(j, "lock", &lock, err);

    if (code == LX_OK)
        code = hold_cell(lock, &fd, &holder, err);
    if (code == LX_OK && fd < 0)
        code = lx_fail(err, LX_EFAILED, "cell %s is being run by process %ld", j->cell->id, holder);
    if (code == LX_OK && !is_done(j))
        code = run_cell(j, err);
    if (fd >= 0) {
        (void)unlink(lock);
        (void)close(fd);
    }
    return code;
}

/* Without a supervisor there is no lock: on some shared file systems locks do not reach other
 * machines, on others that of a dead one stays. Whoever else is at the cell is none the worse. */
static enum lx_code run_free(struct lx_job *j, struct lx_err *err)
{
    return is_done(j) ? LX_OK : run_cell(j, err);
}

enum lx_code lx_worker_run(const struct lx_worker *w, struct lx_plan *p, size_t k,
                           struct lx_err *err)
{
    struct lx_job j = {.w = w, .plan = p, .cell = &p->cells[k]};
    const char *folder = NULL, *result = NULL;
    enum lx_code code = lx_plan_resolve(p, k, err);

    if (code != LX_OK || lx_store_done(w->dir, j.cell->id))
        return code;
    j.live = (struct lx_heartbeat){.label = j.cell->label,
                                   .fd = w->progress_fd,
                                   .seed = (unsigned long long)p->config->seeds[j.cell->seed],
                                   .train_flops = j.cell->train_flops,
                                   .eval_flops = j.cell->eval_flops};
    j.data = lx_plan_data(p, k);
    code = lx_job_work_path(&j, "", &folder, err);
    if (code == LX_OK)
        code = lx_fs_mkdir(folder, err);
    if (code == LX_OK)
        code = lx_store_cell(w->dir, j.cell->id, "", &j.paths, &result, err);
    if (code == LX_OK)
        code = lx_publish_check(result, err);
    if (code == LX_OK)
        code = w->progress_fd >= 0 ? run_held(&j, err) : run_free(&j, err);
    lx_buf_free(&j.train_rows);
    lx_buf_free(&j.rows);
    lx_arena_free(&j.paths);
    return code;
}
