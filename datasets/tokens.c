/* Token ids of your own: what a tokenizer made of a text, in the files that people have.
 *
 * Splits are files of their own, or one file cut in order (split_files.h); the formats are those of
 * tokens_file.h. A token prints as its id. How many bytes of text it is made of is not in such files:
 * without `bytes_per_token` or `token_bytes` there are no bits per byte. An id that ends documents is a
 * token like any other; it prints with a line break. */
#include <math.h>
#include <string.h>

#include "datasets/split_files.h"
#include "datasets/tokens_file.h"
#include "system/fs.h"

struct tokens {
    struct lx_split_files files;
    int vocab, format, end;
    double bytes_per_token; /* NAN: not given */
    const char *bytes_file; /* NULL: not given */
    const uint16_t *bytes;  /* (vocab) of bytes_file, else NULL */
};

static const struct lx_option options[] = {
    LX_SPLIT_FILES_OPTIONS(struct tokens, files, ".npy, or .bin of nanoGPT or llm.c", "tokens"),
    {.key = "vocab",
     .type = LX_OPT_INT,
     .offset = offsetof(struct tokens, vocab),
     .def = 2,
     .min = 2,
     .max = LX_TOKENS_VOCAB_MOST,
     .flags = LX_OPT_REQUIRED,
     .help = "ids of the tokenizer; every id is below it"},
    {.key = "format",
     .type = LX_OPT_CHOICE,
     .offset = offsetof(struct tokens, format),
     .text = LX_TOKENS_FORMAT_NAMES,
     .help = "of the files; auto: by what they begin with, else uint16"},
    {.key = "bytes_per_token",
     .type = LX_OPT_REAL,
     .offset = offsetof(struct tokens, bytes_per_token),
     .def = (double)NAN,
     .min = 0,
     .max = 65535,
     .flags = LX_OPT_OPEN_MIN,
     .help = "bytes of text that a token stands for on average, for bits per byte"},
    {.key = "token_bytes",
     .type = LX_OPT_TEXT,
     .offset = offsetof(struct tokens, bytes_file),
     .help = "file of the bytes of each id, a whole number a line, for bits per byte"},
    {.key = "end_of_document",
     .type = LX_OPT_INT,
     .offset = offsetof(struct tokens, end),
     .def = -1,
     .min = -1,
     .max = LX_TOKENS_VOCAB_MOST - 1,
     .help = "id that ends a document, -1 = none"},
    {.type = LX_OPT_END},
};

/* The number of one line; false: it is none. */
static bool parse_line(const char *at, size_t n, uint16_t *out)
{
    unsigned long v = 0;

    for (size_t i = 0; i < n; i++) {
        if (at[i] < '0' || at[i] > '9' || v > UINT16_MAX)
            return false;
        v = v * 10 + (unsigned long)(at[i] - '0');
    }
    *out = (uint16_t)v;
    return n > 0 && v <= UINT16_MAX;
}

/* As many lines as there are ids, each a number. */
static enum lx_code parse_bytes(const struct tokens *s, const struct lx_buf *text, uint16_t *out,
                                struct lx_err *err)
{
    const char *at = text->text, *end = at + text->len;
    int lines = 0;

    for (; at < end; lines++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        uint16_t spare;

        stop = stop != NULL ? stop : end;
        if (!parse_line(at, (size_t)(stop - at), lines < s->vocab ? &out[lines] : &spare))
            return lx_fail(err, LX_EDATA,
                           "token_bytes: %s: line %d: must be a whole number from 0 to 65535",
                           s->bytes_file, lines + 1);
        at = stop + 1;
    }
    if (lines != s->vocab)
        return lx_fail(err, LX_EDATA,
                       "token_bytes: %s: must have a line for each of %d ids, got %d",
                       s->bytes_file, s->vocab, lines);
    return LX_OK;
}

static enum lx_code read_bytes(struct tokens *s, struct lx_arena *arena, struct lx_err *err)
{
    struct lx_buf text = {0};
    uint16_t *bytes;
    enum lx_code code = LX_OK;

    if (lx_fs_read(s->bytes_file, &text, err))
        return lx_wrap(err, "token_bytes");
    if (lx_arena_get(arena, (size_t)s->vocab, sizeof(*bytes), &bytes, "bytes of tokens", err) ||
        parse_bytes(s, &text, bytes, err))
        code = err->code;
    lx_buf_free(&text);
    s->bytes = code == LX_OK ? bytes : NULL;
    return code;
}

static enum lx_code tokens_init(void *self, struct lx_arena *arena, struct lx_err *err)
{
    struct tokens *s = self;

    if (lx_split_files_check(&s->files, err))
        return err->code;
    if (s->end >= s->vocab)
        return lx_fail(err, LX_ECONFIG, "end_of_document: must be below vocab (%d), got %d",
                       s->vocab, s->end);
    if (s->bytes_file == NULL)
        return LX_OK;
    if (!isnan(s->bytes_per_token))
        return lx_fail(err, LX_ECONFIG,
                       "bytes_per_token: cannot be given together with token_bytes");
    if (lx_split_files_exists("token_bytes", s->bytes_file, err))
        return err->code;
    return read_bytes(s, arena, err);
}

static const char *tokens_file(const void *self, enum lx_split split)
{
    const struct tokens *s = self;

    return lx_split_files_path(&s->files, split);
}

static int tokens_vocab(const void *self)
{
    const struct tokens *s = self;

    return s->vocab;
}

/* key: the option that gives the path, for messages. */
static enum lx_code load(const struct tokens *s, enum lx_split split, const char *key,
                         const char *path, struct lx_arena *arena, struct lx_stream *out,
                         struct lx_err *err)
{
    struct lx_tokens_file f;
    uint16_t *ids = NULL;
    size_t from, to;
    enum lx_code code = LX_OK;

    if (lx_tokens_open(&f, path, (enum lx_tokens_format)s->format, err))
        code = lx_wrap(err, "%s", key);
    else if (lx_split_files_cut(&s->files, split, f.at.n, "tokens", &from, &to, err))
        code = err->code; /* it names the option */
    else if (lx_arena_get(arena, to - from, sizeof(*ids), &ids, "token ids", err) ||
             (ids != NULL && lx_tokens_read(&f, from, to - from, s->vocab, ids, err)))
        code = lx_wrap(err, "%s", key);
    lx_tokens_close(&f);
    if (code != LX_OK)
        return code;
    out->tokens = ids;
    out->n = to - from;
    return LX_OK;
}

static enum lx_code tokens_load(void *self, enum lx_split split, struct lx_arena *arena,
                                struct lx_stream *out, struct lx_err *err)
{
    const struct tokens *s = self;
    const char *key, *path;

    memset(out, 0, sizeof(*out));
    if (lx_split_files_find(&s->files, split, &key, &path, err))
        return err->code;
    return load(s, split, key, path, arena, out, err);
}

static void tokens_text(const void *self, int token, struct lx_buf *out)
{
    const struct tokens *s = self;

    lx_buf_printf(out, "%d%s", token, token == s->end ? "\n" : " ");
}

static double tokens_bytes(const void *self, int token)
{
    const struct tokens *s = self;

    return s->bytes != NULL ? s->bytes[token] : s->bytes_per_token;
}

/* Ids with space between them. */
static enum lx_code tokens_encode(const void *self, const char *text, size_t n, struct lx_buf *out,
                                  struct lx_err *err)
{
    const struct tokens *s = self;

    for (size_t i = 0; i < n;) {
        size_t from = i;
        uint16_t id;

        while (i < n && text[i] != ' ' && text[i] != '\n' && text[i] != '\t')
            i++;
        if (i == from) {
            i++;
            continue;
        }
        if (!parse_line(text + from, i - from, &id) || id >= s->vocab)
            return lx_fail(err, LX_EDATA, "must be ids from 0 to %d, got \"%.*s\"", s->vocab - 1,
                           (int)(i - from < 40 ? i - from : 40), text + from);
        lx_buf_addn(out, &id, sizeof(id));
    }
    return lx_buf_check(out, err);
}

const struct lx_dataset_ops lx_dataset_tokens = {
    .name = "tokens",
    .title = "Token ids of your own files",
    .cite = "your own files; datasets/make_tokens.py makes some of a text",
    .help = "ids of any tokenizer with up to 65,535: .npy, or .bin of nanoGPT or llm.c",
    .state_size = sizeof(struct tokens),
    .options = options,
    .init = tokens_init,
    .vocab = tokens_vocab,
    .load = tokens_load,
    .text = tokens_text,
    .bytes = tokens_bytes,
    .encode = tokens_encode,
    .file = tokens_file,
};
