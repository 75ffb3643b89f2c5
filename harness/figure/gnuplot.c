/* gnuplot as a child process, in the folder of the script, so that no path has to be quoted for it;
 * pictures go to temporary names and are renamed, so that a reader never meets half a picture. */
#include "figure/gnuplot.h"

#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "process/child.h"
#include "process/interrupt.h"
#include "system/fs.h"

static const char *const kinds[] = {"svg", "png", "pdf"};
enum { PDF = 2, N_KINDS = 3 }; /* a PDF is drawn where gnuplot has a terminal for it */

/* gnuplot's complaint is many lines with carets; keep it on one. */
static void one_line(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        bool space = (unsigned char)*from <= ' ' || *from == '^';

        if (!space)
            *to++ = *from;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

static enum lx_code run(const struct lx_child_spec *spec, bool *found, struct lx_err *err)
{
    struct lx_child child;
    enum lx_code code = lx_child_run(spec, &child, err);

    *found = code != LX_EDATA;
    if (!*found) {
        code = LX_OK;
    } else if (code == LX_OK && child.status > 128) {
        code =
            lx_fail(err, LX_EFAILED, "%s: ended by signal %d", spec->argv[0], child.status - 128);
    } else if (code == LX_OK && child.status != 0) {
        one_line(child.errors.text);
        code = lx_fail(err, LX_EFAILED, "%s: exit status %d: %.600s", spec->argv[0], child.status,
                       child.errors.text[0] != '\0' ? child.errors.text : "it said nothing");
    }
    lx_child_free(&child);
    return code;
}

/* What gnuplot draws, in a temporary folder beside them, and what it is to be called. */
struct pictures {
    struct lx_buf temp, from[N_KINDS], to[N_KINDS];
};

/* Named before anything is drawn: afterwards nothing may stand between a picture and its removal. */
static enum lx_code name_pictures(struct pictures *p, const char *dir, const char *name,
                                  struct lx_err *err)
{
    struct lx_buf base = {0};

    lx_buf_printf(&base, "%s/.%s", dir, name);
    if (lx_buf_check(&base, err) == LX_OK)
        err->code = lx_fs_temp_folder(base.text, &p->temp, err);
    lx_buf_free(&base);
    for (int k = 0; err->code == LX_OK && k < N_KINDS; k++) {
        lx_buf_printf(&p->from[k], "%s/%s.%s", p->temp.text, name, kinds[k]);
        lx_buf_printf(&p->to[k], "%s/%s.%s", dir, name, kinds[k]);
        if (lx_buf_check(&p->from[k], err) == LX_OK)
            (void)!lx_buf_check(&p->to[k], err);
    }
    return err->code;
}

/* Without memory or a file to open: one of these may be what failed. */
static void clear_away(struct pictures *p)
{
    for (int k = 0; k < N_KINDS; k++) {
        if (p->from[k].text != NULL && !p->from[k].failed)
            (void)unlink(p->from[k].text); /* most often not there */
        lx_buf_free(&p->from[k]);
        lx_buf_free(&p->to[k]);
    }
    if (p->temp.text != NULL && !p->temp.failed)
        (void)rmdir(p->temp.text);
    lx_buf_free(&p->temp);
}

/* Where a PDF says when it was drawn; NULL: in no words. */
static char *date_in(char *bytes, size_t n)
{
    static const char mark[] = "/CreationDate (D:";
    const size_t len = sizeof(mark) - 1;

    for (size_t i = 0; i + len < n; i++)
        if (bytes[i] == mark[0] && memcmp(bytes + i, mark, len) == 0)
            return bytes + i + len;
    return NULL;
}

/* Equal input gives equal bytes: every PDF gets the same date. gnuplot lets nobody set it, and cairo asks
 * the clock. (From 1.17.6 on cairo packs it where it is not found here: those PDFs differ in their date.) */
static enum lx_code undate(const char *path, struct lx_err *err)
{
    static const char same[] = "19700101000000";
    struct lx_buf bytes = {0};
    enum lx_code code = lx_fs_read(path, &bytes, err);
    char *date = code == LX_OK && bytes.len > 0 ? date_in(bytes.text, bytes.len) : NULL;

    if (date != NULL) {
        for (const char *to = same; *to != '\0' && *date >= '0' && *date <= '9'; to++)
            *date++ = *to;
        code = lx_fs_replace(path, bytes.text, bytes.len, err);
    }
    lx_buf_free(&bytes);
    return code;
}

/* Move the pictures into place. */
static enum lx_code settle(const struct pictures *p, bool *pdf, struct lx_err *err)
{
    *pdf = lx_fs_exists(p->from[PDF].text);
    if (*pdf && undate(p->from[PDF].text, err))
        return err->code;
    for (int k = 0; k < (*pdf ? N_KINDS : PDF); k++)
        if (lx_fs_adopt(p->from[k].text, p->to[k].text, err) == LX_EDATA)
            return lx_fail(err, LX_EIO, "%s: gnuplot left no picture", p->to[k].text);
        else if (err->code != LX_OK)
            return err->code;
    return LX_OK;
}

static enum lx_code draw(const struct pictures *p, const char *program, const char *dir,
                         const char *name, bool *found, struct lx_err *err)
{
    struct lx_buf out = {0}, script = {0};

    lx_buf_printf(&out, "out = '%s/%s'", strrchr(p->temp.text, '/') + 1, name);
    lx_buf_printf(&script, "%s.gp", name);
    if (lx_buf_check(&out, err) == LX_OK && lx_buf_check(&script, err) == LX_OK) {
        /* -d: no one's own start-up file */
        const char *const argv[] = {program, "-d", "-e", out.text, script.text, NULL};
        const struct lx_child_spec spec = {.argv = argv, .folder = dir, .seconds = -1.0};

        err->code = run(&spec, found, err);
    }
    lx_buf_free(&out);
    lx_buf_free(&script);
    return err->code;
}

enum lx_code lx_gnuplot_draw(const char *program, const char *dir, const char *name, bool *found,
                             bool *pdf, struct lx_err *err)
{
    struct pictures p = {0};
    enum lx_code code = LX_OK;

    *pdf = false;
    lx_interrupt_guard_begin(); /* until the temporary folder is gone */
    if (name_pictures(&p, dir, name, err) || draw(&p, program, dir, name, found, err) ||
        (*found && settle(&p, pdf, err)))
        code = err->code;
    clear_away(&p);
    lx_interrupt_guard_end();
    return code == LX_OK ? LX_OK : lx_wrap(err, "%s/%s.gp", dir, name);
}
