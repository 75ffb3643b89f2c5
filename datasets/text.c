/* Files of bytes: every byte is a token.
 *
 * Splits are files of their own (`train`, `valid`, `test`), or come from one file (`path`) that is
 * cut in order: train first, then valid, then test at its end. Plain or gzip, told apart by
 * content. Byte 0 ends a document and is a token like any other; a file without it is one document.
 * What a byte prints as is one byte, so bits per byte and nats per token differ by ln 2 alone. */
#include <string.h>

#include "datasets/dataset.h"
#include "system/fs.h"
#include "text/nearest.h"

struct text {
    const char *file[LX_SPLITS]; /* NULL: not given */
    const char *path;
    double valid_fraction, test_fraction;
    int limit;
};

static const char *const split_key[LX_SPLITS] = {"train", "valid", "test"};
static const char *const fraction_key[LX_SPLITS] = {"", "valid_fraction", "test_fraction"};

static const struct lx_option options[] = {
    {.key = "train",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct text, file[LX_SPLIT_TRAIN]),
     .help = "file of the train split, plain or gzip"},
    {.key = "valid",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct text, file[LX_SPLIT_VALID]),
     .help = "file of the valid split, plain or gzip"},
    {.key = "test",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct text, file[LX_SPLIT_TEST]),
     .help = "file of the test split, plain or gzip"},
    {.key = "path",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct text, path),
     .help = "one file for all splits, cut in order: train, valid, test"},
    {.key = "valid_fraction",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct text, valid_fraction),
     .def = 0.05,
     .min = 0,
     .max = 1,
     .help = "share of path that is the valid split"},
    {.key = "test_fraction",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct text, test_fraction),
     .def = 0.05,
     .min = 0,
     .max = 1,
     .help = "share of path that is the test split"},
    {.key = "limit",
     .type = LX_OPT_INT,
     .offset = offsetof(struct text, limit),
     .def = 0,
     .min = 0,
     .max = 2147483647,
     .help = "bytes read of each split at most, 0 = all"},
    {.type = LX_OPT_END},
};

static enum lx_code check_exists(const char *key, const char *path, struct lx_err *err)
{
    if (path == NULL || lx_fs_exists(path))
        return LX_OK;
    (void)lx_fail(err, LX_EDATA, "%s: %s: no such file", key, path);
    lx_hint_file(err, path);
    if (err->hint[0] != '\0')
        return err->code;
    return lx_hint(err, "paths start from the folder the program runs in; datasets/fetch.sh "
                        "fetches the public ones");
}

static enum lx_code text_init(void *self, struct lx_arena *arena, struct lx_err *err)
{
    const struct text *s = self;
    int given = 0;

    (void)arena;
    for (int i = 0; i < LX_SPLITS; i++) {
        if (s->file[i] != NULL && s->path != NULL)
            return lx_fail(err, LX_ECONFIG,
                           "%s: cannot be given together with path, which makes all splits",
                           split_key[i]);
        if (check_exists(split_key[i], s->file[i], err) != LX_OK)
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
    return check_exists("path", s->path, err);
}

static const char *text_file(const void *self, enum lx_split split)
{
    const struct text *s = self;

    return s->path != NULL ? s->path : s->file[split];
}

static int text_vocab(const void *self)
{
    (void)self;
    return 256;
}

/* The bytes [*from, *to) of `path` that make a split. */
static enum lx_code cut(const struct text *s, enum lx_split split, size_t size, size_t *from,
                        size_t *to, struct lx_err *err)
{
    size_t valid = (size_t)((double)size * s->valid_fraction + 0.5);
    size_t test = (size_t)((double)size * s->test_fraction + 0.5);
    size_t train = valid + test < size ? size - valid - test : 0;
    size_t edge[LX_SPLITS + 1] = {0, train, size - test, size};

    *from = edge[split];
    *to = edge[split + 1];
    if (train > 0 && *to > *from)
        return LX_OK;
    return lx_fail(err, LX_EDATA, "path: %s: must be large enough for a %s split, got %zu bytes",
                   s->path, split_key[split], size);
}

/* Whether the options provide the split; *key and *path are the option and the file it is in. */
static enum lx_code find_file(const struct text *s, enum lx_split split, const char **key,
                              const char **path, struct lx_err *err)
{
    const double fraction[LX_SPLITS] = {1.0, s->valid_fraction, s->test_fraction};

    *key = s->path != NULL ? "path" : split_key[split];
    *path = s->path != NULL ? s->path : s->file[split];
    if (*path == NULL)
        return lx_fail(err, LX_ECONFIG, "%s: must be given: the %s split is needed", *key,
                       split_key[split]);
    if (s->path != NULL && !(fraction[split] > 0.0))
        return lx_fail(err, LX_ECONFIG, "%s: must be above 0: the %s split is needed, got 0",
                       fraction_key[split], split_key[split]);
    return LX_OK;
}

static enum lx_code text_load(void *self, enum lx_split split, struct lx_arena *arena,
                              struct lx_stream *out, struct lx_err *err)
{
    const struct text *s = self;
    struct lx_buf bytes = {0};
    const char *key, *path;
    uint16_t *tokens = NULL;
    size_t from = 0, to;
    enum lx_code code = find_file(s, split, &key, &path, err);

    memset(out, 0, sizeof *out);
    if (code != LX_OK)
        return code;
    if (lx_fs_read_gz(path, &bytes, err) != LX_OK) {
        code = lx_wrap(err, "%s", key);
        goto done;
    }
    to = bytes.len;
    if (bytes.len == 0) {
        code = lx_fail(err, LX_EDATA, "%s: %s: must not be empty, got 0 bytes", key, path);
        goto done;
    }
    if (s->path != NULL && (code = cut(s, split, bytes.len, &from, &to, err)) != LX_OK)
        goto done;
    if (s->limit > 0 && to - from > (size_t)s->limit)
        to = from + (size_t)s->limit;

    code = lx_arena_get(arena, to - from, sizeof *tokens, &tokens, "text tokens", err);
    if (code != LX_OK)
        goto done;
    out->tokens = tokens;
    out->n = to - from;
    for (size_t i = 0; tokens != NULL && i < out->n; i++)
        tokens[i] = (unsigned char)bytes.text[from + i];
done:
    lx_buf_free(&bytes);
    return code;
}

/* The end of a document shows as a line break. */
static void text_text(const void *self, int token, struct lx_buf *out)
{
    char byte = token == 0 ? '\n' : (char)token;

    (void)self;
    lx_buf_addn(out, &byte, 1);
}

static enum lx_code text_encode(const void *self, const char *text, size_t n, struct lx_buf *out,
                                struct lx_err *err)
{
    (void)self;
    for (size_t i = 0; i < n; i++) {
        uint16_t token = (unsigned char)text[i];

        lx_buf_addn(out, &token, sizeof token);
    }
    return lx_buf_check(out, err);
}

const struct lx_dataset_ops lx_dataset_text = {
    .name = "text",
    .title = "Bytes of a file",
    .cite = "your own files; datasets/fetch.sh fetches public ones",
    .help = "plain or gzip files, one token a byte, byte 0 ends a document",
    .state_size = sizeof(struct text),
    .options = options,
    .init = text_init,
    .vocab = text_vocab,
    .load = text_load,
    .text = text_text,
    .encode = text_encode,
    .file = text_file,
};
