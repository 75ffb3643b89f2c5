/* Shared by the tests of datasets: open one from JSON text, as a config would. */
#ifndef LX_TESTS_DATASET_OPEN_H
#define LX_TESTS_DATASET_OPEN_H

#include <string.h>

#include "core/arena.h"
#include "datasets/dataset.h"
#include "json/json.h"

struct opened {
    const struct lx_dataset_ops *ops;
    void *self;
    struct lx_arena arena;
};

/* Free with lx_arena_free(&o->arena), also after a failure. */
static enum lx_code open_dataset(struct opened *o, const char *name, const char *json,
                                 struct lx_err *err)
{
    struct lx_json *root = NULL;
    enum lx_code code;

    memset(o, 0, sizeof(*o));
    o->ops = lx_dataset_find(name);
    if (o->ops == NULL)
        return lx_fail(err, LX_ECONFIG, "%s: no such dataset", name);
    code = lx_arena_get(&o->arena, 1, o->ops->state_size, &o->self, "dataset", err);
    if (code == LX_OK)
        code = lx_json_parse(json, strlen(json), "options", &root, err);
    if (code == LX_OK)
        code = lx_options_parse(o->ops->options, root, name, NULL, o->self, &o->arena, err);
    lx_json_free(root);
    return code == LX_OK ? o->ops->init(o->self, &o->arena, err) : code;
}

#endif
