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
    if (c->right.constant && !c->ratio) /* the value itself is written, an effect is a difference */
        c->paper -= c->times * c->right.number;
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
