/* Files of a results folder; see store.h. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "system/fs.h"
#include "system/manifest.h"
#include "text/csvfile.h"
#include "text/json.h"

static enum lx_code join(const char *dir, const char *kind, const char *id, const char *file,
                         struct lx_arena *arena, const char **out, struct lx_err *err)
{
    *out = lx_arena_printf(arena, "%s/%s/%s%s%s", dir, kind, id, file[0] == '\0' ? "" : "/", file);
    return *out != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");
}

enum lx_code lx_store_cell(const char *dir, const char *id, const char *file,
                           struct lx_arena *arena, const char **out, struct lx_err *err)
{
    return join(dir, "cells", id, file, arena, out, err);
}

enum lx_code lx_store_checkpoint(const char *dir, const char *train_id, const char *file,
                                 struct lx_arena *arena, const char **out, struct lx_err *err)
{
    return join(dir, "checkpoints", train_id, file, arena, out, err);
}

enum lx_code lx_store_work(const char *dir, const char *id, const char *file,
                           struct lx_arena *arena, const char **out, struct lx_err *err)
{
    return join(dir, "work", id, file, arena, out, err);
}

const char *const lx_cell_files[] = {"train.csv", "run.csv", "metrics.csv", LX_SEAL_CELL};

enum lx_code lx_store_check(const char *dir, const char *id, bool *done, struct lx_err *err)
{
    struct lx_arena arena = {0};
    const char *folder, *last;
    bool there = false;
    enum lx_code code = lx_store_cell(dir, id, "", &arena, &folder, err);

    *done = false;
    if (code == LX_OK)
        code = lx_store_cell(dir, id, lx_cell_files[LX_CELL_FILE_COUNT - 1], &arena, &last, err);
    if (code == LX_OK)
        code = lx_fs_look(last, &there, err);
    if (code == LX_OK && there) {
        code = lx_manifest_check(folder, LX_SEAL_CELL, lx_cell_files, LX_CELL_FILE_COUNT, err);
        *done = code == LX_OK;
    }
    lx_arena_free(&arena);
    return code;
}

bool lx_store_done(const char *dir, const char *id)
{
    struct lx_err err;
    bool done;

    return lx_store_check(dir, id, &done, &err) == LX_OK && done;
}

const char *const lx_plan_files[2] = {"config.json", "plan.jsonl"};

enum lx_code lx_store_check_folder(const char *dir, struct lx_err *err)
{
    struct lx_arena arena = {0};
    const char *plan = lx_arena_printf(&arena, "%s/%s", dir, lx_plan_files[1]);
    enum lx_code code = LX_OK;

    if (plan == NULL)
        code = lx_fail(err, LX_ENOMEM, "out of memory");
    else if (!lx_fs_exists(dir))
        code = lx_fail(err, LX_EDATA, "%s: no such folder", dir);
    else if (!lx_fs_is_folder(dir))
        code = lx_fail(err, LX_EDATA, "%s: must be a results folder, got a file", dir);
    else if (!lx_fs_exists(plan))
        code = lx_fail(err, LX_EDATA, "%s: must be a results folder, but there is no %s in it", dir,
                       lx_plan_files[1]);
    else
        code = lx_manifest_check(dir, LX_SEAL_PLAN, lx_plan_files, 2, err);
    if (code == LX_EFORMAT)
        (void)lx_hint(err, "`longshot run CONFIG -o %.80s` writes it again and keeps what is done",
                      dir);
    if (code == LX_EDATA)
        (void)lx_hint(err, "the folder that `run` or `cell` wrote, results/NAME or what -o said");
    lx_arena_free(&arena);
    return code;
}

/* A whole number and a comma; nothing below 0. */
static void add_whole(struct lx_buf *out, long long v)
{
    if (v >= 0)
        lx_buf_printf(out, "%lld", v);
    lx_buf_add(out, ",");
}

/* One field of two texts. */
static void add_pair(struct lx_buf *out, const char *a, const char *b)
{
    struct lx_buf text = {0};

    lx_buf_printf(&text, "%s%s", a, b);
    lx_csv_field(out, text.text != NULL ? text.text : "");
    out->failed |= text.failed;
    lx_buf_free(&text);
}

static void add_row(const struct lx_row_label *l, const struct lx_metric *r, struct lx_buf *out)
{
    const char *const texts[] = {l->experiment,   l->cell,    l->encoding,
                                 l->evaluated_as, l->dataset, lx_split_name(l->split)};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (i == 3 && r->suffix != NULL)
            add_pair(out, texts[i], r->suffix);
        else
            lx_csv_field(out, texts[i]);
        lx_buf_add(out, ",");
    }
    lx_buf_printf(out, "%llu,", l->seed);
    add_whole(out, l->train_length);
    add_whole(out, r->eval_length);
    lx_buf_printf(out, "%s,", r->mode);
    add_whole(out, r->stride > 0 ? r->stride : -1);
    lx_buf_printf(out, "%s,", r->metric);
    add_whole(out, r->layer);
    add_whole(out, r->head);
    add_whole(out, r->position_lo);
    add_whole(out, r->position_hi);
    lx_csv_number(out, r->value);
    lx_buf_add(out, ",");
    lx_csv_number(out, r->stderr_value);
    lx_buf_add(out, ",");
    add_whole(out, r->tokens);
    add_whole(out, r->windows);
    lx_buf_printf(out, "%s,%s\n", r->status, LX_PROTOCOL);
}

void lx_store_metrics(const struct lx_row_label *label, const struct lx_metrics *m,
                      struct lx_buf *out)
{
    for (size_t i = 0; i < m->n; i++)
        add_row(label, &m->rows[i], out);
}

void lx_store_record(const struct lx_train_record *r, struct lx_buf *out)
{
    struct lx_json_writer w = {.out = out, .indent = true};

    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "status", r->diverged ? "diverged" : "ok");
    lx_json_add_int(&w, "steps", r->steps);
    lx_json_add_number(&w, "seconds", r->seconds);
    lx_json_add_number(&w, "tokens_per_second", r->tokens_per_second);
    if (isfinite(r->last_nll))
        lx_json_add_number(&w, "last_nll", r->last_nll);
    lx_json_close_object(&w);
    lx_buf_add(out, "\n");
}

enum lx_code lx_store_read_record(const char *path, struct lx_train_record *r, struct lx_err *err)
{
    struct lx_json *doc;
    const char *status;

    if (lx_json_read(path, &doc, err) != LX_OK) {
        err->code = err->code == LX_ECONFIG ? LX_EFORMAT : err->code;
        return err->code;
    }
    status = lx_json_text(lx_json_find(doc, "status"));
    *r = (struct lx_train_record){.diverged = status != NULL && strcmp(status, "diverged") == 0,
                                  .steps = (int)lx_json_number(lx_json_find(doc, "steps")),
                                  .seconds = lx_json_number(lx_json_find(doc, "seconds")),
                                  .tokens_per_second =
                                      lx_json_number(lx_json_find(doc, "tokens_per_second")),
                                  .last_nll = (double)NAN};
    if (lx_json_find(doc, "last_nll") != NULL)
        r->last_nll = lx_json_number(lx_json_find(doc, "last_nll"));
    if (status == NULL || (!r->diverged && strcmp(status, "ok") != 0))
        (void)lx_fail(err, LX_EFORMAT, "%s: status: must be \"ok\" or \"diverged\"", path);
    else
        err->code = LX_OK;
    lx_json_free(doc);
    return err->code;
}

enum lx_code lx_store_lock(const char *path, int *fd, long *holder, struct lx_err *err)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    enum lx_code code = LX_OK;

    *holder = 0;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0)
        return lx_fail(err, LX_EIO, "%s: %s", path, strerror(errno));
    /* A file system without locks (some shared ones): there is nothing to hold, so go on. */
    if (fcntl(*fd, F_SETLK, &l) == 0 || (errno != EACCES && errno != EAGAIN))
        return LX_OK;
    if (errno == EACCES || errno == EAGAIN)
        *holder = lx_store_holder(path);
    else
        code = lx_fail(err, LX_EIO, "%s: cannot lock: %s", path, strerror(errno));
    (void)close(*fd);
    *fd = -1;
    return code;
}

long lx_store_holder(const char *path)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    long pid = 0;

    if (fd < 0)
        return 0;
    if (fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK)
        pid = l.l_pid > 0 ? (long)l.l_pid : -1;
    (void)close(fd);
    return pid;
}
