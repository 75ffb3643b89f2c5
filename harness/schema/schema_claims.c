/* The schema of claims and published numbers, from their option tables. */
#include "schema/schema_internal.h"
#include "verdict/claims.h"
#include "verdict/published.h"

static void add_type(struct lx_json_writer *w, const char *key, const char *type)
{
    lx_json_open_object(w, key);
    lx_json_add_text(w, "type", type);
    lx_json_close_object(w);
}

/* "2x" or tokens. */
static void add_length(struct lx_json_writer *w, const char *key)
{
    lx_json_open_object(w, key);
    lx_json_open_array(w, "anyOf");
    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "type", "number");
    lx_json_add_int(w, "minimum", 0);
    lx_json_close_object(w);
    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "type", "string");
    lx_json_add_text(w, "pattern", "^[0-9.]+x$");
    lx_json_close_object(w);
    lx_json_close_array(w);
    lx_json_close_object(w);
}

static void add_value(struct lx_json_writer *w, const char *key, bool minus)
{
    lx_schema_open(w, key, NULL);
    add_length(w, "length");
    lx_schema_array(w, "positions", "only query positions [from, to) of the window", 0);
    add_length(w, "items");
    lx_json_add_int(w, "minItems", 2);
    lx_json_add_int(w, "maxItems", 2);
    lx_json_close_object(w);
    if (minus)
        lx_schema_ref(w, "minus", "#/$defs/claim_value");
    lx_options_schema(lx_claim_value_options, w);
    lx_schema_close(w, NULL);
}

static void add_numbers(struct lx_json_writer *w, const char *key)
{
    lx_schema_array(w, key, NULL, 0);
    lx_json_open_object(w, "items");
    lx_json_open_array(w, "type");
    lx_json_add_text(w, NULL, "number");
    lx_json_add_text(w, NULL, "null");
    lx_json_close_array(w);
    lx_json_close_object(w);
    lx_json_close_object(w);
}

void lx_schema_claims(struct lx_json_writer *w)
{
    lx_schema_array(w, "claims", "inequalities that the report decides", 0);
    lx_schema_ref(w, "items", "#/$defs/claim");
    lx_json_close_object(w);
    lx_schema_array(w, "published", "tables of papers, printed beside ours", 0);
    lx_schema_ref(w, "items", "#/$defs/published");
    lx_json_close_object(w);
}

/* left, op, right and what belongs to them, in the object that is open. */
static void add_comparison(struct lx_json_writer *w)
{
    lx_schema_ref(w, "left", "#/$defs/claim_side");
    lx_json_open_object(w, "right");
    lx_json_add_text(w, "description", "a number, or a place; what it leaves out is as in left");
    lx_json_open_array(w, "anyOf");
    add_type(w, NULL, "number");
    lx_schema_ref(w, NULL, "#/$defs/claim_side");
    lx_json_close_array(w);
    lx_json_close_object(w);
    lx_options_schema(lx_comparison_options, w);
}

static void add_premise(struct lx_json_writer *w)
{
    static const char *const named[] = {"name", NULL};
    static const char *const compared[] = {"left", "op", "right", NULL};

    lx_json_open_object(w, "claim_premise");
    lx_json_open_array(w, "anyOf");
    add_type(w, NULL, "string");
    lx_schema_open(w, NULL, NULL);
    lx_options_schema(lx_premise_options, w);
    lx_schema_close(w, named);
    lx_schema_open(w, NULL, NULL);
    add_comparison(w);
    lx_schema_close(w, compared);
    lx_json_close_array(w);
    lx_json_close_object(w);
}

static void add_claim(struct lx_json_writer *w)
{
    static const char *const required[] = {"id", "text", "source", "op", "left", "right", NULL};
    static const char *const gate[] = {"length", "at_least", NULL};

    lx_schema_open(w, "claim", NULL);
    add_comparison(w);
    lx_schema_array(w, "premise", "what must hold before the claim can be tested", 0);
    lx_schema_ref(w, "items", "#/$defs/claim_premise");
    lx_json_close_object(w);
    lx_schema_open(w, "requires", "seeds that do not reach this are left out");
    add_length(w, "length");
    lx_options_schema(lx_claim_gate_options, w);
    lx_schema_close(w, gate);
    lx_options_schema(lx_claim_options, w);
    lx_schema_close(w, required);
}

static void add_published(struct lx_json_writer *w)
{
    static const char *const table[] = {"source",  "certainty", "train_length",
                                        "lengths", "rows",      NULL};
    static const char *const row[] = {"values", NULL};

    lx_schema_open(w, "published", NULL);
    lx_schema_array(w, "lengths", "the paper's, tokens, ascending", 0);
    lx_json_open_object(w, "items");
    lx_json_add_text(w, "type", "integer");
    lx_json_add_int(w, "minimum", 1);
    lx_json_close_object(w);
    lx_json_close_object(w);
    lx_schema_array(w, "rows", NULL, 0);
    lx_schema_open(w, "items", NULL);
    add_numbers(w, "values");
    add_numbers(w, "spread");
    lx_options_schema(lx_published_row_options, w);
    lx_schema_close(w, row);
    lx_json_close_object(w);
    lx_options_schema(lx_published_options, w);
    lx_schema_close(w, table);
}

void lx_schema_claims_defs(struct lx_json_writer *w)
{
    add_claim(w);
    add_premise(w);
    add_value(w, "claim_side", true);
    add_value(w, "claim_value", false);
    add_published(w);
}
