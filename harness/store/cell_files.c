/* Finished files of cells; see cell_files.h. */
#include "store/cell_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "store/store.h"
#include "system/fs.h"
#include "system/manifest.h"

#define FORMAT "longshot-cell-1"
#define DIGITS 64

const char *const lx_cell_names[] = {"train.csv", "run.csv", "blocks.csv", "metrics.csv",
                                     LX_MANIFEST_CELL};

void lx_cell_free(struct lx_cell_files *f)
{
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++)
        lx_buf_free(&f->text[i]);
}

/* One file of the folder; that it is missing is for the manifest to say. */
static enum lx_code read_file(const char *folder, int i, struct lx_cell_files *f,
                              struct lx_err *err)
{
    struct lx_buf path = {0};

    err->code = LX_OK;
    lx_buf_printf(&path, "%s/%s", folder, lx_cell_names[i]);
    if (lx_buf_check(&path, err) == LX_OK && lx_fs_read(path.text, &f->text[i], err) == LX_EDATA)
        err->code = LX_EFORMAT;
    lx_buf_free(&path);
    return err->code;
}

/* From cells/ID. The file that is moved there with all others says that they are there. */
static enum lx_code read_folder(const char *folder, struct lx_cell_files *f, struct lx_err *err)
{
    struct lx_manifest_file files[LX_CELL_FILE_COUNT];
    struct lx_buf last = {0};
    bool there = false, found;

    err->code = LX_OK;
    lx_buf_printf(&last, "%s/%s", folder, lx_cell_names[LX_CELL_METRICS]);
    if (lx_buf_check(&last, err) == LX_OK)
        err->code = lx_fs_look(last.text, &there, err);
    lx_buf_free(&last);
    if (err->code != LX_OK || !there)
        return err->code;
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++) {
        if (read_file(folder, i, f, err))
            return err->code;
        files[i] = (struct lx_manifest_file){lx_cell_names[i], f->text[i].text, f->text[i].len};
    }
    if (lx_manifest_check(folder, LX_MANIFEST_CELL, files, LX_CELL_FILE_COUNT, &found, err))
        return err->code;
    f->done = true;
    if (!found)
        (void)snprintf(f->note, sizeof(f->note), "%s: no %s: taken as it is", folder,
                       LX_MANIFEST_CELL);
    return LX_OK;
}

/* ------------------------------------------------------------------------------------ packed */

static void sum_of(const char *text, size_t n, char hex[DIGITS + 1])
{
    struct lx_hash h;

    lx_hash_init(&h);
    lx_hash_add(&h, text, n);
    lx_hash_hex(&h, hex);
}

/* The lines in front of the files. */
static void write_head(const char *id, const struct lx_cell_files *f, struct lx_buf *out)
{
    char hex[DIGITS + 1];

    lx_buf_printf(out, FORMAT " %s\n", id);
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++) {
        sum_of(f->text[i].text, f->text[i].len, hex);
        lx_buf_printf(out, "%s  %s %zu\n", hex, lx_cell_names[i], f->text[i].len);
    }
}

/* The number of bytes that a line of the head states; moves *at to the next line. */
static bool read_size(const char **at, size_t *out)
{
    const char *line = *at, *end = strchr(line, '\n'), *number;
    char *stop;

    if (end == NULL)
        return false;
    for (number = end; number > line && number[-1] >= '0' && number[-1] <= '9';)
        number--;
    *out = (size_t)strtoull(number, &stop, 10);
    *at = end + 1;
    return number < end && stop == end && end - number < 12;
}

/* Take the files out of what was unpacked; not whole: it is none of ours, or no longer as it was written. The
 * head is written anew from what was read: any difference shows. */
static enum lx_code split(const char *id, const struct lx_buf *all, struct lx_cell_files *f,
                          bool *whole, struct lx_err *err)
{
    const char *at = strchr(all->text, '\n'), *end = all->text + all->len;
    size_t size[LX_CELL_FILE_COUNT], head_len;
    struct lx_buf head = {0};
    bool good = at != NULL;

    at += good;
    for (int i = 0; i < LX_CELL_FILE_COUNT && good; i++)
        good = read_size(&at, &size[i]);
    head_len = good ? (size_t)(at - all->text) : 0;
    for (int i = 0; i < LX_CELL_FILE_COUNT && good; i++) {
        good = size[i] <= (size_t)(end - at);
        if (good) {
            lx_buf_clear(&f->text[i]);
            lx_buf_addn(&f->text[i], at, size[i]);
            at += size[i];
        }
    }
    if (good) {
        write_head(id, f, &head);
        good = at == end && !head.failed && head.len == head_len &&
               memcmp(head.text, all->text, head_len) == 0;
    }
    *whole = good;
    err->code = LX_OK; /* what could not be kept for want of memory is no broken file */
    for (int i = 0; i < LX_CELL_FILE_COUNT && err->code == LX_OK; i++)
        (void)!lx_buf_check(&f->text[i], err);
    if (err->code == LX_OK)
        (void)!lx_buf_check(&head, err);
    lx_buf_free(&head);
    return err->code;
}

static enum lx_code pack_path(const char *dir, const char *id, struct lx_buf *path,
                              struct lx_err *err)
{
    lx_buf_printf(path, "%s/cells/%s.csv.gz", dir, id);
    return lx_buf_check(path, err);
}

static enum lx_code read_pack(const char *dir, const char *id, struct lx_cell_files *f,
                              struct lx_err *err)
{
    struct lx_buf path = {0}, all = {0};
    bool there = false, whole;

    err->code = LX_OK;
    if (pack_path(dir, id, &path, err) || lx_fs_look(path.text, &there, err) || !there)
        goto done;
    if (lx_fs_read_gz(path.text, &all, err)) {
        err->code = err->code == LX_EDATA ? LX_EFORMAT : err->code;
        goto done;
    }
    if (split(id, &all, f, &whole, err))
        goto done;
    if (whole)
        f->done = f->packed = true;
    else
        (void)lx_fail(err, LX_EFORMAT, "%s: broken: its sums are not those of a cell %s", path.text,
                      id);
done:
    lx_buf_free(&path);
    lx_buf_free(&all);
    return err->code;
}

enum lx_code lx_cell_read(const char *dir, const char *id, struct lx_cell_files *f,
                          struct lx_err *err)
{
    struct lx_arena arena = {0};
    struct lx_err second = {.code = LX_OK};
    const char *folder;

    *f = (struct lx_cell_files){0};
    err->code = LX_OK;
    if (lx_store_cell(dir, id, "", &arena, &folder, err) == LX_OK &&
        (read_folder(folder, f, err) == LX_EFORMAT || (err->code == LX_OK && !f->done))) {
        bool broken = err->code != LX_OK;

        if (read_pack(dir, id, f, &second) != LX_OK && !broken)
            *err = second;
        if (broken && f->done) {
            (void)snprintf(f->note, sizeof(f->note), "%.300s; its rows are taken from %s.csv.gz",
                           err->text, id);
            err->code = LX_OK;
        }
    }
    lx_arena_free(&arena);
    return err->code;
}

enum lx_code lx_cell_check(const char *dir, const char *id, bool *done, char note[400],
                           struct lx_err *err)
{
    struct lx_cell_files f;
    enum lx_code code = lx_cell_read(dir, id, &f, err);

    *done = code == LX_OK && f.done;
    if (note != NULL)
        memcpy(note, f.note, sizeof(f.note));
    lx_cell_free(&f);
    return code;
}

bool lx_cell_is_done(const char *dir, const char *id)
{
    struct lx_err ignored;
    bool done;

    return lx_cell_check(dir, id, &done, NULL, &ignored) == LX_OK && done;
}

bool lx_cell_folder_is_whole(const char *dir, const char *id)
{
    struct lx_arena arena = {0};
    struct lx_cell_files f = {0};
    struct lx_err ignored;
    const char *folder;
    bool whole = lx_store_cell(dir, id, "", &arena, &folder, &ignored) == LX_OK &&
                 read_folder(folder, &f, &ignored) == LX_OK && f.done;

    lx_cell_free(&f);
    lx_arena_free(&arena);
    return whole;
}

enum lx_code lx_cell_pack(const char *dir, const char *id, const struct lx_cell_files *f,
                          struct lx_err *err)
{
    struct lx_buf path = {0}, all = {0}, packed = {0};

    err->code = LX_OK;
    write_head(id, f, &all);
    for (int i = 0; i < LX_CELL_FILE_COUNT; i++)
        lx_buf_addn(&all, f->text[i].text, f->text[i].len);
    if (lx_buf_check(&all, err) == LX_OK && pack_path(dir, id, &path, err) == LX_OK &&
        lx_gzip(all.text, all.len, &packed, err) == LX_OK)
        err->code = lx_fs_update(path.text, packed.text, packed.len, err);
    lx_buf_free(&path);
    lx_buf_free(&all);
    lx_buf_free(&packed);
    return err->code;
}
