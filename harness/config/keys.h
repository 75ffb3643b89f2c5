/* The keys of a config, section by section, as people read them: what `describe train` prints, what the
 * tables of configs/README.md and the completions of shells are made of. They come from the option tables;
 * keys that the config module reads by itself are listed here, and a test holds all of them against the
 * schema. */
#ifndef LX_CONFIG_KEYS_H
#define LX_CONFIG_KEYS_H

#include "core/buf.h"
#include "text/options.h"

/* A key that no option table has. */
struct lx_key {
    const char *key, *type, *def, *help;
};

struct lx_key_table {
    const char *title;             /* of several in a section, else NULL */
    const struct lx_key *keys;     /* up to key NULL; NULL: none */
    const struct lx_option *table; /* NULL: none */
};

struct lx_keys_section {
    const char *name;                 /* as in the config; "config": the top level */
    const char *help;                 /* one line */
    const struct lx_key_table *parts; /* up to one without keys and table */
    const char *example;              /* an entry, NULL: none */
};

extern const struct lx_keys_section lx_keys_sections[]; /* up to name NULL */

/* NULL: there is none of that name. */
const struct lx_keys_section *lx_keys_find(const char *name);

/* The section that has the key ("train" of "steps"), of those that are objects; NULL: none has. */
const char *lx_keys_home(const char *key);

void lx_keys_text(const struct lx_keys_section *s, struct lx_buf *out);

/* The same as Markdown tables. */
void lx_keys_markdown(const struct lx_keys_section *s, struct lx_buf *out);

#endif
