/* What tables say of series whose numbers are not what they seem. */
#include "report/table.h"

static const struct {
    bool (*on)(const struct lx_study *s, size_t section, size_t series);
    const char *before, *after; /* the training length */
} marks[LX_MARKS] = {
    [LX_MARK_UNTRAINED] = {lx_study_untrained, "not trained (no better than the bigram table at ",
                           " tokens): "},
    [LX_MARK_LEARNING] = {lx_study_learning, "still learning (trained at ",
                          " tokens, the loss fell by more than 1% in the last tenth): "},
    [LX_MARK_AHEAD] = {lx_study_ahead, "reads ahead (trained at ",
                       " tokens, better than the source of the text allows): "},
};

static void begin(enum lx_table_mark mark, int length,
                  void (*escape)(struct lx_buf *out, const char *text), struct lx_buf *out)
{
    escape(out, marks[mark].before);
    lx_buf_printf(out, "%d", length);
    escape(out, marks[mark].after);
}

bool lx_table_mark(const struct lx_study *s, size_t section, enum lx_table_mark mark,
                   const char *before, void (*escape)(struct lx_buf *out, const char *text),
                   struct lx_buf *out)
{
    bool any = false;

    for (size_t i = 0; i < s->n_series; i++) {
        if (!marks[mark].on(s, section, i))
            continue;
        lx_buf_add(out, any ? ", " : before);
        if (!any)
            begin(mark, s->section[section].train_length, escape, out);
        escape(out, s->series[i].label);
        any = true;
    }
    return any;
}
