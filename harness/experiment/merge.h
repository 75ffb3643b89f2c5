/* Merging: the rows of an experiment's cells into metrics.csv, runs.csv and train.csv.
 *
 * Rows are sorted by their columns alone, so that the files say nothing about which cell finished
 * first. Cells that are not done are left out, and then DIR/partial.json says so beside the tables:
 *
 *     {"done": 4, "cells": 16, "missing": [{"id": .., "encoding": .., "dataset": .., "seed": ..}, ..]}
 *
 * It is there exactly as long as metrics.csv lacks cells of the plan. */
#ifndef LX_EXPERIMENT_MERGE_H
#define LX_EXPERIMENT_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

struct lx_merged {
    size_t n_cells, n_done;
    size_t n_packed; /* of them, found in cells/ID.csv.gz alone */
};

/* Merge DIR by the cells of DIR/plan.jsonl; `pack`: also leave each cell that is done in
 * cells/ID.csv.gz. What a person should know (cells without sums, kernels of several kinds) is logged. */
LX_MUST_CHECK
enum lx_code lx_merge(const char *dir, bool pack, struct lx_merged *out, struct lx_err *err);

/* Hold the tables of the folder against what merging these cells would write; all (n) must be done. *name:
 * the first that is not the same, NULL: none. One of runs.csv of an earlier version, with fewer columns, is
 * left out. */
LX_MUST_CHECK
enum lx_code lx_merge_compare(const char *dir, const char *const *cell, size_t n, const char **name,
                              struct lx_err *err);

#endif
