/* Trainings of other results folders; see reuse.h. */
#include "launch/reuse.h"

#include <string.h>

#include "core/log.h"
#include "store/cell_files.h"
#include "store/training.h"
#include "system/fs.h"
#include "system/publish.h"

/* A copy on its way. */
struct copy {
    const char *from, *to; /* folders of results */
    const char *train_id;
    bool diverged; /* there are no weights */
    struct lx_arena *arena;
};

static enum lx_code copy_file(const struct copy *c, const char *name, const char *folder,
                              struct lx_err *err)
{
    const char *source, *target = lx_arena_printf(c->arena, "%s/%s", folder, name);
    struct lx_buf bytes = {0};
    enum lx_code code = LX_OK;

    if (target == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (lx_store_checkpoint(c->from, c->train_id, name, c->arena, &source, err) ||
        lx_fs_read(source, &bytes, err) || lx_fs_write(target, bytes.text, bytes.len, err))
        code = err->code;
    lx_buf_free(&bytes);
    return code;
}

static enum lx_code write_copy(void *ctx, const char *folder, struct lx_err *err)
{
    const struct copy *c = ctx;

    for (size_t i = c->diverged; i < LX_TRAINING_FILE_COUNT + 1; i++)
        if (copy_file(c, lx_training_names[i], folder, err))
            return err->code;
    return LX_OK;
}

static bool is_usable(const char *dir, const char *train_id, struct lx_training *t)
{
    lx_training_check(dir, train_id, t);
    return t->weights == LX_WEIGHTS_WHOLE || t->weights == LX_WEIGHTS_NONE;
}

static bool is_whole(void *ctx, const char *folder)
{
    const struct copy *c = ctx;
    struct lx_training t;

    (void)folder; /* that of the training */
    return is_usable(c->to, c->train_id, &t);
}

/* What was read must be what the sums say, not only what was there when they were looked at: the copy is
 * checked in its turn. */
static enum lx_code take(struct copy *c, struct lx_err *err)
{
    struct lx_publication p = {.names = lx_training_names,
                               .n_names = LX_TRAINING_FILE_COUNT + 1,
                               .ctx = c,
                               .write = write_copy,
                               .is_whole = is_whole};
    struct lx_training t;
    bool mine;

    if (lx_store_checkpoint(c->to, c->train_id, "", c->arena, &p.folder, err) ||
        lx_publish(&p, &mine, err))
        return err->code;
    if (!is_usable(c->to, c->train_id, &t))
        return lx_fail(err, LX_EFORMAT, "--reuse: %s: the copy of a training is broken: %s",
                       p.folder, t.note);
    return LX_OK;
}

/* The folders as a list that ends with NULL, each looked at. */
static enum lx_code split(const char *folders, struct lx_arena *arena, const char ***out,
                          struct lx_err *err)
{
    size_t n = 0, len;

    if (lx_arena_get(arena, strlen(folders) + 2, sizeof(**out), out, "the folders of --reuse", err))
        return err->code;
    for (const char *at = folders;; at += len + 1) {
        const char *dir, *trainings;
        enum lx_fs_kind whole, part;

        len = strcspn(at, ",");
        dir = lx_arena_printf(arena, "%.*s", (int)len, at);
        trainings = lx_arena_printf(arena, "%.*s/checkpoints", (int)len, at);
        if (arena->failed)
            return lx_fail(err, LX_ENOMEM, "out of memory");
        if (lx_fs_look_at(dir, &whole, err) || lx_fs_look_at(trainings, &part, err))
            return err->code;
        if (whole != LX_FS_FOLDER)
            return lx_fail(err, LX_EUSAGE, "--reuse: must be results folders, got \"%s\"", dir);
        if (part != LX_FS_FOLDER)
            return lx_fail(err, LX_EUSAGE, "--reuse: %s: must hold trainings, has no checkpoints/",
                           dir);
        (*out)[n++] = dir;
        if (at[len] == '\0')
            break;
    }
    (*out)[n] = NULL;
    return LX_OK;
}

/* One training, from the first folder that has it. */
static enum lx_code find(const struct lx_experiment *e, const char *train_id,
                         const char *const *dirs, struct lx_arena *arena, size_t *n_taken,
                         struct lx_err *err)
{
    struct lx_training t;

    if (is_usable(e->dir, train_id, &t))
        return LX_OK;
    for (; *dirs != NULL; dirs++) {
        struct copy c = {.from = *dirs, .to = e->dir, .train_id = train_id, .arena = arena};

        if (is_usable(*dirs, train_id, &t)) {
            c.diverged = t.weights == LX_WEIGHTS_NONE;
            ++*n_taken;
            return take(&c, err);
        }
        if (t.weights == LX_WEIGHTS_BROKEN)
            lx_log("--reuse: not used: %s", t.note);
    }
    return LX_OK;
}

static enum lx_code take_all(const struct lx_experiment *e, const char *folders,
                             struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_plan *p = &e->plan;
    const char **dirs;
    size_t n_taken = 0;

    if (split(folders, arena, &dirs, err))
        return err->code;
    for (size_t k = 0; k < p->n; k++)
        if (!lx_cell_is_done(e->dir, p->cells[k].id) &&
            find(e, p->cells[k].train_id, dirs, arena, &n_taken, err))
            return err->code;
    lx_log("--reuse: %zu trainings taken", n_taken);
    return LX_OK;
}

enum lx_code lx_reuse_trainings(const struct lx_experiment *e, const char *folders,
                                struct lx_err *err)
{
    struct lx_arena arena = {0};
    enum lx_code code = take_all(e, folders, &arena, err);

    lx_arena_free(&arena);
    return code;
}
