/* Reading the claims of a config; the grammar is in claims.h. */
#include "verdict/claims.h"

#include <math.h>
#include <string.h>

#include "verdict/claims_internal.h"
#include "verdict/entries.h"

/* What the option tables fill; the rest is worked out from it. */
struct claim_text {
    const char *id, *text, *source;
    int role;
    double paper;
};

struct comparison_text {
    int op;
    double margin, ratio, times, smallest;
};

#define CLAIM(f) offsetof(struct claim_text, f)

const struct lx_option lx_claim_options[] = {
    {.key = "id",
     .type = LX_OPT_TEXT,
     .offset = CLAIM(id),
     .help = "short name, unique",
     .flags = LX_OPT_REQUIRED},
    {.key = "text",
     .type = LX_OPT_TEXT,
     .offset = CLAIM(text),
     .help = "the claim in words",
     .flags = LX_OPT_REQUIRED},
    {.key = "source",
     .type = LX_OPT_TEXT,
     .offset = CLAIM(source),
     .help = "who claims it, and where: author, year, arXiv id, table or section",
     .flags = LX_OPT_REQUIRED},
    {.key = "role",
     .type = LX_OPT_CHOICE,
     .offset = CLAIM(role),
     .text = "primary|secondary|control",
     .help = "primary: one of the family that is corrected for; control: a test of the program"},
    {.key = "paper",
     .type = LX_OPT_REAL,
     .offset = CLAIM(paper),
     .def = (double)NAN,
     .min = -1e9,
     .max = 1e9,
     .help = "the effect that the paper's own numbers give, printed beside ours"},
    {.type = LX_OPT_END},
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

static enum lx_code read_claim(const struct lx_json *obj, void *entry, void *context,
                               struct lx_arena *arena, struct lx_err *err)
{
    static const char *const mine[] = {"op",   "margin", "ratio",   "times",    "smallest",
                                       "left", "right",  "premise", "requires", NULL};
    static const char *const others[] = {"id",   "text",  "source",  "role",     "paper",
                                         "left", "right", "premise", "requires", NULL};
    struct lx_claim *c = entry;
    const struct lx_claims *all = context;
    struct claim_text t;

    if (lx_options_parse(lx_claim_options, obj, c->path, mine, &t, arena, err))
        return err->code;
    if (t.id[0] == '\0' || t.text[0] == '\0' || t.source[0] == '\0')
        return lx_fail(err, LX_ECONFIG, "%s: id, text and source must not be empty", c->path);
    c->id = t.id;
    c->text = t.text;
    c->source = t.source;
    c->role = t.role;
    c->paper = t.paper;
    if (lx_comparison_read(obj, others, c, arena, err) != LX_OK)
        return err->code;
    for (const struct lx_claim *before = all->item; before < c; before++)
        if (strcmp(before->id, c->id) == 0)
            return lx_fail(err, LX_ECONFIG, "%s.id: must be unique, got \"%.80s\" as in %s",
                           c->path, c->id, before->path);
    return lx_premises_read(obj, c, all, arena, err);
}

enum lx_code lx_claims_parse(struct lx_claims *c, const struct lx_json *list,
                             struct lx_arena *arena, struct lx_err *err)
{
    const struct lx_entries entries = {"claims", sizeof(*c->item), read_claim, c};

    *c = (struct lx_claims){0};
    return lx_entries_read(&entries, list, &c->item, &c->n, arena, err);
}

const struct lx_claim_value *lx_claim_value_at(const struct lx_claim *c, int i)
{
    const struct lx_claim_side *side = i < 2 ? &c->left : &c->right;

    if (side->constant)
        return NULL;
    if (i % 2 == 0)
        return &side->value;
    return side->has_minus ? &side->minus : NULL;
}

bool lx_claim_of_losses(const struct lx_claim *c)
{
    return !c->left.value.rank && (c->ratio || strcmp(c->metric, "nll") == 0);
}
