/* The word that files are of different moments; see stale.h. */
#include "results/stale.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/buf.h"
#include "core/log.h"
#include "results/result_names.h"
#include "system/fs.h"

static const char *const lines[] = {
    NULL,
    "metrics.csv and the rows beside it are of different moments: `longshot merge` makes them anew",
    "tables and figures are older than the rows: `longshot report` makes them anew"};

const char *lx_stale_line(enum lx_stale what)
{
    return lines[what];
}

static enum lx_code path_of(const char *dir, struct lx_buf *out, struct lx_err *err)
{
    lx_buf_printf(out, "%s/" LX_STALE_FILE, dir);
    return lx_buf_check(out, err);
}

enum lx_code lx_stale_read(const char *dir, enum lx_stale *what, struct lx_err *err)
{
    struct lx_buf path = {0}, text = {0};
    enum lx_code code = LX_OK;

    *what = LX_STALE_NOT;
    if (path_of(dir, &path, err)) {
        code = err->code;
    } else if (lx_fs_exists(path.text)) {
        *what = LX_STALE_TABLES;
        if (lx_fs_read(path.text, &text, err))
            code = err->code;
        else if (strncmp(text.text, lines[LX_STALE_ROWS], strlen(lines[LX_STALE_ROWS])) == 0)
            *what = LX_STALE_ROWS;
    }
    lx_buf_free(&path);
    lx_buf_free(&text);
    return code == LX_ENOMEM ? code : LX_OK;
}

static enum lx_code write_or_remove(const char *path, enum lx_stale what, struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    if (what == LX_STALE_NOT) {
        if (lx_fs_exists(path) && (lx_fs_remove(path, err) || lx_fs_sync_parent(path, err)))
            return err->code;
        return LX_OK;
    }
    lx_buf_printf(&text, "%s\n", lines[what]);
    if (lx_buf_check(&text, err) || lx_fs_write_own(path, text.text, text.len, err))
        code = err->code;
    lx_buf_free(&text);
    return code;
}

enum lx_code lx_stale_mark(const char *dir, enum lx_stale what, struct lx_err *err)
{
    struct lx_buf path = {0};
    enum lx_code code = LX_OK;

    if (path_of(dir, &path, err) || write_or_remove(path.text, what, err))
        code = err->code;
    lx_buf_free(&path);
    return code;
}

/* Which metrics.csv there is; false: that cannot be told. */
static bool look_at_rows(const char *dir, long long rows[4])
{
    struct lx_buf path = {0};
    struct stat st;
    bool told = false;

    memset(rows, 0, 4 * sizeof(*rows));
    lx_buf_printf(&path, "%s/metrics.csv", dir);
    if (!path.failed && stat(path.text, &st) == 0) {
        rows[0] = (long long)st.st_dev;
        rows[1] = (long long)st.st_ino;
        rows[2] = (long long)st.st_size;
        rows[3] = (long long)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        told = true;
    }
    lx_buf_free(&path);
    return told;
}

void lx_stale_watch(struct lx_stale_report *r, const char *dir)
{
    *r = (struct lx_stale_report){.dir = dir};
    r->known = look_at_rows(dir, r->rows);
}

enum lx_code lx_stale_begin(struct lx_stale_report *r, struct lx_err *err)
{
    enum lx_stale now;
    bool reported;

    if (lx_stale_read(r->dir, &now, err) || lx_result_reported(r->dir, &reported, err))
        return err->code;
    if (now == LX_STALE_ROWS)
        lx_log("warning: %s/" LX_STALE_FILE ": %s", r->dir, lines[now]);
    else if (now == LX_STALE_TABLES)
        r->marked = true;
    else if (reported) {
        r->marked = true;
        return lx_stale_mark(r->dir, LX_STALE_TABLES, err);
    }
    return LX_OK;
}

enum lx_code lx_stale_end(const struct lx_stale_report *r, struct lx_err *err)
{
    enum lx_stale now;
    long long rows[4];

    if (!r->marked)
        return LX_OK;
    if (lx_stale_read(r->dir, &now, err))
        return err->code;
    if (now != LX_STALE_TABLES)
        return LX_OK;
    if (!look_at_rows(r->dir, rows))
        return lx_fail(err, LX_EIO, "%s/metrics.csv: cannot look at it again: %s", r->dir,
                       strerror(errno));
    if (!r->known || memcmp(rows, r->rows, sizeof(rows)) == 0)
        return lx_stale_mark(r->dir, LX_STALE_NOT, err);
    lx_log("%s: the rows were replaced meanwhile: `longshot report` again", r->dir);
    return LX_OK;
}
