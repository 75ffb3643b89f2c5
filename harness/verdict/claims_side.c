/* Reading what a claim compares: where the numbers of its sides are found, what the right one leaves out, and
 * op and margin. */
#include <math.h>
#include <string.h>

#include "verdict/claims_internal.h"
#include "verdict/entries.h"

#define FIELD(f) offsetof(struct lx_claim_value, f)

const struct lx_option lx_claim_value_options[] = {
    {.key = "encoding",
     .type = LX_OPT_TEXT,
     .offset = FIELD(encoding),
     .help = "id of an encoding of this config"},
    {.key = "evaluated_as",
     .type = LX_OPT_TEXT,
     .offset = FIELD(evaluated_as),
     .help = "id of one of its evaluate_as; default: as trained"},
    {.key = "dataset",
     .type = LX_OPT_TEXT,
     .offset = FIELD(dataset),
     .help = "id of a dataset; default: the claim is made for each"},
    {.key = "train_length",
     .type = LX_OPT_INT,
     .offset = FIELD(train_length),
     .min = 0,
     .max = 1 << 24,
     .help = "tokens a training sequence, 0: the claim is made for each that was trained"},
    {.key = "metric",
     .type = LX_OPT_TEXT,
     .offset = FIELD(metric),
     .help = "a metric of metrics.csv; default ppl"},
    {.key = "mode",
     .type = LX_OPT_TEXT,
     .offset = FIELD(mode),
     .help = "which windows; default: for losses both last and nonoverlapping"},
    {.key = "layer",
     .type = LX_OPT_INT,
     .offset = FIELD(layer),
     .def = -1,
     .min = -1,
     .max = 4096,
     .help = "layer from 0, -1: over all"},
    {.key = "head",
     .type = LX_OPT_INT,
     .offset = FIELD(head),
     .def = -1,
     .min = -1,
     .max = 4096,
     .help = "head from 0, -1: over all"},
    {.key = "rank",
     .type = LX_OPT_BOOL,
     .offset = FIELD(rank),
     .help = "1 / place among the encodings of the config, seed by seed, instead of the metric"},
    {.key = "over",
     .type = LX_OPT_CHOICE,
     .offset = FIELD(over),
     .text = "nothing|dataset",
     .help = "dataset: the mean over the datasets of the config"},
    {.type = LX_OPT_END},
};

const char *lx_claim_path(struct lx_arena *arena, const char *path, const char *key,
                          struct lx_err *err)
{
    const char *joined = lx_arena_printf(arena, "%s.%s", path, key);

    if (joined == NULL)
        (void)lx_fail(err, LX_ENOMEM, "out of memory for the claims");
    return joined;
}

static enum lx_code read_length(const struct lx_json *v, const char *path, struct lx_length *out,
                                struct lx_err *err)
{
    if (!lx_length_parse(v, out) || !(out->number >= 0))
        return lx_fail(err, LX_ECONFIG,
                       "%s: must be a number of tokens or a multiple of the training length like "
                       "\"2x\"%s%.40s%s",
                       path, lx_json_text(v) ? ", got \"" : "",
                       lx_json_text(v) ? lx_json_text(v) : "", lx_json_text(v) ? "\"" : "");
    return LX_OK;
}

enum lx_code lx_claim_length(const struct lx_json *v, const char *path, struct lx_length *out,
                             struct lx_err *err)
{
    if (read_length(v, path, out, err) != LX_OK)
        return err->code;
    if (!(out->number > 0))
        return lx_fail(err, LX_ECONFIG, "%s: must be above 0", path);
    return LX_OK;
}

static enum lx_code read_positions(const struct lx_json *v, const char *path,
                                   struct lx_claim_value *out, struct lx_err *err)
{
    const struct lx_json *lo = lx_json_first(v), *hi = lx_json_next(lo);

    if (lx_json_type(v) != LX_JSON_ARRAY || lx_json_count(v) != 2)
        return lx_fail(err, LX_ECONFIG, "%s: must be [from, to), two lengths", path);
    out->positions = true;
    if (read_length(lo, path, &out->lo, err) != LX_OK ||
        read_length(hi, path, &out->hi, err) != LX_OK)
        return err->code;
    if (out->lo.multiple == out->hi.multiple && out->lo.number >= out->hi.number)
        return lx_fail(err, LX_ECONFIG, "%s: must rise", path);
    return LX_OK;
}

/* What is not given is as in `base`; but another encoding is taken as trained unless it says
 * otherwise, and positions belong to their length. */
static void inherit(struct lx_claim_value *v, const struct lx_claim_value *base,
                    const struct lx_json *obj)
{
    if (v->encoding == NULL) {
        v->encoding = base->encoding;
        v->evaluated_as = v->evaluated_as ? v->evaluated_as : base->evaluated_as;
    }
    v->dataset = v->dataset ? v->dataset : base->dataset;
    v->metric = v->metric ? v->metric : base->metric;
    v->mode = v->mode ? v->mode : base->mode;
    v->train_length = v->train_length ? v->train_length : base->train_length;
    if (lx_json_find(obj, "layer") == NULL)
        v->layer = base->layer;
    if (lx_json_find(obj, "head") == NULL)
        v->head = base->head;
    if (lx_json_find(obj, "rank") == NULL)
        v->rank = base->rank;
    if (lx_json_find(obj, "over") == NULL)
        v->over = base->over;
    if (lx_json_find(obj, "length") != NULL)
        return;
    v->length = base->length;
    if (!v->positions) {
        v->positions = base->positions;
        v->lo = base->lo;
        v->hi = base->hi;
    }
}

/* A rank is of encodings as they were trained; a mean over datasets has none of its own. */
static enum lx_code check_kind(const struct lx_claim_value *v, const char *path, struct lx_err *err)
{
    if (v->rank && v->evaluated_as != NULL)
        return lx_fail(err, LX_ECONFIG, "%s.rank: must be of an encoding as trained, got %.80s",
                       path, v->evaluated_as);
    if (v->over && v->dataset != NULL)
        return lx_fail(err, LX_ECONFIG, "%s.over: must be left out where a dataset is given, %.80s",
                       path, v->dataset);
    return LX_OK;
}

static enum lx_code read_value(const struct lx_json *obj, const char *path,
                               const char *const *extra, const struct lx_claim_value *base,
                               struct lx_claim_value *out, struct lx_arena *arena,
                               struct lx_err *err)
{
    const struct lx_json *length = lx_json_find(obj, "length");
    const struct lx_json *positions = lx_json_find(obj, "positions");
    const char *length_path = lx_claim_path(arena, path, "length", err);
    const char *positions_path = lx_claim_path(arena, path, "positions", err);

    if (length_path == NULL || positions_path == NULL)
        return err->code;
    *out = (struct lx_claim_value){0};
    if (lx_entry_object(obj, path, err) ||
        lx_options_parse(lx_claim_value_options, obj, path, extra, out, arena, err) ||
        (length != NULL && lx_claim_length(length, length_path, &out->length, err) != LX_OK))
        return err->code;
    if (positions != NULL && read_positions(positions, positions_path, out, err) != LX_OK)
        return err->code;
    if (base != NULL)
        inherit(out, base, obj);
    if (out->encoding == NULL)
        return lx_fail(err, LX_ECONFIG, "%s.encoding: must be given", path);
    if (!(out->length.number > 0))
        return lx_fail(err, LX_ECONFIG, "%s: must be given", length_path);
    if (out->metric == NULL)
        out->metric = "ppl";
    return check_kind(out, path, err);
}

enum lx_code lx_claim_side_read(const struct lx_json *obj, struct lx_claim_side *side,
                                const struct lx_claim_value *base, struct lx_arena *arena,
                                struct lx_err *err)
{
    static const char *const with_minus[] = {"length", "positions", "minus", NULL};
    static const char *const alone[] = {"length", "positions", NULL};
    const struct lx_json *minus = lx_json_find(obj, "minus");

    if (obj == NULL)
        return lx_fail(err, LX_ECONFIG, "%s: must be given", side->path);
    if (base != NULL && lx_json_type(obj) == LX_JSON_NUMBER) {
        side->constant = true;
        side->number = lx_json_number(obj);
        return LX_OK;
    }
    if (read_value(obj, side->path, with_minus, base, &side->value, arena, err) != LX_OK)
        return err->code;
    side->has_minus = minus != NULL;
    if (side->has_minus) {
        const char *path = lx_claim_path(arena, side->path, "minus", err);

        if (path == NULL)
            return err->code;
        return read_value(minus, path, alone, &side->value, &side->minus, arena, err);
    }
    return LX_OK;
}

/* What the option table fills; the rest is worked out from it. */
struct comparison_text {
    int op;
    double margin, ratio, times, smallest;
};

#define COMPARED(f) offsetof(struct comparison_text, f)

const struct lx_option lx_comparison_options[] = {
    {.key = "op",
     .type = LX_OPT_CHOICE,
     .offset = COMPARED(op),
     .text = "<|<=|>|>=|within",
     .help = "what left is to right; within: no further apart than the margin",
     .flags = LX_OPT_REQUIRED},
    {.key = "margin",
     .type = LX_OPT_REAL,
     .offset = COMPARED(margin),
     .def = (double)NAN,
     .min = -1e9,
     .max = 1e9,
     .help = "added to the right side, in the unit of the metric (not for ppl)"},
    {.key = "ratio",
     .type = LX_OPT_REAL,
     .offset = COMPARED(ratio),
     .def = (double)NAN,
     .min = 0,
     .max = 1e9,
     .help = "factor on the right side, for perplexities",
     .flags = LX_OPT_OPEN_MIN},
    {.key = "times",
     .type = LX_OPT_REAL,
     .offset = COMPARED(times),
     .def = 1,
     .min = -1e9,
     .max = 1e9,
     .help = "factor on the right side; for perplexities on a difference of logarithms only"},
    {.key = "smallest",
     .type = LX_OPT_REAL,
     .offset = COMPARED(smallest),
     .def = (double)NAN,
     .min = 0,
     .max = 1e9,
     .help = "effect that counts where no margin or ratio is given: of ppl a share, default 0.01"},
    {.type = LX_OPT_END},
};

/* All numbers of a claim are of one metric: others could not be subtracted. */
static enum lx_code same_metric(const struct lx_claim *c, const struct lx_claim_side *side,
                                struct lx_err *err)
{
    const char *other = side->constant ? c->metric : side->value.metric;

    if (strcmp(other, c->metric) == 0 && side->has_minus)
        other = side->minus.metric;
    if (strcmp(other, c->metric) != 0)
        return lx_fail(err, LX_ECONFIG, "%s.metric: must be the metric of left, %s, got %.80s",
                       side->path, c->metric, other);
    return LX_OK;
}

/* A difference is compared with a difference or with a number, a value with a value. */
static enum lx_code same_shape(const struct lx_claim *c, struct lx_err *err)
{
    if (c->right.constant || c->left.has_minus == c->right.has_minus)
        return LX_OK;
    return lx_fail(err, LX_ECONFIG, "%s.minus: must be given, as in %s",
                   c->left.has_minus ? c->right.path : c->left.path,
                   c->left.has_minus ? c->left.path : c->right.path);
}

/* ratio and margin as one number, and which of them may be given. */
static enum lx_code settle_margin(struct lx_claim *c, const struct comparison_text *t,
                                  struct lx_err *err)
{
    if (c->ratio && !isnan(t->margin))
        return lx_fail(err, LX_ECONFIG,
                       "%s.margin: must be ratio instead for ppl, or metric nll, got %g", c->path,
                       t->margin);
    if (!c->ratio && !isnan(t->ratio))
        return lx_fail(err, LX_ECONFIG, "%s.ratio: must be margin instead for %s, got %g", c->path,
                       c->metric, t->ratio);
    if (c->ratio && c->right.constant && !c->left.has_minus && !(c->right.number > 0))
        return lx_fail(err, LX_ECONFIG, "%s: must be above 0, got %g", c->right.path,
                       c->right.number);
    if (c->ratio && (t->times < 1 || t->times > 1) && !c->right.has_minus)
        return lx_fail(err, LX_ECONFIG,
                       "%s.times: must be ratio instead, unless right has a minus, got %g", c->path,
                       t->times);
    c->margin = c->ratio && !isnan(t->ratio) ? log(t->ratio) : t->margin;
    c->smallest = c->ratio && !isnan(t->smallest) ? log1p(t->smallest) : t->smallest;
    if (c->op == LX_CLAIM_WITHIN && !(c->margin > 0))
        return lx_fail(err, LX_ECONFIG, "%s.%s: must be above %d with op \"within\"", c->path,
                       c->ratio ? "ratio" : "margin", c->ratio);
    return LX_OK;
}

enum lx_code lx_comparison_read(const struct lx_json *obj, const char *const *extra,
                                struct lx_claim *c, struct lx_arena *arena, struct lx_err *err)
{
    struct comparison_text t;

    if (lx_options_parse(lx_comparison_options, obj, c->path, extra, &t, arena, err))
        return err->code;
    c->op = t.op;
    c->times = t.times;
    c->left.path = lx_claim_path(arena, c->path, "left", err);
    c->right.path = lx_claim_path(arena, c->path, "right", err);
    if (c->left.path == NULL || c->right.path == NULL)
        return err->code;
    if (lx_claim_side_read(lx_json_find(obj, "left"), &c->left, NULL, arena, err) != LX_OK ||
        lx_claim_side_read(lx_json_find(obj, "right"), &c->right, &c->left.value, arena, err) !=
            LX_OK)
        return err->code;
    c->metric = c->left.value.metric;
    c->ratio = strcmp(c->metric, "ppl") == 0 && !c->left.value.rank;
    if (same_metric(c, &c->left, err) || same_metric(c, &c->right, err) || same_shape(c, err))
        return err->code;
    return settle_margin(c, &t, err);
}
