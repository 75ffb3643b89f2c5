/* Fuzz target: any bytes as metrics.csv of compare and report. The first byte picks preset and format, the
 * second whether tables are made. Files go to a temporary folder. */
#define _XOPEN_SOURCE 700

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare/compare.h"
#include "compare/compare_report.h"
#include "report/report.h"
#include "system/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64], path[96];

static void remove_folder(void)
{
    struct lx_err err;

    (void)!lx_fs_remove_folder(folder, &err);
}

static void make_folder(void)
{
    (void)snprintf(folder, sizeof(folder), "%s/lx-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(folder) == NULL)
        abort();
    (void)snprintf(path, sizeof(path), "%s/metrics.csv", folder);
    (void)atexit(remove_folder);
}

static void compare(unsigned choice)
{
    struct lx_compare_options o = {0};
    struct lx_comparison c = {0};
    struct lx_buf out = {0};
    struct lx_err err = {0};

    if (!lx_compare_preset((choice & 16) != 0 ? "exact" : "curves", &o))
        abort();
    o.metrics = "all";
    if (lx_compare_make(path, false, path, &o, &c, &err) == LX_OK)
        (void)!lx_compare_format_at((int)choice % lx_compare_format_count())
            ->write(&c, (choice & 32) != 0, &out, &err);
    lx_compare_free(&c);
    lx_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct lx_report_options tables = {.no_plots = true};
    struct lx_buf out = {0};
    struct lx_err err = {0};

    if (size < 2)
        return 0;
    if (folder[0] == '\0')
        make_folder();
    if (lx_fs_replace(path, data + 2, size - 2, &err) != LX_OK)
        abort();
    compare(data[0]);
    if ((data[1] & 1) != 0)
        (void)!lx_report_make(folder, &tables, &out, &err);
    lx_buf_free(&out);
    return 0;
}
