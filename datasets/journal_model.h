/* The model behind the journal: what may come next, and how likely it is, given all so far.
 *
 * Life cycle: lx_journal_open, then lx_journal_next and lx_journal_advance in turn. The generator
 * draws from lx_journal_next, so that -ln p(token) is the token's exact cost to a reader who knows
 * the rules and remembers everything. Internal to the dataset; open to its tests. */
#ifndef LX_DATASETS_JOURNAL_MODEL_H
#define LX_DATASETS_JOURNAL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datasets/journal_words.h"

#define LX_JOURNAL_OCTAVES 32
#define LX_JOURNAL_SUPPORT (LX_JOURNAL_PEOPLE + 8) /* tokens that can follow at most */

#define LX_JOURNAL_SENTENCE 16 /* tokens of a sentence at most             */
#define LX_JOURNAL_HEARD 8     /* sentences that "again" chooses from      */

struct lx_journal_rules {
    int min_distance, max_distance; /* of a restatement, in tokens: min <= d < max  */
    int document_tokens;            /* mean length of a document                    */
    int people, names;              /* persons; first names, and as many last names */
    double echo;                    /* share of sentences that say a late one again */
};

struct lx_journal_sentence {
    int n;
    uint16_t token[LX_JOURNAL_SENTENCE];
};

struct lx_journal {
    struct lx_journal_rules rules;
    int octaves;                              /* ranges of distance       */
    double octave_weight[LX_JOURNAL_OCTAVES]; /* ln(hi / lo) / ln(max / min) */

    size_t at;       /* tokens of the document so far                       */
    size_t sentence; /* where the last sentence began                       */
    int place;       /* in the grammar                                      */
    int subject;     /* who "she" or "he" is, -1: nobody yet                */
    int verb;        /* the last verb of class DID                          */
    int person;      /* whose name comes next                               */
    size_t distance; /* from that mention back to the last; 0: a new fact   */

    size_t last[LX_JOURNAL_PEOPLE];     /* 1 + position of the last mention, 0: none */
    uint8_t name[LX_JOURNAL_PEOPLE][2]; /* first and last name, as given last        */

    struct lx_journal_sentence said;                    /* being written                   */
    struct lx_journal_sentence heard[LX_JOURNAL_HEARD]; /* the last that were no echo      */
    int heard_n;                                        /* how many of them there are      */
    int echo;                                           /* words of an echo so far, or -1  */
    bool meant[LX_JOURNAL_HEARD];                       /* which of `heard` it can still be */
};

/* The tokens that can come next; their p sum to 1. */
struct lx_journal_dist {
    int n;
    uint16_t token[LX_JOURNAL_SUPPORT];
    double p[LX_JOURNAL_SUPPORT];
};

/* Start of a stream, and of a document. The rules must have been checked. */
void lx_journal_open(struct lx_journal *m, const struct lx_journal_rules *rules);

void lx_journal_next(const struct lx_journal *m, struct lx_journal_dist *out);

/* How far back the fact stands that makes the next token certain; 0: none does. */
size_t lx_journal_reach(const struct lx_journal *m);

/* Take the token; false (and nothing changes) if the grammar has no place for it here. */
bool lx_journal_advance(struct lx_journal *m, int token);

/* Tokens between two mentions of a person at least, by the grammar. */
#define LX_JOURNAL_SPACING 5

#endif
