/* The registry of datasets: the only place that names them.
 *
 * A dataset is one file NAME.c that defines `const struct lx_dataset_ops lx_dataset_NAME`. To add
 * one, write the file and put its name in the list below, in alphabetical order. */
#include <string.h>

#include "datasets/dataset.h"

#define DATASETS(X)                                                                                \
    X(journal)                                                                                     \
    X(questions)                                                                                   \
    X(tasks)                                                                                       \
    X(text)                                                                                        \
    X(tokens)

#define DECLARE(name) extern const struct lx_dataset_ops lx_dataset_##name;
#define ADDRESS(name) &lx_dataset_##name,

DATASETS(DECLARE)

static const struct lx_dataset_ops *const list[] = {DATASETS(ADDRESS)};

int lx_dataset_count(void)
{
    return (int)(sizeof(list) / sizeof(list[0]));
}

const struct lx_dataset_ops *lx_dataset_at(int i)
{
    return i >= 0 && i < lx_dataset_count() ? list[i] : NULL;
}

const struct lx_dataset_ops *lx_dataset_find(const char *name)
{
    for (int i = 0; i < lx_dataset_count(); i++)
        if (strcmp(list[i]->name, name) == 0)
            return list[i];
    return NULL;
}

const char *lx_split_name(enum lx_split split)
{
    static const char *const names[LX_SPLITS] = {"train", "valid", "test"};

    return names[split];
}
