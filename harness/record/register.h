/* Saving an experiment with its registration: what is claimed is written down before the first cell is
 * finished, and what is claimed later is written down as that. verdict/registration.h has the file. */
#ifndef LX_RECORD_REGISTER_H
#define LX_RECORD_REGISTER_H

#include "core/err.h"
#include "experiment/experiment.h"

/* lx_experiment_save, then an entry in DIR/registration.json if the study is not that of the last one.
 * A registration that is not as it was written is left alone, and told. */
LX_MUST_CHECK enum lx_code lx_register(struct lx_experiment *e, struct lx_err *err);

/* Before the first cell of tuning: an entry in DIR/registration.json if the claims of a config are not those
 * of the last one. The rates name the cells of the study: an entry has those of the entry before, if any. */
LX_MUST_CHECK
enum lx_code lx_register_claims(const struct lx_config *c, const char *dir, struct lx_err *err);

/* The hash that an entry for this study would have. Needs the data, which name the cells. */
LX_MUST_CHECK
enum lx_code lx_register_hash(struct lx_experiment *e, char out[65], struct lx_err *err);

#endif
