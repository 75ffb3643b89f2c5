/* `texts`: size and SHA-256 of the files that datasets read, by path. A run writes them into config.json; in
 * a config that is run they say what the files must be. They are of the whole file as it is on disk, where
 * the id of a cell is of the tokens that it reads. */
#include <math.h>
#include <string.h>

#include "config/config_internal.h"
#include "core/hash.h"
#include "system/fs.h"

static enum lx_code check_text(const struct lx_json *v, struct lx_err *err)
{
    static const char *const keys[] = {"bytes", "sha256", NULL};
    const char *path = lx_json_key(v), *sum = lx_json_text(lx_json_find(v, "sha256"));
    double bytes = lx_json_number(lx_json_find(v, "bytes"));

    if (lx_json_type(v) != LX_JSON_OBJECT)
        return lx_fail(err, LX_ECONFIG, "texts: %.200s: must be an object, got %s", path,
                       lx_json_type_name(lx_json_type(v)));
    if (lx_config_keys(v, "texts", keys, err))
        return err->code;
    if (lx_json_type(lx_json_find(v, "bytes")) != LX_JSON_NUMBER || bytes < 0 ||
        floor(bytes) < bytes)
        return lx_fail(err, LX_ECONFIG, "texts: %.200s: bytes: must be a whole number", path);
    if (sum == NULL || strlen(sum) != 64 || sum[strspn(sum, "0123456789abcdef")] != '\0')
        return lx_fail(err, LX_ECONFIG,
                       "texts: %.200s: sha256: must be 64 digits, 0-9 and a-f, got \"%.80s\"", path,
                       sum != NULL ? sum : "");
    return LX_OK;
}

enum lx_code lx_config_texts(struct lx_config *c, struct lx_err *err)
{
    if (lx_config_object(c->doc, "texts", &c->texts, err))
        return err->code;
    for (const struct lx_json *v = lx_json_first(c->texts); v != NULL; v = lx_json_next(v))
        if (check_text(v, err))
            return err->code;
    return LX_OK;
}

enum lx_code lx_config_sum_text(const char *path, struct lx_config_text *out, struct lx_err *err)
{
    struct lx_buf bytes = {0};
    struct lx_hash h;

    if (lx_fs_read(path, &bytes, err))
        return err->code;
    *out = (struct lx_config_text){.path = path, .bytes = bytes.len};
    lx_hash_init(&h);
    if (bytes.len > 0)
        lx_hash_add(&h, bytes.text, bytes.len);
    lx_hash_hex(&h, out->sha256);
    lx_buf_free(&bytes);
    return LX_OK;
}

/* A file that the config says nothing about may be any. */
static enum lx_code check_sum(const struct lx_config *c, const struct lx_config_text *t,
                              struct lx_err *err)
{
    const struct lx_json *want = lx_json_find(c->texts, t->path);
    const char *sha256 = lx_json_text(lx_json_find(want, "sha256"));

    if (want == NULL || strcmp(sha256, t->sha256) == 0)
        return LX_OK;
    (void)lx_fail(err, LX_EDATA, "%s: texts: %s: must be the file of SHA-256 %s, got %s", c->file,
                  t->path, sha256, t->sha256);
    return lx_hint(err, "another text than was read before; without `texts` in the config the one "
                        "that is there is read");
}

enum lx_code lx_config_sum_texts(struct lx_config *c, struct lx_err *err)
{
    c->n_texts = 0;
    if (lx_arena_get(&c->arena, c->n_datasets * LX_SPLITS, sizeof(*c->text), &c->text, "the texts",
                     err))
        return err->code;
    for (size_t i = 0; i < c->n_datasets * LX_SPLITS; i++) {
        const struct lx_config_dataset *d = &c->datasets[i / LX_SPLITS];
        const char *path =
            d->ops->file != NULL ? d->ops->file(d->self, (enum lx_split)(i % LX_SPLITS)) : NULL;
        bool known = path == NULL;

        for (size_t k = 0; k < c->n_texts && !known; k++)
            known = strcmp(c->text[k].path, path) == 0;
        if (known)
            continue;
        if (lx_config_sum_text(path, &c->text[c->n_texts], err) ||
            check_sum(c, &c->text[c->n_texts], err))
            return err->code;
        c->n_texts++;
    }
    return LX_OK;
}

void lx_config_texts_write(const struct lx_config *c, struct lx_json_writer *w)
{
    if (c->n_texts == 0) {
        if (c->texts != NULL)
            lx_json_add_value(w, "texts", c->texts);
        return;
    }
    lx_json_open_object(w, "texts");
    for (size_t i = 0; i < c->n_texts; i++) {
        lx_json_open_object(w, c->text[i].path);
        lx_json_add_int(w, "bytes", (long long)c->text[i].bytes);
        lx_json_add_text(w, "sha256", c->text[i].sha256);
        lx_json_close_object(w);
    }
    lx_json_close_object(w);
}
