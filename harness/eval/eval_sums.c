/* Sums of an evaluation; see eval_sums.h. */
#include "eval/eval_sums.h"

#include <math.h>
#include <string.h>

int lx_eval_bin(int position)
{
    int octave = 4, quarter;

    if (position < 16)
        return position == 0 ? 0 : position == 1 ? 1 : position < 4 ? 2 : position < 8 ? 3 : 4;
    while (position >> (octave + 1) != 0)
        octave++;
    quarter = (position >> (octave - 2)) & 3;
    return 5 + 4 * (octave - 4) + quarter;
}

int lx_eval_bin_start(int bin)
{
    static const int first[] = {0, 1, 2, 4, 8};

    if (bin < 5)
        return first[bin];
    return (4 + (bin - 5) % 4) << (2 + (bin - 5) / 4);
}

void lx_eval_sums_start(struct lx_eval_sums *s, const struct lx_metric *blank, long long scored)
{
    memset(s, 0, sizeof(*s));
    s->scored = scored;
    s->blocks.eval_length = blank->eval_length;
    s->blocks.mode = blank->mode;
    s->blocks.stride = blank->stride;
    s->blocks.suffix = blank->suffix;
    s->blocks.n = scored < LX_EVAL_BLOCKS ? (int)scored : LX_EVAL_BLOCKS;
}

void lx_eval_mean_add(struct lx_eval_mean *m, double sum, int n)
{
    if (n == 0)
        return;
    m->nll += sum;
    m->square += sum * sum;
    m->product += sum * n;
    m->n += n;
    m->n_square += (long long)n * n;
    m->windows++;
}

/* What other readers would pay for target t of the window. */
static void add_yardsticks(struct lx_eval_sums *s, const struct lx_eval_text *text, size_t target,
                           int t)
{
    const struct lx_stream *stream = text->stream;
    double nll[LX_NGRAM_ORDERS];

    if (stream->floor_nll != NULL) {
        double lowest = (double)stream->floor_nll[target];
        bool blind = stream->reach != NULL && stream->reach[target] > (uint32_t)(t + 1);

        s->floor_nll += lowest;
        s->blind_nll += blind ? (double)stream->blind_nll[target] : lowest;
    }
    if (text->table == NULL)
        return;
    lx_ngram_score(text->table, stream->tokens + target, t + 1, nll);
    for (int k = 0; k < lx_ngram_orders(text->table); k++)
        s->table_nll[k] += nll[k];
}

/* What the targets of a window add up to in a bin. */
struct part {
    double sum;
    int n;
};

static void add_to(struct part *parts, int bin, double nll)
{
    parts[bin].sum += nll;
    parts[bin].n++;
}

void lx_eval_sums_add(struct lx_eval_sums *s, const struct lx_eval_text *text,
                      const struct lx_window *w, const double *nll, const unsigned char *hidden)
{
    struct part all = {0}, bin[LX_EVAL_BINS] = {{0}}, edge[LX_EVAL_BINS] = {{0}};
    /* Windows of hidden targets follow one another in the text. */
    long long rank = hidden != NULL ? s->all.n : w->rank;

    s->masked = hidden != NULL;
    for (int t = w->skip; t < w->length; t++) {
        size_t target = (size_t)w->start + (size_t)t + 1; /* index in the stream */
        long long block;

        if (hidden != NULL && hidden[t] == 0)
            continue;
        block = rank++ * s->blocks.n / s->scored;
        add_to(&all, 0, nll[t]);
        add_to(bin, lx_eval_bin(t), nll[t]);
        if (hidden != NULL)
            add_to(edge, lx_eval_bin(t < w->length - 1 - t ? t : w->length - 1 - t), nll[t]);
        s->blocks.nll[block] += nll[t];
        s->blocks.tokens[block]++;
        s->bytes += text->token_bytes[text->stream->tokens[target]];
        if (hidden == NULL)
            add_yardsticks(s, text, target, t);
    }
    for (int b = 0; b < LX_EVAL_BINS; b++) {
        lx_eval_mean_add(&s->bin[b], bin[b].sum, bin[b].n);
        lx_eval_mean_add(&s->edge[b], edge[b].sum, edge[b].n);
    }
    lx_eval_mean_add(&s->all, all.sum, all.n);
}

bool lx_eval_sums_finite(const struct lx_eval_sums *s)
{
    return isfinite(exp(s->all.nll / (double)s->all.n));
}

double lx_eval_mean_error(const struct lx_eval_mean *m)
{
    double n = (double)m->n, mean = m->nll / n, w = (double)m->windows;
    double square = m->square - 2 * mean * m->product + mean * mean * (double)m->n_square;

    if (m->windows < 2)
        return (double)NAN;
    return sqrt(fmax(square, 0) * w / (w - 1)) / n;
}

static enum lx_code add_value(const struct lx_metric *blank, const struct lx_eval_mean *m,
                              const char *metric, double value, double se, struct lx_metrics *out,
                              struct lx_err *err)
{
    struct lx_metric r = *blank;

    r.metric = metric;
    r.value = value;
    r.stderr_value = se;
    r.tokens = m->n;
    r.windows = m->windows;
    return lx_metrics_add(out, &r, err);
}

/* A table of what follows what cannot read what lies after a hidden token. */
static enum lx_code add_no_yardsticks(const struct lx_metric *blank, struct lx_metrics *out,
                                      struct lx_err *err)
{
    for (int k = 1; k <= LX_NGRAM_ORDERS; k++) {
        struct lx_metric r = *blank;

        r.metric = lx_ngram_metric(k);
        r.status = "not_applicable";
        if (lx_metrics_add(out, &r, err))
            return err->code;
    }
    return LX_OK;
}

static enum lx_code add_yardstick_rows(const struct lx_eval_sums *s,
                                       const struct lx_eval_text *text,
                                       const struct lx_metric *blank, struct lx_metrics *out,
                                       struct lx_err *err)
{
    double n = (double)s->all.n, none = (double)NAN;
    int orders = text->table != NULL ? lx_ngram_orders(text->table) : 0;

    if (s->masked)
        return add_no_yardsticks(blank, out, err);
    if (text->stream->floor_nll != NULL &&
        (add_value(blank, &s->all, "nll_floor", s->floor_nll / n, none, out, err) ||
         add_value(blank, &s->all, "nll_floor_context", s->blind_nll / n, none, out, err)))
        return err->code;
    for (int k = 0; k < orders; k++)
        if (add_value(blank, &s->all, lx_ngram_metric(k + 1), s->table_nll[k] / n, none, out, err))
            return err->code;
    return LX_OK;
}

/* A row for each bin, of positions below `end`. */
static enum lx_code add_curve(const struct lx_eval_mean *bins, const char *metric, int end,
                              const struct lx_metric *blank, struct lx_metrics *out,
                              struct lx_err *err)
{
    for (int b = 0; b < LX_EVAL_BINS; b++) {
        const struct lx_eval_mean *m = &bins[b];
        struct lx_metric r = *blank;

        if (m->n == 0)
            continue;
        r.position_lo = lx_eval_bin_start(b);
        r.position_hi = lx_eval_bin_start(b + 1) < end ? lx_eval_bin_start(b + 1) : end;
        if (add_value(&r, m, metric, m->nll / (double)m->n, lx_eval_mean_error(m), out, err))
            return err->code;
    }
    return LX_OK;
}

enum lx_code lx_eval_sums_rows(const struct lx_eval_sums *s, const struct lx_eval_text *text,
                               const struct lx_metric *blank, struct lx_metrics *out,
                               struct lx_err *err)
{
    double nll = s->all.nll / (double)s->all.n, se = lx_eval_mean_error(&s->all);
    double to_bits = (double)s->all.n / (s->bytes * 0.69314718055994530942);

    if (add_value(blank, &s->all, "nll", nll, se, out, err) ||
        add_value(blank, &s->all, "ppl", exp(nll), exp(nll) * se, out, err) ||
        (s->bytes > 0 &&
         add_value(blank, &s->all, "bits_per_byte", nll * to_bits, se * to_bits, out, err)) ||
        add_yardstick_rows(s, text, blank, out, err))
        return err->code;
    if (add_curve(s->bin, "nll", blank->eval_length, blank, out, err) ||
        add_curve(s->edge, "nll_edge", (blank->eval_length + 1) / 2, blank, out, err))
        return err->code;
    return lx_metrics_add_blocks(out, &s->blocks, err);
}
