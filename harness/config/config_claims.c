/* The claims and published numbers of a config: their grammar is the report's, which reads them
 * again from the results folder; what they name must be in this config. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/config_internal.h"
#include "core/metric_list.h"
#include "text/nearest.h"
#include "verdict/claims.h"
#include "verdict/published.h"

static bool has_analyses(const struct lx_config *c)
{
    return lx_json_count(lx_json_find(c->doc, "analyses")) > 0;
}

/* Fails with the nearest of n names that would do. */
static enum lx_code unknown(const char *path, const char *key, const char *rule, const char *got,
                            const char *const *names, size_t n, struct lx_err *err)
{
    return lx_fail_unknown(err, LX_ECONFIG, got, names, n, "%s.%s: must be %s, got", path, key,
                           rule);
}

static enum lx_code check_encoding(const struct lx_config *c, const char *path,
                                   const char *encoding, const char *evaluated_as,
                                   struct lx_err *err)
{
    const struct lx_config_encoding *e = NULL;
    const char *names[LX_NAMES];
    size_t n = 0;

    for (size_t i = 0; i < c->n_encodings; i++) {
        if (n < LX_NAMES)
            names[n++] = c->encodings[i].trained.id;
        /* Swept values in brackets are known once the cells are. */
        if (strncmp(encoding, c->encodings[i].trained.id, strcspn(encoding, "[")) == 0 &&
            c->encodings[i].trained.id[strcspn(encoding, "[")] == '\0')
            e = &c->encodings[i];
    }
    if (e == NULL)
        return unknown(path, "encoding", "the id of an encoding of this config", encoding, names, n,
                       err);
    if (evaluated_as == NULL)
        return LX_OK;
    n = 0;
    for (size_t i = 0; i < e->n_evaluate_as; i++) {
        const char *id = e->evaluate_as[i].id;

        if (n < LX_NAMES)
            names[n++] = id;
        if (lx_claim_names(evaluated_as, id))
            return LX_OK;
    }
    /* An analysis names what it evaluates "id+suffix". */
    if (has_analyses(c) && strchr(evaluated_as, '+') != NULL)
        return LX_OK;
    return unknown(path, "evaluated_as", "the id of a stack in evaluate_as of that encoding",
                   evaluated_as, names, n, err);
}

static enum lx_code check_dataset(const struct lx_config *c, const char *path, const char *id,
                                  struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t n = 0;

    if (id == NULL)
        return LX_OK;
    for (size_t i = 0; i < c->n_datasets; i++) {
        if (n < LX_NAMES)
            names[n++] = c->datasets[i].id;
        if (strcmp(c->datasets[i].id, id) == 0)
            return LX_OK;
    }
    return unknown(path, "dataset", "the id of a dataset of this config", id, names, n, err);
}

static bool is_mode(const char *name)
{
    for (int m = 0; m < LX_MODES; m++)
        if (strcmp(name, lx_eval_mode_name((enum lx_eval_mode)m)) == 0)
            return true;
    return false;
}

/* A mode, if it is given, is one that `eval` has on, or of an analysis. */
static enum lx_code check_mode(const struct lx_eval_config *eval, bool analysed, const char *path,
                               const char *mode, struct lx_err *err)
{
    const char *names[LX_MODES];
    size_t n = 0;

    if (mode == NULL || (analysed && !is_mode(mode)))
        return LX_OK;
    for (int m = 0; m < LX_MODES; m++)
        if (eval->modes[m]) {
            names[n++] = lx_eval_mode_name((enum lx_eval_mode)m);
            if (strcmp(names[n - 1], mode) == 0)
                return LX_OK;
        }
    return unknown(path, "mode", "one of eval.modes", mode, names, n, err);
}

static enum lx_code check_length(const struct lx_config_variant *v,
                                 const struct lx_claim_value *value, const char *path,
                                 struct lx_err *err)
{
    double length = lx_length_tokens(&value->length, v->train.length);
    struct lx_buf all = {0};

    for (int i = 0; i < v->eval.n_lengths; i++)
        if (!(v->eval.lengths[i] < length || v->eval.lengths[i] > length))
            return LX_OK;
    for (int i = 0; i < v->eval.n_lengths; i++)
        lx_buf_printf(&all, "%s%d", i > 0 ? ", " : "", v->eval.lengths[i]);
    (void)lx_fail(err, LX_ECONFIG, "%s.length: must be one of eval.lengths (%s), got %.9g", path,
                  all.text != NULL ? all.text : "", length);
    lx_buf_free(&all);
    return lx_hint(err, "the override claims='[]' drops all claims");
}

/* A layer and a head are of attention, and both or neither: a row is of one head, or of all. */
static enum lx_code check_head(const struct lx_config_variant *v,
                               const struct lx_claim_value *value, const char *path,
                               struct lx_err *err)
{
    const struct lx_metric_info *m = lx_metric_find(value->metric);
    bool heads = (m->rows & LX_METRIC_HEADS) != 0;

    if (heads && !v->eval.attention)
        return lx_fail(err, LX_ECONFIG, "%s.metric: must not be %s, since eval.attention is false",
                       path, m->name);
    if (value->layer < 0 && value->head < 0)
        return LX_OK;
    if (!heads)
        return lx_fail(err, LX_ECONFIG, "%s.%s: must be left out: %s is not measured by layer",
                       path, value->layer >= 0 ? "layer" : "head", m->name);
    if (value->layer >= v->model.layers)
        return lx_fail(err, LX_ECONFIG,
                       "%s.layer: must be below %d, the layers of the model, got %d", path,
                       v->model.layers, value->layer);
    if (value->head >= v->model.heads)
        return lx_fail(err, LX_ECONFIG, "%s.head: must be below %d, the heads of the model, got %d",
                       path, v->model.heads, value->head);
    if (value->layer < 0 || value->head < 0)
        return lx_fail(err, LX_ECONFIG, "%s.%s: must be given: a layer is measured head by head",
                       path, value->layer < 0 ? "layer" : "head");
    if (!v->eval.per_head)
        return lx_fail(err, LX_ECONFIG, "%s.head: must be left out, since eval.per_head is false",
                       path);
    return LX_OK;
}

/* Whether `position` is where a bin begins: four to an octave, for heads one (from 16 on). */
static bool begins_bin(unsigned rows, double position)
{
    if ((rows & LX_METRIC_HEADS) != 0)
        return position == 0.0 || (position >= 16.0 && exp2(floor(log2(position))) == position);
    for (int b = 0; lx_eval_bin_start(b) <= position; b++)
        if (lx_eval_bin_start(b) == position)
            return true;
    return false;
}

/* Positions are those of the window, and whole bins, since nothing finer is measured. */
static enum lx_code check_positions(const struct lx_config_variant *v,
                                    const struct lx_claim_value *value, const char *path,
                                    struct lx_err *err)
{
    unsigned rows = lx_metric_find(value->metric)->rows;
    double T = lx_length_tokens(&value->length, v->train.length);
    double lo = lx_length_tokens(&value->lo, v->train.length);
    double hi = lx_length_tokens(&value->hi, v->train.length);

    if (!value->positions)
        return LX_OK;
    if (strcmp(value->metric, "ppl") == 0) /* read as the NLL that it is the exponential of */
        rows = lx_metric_find("nll")->rows;
    if ((rows & (LX_METRIC_POSITIONS | LX_METRIC_HEADS)) == 0)
        return lx_fail(err, LX_ECONFIG,
                       "%s.positions: must be left out: %s is not measured by position", path,
                       value->metric);
    if (!(lo < hi) || hi > T)
        return lx_fail(err, LX_ECONFIG,
                       "%s.positions: must rise and end in the window of %.9g tokens, got [%.9g, "
                       "%.9g)",
                       path, T, lo, hi);
    if (!begins_bin(rows, lo) || (!begins_bin(rows, hi) && hi < T))
        return lx_fail(err, LX_ECONFIG,
                       "%s.positions: must begin and end where bins do, 0, 1, 2, 4, 8, 16 and then "
                       "%s, got [%.9g, %.9g)",
                       path,
                       (rows & LX_METRIC_HEADS) != 0 ? "each power of 2 (for attention from 16)"
                                                     : "four to an octave",
                       lo, hi);
    return LX_OK;
}

/* Analyses have metrics, modes and lengths of their own, which are known once they have run: a claim
 * about one is undecided, with the reason, if there are none. */
static enum lx_code check_metric(const struct lx_config *c, const char *path, const char *metric,
                                 struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t n = 0;

    if (lx_metric_evaluated(metric) || has_analyses(c))
        return LX_OK;
    for (int i = 0; i < lx_metric_count() && n < LX_NAMES; i++)
        if (lx_metric_at(i)->rows != 0)
            names[n++] = lx_metric_at(i)->name;
    return unknown(path, "metric", "a metric of metrics.csv", metric, names, n, err);
}

/* Tasks are scored by their answers: where the value has nothing else, it has no perplexity. */
static enum lx_code check_answers(const struct lx_config *c, const char *path,
                                  const struct lx_claim_value *value, struct lx_err *err)
{
    if (strcmp(value->metric, "ppl") != 0 && strcmp(value->metric, "nll") != 0)
        return LX_OK;
    for (size_t d = 0; d < c->n_datasets; d++)
        if ((value->dataset == NULL || strcmp(value->dataset, c->datasets[d].id) == 0) &&
            !lx_config_variant(c, d, 0)->eval.modes[LX_MODE_ANSWERS])
            return LX_OK;
    return lx_fail(err, LX_ECONFIG,
                   "%s.metric: must be one of answers, like exact_match, since tasks have no "
                   "perplexity, got %s",
                   path, value->metric);
}

/* Every length that is trained and that the value is claimed for. */
static enum lx_code check_value(const struct lx_config *c, const struct lx_claim_value *value,
                                const char *path, struct lx_err *err)
{
    bool trained = false;

    if (check_encoding(c, path, value->encoding, value->evaluated_as, err) ||
        check_dataset(c, path, value->dataset, err) || check_metric(c, path, value->metric, err) ||
        check_answers(c, path, value, err))
        return err->code;
    for (size_t i = 0; i < c->n_variants; i++) {
        const struct lx_config_variant *v = lx_config_variant(c, 0, i);

        if (value->train_length > 0 && value->train_length != v->train.length)
            continue;
        trained = true;
        if (lx_metric_evaluated(value->metric) &&
            (check_mode(&v->eval, has_analyses(c), path, value->mode, err) ||
             check_length(v, value, path, err) || check_head(v, value, path, err) ||
             check_positions(v, value, path, err)))
            return err->code;
    }
    if (!trained)
        return lx_fail(err, LX_ECONFIG, "%s.train_length: must be a train.length, got %d", path,
                       value->train_length);
    return LX_OK;
}

/* Every value of a comparison, and that its sides are of the same targets. */
static enum lx_code check_comparison(const struct lx_config *c, const struct lx_claim *claim,
                                     struct lx_err *err)
{
    const char *why;

    for (int i = 0; i < LX_CLAIM_VALUES; i++) {
        const struct lx_claim_value *v = lx_claim_value_at(claim, i);
        char path[200];

        (void)snprintf(path, sizeof(path), "%s%s", i < 2 ? claim->left.path : claim->right.path,
                       i % 2 ? ".minus" : "");
        if (v != NULL && check_value(c, v, path, err) != LX_OK)
            return err->code;
    }
    lx_claim_comparable(claim, &why);
    return why != NULL ? lx_fail(err, LX_ECONFIG, "%s: %s", claim->path, why) : LX_OK;
}

/* The gate is asked of each encoding as trained. */
static enum lx_code check_gate(const struct lx_config *c, const struct lx_claim *claim,
                               struct lx_err *err)
{
    char path[200];

    (void)snprintf(path, sizeof(path), "%s.requires", claim->path);
    for (int i = 0; i < LX_CLAIM_VALUES && claim->gate.given; i++) {
        const struct lx_claim_value *of = lx_claim_value_at(claim, i);
        struct lx_claim_value v = {.metric = claim->gate.metric,
                                   .mode = claim->gate.mode,
                                   .layer = -1,
                                   .head = -1,
                                   .length = claim->gate.length};

        if (of == NULL)
            continue;
        v.encoding = of->encoding;
        v.train_length = of->train_length;
        if (check_value(c, &v, path, err) != LX_OK)
            return err->code;
    }
    return LX_OK;
}

static enum lx_code check_claim(const struct lx_config *c, const struct lx_claim *claim,
                                struct lx_err *err)
{
    if (check_comparison(c, claim, err) || check_gate(c, claim, err))
        return err->code;
    for (size_t i = 0; i < claim->n_premises; i++) {
        const struct lx_premise *p = &claim->premise[i];
        char path[200];

        (void)snprintf(path, sizeof(path), "%s.premise[%zu]", claim->path, i);
        if ((p->kind == LX_PREMISE_COMPARISON && check_comparison(c, p->claim, err) != LX_OK) ||
            (p->encoding != NULL && check_encoding(c, path, p->encoding, NULL, err) != LX_OK))
            return err->code;
    }
    return LX_OK;
}

static enum lx_code check_published(const struct lx_config *c, const struct lx_published *t,
                                    struct lx_err *err)
{
    if (check_dataset(c, t->path, t->dataset, err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct lx_published_row *row = &t->row[i];

        if (row->encoding != NULL &&
            check_encoding(c, row->path, row->encoding, row->evaluated_as, err) != LX_OK)
            return err->code;
    }
    return LX_OK;
}

enum lx_code lx_config_claims(struct lx_config *c, struct lx_err *err)
{
    struct lx_claims claims;
    struct lx_published_list published;

    c->claims = lx_json_find(c->doc, "claims");
    c->published = lx_json_find(c->doc, "published");
    if (lx_claims_parse(&claims, c->claims, &c->arena, err) != LX_OK ||
        lx_published_parse(&published, c->published, &c->arena, err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < claims.n; i++)
        if (check_claim(c, &claims.item[i], err) != LX_OK)
            return err->code;
    for (size_t i = 0; i < published.n; i++)
        if (check_published(c, &published.item[i], err) != LX_OK)
            return err->code;
    return LX_OK;
}
