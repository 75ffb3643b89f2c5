/* Attention statistics by layer, head and position; see attention_stats.h. */
#include "eval/attention_stats.h"

#include <math.h>

enum { ENTROPY, NORMALIZED, MAX_PROB, KINDS };

static const char *const kind_names[KINDS] = {"attention_entropy", "attention_entropy_normalized",
                                              "attention_max_prob"};

struct lx_attention_stats {
    int L, H, B, T, bins;
    real *entropy, *max_prob; /* (B, L, H, T) of the last pass         */
    double *sum[KINDS];       /* (L, H, bins)                          */
    double *n[KINDS];         /* (L, bins) rows counted, the same for every head */
    long long windows;
};

/* [0,16) is bin 0, then an octave each. */
static int bin_of(int position)
{
    int bin = 0;

    while (position >> (4 + bin) != 0)
        bin++;
    return bin;
}

static void take(struct lx_attention_stats *s, struct lx_arena *arena)
{
    size_t rows = (size_t)s->B * (size_t)s->L * (size_t)s->H * (size_t)s->T;
    size_t cells = (size_t)s->L * (size_t)s->bins;

    s->entropy = lx_arena_take(arena, rows, sizeof(real));
    s->max_prob = lx_arena_take(arena, rows, sizeof(real));
    for (int k = 0; k < KINDS; k++) {
        s->sum[k] = lx_arena_take(arena, cells * (size_t)s->H, sizeof(double));
        s->n[k] = lx_arena_take(arena, cells, sizeof(double));
    }
}

static struct lx_attention_stats shape(const struct lx_model *m, int B, int T)
{
    struct lx_attention_stats s = {
        .L = m->config.layers, .H = m->config.heads, .B = B, .T = T, .bins = bin_of(T - 1) + 1};

    return s;
}

size_t lx_attention_stats_bytes(const struct lx_model *m, int B, int T)
{
    struct lx_attention_stats s = shape(m, B, T);
    struct lx_arena count = {.measure = true};

    take(&s, &count);
    return count.used + sizeof(s);
}

enum lx_code lx_attention_stats_init(struct lx_attention_stats **out, const struct lx_model *m,
                                     int B, int T, struct lx_arena *arena, struct lx_err *err)
{
    if (lx_arena_get(arena, 1, sizeof(**out), out, "attention statistics", err))
        return err->code;
    **out = shape(m, B, T);
    take(*out, arena);
    if (arena->failed)
        return lx_fail(err, LX_ENOMEM, "attention statistics: out of memory");
    return LX_OK;
}

struct lx_observe lx_attention_stats_observe(struct lx_attention_stats *s)
{
    struct lx_observe ob = {.entropy = s->entropy, .max_prob = s->max_prob};

    return ob;
}

void lx_attention_stats_add(struct lx_attention_stats *s, const struct lx_model *m, int b,
                            int length, int skip)
{
    size_t H = (size_t)s->H, T = (size_t)length, bins = (size_t)s->bins;

    for (int l = 0; l < s->L; l++) {
        struct lx_enc_call c = {.layer = l, .B = 1, .T = length, .both = lx_model_both(&m->config)};
        size_t row = ((size_t)b * (size_t)s->L + (size_t)l) * H * T;

        for (int t = skip; t < length; t++) {
            size_t bin = (size_t)bin_of(t), cell = (size_t)l * bins + bin;
            int keys = lx_stack_keys(&m->stack, &c, t);
            double max_entropy = log(keys);

            s->n[ENTROPY][cell] += 1;
            s->n[MAX_PROB][cell] += 1;
            s->n[NORMALIZED][cell] += keys > 1 ? 1 : 0;
            for (size_t h = 0; h < H; h++) {
                size_t at = ((size_t)l * H + h) * bins + bin;
                double entropy = (double)s->entropy[row + h * T + (size_t)t];

                s->sum[ENTROPY][at] += entropy;
                s->sum[MAX_PROB][at] += (double)s->max_prob[row + h * T + (size_t)t];
                s->sum[NORMALIZED][at] += keys > 1 ? entropy / max_entropy : 0;
            }
        }
    }
    s->windows++;
}

/* One value: head h of layer l, or with both -1 the mean over all heads of all layers. */
static enum lx_code add_row(const struct lx_attention_stats *s, const struct lx_metric *blank,
                            int kind, int l, int h, int bin, struct lx_metrics *out,
                            struct lx_err *err)
{
    struct lx_metric r = *blank;
    double sum = 0, n = 0, rows = 0;

    for (int i = l < 0 ? 0 : l; i <= (l < 0 ? s->L - 1 : l); i++) {
        rows += s->n[kind][i * s->bins + bin];
        for (int k = h < 0 ? 0 : h; k <= (h < 0 ? s->H - 1 : h); k++) {
            sum += s->sum[kind][(i * s->H + k) * s->bins + bin];
            n += s->n[kind][i * s->bins + bin];
        }
    }
    if (n == 0)
        return LX_OK;
    r.metric = kind_names[kind];
    r.layer = l;
    r.head = h;
    r.position_lo = bin == 0 ? 0 : 8 << bin;
    r.position_hi = 16 << bin < s->T ? 16 << bin : s->T;
    r.value = sum / n;
    r.tokens = (long long)(l < 0 ? rows / s->L : rows);
    r.windows = s->windows;
    return lx_metrics_add(out, &r, err);
}

enum lx_code lx_attention_stats_rows(const struct lx_attention_stats *s,
                                     const struct lx_metric *blank, bool per_head,
                                     struct lx_metrics *out, struct lx_err *err)
{
    for (int kind = 0; kind < KINDS; kind++) {
        for (int bin = 0; bin < s->bins; bin++) {
            if (add_row(s, blank, kind, -1, -1, bin, out, err))
                return err->code;
            for (int l = 0; per_head && l < s->L; l++)
                for (int h = 0; h < s->H; h++)
                    if (add_row(s, blank, kind, l, h, bin, out, err))
                        return err->code;
        }
    }
    return LX_OK;
}
