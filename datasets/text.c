/* Files of bytes: every byte is a token.
 *
 * Splits are files of their own (`train`, `valid`, `test`), or come from one file (`path`) that is
 * cut in order: train first, then valid, then test at its end. Plain or gzip, told apart by
 * content. Byte 0 ends a document and is a token like any other; a file without it is one document.
 * What a byte prints as is one byte, so bits per byte and nats per token differ by ln 2 alone. */
#include <string.h>

#include "datasets/split_files.h"
#include "system/fs.h"

struct text {
    struct lx_split_files files;
};

static const struct lx_option options[] = {
    LX_SPLIT_FILES_OPTIONS(struct text, files, "plain or gzip", "bytes"),
    {.type = LX_OPT_END},
};

static enum lx_code text_init(void *self, struct lx_arena *arena, struct lx_err *err)
{
    const struct text *s = self;

    (void)arena;
    return lx_split_files_check(&s->files, err);
}

static const char *text_file(const void *self, enum lx_split split)
{
    const struct text *s = self;

    return lx_split_files_path(&s->files, split);
}

static int text_vocab(const void *self)
{
    (void)self;
    return 256;
}

static enum lx_code text_load(void *self, enum lx_split split, struct lx_arena *arena,
                              struct lx_stream *out, struct lx_err *err)
{
    const struct text *s = self;
    struct lx_buf bytes = {0};
    const char *key, *path;
    uint16_t *tokens = NULL;
    size_t from, to;
    enum lx_code code = lx_split_files_find(&s->files, split, &key, &path, err);

    memset(out, 0, sizeof(*out));
    if (code != LX_OK)
        return code;
    if (lx_fs_read_gz(path, &bytes, err) != LX_OK) {
        code = lx_wrap(err, "%s", key);
        goto done;
    }
    if (lx_split_files_cut(&s->files, split, bytes.len, "bytes", &from, &to, err) ||
        lx_arena_get(arena, to - from, sizeof(*tokens), &tokens, "text tokens", err)) {
        code = err->code;
        goto done;
    }
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

        lx_buf_addn(out, &token, sizeof(token));
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
