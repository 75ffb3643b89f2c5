/* "Did you mean": the nearest of a list of names; see nearest.h.
 *
 * Distance: Damerau-Levenshtein, optimal string alignment (insert, delete, replace, swap neighbours,
 * each 1). Upper and lower case are the same letter, '-' the same as '_'. A name is near when at
 * most a third of its letters differ, or when what was typed is its beginning (three or more),
 * or the other way around (four or more): "sliding_window" is near "sliding". Before all that, it may be
 * another program's or paper's word for one of them, or for either of two. */
#include "text/nearest.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MAX_NAME 64

/* What others call it, and what it is here: suggested only where that is one of the names, and never taken
 * for it. */
static const struct lx_word own_words[] = {
    {"learning_rate", "lr"},
    {"batch_size", "batch_tokens"},
    {"epochs", "steps"},
    {"iterations", "steps"},
    {"iters", "steps"},
    {"max_steps", "steps"},
    {"seq_len", "length"},
    {"seq_length", "length"},
    {"sequence_length", "length"},
    {"context_length", "length"},
    {"block_size", "length"},
    {"n_layer", "layers"},
    {"num_layers", "layers"},
    {"depth", "layers"},
    {"n_head", "heads"},
    {"num_heads", "heads"},
    {"n_embd", "d_model"},
    {"hidden_size", "d_model"},
    {"width", "d_model"},
    {"dim", "d_model"},
    {"file", "path"},
    {"filename", "path"},
    {"_comment", "notes"},
    {"comment", "notes"},
    {"description", "notes"},
    {NULL, NULL},
};

static int fold(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

static bool same(const char *a, const char *b)
{
    while (*a != '\0' && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Lengths m and n below MAX_NAME. */
static size_t distance(const char *a, size_t m, const char *b, size_t n)
{
    size_t rows[3][MAX_NAME]; /* row i of the table is rows[i % 3] */

    for (size_t j = 0; j <= n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t *now = rows[i % 3];
        const size_t *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t cost = fold(a[i - 1]) != fold(b[j - 1]) ? 1 : 0;

            now[j] = min3(up[j] + 1, now[j - 1] + 1, up[j - 1] + cost);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]) && up2[j - 2] + 1 < now[j])
                now[j] = up2[j - 2] + 1;
        }
    }
    return rows[m % 3][n];
}

static bool begins(const char *name, const char *got, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (name[i] == '\0' || fold(name[i]) != fold(got[i]))
            return false;
    return true;
}

/* The name, but not `but`, that others call `got`; words NULL: none. */
static const char *translated(const char *got, const struct lx_word *words, const char *but,
                              const char *const *names, size_t n)
{
    for (const struct lx_word *w = words; w != NULL && w->word != NULL; w++)
        for (size_t i = 0; i < n && same(w->word, got); i++)
            if (names[i] != but && strcmp(names[i], w->name) == 0)
                return names[i];
    return NULL;
}

static const char *spelled(const char *got, const char *const *names, size_t n)
{
    size_t m = strlen(got), best = MAX_NAME;
    const char *near = NULL;

    if (m >= MAX_NAME)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(names[i]), longer = len > m ? len : m, d;

        if (len >= MAX_NAME)
            continue;
        d = distance(got, m, names[i], len);
        if (d < best && (d * 3 <= longer || (d == 1 && m == 2 && len == 2))) {
            best = d;
            near = names[i];
        }
    }
    for (size_t i = 0; near == NULL && m >= 3 && i < n; i++)
        if (begins(names[i], got, m))
            near = names[i];
    for (size_t i = 0; near == NULL && i < n; i++)
        if (strlen(names[i]) >= 4 && begins(got, names[i], strlen(names[i])))
            near = names[i];
    return near;
}

static const char *nearest(const char *got, const struct lx_word *words, const char *const *names,
                           size_t n)
{
    const char *near = translated(got, words, NULL, names, n);

    near = near != NULL ? near : translated(got, own_words, NULL, names, n);
    return near != NULL ? near : spelled(got, names, n);
}

const char *lx_nearest(const char *got, const char *const *names, size_t n)
{
    return nearest(got, NULL, names, n);
}

static enum lx_code fail(struct lx_err *err, enum lx_code code, const char *got,
                         const struct lx_word *words, const char *const *names, size_t n,
                         const char *text)
{
    const char *near = nearest(got, words, names, n);
    const char *other = near != NULL ? translated(got, words, near, names, n) : NULL;

    return lx_fail(err, code, "%s \"%.80s\"%s%s%s%s%s", text, got,
                   near != NULL ? " (did you mean \"" : "", near != NULL ? near : "",
                   other != NULL ? "\" or \"" : "", other != NULL ? other : "",
                   near != NULL ? "\"?)" : "");
}

enum lx_code lx_fail_unknown(struct lx_err *err, enum lx_code code, const char *got,
                             const char *const *names, size_t n, const char *fmt, ...)
{
    char text[sizeof(err->text)];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return fail(err, code, got, NULL, names, n, text);
}

enum lx_code lx_fail_unknown_word(struct lx_err *err, enum lx_code code, const char *got,
                                  const struct lx_word *words, const char *const *names, size_t n,
                                  const char *fmt, ...)
{
    char text[sizeof(err->text)];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return fail(err, code, got, words, names, n, text);
}

enum lx_code lx_hint_named(struct lx_err *err, const struct lx_json *obj,
                           const struct lx_word *words, const char *const *names, size_t n)
{
    if (strstr(err->text, "did you mean") != NULL || lx_json_type(obj) != LX_JSON_OBJECT ||
        lx_json_find(obj, "name") != NULL)
        return err->code;
    for (const struct lx_json *m = lx_json_first(obj); m != NULL; m = lx_json_next(m)) {
        const char *near = nearest(lx_json_key(m), words, names, n);

        /* what holds no options must be the name itself: other keys have values, too */
        if (near != NULL &&
            (lx_json_type(m) == LX_JSON_OBJECT || strcmp(near, lx_json_key(m)) == 0))
            return lx_hint(err, "{\"name\": \"%s\"%s}", near,
                           lx_json_first(m) != NULL ? ", ..." : "");
    }
    return err->code;
}
