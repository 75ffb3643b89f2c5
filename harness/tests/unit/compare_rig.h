/* What the tests of the gate share: a scratch folder with two metrics.csv, and rows to put there. */
#ifndef LX_TESTS_COMPARE_RIG_H
#define LX_TESTS_COMPARE_RIG_H

#include <sys/stat.h>
#include <unistd.h>

#include "compare/compare.h"
#include "core/buf.h"
#include "system/fs.h"
#include "tests/unit/folder_rig.h"

static const char HEADER[] =
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,"
    "metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol\n";

static struct lx_err err;
static char old_path[96], new_path[96];

static int make_paths(void **state)
{
    if (make_folder(state) != 0)
        return 1;
    (void)snprintf(old_path, sizeof(old_path), "%s/old.csv", folder);
    (void)snprintf(new_path, sizeof(new_path), "%s/new.csv", folder);
    return 0;
}

static int remove_paths(void **state)
{
    chmod(folder, 0700);
    return remove_flat_folder(state);
}

/* HEADER and rows, to a file. */
static void put(const char *path, const char *rows)
{
    struct lx_buf text = {0};
    lx_buf_printf(&text, "%s%s", HEADER, rows);
    CHECK_OK(lx_fs_write(path, text.text, text.len, &err));
    lx_buf_free(&text);
}

/* A row of metric `nll` at 4 -> 8; value and stderr as text. */
#define ROW(encoding, seed, metric, value, stderr_, status)                                        \
    "x,c" seed "," encoding "," encoding ",d,valid," seed ",4,8,last,2," metric ",,,,," value      \
    "," stderr_ ",64,8," status ",p1\n"
#define NLL(seed, value, stderr_) ROW("a", seed, "nll", value, stderr_, "ok")

static const struct lx_compare_options NONE = {.metrics = "nll"};

static struct lx_comparison compare(const char *old_rows, const char *new_rows,
                                    const struct lx_compare_options *o)
{
    struct lx_comparison c;
    put(old_path, old_rows);
    put(new_path, new_rows);
    CHECK_OK(lx_compare_make(old_path, false, new_path, o, &c, &err));
    return c;
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_paths, remove_paths)

#endif
