/* Putting figures into their folder and taking old ones away; see target.h. */
#include "figure/target.h"

#include <string.h>

#include "figure/gnuplot.h"
#include "system/fs.h"

static const char *const kinds[] = {"gp", "dat", "svg", "png", "pdf"};
enum { SCRIPT, DATA, SVG, PDF = 4, KINDS = sizeof(kinds) / sizeof(kinds[0]) };

void lx_plot_target_free(struct lx_plot_target *to)
{
    lx_arena_free(&to->arena);
    to->n = 0;
}

static bool was_put(const struct lx_plot_target *to, const char *name)
{
    for (size_t i = 0; i < to->n; i++)
        if (strcmp(to->name[i], name) == 0)
            return true;
    return false;
}

const char *lx_plot_name(struct lx_plot_target *to, const char *wanted)
{
    const char *name = wanted;

    for (int i = 2; name != NULL && was_put(to, name); i++)
        name = lx_arena_printf(&to->arena, "%s-%d", wanted, i);
    return name;
}

static enum lx_code path_of(const char *dir, const char *name, int kind, struct lx_buf *path,
                            struct lx_err *err)
{
    lx_buf_clear(path);
    lx_buf_printf(path, "%s/%s.%s", dir, name, kinds[kind]);
    return lx_buf_check(path, err);
}

/* Remove the files of a figure from the kind `first` on. */
static enum lx_code take_away(const char *dir, const char *name, int first, struct lx_err *err)
{
    struct lx_buf path = {0};
    enum lx_code code = LX_OK;

    for (int k = first; k < KINDS && code == LX_OK; k++)
        code =
            path_of(dir, name, k, &path, err) || lx_fs_remove(path.text, err) ? err->code : LX_OK;
    lx_buf_free(&path);
    return code;
}

static enum lx_code write(const char *dir, const char *name, int kind, const struct lx_buf *text,
                          struct lx_err *err)
{
    struct lx_buf path = {0};
    enum lx_code code = LX_OK;

    if (lx_buf_check(text, err) || path_of(dir, name, kind, &path, err) ||
        lx_fs_write_own(path.text, text->text, text->len, err))
        code = err->code;
    lx_buf_free(&path);
    return code;
}

enum lx_code lx_plot_put(struct lx_plot_target *to, const char *name, const struct lx_buf *gp,
                         const struct lx_buf *dat, struct lx_err *err)
{
    bool found = false, pdf = false;
    const char *kept = lx_arena_text(&to->arena, name);

    if (kept == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the figure %s", name);
    if (to->n == sizeof(to->name) / sizeof(to->name[0]))
        return lx_fail(err, LX_ENOMEM, "%s: at most %zu figures", to->dir, to->n);
    to->name[to->n++] = kept;
    if (write(to->dir, name, DATA, dat, err) || write(to->dir, name, SCRIPT, gp, err))
        return err->code;
    if (to->gnuplot != NULL && !to->missing &&
        lx_gnuplot_draw(to->gnuplot, to->dir, name, &found, &pdf, err))
        return err->code;
    to->no_pdf = to->no_pdf || (found && !pdf);
    to->missing = to->missing || (to->gnuplot != NULL && !found);
    return pdf ? LX_OK : take_away(to->dir, name, found ? PDF : SVG, err);
}

enum lx_code lx_plot_drop(const struct lx_plot_target *to, const char *name, struct lx_err *err)
{
    return take_away(to->dir, name, SCRIPT, err);
}

struct sweep {
    struct lx_plot_target *to;
    size_t removed;
    struct lx_err *err;
};

/* Whether the script is one of ours: it says its own name in its second line. */
static bool is_ours(const char *dir, const char *name)
{
    struct lx_buf path = {0}, text = {0}, mark = {0};
    struct lx_err ignored;
    const char *line;
    bool ours = false;

    lx_buf_printf(&mark, "\n%s%s.gp\n", LX_PLOT_MARK, name);
    if (path_of(dir, name, SCRIPT, &path, &ignored) == LX_OK &&
        lx_fs_read(path.text, &text, &ignored) == LX_OK && !mark.failed && text.len > 0) {
        line = strchr(text.text, '\n');
        ours = line != NULL && strncmp(line, mark.text, mark.len) == 0;
    }
    lx_buf_free(&path);
    lx_buf_free(&text);
    lx_buf_free(&mark);
    return ours;
}

static enum lx_code sweep_one(void *ctx, const char *file)
{
    struct sweep *s = ctx;
    size_t n = strlen(file);
    char *name;

    if (n < 4 || strcmp(file + n - 3, ".gp") != 0)
        return LX_OK;
    name = lx_arena_textn(&s->to->arena, file, n - 3);
    if (name == NULL)
        return lx_fail(s->err, LX_ENOMEM, "out of memory for the figures");
    if (was_put(s->to, name) || !is_ours(s->to->dir, name))
        return LX_OK;
    s->removed++;
    return take_away(s->to->dir, name, SCRIPT, s->err);
}

enum lx_code lx_plot_sweep(struct lx_plot_target *to, size_t *removed, struct lx_err *err)
{
    struct sweep s = {.to = to, .err = err};
    enum lx_fs_kind kind;
    enum lx_code code = LX_OK;

    if (lx_fs_look_at(to->dir, &kind, err) ||
        (kind == LX_FS_FOLDER && lx_fs_list(to->dir, sweep_one, &s, err)))
        code = err->code;
    *removed = s.removed;
    return code;
}
