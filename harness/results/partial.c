/* What a merge says is missing; see partial.h. */
#include "results/partial.h"

#include <string.h>

#include "core/buf.h"
#include "json/json.h"
#include "system/fs.h"

enum { NAMED = 12 }; /* encodings and datasets that are named */

static const char *text_of(const struct lx_json *cell, const char *key)
{
    const char *text = lx_json_text(lx_json_find(cell, key));

    return text != NULL ? text : "?";
}

static bool same_model(const struct lx_json *a, const struct lx_json *b)
{
    return strcmp(text_of(a, "encoding"), text_of(b, "encoding")) == 0 &&
           strcmp(text_of(a, "dataset"), text_of(b, "dataset")) == 0;
}

/* Cells of one encoding and dataset are one item, with their seeds. */
static void name_missing(const struct lx_json *list, struct lx_buf *out)
{
    size_t named = 0, left = 0;

    for (const struct lx_json *v = lx_json_first(list); v != NULL; v = lx_json_next(v)) {
        const struct lx_json *first = lx_json_first(list);
        size_t seeds = 0;

        while (first != v && !same_model(first, v))
            first = lx_json_next(first);
        if (first != v)
            continue;
        for (const struct lx_json *w = v; w != NULL; w = lx_json_next(w))
            seeds += same_model(v, w);
        if (named == NAMED) {
            left += seeds;
            continue;
        }
        lx_buf_printf(out, "%s%s (%s: seed%s", named++ > 0 ? ", " : "", text_of(v, "encoding"),
                      text_of(v, "dataset"), seeds == 1 ? "" : "s");
        seeds = 0;
        for (const struct lx_json *w = v; w != NULL; w = lx_json_next(w))
            if (same_model(v, w))
                lx_buf_printf(out, "%s %.0f", seeds++ > 0 ? "," : "",
                              lx_json_number(lx_json_find(w, "seed")));
        lx_buf_add(out, ")");
    }
    if (left > 0)
        lx_buf_printf(out, " and %zu more cells", left);
}

static enum lx_code say(const struct lx_json *doc, const char *path, struct lx_arena *arena,
                        struct lx_partial *out, struct lx_err *err)
{
    const struct lx_json *done = lx_json_find(doc, "done"), *cells = lx_json_find(doc, "cells");
    struct lx_buf missing = {0};
    enum lx_code code = LX_OK;

    if (lx_json_type(done) != LX_JSON_NUMBER || lx_json_type(cells) != LX_JSON_NUMBER)
        return lx_fail(err, LX_EFORMAT, "%s: must say how many cells are done", path);
    lx_buf_add(&missing, "");
    name_missing(lx_json_find(doc, "missing"), &missing);
    if (lx_buf_check(&missing, err)) {
        code = err->code;
    } else {
        out->brief = lx_arena_printf(arena, "PARTIAL: %.0f of %.0f cells", lx_json_number(done),
                                     lx_json_number(cells));
        out->missing = lx_arena_text(arena, missing.text);
        if (out->brief == NULL || out->missing == NULL)
            code = lx_fail(err, LX_ENOMEM, "out of memory for the report");
    }
    lx_buf_free(&missing);
    return code;
}

enum lx_code lx_partial_read(const char *dir, struct lx_arena *arena, struct lx_partial *out,
                             struct lx_err *err)
{
    const char *path = lx_arena_printf(arena, "%s/" LX_PARTIAL_FILE, dir);
    struct lx_json *doc = NULL;
    enum lx_code code = LX_OK;

    *out = (struct lx_partial){NULL, NULL};
    if (path == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the report");
    if (!lx_fs_exists(path))
        return LX_OK;
    if (lx_json_read(path, &doc, err) || say(doc, path, arena, out, err))
        code = err->code;
    if (code == LX_ECONFIG)
        code = err->code = LX_EFORMAT; /* one of our own files */
    lx_json_free(doc);
    return code;
}
