/* The "eval" section of a config. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval/evaluate.h"
#include "text/length.h"
#include "text/nearest.h"

const struct lx_option lx_eval_options[] = {
    {"tokens", LX_OPT_INT, offsetof(struct lx_eval_config, tokens), 65536, 1, 2000000000, NULL,
     "target tokens scored at every length (rounded down to a multiple of the longest)", 0},
    {"last_tokens", LX_OPT_INT, offsetof(struct lx_eval_config, last_tokens), 0, 0, 2000000000,
     NULL, "mode last: target tokens scored at every length, 0 = half of tokens", 0},
    {"stride", LX_OPT_INT, offsetof(struct lx_eval_config, stride), 0, 0, 1 << 24, NULL,
     "modes sliding and last: targets a window scores, 0 = a quarter of the training length", 0},
    {"split", LX_OPT_CHOICE, offsetof(struct lx_eval_config, split), LX_SPLIT_VALID, 0, 0,
     LX_SPLIT_NAMES, "which split is scored", 0},
    {"attention", LX_OPT_BOOL, offsetof(struct lx_eval_config, attention), 1, 0, 1, NULL,
     "measure attention entropy and max-probability", 0},
    {"per_head", LX_OPT_BOOL, offsetof(struct lx_eval_config, per_head), 1, 0, 1, NULL,
     "attention of each layer and head too, beside the mean over all", LX_OPT_LATER},
    {"precision", LX_OPT_CHOICE, offsetof(struct lx_eval_config, precision), LX_FLOAT32, 0, 0,
     LX_PRECISION_NAMES, "as in train", LX_OPT_LATER},
    {"batch_tokens", LX_OPT_INT, offsetof(struct lx_eval_config, batch_tokens), 4096, 1, 1 << 24,
     NULL, "tokens of a forward pass (at least one window)", 0},
    {"examples", LX_OPT_INT, offsetof(struct lx_eval_config, examples), 512, 2, 1 << 20, NULL,
     "mode answers: examples of each size", LX_OPT_LATER},
    {"points", LX_OPT_INT, offsetof(struct lx_eval_config, points), 1, 1, 64, NULL,
     "mode answers: sizes at each length, evenly up from the length before", LX_OPT_LATER},
    {.type = LX_OPT_END},
};

static const char *const mode_names[LX_MODES] = {"nonoverlapping", "sliding", "last", "answers"};
static const char *const list_keys[] = {"lengths", "modes", NULL};

const char *lx_eval_mode_name(enum lx_eval_mode m)
{
    return mode_names[m];
}

/* "2x" or a number of tokens. */
static enum lx_code parse_length(const struct lx_json *v, const char *path, int i, int train_length,
                                 int *out, struct lx_err *err)
{
    struct lx_length length;
    double x;

    if (!lx_length_parse(v, &length)) {
        if (lx_json_type(v) == LX_JSON_TEXT)
            return lx_fail(err, LX_ECONFIG,
                           "%s.lengths[%d]: must be a number of tokens or a multiple of the "
                           "training length like \"2x\", got \"%s\"",
                           path, i, lx_json_text(v));
        return lx_fail(err, LX_ECONFIG,
                       "%s.lengths[%d]: must be a number of tokens or a multiple like \"2x\", got "
                       "%s",
                       path, i, lx_json_type_name(lx_json_type(v)));
    }
    x = lx_length_tokens(&length, train_length);
    if (!(x >= 1) || x > 16777216 || floor(x) != x)
        return lx_fail(err, LX_ECONFIG,
                       "%s.lengths[%d]: must be a whole number of tokens from 1 to 16777216, got "
                       "%.9g",
                       path, i, x);
    *out = (int)x;
    return LX_OK;
}

enum lx_code lx_eval_lengths_parse(const struct lx_json *list, const char *path, int train_length,
                                   int *lengths, int *n, struct lx_err *err)
{
    *n = 0;
    if (list == NULL) {
        for (; *n < 4; (*n)++)
            lengths[*n] = train_length << *n;
        return LX_OK;
    }
    if (lx_json_type(list) != LX_JSON_ARRAY)
        return lx_fail(err, LX_ECONFIG, "%s.lengths: must be an array, got %s", path,
                       lx_json_type_name(lx_json_type(list)));
    if (lx_json_count(list) < 1 || lx_json_count(list) > LX_EVAL_LENGTHS)
        return lx_fail(err, LX_ECONFIG, "%s.lengths: must have 1 to %d elements, got %zu", path,
                       LX_EVAL_LENGTHS, lx_json_count(list));
    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v)) {
        int i = *n;

        if (parse_length(v, path, i, train_length, &lengths[i], err))
            return err->code;
        if (i > 0 && lengths[i] <= lengths[i - 1])
            return lx_fail(err, LX_ECONFIG, "%s.lengths[%d]: must ascend, got %d after %d", path, i,
                           lengths[i], lengths[i - 1]);
        (*n)++;
    }
    return LX_OK;
}

/* What is asked by default of examples: 1, 1.25, 1.5, 2, 4 and 8 times the training length. */
static void default_lengths(struct lx_eval_config *c, int train_length)
{
    static const int quarters[] = {4, 5, 6, 8, 16, 32};

    c->n_lengths = 0;
    for (size_t i = 0; i < sizeof(quarters) / sizeof(quarters[0]); i++) {
        int T = (int)((long long)train_length * quarters[i] / 4);

        if (c->n_lengths == 0 || T > c->lengths[c->n_lengths - 1])
            c->lengths[c->n_lengths++] = T;
    }
}

/* Windows are read of a stream, answers asked of examples. */
static enum lx_code check_modes(const struct lx_eval_config *c, const char *path, bool examples,
                                struct lx_err *err)
{
    for (int m = 0; m < LX_MODES; m++) {
        if (!c->modes[m] || (m == LX_MODE_ANSWERS) == examples)
            continue;
        if (examples)
            return lx_fail(err, LX_ECONFIG,
                           "%s.modes: must be answers alone, since the dataset is made of "
                           "examples, got \"%s\"",
                           path, mode_names[m]);
        return lx_fail(err, LX_ECONFIG,
                       "%s.modes: must be without answers, since the dataset is a stream of tokens",
                       path);
    }
    return LX_OK;
}

static enum lx_code parse_modes(struct lx_eval_config *c, const struct lx_json *list,
                                const char *path, bool examples, struct lx_err *err)
{
    if (list == NULL && examples) {
        c->modes[LX_MODE_ANSWERS] = true;
        return LX_OK;
    }
    if (list == NULL) {
        c->modes[LX_MODE_LAST] = c->modes[LX_MODE_NONOVERLAPPING] = true;
        return LX_OK;
    }
    if (lx_json_type(list) != LX_JSON_ARRAY || lx_json_count(list) < 1)
        return lx_fail(err, LX_ECONFIG, "%s.modes: must be a non-empty array of names", path);
    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v)) {
        const char *name = lx_json_type(v) == LX_JSON_TEXT ? lx_json_text(v) : "";
        int m = 0;

        while (m < LX_MODES && strcmp(name, mode_names[m]) != 0)
            m++;
        if (m == LX_MODES)
            return lx_fail_unknown(
                err, LX_ECONFIG, name, mode_names, LX_MODES,
                "%s.modes: must be one of nonoverlapping, sliding, last, answers, got", path);
        if (c->modes[m])
            return lx_fail(err, LX_ECONFIG, "%s.modes: \"%s\" stands twice", path, name);
        c->modes[m] = true;
    }
    return check_modes(c, path, examples, err);
}

enum lx_code lx_eval_config_parse(struct lx_eval_config *c, const struct lx_json *obj,
                                  const char *path, int train_length, bool examples,
                                  struct lx_arena *arena, struct lx_err *err)
{
    int longest;

    memset(c, 0, sizeof(*c));
    if (lx_options_parse(lx_eval_options, obj, path, list_keys, c, arena, err) ||
        lx_eval_lengths_parse(lx_json_find(obj, "lengths"), path, train_length, c->lengths,
                              &c->n_lengths, err) ||
        parse_modes(c, lx_json_find(obj, "modes"), path, examples, err))
        return err->code;
    if (examples && lx_json_find(obj, "lengths") == NULL)
        default_lengths(c, train_length);
    if (c->stride == 0)
        c->stride = train_length >= 4 ? train_length / 4 : 1;
    if (c->last_tokens == 0)
        c->last_tokens = c->tokens / 2 > 0 ? c->tokens / 2 : 1;
    c->train_length = train_length;
    longest = c->lengths[c->n_lengths - 1];
    if ((c->modes[LX_MODE_SLIDING] || c->modes[LX_MODE_LAST]) && c->stride > c->lengths[0]) {
        (void)lx_fail(err, LX_ECONFIG,
                      "%s.stride: must be at most the shortest length = %d, got %d", path,
                      c->lengths[0], c->stride);
        return c->lengths[0] >= train_length
                   ? err->code
                   : lx_hint(
                         err,
                         "a length is a number of tokens; multiples of the training length = %d "
                         "are written \"%dx\"",
                         train_length, c->lengths[0]);
    }
    if (c->tokens < longest && !examples)
        return lx_fail(err, LX_ECONFIG,
                       "%s.tokens: must be at least the longest length = %d, got %d", path, longest,
                       c->tokens);
    return LX_OK;
}

enum lx_code lx_eval_config_masking(struct lx_eval_config *c, const struct lx_masking *masking,
                                    const struct lx_json *modes, const char *path,
                                    struct lx_err *err)
{
    c->masking = *masking;
    if (masking->objective != LX_OBJECTIVE_MASKED)
        return LX_OK;
    if (modes == NULL)
        c->modes[LX_MODE_LAST] = false;
    for (int m = 0; m < LX_MODES; m++)
        if (c->modes[m] && m != LX_MODE_NONOVERLAPPING)
            return lx_fail(err, LX_ECONFIG,
                           "%s.modes: must be nonoverlapping alone with train.objective masked, "
                           "whose targets have context on both sides, got \"%s\"",
                           path, mode_names[m]);
    return LX_OK;
}

void lx_eval_config_write(const struct lx_eval_config *c, struct lx_json_writer *w)
{
    lx_json_open_array(w, "lengths");
    for (int i = 0; i < c->n_lengths; i++)
        lx_json_add_int(w, NULL, c->lengths[i]);
    lx_json_close_array(w);
    lx_json_open_array(w, "modes");
    for (int m = 0; m < LX_MODES; m++)
        if (c->modes[m])
            lx_json_add_text(w, NULL, mode_names[m]);
    lx_json_close_array(w);
    lx_options_write(lx_eval_options, c, w);
}
