/* Splits from files; see split_files.h. */
#include "datasets/split_files.h"

#include <string.h>

#include "system/fs.h"
#include "text/nearest.h"

static const char *const split_key[LX_SPLITS] = {"train", "valid", "test"};
static const char *const fraction_key[LX_SPLITS] = {"", "valid_fraction", "test_fraction"};

/* Texts that datasets/fetch.sh puts where the committed configs look: data/NAME/. */
static const char *const fetched[] = {"books", "latex", "code"};

static enum lx_code hint_fetch(const char *path, struct lx_err *err)
{
    for (size_t i = 0; i < sizeof(fetched) / sizeof(fetched[0]); i++) {
        size_t n = strlen(fetched[i]);

        if (strncmp(path, "data/", 5) == 0 && strncmp(path + 5, fetched[i], n) == 0 &&
            path[5 + n] == '/')
            return lx_hint(err, "`datasets/fetch.sh %s` makes it, in the folder of the repository",
                           fetched[i]);
    }
    return lx_hint(err, "paths start from the folder the program runs in; datasets/fetch.sh "
                        "fetches the public ones");
}

enum lx_code lx_split_files_exists(const char *key, const char *path, struct lx_err *err)
{
    if (path == NULL || lx_fs_exists(path))
        return LX_OK;
    (void)lx_fail(err, LX_EDATA, "%s: %s: no such file", key, path);
    lx_hint_file(err, path);
    if (err->hint[0] != '\0')
        return err->code;
    return hint_fetch(path, err);
}

enum lx_code lx_split_files_check(const struct lx_split_files *s, struct lx_err *err)
{
    int given = 0;

    for (int i = 0; i < LX_SPLITS; i++) {
        if (s->file[i] != NULL && s->path != NULL)
            return lx_fail(err, LX_ECONFIG,
                           "%s: cannot be given together with path, which makes all splits",
                           split_key[i]);
        if (lx_split_files_exists(split_key[i], s->file[i], err) != LX_OK)
            return err->code;
        given += s->file[i] != NULL;
    }
    if (given == 0 && s->path == NULL)
        return lx_fail(err, LX_ECONFIG,
                       "path: must be given, or some of train, valid and test; got none");
    if (s->path != NULL && s->valid_fraction + s->test_fraction >= 1.0)
        return lx_fail(err, LX_ECONFIG,
                       "valid_fraction: valid_fraction + test_fraction must be below 1, got %g",
                       s->valid_fraction + s->test_fraction);
    return lx_split_files_exists("path", s->path, err);
}

const char *lx_split_files_path(const struct lx_split_files *s, enum lx_split split)
{
    return s->path != NULL ? s->path : s->file[split];
}

enum lx_code lx_split_files_find(const struct lx_split_files *s, enum lx_split split,
                                 const char **key, const char **path, struct lx_err *err)
{
    const double fraction[LX_SPLITS] = {1.0, s->valid_fraction, s->test_fraction};

    *key = s->path != NULL ? "path" : split_key[split];
    *path = lx_split_files_path(s, split);
    if (*path == NULL)
        return lx_fail(err, LX_ECONFIG, "%s: must be given: the %s split is needed", *key,
                       split_key[split]);
    if (s->path != NULL && !(fraction[split] > 0.0))
        return lx_fail(err, LX_ECONFIG, "%s: must be above 0: the %s split is needed, got 0",
                       fraction_key[split], split_key[split]);
    return LX_OK;
}

enum lx_code lx_split_files_cut(const struct lx_split_files *s, enum lx_split split, size_t size,
                                const char *units, size_t *from, size_t *to, struct lx_err *err)
{
    size_t valid = (size_t)((double)size * s->valid_fraction + 0.5);
    size_t test = (size_t)((double)size * s->test_fraction + 0.5);
    size_t train = valid + test < size ? size - valid - test : 0;
    size_t edge[LX_SPLITS + 1] = {0, train, size - test, size};

    *from = s->path != NULL ? edge[split] : 0;
    *to = s->path != NULL ? edge[split + 1] : size;
    if (size == 0)
        return lx_fail(err, LX_EDATA, "%s: %s: must not be empty, got 0 %s",
                       s->path != NULL ? "path" : split_key[split], lx_split_files_path(s, split),
                       units);
    if (s->path != NULL && (train == 0 || *to <= *from))
        return lx_fail(err, LX_EDATA, "path: %s: must be large enough for a %s split, got %zu %s",
                       s->path, split_key[split], size, units);
    if (s->limit > 0 && *to - *from > (size_t)s->limit)
        *to = *from + (size_t)s->limit;
    return LX_OK;
}
