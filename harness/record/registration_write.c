/* Adding to a registration; see registration_write.h. */
#include "record/registration_write.h"

#include <stdio.h>
#include <string.h>

#include "core/provenance.h"

/* A study, summed. */
struct summed {
    struct lx_arena arena;
    struct lx_registration_claim *claim;
    size_t n;
    const char *seeds, *cells;
    char hash[65];
};

static enum lx_code keep_texts(const struct lx_registration_study *s, struct summed *x,
                               struct lx_err *err)
{
    struct lx_buf seeds = {0}, cells = {0};
    enum lx_code code = LX_OK;

    for (size_t i = 0; i < s->n_seeds; i++)
        lx_buf_printf(&seeds, "%s%llu", i > 0 ? " " : "", (unsigned long long)s->seeds[i]);
    for (size_t i = 0; i < s->n_cells; i++)
        lx_buf_printf(&cells, "%s%s", i > 0 ? " " : "", s->cells[i]);
    if (lx_buf_keep(&seeds, &x->arena, &x->seeds, err) ||
        lx_buf_keep(&cells, &x->arena, &x->cells, err))
        code = err->code;
    lx_buf_free(&seeds);
    lx_buf_free(&cells);
    return code;
}

static enum lx_code sum(const struct lx_registration_study *s, struct summed *x, struct lx_err *err)
{
    *x = (struct summed){.n = 0};
    if (lx_registration_claims(s->claims, &x->arena, &x->claim, &x->n, err) ||
        keep_texts(s, x, err))
        return err->code;
    return lx_registration_hash_texts(x->claim, x->n, x->seeds, x->cells, x->hash, err);
}

enum lx_code lx_registration_hash(const struct lx_registration_study *s, char out[65],
                                  struct lx_err *err)
{
    struct summed x;
    enum lx_code code = sum(s, &x, err);

    memcpy(out, x.hash, sizeof(x.hash));
    lx_arena_free(&x.arena);
    return code;
}

enum lx_code lx_registration_lacks(const struct lx_registration *r,
                                   const struct lx_registration_study *s, bool *lacks,
                                   struct lx_err *err)
{
    char hash[65];
    enum lx_code code = lx_registration_hash(s, hash, err);

    *lacks = code == LX_OK &&
             (r->n > 0 ? strcmp(hash, r->entry[r->n - 1].hash) != 0 : lx_json_count(s->claims) > 0);
    return code;
}

/* The claim of this id among n; NULL: there is none. */
static const struct lx_registration_claim *find(const struct lx_registration_claim *claim, size_t n,
                                                const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(claim[i].id, id) == 0)
            return &claim[i];
    return NULL;
}

static void write_claims(const struct lx_registration *r, const struct lx_registration_study *s,
                         const struct summed *x, struct lx_json_writer *w)
{
    const struct lx_json *v = lx_json_first(s->claims);

    lx_json_open_array(w, "claims");
    for (size_t i = 0; i < x->n; i++, v = lx_json_next(v)) {
        const struct lx_registration_claim *before = find(r->now, r->n_now, x->claim[i].id);

        if (before != NULL && strcmp(before->sha256, x->claim[i].sha256) == 0)
            continue;
        lx_json_open_object(w, NULL);
        lx_json_add_text(w, "sha256", x->claim[i].sha256);
        lx_json_add_value(w, "claim", v);
        lx_json_close_object(w);
    }
    lx_json_close_array(w);
    lx_json_open_array(w, "dropped");
    for (size_t i = 0; i < r->n_now; i++)
        if (find(x->claim, x->n, r->now[i].id) == NULL)
            lx_json_add_text(w, NULL, r->now[i].id);
    lx_json_close_array(w);
}

static enum lx_code write_entry(const struct lx_registration *r,
                                const struct lx_registration_study *s,
                                const struct lx_registration_finished *f, const char *change,
                                const struct summed *x, struct lx_buf *out, struct lx_err *err)
{
    struct lx_json_writer writer = {.out = out}, *w = &writer;
    char date[LX_UTC_SIZE];

    lx_utc_now(date);
    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "date", date);
    lx_json_add_text(w, "version", LX_VERSION);
    lx_json_add_text(w, "commit", lx_build_commit);
    lx_json_open_object(w, "finished");
    lx_json_add_int(w, "cells", (long long)f->cells);
    lx_json_add_int(w, "of", (long long)f->of);
    lx_json_add_int(w, "seeds", (long long)f->seeds);
    if (f->tuned > 0)
        lx_json_add_int(w, "tuned", (long long)f->tuned);
    lx_json_close_object(w);
    if (change != NULL)
        lx_json_add_text(w, "replaced", change);
    lx_json_open_array(w, "seeds");
    for (size_t i = 0; i < s->n_seeds; i++)
        lx_json_add_int(w, NULL, (long long)s->seeds[i]);
    lx_json_close_array(w);
    lx_json_add_text(w, "cells", x->cells);
    write_claims(r, s, x, w);
    lx_json_add_text(w, "hash", x->hash);
    lx_json_close_object(w);
    return lx_buf_check(out, err);
}

/* The entries before, and this one with its chain. */
static enum lx_code write_all(const struct lx_registration *r, struct lx_json *entry,
                              struct lx_buf *out, struct lx_err *err)
{
    struct lx_json_writer w = {.out = out, .indent = true};
    const struct lx_json *v = lx_json_first(lx_json_find(r->doc, "entries"));
    char chain[65], value[68];

    if (lx_registration_chain(r->chain, entry, chain, err))
        return err->code;
    (void)snprintf(value, sizeof(value), "\"%s\"", chain); /* a text, whatever its digits */
    if (lx_json_set(entry, "chain", value, err))
        return err->code;
    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "format", LX_REGISTRATION_FORMAT);
    lx_json_open_array(&w, "entries");
    for (; r->n > 0 && v != NULL; v = lx_json_next(v))
        lx_json_add_value(&w, NULL, v);
    lx_json_add_value(&w, NULL, entry);
    lx_json_close_array(&w);
    lx_json_close_object(&w);
    lx_buf_add(out, "\n");
    return lx_buf_check(out, err);
}

enum lx_code lx_registration_add(const struct lx_registration *r,
                                 const struct lx_registration_study *s,
                                 const struct lx_registration_finished *finished,
                                 const char *change, struct lx_buf *out, struct lx_err *err)
{
    struct lx_buf text = {0};
    struct lx_json *entry = NULL;
    struct summed x;
    enum lx_code code = LX_OK;

    if (sum(s, &x, err) || write_entry(r, s, finished, change, &x, &text, err) ||
        lx_json_parse(text.text, text.len, LX_REGISTRATION_FILE, &entry, err) ||
        write_all(r, entry, out, err))
        code = err->code;
    lx_json_free(entry);
    lx_buf_free(&text);
    lx_arena_free(&x.arena);
    return code;
}
