/* What a sweep needs of the disk; see disk.h. */
#include "store/disk.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "store/cell_files.h"

#define ROW_BYTES 160    /* of metrics.csv; most rows are shorter */
#define STATES 3         /* two, and the one being written */
#define COPIES 3         /* of rows: the cell's, the merged file, and that while it is written */
#define CELL_BYTES 65536 /* folders, manifests, logs */

static size_t weights_of(const struct lx_cell *cell)
{
    return cell->parameters * sizeof(float);
}

/* What stays when the cell is done, but for the weights. */
static size_t lasting(const struct lx_cell *cell)
{
    return COPIES * ROW_BYTES * cell->rows + CELL_BYTES;
}

/* What it needs besides while it runs: weights and both moments. */
static size_t passing(const struct lx_cell *cell)
{
    return STATES * 3 * sizeof(real) * cell->parameters;
}

size_t lx_disk_cell(const struct lx_cell *cell)
{
    return lasting(cell) + passing(cell) + weights_of(cell);
}

/* A folder that does not exist yet will be made in the nearest one that does. */
size_t lx_disk_free(const char *dir)
{
    char path[4096];
    struct statvfs s;

    if (strlen(dir) >= sizeof(path))
        return SIZE_MAX;
    (void)snprintf(path, sizeof(path), "%s", dir);
    while (statvfs(path, &s) != 0) {
        char *slash = strrchr(path, '/');

        if (strcmp(path, ".") == 0 || strcmp(path, "/") == 0)
            return SIZE_MAX;
        if (slash == NULL)
            (void)snprintf(path, sizeof(path), ".");
        else
            slash[slash == path] = '\0';
    }
    if (s.f_frsize == 0 || s.f_bavail > SIZE_MAX / s.f_frsize)
        return SIZE_MAX;
    return (size_t)s.f_bavail * s.f_frsize;
}

enum lx_code lx_disk_check(const struct lx_plan *p, const char *dir, int jobs, size_t limit,
                           bool drop_weights, struct lx_err *err)
{
    size_t all = 0, most = 0, n = 0, room = limit > 0 ? limit : lx_disk_free(dir);

    for (size_t k = 0; k < p->n; k++) {
        const struct lx_cell *cell = &p->cells[k];
        size_t each;

        if (lx_cell_is_done(dir, cell->id))
            continue;
        n++;
        all += lasting(cell) + (drop_weights ? 0 : weights_of(cell));
        each = passing(cell) + (drop_weights ? weights_of(cell) : 0);
        most = each > most ? each : most;
    }
    all += most * ((size_t)jobs < n ? (size_t)jobs : n);
    if (all <= room)
        return LX_OK;
    (void)lx_fail(err, LX_EIO, "%s: %zu cells need up to %zu bytes of disk space, %zu are %s", dir,
                  n, all, room, limit > 0 ? "allowed" : "free");
    return lx_hint(err,
                   "fewer cells at once (-j), a folder with more room (-o), or --disk BYTES to "
                   "begin nevertheless");
}
