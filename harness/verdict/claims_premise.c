/* Reading what must hold before a claim can be tested: `premise` and `requires`. */
#include <math.h>
#include <string.h>

#include "text/nearest.h"
#include "verdict/claims_internal.h"
#include "verdict/entries.h"

#define GATE(f) offsetof(struct lx_claim_gate, f)

const struct lx_option lx_claim_gate_options[] = {
    {.key = "metric",
     .type = LX_OPT_TEXT,
     .offset = GATE(metric),
     .text = "exact_match",
     .help = "a metric of metrics.csv"},
    {.key = "mode",
     .type = LX_OPT_TEXT,
     .offset = GATE(mode),
     .help = "which windows; default: as in the sides"},
    {.key = "at_least",
     .type = LX_OPT_REAL,
     .offset = GATE(at_least),
     .min = -1e9,
     .max = 1e9,
     .help = "what a seed must reach to count",
     .flags = LX_OPT_REQUIRED},
    {.type = LX_OPT_END},
};

/* A standard premise that is about one encoding. */
struct named {
    const char *name, *encoding;
};

const struct lx_option lx_premise_options[] = {
    {.key = "name",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct named, name),
     .help = "far_context, converged, rate_inside, trained, or the id of an earlier claim",
     .flags = LX_OPT_REQUIRED},
    {.key = "encoding",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct named, encoding),
     .help = "the encoding it is asked of; default: those of the claim"},
    {.type = LX_OPT_END},
};

static const char *const standard[] = {
    [LX_PREMISE_FAR_CONTEXT] = "far_context",
    [LX_PREMISE_CONVERGED] = "converged",
    [LX_PREMISE_RATE_INSIDE] = "rate_inside",
    [LX_PREMISE_TRAINED] = "trained",
};
enum { STANDARD = LX_PREMISE_TRAINED + 1, NAMES = 64 };

static enum lx_code find_name(const char *name, const char *path, const struct lx_claims *earlier,
                              const struct lx_claim *self, struct lx_premise *p, struct lx_err *err)
{
    const char *names[NAMES];
    size_t n = 0;

    p->name = name;
    for (int i = 0; i < STANDARD; i++) {
        if (standard[i] == NULL)
            continue;
        names[n++] = standard[i];
        p->kind = i;
        if (strcmp(standard[i], name) == 0)
            return LX_OK;
    }
    p->kind = LX_PREMISE_CLAIM;
    for (const struct lx_claim *c = earlier->item; c < self; c++) {
        if (n < NAMES)
            names[n++] = c->id;
        p->claim = c;
        if (strcmp(c->id, name) == 0)
            return LX_OK;
    }
    return lx_fail_unknown(err, LX_ECONFIG, name, names, n,
                           "%s: must be a standard premise or the id of an earlier claim, got",
                           path);
}

/* {"left": .., "op": .., "right": ..} */
static enum lx_code read_comparison(const struct lx_json *obj, const char *path,
                                    struct lx_premise *p, struct lx_arena *arena,
                                    struct lx_err *err)
{
    static const char *const extra[] = {"left", "right", NULL};
    struct lx_claim *c;

    if (lx_arena_get(arena, 1, sizeof(*c), &c, "claims", err))
        return err->code;
    c->path = path;
    c->id = c->text = c->source = "";
    c->role = LX_CLAIM_CONTROL;
    c->paper = (double)NAN;
    p->kind = LX_PREMISE_COMPARISON;
    p->name = "a comparison";
    p->claim = c;
    return lx_comparison_read(obj, extra, c, arena, err);
}

static enum lx_code read_premise(const struct lx_json *v, const char *path,
                                 const struct lx_claims *earlier, const struct lx_claim *self,
                                 struct lx_premise *p, struct lx_arena *arena, struct lx_err *err)
{
    struct named n;

    if (lx_json_text(v) != NULL) {
        const char *name;

        if (lx_arena_copy(arena, lx_json_text(v), strlen(lx_json_text(v)), &name, err))
            return err->code;
        return find_name(name, path, earlier, self, p, err);
    }
    if (lx_entry_object(v, path, err) != LX_OK)
        return err->code;
    if (lx_json_find(v, "left") != NULL)
        return read_comparison(v, path, p, arena, err);
    if (lx_options_parse(lx_premise_options, v, path, NULL, &n, arena, err))
        return err->code;
    p->encoding = n.encoding;
    return find_name(n.name, path, earlier, self, p, err);
}

static enum lx_code read_gate(const struct lx_json *obj, struct lx_claim *c, struct lx_arena *arena,
                              struct lx_err *err)
{
    static const char *const extra[] = {"length", NULL};
    const char *path = lx_claim_path(arena, c->path, "requires", err);
    const char *length = path ? lx_claim_path(arena, path, "length", err) : NULL;

    if (length == NULL)
        return err->code;
    if (lx_entry_object(obj, path, err) ||
        lx_options_parse(lx_claim_gate_options, obj, path, extra, &c->gate, arena, err))
        return err->code;
    c->gate.given = true;
    if (lx_json_find(obj, "length") == NULL)
        return lx_fail(err, LX_ECONFIG, "%s: must be given", length);
    return lx_claim_length(lx_json_find(obj, "length"), length, &c->gate.length, err);
}

enum lx_code lx_premises_read(const struct lx_json *obj, struct lx_claim *c,
                              const struct lx_claims *earlier, struct lx_arena *arena,
                              struct lx_err *err)
{
    const struct lx_json *list = lx_json_find(obj, "premise"), *v = lx_json_first(list);
    const struct lx_json *gate = lx_json_find(obj, "requires");
    size_t n = lx_json_count(list);

    if (gate != NULL && read_gate(gate, c, arena, err) != LX_OK)
        return err->code;
    if (list != NULL && lx_json_type(list) != LX_JSON_ARRAY)
        return lx_fail(err, LX_ECONFIG, "%s.premise: must be an array, got %s", c->path,
                       lx_json_type_name(lx_json_type(list)));
    if (n == 0)
        return LX_OK;
    if (lx_arena_get(arena, n, sizeof(*c->premise), &c->premise, "claims", err))
        return err->code;
    for (; c->n_premises < n; c->n_premises++, v = lx_json_next(v)) {
        const char *path;

        if (lx_arena_format(arena, &path, err, "%s.premise[%zu]", c->path, c->n_premises) ||
            read_premise(v, path, earlier, c, &c->premise[c->n_premises], arena, err))
            return err->code;
    }
    return LX_OK;
}
