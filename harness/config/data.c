/* Loading and digesting splits; see data.h. */
#include "config/data.h"

#include <math.h>
#include <string.h>

#include "core/hash.h"

void lx_data_open(struct lx_data *d, const struct lx_config_dataset *set)
{
    *d = (struct lx_data){.set = set};
}

void lx_data_close(struct lx_data *d)
{
    lx_ngram_free(d->table);
    lx_arena_free(&d->arena);
    *d = (struct lx_data){0};
}

/* A dataset of examples is told by its options besides, since the tokens are a few of its inputs. */
static enum lx_code add_options(const struct lx_config_dataset *set, struct lx_hash *h,
                                struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};
    enum lx_code code;

    lx_json_open_object(&w, NULL);
    lx_options_write(set->ops->options, set->self, &w);
    lx_json_close_object(&w);
    code = lx_buf_check(&text, err);
    lx_hash_add(h, text.text, text.len);
    lx_buf_free(&text);
    return code;
}

/* Little-endian arrays in memory order, each behind its length. */
static enum lx_code digest(const struct lx_config_dataset *set, const struct lx_stream *s,
                           char out[65], struct lx_err *err)
{
    struct lx_hash h;
    enum lx_code code = LX_OK;
    const struct {
        const void *data;
        size_t size;
    } parts[] = {{s->tokens, sizeof(*s->tokens)},
                 {s->floor_nll, sizeof(*s->floor_nll)},
                 {s->reach, sizeof(*s->reach)},
                 {s->blind_nll, sizeof(*s->blind_nll)}};

    lx_hash_init(&h);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        uint64_t n = parts[i].data == NULL ? 0 : (uint64_t)s->n;

        lx_hash_add(&h, &n, sizeof(n));
        if (n > 0)
            lx_hash_add(&h, parts[i].data, s->n * parts[i].size);
    }
    if (s->examples != NULL)
        code = add_options(set, &h, err);
    lx_hash_hex(&h, out);
    return code;
}

/* Bytes of tokens that the tokens themselves do not tell. */
static void digest_bytes(const struct lx_config_dataset *set, char out[65])
{
    struct lx_hash h;

    out[0] = '\0';
    if (set->ops->bytes == NULL)
        return;
    lx_hash_init(&h);
    for (int t = 0; t < set->ops->vocab(set->self); t++) {
        double bytes = set->ops->bytes(set->self, t);

        bytes = isnan(bytes) ? -1 : bytes;
        lx_hash_add(&h, &bytes, sizeof(bytes));
    }
    lx_hash_hex(&h, out);
}

enum lx_code lx_data_load(struct lx_data *d, enum lx_split split, const struct lx_stream **out,
                          struct lx_err *err)
{
    if (!d->loaded[split]) {
        if (d->set->ops->load(d->set->self, split, &d->arena, &d->stream[split], err) != LX_OK)
            return lx_config_at(err, d->set->path);
        if (digest(d->set, &d->stream[split], d->digest[split], err))
            return err->code;
        digest_bytes(d->set, d->bytes_digest);
        d->loaded[split] = true;
    }
    *out = &d->stream[split];
    return LX_OK;
}

enum lx_code lx_data_table(struct lx_data *d, const struct lx_ngram **out, struct lx_err *err)
{
    const struct lx_stream *train;
    int vocab = d->set->ops->vocab(d->set->self);

    if (d->table == NULL && (lx_data_load(d, LX_SPLIT_TRAIN, &train, err) ||
                             lx_ngram_count(&d->table, train->tokens, train->n, vocab, err)))
        return err->code;
    *out = d->table;
    return LX_OK;
}

enum lx_code lx_data_token_bytes(struct lx_data *d, int vocab, const double **out,
                                 struct lx_err *err)
{
    struct lx_buf text = {0};
    double *bytes;
    int own = d->set->ops->vocab(d->set->self);
    enum lx_code code = lx_arena_get(&d->arena, (size_t)vocab, sizeof(*bytes), &bytes,
                                     "the byte counts of tokens", err);

    for (int t = 0; t < vocab && t < own && code == LX_OK; t++) {
        if (d->set->ops->bytes != NULL) {
            bytes[t] = d->set->ops->bytes(d->set->self, t);
            continue;
        }
        lx_buf_clear(&text);
        d->set->ops->text(d->set->self, t, &text);
        bytes[t] = (double)text.len;
        code = lx_buf_check(&text, err);
    }
    lx_buf_free(&text);
    *out = code == LX_OK ? bytes : NULL;
    return code;
}
