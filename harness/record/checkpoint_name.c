/* Checkpoints by name; see checkpoint_name.h. */
#include "record/checkpoint_name.h"

#include <stdio.h>
#include <string.h>

#include "experiment/plan_file.h"
#include "json/json.h"
#include "store/store.h"
#include "store/training.h"
#include "system/fs.h"
#include "text/nearest.h"

/* One training of a folder. */
struct training {
    const char *encoding, *dataset, *id;
    char seed[32];
};

struct trainings {
    struct lx_arena arena;
    struct training *item;
    size_t n, cap;
};

/* "" where there is none. */
static const char *text_of(struct trainings *s, const struct lx_json *cell, const char *key)
{
    const char *text = lx_json_text(lx_json_find(cell, key));

    return lx_arena_text(&s->arena, text != NULL ? text : "");
}

static enum lx_code visit(void *ctx, const struct lx_json *cell, struct lx_err *err)
{
    struct trainings *s = ctx;
    struct training *t, *grown;

    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? 64 : 2 * s->cap;

        if (lx_arena_get(&s->arena, cap, sizeof(*grown), &grown, "trainings", err))
            return err->code;
        if (s->n > 0)
            memcpy(grown, s->item, s->n * sizeof(*grown));
        s->item = grown;
        s->cap = cap;
    }
    t = &s->item[s->n];
    t->encoding = text_of(s, cell, "encoding");
    t->dataset = text_of(s, cell, "dataset");
    t->id = text_of(s, cell, "train_id");
    (void)snprintf(t->seed, sizeof(t->seed), "%.0f", lx_json_number(lx_json_find(cell, "seed")));
    if (s->arena.failed)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    s->n++;
    return LX_OK;
}

static bool many_datasets(const struct trainings *s)
{
    for (size_t i = 1; i < s->n; i++)
        if (strcmp(s->item[i].dataset, s->item[0].dataset) != 0)
            return true;
    return false;
}

/* "rope/1", or "rope/1/books" where there are several datasets. */
static void name_of(const struct trainings *s, const struct training *t, char *out, size_t size)
{
    bool many = many_datasets(s);

    (void)snprintf(out, size, "%s/%s%s%s", t->encoding, t->seed, many ? "/" : "",
                   many ? t->dataset : "");
}

/* Whether the n bytes at `part` are the whole of text, or nothing. */
static bool agrees(const char *part, size_t n, const char *text)
{
    return n == 0 || (strlen(text) == n && strncmp(part, text, n) == 0);
}

/* ENCODING, ENCODING/SEED or ENCODING/SEED/DATASET; "" fits all. */
static bool fits(const struct training *t, const char *name)
{
    size_t encoding = strcspn(name, "/"), seed;
    const char *rest = name + encoding + (name[encoding] != '\0');

    seed = strcspn(rest, "/");
    return agrees(name, encoding, t->encoding) && agrees(rest, seed, t->seed) &&
           agrees(rest + seed + (rest[seed] != '\0'), strlen(rest + seed + (rest[seed] != '\0')),
                  t->dataset);
}

static enum lx_code unknown_training(const struct trainings *s, const char *dir, const char *name,
                                     struct lx_err *err)
{
    const char *names[LX_NAMES];
    char own[LX_NAMES][120];
    size_t n = 0;

    for (size_t i = 0; i < s->n && n < LX_NAMES; i++) {
        name_of(s, &s->item[i], own[n], sizeof(own[n]));
        names[n] = own[n];
        n++;
    }
    for (size_t i = 0; i < s->n && n < LX_NAMES; i++)
        names[n++] = s->item[i].encoding;
    (void)lx_fail_unknown(err, LX_EUSAGE, name, names, n, "%s: no training is called", dir);
    return lx_hint(err, "`longshot list checkpoints %.150s` names them", dir);
}

/* The one training that the name fits. */
static enum lx_code choose(const struct trainings *s, const char *dir, const char *name,
                           const struct training **out, struct lx_err *err)
{
    char first[120], other[120];
    size_t n = 0;

    *out = NULL;
    for (size_t i = 0; i < s->n; i++) {
        const struct training *t = &s->item[i];

        if (!fits(t, name) || (*out != NULL && strcmp((*out)->id, t->id) == 0))
            continue;
        if (n++ == 0)
            *out = t;
        else
            name_of(s, t, other, sizeof(other));
    }
    if (n == 0)
        return unknown_training(s, dir, name, err);
    if (n == 1)
        return LX_OK;
    name_of(s, *out, first, sizeof(first));
    (void)lx_fail(err, LX_EUSAGE, "%s%s%s: must name one training, it fits %zu: %s, %s%s", dir,
                  name[0] != '\0' ? ":" : "", name, n, first, n > 2 ? "... " : "", other);
    return lx_hint(err, "write %.100s:%.100s", dir, first);
}

static enum lx_code read_trainings(const char *dir, struct trainings *s, struct lx_err *err)
{
    *s = (struct trainings){.n = 0};
    return lx_plan_visit(dir, visit, s, err);
}

static enum lx_code find(const char *dir, const char *name, struct lx_arena *arena,
                         const char **path, struct lx_err *err)
{
    const struct training *t;
    struct trainings s;

    if (read_trainings(dir, &s, err) == LX_OK && choose(&s, dir, name, &t, err) == LX_OK &&
        lx_store_checkpoint(dir, t->id, lx_training_names[0], arena, path, err) == LX_OK &&
        !lx_fs_exists(*path))
        (void)lx_fail(err, LX_EDATA, "%s:%s/%s: %s: no weights there: not trained yet, or dropped",
                      dir, t->encoding, t->seed, *path);
    lx_arena_free(&s.arena);
    return err->code;
}

enum lx_code lx_checkpoint_named(const char *given, struct lx_arena *arena, const char **path,
                                 struct lx_err *err)
{
    const char *colon = strrchr(given, ':'), *dir = given;
    enum lx_fs_kind kind;

    *path = given;
    err->code = LX_OK;
    if (lx_fs_look_at(given, &kind, err))
        return err->code;
    if (kind == LX_FS_FOLDER)
        return find(given, "", arena, path, err);
    if (kind != LX_FS_NONE || colon == NULL)
        return LX_OK;
    if (lx_arena_copy(arena, given, (size_t)(colon - given), &dir, err) ||
        lx_fs_look_at(dir, &kind, err))
        return err->code;
    if (kind == LX_FS_FOLDER)
        return find(dir, colon + 1, arena, path, err);
    (void)lx_fail(err, LX_EDATA, "%s: no such file, and %s no such folder", given, dir);
    lx_hint_file(err, dir);
    return err->code;
}

enum lx_code lx_checkpoint_index(const char *dir, struct lx_buf *out, struct lx_err *err)
{
    struct trainings s;
    char name[120];
    int width = 4;
    enum lx_code code = read_trainings(dir, &s, err);

    for (size_t i = 0; i < s.n; i++) {
        name_of(&s, &s.item[i], name, sizeof(name));
        width = (int)strlen(name) > width ? (int)strlen(name) : width;
    }
    lx_buf_printf(out, "%-*s  %-16s  weights\n", width, "name", "train_id");
    for (size_t i = 0; code == LX_OK && i < s.n; i++) {
        const char *path;

        name_of(&s, &s.item[i], name, sizeof(name));
        code = lx_store_checkpoint(dir, s.item[i].id, lx_training_names[0], &s.arena, &path, err);
        if (code == LX_OK)
            lx_buf_printf(out, "%-*s  %-16s  %s\n", width, name, s.item[i].id,
                          lx_fs_exists(path) ? path : "none");
    }
    lx_arena_free(&s.arena);
    return code;
}
