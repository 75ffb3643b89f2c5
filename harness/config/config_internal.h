/* What the files of the config module share and nobody else sees. */
#ifndef LX_CONFIG_CONFIG_INTERNAL_H
#define LX_CONFIG_CONFIG_INTERNAL_H

#include "config/config.h"

/* Every key of obj must be in `keys` (NULL-terminated); a wrong one gets a "did you mean". */
LX_MUST_CHECK
enum lx_code lx_config_keys(const struct lx_json *obj, const char *path, const char *const *keys,
                            struct lx_err *err);

/* The member `key` of the top level, which must be an object or absent (NULL). */
LX_MUST_CHECK
enum lx_code lx_config_object(const struct lx_json *root, const char *key,
                              const struct lx_json **out, struct lx_err *err);

/* Fail: v at `path` is not an array; a hint shows how it is written. */
enum lx_code lx_config_no_array(const struct lx_json *v, const char *path, struct lx_err *err);

/* The array `list` at `path` must be one, with `least` elements at least; *n is how many. */
LX_MUST_CHECK
enum lx_code lx_config_list(const struct lx_json *list, const char *path, size_t least, size_t *n,
                            struct lx_err *err);

/* A name made of letters, digits and `punctuation`. */
LX_MUST_CHECK
enum lx_code lx_config_name(const struct lx_json *v, const char *path, const char *punctuation,
                            const char **out, struct lx_err *err);

/* Where "encodings" names a file, {"from": FILE, "only": [ids]}, put the entries of its list in place. */
LX_MUST_CHECK
enum lx_code lx_config_listed(struct lx_config *c, struct lx_err *err);

/* The "encodings" list with an entry for every choice of values of the sweeps in its stacks; (*origin)[i]
 * is where entry i comes from. Free *out with lx_json_free. */
LX_MUST_CHECK
enum lx_code lx_config_expand(const struct lx_json *list, struct lx_arena *arena,
                              struct lx_json **out, size_t **origin, struct lx_err *err);

/* Put "KEY=VALUE" into the document. What the lists of a config are set to may be written with commas, and
 * whole numbers as 1..5. */
LX_MUST_CHECK
enum lx_code lx_config_override(struct lx_config *c, const char *text, struct lx_err *err);

/* Whether an entry of "encodings" or "evaluate_as" is a scheme itself, {"name": ..., options}. */
bool lx_config_is_named(const struct lx_json *v);
/* The list with {"stack": [SCHEME]} in place of such entries. `keys` (NULL-terminated) stay the entry's
 * own. Free *out with lx_json_free. */
LX_MUST_CHECK
enum lx_code lx_config_unname(const struct lx_json *list, const char *const *keys,
                              struct lx_json **out, struct lx_err *err);

/* Claims and published numbers: checked against the rest, which must be read before. */
LX_MUST_CHECK
enum lx_code lx_config_claims(struct lx_config *c, struct lx_err *err);

/* The stacks that analyses are restricted to must be there. */
LX_MUST_CHECK
enum lx_code lx_config_check_analyses(const struct lx_config *c, const struct lx_analyses *a,
                                      struct lx_err *err);

/* The section `tune`; all but claims must be read before. */
LX_MUST_CHECK
enum lx_code lx_config_tune(struct lx_config *c, struct lx_err *err);
/* As it was read, into the object that is open; nothing where there is none. */
void lx_config_tune_write(const struct lx_config *c, struct lx_json_writer *w);

/* No rate is given twice, by an entry and by a sweep of `train`; sweeps must be read. */
LX_MUST_CHECK
enum lx_code lx_config_check_rates(const struct lx_config *c, struct lx_err *err);

/* Sweeps, then every variant of every dataset, which must be valid before anything runs. */
LX_MUST_CHECK
enum lx_code lx_config_sweeps(struct lx_config *c, struct lx_err *err);
LX_MUST_CHECK
enum lx_code lx_config_variants(struct lx_config *c, struct lx_err *err);

/* The member `texts`: its shape, read and written. */
LX_MUST_CHECK enum lx_code lx_config_texts(struct lx_config *c, struct lx_err *err);
void lx_config_texts_write(const struct lx_config *c, struct lx_json_writer *w);

#endif
