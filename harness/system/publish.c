/* Folders that appear whole; see publish.h. */
#include "system/publish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "system/fs.h"

#define TRIES 10 /* each lost only to another process that replaced the same folder in between */

static enum lx_code make_parents(const char *folder, struct lx_err *err)
{
    const char *slash = strrchr(folder, '/');
    struct lx_buf parent = {0};
    enum lx_code code = LX_OK;

    if (slash != NULL && slash > folder) {
        lx_buf_addn(&parent, folder, (size_t)(slash - folder));
        if (lx_buf_check(&parent, err) || lx_fs_mkdir(parent.text, err))
            code = err->code;
    }
    lx_buf_free(&parent);
    return code;
}

/* Make the parents, and a temporary folder beside where `folder` is to be. */
static enum lx_code make_temp(const char *folder, struct lx_buf *temp, struct lx_err *err)
{
    enum lx_fs_kind kind;

    if (make_parents(folder, err) || lx_fs_look_at_itself(folder, &kind, err))
        return err->code;
    if (kind == LX_FS_FILE)
        return lx_fail(err, LX_EIO, "%s: cannot make folder: a file of this name exists", folder);
    return lx_fs_temp_folder(folder, temp, err);
}

enum lx_code lx_publish_check(const char *folder, struct lx_err *err)
{
    struct lx_buf temp = {0};
    enum lx_code code = LX_OK;

    if (make_temp(folder, &temp, err) || lx_fs_remove(temp.text, err))
        code = err->code;
    lx_buf_free(&temp);
    return code;
}

/* Take what is not whole out of the way. Renamed, not emptied: file by file this could hit what another
 * process has put there meanwhile. A link goes alone: what it points to is not ours. */
static enum lx_code set_aside(const char *folder, struct lx_err *err)
{
    struct lx_buf aside = {0};
    struct lx_err ignored = {0};
    enum lx_renamed how; /* gone: another process was faster */
    enum lx_fs_kind kind;
    enum lx_code code;

    if (lx_fs_look_at_itself(folder, &kind, err))
        return err->code;
    if (kind == LX_FS_LINK) {
        if (unlink(folder) != 0 && errno != ENOENT)
            return lx_fail(err, LX_EIO, "%s: cannot remove: %s", folder, strerror(errno));
        return LX_OK;
    }
    if (lx_fs_temp_folder(folder, &aside, err))
        return err->code;
    code = lx_fs_rename_folder(folder, aside.text, &how, err);
    (void)!lx_fs_remove_folder(aside.text, &ignored);
    lx_buf_free(&aside);
    return code;
}

/* Put the new folder where the broken one is, and that where the new one was, in one step: there is no
 * moment with neither. Links are not exchanged: set_aside removes them. */
static enum lx_code exchange(const char *temp, const char *folder, bool *done, struct lx_err *err)
{
    struct lx_err ignored = {0};
    enum lx_fs_kind kind;

    *done = false;
    if (lx_fs_look_at_itself(folder, &kind, err))
        return err->code;
    if (kind == LX_FS_LINK)
        return LX_OK;
    if (lx_fs_exchange(temp, folder, done, err))
        return err->code;
    if (*done)
        (void)!lx_fs_remove_folder(temp, &ignored);
    return LX_OK;
}

/* Without memory or a file to open: one of these may be what failed. */
static void remove_temp(const struct lx_publication *p, const char *temp)
{
    char path[4096];

    for (size_t i = 0; i < p->n_names; i++) {
        int n = snprintf(path, sizeof(path), "%s/%s", temp, p->names[i]);

        if (n > 0 && (size_t)n < sizeof(path))
            (void)unlink(path);
    }
    (void)rmdir(temp);
}

/* One attempt. *over: it need not be tried again. */
static enum lx_code try_to_place(const struct lx_publication *p, const char *temp, bool *mine,
                                 bool *over, struct lx_err *err)
{
    enum lx_renamed how = LX_RENAME_TAKEN;
    enum lx_fs_kind kind;

    *over = true;
    if (lx_fs_look_at_itself(p->folder, &kind, err))
        return err->code;
    if (kind != LX_FS_LINK) {
        if (lx_fs_rename_folder(temp, p->folder, &how, err))
            return err->code;
        *mine = how == LX_RENAMED;
    }
    if (*mine || p->is_whole(p->ctx, p->folder))
        return LX_OK;
    if (how == LX_RENAME_GONE)
        return lx_fail(err, LX_EIO, "%s: gone while it was written", temp);
    if (exchange(temp, p->folder, mine, err))
        return err->code;
    *over = *mine;
    return *mine ? LX_OK : set_aside(p->folder, err);
}

static enum lx_code put_in_place(const struct lx_publication *p, const char *temp, bool *mine,
                                 struct lx_err *err)
{
    for (int i = 0; i < TRIES; i++) {
        bool over;
        enum lx_code code = try_to_place(p, temp, mine, &over, err);

        if (code != LX_OK || over)
            return code;
    }
    return lx_fail(err, LX_EIO, "%s: cannot replace: others write there without end", p->folder);
}

enum lx_code lx_publish(const struct lx_publication *p, bool *mine, struct lx_err *err)
{
    struct lx_buf temp = {0};
    enum lx_code code = LX_OK;

    *mine = false;
    if (p->is_whole(p->ctx, p->folder))
        return LX_OK;
    if (make_temp(p->folder, &temp, err))
        return err->code;
    if (p->write(p->ctx, temp.text, err) || put_in_place(p, temp.text, mine, err))
        code = err->code;
    if (!*mine)
        remove_temp(p, temp.text);
    lx_buf_free(&temp);
    return code;
}
