/* Making way for other cells; see change.h. */
#include "experiment/change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "core/log.h"
#include "experiment/plan_file.h"
#include "json/json.h"
#include "results/result_names.h"
#include "store/lock.h"
#include "store/store.h"
#include "system/fs.h"
#include "system/manifest.h"
#include "text/csvfile.h"
#include "verdict/registration.h"

/* Ids of the cells whose results are in a folder. */
struct ids {
    struct lx_arena arena;
    const char **id;
    size_t n, cap;
    bool planned; /* they are those of a plan, else those that have rows */
};

static enum lx_code add_id(struct ids *s, const char *id, struct lx_err *err)
{
    if (s->n == s->cap) {
        size_t cap = s->cap == 0 ? 64 : 2 * s->cap;
        const char **grown;

        if (lx_arena_get(&s->arena, cap, sizeof(*grown), &grown, "ids of cells", err))
            return err->code;
        if (s->n > 0)
            memcpy(grown, s->id, s->n * sizeof(*grown));
        s->id = grown;
        s->cap = cap;
    }
    s->id[s->n] = lx_arena_text(&s->arena, id);
    return s->id[s->n++] != NULL ? LX_OK : lx_fail(err, LX_ENOMEM, "out of memory");
}

static enum lx_code visit(void *ctx, const struct lx_json *cell, struct lx_err *err)
{
    return add_id(ctx, lx_json_text(lx_json_find(cell, "id")), err);
}

/* Those that have rows: all that is known where there is no plan, as in a clone of committed results. */
static enum lx_code read_rows(const char *path, struct ids *s, struct lx_err *err)
{
    struct lx_csv csv;
    int column;

    if (lx_csv_read(path, &s->arena, &csv, err))
        return err->code;
    column = lx_csv_column(&csv, "cell");
    for (size_t r = 0; r < csv.n_rows && column >= 0; r++) {
        const char *id = lx_csv_at(&csv, r, (size_t)column);
        bool known = false;

        for (size_t i = s->n; i > 0 && !known; i--)
            known = strcmp(s->id[i - 1], id) == 0;
        if (!known && add_id(s, id, err))
            return err->code;
    }
    return LX_OK;
}

/* A folder whose plan or rows cannot be read has no ids: it is written anew as it was before. */
static enum lx_code read_ids(const char *dir, struct ids *s, struct lx_err *err)
{
    const char *plan = lx_arena_printf(&s->arena, "%s/%s", dir, lx_plan_names[1]);
    const char *rows = lx_arena_printf(&s->arena, "%s/metrics.csv", dir);
    enum lx_code code = LX_OK;

    if (s->arena.failed)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    s->planned = lx_fs_exists(plan);
    if (s->planned)
        code = lx_plan_visit(dir, visit, s, err);
    else if (lx_fs_exists(rows))
        code = read_rows(rows, s, err);
    if (code == LX_OK || code == LX_ENOMEM || code == LX_EIO)
        return code;
    s->n = 0;
    return LX_OK;
}

static bool has(const struct lx_plan *p, const char *id)
{
    for (size_t k = 0; k < p->n; k++)
        if (strcmp(p->cells[k].id, id) == 0)
            return true;
    return false;
}

/* Whether the plan has all of these cells. */
static bool lacks_none(const struct ids *s, const struct lx_plan *p)
{
    for (size_t i = 0; i < s->n; i++)
        if (!has(p, s->id[i]))
            return false;
    return true;
}

/* Whether the tables of these cells are not those of the plan. Rows without a plan may be of a part. */
static bool differs(const struct ids *s, const struct lx_plan *p)
{
    return !lacks_none(s, p) || (s->planned && s->n != p->n);
}

static enum lx_code refuse_if_busy(const char *dir, struct ids *s, const struct lx_plan *p,
                                   const char *change, struct lx_err *err)
{
    for (size_t i = 0; i < s->n; i++) {
        const char *lock;
        long holder = 0;

        if (has(p, s->id[i]))
            continue;
        if (lx_store_work(dir, s->id[i], LX_LOCK_FILE, &s->arena, &lock, err))
            return err->code;
        holder = lx_lock_holder(lock);
        if (holder != 0) {
            (void)lx_fail(err, LX_EFAILED,
                          "%s: process %ld is running cells of another config there (%s)", dir,
                          holder, change);
            return lx_hint(err, "wait for it, or choose another folder with -o");
        }
    }
    return LX_OK;
}

/* -------------------------------------------------------------------------- naming the change */

#define MOST_CHANGES 4
#define MOST_TEXT 60 /* bytes of a value */

struct listing {
    struct lx_buf *out;
    int n;
};

static void begin_change(struct listing *l)
{
    if (l->n++ > 0 && l->n <= MOST_CHANGES)
        lx_buf_add(l->out, ", ");
}

static void add_value(struct listing *l, const struct lx_json *v)
{
    struct lx_buf text = {0};
    struct lx_json_writer w = {.out = &text};

    lx_json_add_value(&w, NULL, v);
    if (text.text != NULL)
        lx_buf_printf(l->out, text.len > MOST_TEXT ? "%.60s..." : "%s", text.text);
    lx_buf_free(&text);
}

static bool same(const struct lx_json *a, const struct lx_json *b)
{
    struct lx_buf text[2] = {{0}, {0}};
    const struct lx_json *v[2] = {a, b};
    bool equal;

    for (int i = 0; i < 2; i++) {
        struct lx_json_writer w = {.out = &text[i]};

        lx_json_add_value(&w, NULL, v[i]);
    }
    equal = text[0].text != NULL && text[1].text != NULL && strcmp(text[0].text, text[1].text) == 0;
    lx_buf_free(&text[0]);
    lx_buf_free(&text[1]);
    return equal;
}

/* Name of a member of an object, or of an element that has an id; NULL: it has none. */
static const char *name_of(const struct lx_json *v)
{
    const char *key = lx_json_key(v);

    return key != NULL ? key : lx_json_text(lx_json_find(v, "id"));
}

static const struct lx_json *find(const struct lx_json *in, const char *name)
{
    const struct lx_json *v = lx_json_first(in);

    while (v != NULL && (name_of(v) == NULL || strcmp(name_of(v), name) != 0))
        v = lx_json_next(v);
    return v;
}

/* Whether all children have names. */
static bool is_named(const struct lx_json *v)
{
    bool named = lx_json_first(v) != NULL;

    for (const struct lx_json *c = lx_json_first(v); c != NULL; c = lx_json_next(c))
        named = named && name_of(c) != NULL;
    return named;
}

static void add_sign(struct listing *l, const char *path, char sign, const char *name)
{
    begin_change(l);
    if (l->n <= MOST_CHANGES)
        lx_buf_printf(l->out, "%s%s%c %s", path, path[0] != '\0' ? " " : "", sign, name);
}

static void compare(struct listing *l, const char *path, const struct lx_json *a,
                    const struct lx_json *b)
{
    struct lx_buf inner = {0};

    if (same(a, b))
        return;
    if (lx_json_type(a) != lx_json_type(b) || !is_named(a) || !is_named(b)) {
        begin_change(l);
        if (l->n <= MOST_CHANGES) {
            lx_buf_printf(l->out, "%s ", path);
            add_value(l, a);
            lx_buf_add(l->out, " -> ");
            add_value(l, b);
        }
        return;
    }
    for (const struct lx_json *v = lx_json_first(a); v != NULL; v = lx_json_next(v)) {
        const char *name = name_of(v);

        lx_buf_clear(&inner);
        lx_buf_printf(&inner, "%s%s%s", path, path[0] != '\0' ? "." : "", name);
        if (path[0] == '\0' && (strcmp(name, "claims") == 0 || strcmp(name, "published") == 0))
            continue; /* make no cells */
        if (find(b, name) == NULL)
            add_sign(l, path, '-', name);
        else if (!inner.failed)
            compare(l, inner.text, v, find(b, name));
    }
    for (const struct lx_json *v = lx_json_first(b); v != NULL; v = lx_json_next(v))
        if (find(a, name_of(v)) == NULL)
            add_sign(l, path, '+', name_of(v));
    lx_buf_free(&inner);
}

void lx_change_describe(const struct lx_json *before, const struct lx_json *after,
                        struct lx_buf *out)
{
    struct listing l = {.out = out};

    compare(&l, "", before, after);
    if (l.n > MOST_CHANGES)
        lx_buf_printf(out, " and %d more", l.n - MOST_CHANGES);
    if (l.n == 0)
        lx_buf_add(out, "the content of the data, or the protocol");
}

static enum lx_code describe(const char *dir, const struct lx_buf *config, struct lx_buf *out,
                             struct lx_err *err)
{
    struct lx_json *before = NULL, *after = NULL;
    struct lx_buf path = {0};
    struct lx_err ignored;

    lx_buf_printf(&path, "%s/%s", dir, lx_plan_names[0]);
    if (path.failed || lx_json_read(path.text, &before, &ignored) != LX_OK ||
        lx_json_parse(config->text, config->len, lx_plan_names[0], &after, &ignored) != LX_OK)
        lx_buf_add(out, "another config");
    else
        lx_change_describe(before, after, out);
    lx_json_free(before);
    lx_json_free(after);
    lx_buf_free(&path);
    return lx_buf_check(out, err);
}

/* ------------------------------------------------------------------------------- keeping aside */

/* From one folder to another. */
struct move {
    const char *from, *to;
    struct lx_arena arena;
    struct lx_err *err;
    size_t n; /* files moved */
};

static enum lx_code move_paths(struct move *m, const char *name, const char **from, const char **to)
{
    *from = lx_arena_printf(&m->arena, "%s/%s", m->from, name);
    *to = lx_arena_printf(&m->arena, "%s/%s", m->to, name);
    return m->arena.failed ? lx_fail(m->err, LX_ENOMEM, "out of memory") : LX_OK;
}

/* A copy, of what stays where it is: the plan, and what a link points to. */
static enum lx_code copy(struct move *m, const char *name)
{
    struct lx_buf text = {0};
    const char *from, *to;
    enum lx_code code = move_paths(m, name, &from, &to);

    if (code == LX_OK && lx_fs_exists(from) &&
        (lx_fs_read(from, &text, m->err) || lx_fs_write(to, text.text, text.len, m->err)))
        code = m->err->code;
    lx_buf_free(&text);
    return code;
}

static enum lx_code move_file(void *ctx, const char *name)
{
    struct move *m = ctx;
    const char *from, *to;
    enum lx_fs_kind kind;

    if (move_paths(m, name, &from, &to) || lx_fs_look_at_itself(from, &kind, m->err))
        return m->err->code;
    if (kind == LX_FS_NONE)
        return LX_OK;
    m->n++;
    if (kind == LX_FS_LINK)
        return copy(m, name);
    if (rename(from, to) != 0 &&
        errno != ENOENT) /* another process of the same config may be faster */
        return lx_fail(m->err, LX_EIO, "%s: cannot move to %s: %s", from, to, strerror(errno));
    return LX_OK;
}

/* What was moved is durable where it is now before it may be gone where it was. */
static enum lx_code settle(struct move *m)
{
    const char *from, *to;

    if (m->n == 0)
        return LX_OK;
    if (move_paths(m, lx_result_name(0), &from, &to) || lx_fs_sync_parent(to, m->err) ||
        lx_fs_sync_parent(from, m->err))
        return m->err->code;
    return LX_OK;
}

/* The folder of plots: whole, or file by file into one that is there. */
static enum lx_code move_folder(struct move *m, const char *name)
{
    struct move inner = {.err = m->err};
    enum lx_fs_kind kind;
    enum lx_code code = LX_OK;

    if (move_paths(m, name, &inner.from, &inner.to) ||
        lx_fs_look_at_itself(inner.from, &kind, m->err))
        return m->err->code;
    if (kind != LX_FS_FOLDER)
        return LX_OK;
    m->n++;
    if (rename(inner.from, inner.to) != 0 && errno != ENOENT) {
        if (lx_fs_list(inner.from, move_file, &inner, m->err) || settle(&inner) ||
            lx_fs_remove(inner.from, m->err))
            code = m->err->code;
    }
    lx_arena_free(&inner.arena);
    return code;
}

/* DIR/earlier-DIGITS, by the ids. */
static const char *name_earlier(const char *dir, struct ids *s)
{
    struct lx_hash h;
    char hex[65];

    lx_hash_init(&h);
    for (size_t i = 0; i < s->n; i++)
        lx_hash_add(&h, s->id[i], strlen(s->id[i]) + 1);
    lx_hash_hex(&h, hex);
    return lx_arena_printf(&s->arena, "%s/earlier-%.8s", dir, hex);
}

/* The plan is copied first and overwritten last: at no moment are there tables without their plan. */
static enum lx_code keep_aside(const char *dir, const char *earlier, struct lx_err *err)
{
    struct move m = {.from = dir, .to = earlier, .err = err};
    enum lx_code code = LX_OK;

    if (lx_fs_mkdir(earlier, err) || copy(&m, lx_plan_names[0]) || copy(&m, lx_plan_names[1]) ||
        copy(&m, LX_MANIFEST_PLAN) || copy(&m, LX_REGISTRATION_FILE))
        code = err->code;
    for (size_t i = 0; lx_result_name(i) != NULL && code == LX_OK; i++)
        code = lx_result_name(i + 1) != NULL ? move_file(&m, lx_result_name(i))
                                             : move_folder(&m, lx_result_name(i));
    if (code == LX_OK)
        code = settle(&m);
    lx_arena_free(&m.arena);
    return code;
}

static enum lx_code make_way(const char *dir, struct ids *s, const struct lx_plan *plan,
                             const struct lx_buf *config, struct lx_buf *change, struct lx_err *err)
{
    const char *earlier, *kind;
    bool any;

    if (read_ids(dir, s, err))
        return err->code;
    if (s->n == 0 || !differs(s, plan))
        return LX_OK;
    if (describe(dir, config, change, err) || refuse_if_busy(dir, s, plan, change->text, err))
        return err->code;
    kind = lacks_none(s, plan) ? "more" : "other";
    if (lx_result_any(dir, &any, err))
        return err->code;
    if (!any) {
        lx_log("%s: %s: %s cells than before", dir, change->text, kind);
        return LX_OK;
    }
    earlier = name_earlier(dir, s);
    if (earlier == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    if (keep_aside(dir, earlier, err))
        return err->code;
    lx_log("%s: %s: %s cells than before; the tables and plots of before are kept in %s", dir,
           change->text, kind, earlier);
    return LX_OK;
}

enum lx_code lx_change_make_way(const char *dir, const struct lx_plan *plan,
                                const struct lx_buf *config, struct lx_err *err)
{
    struct ids s = {.n = 0};
    struct lx_buf change = {0};
    enum lx_code code = make_way(dir, &s, plan, config, &change, err);

    lx_buf_free(&change);
    lx_arena_free(&s.arena);
    return code;
}
