/* The table of hooks; see hooks.h. */
#include "stack/hooks.h"

#include <string.h>

#define AT(hook) offsetof(struct lx_encoding_ops, hook)
#define HOOK(hook) #hook, AT(hook)
#define WITH_BACK(hook) #hook, AT(hook), AT(hook##_back)

const struct lx_hook lx_hooks[] = {
    {HOOK(positions),
     0,
     LX_HOOK_NUMBER,
     LX_HOOK_BEFORE,
     LX_HOOK_ONCE,
     "set positions",
     false,
     {0, 0}},
    {WITH_BACK(embed), LX_HOOK_VECTORS, LX_HOOK_BEFORE, LX_HOOK_ADDS, NULL, true, {0, 0}},
    {WITH_BACK(rotate), LX_HOOK_VECTORS, LX_HOOK_FAST, LX_HOOK_TURNS, NULL, true, {0, 0}},
    {WITH_BACK(scale), LX_HOOK_ROWS, LX_HOOK_FAST, LX_HOOK_MULTIPLIES, NULL, false, {0, 0}},
    {WITH_BACK(mul), LX_HOOK_DISTANCE, LX_HOOK_FAST, LX_HOOK_MULTIPLIES, NULL, false, {0, 0}},
    {WITH_BACK(dist), LX_HOOK_DISTANCE, LX_HOOK_FAST, LX_HOOK_ADDS, NULL, false, {0, 0}},
    {WITH_BACK(key), LX_HOOK_KEYS, LX_HOOK_FAST, LX_HOOK_ADDS, NULL, false, {0, 0}},
    {WITH_BACK(pair), LX_HOOK_STRIP, LX_HOOK_FAST, LX_HOOK_ADDS, NULL, true, {0, 0}},
    {HOOK(tau), 0, LX_HOOK_HEADS, LX_HOOK_FAST, LX_HOOK_MULTIPLIES, NULL, false, {0, 0}},
    {WITH_BACK(sink),
     LX_HOOK_HEADS,
     LX_HOOK_FAST,
     LX_HOOK_ONCE,
     "put weight on no key",
     false,
     {0, 0}},
    {HOOK(window), 0, LX_HOOK_NUMBER, LX_HOOK_FAST, LX_HOOK_ADDS, NULL, false, {0, 0}},
    {HOOK(first_seen), 0, LX_HOOK_NUMBER, LX_HOOK_FAST, LX_HOOK_ADDS, NULL, false, {0, 0}},
    {HOOK(always_seen),
     0,
     LX_HOOK_NUMBER,
     LX_HOOK_FAST,
     LX_HOOK_ONCE,
     "show the first keys to all queries",
     false,
     {0, 0}},
    {WITH_BACK(whole), LX_HOOK_ROWS, LX_HOOK_SLOW, LX_HOOK_MULTIPLIES, NULL, false, {0, 0}},
    {HOOK(remap),
     0,
     LX_HOOK_NUMBER,
     LX_HOOK_SLOW,
     LX_HOOK_ONCE,
     "move positions",
     true,
     {270, 1800}},
    {WITH_BACK(features),
     LX_HOOK_VECTORS,
     LX_HOOK_SLOW,
     LX_HOOK_ONCE,
     "replace the vectors of the product",
     true,
     {700, 17000}},
    {WITH_BACK(product),
     LX_HOOK_ROW,
     LX_HOOK_SLOW,
     LX_HOOK_ONCE,
     "replace the product of query and key",
     true,
     {6000, 46000}},
    {WITH_BACK(bias), LX_HOOK_ROW, LX_HOOK_SLOW, LX_HOOK_ADDS, NULL, true, {3500, 14000}},
    {WITH_BACK(post),
     LX_HOOK_ROW,
     LX_HOOK_SLOW,
     LX_HOOK_ONCE,
     "change the scores",
     false,
     {2000, 6000}},
    {WITH_BACK(normalise),
     LX_HOOK_ROW,
     LX_HOOK_SLOW,
     LX_HOOK_ONCE,
     "replace the softmax",
     false,
     {6000, 14000}},
    {WITH_BACK(value), LX_HOOK_ROW, LX_HOOK_SLOW, LX_HOOK_ADDS, NULL, true, {100, 1500}},
};

const size_t lx_hook_count = sizeof(lx_hooks) / sizeof(lx_hooks[0]);

bool lx_hook_set(const struct lx_encoding_ops *ops, size_t at)
{
    void (*hook)(void);

    memcpy(&hook, (const char *)ops + at, sizeof(hook));
    return hook != NULL;
}

bool lx_hook_used(const struct lx_encoding_ops *ops, const void *self, size_t at)
{
    return lx_hook_set(ops, at) && (ops->uses == NULL || ops->uses(self, at));
}
