/* All figures of a section, in the order in which they are read. */
#include "plot/plot.h"

enum lx_code lx_plot_section(const struct lx_study *s, size_t section,
                             const struct lx_train_point *row, size_t n, struct lx_plot_target *to,
                             struct lx_err *err)
{
    if (lx_study_asks(s, section))
        return lx_plot_answers(s, section, to, err) ? err->code
                                                    : lx_plot_training(s, section, row, n, to, err);
    if (s->section[section].n_lengths == 0) /* no perplexities: rows of an analysis */
        return lx_plot_analyses(s, section, to, err);
    if (lx_plot_ppl(s, section, to, err) || lx_plot_entropy(s, section, to, err) ||
        lx_plot_position(s, section, to, err))
        return err->code;
    return lx_plot_training(s, section, row, n, to, err);
}
