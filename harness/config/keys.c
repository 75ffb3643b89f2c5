/* The keys of a config; see keys.h. */
#include "config/keys.h"

#include <string.h>

#include "config/config.h"
#include "verdict/claims.h"
#include "verdict/published.h"

static const struct lx_key config_keys[] = {
    {"name", "text", "required", "of the study; results go to results/NAME"},
    {"dataset", "object, name or list", "required", "what is read: section dataset"},
    {"model", "object", "defaults", "the transformer, the same for every encoding"},
    {"train", "object", "defaults", "optimisation"},
    {"encodings", "list, or object", "required", "what is compared: section encodings"},
    {"eval", "object", "defaults", "how trained models are evaluated"},
    {"tune", "object", "none", "how rates for encodings without an lr are found: section tune"},
    {"analyses", "list", "none", "what is measured beyond perplexity: section analyses"},
    {"seeds", "list of whole numbers", "[1]", "each trains everything once"},
    {"claims", "list", "none", "inequalities that the report decides: section claims"},
    {"published", "list", "none", "tables of papers, printed beside ours: section published"},
    {"texts", "object", "none", "PATH: {bytes, sha256} that files must have; written by `run`"},
    {"notes", "text or list of texts", "none", "remarks, kept in the results' config.json"},
    {"$schema", "text", "none", "where an editor finds the schema; not kept"},
    {.key = NULL},
};

static const struct lx_key dataset_keys[] = {
    {"name", "text", "required", "which: `longshot list datasets`"},
    {"id", "text", "the name", "labels its rows"},
    {.key = NULL},
};

static const struct lx_key encoding_keys[] = {
    {"id", "text", "the names joined by +", "labels its rows; unique"},
    {"stack", "list", "required, or name", "schemes that act together: names, or {\"name\": ...}"},
    {"name", "text", "required, or stack",
     "one scheme, its options beside it: `longshot list encodings`"},
    {"evaluate_as", "list", "none", "stacks that the trained weights are evaluated under too"},
    {.key = NULL},
};

static const struct lx_key listed_keys[] = {
    {"from", "text", "required", "file of a list of entries; starts from where the program runs"},
    {"only", "list", "all", "ids of the entries that are taken, in this order"},
    {"evaluate_as", "[]", "as listed", "[]: none of the entries' evaluate_as"},
    {.key = NULL},
};

static const struct lx_key member_keys[] = {
    {"name", "text", "required", "of the scheme; its options: `longshot describe NAME`"},
    {"layers", "text or list", "all",
     "where it acts: \"every 4\", \"not every 4 from 0\", [0, -1]"},
    {"until", "number", "unset", "it acts in that part of the training steps only; > 0, < 1"},
    {.key = NULL},
};

static const struct lx_key eval_keys[] = {
    {"lengths", "list", "1x, 2x, 4x, 8x", "tokens, or multiples of the training length; ascending"},
    {"modes", "list", "last, nonoverlapping", "which windows: nonoverlapping, sliding, last"},
    {.key = NULL},
};

static const struct lx_key analysis_keys[] = {
    {"name", "text", "required",
     "which: `longshot list analyses`; its options: `longshot describe NAME`"},
    {"id", "text", "the name", "the mode of its rows"},
    {"encodings", "list", "all", "ids of the stacks it is run on"},
    {"lengths", "list", "those of eval", "tokens, or multiples of the training length"},
    {.key = NULL},
};

static const struct lx_key tune_keys[] = {
    {"dataset", "name, object or list", "the study's", "what rates are chosen on"},
    {.key = NULL},
};

static const struct lx_key claim_keys[] = {
    {"left", "object", "required", "one number a seed"},
    {"right", "object or number", "required",
     "the same; what it leaves out, length too, is as in left"},
    {"premise", "list", "none", "what must hold before the claim can be tested: names, or objects"},
    {"requires", "object", "none", "seeds that do not reach this are left out"},
    {.key = NULL},
};

static const struct lx_key gate_keys[] = {
    {"length", "tokens or multiple", "required", "where it is asked"},
    {.key = NULL},
};

static const struct lx_key side_keys[] = {
    {"length", "tokens or multiple", "required", "evaluation length, 512 or \"8x\""},
    {"positions", "[from, to)", "all", "only these query positions of the window"},
    {"minus", "object", "none", "a value of the same keys that is subtracted"},
    {.key = NULL},
};

static const struct lx_key published_keys[] = {
    {"lengths", "list", "required", "the paper's, tokens, ascending"},
    {"rows", "list", "required", "the paper's curves"},
    {.key = NULL},
};

static const struct lx_key row_keys[] = {
    {"values", "list", "required", "a number a length, null: not given"},
    {"spread", "list", "none", "standard deviations of the values"},
    {.key = NULL},
};

#define END                                                                                        \
    {                                                                                              \
        NULL, NULL, NULL                                                                           \
    }

const struct lx_keys_section lx_keys_sections[] = {
    {"config", "the top level", (const struct lx_key_table[]){{NULL, config_keys, NULL}, END},
     NULL},
    {"dataset", "what is read; each has options of its own: `longshot describe NAME`",
     (const struct lx_key_table[]){{NULL, dataset_keys, NULL}, END}, NULL},
    {"model", "the transformer, the same for every encoding; a value may be {\"sweep\": [...]}",
     (const struct lx_key_table[]){{NULL, NULL, lx_model_options}, END}, NULL},
    {"train", "optimisation; a value may be {\"sweep\": [...]}",
     (const struct lx_key_table[]){{NULL, NULL, lx_train_options}, END}, NULL},
    {"encodings", "what is compared: names, \"rope+alibi\", or objects",
     (const struct lx_key_table[]){{"an entry", encoding_keys, lx_rate_options},
                                   {"a member of a stack", member_keys, NULL},
                                   {"in place of the list", listed_keys, NULL},
                                   END},
     NULL},
    {"eval", "how trained models are evaluated",
     (const struct lx_key_table[]){{NULL, eval_keys, lx_eval_options}, END}, NULL},
    {"tune", "how a rate for each encoding without an lr is found",
     (const struct lx_key_table[]){{NULL, tune_keys, lx_tune_options}, END}, NULL},
    {"analyses", "what is measured on trained models beyond perplexity: names, or objects",
     (const struct lx_key_table[]){{NULL, analysis_keys, NULL}, END}, NULL},
    {"claims", "inequalities that the report decides, paired by seed",
     (const struct lx_key_table[]){{"a claim", claim_keys, lx_claim_options},
                                   {"how it compares", NULL, lx_comparison_options},
                                   {"left, right and minus", side_keys, lx_claim_value_options},
                                   {"a premise: a comparison, or", NULL, lx_premise_options},
                                   {"requires", gate_keys, lx_claim_gate_options},
                                   END},
     "{\"id\": \"alibi-holds\", \"text\": \"ALiBi is as good at 8x as at 1x\", \"source\": "
     "\"mine\",\n   \"left\": {\"encoding\": \"alibi\", \"length\": \"8x\"}, \"op\": \"<=\", "
     "\"right\": {\"length\": \"1x\"}, \"ratio\": 1.02}"},
    {"published", "tables of papers, printed beside ours",
     (const struct lx_key_table[]){{"a table", published_keys, lx_published_options},
                                   {"a row", row_keys, lx_published_row_options},
                                   END},
     NULL},
    {NULL, NULL, NULL, NULL},
};

const struct lx_keys_section *lx_keys_find(const char *name)
{
    for (const struct lx_keys_section *s = lx_keys_sections; s->name != NULL; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

static bool has_key(const struct lx_key_table *t, const char *key)
{
    for (const struct lx_key *k = t->keys; k != NULL && k->key != NULL; k++)
        if (strcmp(k->key, key) == 0)
            return true;
    for (const struct lx_option *o = t->table; o != NULL && o->type != LX_OPT_END; o++)
        if (strcmp(o->key, key) == 0)
            return true;
    return false;
}

const char *lx_keys_home(const char *key)
{
    static const char *const objects[] = {"train", "model", "eval"};

    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
        if (has_key(lx_keys_find(objects[i])->parts, key))
            return objects[i];
    return NULL;
}

static bool is_last(const struct lx_key_table *t)
{
    return t->keys == NULL && t->table == NULL;
}

static void keys_text(const struct lx_key *keys, struct lx_buf *out)
{
    int width[3] = {0};

    for (const struct lx_key *k = keys; k != NULL && k->key != NULL; k++) {
        const char *const cells[] = {k->key, k->type, k->def};

        for (int i = 0; i < 3; i++)
            width[i] = (int)strlen(cells[i]) > width[i] ? (int)strlen(cells[i]) : width[i];
    }
    for (const struct lx_key *k = keys; k != NULL && k->key != NULL; k++)
        lx_buf_printf(out, "  %-*s  %-*s  %-*s  %s\n", width[0], k->key, width[1], k->type,
                      width[2], k->def, k->help);
}

void lx_keys_text(const struct lx_keys_section *s, struct lx_buf *out)
{
    lx_buf_printf(out, "%s: %s\n", s->name, s->help);
    for (const struct lx_key_table *t = s->parts; !is_last(t); t++) {
        if (t->title != NULL)
            lx_buf_printf(out, "%s:\n", t->title);
        keys_text(t->keys, out);
        if (t->table != NULL)
            lx_options_help(t->table, out);
    }
    if (s->example != NULL)
        lx_buf_printf(out, "example:\n  %s\n", s->example);
}

void lx_keys_markdown(const struct lx_keys_section *s, struct lx_buf *out)
{
    lx_buf_printf(out, "**`%s`**: %s\n", s->name, s->help);
    for (const struct lx_key_table *t = s->parts; !is_last(t); t++) {
        lx_buf_printf(out, "\n| %s | | default | allowed | |\n|---|---|---|---|---|\n",
                      t->title != NULL ? t->title : "key");
        for (const struct lx_key *k = t->keys; k != NULL && k->key != NULL; k++)
            lx_buf_printf(out, "| `%s` | %s | %s | - | %s |\n", k->key, k->type, k->def, k->help);
        if (t->table != NULL)
            lx_options_markdown(t->table, out);
    }
    lx_buf_add(out, "\n");
}
