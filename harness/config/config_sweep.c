/* Sweeps: leaves of "model" and "train" that take several values, and the variants they span. */
#include <string.h>

#include "config/config_internal.h"
#include "eval/answers.h"

static const struct lx_json *section_of(const struct lx_config *c, const char *section)
{
    return strcmp(section, "model") == 0 ? c->model : c->train;
}

static bool same_leaf(const struct lx_json *a, const struct lx_json *b)
{
    enum lx_json_type t = lx_json_type(a);

    if (t != lx_json_type(b))
        return false;
    if (t == LX_JSON_TEXT)
        return strcmp(lx_json_text(a), lx_json_text(b)) == 0;
    if (t == LX_JSON_BOOL)
        return lx_json_bool(a) == lx_json_bool(b);
    return !(lx_json_number(a) < lx_json_number(b)) && !(lx_json_number(a) > lx_json_number(b));
}

static enum lx_code check_values(const struct lx_sweep *s, struct lx_err *err)
{
    size_t i = 0;

    for (const struct lx_json *v = lx_json_first(s->values); v != NULL; v = lx_json_next(v), i++) {
        enum lx_json_type t = lx_json_type(v);

        if (t == LX_JSON_OBJECT || t == LX_JSON_ARRAY || t == LX_JSON_NULL)
            return lx_fail(err, LX_ECONFIG,
                           "%s.%s.sweep[%zu]: must be a number, a string, true or false, got %s",
                           s->section, s->key, i, lx_json_type_name(t));
        for (const struct lx_json *u = lx_json_first(s->values); u != v; u = lx_json_next(u))
            if (same_leaf(u, v))
                return lx_fail(err, LX_ECONFIG, "%s.%s.sweep[%zu]: must not repeat a value",
                               s->section, s->key, i);
    }
    return LX_OK;
}

static enum lx_code read_sweep(struct lx_sweep *s, const struct lx_json *member, const char *path,
                               struct lx_err *err)
{
    static const char *const keys[] = {"sweep", NULL};

    if (lx_config_keys(member, path, keys, err))
        return err->code;
    s->key = lx_json_key(member);
    s->values = lx_json_find(member, "sweep");
    s->n = lx_json_count(s->values);
    if (lx_json_type(s->values) != LX_JSON_ARRAY || s->n == 0)
        return lx_fail(err, LX_ECONFIG, "%s.sweep: must be an array of at least one value", path);
    return check_values(s, err);
}

enum lx_code lx_config_sweeps(struct lx_config *c, struct lx_err *err)
{
    static const char *const sections[] = {"model", "train"};
    size_t most = lx_json_count(c->model) + lx_json_count(c->train);

    if (most == 0)
        return LX_OK;
    if (lx_arena_get(&c->arena, most, sizeof(*c->sweeps), &c->sweeps, "sweeps", err))
        return err->code;
    for (size_t i = 0; i < 2; i++) {
        const struct lx_json *m = lx_json_first(section_of(c, sections[i]));

        for (; m != NULL; m = lx_json_next(m)) {
            struct lx_sweep *s = &c->sweeps[c->n_sweeps];
            const char *path;

            if (lx_json_type(m) != LX_JSON_OBJECT)
                continue;
            s->section = sections[i];
            if (lx_arena_format(&c->arena, &path, err, "%s.%s", sections[i], lx_json_key(m)) ||
                read_sweep(s, m, path, err))
                return err->code;
            c->n_sweeps++;
        }
    }
    return LX_OK;
}

size_t lx_config_pick(const struct lx_config *c, size_t v, size_t s)
{
    for (size_t i = c->n_sweeps - 1; i > s; i--)
        v /= c->sweeps[i].n;
    return v % c->sweeps[s].n;
}

/* The section with the values of variant v in place of its sweeps; free with lx_json_free. */
static enum lx_code pick_section(const struct lx_config *c, const char *section, size_t v,
                                 struct lx_json **out, struct lx_err *err)
{
    const struct lx_json *from = section_of(c, section);

    *out = NULL;
    if (from == NULL)
        return LX_OK;
    if (lx_json_clone(from, out, err))
        return err->code;
    for (size_t s = 0; s < c->n_sweeps; s++) {
        const struct lx_json *value = lx_json_first(c->sweeps[s].values);

        if (strcmp(c->sweeps[s].section, section) != 0)
            continue;
        for (size_t i = lx_config_pick(c, v, s); i > 0; i--)
            value = lx_json_next(value);
        if (lx_json_replace(*out, c->sweeps[s].key, value, err))
            return err->code;
    }
    return LX_OK;
}

/* What is learned, by what a query sees. */
static enum lx_code check_objective(const struct lx_config_variant *v,
                                    const struct lx_config_dataset *d, struct lx_err *err)
{
    bool masked = v->train.masking.objective == LX_OBJECTIVE_MASKED;

    if (!masked && lx_model_both(&v->model))
        return lx_fail(err, LX_ECONFIG,
                       "train.objective: must be masked with model.attention bidirectional, where "
                       "every token sees the next one, got next");
    if (masked && d->ops->examples != NULL)
        return lx_fail(err, LX_ECONFIG,
                       "train.objective: masked needs a dataset that is a stream of tokens, got %s",
                       d->ops->name);
    return LX_OK;
}

static enum lx_code check_model(struct lx_model_config *m, const struct lx_config_dataset *d,
                                bool masked, struct lx_err *err)
{
    int vocab = d->ops->vocab(d->self) + (masked ? 1 : 0);

    if (m->vocab == 0)
        m->vocab = vocab;
    if (m->vocab < vocab)
        return lx_fail(err, LX_ECONFIG,
                       "model.vocab: must be at least %d, the tokens of %s%s, got %d", vocab,
                       d->path, masked ? " and one for hidden ones" : "", m->vocab);
    return lx_model_config_check(m, err) == LX_OK ? LX_OK : lx_config_at(err, "model");
}

/* Every size that is trained or asked for can be made, and nothing reads windows of a stream. */
static enum lx_code check_examples(const struct lx_config *c, const struct lx_config_dataset *d,
                                   const struct lx_config_variant *v, struct lx_err *err)
{
    if (d->ops->examples == NULL && v->train.stop_at > 0)
        return lx_fail(
            err, LX_ECONFIG,
            "train.stop_at: must be left out: %s is a stream, without answers to ask for", d->path);
    if (d->ops->examples == NULL)
        return LX_OK;
    if (v->train.masking.objective == LX_OBJECTIVE_MASKED)
        return lx_fail(
            err, LX_ECONFIG,
            "train.objective: must be next: %s is made of examples, whose answers follow", d->path);
    if (lx_json_count(c->analyses) > 0)
        return lx_fail(err, LX_ECONFIG,
                       "analyses: must be left out: they read windows of a stream, and %s is made "
                       "of examples",
                       d->path);
    return lx_answers_check(&v->eval, d->ops->examples, d->self, v->train.length, err)
               ? lx_config_at(err, d->path)
               : LX_OK;
}

static enum lx_code parse_sections(const struct lx_config *c, const struct lx_config_dataset *d,
                                   const struct lx_json *model, const struct lx_json *train,
                                   struct lx_arena *arena, struct lx_config_variant *out,
                                   struct lx_err *err)
{
    if (lx_options_parse(lx_model_options, model, "model", NULL, &out->model, arena, err) ||
        lx_options_parse(lx_train_options, train, "train", NULL, &out->train, arena, err))
        return strstr(err->text, "got an array") != NULL
                   ? lx_hint(err, "several values, one after the other: {\"sweep\": [...]}")
                   : err->code;
    if (check_model(&out->model, d, out->train.masking.objective == LX_OBJECTIVE_MASKED, err) ||
        check_objective(out, d, err))
        return err->code;
    if (lx_train_config_check(&out->train, err))
        return lx_config_at(err, "train");
    if (lx_eval_config_parse(&out->eval, c->eval, "eval", out->train.length,
                             d->ops->examples != NULL, arena, err) ||
        check_examples(c, d, out, err) ||
        lx_eval_config_masking(&out->eval, &out->train.masking, lx_json_find(c->eval, "modes"),
                               "eval", err) ||
        lx_analyses_parse(&out->analyses, c->analyses, "analyses", &out->model, &out->eval,
                          out->train.length, arena, err))
        return err->code;
    return lx_analyses_check_dataset(&out->analyses, "analyses", d->ops, d->self, err);
}

static enum lx_code read_variant(struct lx_config *c, size_t d, size_t v, struct lx_err *err)
{
    struct lx_json *model = NULL, *train = NULL;
    enum lx_code code = pick_section(c, "model", v, &model, err);

    if (code == LX_OK && (pick_section(c, "train", v, &train, err) ||
                          parse_sections(c, &c->datasets[d], model, train, &c->arena,
                                         &c->variants[d * c->n_variants + v], err)))
        code = err->code;
    lx_json_free(model);
    lx_json_free(train);
    return code;
}

enum lx_code lx_config_variants(struct lx_config *c, struct lx_err *err)
{
    c->n_variants = 1;
    for (size_t s = 0; s < c->n_sweeps; s++)
        c->n_variants *= c->sweeps[s].n;
    if (lx_arena_get(&c->arena, c->n_datasets * c->n_variants, sizeof(*c->variants), &c->variants,
                     "variants", err))
        return err->code;
    for (size_t d = 0; d < c->n_datasets; d++)
        for (size_t v = 0; v < c->n_variants; v++)
            if (read_variant(c, d, v, err))
                return err->code;
    return LX_OK;
}

const struct lx_config_variant *lx_config_variant(const struct lx_config *c, size_t d, size_t v)
{
    return &c->variants[d * c->n_variants + v];
}

int lx_variant_longest(const struct lx_config_variant *v)
{
    int longest = v->train.length, last = v->eval.lengths[v->eval.n_lengths - 1];
    int analysed = lx_analyses_longest(&v->analyses);

    longest = last > longest ? last : longest;
    return analysed > longest ? analysed : longest;
}
