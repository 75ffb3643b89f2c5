/* The table of hooks: what encodings/encoding.h offers, for everything that goes through all of it
 * (stacks, memory, describe, costs, conformance). A new hook is one line in hooks.c. */
#ifndef LX_STACK_HOOKS_H
#define LX_STACK_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "encodings/encoding.h"

/* What an array that a hook fills is indexed by. */
enum lx_hook_shape {
    LX_HOOK_VECTORS,  /* (T, d_model): x, or q and k          */
    LX_HOOK_ROWS,     /* (heads, T) by query                  */
    LX_HOOK_KEYS,     /* (heads, T) by key, double            */
    LX_HOOK_DISTANCE, /* (heads, T) by distance               */
    LX_HOOK_HEADS,    /* (heads)                              */
    LX_HOOK_STRIP,    /* the keys of one query                */
    LX_HOOK_ROW,      /* struct lx_enc_row                    */
    LX_HOOK_NUMBER,   /* nothing: it answers                  */
};

/* Who calls it. */
enum lx_hook_place {
    LX_HOOK_BEFORE, /* before the first layer                            */
    LX_HOOK_FAST,   /* either way of attention                           */
    LX_HOOK_SLOW,   /* attention row by row: a layer with it goes that way */
};

/* How several of a stack are combined. */
enum lx_hook_joint { LX_HOOK_ADDS, LX_HOOK_MULTIPLIES, LX_HOOK_TURNS, LX_HOOK_ONCE };

struct lx_hook {
    const char *name;
    size_t at, back; /* in struct lx_encoding_ops; back 0: it has none */
    enum lx_hook_shape shape;
    enum lx_hook_place place;
    enum lx_hook_joint joint;
    const char *once;        /* what only one scheme of a layer can do, for messages */
    bool sees_positions;     /* it must read c->pos where positions are drawn        */
    struct lx_enc_cost cost; /* of LX_HOOK_SLOW: what it usually adds to a row; see row_costs.c */
};

extern const struct lx_hook lx_hooks[];
extern const size_t lx_hook_count;

/* Whether the scheme sets the hook, or its back hook. */
bool lx_hook_set(const struct lx_encoding_ops *ops, size_t at);

/* The same for one instance, whose options may do without. */
bool lx_hook_used(const struct lx_encoding_ops *ops, const void *self, size_t at);

/* For single hooks by name: LX_HOOK_SET(ops, dist_back). */
#define LX_HOOK_SET(ops, hook) lx_hook_set(ops, offsetof(struct lx_encoding_ops, hook))

#endif
