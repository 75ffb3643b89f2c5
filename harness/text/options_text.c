/* What an option table says: resolved values, schema, help; see options.h. */
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/options_internal.h"

void lx_choices_split(const struct lx_option *o, struct lx_choices *c)
{
    const char *names = o->text;
    char *p;

    c->n = 0;
    assert(o->type == LX_OPT_CHOICE && names != NULL && strlen(names) < LX_CHOICE_BYTES);
    (void)snprintf(c->text, LX_CHOICE_BYTES, "%s", names);
    p = c->text;
    while (p != NULL && c->n < LX_MAX_CHOICES) {
        c->name[c->n++] = p;
        p = strchr(p, '|');
        if (p != NULL)
            *p++ = '\0';
    }
    assert(p == NULL);
}

void lx_choices_join(const struct lx_choices *c, const char *between, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < c->n && used < size; i++) {
        int n = snprintf(out + used, size - used, "%s%s", i > 0 ? between : "", c->name[i]);

        used += n > 0 ? (size_t)n : 0;
    }
}

void lx_option_choice_name(const struct lx_option *o, int value, char *out, size_t size)
{
    struct lx_choices c;

    lx_choices_split(o, &c);
    (void)snprintf(out, size, "%s", value >= 0 && (size_t)value < c.n ? c.name[value] : "?");
}

static double real_field(const struct lx_option *o, const void *self)
{
    double v;

    memcpy(&v, (const char *)self + o->offset, sizeof(v));
    return v;
}

static int int_field(const struct lx_option *o, const void *self)
{
    int v;

    memcpy(&v, (const char *)self + o->offset, sizeof(v));
    return v;
}

static bool bool_field(const struct lx_option *o, const void *self)
{
    bool v;

    memcpy(&v, (const char *)self + o->offset, sizeof(v));
    return v;
}

static const char *text_field(const struct lx_option *o, const void *self)
{
    const char *v;

    memcpy(&v, (const char *)self + o->offset, sizeof(v));
    return v;
}

/* LX_OPT_LATER at its default. */
static bool unsaid(const struct lx_option *o, const void *self)
{
    if (o->type == LX_OPT_REAL)
        return !(real_field(o, self) < o->def) && !(real_field(o, self) > o->def);
    if (o->type == LX_OPT_BOOL)
        return bool_field(o, self) == (o->def != 0.0);
    return int_field(o, self) == (int)o->def;
}

static void write_numbers(const struct lx_option *o, const void *self, struct lx_json_writer *w)
{
    struct lx_numbers list;

    memcpy(&list, (const char *)self + o->offset, sizeof(list));
    if (list.n == 0)
        return;
    lx_json_open_array(w, o->key);
    for (int i = 0; i < list.n; i++)
        lx_json_add_number(w, NULL, list.v[i]);
    lx_json_close_array(w);
}

static void write_map(const struct lx_option *o, const void *self, struct lx_json_writer *w)
{
    const struct lx_map_entry *entry = o->text;
    struct lx_map map;

    memcpy(&map, (const char *)self + o->offset, sizeof(map));
    if (map.n == 0)
        return;
    lx_json_open_object(w, o->key);
    for (int i = 0; i < map.n; i++) {
        lx_json_open_object(w, map.key[i]);
        lx_options_write(entry->options, (const char *)map.items + (size_t)i * entry->size, w);
        lx_json_close_object(w);
    }
    lx_json_close_object(w);
}

void lx_options_write(const struct lx_option *table, const void *self, struct lx_json_writer *w)
{
    char name[512];

    for (const struct lx_option *o = table; o->type != LX_OPT_END; o++) {
        if ((o->flags & LX_OPT_LATER) != 0 && unsaid(o, self))
            continue;
        switch (o->type) {
        case LX_OPT_INT:
            lx_json_add_int(w, o->key, int_field(o, self));
            break;
        case LX_OPT_REAL:
            if (!isnan(real_field(o, self)))
                lx_json_add_number(w, o->key, real_field(o, self));
            break;
        case LX_OPT_BOOL:
            lx_json_add_bool(w, o->key, bool_field(o, self));
            break;
        case LX_OPT_TEXT:
            if (text_field(o, self) != NULL)
                lx_json_add_text(w, o->key, text_field(o, self));
            break;
        case LX_OPT_CHOICE:
            lx_option_choice_name(o, int_field(o, self), name, sizeof(name));
            lx_json_add_text(w, o->key, name);
            break;
        case LX_OPT_NUMBERS:
            write_numbers(o, self, w);
            break;
        case LX_OPT_MAP:
            write_map(o, self, w);
            break;
        case LX_OPT_ARGUMENT:
        case LX_OPT_BYTES:
        case LX_OPT_SECONDS: /* of command lines: nothing is written back */
        case LX_OPT_END:
            break;
        }
    }
}

static void schema_bounds(const struct lx_option *o, struct lx_json_writer *w)
{
    if (isfinite(o->min))
        lx_json_add_number(w, (o->flags & LX_OPT_OPEN_MIN) != 0 ? "exclusiveMinimum" : "minimum",
                           o->min);
    if (isfinite(o->max))
        lx_json_add_number(w, "maximum", o->max);
}

/* A number or a list of them, the bounds said of each; in one object, since a bound says nothing of a
 * list. */
static void schema_numbers(const struct lx_option *o, struct lx_json_writer *w)
{
    lx_json_open_array(w, "type");
    lx_json_add_text(w, NULL, "number");
    lx_json_add_text(w, NULL, "array");
    lx_json_close_array(w);
    schema_bounds(o, w);
    lx_json_open_object(w, "items");
    lx_json_add_text(w, "type", "number");
    schema_bounds(o, w);
    lx_json_close_object(w);
    lx_json_add_int(w, "minItems", 1);
}

static void schema_map(const struct lx_option *o, struct lx_json_writer *w)
{
    const struct lx_map_entry *entry = o->text;

    lx_json_add_text(w, "type", "object");
    lx_json_open_object(w, "additionalProperties");
    lx_json_add_text(w, "type", "object");
    lx_json_open_object(w, "properties");
    lx_options_schema(entry->options, w);
    lx_json_close_object(w);
    lx_json_add_bool(w, "additionalProperties", false);
    lx_json_close_object(w);
}

static void schema_type(const struct lx_option *o, struct lx_json_writer *w)
{
    static const char *const types[] = {
        [LX_OPT_INT] = "integer", [LX_OPT_REAL] = "number",   [LX_OPT_BOOL] = "boolean",
        [LX_OPT_TEXT] = "string", [LX_OPT_CHOICE] = "string",
    };
    struct lx_choices c;

    if (o->type == LX_OPT_NUMBERS || o->type == LX_OPT_MAP) {
        (o->type == LX_OPT_MAP ? schema_map : schema_numbers)(o, w);
        return;
    }
    lx_json_add_text(w, "type", types[o->type]);
    if (o->type == LX_OPT_CHOICE) {
        lx_choices_split(o, &c);
        lx_json_open_array(w, "enum");
        for (size_t i = 0; i < c.n; i++)
            lx_json_add_text(w, NULL, c.name[i]);
        lx_json_close_array(w);
    }
    if (o->type == LX_OPT_INT || o->type == LX_OPT_REAL)
        schema_bounds(o, w);
}

static void schema_default(const struct lx_option *o, struct lx_json_writer *w)
{
    char name[512];

    if ((o->flags & LX_OPT_REQUIRED) != 0)
        return;
    switch (o->type) {
    case LX_OPT_INT:
    case LX_OPT_REAL:
        if (!isnan(o->def))
            lx_json_add_number(w, "default", o->def);
        break;
    case LX_OPT_BOOL:
        lx_json_add_bool(w, "default", o->def != 0.0);
        break;
    case LX_OPT_TEXT:
        if (o->text != NULL)
            lx_json_add_text(w, "default", o->text);
        break;
    case LX_OPT_CHOICE:
        lx_option_choice_name(o, (int)o->def, name, sizeof(name));
        lx_json_add_text(w, "default", name);
        break;
    case LX_OPT_ARGUMENT:
    case LX_OPT_BYTES:
    case LX_OPT_SECONDS:
    case LX_OPT_NUMBERS:
    case LX_OPT_MAP:
    case LX_OPT_END:
        break;
    }
}

void lx_options_schema(const struct lx_option *table, struct lx_json_writer *w)
{
    for (const struct lx_option *o = table; o->type != LX_OPT_END; o++) {
        lx_json_open_object(w, o->key);
        schema_type(o, w);
        schema_default(o, w);
        if (o->help != NULL)
            lx_json_add_text(w, "description", o->help);
        lx_json_close_object(w);
    }
}

static void default_text(const struct lx_option *o, char *out, size_t size)
{
    if ((o->flags & LX_OPT_REQUIRED) != 0)
        (void)snprintf(out, size, "required");
    else if (o->type == LX_OPT_BOOL)
        (void)snprintf(out, size, "%s", o->def != 0.0 ? "true" : "false");
    else if (o->type == LX_OPT_TEXT)
        (void)snprintf(out, size, "%s", o->text != NULL ? (const char *)o->text : "unset");
    else if (o->type == LX_OPT_CHOICE)
        lx_option_choice_name(o, (int)o->def, out, size);
    else if (o->type == LX_OPT_NUMBERS || o->type == LX_OPT_MAP || isnan(o->def))
        (void)snprintf(out, size, "unset");
    else
        lx_number_text(o->def, out, size);
}

/* "1..64", ">= 1", "> 0", "> 0, <= 1", "<= 5", "a, b, c" or "-". A bound at the end of int does not
 * count. */
static void bounds_text(const struct lx_option *o, char *out, size_t size)
{
    bool number = o->type == LX_OPT_INT || o->type == LX_OPT_REAL || o->type == LX_OPT_NUMBERS;
    bool open = (o->flags & LX_OPT_OPEN_MIN) != 0;
    bool lower = number && isfinite(o->min) && (o->type != LX_OPT_INT || o->min > INT_MIN);
    bool upper = number && isfinite(o->max) && (o->type != LX_OPT_INT || o->max < INT_MAX);
    char min[40] = "", max[40] = "";
    struct lx_choices c;

    if (lower)
        lx_number_text(o->min, min, sizeof(min));
    if (upper)
        lx_number_text(o->max, max, sizeof(max));
    if (o->type == LX_OPT_CHOICE) {
        lx_choices_split(o, &c);
        lx_choices_join(&c, ", ", out, size);
    } else if (lower && upper && !open) {
        (void)snprintf(out, size, "%s..%s", min, max);
    } else if (lower || upper) {
        (void)snprintf(out, size, "%s%s%s%s%s", lower ? (open ? "> " : ">= ") : "", min,
                       lower && upper ? ", " : "", upper ? "<= " : "", max);
    } else {
        (void)snprintf(out, size, "-");
    }
}

enum { KEY, TYPE, DEFAULT, BOUNDS, COLUMNS };

static void help_cells(const struct lx_option *o, char cells[COLUMNS][512])
{
    static const char *const types[] = {
        [LX_OPT_INT] = "whole",       [LX_OPT_REAL] = "number",   [LX_OPT_BOOL] = "true/false",
        [LX_OPT_TEXT] = "text",       [LX_OPT_CHOICE] = "choice", [LX_OPT_NUMBERS] = "numbers",
        [LX_OPT_MAP] = "named, each",
    };

    (void)snprintf(cells[KEY], 512, "%s", o->key);
    (void)snprintf(cells[TYPE], 512, "%s", types[o->type]);
    default_text(o, cells[DEFAULT], 512);
    bounds_text(o, cells[BOUNDS], 512);
}

static void help_lines(const struct lx_option *table, const char *indent, struct lx_buf *out)
{
    char cells[COLUMNS][512];
    int width[COLUMNS] = {0};

    for (const struct lx_option *o = table; o->type != LX_OPT_END; o++) {
        help_cells(o, cells);
        for (int i = 0; i < COLUMNS; i++) {
            int len = (int)strlen(cells[i]);

            width[i] = len > width[i] ? len : width[i];
        }
    }
    for (const struct lx_option *o = table; o->type != LX_OPT_END; o++) {
        help_cells(o, cells);
        lx_buf_add(out, indent);
        for (int i = 0; i < COLUMNS; i++)
            lx_buf_printf(out, "%-*s  ", width[i], cells[i]);
        lx_buf_printf(out, "%s\n", o->help != NULL ? o->help : "");
        if (o->type == LX_OPT_MAP)
            help_lines(((const struct lx_map_entry *)o->text)->options, "      ", out);
    }
}

void lx_options_help(const struct lx_option *table, struct lx_buf *out)
{
    help_lines(table, "  ", out);
}

void lx_options_markdown(const struct lx_option *table, struct lx_buf *out)
{
    char cells[COLUMNS][512];

    for (const struct lx_option *o = table; o->type != LX_OPT_END; o++) {
        help_cells(o, cells);
        lx_buf_printf(out, "| `%s` | %s | %s | %s | %s |\n", cells[KEY], cells[TYPE],
                      cells[DEFAULT], cells[BOUNDS], o->help != NULL ? o->help : "");
    }
}
