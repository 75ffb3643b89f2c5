/* Colours: Okabe & Ito, "Color Universal Design" (2008), without the yellow, which is lost on white
 * paper. Seven colours do not last for a dozen encodings, so shape and dash change from one round
 * of colours to the next: no two of the first 42 curves look alike. */
#include "figure/style.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static const char *const colors[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                     "#000000", "#56b4e9", "#e69f00"};
enum { N_COLORS = 7, N_SHAPES = 6 };

/* Circle, square, triangle, inverted triangle, diamond, pentagon. */
static const int filled[N_SHAPES] = {7, 5, 9, 11, 13, 15};
static const int hollows[N_SHAPES] = {6, 4, 8, 10, 12, 14};

/* Length of dash, gap, ... in gnuplot's units, where "1" is solid, and in pixels of a page. */
struct dash {
    const char *plot, *page;
};
static const struct dash dashes[] = {{"1", ""},
                                     {"(14,4,3,4)", "9 3 2 3"},
                                     {"(3,3)", "2 3"},
                                     {"(14,3,3,3,3,3)", "9 3 2 3 2 3"},
                                     {"(3,9)", "2 7"}};
enum { N_DASHES = sizeof(dashes) / sizeof(dashes[0]) };
static const struct dash variant_dash = {"(9,5)", "7 4"};

/* The colour of a name: FNV-1a from a start at which the schemes that studies compare most differ: the
 * first seven are in all seven colours. */
static int color_of(const char *name)
{
    uint32_t h = 21921;

    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * 16777619U;
    h ^= h >> 15;
    return (int)(h % N_COLORS);
}

int lx_style_look(const char *name, const struct lx_series *before, size_t n)
{
    int look = color_of(name);

    for (size_t i = 0; i < n; i++)
        if (before[i].look % N_COLORS == look % N_COLORS && before[i].look >= look)
            look = before[i].look + N_COLORS;
    return look;
}

void lx_style_study(struct lx_study *s)
{
    for (size_t i = 0; i < s->n_series; i++) {
        struct lx_series *it = &s->series[i];
        bool again = i > 0 && it[-1].rank == it->rank; /* read in another way */

        it->look =
            again ? it[-1].look : lx_style_look(lx_rows_name(&s->rows, it->encoding), s->series, i);
    }
}

struct lx_style lx_style_of(int look, int variant)
{
    int round = look / N_COLORS;
    int shape = (look + round + round / N_SHAPES + variant) % N_SHAPES;
    bool hollow = variant > 0 || round % 2 == 1;
    struct dash dash = variant ? variant_dash : dashes[round % N_DASHES];

    return (struct lx_style){.color = colors[look % N_COLORS],
                             .dash = dash.plot,
                             .page_dash = dash.page,
                             .point = hollow ? hollows[shape] : filled[shape]};
}

/* Tics at mantissa * 10^k within [lo, hi]; appended only if out is not NULL. */
static int mantissa_tics(double lo, double hi, const double *mantissa, int n, int every,
                         struct lx_buf *out)
{
    int count = 0, first = (int)floor(log10(lo)), last = (int)floor(log10(hi));
    for (int k = first; k <= last; k++)
        for (int i = 0; i < n && k % every == 0; i++) {
            double v = mantissa[i] * pow(10, k);
            if (v < lo * (1 - 1e-9) || v > hi * (1 + 1e-9))
                continue;
            if (out)
                lx_buf_printf(out, "%s%.6g", count ? ", " : "", v);
            count++;
        }
    return count;
}

size_t lx_style_tic_width(double lo, double hi)
{
    double raw = (hi - lo) / 7, power = pow(10, floor(log10(raw)));
    double step = power * (raw > 5 * power ? 10 : raw > 2 * power ? 5 : raw > power ? 2 : 1);
    size_t widest = 0;

    for (double k = ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; k++) {
        char text[32];
        int n = snprintf(text, sizeof(text), "%g", k * step);

        widest = n > 0 && (size_t)n > widest ? (size_t)n : widest;
    }
    return widest;
}

/* Tics at even steps of 1, 2 or 5 times a power of ten, between 4 and 8 of them. */
void lx_style_even_tics(double lo, double hi, struct lx_buf *out)
{
    double raw = (hi - lo) / 7, power = pow(10, floor(log10(raw)));
    double step = power * (raw > 5 * power ? 10 : raw > 2 * power ? 5 : raw > power ? 2 : 1);
    bool first = true;
    for (double k = ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; k++) {
        lx_buf_printf(out, "%s%.6g", first ? "" : ", ", k * step + 0.0); /* no -0 */
        first = false;
    }
}

void lx_style_log_tics(double lo, double hi, struct lx_buf *out)
{
    static const double fine[] = {1, 1.5, 2, 3, 4, 5, 6, 8}, MIDDLE[] = {1, 2, 3, 5},
                        COARSE[] = {1, 2, 5};
    static const struct {
        const double *mantissa;
        int n, every;
    } TRY[] = {{fine, 8, 1},   {MIDDLE, 4, 1}, {COARSE, 3, 1}, {COARSE, 1, 1},
               {COARSE, 1, 2}, {COARSE, 1, 5}, {COARSE, 1, 20}};
    enum { TRIES = sizeof(TRY) / sizeof(TRY[0]), MOST = 10 };
    if (hi < 2.5 * lo) {
        lx_style_even_tics(lo, hi, out);
        return;
    }
    int i = 0;
    while (i < TRIES - 1 &&
           mantissa_tics(lo, hi, TRY[i].mantissa, TRY[i].n, TRY[i].every, NULL) > MOST)
        i++;
    mantissa_tics(lo, hi, TRY[i].mantissa, TRY[i].n, TRY[i].every, out);
}
