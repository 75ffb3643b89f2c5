/* Keeping finished units of an evaluation; see eval_checkpoint.h. */
#include "store/eval_checkpoint.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/log.h"
#include "system/fs.h"

#define FORMAT "longshot-eval-2"

/* The first line, its newline included; rows: all that follows, of which `metrics` bytes come first. */
static void write_head(const char *key, long units, size_t metrics, const char *rows, size_t n,
                       struct lx_buf *out)
{
    struct lx_hash h;
    char hex[65], numbers[48];

    (void)snprintf(numbers, sizeof(numbers), "%ld %zu", units, metrics);
    lx_hash_init(&h);
    lx_hash_add(&h, key, strlen(key) + 1);
    lx_hash_add(&h, numbers, strlen(numbers) + 1);
    lx_hash_add(&h, rows, n);
    lx_hash_hex(&h, hex);
    lx_buf_printf(out, FORMAT " %s %s\n", numbers, hex);
}

static void add(struct lx_buf *out, const struct lx_buf *text)
{
    if (text->len > 0)
        lx_buf_addn(out, text->text, text->len);
    out->failed |= text->failed;
}

enum lx_code lx_eval_checkpoint_save(const char *path, const char *key, int units,
                                     const struct lx_store_rows *rows, struct lx_err *err)
{
    struct lx_buf file = {0}, all = {0};
    enum lx_code code = LX_OK;

    lx_buf_add(&all, "");
    add(&all, &rows->metrics);
    add(&all, &rows->blocks);
    if (lx_buf_check(&all, err) == LX_OK)
        write_head(key, units, rows->metrics.len, all.text, all.len, &file);
    add(&file, &all);
    if (lx_buf_check(&file, err) || lx_fs_write_own(path, file.text, file.len, err))
        code = err->code;
    lx_buf_free(&all);
    lx_buf_free(&file);
    return code;
}

/* What a file states in its first line, 0 if that is none of ours. */
static void read_head(const struct lx_buf *file, long *units, size_t *metrics)
{
    char *end;

    *units = 0;
    *metrics = 0;
    if (strncmp(file->text, FORMAT " ", strlen(FORMAT) + 1) != 0)
        return;
    *units = strtol(file->text + strlen(FORMAT) + 1, &end, 10);
    *metrics = strtoul(end, NULL, 10);
}

int lx_eval_checkpoint_load(const char *path, const char *key, struct lx_store_rows *rows)
{
    struct lx_buf file = {0}, head = {0};
    struct lx_err err;
    size_t metrics;
    long units = 0;

    if (lx_fs_exists(path) && lx_fs_read(path, &file, &err) != LX_OK) {
        lx_log_error(&err);
    } else if (file.text != NULL) {
        size_t n = strcspn(file.text, "\n");

        n += file.text[n] == '\n';
        read_head(&file, &units, &metrics);
        write_head(key, units, metrics, file.text + n, file.len - n, &head);
        if (head.failed || head.len != n || memcmp(head.text, file.text, n) != 0 ||
            metrics > file.len - n || units > INT_MAX)
            units = 0;
        if (units > 0) {
            lx_buf_addn(&rows->metrics, file.text + n, metrics);
            lx_buf_addn(&rows->blocks, file.text + n + metrics, file.len - n - metrics);
        } else {
            lx_log("half-done evaluation not used: %s: broken, or of other weights", path);
        }
    }
    lx_buf_free(&file);
    lx_buf_free(&head);
    return (int)units;
}
