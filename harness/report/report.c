/* Loading a folder and making each of its files. */
#include "report/report.h"

#include <stdlib.h>

#include "core/fs.h"
#include "core/json.h"
#include "core/log.h"
#include "report/plot.h"
#include "report/table.h"

static enum lx_code path_of(const char *dir, const char *name, struct lx_buf *out,
                            struct lx_err *err)
{
    lx_buf_clear(out);
    lx_buf_printf(out, "%s/%s", dir, name);
    return lx_buf_check(out, err);
}

/* metrics.csv, in the order of config.json if there is one. */
static enum lx_code load(const char *dir, struct lx_study *s, struct lx_err *err)
{
    struct lx_buf path = {0};
    struct lx_rows rows = {0};
    struct lx_json *config = NULL;
    enum lx_code code = path_of(dir, "config.json", &path, err);
    if (code == LX_OK && lx_fs_exists(path.text))
        code = lx_json_read(path.text, &config, err);
    if (code == LX_OK)
        code = path_of(dir, "metrics.csv", &path, err);
    if (code == LX_OK)
        code = lx_rows_read(path.text, &rows, err);
    if (code == LX_OK) {
        code = lx_study_make(s, &rows, config, err);
        if (code != LX_OK)
            lx_wrap(err, "%s", path.text);
    }
    lx_rows_free(&rows);
    lx_json_free(config);
    lx_buf_free(&path);
    return code;
}

static enum lx_code write_table(const char *dir, const char *name, const struct lx_study *s,
                                enum lx_code (*make)(const struct lx_study *, struct lx_buf *,
                                                     struct lx_err *),
                                struct lx_err *err)
{
    struct lx_buf text = {0}, path = {0};
    enum lx_code code = make(s, &text, err);
    if (code == LX_OK)
        code = path_of(dir, name, &path, err);
    if (code == LX_OK)
        code = lx_fs_write(path.text, text.text, text.len, err);
    lx_buf_free(&text);
    lx_buf_free(&path);
    return code;
}

static enum lx_code plot_section(const struct lx_study *s, size_t section,
                                 const struct lx_train_point *row, size_t n,
                                 struct lx_plot_target *to, struct lx_err *err)
{
    if (lx_plot_ppl(s, section, to, err) != LX_OK ||
        lx_plot_entropy(s, section, to, err) != LX_OK ||
        lx_plot_position(s, section, to, err) != LX_OK)
        return err->code;
    return lx_plot_training(s, section, row, n, to, err);
}

static enum lx_code write_plots(const char *dir, const struct lx_report_options *o,
                                const struct lx_study *s, struct lx_err *err)
{
    struct lx_buf path = {0};
    struct lx_train_point *row = NULL;
    size_t n = 0;
    enum lx_code code = path_of(dir, "train.csv", &path, err);
    if (code == LX_OK && lx_fs_exists(path.text))
        code = lx_rows_read_train(path.text, &s->rows, &row, &n, err);
    if (code == LX_OK)
        code = path_of(dir, "plots", &path, err);
    if (code == LX_OK)
        code = lx_fs_mkdir(path.text, err);
    struct lx_plot_target to = {path.text, o->gnuplot ? o->gnuplot : "gnuplot", true};
    for (size_t i = 0; code == LX_OK && i < s->n_sections; i++)
        code = plot_section(s, i, row, n, &to, err);
    if (code == LX_OK && !to.drawn)
        lx_log("warning: %s not found, so no pictures were drawn (apt-get install gnuplot-nox); "
               "scripts and data are in %s",
               to.gnuplot, path.text);
    free(row);
    lx_buf_free(&path);
    return code;
}

enum lx_code lx_report_make(const char *dir, const struct lx_report_options *o, struct lx_err *err)
{
    static const struct lx_report_options DEFAULTS = {0};
    struct lx_study s = {0};
    o = o ? o : &DEFAULTS;
    enum lx_code code = load(dir, &s, err);
    if (code == LX_OK)
        code = write_table(dir, "table.md", &s, lx_table_markdown, err);
    if (code == LX_OK)
        code = write_table(dir, "table.tex", &s, lx_table_latex, err);
    if (code == LX_OK)
        code = write_table(dir, "table.csv", &s, lx_table_csv, err);
    if (code == LX_OK && !o->no_plots)
        code = write_plots(dir, o, &s, err);
    lx_study_free(&s);
    return code;
}

enum lx_code lx_report_text(const char *dir, struct lx_buf *out, struct lx_err *err)
{
    struct lx_study s = {0};
    enum lx_code code = load(dir, &s, err);
    if (code == LX_OK)
        code = lx_table_plain(&s, out, err);
    lx_study_free(&s);
    return code;
}
