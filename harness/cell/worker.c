/* One cell from data to rows; see worker.h. */
#include "cell/worker.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cell/job.h"
#include "core/log.h"
#include "kernels/gemm.h"
#include "kernels/product.h"
#include "kernels/simd.h"
#include "store/cell_files.h"
#include "store/eval_checkpoint.h"
#include "store/lock.h"
#include "store/store.h"
#include "system/cputype.h"
#include "system/fs.h"
#include "system/manifest.h"
#include "system/publish.h"
#include "text/csvfile.h"

static void add_run_row(const struct lx_job *j, struct lx_buf *out)
{
    const struct lx_config *c = j->plan->config;
    const struct lx_cell *cell = j->cell;
    const double numbers[] = {j->record.seconds + j->eval_seconds, j->record.seconds,
                              j->eval_seconds, j->record.tokens_per_second};
    struct rusage usage;
    char cpu[256], end[LX_UTC_SIZE];
    struct lx_err ignored; /* no cell is lost for the name of a processor */

    (void)!lx_cputype_name(cpu, sizeof(cpu), &ignored);
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
    if (cell->train.precision == LX_BF16)
        lx_buf_printf(out, "%s+%s", lx_products_core(), lx_bf16_kernel());
    else
        lx_csv_field(out, lx_products_core());
    lx_buf_printf(out, ",%s,", lx_simd()->name);
    lx_csv_field(out, cpu);
    lx_buf_printf(out, ",%s,%s,", LX_VERSION, lx_build_commit);
    lx_csv_field(out, lx_gemm_library());
    lx_buf_add(out, ",");
    lx_csv_field(out, lx_build_compiler);
    lx_utc_now(end);
    lx_buf_printf(out, ",%s,%s\n", j->start, end);
}

/* The curve again, the id of the cell in front of each row. */
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

static void add_rows(const char *header, const struct lx_buf *rows, struct lx_buf *out)
{
    lx_buf_printf(out, "%s\n", header);
    if (rows->len > 0)
        lx_buf_addn(out, rows->text, rows->len);
    out->failed |= rows->failed;
}

/* The files of the cell in the order of lx_cell_names, and their manifest. */
static enum lx_code write_files(void *ctx, const char *folder, struct lx_err *err)
{
    struct lx_job *j = ctx;
    struct lx_buf text[LX_CELL_FILE_COUNT] = {{0}};
    struct lx_manifest_file files[LX_CELL_FILE_COUNT];
    enum lx_code code = LX_OK;

    add_train_rows(j, &text[LX_CELL_TRAIN]);
    add_run_row(j, &text[LX_CELL_RUN]);
    add_rows(LX_BLOCKS_HEADER, &j->rows.blocks, &text[LX_CELL_BLOCKS]);
    add_rows(LX_METRICS_HEADER, &j->rows.metrics, &text[LX_CELL_METRICS]);
    for (int i = 0; i < LX_CELL_FILE_COUNT && code == LX_OK; i++) {
        code = lx_job_write(j, folder, lx_cell_names[i], &text[i], err);
        files[i] = (struct lx_manifest_file){lx_cell_names[i], text[i].text, text[i].len};
    }
    if (code == LX_OK)
        code = lx_manifest_write(folder, LX_MANIFEST_CELL, files, LX_CELL_FILE_COUNT, err);
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++)
        lx_buf_free(&text[i]);
    return code;
}

static bool is_whole(void *ctx, const char *folder)
{
    const struct lx_job *j = ctx;

    (void)folder; /* that of the cell */
    return lx_cell_folder_is_whole(j->w->dir, j->cell->id);
}

/* Two machines may end the same cell at the same time: the rows of one of them stay, with its times. */
static enum lx_code write_cell(struct lx_job *j, struct lx_err *err)
{
    struct lx_publication p = {.names = lx_cell_names,
                               .n_names = LX_CELL_FILE_COUNT + 1,
                               .ctx = j,
                               .write = write_files,
                               .is_whole = is_whole};
    bool mine;

    if (lx_store_cell(j->w->dir, j->cell->id, "", &j->paths, &p.folder, err))
        return err->code;
    return lx_publish(&p, &mine, err);
}

static enum lx_code check_memory(const struct lx_job *j, struct lx_err *err)
{
    if (j->w->memory_limit == 0 || j->cell->train_bytes <= j->w->memory_limit)
        return LX_OK;
    return lx_fail(err, LX_ENOMEM, "training %s needs %zu bytes of memory, %zu are allowed",
                   j->cell->label, j->cell->train_bytes, j->w->memory_limit);
}

/* What a cell has in work/ID. */
struct work_files {
    const char *folder, *lock, *error, *checkpoint;
};

static enum lx_code name_work_files(struct lx_job *j, struct work_files *f, struct lx_err *err)
{
    if (lx_job_work_path(j, "", &f->folder, err) ||
        lx_job_work_path(j, LX_LOCK_FILE, &f->lock, err) ||
        lx_job_work_path(j, LX_ERROR_FILE, &f->error, err) ||
        lx_job_work_path(j, LX_EVAL_CHECKPOINT_FILE, &f->checkpoint, err))
        return err->code;
    return lx_job_work_path(j, LX_HEARTBEAT_FILE, &j->heartbeat.path, err);
}

/* What a finished or failed cell leaves besides its files. */
static void end(struct lx_job *j, const struct work_files *f, enum lx_code code,
                const struct lx_err *err)
{
    struct lx_err ignored;

    lx_heartbeat_end(&j->heartbeat, code == LX_EINTERRUPT);
    if (code == LX_OK)
        (void)!lx_fs_remove(f->checkpoint, &ignored);
    else if (code != LX_EINTERRUPT)
        (void)!lx_fs_write_own(f->error, err->text, strlen(err->text), &ignored);
}

static enum lx_code run_cell(struct lx_job *j, const struct work_files *f, struct lx_err *err)
{
    enum lx_code code = LX_OK;

    lx_board_open(&j->board, j->w->tensorboard, j->plan, j->cell);
    if (lx_fs_remove(f->error, err) || lx_gemm_setup(err) || check_memory(j, err) ||
        lx_job_train(j, err) || lx_job_evaluate(j, err) || write_cell(j, err))
        code = err->code;
    lx_board_eval(&j->board, &j->rows.metrics); /* those of units that were done before */
    lx_board_close(&j->board);
    end(j, f, code, err);
    return code;
}

/* A finished cell whose files were changed since is not used but done again. */
static bool is_done(const struct lx_job *j)
{
    struct lx_err err;
    bool done;

    if (lx_cell_check(j->w->dir, j->cell->id, &done, NULL, &err) != LX_OK)
        lx_log("not used, evaluating again: %s", err.text);
    return done;
}

/* A supervisor's worker holds the cell against another one on this machine. Who has it instead is for the
 * supervisor to know: it comes back to the cell. */
static enum lx_code run_held(struct lx_job *j, const struct work_files *f, struct lx_err *err)
{
    long holder = 0;
    int fd;
    enum lx_code code = lx_lock_take(f->lock, &fd, &holder, err);

    if (code != LX_OK)
        return code;
    if (fd < 0) {
        lx_heartbeat_held(&j->heartbeat, holder);
        return lx_fail(err, LX_EFAILED, "cell %s is being run by process %ld", j->cell->id, holder);
    }
    if (!is_done(j))
        code = run_cell(j, f, err);
    (void)unlink(f->lock);
    (void)close(fd);
    return code;
}

/* Without a supervisor there is no lock: on some shared file systems locks do not reach other
 * machines, on others a dead holder's lock persists. Two processes running the same cell do no harm. */
static enum lx_code run_free(struct lx_job *j, const struct work_files *f, struct lx_err *err)
{
    return is_done(j) ? LX_OK : run_cell(j, f, err);
}

static enum lx_code run(struct lx_job *j, struct lx_err *err)
{
    struct work_files f;
    const char *result;

    if (name_work_files(j, &f, err) || lx_fs_mkdir_own(f.folder, err) ||
        lx_store_cell(j->w->dir, j->cell->id, "", &j->paths, &result, err) ||
        lx_publish_check(result, err))
        return err->code;
    return j->w->progress_fd >= 0 ? run_held(j, &f, err) : run_free(j, &f, err);
}

enum lx_code lx_worker_run(const struct lx_worker *w, struct lx_plan *p, size_t k,
                           struct lx_err *err)
{
    struct lx_job j = {.w = w, .plan = p, .cell = &p->cells[k]};
    enum lx_code code = lx_plan_resolve(p, k, err);

    if (code != LX_OK || lx_cell_is_done(w->dir, j.cell->id))
        return code;
    j.heartbeat = (struct lx_heartbeat){.label = j.cell->label,
                                        .fd = w->progress_fd,
                                        .seed = (unsigned long long)p->config->seeds[j.cell->seed],
                                        .train_flops = j.cell->train_flops,
                                        .eval_flops = j.cell->eval_flops};
    j.data = lx_plan_data(p, k);
    lx_utc_now(j.start);
    code = run(&j, err);
    lx_buf_free(&j.train_rows);
    lx_store_rows_free(&j.rows);
    lx_arena_free(&j.paths);
    return code;
}
