/* Training state on disk; see state.h. */
#include "train/state.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/log.h"
#include "model/safetensors.h"
#include "system/fs.h"

#define FORMAT "longshot-state-1"
#define KINDS 3 /* weights, first moments, second moments */
#define SUMS 4
#define COUNTS 2
#define WORD_DIGITS 16

static const enum lx_st_type real_type = sizeof(real) == sizeof(double) ? LX_ST_F64 : LX_ST_F32;
static const char *const prefixes[KINDS] = {"", "adam.m.", "adam.v."};

enum meta_key { M_FORMAT, M_TRAIN_ID, M_STEP, M_RNG, M_SUMS, M_COUNTS, M_ROWS, M_SHA256, N_META };
static const char *const keys[N_META] = {"format", "train_id", "step", "data_rng",
                                         "sums",   "counts",   "rows", "sha256"};

/* Words as hex digits, the highest first, and back; back only from exactly n words. */
static void put_words(char *out, const uint64_t *words, int n)
{
    for (int i = 0; i < n; i++)
        (void)snprintf(out + i * WORD_DIGITS, WORD_DIGITS + 1, "%016llx",
                       (unsigned long long)words[i]);
}

static bool get_words(const char *text, uint64_t *words, int n)
{
    if (strlen(text) != (size_t)n * WORD_DIGITS ||
        strspn(text, "0123456789abcdef") != (size_t)n * WORD_DIGITS)
        return false;
    for (int i = 0; i < n; i++) {
        char word[WORD_DIGITS + 1] = "";

        memcpy(word, text + i * WORD_DIGITS, WORD_DIGITS);
        words[i] = strtoull(word, NULL, 16);
    }
    return true;
}

static void hash_text(struct lx_hash *h, const char *text)
{
    lx_hash_add(h, text, strlen(text) + 1);
}

/* SHA-256 over metadata but its own entry, then names, types, shapes and bytes of the arrays. */
static void digest(const struct lx_st_file *f, char hex[65])
{
    struct lx_hash h;
    char text[64];

    lx_hash_init(&h);
    for (size_t i = 0; i < f->n_meta; i++) {
        if (strcmp(f->meta[i].key, keys[M_SHA256]) == 0)
            continue;
        hash_text(&h, f->meta[i].key);
        hash_text(&h, f->meta[i].value);
    }
    for (size_t i = 0; i < f->n_tensors; i++) {
        const struct lx_st_tensor *t = &f->tensors[i];

        hash_text(&h, t->name);
        (void)snprintf(text, sizeof(text), "%d %d", (int)t->type, t->n_dims);
        hash_text(&h, text);
        for (int d = 0; d < t->n_dims; d++) {
            (void)snprintf(text, sizeof(text), "%zu", t->dim[d]);
            hash_text(&h, text);
        }
        lx_hash_add(&h, t->data, t->n * (t->type == LX_ST_F64 ? 8 : 4));
    }
    lx_hash_hex(&h, hex);
}

/* The arrays of a state as they stand in the file: all weights, then all moments of each kind. */
static enum lx_code list_arrays(const struct lx_train_state *s, struct lx_arena *arena,
                                struct lx_st_file *out, struct lx_err *err)
{
    const struct lx_paramset *ps = s->params;
    const real *const values[KINDS] = {ps->w, s->m, s->v};
    struct lx_st_tensor *t;

    if (lx_arena_get(arena, KINDS * ps->count, sizeof(*t), &t, "training state", err))
        return err->code;
    out->tensors = t;
    out->n_tensors = KINDS * ps->count;
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < ps->count; i++, t++) {
            const struct lx_param *p = &ps->items[i];

            t->name = lx_arena_printf(arena, "%s%s", prefixes[kind], p->spec.name);
            t->type = real_type;
            t->n_dims = p->spec.n_dims;
            for (int d = 0; d < p->spec.n_dims; d++)
                t->dim[d] = (size_t)p->spec.dim[d];
            t->n = p->n;
            t->data = values[kind] + (p->w - ps->w);
            if (t->name == NULL)
                return lx_fail(err, LX_ENOMEM, "training state: out of memory");
        }
    return LX_OK;
}

enum lx_code lx_state_write(const char *path, const char *train_id, const struct lx_state *s,
                            struct lx_err *err)
{
    const struct lx_train_state *t = s->train;
    const double sums[SUMS] = {t->nll, t->norm, t->last_nll, s->seconds};
    const uint64_t counts[COUNTS] = {(uint64_t)t->tallied, (uint64_t)t->last_n};
    char step[32], rng[4 * WORD_DIGITS + 1], sums_text[SUMS * WORD_DIGITS + 1],
        counts_text[COUNTS * WORD_DIGITS + 1], sha256[65];
    const char *const values[N_META] = {
        FORMAT, train_id, step, rng, sums_text, counts_text, s->rows->len > 0 ? s->rows->text : "",
        sha256};
    struct lx_st_meta meta[N_META];
    struct lx_st_file f = {.meta = meta, .n_meta = N_META};
    struct lx_arena arena = {0};
    struct lx_buf file = {0};
    uint64_t words[SUMS];
    enum lx_code code;

    if (lx_buf_check(s->rows, err))
        return err->code;
    memcpy(words, sums, sizeof(words));
    (void)snprintf(step, sizeof(step), "%d", t->step);
    put_words(rng, t->data.s, 4);
    put_words(sums_text, words, SUMS);
    put_words(counts_text, counts, COUNTS);
    for (int i = 0; i < N_META; i++)
        meta[i] = (struct lx_st_meta){keys[i], values[i]};
    code = list_arrays(t, &arena, &f, err);
    if (code == LX_OK) {
        digest(&f, sha256);
        code = lx_st_pack(f.tensors, f.n_tensors, f.meta, f.n_meta, &file, err);
    }
    if (code == LX_OK)
        code = lx_fs_write_own(path, file.text, file.len, err);
    lx_buf_free(&file);
    lx_arena_free(&arena);
    return code;
}

/* A file that was read and checked, before anything of it is used. */
struct checked {
    struct lx_arena arena;
    struct lx_st_file file;
    const char *meta[N_META];
    int step;
    uint64_t rng[4], sums[SUMS], counts[COUNTS];
};

static enum lx_code check_meta(struct checked *c, const char *train_id, struct lx_err *err)
{
    char sha256[65], *end;
    long step;

    for (int i = 0; i < N_META; i++) {
        c->meta[i] = lx_st_meta(&c->file, keys[i]);
        if (c->meta[i] == NULL)
            return lx_fail(err, LX_EFORMAT, "not a training state: no %s in its metadata", keys[i]);
    }
    if (strcmp(c->meta[M_FORMAT], FORMAT) != 0)
        return lx_fail(err, LX_EFORMAT, "format: must be \"%s\", got \"%.80s\"", FORMAT,
                       c->meta[M_FORMAT]);
    digest(&c->file, sha256);
    if (strcmp(sha256, c->meta[M_SHA256]) != 0)
        return lx_fail(err, LX_EFORMAT, "broken: its SHA-256 is %s, not %.80s", sha256,
                       c->meta[M_SHA256]);
    if (strcmp(c->meta[M_TRAIN_ID], train_id) != 0)
        return lx_fail(err, LX_EFORMAT, "train_id: must be %s, got \"%.80s\"", train_id,
                       c->meta[M_TRAIN_ID]);
    step = strtol(c->meta[M_STEP], &end, 10);
    if (strspn(c->meta[M_STEP], "0123456789") == 0 || *end != '\0' || step > INT_MAX)
        return lx_fail(err, LX_EFORMAT, "step: must be a whole number, got \"%.80s\"",
                       c->meta[M_STEP]);
    c->step = (int)step;
    if (!get_words(c->meta[M_RNG], c->rng, 4) || !get_words(c->meta[M_SUMS], c->sums, SUMS) ||
        !get_words(c->meta[M_COUNTS], c->counts, COUNTS) || c->counts[0] > INT_MAX ||
        c->counts[1] > INT_MAX)
        return lx_fail(err, LX_EFORMAT, "data_rng, sums, counts: must be words in hex digits");
    return LX_OK;
}

/* The arrays must be those of the training, one by one. */
static enum lx_code check_arrays(struct checked *c, const struct lx_train_state *s,
                                 struct lx_err *err)
{
    struct lx_st_file want = {0};

    if (list_arrays(s, &c->arena, &want, err))
        return err->code;
    if (c->file.n_tensors != want.n_tensors)
        return lx_fail(err, LX_EFORMAT, "must have %zu arrays, got %zu", want.n_tensors,
                       c->file.n_tensors);
    for (size_t i = 0; i < want.n_tensors; i++) {
        const struct lx_st_tensor *w = &want.tensors[i], *t = &c->file.tensors[i];

        if (strcmp(w->name, t->name) != 0 || w->type != t->type || w->n_dims != t->n_dims ||
            memcmp(w->dim, t->dim, sizeof(w->dim)) != 0)
            return lx_fail(err, LX_EFORMAT,
                           "array \"%.80s\": must be \"%s\" with the type and shape of this model",
                           t->name, w->name);
    }
    return LX_OK;
}

static enum lx_code open_checked(struct checked *c, const char *path, const char *train_id,
                                 const struct lx_state *s, struct lx_err *err)
{
    memset(c, 0, sizeof(*c));
    if (lx_st_read(path, &c->arena, &c->file, err))
        return err->code;
    if (check_meta(c, train_id, err) || check_arrays(c, s->train, err))
        return lx_wrap(err, "%s", path);
    if (s->steps > 0 && c->step >= s->steps)
        return lx_fail(err, LX_EFORMAT,
                       "%s: step: must be below %d, the steps of this training, got %d", path,
                       s->steps, c->step);
    return LX_OK;
}

/* Copy what was checked; only memory for the rows can fail, and then nothing has changed. */
static enum lx_code take(const struct checked *c, struct lx_state *s, struct lx_err *err)
{
    struct lx_train_state *t = s->train;
    size_t count = t->params->count;
    real *const values[KINDS] = {t->params->w, t->m, t->v};
    struct lx_buf rows = {0};
    double sums[SUMS];

    lx_buf_add(&rows, c->meta[M_ROWS]);
    if (lx_buf_check(&rows, err)) {
        lx_buf_free(&rows);
        return err->code;
    }
    lx_buf_free(s->rows);
    *s->rows = rows;
    for (size_t i = 0; i < c->file.n_tensors; i++) {
        const struct lx_param *p = &t->params->items[i % count];

        memcpy(values[i / count] + (p->w - t->params->w), c->file.tensors[i].data,
               p->n * sizeof(real));
    }
    memcpy(sums, c->sums, sizeof(sums));
    memcpy(t->data.s, c->rng, sizeof(c->rng));
    t->step = c->step;
    t->nll = sums[0];
    t->norm = sums[1];
    t->last_nll = sums[2];
    s->seconds = sums[3];
    t->tallied = (int)c->counts[0];
    t->last_n = (int)c->counts[1];
    return LX_OK;
}

enum lx_code lx_state_read(const char *path, const char *train_id, struct lx_state *s,
                           struct lx_err *err)
{
    struct checked c;
    enum lx_code code = LX_OK;

    if (open_checked(&c, path, train_id, s, err) || take(&c, s, err))
        code = err->code;
    lx_arena_free(&c.arena);
    return code;
}

enum lx_code lx_state_open(struct lx_state_files *f, const char *folder, const char *train_id,
                           struct lx_arena *arena, struct lx_err *err)
{
    *f = (struct lx_state_files){.folder = folder, .train_id = train_id};
    for (int i = 0; i < 2; i++) {
        f->path[i] = lx_arena_printf(arena, "%s/state.%d.safetensors", folder, i);
        if (f->path[i] == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory");
    }
    return LX_OK;
}

enum lx_code lx_state_save(struct lx_state_files *f, const struct lx_state *s, struct lx_err *err)
{
    const char *path = f->path[f->next];
    enum lx_fs_kind kind;

    /* a link would lead the write to something that is not ours */
    if (lx_fs_look_at_itself(path, &kind, err) || (kind == LX_FS_LINK && lx_fs_remove(path, err)) ||
        lx_state_write(path, f->train_id, s, err))
        return err->code;
    f->next = 1 - f->next;
    return LX_OK;
}

/* One file in memory at a time, so that resuming never needs more than training does. */
void lx_state_load(struct lx_state_files *f, struct lx_state *s, bool *found)
{
    struct checked c;
    struct lx_err err;
    int newest = -1, step = 0;

    for (int i = 0; i < 2; i++) {
        if (!lx_fs_exists(f->path[i]))
            continue;
        if (open_checked(&c, f->path[i], f->train_id, s, &err) != LX_OK) {
            lx_log("state of training not used: %s", err.text);
        } else if (newest < 0 || c.step > step) {
            newest = i;
            step = c.step;
        }
        lx_arena_free(&c.arena);
    }
    *found = newest >= 0;
    if (*found && lx_state_read(f->path[newest], f->train_id, s, &err) != LX_OK) {
        *found = false;
        lx_log("state of training not used: %s", err.text);
    }
    f->next = *found ? 1 - newest : 0;
}

struct leftovers {
    const struct lx_state_files *f;
    struct lx_err *err;
};

/* "state.0.safetensors.tmp-..." too: whoever wrote it can only have meant this training. */
static enum lx_code remove_state(void *ctx, const char *name)
{
    struct leftovers *l = ctx;
    struct lx_buf path = {0};
    enum lx_code code = LX_OK;

    if (strncmp(name, "state.", 6) != 0)
        return LX_OK;
    lx_buf_printf(&path, "%s/%s", l->f->folder, name);
    if (lx_buf_check(&path, l->err) || lx_fs_remove(path.text, l->err))
        code = l->err->code;
    lx_buf_free(&path);
    return code;
}

enum lx_code lx_state_remove(const struct lx_state_files *f, struct lx_err *err)
{
    struct leftovers l = {f, err};
    enum lx_fs_kind kind;

    if (lx_fs_look_at_itself(f->folder, &kind, err))
        return err->code;
    if (kind != LX_FS_FOLDER)
        return LX_OK; /* what a link points to is not ours */
    return lx_fs_list(f->folder, remove_state, &l, err);
}
