/* What the registration of a folder says about its claims, in words under their table. */
#include <string.h>

#include "report/report_tables.h"
#include "verdict/registration.h"

/* The marks of the claims of a config. */
struct marks {
    struct lx_arena arena;
    const char **id, **mark;
    size_t n;
};

static enum lx_code read_marks(const struct lx_registration *r, const struct lx_json *claims,
                               struct marks *m, struct lx_err *err)
{
    size_t most = lx_json_count(claims) + 1;

    if (lx_arena_get(&m->arena, most, sizeof(*m->id), &m->id, "the registration", err) ||
        lx_arena_get(&m->arena, most, sizeof(*m->mark), &m->mark, "the registration", err))
        return err->code;
    for (const struct lx_json *v = lx_json_first(claims); v != NULL; v = lx_json_next(v)) {
        const char *id = lx_json_text(lx_json_find(v, "id"));
        struct lx_buf mark = {0};
        enum lx_code code = LX_OK;

        if (lx_registration_mark(r, v, &mark, err) ||
            lx_buf_keep(&mark, &m->arena, &m->mark[m->n], err))
            code = err->code;
        m->id[m->n] = id != NULL ? id : "";
        m->n++;
        lx_buf_free(&mark);
        if (code != LX_OK)
            return code;
    }
    return LX_OK;
}

/* Claims of one mark together, in the order of the first of each: "MARK: a, b; MARK: c". */
static void write_groups(const struct marks *m, struct lx_buf *out)
{
    for (size_t i = 0; i < m->n; i++) {
        bool first = m->mark[i][0] != '\0';
        size_t alike = 0;

        for (size_t k = 0; k < m->n; k++) {
            bool same = strcmp(m->mark[k], m->mark[i]) == 0;

            first = first && !(same && k < i);
            alike += same;
        }
        if (!first)
            continue;
        lx_buf_printf(out, "%s%s: ", out->len > 0 ? ". " : "", m->mark[i]);
        for (size_t k = i, n = 0; k < m->n && alike < m->n; k++)
            if (strcmp(m->mark[k], m->mark[i]) == 0)
                lx_buf_printf(out, "%s%s", n++ > 0 ? ", " : "", m->id[k]);
        if (alike == m->n)
            lx_buf_add(out, "all claims");
    }
}

static enum lx_code write_words(const struct lx_registration *r, const struct lx_json *claims,
                                struct lx_buf *out, struct lx_err *err)
{
    struct marks m = {.n = 0};
    struct lx_buf dropped = {0};
    enum lx_code code;

    if (read_marks(r, claims, &m, err)) {
        code = err->code;
    } else {
        write_groups(&m, out);
        if (out->len == 0)
            lx_buf_add(out, "all claims were written down before the first cell was finished");
        lx_registration_dropped(r, claims, &dropped);
        if (dropped.len > 0)
            lx_buf_printf(out, ". Registered, and not here any more: %s", dropped.text);
        code = lx_buf_check(out, err);
    }
    lx_buf_free(&dropped);
    lx_arena_free(&m.arena);
    return code;
}

enum lx_code lx_registration_write(const char *dir, const struct lx_json *claims,
                                   const struct lx_grid_writer *w, struct lx_buf *out,
                                   struct lx_err *err)
{
    struct lx_registration r;
    struct lx_buf words = {0};
    enum lx_code code;

    if (lx_registration_read(&r, dir, err) || write_words(&r, claims, &words, err)) {
        code = err->code;
    } else {
        lx_buf_add(out, "\nRegistration: ");
        w->text(out, words.text);
        lx_buf_add(out, ".\n");
        code = lx_buf_check(out, err);
    }
    lx_buf_free(&words);
    lx_registration_free(&r);
    return code;
}

static enum lx_code note(const struct lx_registration *r, const struct lx_json *claims,
                         struct lx_claim_results *results, struct lx_arena *arena,
                         struct lx_err *err)
{
    struct marks m = {.n = 0};
    enum lx_code code = read_marks(r, claims, &m, err);

    for (size_t i = 0; i < results->n * m.n && code == LX_OK; i++) {
        struct lx_claim_result *x = &results->item[i / m.n];
        size_t k = i % m.n;

        if (strcmp(m.id[k], x->claim->id) == 0 && m.mark[k][0] != '\0')
            code = lx_arena_format(arena, &x->note, err, "%s%s%s", x->note,
                                   x->note[0] != '\0' ? "; " : "", m.mark[k]);
    }
    lx_arena_free(&m.arena);
    return code;
}

enum lx_code lx_registration_note(const char *dir, const struct lx_json *claims,
                                  struct lx_claim_results *results, struct lx_arena *arena,
                                  struct lx_err *err)
{
    struct lx_registration r;
    enum lx_code code = LX_OK;

    if (lx_registration_read(&r, dir, err) || (r.found && note(&r, claims, results, arena, err)))
        code = err->code;
    lx_registration_free(&r);
    return code;
}
