/* Adding to a registration: see verdict/registration.h, which reads it. */
#ifndef LX_RECORD_REGISTRATION_WRITE_H
#define LX_RECORD_REGISTRATION_WRITE_H

#include "verdict/registration.h"

/* What is registered. */
struct lx_registration_study {
    const struct lx_json *claims; /* of the config; NULL: none */
    const uint64_t *seeds;        /* (n_seeds) */
    size_t n_seeds;
    const char *const *cells; /* (n_cells) ids in the order of the plan */
    size_t n_cells;
};

/* The hash over a study's claims, seeds and cells. */
LX_MUST_CHECK
enum lx_code lx_registration_hash(const struct lx_registration_study *s, char out[65],
                                  struct lx_err *err);

/* Whether a study has to be written down: it claims something, or did, and is not that of the last entry. */
LX_MUST_CHECK
enum lx_code lx_registration_lacks(const struct lx_registration *r,
                                   const struct lx_registration_study *s, bool *lacks,
                                   struct lx_err *err);

/* The file with an entry more, dated now. `change` says how the study differs from the one before. */
LX_MUST_CHECK
enum lx_code lx_registration_add(const struct lx_registration *r,
                                 const struct lx_registration_study *s,
                                 const struct lx_registration_finished *finished,
                                 const char *change, struct lx_buf *out, struct lx_err *err);

#endif
