/* The table of hooks; see hooks.h. */
#include "model/hooks.h"

#include <string.h>

#define AT(hook) offsetof(struct lx_encoding_ops, hook)
#define HOOK(hook) #hook, AT(hook)
#define WITH_BACK(hook) #hook, AT(hook), AT(hook##_back)

const struct lx_hook lx_hooks[] = {
    {HOOK(positions), 0, LX_HOOK_NUMBER, LX_HOOK_BEFORE, LX_HOOK_ONCE, "set positions", false},
    {WITH_BACK(embed), LX_HOOK_VECTORS, LX_HOOK_BEFORE, LX_HOOK_ADDS, NULL, true},
    {WITH_BACK(rotate), LX_HOOK_VECTORS, LX_HOOK_FAST, LX_HOOK_TURNS, NULL, true},
    {WITH_BACK(scale), LX_HOOK_ROWS, LX_HOOK_FAST, LX_HOOK_MULTIPLIES, NULL, false},
    {WITH_BACK(mul), LX_HOOK_DISTANCE, LX_HOOK_FAST, LX_HOOK_MULTIPLIES, NULL, false},
    {WITH_BACK(dist), LX_HOOK_DISTANCE, LX_HOOK_FAST, LX_HOOK_ADDS, NULL, false},
    {WITH_BACK(key), LX_HOOK_KEYS, LX_HOOK_FAST, LX_HOOK_ADDS, NULL, false},
    {WITH_BACK(pair), LX_HOOK_STRIP, LX_HOOK_FAST, LX_HOOK_ADDS, NULL, true},
    {HOOK(tau), 0, LX_HOOK_HEADS, LX_HOOK_FAST, LX_HOOK_MULTIPLIES, NULL, false},
    {WITH_BACK(sink), LX_HOOK_HEADS, LX_HOOK_FAST, LX_HOOK_ONCE, "put weight on no key", false},
    {HOOK(window), 0, LX_HOOK_NUMBER, LX_HOOK_FAST, LX_HOOK_ADDS, NULL, false},
    {HOOK(first_seen), 0, LX_HOOK_NUMBER, LX_HOOK_FAST, LX_HOOK_ADDS, NULL, false},
    {HOOK(always_seen), 0, LX_HOOK_NUMBER, LX_HOOK_FAST, LX_HOOK_ONCE,
     "show the first keys to all queries", false},
    {WITH_BACK(whole), LX_HOOK_ROWS, LX_HOOK_SLOW, LX_HOOK_MULTIPLIES, NULL, false},
    {HOOK(remap), 0, LX_HOOK_NUMBER, LX_HOOK_SLOW, LX_HOOK_ONCE, "move positions", true},
    {WITH_BACK(features), LX_HOOK_VECTORS, LX_HOOK_SLOW, LX_HOOK_ONCE,
     "replace the vectors of the product", true},
    {WITH_BACK(product), LX_HOOK_ROW, LX_HOOK_SLOW, LX_HOOK_ONCE,
     "replace the product of query and key", true},
    {WITH_BACK(bias), LX_HOOK_ROW, LX_HOOK_SLOW, LX_HOOK_ADDS, NULL, true},
    {WITH_BACK(post), LX_HOOK_ROW, LX_HOOK_SLOW, LX_HOOK_ONCE, "change the scores", false},
    {WITH_BACK(normalise), LX_HOOK_ROW, LX_HOOK_SLOW, LX_HOOK_ONCE, "replace the softmax", false},
    {WITH_BACK(value), LX_HOOK_ROW, LX_HOOK_SLOW, LX_HOOK_ADDS, NULL, true},
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
