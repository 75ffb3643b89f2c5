/* The schema of claims and published numbers, from their option tables. */
#include "config/schema_internal.h"
#include "verdict/claims.h"
#include "verdict/published.h"

static void add_type(struct lx_json_writer *w, const char *key, const char *type)
{
    lx_json_open_object(w, key);
    lx_json_add_text(w, "type", type);
    lx_json_close_object(w);
}

static void add_ref(struct lx_json_writer *w, const char *key, const char *to)
{
    lx_json_open_object(w, key);
    lx_json_add_text(w, "$ref", to);
    lx_json_close_object(w);
}

static void open_type(struct lx_json_writer *w, const char *key)
{
    lx_json_open_object(w, key);
    lx_json_add_text(w, "type", "object");
    lx_json_open_object(w, "properties");
}

/* Ends the properties too; `required` ends with NULL. */
static void close_type(struct lx_json_writer *w, const char *const *required)
{
    lx_json_close_object(w);
    if (required[0] != NULL) {
        lx_json_open_array(w, "required");
        for (size_t i = 0; required[i] != NULL; i++)
            lx_json_add_text(w, NULL, required[i]);
        lx_json_close_array(w);
    }
    lx_json_add_bool(w, "additionalProperties", false);
    lx_json_close_object(w);
}

static void open_array(struct lx_json_writer *w, const char *key, const char *description)
{
    lx_json_open_object(w, key);
    if (description != NULL)
        lx_json_add_text(w, "description", description);
    lx_json_add_text(w, "type", "array");
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
    static const char *const none[] = {NULL};

    open_type(w, key);
    add_length(w, "length");
    open_array(w, "positions", "only query positions [from, to) of the window");
    add_length(w, "items");
    lx_json_add_int(w, "minItems", 2);
    lx_json_add_int(w, "maxItems", 2);
    lx_json_close_object(w);
    if (minus)
        add_ref(w, "minus", "#/$defs/claim_value");
    lx_options_schema(lx_claim_value_options, w);
    close_type(w, none);
}

static void add_numbers(struct lx_json_writer *w, const char *key)
{
    open_array(w, key, NULL);
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
    open_array(w, "claims", "inequalities that the report decides, paired by seed");
    add_ref(w, "items", "#/$defs/claim");
    lx_json_close_object(w);
    open_array(w, "published", "tables of papers, printed beside ours");
    add_ref(w, "items", "#/$defs/published");
    lx_json_close_object(w);
}

static void add_claim(struct lx_json_writer *w)
{
    static const char *const required[] = {"id", "text", "source", "op", "left", "right", NULL};

    open_type(w, "claim");
    add_ref(w, "left", "#/$defs/claim_side");
    lx_json_open_object(w, "right");
    lx_json_add_text(w, "description", "a number, or a place; what it leaves out is as in left");
    lx_json_open_array(w, "anyOf");
    add_type(w, NULL, "number");
    add_ref(w, NULL, "#/$defs/claim_side");
    lx_json_close_array(w);
    lx_json_close_object(w);
    lx_options_schema(lx_claim_options, w);
    close_type(w, required);
}

static void add_published(struct lx_json_writer *w)
{
    static const char *const table[] = {"source",  "certainty", "train_length",
                                        "lengths", "rows",      NULL};
    static const char *const row[] = {"values", NULL};

    open_type(w, "published");
    open_array(w, "lengths", "the paper's, tokens, ascending");
    lx_json_open_object(w, "items");
    lx_json_add_text(w, "type", "integer");
    lx_json_add_int(w, "minimum", 1);
    lx_json_close_object(w);
    lx_json_close_object(w);
    open_array(w, "rows", NULL);
    open_type(w, "items");
    add_numbers(w, "values");
    add_numbers(w, "spread");
    lx_options_schema(lx_published_row_options, w);
    close_type(w, row);
    lx_json_close_object(w);
    lx_options_schema(lx_published_options, w);
    close_type(w, table);
}

void lx_schema_claims_defs(struct lx_json_writer *w)
{
    add_claim(w);
    add_value(w, "claim_side", true);
    add_value(w, "claim_value", false);
    add_published(w);
}
