/* What a section says of itself: its lengths, its seeds, its title, and the part of file names that
 * tells it from the other sections of the same study. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/aggregate_internal.h"

static enum lx_code add_length(struct lx_section *sec, int length, struct lx_err *err)
{
    size_t at = 0;
    while (at < sec->n_lengths && sec->length[at] < length)
        at++;
    if (at < sec->n_lengths && sec->length[at] == length)
        return LX_OK;
    int *grown = realloc(sec->length, (sec->n_lengths + 1) * sizeof(*grown));
    if (grown == NULL)
        return lx_fail(err, LX_ENOMEM, "out of memory for the report");
    sec->length = grown;
    memmove(grown + at + 1, grown + at, (sec->n_lengths - at) * sizeof(*grown));
    grown[at] = length;
    sec->n_lengths++;
    return LX_OK;
}

static void count_seeds(struct lx_section *sec, const struct lx_group *g)
{
    if (sec->seeds_max == 0 || g->n < sec->seeds_min)
        sec->seeds_min = g->n;
    if (g->n > sec->seeds_max)
        sec->seeds_max = g->n;
}

static enum lx_code scan_groups(struct lx_study *s, struct lx_err *err)
{
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct lx_group *g = &s->group[i];
        struct lx_section *sec = &s->section[g->section];
        if (g->metric != s->ppl || g->layer >= 0 || g->head >= 0 || g->lo >= 0)
            continue;
        if (add_length(sec, g->eval_length, err) != LX_OK)
            return err->code;
        count_seeds(sec, g);
        for (size_t j = g->first; j < g->first + (size_t)g->n; j++) {
            const struct lx_row *r = &s->rows.row[j];
            if (r->status != LX_ROW_OK || r->tokens < 0 || sec->tokens == -2)
                continue;
            sec->tokens = sec->tokens == -1 || sec->tokens == r->tokens ? r->tokens : -2;
        }
    }
    for (size_t i = 0; i < s->n_groups; i++)
        if (s->section[s->group[i].section].n_lengths == 0)
            count_seeds(&s->section[s->group[i].section], &s->group[i]);
    for (size_t i = 0; i < s->n_sections; i++)
        if (s->section[i].tokens < 0)
            s->section[i].tokens = -1;
    return LX_OK;
}

/* "valid split, non-overlapping windows, 3 seeds, 65536 target tokens" */
static void describe_section(struct lx_study *s, struct lx_section *sec)
{
    struct lx_arena *a = &s->rows.arena;
    const char *mode = lx_rows_name(&s->rows, sec->mode);
    char windows[128], seeds[64], tokens[64] = "";
    if (strcmp(mode, "nonoverlapping") == 0)
        (void)snprintf(windows, sizeof(windows), "non-overlapping windows");
    else if (strcmp(mode, "sliding") == 0 && sec->stride > 0)
        (void)snprintf(windows, sizeof(windows), "sliding windows (stride %d)", sec->stride);
    else if (strcmp(mode, "last") == 0 && sec->stride > 0)
        (void)snprintf(windows, sizeof(windows), "last %d tokens of each window", sec->stride);
    else
        (void)snprintf(windows, sizeof(windows), "%.100s", mode);
    if (sec->seeds_min == sec->seeds_max)
        (void)snprintf(seeds, sizeof(seeds), "%d seed%s", sec->seeds_max,
                       sec->seeds_max == 1 ? "" : "s");
    else
        (void)snprintf(seeds, sizeof(seeds), "%d to %d seeds", sec->seeds_min, sec->seeds_max);
    if (sec->tokens > 0)
        (void)snprintf(tokens, sizeof(tokens), ", %s%lld target tokens",
                       sec->tokens < LX_FEW_TARGETS ? "only " : "", sec->tokens);
    sec->title = lx_arena_printf(a, "%s, trained at %d tokens",
                                 lx_rows_name(&s->rows, sec->dataset), sec->train_length);
    sec->detail = lx_arena_printf(a, "%s split, %s, %s%s", lx_rows_name(&s->rows, sec->split),
                                  windows, seeds, tokens);
}

/* Text that is safe and handsome in a file name. */
static void add_name_text(char *out, size_t size, const char *text)
{
    size_t n = strlen(out);

    for (; *text && n + 1 < size; text++) {
        bool keep = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                    (*text >= '0' && *text <= '9') || *text == '.' || *text == '_';
        out[n++] = keep ? *text : '-';
    }
    out[n] = '\0';
}

static void add_name_part(char *out, size_t size, const char *text)
{
    add_name_text(out, size, "-");
    add_name_text(out, size, text);
}

/* A section without perplexities holds what an analysis measured; its mode is the analysis' id. */
static bool is_analysis(const struct lx_section *sec)
{
    return sec->n_lengths == 0;
}

/* File names carry just the parts in which sections differ. */
static void name_section(struct lx_study *s, size_t k)
{
    struct lx_section *sec = &s->section[k];
    bool dataset = false, split = false, length = false, mode = false, stride = false;
    char suffix[160] = "", stem[64] = "", number[32];
    for (size_t i = 0; i < s->n_sections; i++) {
        const struct lx_section *o = &s->section[i];
        dataset |= o->dataset != sec->dataset;
        split |= o->split != sec->split;
        length |= o->train_length != sec->train_length;
        if (is_analysis(o) || is_analysis(sec)) /* their files are named after the mode */
            continue;
        mode |= o->mode != sec->mode;
        stride |= o->mode == sec->mode && o->stride != sec->stride;
    }
    if (dataset)
        add_name_part(suffix, sizeof(suffix), lx_rows_name(&s->rows, sec->dataset));
    if (split)
        add_name_part(suffix, sizeof(suffix), lx_rows_name(&s->rows, sec->split));
    (void)snprintf(number, sizeof(number), "%d", sec->train_length);
    if (length)
        add_name_part(suffix, sizeof(suffix), number);
    if (mode)
        add_name_part(suffix, sizeof(suffix), lx_rows_name(&s->rows, sec->mode));
    (void)snprintf(number, sizeof(number), "stride%d", sec->stride);
    if (stride)
        add_name_part(suffix, sizeof(suffix), number);
    for (size_t i = 0; i < k; i++)
        if (strcmp(s->section[i].suffix, suffix) == 0 &&
            (s->section[i].mode == sec->mode ||
             (!is_analysis(&s->section[i]) &&
              !is_analysis(sec)))) { /* names alike once they are made safe */
            (void)snprintf(number, sizeof(number), "%zu", k + 1);
            add_name_part(suffix, sizeof(suffix), number);
            break;
        }
    sec->suffix = lx_arena_text(&s->rows.arena, suffix);
    add_name_text(stem, sizeof(stem), lx_rows_name(&s->rows, sec->mode));
    stem[0] = stem[0] == '.' ? '-' : stem[0];
    sec->stem = lx_arena_text(&s->rows.arena, stem);
}

enum lx_code lx_sections_fill(struct lx_study *s, struct lx_err *err)
{
    if (scan_groups(s, err) != LX_OK)
        return err->code;
    for (size_t i = 0; i < s->n_sections; i++) {
        struct lx_section *sec = &s->section[i];
        describe_section(s, sec);
        name_section(s, i);
        if (!sec->title || !sec->detail || !sec->suffix || !sec->stem)
            return lx_fail(err, LX_ENOMEM, "out of memory for the report");
    }
    return LX_OK;
}

enum lx_code lx_study_note(struct lx_study *s, const char *note, struct lx_err *err)
{
    for (size_t i = 0; note != NULL && i < s->n_sections; i++) {
        struct lx_section *sec = &s->section[i];

        sec->detail = lx_arena_printf(&s->rows.arena, "%s; %s", sec->detail, note);
        if (sec->detail == NULL)
            return lx_fail(err, LX_ENOMEM, "out of memory for the report");
    }
    return LX_OK;
}
