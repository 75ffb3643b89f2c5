/* Registration: the claims of a study written down before its first cell is finished.
 *
 * DIR/registration.json is a list of entries. The first is written before anything is trained; whenever
 * claims, seeds or cells are other ones than in the last entry, another follows, with the date and with
 * what was finished by then. Where rates are found first, the first entry has the claims and seeds alone:
 * the rates name the cells. Entries are only ever added. Each claim has the SHA-256 of its canonical text
 * (members sorted by key, no white space), each entry a hash over what is claimed, of which seeds and
 * cells, and a chain: the SHA-256 of the chain before and of the entry. So an edit is noticed; but who can
 * write the file can write all of it anew. It is a record: what makes it a proof is that somebody else has
 * the hash. results/README.md has the format. */
#ifndef LX_VERDICT_REGISTRATION_H
#define LX_VERDICT_REGISTRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "json/json.h"

#define LX_REGISTRATION_FILE "registration.json"
#define LX_REGISTRATION_FORMAT "longshot-registration-1"

/* What was finished when an entry was written, of the cells of then or of before. */
struct lx_registration_finished {
    size_t cells, of, seeds;
    size_t tuned; /* cells of tuning, which come before those of the study */
};

struct lx_registration_entry {
    const char *date; /* UTC */
    const char *hash; /* what there is to publish */
    struct lx_registration_finished finished;
    const struct lx_json *seeds; /* array */
    const char *cells;           /* ids, a blank between */
    const char *replaced;        /* what of the study was another before; NULL: nothing */
};

/* A claim as an entry registered it. */
struct lx_registration_claim {
    const char *id, *sha256;
    size_t entry;
};

struct lx_registration {
    struct lx_arena arena;
    struct lx_json *doc;
    bool found;
    const char *problem; /* NULL; or what is not as it was written: then nothing else is known */
    struct lx_registration_entry *entry;
    size_t n;
    struct lx_registration_claim *claim; /* every text that a claim has had */
    size_t n_claims;
    struct lx_registration_claim *now; /* those of the last entry */
    size_t n_now;
    char chain[65]; /* of the last entry, "" without one */
};

/* Read DIR/registration.json and check every sum in it. A file that is missing, or not as it was written,
 * is no error. Free with lx_registration_free, after a failure too. */
LX_MUST_CHECK
enum lx_code lx_registration_read(struct lx_registration *r, const char *dir, struct lx_err *err);
void lx_registration_free(struct lx_registration *r);

/* What a table has to say about a claim, as its config has it: "" where it was registered before anything
 * of the study was finished; "added after 12 of 20 cells; seeds added after 12 of 20 cells"; "changed after
 * tuning was looked at". */
LX_MUST_CHECK
enum lx_code lx_registration_mark(const struct lx_registration *r, const struct lx_json *claim,
                                  struct lx_buf *out, struct lx_err *err);

/* Append the ids of claims that were registered and are not in this list (NULL: empty), a comma between. */
void lx_registration_dropped(const struct lx_registration *r, const struct lx_json *claims,
                             struct lx_buf *out);

/* SHA-256 of the canonical text of a claim. */
LX_MUST_CHECK
enum lx_code lx_registration_sum(const struct lx_json *claim, char out[65], struct lx_err *err);

/* ------------------------------------------------------------------------- for who writes one */

/* Claims (n) with their sums, seeds and cells as texts: the hash of an entry. */
LX_MUST_CHECK
enum lx_code lx_registration_hash_texts(const struct lx_registration_claim *claim, size_t n,
                                        const char *seeds, const char *cells, char out[65],
                                        struct lx_err *err);

/* The chain that ends with this entry, whose own is left out. */
LX_MUST_CHECK
enum lx_code lx_registration_chain(const char *before, const struct lx_json *entry, char out[65],
                                   struct lx_err *err);

/* The claims of a list with their sums. */
LX_MUST_CHECK
enum lx_code lx_registration_claims(const struct lx_json *claims, struct lx_arena *arena,
                                    struct lx_registration_claim **out, size_t *n,
                                    struct lx_err *err);

#endif
