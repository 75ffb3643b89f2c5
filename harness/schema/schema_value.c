/* Types that several parts of the schema are made of; see schema_internal.h. */
#include "schema/schema_internal.h"

void lx_schema_open(struct lx_json_writer *w, const char *key, const char *description)
{
    lx_json_open_object(w, key);
    if (description != NULL)
        lx_json_add_text(w, "description", description);
    lx_json_add_text(w, "type", "object");
    lx_json_open_object(w, "properties");
}

static void close_properties(struct lx_json_writer *w, const char *const *required)
{
    lx_json_close_object(w);
    if (required == NULL)
        return;
    lx_json_open_array(w, "required");
    for (; *required != NULL; required++)
        lx_json_add_text(w, NULL, *required);
    lx_json_close_array(w);
}

void lx_schema_close(struct lx_json_writer *w, const char *const *required)
{
    close_properties(w, required);
    lx_json_add_bool(w, "additionalProperties", false);
    lx_json_close_object(w);
}

void lx_schema_close_part(struct lx_json_writer *w, const char *const *required)
{
    close_properties(w, required);
    lx_json_close_object(w);
}

void lx_schema_array(struct lx_json_writer *w, const char *key, const char *description, int least)
{
    lx_json_open_object(w, key);
    if (description != NULL)
        lx_json_add_text(w, "description", description);
    lx_json_add_text(w, "type", "array");
    if (least > 0)
        lx_json_add_int(w, "minItems", least);
}

void lx_schema_ref(struct lx_json_writer *w, const char *key, const char *to)
{
    lx_json_open_object(w, key);
    lx_json_add_text(w, "$ref", to);
    lx_json_close_object(w);
}
