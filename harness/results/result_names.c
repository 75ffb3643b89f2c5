/* Names of results; see result_names.h. */
#include "results/result_names.h"

#include "core/buf.h"
#include "results/partial.h"
#include "results/stale.h"
#include "system/fs.h"

static const char *const names[] = {
    /* of a merge, and what is said of them */
    "metrics.csv", "blocks.csv.gz", "runs.csv", "train.csv", LX_PARTIAL_FILE, LX_STALE_FILE,
    /* of a report, figures last */
    "table.md", "table.tex", "table.csv", "claims.md", "claims.tex", "claims.csv", "costs.md",
    "costs.tex", "costs.csv", "published.csv", "index.html", "report.html", "report.json",
    "tune.md", "tune.tex", "tune.csv", "answers.csv", "plots"};

const char *lx_result_name(size_t i)
{
    return i < sizeof(names) / sizeof(*names) ? names[i] : NULL;
}

#define OF_MERGE 6

static enum lx_code any_from(const char *dir, size_t first, bool *any, struct lx_err *err)
{
    struct lx_buf path = {0};
    enum lx_code code = LX_OK;

    *any = false;
    for (size_t i = first; lx_result_name(i) != NULL && !*any && code == LX_OK; i++) {
        lx_buf_clear(&path);
        lx_buf_printf(&path, "%s/%s", dir, names[i]);
        code = lx_buf_check(&path, err);
        *any = !path.failed && lx_fs_exists(path.text);
    }
    lx_buf_free(&path);
    return code;
}

enum lx_code lx_result_any(const char *dir, bool *any, struct lx_err *err)
{
    return any_from(dir, 0, any, err);
}

enum lx_code lx_result_reported(const char *dir, bool *any, struct lx_err *err)
{
    return any_from(dir, OF_MERGE, any, err);
}
