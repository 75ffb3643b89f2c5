/* Disk space: what cells will write, and what is free. */
#ifndef LX_STORE_DISK_H
#define LX_STORE_DISK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "plan/plan.h"

/* Most bytes that a cell has on disk at one moment: its states (two, and a third being written), its
 * checkpoint, its rows, and their copies in merged tables. */
size_t lx_disk_cell(const struct lx_cell *cell);

/* Bytes that this user may still write under a folder, which need not exist yet; the largest number
 * if the system does not say. */
size_t lx_disk_free(const char *dir);

/* The cells that are not done, `jobs` of them at a time, must fit into `limit` bytes (0: what is
 * free); the message names both. drop_weights: only those of cells at work are there. The plan is
 * resolved. */
LX_MUST_CHECK
enum lx_code lx_disk_check(const struct lx_plan *p, const char *dir, int jobs, size_t limit,
                           bool drop_weights, struct lx_err *err);

#endif
