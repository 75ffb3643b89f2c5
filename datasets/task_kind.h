/* What the tasks of the dataset `tasks` have in common: their options, how an example is written down,
 * and the table entry that each of them is. Definitions are in datasets/README.md.
 *
 * Tokens below 128 are ASCII. 128 + k is the k-th name, key, hint or group element, and the values of
 * mqar come after the keys. */
#ifndef LX_DATASETS_TASK_KIND_H
#define LX_DATASETS_TASK_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/rng.h"
#include "datasets/dataset.h"

#define LX_TASK_NAMES 256 /* the most keys, values, names, hints and elements */
#define LX_TASK_SIZE 4096 /* the largest size of an example */
enum { LX_TASK_EXTRA = 128 };

enum lx_task_labels { LX_TASK_AUTO, LX_TASK_ANSWER, LX_TASK_STEPS, LX_TASK_DENSE };
enum lx_task_order { LX_TASK_REVERSED, LX_TASK_REVERSED_ANSWER, LX_TASK_PLAIN };
enum lx_task_operands { LX_TASK_SAME, LX_TASK_VARIED };
enum lx_task_group { LX_TASK_S3, LX_TASK_S5, LX_TASK_A5, LX_TASK_Z };

struct lx_task_kind;

struct task {
    const struct lx_task_kind *kind;
    int task, seed, shortest, longest, pack, loss;
    double grow;
    int labels; /* enum lx_task_labels; what a kind sees is never LX_TASK_AUTO */
    int symbols, order, operands, pad, hints, modulus, keys, values, variables, set, increment,
        pass;
    int kinds, depth, hops, names, group, elements;
    double ignore, density;
    double asked_ignore, asked_density; /* of valid and test; NaN: as in training */
    const char *group_name;
    const unsigned char *product; /* (elements, elements): [first][second]; NULL for residues */
};

/* An example on its way: an input is put, and a target given to the input put last. */
struct lx_task_writer {
    const struct task *s;
    struct lx_rng *rng;
    struct lx_example *to;
};

struct lx_task_kind {
    const char *name, *help;
    const char *options; /* those of its own, separated by spaces, with one at both ends */
    const char *chance;  /* of a guess that knows the format */
    int smallest;        /* size */
    int (*tokens)(const struct task *s, int size);
    void (*draw)(struct lx_task_writer *w, int size);
    /* Optional: what size an option allows, and which option that is. */
    int (*largest)(const struct task *s, const char **option);
    int slack;  /* by how much that option must exceed the size */
    bool dense; /* labels are dense unless given */
    /* Optional: tokens beyond ASCII, and how many of them are names; the others are values. */
    int (*extra)(const struct task *s, int *names);
};

extern const struct lx_task_kind lx_task_copy, lx_task_reverse, lx_task_sort,
    lx_task_selective_copy, lx_task_dyck, lx_task_addition, lx_task_parity, lx_task_modsum,
    lx_task_group, lx_task_flipflop, lx_task_mqar, lx_task_count, lx_task_chain;

extern const struct lx_example_ops lx_task_examples;

/* The character that a token prints as, as a code point. */
int lx_task_character(const struct task *s, int token);
/* The token of a character, -1: there is none. */
int lx_task_token(const struct task *s, int c);

/* The next input, not scored so far. */
void lx_task_put(struct lx_task_writer *w, int token);
/* The target of the last input; `from` is the earliest input that it depends on. */
void lx_task_score(struct lx_task_writer *w, int token, int from);
/* The target of the last input, which is the next input as well. */
void lx_task_answer(struct lx_task_writer *w, int token, int from);
/* The answer ends here: the last target is the end. */
void lx_task_end(struct lx_task_writer *w);
int lx_task_below(struct lx_task_writer *w, int n); /* uniform on 0 .. n-1 */

/* The first n of `most` names in random order into name (most). */
void lx_task_shuffle(struct lx_task_writer *w, int *name, int n, int most);

/* The multiplication table of a group of permutations, elements in lexicographic order; `even`: of the
 * even ones alone. */
const unsigned char *lx_task_products(int points, bool even, struct lx_arena *arena, int *elements,
                                      struct lx_err *err);

#endif
