/* The figure families of a study. Each makes one figure of one section, or none where the file has
 * nothing to show for it. */
#ifndef LX_PLOT_PLOT_H
#define LX_PLOT_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "figure/figure.h"
#include "study/aggregate.h"
#include "tune/rates.h"

/* ppl_vs_length: perplexity against evaluation length. */
LX_MUST_CHECK
enum lx_code lx_plot_ppl(const struct lx_study *s, size_t section, struct lx_plot_target *to,
                         struct lx_err *err);

/* entropy_vs_length: attention entropy, normalized and raw, against evaluation length. */
LX_MUST_CHECK
enum lx_code lx_plot_entropy(const struct lx_study *s, size_t section, struct lx_plot_target *to,
                             struct lx_err *err);

/* nll_by_position: NLL against position in the window, at the longest length. */
LX_MUST_CHECK
enum lx_code lx_plot_position(const struct lx_study *s, size_t section, struct lx_plot_target *to,
                              struct lx_err *err);

/* training_curves: smoothed training NLL against tokens seen. Sections that share dataset, split
 * and training length share the figure; it is made for the first of them. */
LX_MUST_CHECK
enum lx_code lx_plot_training(const struct lx_study *s, size_t section,
                              const struct lx_train_point *row, size_t n, struct lx_plot_target *to,
                              struct lx_err *err);

/* What an analysis measured in this section, a figure or two for each analysis that has some. */
LX_MUST_CHECK
enum lx_code lx_plot_analyses(const struct lx_study *s, size_t section, struct lx_plot_target *to,
                              struct lx_err *err);

/* retrieval_map: accuracy by length and depth as colour, a panel for each series. */
LX_MUST_CHECK
enum lx_code lx_plot_retrieval_map(const struct lx_study *s, size_t section,
                                   struct lx_plot_target *to, struct lx_err *err);

/* All of these for a section. */
LX_MUST_CHECK
enum lx_code lx_plot_section(const struct lx_study *s, size_t section,
                             const struct lx_train_point *row, size_t n, struct lx_plot_target *to,
                             struct lx_err *err);

/* lr: NLL against learning rate at the training length and at the longest, in a study of rates. */
LX_MUST_CHECK
enum lx_code lx_plot_rates(const struct lx_study *s, size_t section, const struct lx_rates *r,
                           struct lx_plot_target *to, struct lx_err *err);

/* Answers to examples: answers_vs_length and answers_by_place of a section, ... */
LX_MUST_CHECK
enum lx_code lx_plot_answers(const struct lx_study *s, size_t section, struct lx_plot_target *to,
                             struct lx_err *err);
/* ... and answers_map: all tasks and encodings at twice the trained size, where there are two tasks. */
LX_MUST_CHECK
enum lx_code lx_plot_answers_map(const struct lx_study *s, struct lx_plot_target *to,
                                 struct lx_err *err);

/* One curve for every series of the section, its points not yet there. */
LX_MUST_CHECK
enum lx_code lx_plot_curves(const struct lx_study *s, size_t section, size_t max_points,
                            struct lx_arena *arena, struct lx_panel *p, struct lx_err *err);

/* From this many seeds on the band of a point is the 95% interval of the mean, which does not widen with
 * every seed more; of fewer it goes from the lowest to the highest. */
enum { LX_PLOT_INTERVAL = 5 };

/* The band of what is no group of the study, with Student's t. Where that reaches 0 for numbers that are all
 * above it, the lowest seed is its lower edge: a logarithmic axis has no place for others. */
void lx_plot_band(const struct lx_stats *stats, struct lx_point *p);

/* End the bands of a panel where its numbers do: shares are from 0 to 1, whatever an interval says. */
void lx_plot_within(struct lx_panel *p, double lo, double hi);

/* Append what a group says at x; its interval is that of tables (study/contrast.h). */
LX_MUST_CHECK
enum lx_code lx_plot_add_group(const struct lx_study *s, struct lx_curve *c,
                               const struct lx_group *g, double x, struct lx_err *err);

/* Drop the curves that got no points: they were never evaluated here. */
void lx_plot_drop_empty(struct lx_panel *p);

/* Tics at the evaluation lengths, "2x\n256", dropping those too close to read. */
LX_MUST_CHECK
enum lx_code lx_plot_length_axis(const struct lx_section *sec, struct lx_arena *arena,
                                 struct lx_panel *p, struct lx_err *err);

/* Tics at the powers of two from 1 to x_max. */
LX_MUST_CHECK
enum lx_code lx_plot_position_tics(double x_max, struct lx_arena *arena, struct lx_panel *p,
                                   struct lx_err *err);

/* Bins [lo, hi) of 0-based positions sit, on a logarithmic axis, in the middle of their context
 * sizes lo + 1 .. hi. */
double lx_plot_middle(const struct lx_group *g);

/* What the note says of the bands: "" for one seed. text: their intervals are over text as well. */
const char *lx_plot_band_note(const struct lx_section *sec, bool text);

/* Which signs of the upper edge occur, as text for the note. */
const char *lx_plot_edge_note(const struct lx_panel *p);

#endif
