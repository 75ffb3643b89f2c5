/* What a registration has to say about a claim; see registration.h. */
#include <string.h>

#include "verdict/registration.h"

static void add(struct lx_buf *out, size_t from, const char *what,
                const struct lx_registration_finished *f)
{
    lx_buf_printf(out, "%s%s after ", out->len > from ? "; " : "", what);
    if (f->cells > 0)
        lx_buf_printf(out, "%zu of %zu cells", f->cells, f->of);
    else
        lx_buf_add(out, "tuning was looked at");
}

/* The claim itself: the first entry that has it as it is counts, whatever came between. */
static void mark_claim(const struct lx_registration *r, const char *id, const char *sha256,
                       size_t from, struct lx_buf *out)
{
    bool known = false;

    for (size_t i = 0; i < r->n_claims; i++) {
        const struct lx_registration_claim *c = &r->claim[i];
        const struct lx_registration_finished *f = &r->entry[c->entry].finished;

        if (strcmp(c->id, id) != 0)
            continue;
        if (strcmp(c->sha256, sha256) != 0) {
            known = true;
            continue;
        }
        if (f->cells > 0 || f->tuned > 0)
            add(out, from, known ? "changed" : "added", f);
        return;
    }
    lx_buf_add(out, known ? "changed, not registered" : "added, not registered");
}

/* Whether every id of `part` is among `all`; both have a blank between ids. */
static bool has_all(const char *all, const char *part)
{
    while (*part != '\0') {
        size_t n = strcspn(part, " ");
        const char *at = all;

        while (*at != '\0' && (strncmp(at, part, n) != 0 || (at[n] != ' ' && at[n] != '\0'))) {
            at += strcspn(at, " ");
            at += *at == ' ';
        }
        if (*at == '\0')
            return n == 0;
        part += n;
        part += *part == ' ';
    }
    return true;
}

/* Whether entry b has a seed that entry a does not have. */
static bool adds_seed(const struct lx_registration_entry *a, const struct lx_registration_entry *b)
{
    for (const struct lx_json *x = lx_json_first(b->seeds); x != NULL; x = lx_json_next(x)) {
        bool found = false;

        for (const struct lx_json *y = lx_json_first(a->seeds); y != NULL; y = lx_json_next(y))
            found = found || !(lx_json_number(x) < lx_json_number(y) ||
                               lx_json_number(x) > lx_json_number(y));
        if (!found)
            return true;
    }
    return false;
}

/* Seeds and cells: those of today may have been planned all along. */
static void mark_study(const struct lx_registration *r, size_t from, struct lx_buf *out)
{
    const struct lx_registration_entry *now = &r->entry[r->n - 1];
    const struct lx_registration_finished *seeds = NULL, *cells = NULL, *dropped = NULL;
    size_t planned = 0;

    while (!has_all(r->entry[planned].cells, now->cells))
        planned++;
    for (size_t i = 1; i < r->n; i++) {
        const struct lx_registration_entry *e = &r->entry[i], *before = e - 1;

        if (e->finished.cells == 0)
            continue;
        if (i <= planned && seeds == NULL && adds_seed(before, e))
            seeds = &e->finished;
        if (i <= planned && cells == NULL && e->replaced != NULL)
            cells = &e->finished;
        if (dropped == NULL && adds_seed(e, before) &&
            adds_seed(now, i <= planned ? before : &r->entry[planned]))
            dropped = &e->finished;
    }
    if (cells != NULL)
        add(out, from, "study changed", cells);
    if (seeds != NULL)
        add(out, from, "seeds added", seeds);
    if (dropped != NULL)
        add(out, from, "seeds dropped", dropped);
}

enum lx_code lx_registration_mark(const struct lx_registration *r, const struct lx_json *claim,
                                  struct lx_buf *out, struct lx_err *err)
{
    const char *id = lx_json_text(lx_json_find(claim, "id"));
    size_t from = out->len;
    char sha256[65];

    if (!r->found) {
        lx_buf_add(out, "not registered");
    } else if (r->problem != NULL) {
        lx_buf_add(out, "registration altered");
    } else {
        if (lx_registration_sum(claim, sha256, err))
            return err->code;
        mark_claim(r, id != NULL ? id : "", sha256, from, out);
        mark_study(r, from, out);
    }
    return lx_buf_check(out, err);
}

void lx_registration_dropped(const struct lx_registration *r, const struct lx_json *claims,
                             struct lx_buf *out)
{
    size_t from = out->len;

    for (size_t i = 0; i < r->n_claims; i++) {
        bool there = false;

        for (size_t k = 0; k < i && !there; k++)
            there = strcmp(r->claim[k].id, r->claim[i].id) == 0; /* said before */
        for (const struct lx_json *v = lx_json_first(claims); v != NULL && !there;
             v = lx_json_next(v)) {
            const char *id = lx_json_text(lx_json_find(v, "id"));

            there = id != NULL && strcmp(id, r->claim[i].id) == 0;
        }
        if (!there)
            lx_buf_printf(out, "%s%s", out->len > from ? ", " : "", r->claim[i].id);
    }
}
