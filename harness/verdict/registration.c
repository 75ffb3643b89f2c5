/* Reading a registration, with every sum in it checked; see registration.h.
 *
 * The hash of an entry is the SHA-256 of this text, which anybody can write:
 *     longshot-registration-1
 *     claim SHA256 ID          a line each, sorted by id
 *     seeds 1 2 3
 *     cells 5480cd93beaecd99 ... */
#include "verdict/registration.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "system/fs.h"

static void sum(const struct lx_buf *text, char out[65])
{
    struct lx_hash h;

    lx_hash_init(&h);
    if (text->len > 0)
        lx_hash_add(&h, text->text, text->len);
    lx_hash_hex(&h, out);
}

static int by_key(const void *a, const void *b)
{
    const struct lx_json *const *x = a, *const *y = b;

    return strcmp(lx_json_key(*x), lx_json_key(*y));
}

static enum lx_code write(const struct lx_json *v, const char *key, const char *without,
                          struct lx_json_writer *w, struct lx_err *err);

static enum lx_code write_object(const struct lx_json *v, const char *key, const char *without,
                                 struct lx_json_writer *w, struct lx_err *err)
{
    struct lx_arena arena = {0};
    const struct lx_json **member;
    size_t n = 0;
    enum lx_code code =
        lx_arena_get(&arena, lx_json_count(v) + 1, sizeof(*member), &member, "a claim", err);

    if (code != LX_OK)
        return code;
    for (const struct lx_json *m = lx_json_first(v); m != NULL; m = lx_json_next(m))
        if (without == NULL || strcmp(lx_json_key(m), without) != 0)
            member[n++] = m;
    qsort(member, n, sizeof(*member), by_key);
    lx_json_open_object(w, key);
    for (size_t i = 0; i < n && code == LX_OK; i++)
        code = write(member[i], lx_json_key(member[i]), NULL, w, err);
    lx_json_close_object(w);
    lx_arena_free(&arena);
    return code;
}

static enum lx_code write(const struct lx_json *v, const char *key, const char *without,
                          struct lx_json_writer *w, struct lx_err *err)
{
    if (lx_json_type(v) == LX_JSON_OBJECT)
        return write_object(v, key, without, w, err);
    if (lx_json_type(v) != LX_JSON_ARRAY) {
        lx_json_add_value(w, key, v);
        return LX_OK;
    }
    lx_json_open_array(w, key);
    for (const struct lx_json *m = lx_json_first(v); m != NULL; m = lx_json_next(m))
        if (write(m, NULL, NULL, w, err))
            return err->code;
    lx_json_close_array(w);
    return LX_OK;
}

/* Append the canonical text: members sorted by key. `without`: a member that is left out, or NULL. */
static enum lx_code canonical(const struct lx_json *v, const char *without, struct lx_buf *out,
                              struct lx_err *err)
{
    struct lx_json_writer w = {.out = out};

    return write(v, NULL, without, &w, err) ? err->code : lx_buf_check(out, err);
}

enum lx_code lx_registration_sum(const struct lx_json *claim, char out[65], struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code = canonical(claim, NULL, &text, err);

    sum(&text, out);
    lx_buf_free(&text);
    return code;
}

enum lx_code lx_registration_chain(const char *before, const struct lx_json *entry, char out[65],
                                   struct lx_err *err)
{
    struct lx_buf text = {0};
    enum lx_code code;

    lx_buf_printf(&text, "%s\n", before);
    code = canonical(entry, "chain", &text, err);
    sum(&text, out);
    lx_buf_free(&text);
    return code;
}

static int by_id(const void *a, const void *b)
{
    const struct lx_registration_claim *x = a, *y = b;

    return strcmp(x->id, y->id);
}

enum lx_code lx_registration_hash_texts(const struct lx_registration_claim *claim, size_t n,
                                        const char *seeds, const char *cells, char out[65],
                                        struct lx_err *err)
{
    struct lx_registration_claim *sorted;
    struct lx_arena arena = {0};
    struct lx_buf text = {0};
    enum lx_code code = lx_arena_get(&arena, n + 1, sizeof(*sorted), &sorted, "claims", err);

    if (code != LX_OK)
        return code;
    if (n > 0)
        memcpy(sorted, claim, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), by_id);
    lx_buf_add(&text, LX_REGISTRATION_FORMAT "\n");
    for (size_t i = 0; i < n; i++)
        lx_buf_printf(&text, "claim %s %s\n", sorted[i].sha256, sorted[i].id);
    lx_buf_printf(&text, "seeds %s\ncells %s\n", seeds, cells);
    code = lx_buf_check(&text, err);
    sum(&text, out);
    lx_buf_free(&text);
    lx_arena_free(&arena);
    return code;
}

enum lx_code lx_registration_claims(const struct lx_json *claims, struct lx_arena *arena,
                                    struct lx_registration_claim **out, size_t *n,
                                    struct lx_err *err)
{
    *n = 0;
    if (lx_arena_get(arena, lx_json_count(claims) + 1, sizeof(**out), out, "claims", err))
        return err->code;
    for (const struct lx_json *v = lx_json_first(claims); v != NULL; v = lx_json_next(v)) {
        const char *id = lx_json_text(lx_json_find(v, "id"));
        char hex[65];

        if (lx_registration_sum(v, hex, err) ||
            lx_arena_copy(arena, hex, sizeof(hex) - 1, &(*out)[*n].sha256, err) ||
            lx_arena_copy(arena, id != NULL ? id : "", id != NULL ? strlen(id) : 0, &(*out)[*n].id,
                          err))
            return err->code;
        (*n)++;
    }
    return LX_OK;
}

/* --------------------------------------------------------------------------------- reading */

void lx_registration_free(struct lx_registration *r)
{
    lx_json_free(r->doc);
    lx_arena_free(&r->arena);
    *r = (struct lx_registration){0};
}

/* What is wrong with the file is kept, not returned: a table can still be made, and says so. */
static enum lx_code spoil(struct lx_registration *r, size_t i, const char *what, struct lx_err *err)
{
    r->problem = lx_arena_printf(&r->arena, "entry %zu: %s", i + 1, what);
    r->n = r->n_claims = r->n_now = 0;
    return r->problem != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");
}

static const char *text_of(const struct lx_json *v, const char *key)
{
    const char *text = lx_json_text(lx_json_find(v, key));

    return text != NULL ? text : "";
}

static size_t count_of(const struct lx_json *v, const char *key)
{
    double n = lx_json_number(lx_json_find(v, key));

    return n > 0 && n < 1e9 ? (size_t)n : 0;
}

/* The place of a claim among those of now; n_now where it is not there. */
static size_t place_of(const struct lx_registration *r, const char *id)
{
    size_t i = 0;

    while (i < r->n_now && strcmp(r->now[i].id, id) != 0)
        i++;
    return i;
}

/* What the entry says about claims, put over those before; *what: NULL, or what is wrong. */
static enum lx_code apply(struct lx_registration *r, const struct lx_json *v, const char **what,
                          struct lx_err *err)
{
    const struct lx_json *c = lx_json_first(lx_json_find(v, "claims"));

    for (; c != NULL; c = lx_json_next(c)) {
        const struct lx_json *claim = lx_json_find(c, "claim");
        struct lx_registration_claim is = {text_of(claim, "id"), text_of(c, "sha256"), r->n};
        size_t at = place_of(r, is.id);
        char hex[65];

        if (lx_registration_sum(claim, hex, err))
            return err->code;
        if (strcmp(hex, is.sha256) != 0) {
            *what = "a claim is not the one of its hash";
            return LX_OK;
        }
        r->n_now += at == r->n_now;
        r->now[at] = r->claim[r->n_claims++] = is;
    }
    for (c = lx_json_first(lx_json_find(v, "dropped")); c != NULL; c = lx_json_next(c)) {
        size_t at = place_of(r, lx_json_text(c) != NULL ? lx_json_text(c) : "");

        if (at < r->n_now)
            r->now[at] = r->now[--r->n_now];
    }
    return LX_OK;
}

static enum lx_code check_hash(const struct lx_registration *r, const struct lx_json *v,
                               const char *cells, const char **what, struct lx_err *err)
{
    struct lx_buf seeds = {0};
    char hex[65];
    enum lx_code code = LX_OK;

    lx_buf_add(&seeds, "");
    for (const struct lx_json *x = lx_json_first(lx_json_find(v, "seeds")); x != NULL;
         x = lx_json_next(x))
        lx_buf_printf(&seeds, "%s%.0f", seeds.len > 0 ? " " : "", lx_json_number(x));
    if (lx_buf_check(&seeds, err) ||
        lx_registration_hash_texts(r->now, r->n_now, seeds.text, cells, hex, err))
        code = err->code;
    else if (strcmp(hex, text_of(v, "hash")) != 0)
        *what = "what is registered is not that of its hash";
    lx_buf_free(&seeds);
    return code;
}

static enum lx_code read_entry(struct lx_registration *r, const struct lx_json *v,
                               const char **what, struct lx_err *err)
{
    const struct lx_json *finished = lx_json_find(v, "finished");
    struct lx_registration_entry *e = &r->entry[r->n];
    char chain[65];

    *e = (struct lx_registration_entry){.date = text_of(v, "date"),
                                        .hash = text_of(v, "hash"),
                                        .finished = {.cells = count_of(finished, "cells"),
                                                     .of = count_of(finished, "of"),
                                                     .seeds = count_of(finished, "seeds"),
                                                     .tuned = count_of(finished, "tuned")},
                                        .seeds = lx_json_find(v, "seeds"),
                                        .cells = text_of(v, "cells"),
                                        .replaced = lx_json_text(lx_json_find(v, "replaced"))};
    if (apply(r, v, what, err) || (*what == NULL && check_hash(r, v, e->cells, what, err)) ||
        lx_registration_chain(r->chain, v, chain, err))
        return err->code;
    if (*what == NULL && strcmp(chain, text_of(v, "chain")) != 0)
        *what = "is not that of its chain";
    memcpy(r->chain, chain, sizeof(chain));
    r->n++;
    return LX_OK;
}

static enum lx_code read_entries(struct lx_registration *r, struct lx_err *err)
{
    const struct lx_json *entries = lx_json_find(r->doc, "entries");
    size_t n = 0;

    if (strcmp(text_of(r->doc, "format"), LX_REGISTRATION_FORMAT) != 0)
        return spoil(r, 0, "must be of format " LX_REGISTRATION_FORMAT, err);
    for (const struct lx_json *v = lx_json_first(entries); v != NULL; v = lx_json_next(v))
        n += lx_json_count(lx_json_find(v, "claims"));
    if (lx_arena_get(&r->arena, lx_json_count(entries) + 1, sizeof(*r->entry), &r->entry,
                     "registration", err) ||
        lx_arena_get(&r->arena, n + 1, sizeof(*r->claim), &r->claim, "registration", err) ||
        lx_arena_get(&r->arena, n + 1, sizeof(*r->now), &r->now, "registration", err))
        return err->code;
    for (const struct lx_json *v = lx_json_first(entries); v != NULL; v = lx_json_next(v)) {
        const char *what = NULL;

        if (read_entry(r, v, &what, err))
            return err->code;
        if (what != NULL)
            return spoil(r, r->n - 1, what, err);
    }
    return r->n > 0 ? LX_OK : spoil(r, 0, "is missing", err);
}

static enum lx_code read_text(struct lx_registration *r, const char *path, struct lx_buf *text,
                              struct lx_err *err)
{
    enum lx_code code;

    if (lx_fs_read(path, text, err))
        return err->code;
    code = lx_json_parse(text->len > 0 ? text->text : "", text->len, path, &r->doc, err);
    if (code == LX_ECONFIG)
        return spoil(r, 0, "is not JSON", err);
    return code != LX_OK ? code : read_entries(r, err);
}

enum lx_code lx_registration_read(struct lx_registration *r, const char *dir, struct lx_err *err)
{
    const char *path;
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    *r = (struct lx_registration){.n = 0};
    if (lx_arena_format(&r->arena, &path, err, "%s/" LX_REGISTRATION_FILE, dir) ||
        lx_fs_look(path, &r->found, err) || (r->found && read_text(r, path, &text, err)))
        code = err->code;
    lx_buf_free(&text);
    return code;
}
