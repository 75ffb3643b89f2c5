/* Curves for TensorBoard; see board.h. */
#include "cell/board.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cell/event_file.h"
#include "core/log.h"
#include "store/store.h"
#include "system/fs.h"
#include "text/csvfile.h"

static const char file_name[] = "events.out.tfevents.0.longshot";

static double now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void give_up(struct lx_board *b, const char *why)
{
    lx_log("no more curves for TensorBoard: %s", why);
    lx_board_close(b);
}

/* A name as a folder's: what a shell or a file system may take for something else becomes "_". */
static void add_folder(struct lx_buf *path, const char *name)
{
    lx_buf_add(path, "/");
    for (const char *c = name; *c != '\0'; c++) {
        bool plain =
            isalnum((unsigned char)*c) || strchr("-_+=[],", *c) != NULL || (*c == '.' && c > name);

        lx_buf_addn(path, plain ? c : "_", 1);
    }
}

/* The folder of a cell. */
static void add_cell(struct lx_buf *path, const struct lx_plan *p, const struct lx_cell *cell)
{
    const struct lx_config *c = p->config;

    add_folder(path, cell->label);
    if (c->n_datasets > 1)
        add_folder(path, c->datasets[cell->dataset].id);
    lx_buf_printf(path, "/seed-%llu-%s", (unsigned long long)c->seeds[cell->seed], cell->id);
}

/* What is at `path`, if anything, must be of this kind. */
static enum lx_code check_kind(const char *path, bool folder, struct lx_err *err)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return errno == ENOENT ? LX_OK : lx_fail(err, LX_EIO, "%s: %s", path, strerror(errno));
    if (folder ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode))
        return LX_OK;
    return lx_fail(err, LX_EDATA, "%s: must be a %s for curves, got a %s", path,
                   folder ? "folder" : "file",
                   S_ISLNK(st.st_mode)   ? "link"
                   : S_ISDIR(st.st_mode) ? "folder"
                   : S_ISREG(st.st_mode) ? "file"
                                         : "special file");
}

/* Every folder of the path after the first `from` bytes, then the file. */
static enum lx_code check_path(struct lx_buf *path, size_t from, struct lx_err *err)
{
    for (char *slash = strchr(path->text + from + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (check_kind(path->text, true, err))
            return err->code;
        *slash = '/';
    }
    return check_kind(path->text, false, err);
}

enum lx_code lx_board_check(const char *dir, const struct lx_plan *p, struct lx_err *err)
{
    struct lx_buf path = {0};
    bool bad = lx_fs_mkdir(dir, err) || (access(dir, W_OK | X_OK) != 0 &&
                                         lx_fail(err, LX_EIO, "%s: %s", dir, strerror(errno)));

    for (size_t i = 0; !bad && i < p->n; i++) {
        lx_buf_clear(&path);
        lx_buf_add(&path, dir);
        add_cell(&path, p, &p->cells[i]);
        lx_buf_printf(&path, "/%s", file_name);
        bad = lx_buf_check(&path, err) || check_path(&path, strlen(dir), err);
    }
    lx_buf_free(&path);
    return bad ? lx_wrap(err, "--tensorboard") : LX_OK;
}

/* The file's folder, made; then its name. */
static enum lx_code make_path(struct lx_buf *path, const char *dir, const struct lx_plan *p,
                              const struct lx_cell *cell, struct lx_err *err)
{
    lx_buf_add(path, dir);
    add_cell(path, p, cell);
    if (lx_buf_check(path, err) || lx_fs_mkdir_own(path->text, err))
        return err->code;
    lx_buf_printf(path, "/%s", file_name);
    return lx_buf_check(path, err);
}

/* The first record, of a file without one. */
static enum lx_code begin(const struct lx_board *b, const char *path, struct lx_err *err)
{
    struct lx_buf record = {0};

    lx_event_begin(&record, now());
    err->code = record.failed || !lx_fs_put(b->fd, record.text, record.len)
                    ? lx_fail(err, LX_EIO, "%s: not written", path)
                    : LX_OK;
    lx_buf_free(&record);
    return err->code;
}

/* Count what the bytes of the file have, and leave it with whole records only. */
static enum lx_code count(struct lx_board *b, const char *path, const struct lx_buf *bytes,
                          struct lx_err *err)
{
    size_t whole = 0;

    if (bytes->len > 0) {
        whole = lx_event_whole(bytes->text, bytes->len, "train/nll", &b->train.written);
        (void)lx_event_whole(bytes->text, bytes->len, "ppl/", &b->eval.written);
    }
    if (whole == 0 && bytes->len >= LX_EVENT_BEGIN)
        return lx_fail(err, LX_EFORMAT, "%s: must be an event file, is something else", path);
    if (whole < bytes->len && ftruncate(b->fd, (off_t)whole) != 0)
        return lx_fail(err, LX_EIO, "%s: %s", path, strerror(errno));
    return whole == 0 ? begin(b, path, err) : LX_OK;
}

static enum lx_code take_up(struct lx_board *b, const char *path, struct lx_err *err)
{
    struct lx_buf bytes = {0};
    enum lx_code code = LX_OK;

    if (lx_fs_read(path, &bytes, err) || count(b, path, &bytes, err))
        code = err->code;
    lx_buf_free(&bytes);
    return code;
}

void lx_board_open(struct lx_board *b, const char *dir, const struct lx_plan *p,
                   const struct lx_cell *cell)
{
    struct lx_buf path = {0};
    struct lx_err err;

    *b = (struct lx_board){.fd = -1};
    if (dir != NULL &&
        (make_path(&path, dir, p, cell, &err) ||
         lx_fs_open(path.text, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, &b->fd, &err) ||
         take_up(b, path.text, &err)))
        give_up(b, err.text);
    lx_buf_free(&path);
}

void lx_board_close(struct lx_board *b)
{
    if (b->fd >= 0)
        (void)close(b->fd);
    b->fd = -1;
}

static const char *field(const struct lx_csv *csv, size_t row, const char *column)
{
    return lx_csv_at(csv, row, (size_t)lx_csv_column(csv, column));
}

static double number(const struct lx_csv *csv, size_t row, const char *column)
{
    const char *text = field(csv, row, column);

    return *text != '\0' ? strtod(text, NULL) : (double)NAN;
}

static void train_row(struct lx_board_rows *r, const struct lx_csv *csv, size_t row,
                      struct lx_buf *out)
{
    const struct lx_event_value values[] = {{"train/nll", number(csv, row, "train_nll")},
                                            {"train/lr", number(csv, row, "lr")},
                                            {"train/grad_norm", number(csv, row, "grad_norm")}};

    if (r->n++ >= r->written)
        lx_event_scalars(out, now(), (long long)number(csv, row, "step"), values,
                         sizeof(values) / sizeof(values[0]));
}

static void eval_row(struct lx_board_rows *r, const struct lx_csv *csv, size_t row,
                     struct lx_buf *out)
{
    const char *as = field(csv, row, "evaluated_as");
    struct lx_buf tag = {0};

    if (strcmp(field(csv, row, "metric"), "ppl") != 0 || field(csv, row, "value")[0] == '\0' ||
        field(csv, row, "layer")[0] != '\0' || field(csv, row, "position_lo")[0] != '\0' ||
        r->n++ < r->written)
        return;
    lx_buf_printf(&tag, "ppl/%s", field(csv, row, "mode"));
    if (strcmp(as, field(csv, row, "encoding")) != 0)
        lx_buf_printf(&tag, "/%s", as);
    if (tag.failed)
        out->failed = true;
    else
        lx_event_scalars(out, now(), (long long)number(csv, row, "eval_length"),
                         &(struct lx_event_value){tag.text, number(csv, row, "value")}, 1);
    lx_buf_free(&tag);
}

/* What every new row gives, in one write. */
static void
append(struct lx_board *b, struct lx_board_rows *r, const char *header, const struct lx_buf *rows,
       void (*add)(struct lx_board_rows *, const struct lx_csv *, size_t, struct lx_buf *))
{
    struct lx_arena arena = {0};
    struct lx_buf text = {0}, out = {0};
    struct lx_csv csv;
    struct lx_err err;

    if (b->fd < 0 || rows->len <= r->at)
        return;
    lx_buf_printf(&text, "%s\n", header);
    lx_buf_addn(&text, rows->text + r->at, rows->len - r->at);
    r->at = rows->len;
    if (lx_buf_check(&text, &err) ||
        lx_csv_parse(text.text, text.len, "rows", &arena, &csv, &err)) {
        give_up(b, err.text);
    } else {
        for (size_t i = 0; i < csv.n_rows; i++)
            add(r, &csv, i, &out);
        if (out.failed || (out.len > 0 && !lx_fs_put(b->fd, out.text, out.len)))
            give_up(b, out.failed ? "out of memory" : strerror(errno));
    }
    lx_buf_free(&text);
    lx_buf_free(&out);
    lx_arena_free(&arena);
}

void lx_board_train(struct lx_board *b, const struct lx_buf *rows)
{
    append(b, &b->train, LX_TRAIN_COLUMNS, rows, train_row);
}

void lx_board_eval(struct lx_board *b, const struct lx_buf *rows)
{
    append(b, &b->eval, LX_METRICS_HEADER, rows, eval_row);
}
