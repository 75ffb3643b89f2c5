/* What is there of an experiment; see inventory.h. */
#include "launch/inventory.h"

#include <string.h>

#include "core/log.h"
#include "store/cell_files.h"
#include "store/training.h"

#define MOST_LINES 3 /* about weights: all of a folder may be missing */

/* The weights of finished cells, each training once. */
static void tell_about_weights(const struct lx_experiment *e, const struct lx_inventory *v,
                               const bool *packed)
{
    const struct lx_plan *p = &e->plan;
    size_t n = 0;

    for (size_t k = 0; k < p->n; k++) {
        struct lx_training t;
        bool before = false;

        for (size_t i = 0; i < k && !before; i++)
            before = v->done[i] && strcmp(p->cells[i].train_id, p->cells[k].train_id) == 0;
        if (!v->done[k] || packed[k] || before)
            continue;
        lx_training_check(e->dir, p->cells[k].train_id, &t);
        if (t.weights != LX_WEIGHTS_MISSING && t.weights != LX_WEIGHTS_BROKEN) {
            if (t.note[0] != '\0')
                lx_log("%s", t.note);
            continue;
        }
        if (n++ < MOST_LINES)
            lx_log("%s seed %llu: its weights are %s: %s", p->cells[k].label,
                   (unsigned long long)e->config.seeds[p->cells[k].seed],
                   lx_weights_names[t.weights], t.note);
    }
    if (n > 0)
        lx_log("weights of %zu trainings are not there: trained again only when something needs "
               "them",
               n);
}

enum lx_code lx_inventory_take(const struct lx_experiment *e, bool tell_weights,
                               struct lx_arena *arena, struct lx_inventory *out, struct lx_err *err)
{
    const struct lx_plan *p = &e->plan;
    bool *packed;

    *out = (struct lx_inventory){.n_done = 0};
    if (lx_arena_get(arena, p->n, sizeof(*out->done), &out->done, "the cells", err) ||
        lx_arena_get(arena, p->n, sizeof(*packed), &packed, "the cells", err))
        return err->code;
    for (size_t k = 0; k < p->n; k++) {
        struct lx_cell_files f;
        struct lx_err why;

        if (lx_cell_read(e->dir, p->cells[k].id, &f, &why) != LX_OK)
            lx_log("not used, evaluating again: %s", why.text);
        else if (f.note[0] != '\0')
            lx_log("%s", f.note);
        out->done[k] = f.done;
        packed[k] = f.packed;
        out->n_done += f.done;
        out->n_packed += f.packed;
        lx_cell_free(&f);
    }
    if (out->n_packed > 0)
        lx_log("%zu of %zu cells are done by their rows in cells/*.csv.gz, without weights",
               out->n_packed, p->n);
    if (tell_weights)
        tell_about_weights(e, out, packed);
    return LX_OK;
}

void lx_inventory_drop_weights(const struct lx_experiment *e, const bool *done, size_t k,
                               struct lx_err *failed)
{
    const struct lx_plan *p = &e->plan;
    struct lx_err err;

    for (size_t i = 0; i < p->n; i++)
        if (!done[i] && strcmp(p->cells[i].train_id, p->cells[k].train_id) == 0)
            return;
    if (lx_training_drop_weights(e->dir, p->cells[k].train_id, &err) == LX_OK)
        return;
    (void)lx_wrap(&err, "weights not dropped");
    lx_log_error(&err);
    if (failed->code == LX_OK)
        *failed = err;
}
