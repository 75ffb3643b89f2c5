/* Keeping finished units of an evaluation; see eval_checkpoint.h. */
#include "store/eval_checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "core/log.h"
#include "system/fs.h"

#define FORMAT "longshot-eval-1"

/* The first line, its newline included. */
static void write_head(const char *key, int units, const char *rows, size_t n, struct lx_buf *out)
{
    struct lx_hash h;
    char hex[65], number[16];

    (void)snprintf(number, sizeof(number), "%d", units);
    lx_hash_init(&h);
    lx_hash_add(&h, key, strlen(key) + 1);
    lx_hash_add(&h, number, strlen(number) + 1);
    lx_hash_add(&h, rows, n);
    lx_hash_hex(&h, hex);
    lx_buf_printf(out, FORMAT " %s %s\n", number, hex);
}

enum lx_code lx_eval_checkpoint_save(const char *path, const char *key, int units,
                                     const struct lx_buf *rows, struct lx_err *err)
{
    struct lx_buf file = {0};
    enum lx_code code = lx_buf_check(rows, err);

    if (code == LX_OK) {
        const char *text = rows->text != NULL ? rows->text : "";

        write_head(key, units, text, rows->len, &file);
        lx_buf_addn(&file, text, rows->len);
        code = lx_buf_check(&file, err);
    }
    if (code == LX_OK)
        code = lx_fs_write(path, file.text, file.len, err);
    lx_buf_free(&file);
    return code;
}

/* The number of units that a file states, 0 if its first line is none of ours. */
static int units_of(const struct lx_buf *file)
{
    int units = 0;
    size_t at = strlen(FORMAT) + 1;

    if (strncmp(file->text, FORMAT " ", at) != 0)
        return 0;
    for (; units < 1000000 && file->text[at] >= '0' && file->text[at] <= '9'; at++)
        units = 10 * units + (file->text[at] - '0');
    return units;
}

int lx_eval_checkpoint_load(const char *path, const char *key, struct lx_buf *rows)
{
    struct lx_buf file = {0}, head = {0};
    struct lx_err err;
    int units = 0;

    if (lx_fs_exists(path) && lx_fs_read(path, &file, &err) != LX_OK) {
        lx_log_error(&err);
    } else if (file.text != NULL) {
        size_t n = strcspn(file.text, "\n");

        n += file.text[n] == '\n';
        units = units_of(&file);
        write_head(key, units, file.text + n, file.len - n, &head);
        if (head.failed || head.len != n || memcmp(head.text, file.text, n) != 0)
            units = 0;
        if (units > 0)
            lx_buf_addn(rows, file.text + n, file.len - n);
        else
            lx_log("half-done evaluation not used: %s: broken, or of other weights", path);
    }
    lx_buf_free(&file);
    lx_buf_free(&head);
    return units;
}
