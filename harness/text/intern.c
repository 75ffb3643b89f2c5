/* Open addressing with linear probing over FNV-1a (Fowler, Noll, Vo). Ids never change, so rows
 * keep four bytes where the file repeats a name a hundred thousand times. */
#include "text/intern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void lx_intern_free(struct lx_intern *t)
{
    free(t->text);
    free(t->slot);
    *t = (struct lx_intern){0};
}

static size_t hash(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32);
}

/* The slot that holds text, or the free one where it belongs. */
static size_t find_slot(const struct lx_intern *t, const char *text)
{
    size_t i = hash(text) & (t->slots - 1);
    while (t->slot[i] >= 0 && strcmp(t->text[t->slot[i]], text) != 0)
        i = (i + 1) & (t->slots - 1);
    return i;
}

static enum lx_code grow(struct lx_intern *t, struct lx_err *err)
{
    size_t cap = t->cap ? 2 * t->cap : 32;
    const char **text = malloc(cap * sizeof(*text));
    int *slot = malloc(2 * cap * sizeof(*slot));
    if (text == NULL || slot == NULL) {
        free(text);
        free(slot);
        return lx_fail(err, LX_ENOMEM, "out of memory for %zu names", cap);
    }
    if (t->n)
        memcpy(text, t->text, t->n * sizeof(*text));
    for (size_t i = 0; i < 2 * cap; i++)
        slot[i] = -1;
    free(t->text);
    free(t->slot);
    t->text = text;
    t->slot = slot;
    t->cap = cap;
    t->slots = 2 * cap;
    for (size_t i = 0; i < t->n; i++)
        t->slot[find_slot(t, t->text[i])] = (int)i;
    return LX_OK;
}

enum lx_code lx_intern_add(struct lx_intern *t, const char *text, int *id, struct lx_err *err)
{
    if (t->n == t->cap && grow(t, err) != LX_OK)
        return err->code;
    size_t i = find_slot(t, text);
    if (t->slot[i] < 0) {
        t->slot[i] = (int)t->n;
        t->text[t->n++] = text;
    }
    *id = t->slot[i];
    return LX_OK;
}

int lx_intern_find(const struct lx_intern *t, const char *text)
{
    return t->slots == 0 ? -1 : t->slot[find_slot(t, text)];
}
