/* Option tables: the one description of every setting of the program.
 *
 * A section of the config (model, train, a scheme, a dataset, ...) is a C struct and a table of its
 * fields. From the table the harness parses JSON into the struct, checks types and bounds, prints
 * help, writes the resolved values back and derives the published schema. A scheme or dataset never
 * sees JSON. The options of a command line are such a table too; args.h parses them.
 *
 * Field types: LX_OPT_INT int, LX_OPT_REAL double, LX_OPT_BOOL bool, LX_OPT_TEXT const char *
 * (owned by the arena given to the parser), LX_OPT_CHOICE int (index into the names), LX_OPT_NUMBERS
 * struct lx_numbers, LX_OPT_MAP struct lx_map (both owned by that arena, too); on command lines alone
 * LX_OPT_ARGUMENT const char * (as typed, NULL unless given), LX_OPT_BYTES size_t, LX_OPT_SECONDS
 * double.
 *
 * Schemes work in `real`: a REAL is checked as the number that it becomes there. One that would
 * turn to zero or to infinity is refused. */
#ifndef LX_TEXT_OPTIONS_H
#define LX_TEXT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "json/json.h"

enum lx_option_type {
    LX_OPT_END,
    LX_OPT_INT,
    LX_OPT_REAL,
    LX_OPT_BOOL,
    LX_OPT_TEXT,
    LX_OPT_CHOICE,
    LX_OPT_NUMBERS,
    LX_OPT_MAP,
    LX_OPT_ARGUMENT,
    LX_OPT_BYTES,
    LX_OPT_SECONDS
};

/* A list of numbers; one number alone is a list of one. Unset: n = 0, and then left out when written. */
struct lx_numbers {
    int n;
    double *v;
};

/* An object whose keys are names of the user's and whose values are objects of one table. In the order
 * of the names, so that two spellings of one setting are written back alike. Unset: n = 0. */
struct lx_map {
    int n;
    const char **key;
    void *items; /* n structs of the entry's size */
};

enum lx_option_flag {
    LX_OPT_REQUIRED = 1, /* must be given */
    LX_OPT_OPEN_MIN = 2, /* the lower bound itself is not allowed */
    /* INT, REAL, BOOL, CHOICE: came later; left out when written back at its default, so that what
     * was written before it came, and is hashed, stays the same */
    LX_OPT_LATER = 4
};

struct lx_map_entry {
    const struct lx_option *options;
    size_t size; /* bytes of the struct that they describe */
};

/* A flag: the short form of a command's option, as in -o. */
#define LX_OPT_LETTER(c) ((unsigned)(c) << 8)

struct lx_option {
    const char *key;
    enum lx_option_type type;
    size_t offset;   /* of the field in the struct */
    double def;      /* default; REAL: NAN = unset, and then left out when written back */
    double min, max; /* INT, REAL, each of NUMBERS: bounds, both included */
    /* TEXT: default, NULL = unset. CHOICE: names separated by '|'. MAP: struct lx_map_entry *, what each
     * value is. Else what the help of a command line calls the value (DIR, N). */
    const void *text;
    const char *help; /* one line, lower case, with the unit */
    unsigned flags;
};

/* Whether a CHOICE may be `name`. */
bool lx_options_has_choice(const struct lx_option *o, const char *name);

/* Set every field to its default. */
void lx_options_default(const struct lx_option *table, void *self);

/* Defaults, then the members of obj (NULL: none). Every member must be in the table or in `extra`
 * (a NULL-terminated list of keys that the caller handles itself; NULL: none). `path` names obj in
 * messages ("encodings[2].stack[0]"). A wrong key gets a "did you mean". Texts go to the arena. */
LX_MUST_CHECK
enum lx_code lx_options_parse(const struct lx_option *table, const struct lx_json *obj,
                              const char *path, const char *const *extra, void *self,
                              struct lx_arena *arena, struct lx_err *err);

/* Write every set field as members of the object that the writer has open. */
void lx_options_write(const struct lx_option *table, const void *self, struct lx_json_writer *w);

/* Write the table as JSON Schema members of "properties" (the writer has that object open). */
void lx_options_schema(const struct lx_option *table, struct lx_json_writer *w);

/* Help as aligned text lines: key, type, default, bounds, help. */
void lx_options_help(const struct lx_option *table, struct lx_buf *out);

/* The same as rows of a Markdown table. */
void lx_options_markdown(const struct lx_option *table, struct lx_buf *out);

/* Copies the name of a CHOICE value to out (size bytes). */
void lx_option_choice_name(const struct lx_option *o, int value, char *out, size_t size);

#endif
