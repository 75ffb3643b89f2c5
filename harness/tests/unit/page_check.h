/* A strict reader of our pages: every tag closed in its order, every attribute quoted and known, every
 * entity one of ours, nothing that fetches or runs but the page's own script, no number that is none. */
#ifndef LX_TESTS_PAGE_CHECK_H
#define LX_TESTS_PAGE_CHECK_H

#include "tests/unit/check.h"

#define PAGE_DEEPEST 64

struct page_reader {
    const char *at;
    char open[PAGE_DEEPEST][16];
    size_t depth, tags;
    bool links; /* to pages in folders beside it */
};

static inline void page_fail(const struct page_reader *r, const char *why)
{
    fail_msg("page: %s, at: %.80s", why, r->at);
}

static inline bool page_one_of(const char *word, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

static inline void page_word(struct page_reader *r, const char *letters, char *out, size_t size)
{
    size_t n = strspn(r->at, letters);

    if (n == 0 || n >= size)
        page_fail(r, "a name was expected");
    memcpy(out, r->at, n);
    out[n] = '\0';
    r->at += n;
}

/* One character of text or of a value: no markup, entities whole, no control characters. */
static inline void page_character(struct page_reader *r)
{
    unsigned char c = (unsigned char)*r->at;

    if (c == '&') {
        const char *end = strchr(r->at, ';');

        if (end == NULL || end - r->at > 8 || end - r->at < 2)
            page_fail(r, "a bare ampersand");
        else
            r->at = end;
    } else if (c == '<' || c == '>' || (c < ' ' && c != '\n') || c == 0x7f) {
        page_fail(r, "a character that is markup or none");
    }
    r->at++;
}

/* Whether an address ends with a file that the page over many studies may send a reader to. */
static inline bool page_opens(const char *end)
{
    static const char *const files[] = {"/report.html\"", "/claims.md\"", "/table.md\""};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (strncmp(end, files[i], strlen(files[i])) == 0)
            return true;
    return false;
}

static inline void page_value(struct page_reader *r, const char *name)
{
    const char *from;
    size_t n;

    if (strncmp(r->at, "=\"", 2) != 0)
        page_fail(r, "an attribute without a quoted value");
    from = r->at += 2;
    while (*r->at != '"' && *r->at != '\0')
        page_character(r);
    n = (size_t)(r->at - from);
    if (strcmp(name, "href") == 0 && *from != '#' &&
        !(r->links && strncmp(from, "./", 2) == 0 && strcspn(from + 2, "/?#") < n &&
          page_opens(from + 2 + strcspn(from + 2, "/?#\""))))
        page_fail(r, "a reference to something outside");
    for (size_t i = 0; i + 2 < n; i++)
        if ((strcmp(name, "d") == 0 || strcmp(name, "x") == 0 || strcmp(name, "y") == 0) &&
            (strncmp(from + i, "nan", 3) == 0 || strncmp(from + i, "inf", 3) == 0))
            page_fail(r, "a place that is no number");
    r->at += *r->at == '"';
}

static inline void page_attributes(struct page_reader *r)
{
    static const char *const known[] = {"lang",
                                        "charset",
                                        "name",
                                        "content",
                                        "http-equiv",
                                        "class",
                                        "id",
                                        "role",
                                        "aria-label",
                                        "aria-pressed",
                                        "hidden",
                                        "type",
                                        "style",
                                        "scope",
                                        "colspan",
                                        "href",
                                        "viewBox",
                                        "x",
                                        "y",
                                        "x1",
                                        "x2",
                                        "y1",
                                        "y2",
                                        "cx",
                                        "cy",
                                        "r",
                                        "d",
                                        "transform",
                                        "text-anchor",
                                        "value",
                                        "data-s",
                                        "data-c",
                                        "data-k",
                                        "data-show",
                                        "data-dataset",
                                        "data-length",
                                        "data-mode",
                                        "fill-opacity",
                                        "stroke-dasharray",
                                        NULL};
    char name[24];

    while (*r->at == ' ') {
        r->at++;
        page_word(r, "abcdefghijklmnopqrstuvwxyzB-12", name, sizeof(name));
        if (!page_one_of(name, known))
            page_fail(r, "an attribute that pages of ours have not");
        page_value(r, name);
    }
}

/* Past the raw text of a style or script element. */
static inline void page_raw(struct page_reader *r, const char *name)
{
    char end[24];
    const char *to;

    (void)snprintf(end, sizeof(end), "</%s>", name);
    to = strstr(r->at, end);
    if (to == NULL || (strstr(r->at, "<!--") != NULL && strstr(r->at, "<!--") < to))
        page_fail(r, "an element of raw text that does not end");
    else
        r->at = to;
}

static inline void page_tag(struct page_reader *r)
{
    char name[16];
    bool shut = r->at[1] == '/';

    r->at += shut ? 2 : 1;
    page_word(r, "abcdefghijklmnopqrstuvwxyz123456", name, sizeof(name));
    if (shut) {
        if (r->depth == 0 || strcmp(r->open[r->depth - 1], name) != 0)
            page_fail(r, "a tag is closed that is not open");
        r->depth--;
        if (*r->at++ != '>')
            page_fail(r, "a closing tag does not end");
        return;
    }
    r->tags++;
    page_attributes(r);
    if (strncmp(r->at, "/>", 2) == 0) {
        r->at += 2;
        return;
    }
    if (*r->at++ != '>' || r->depth == PAGE_DEEPEST)
        page_fail(r, "a tag does not end");
    (void)snprintf(r->open[r->depth++], sizeof(r->open[0]), "%s", name);
    if (strcmp(name, "style") == 0 || strcmp(name, "script") == 0)
        page_raw(r, name);
}

static inline size_t page_check_all(const char *html, bool links)
{
    static const char start[] = "<!DOCTYPE html>\n";
    struct page_reader r = {.at = html, .links = links};

    if (strncmp(html, start, sizeof(start) - 1) != 0)
        page_fail(&r, "no document type");
    r.at += sizeof(start) - 1;
    while (*r.at != '\0')
        if (*r.at == '<')
            page_tag(&r);
        else
            page_character(&r);
    if (r.depth != 0)
        page_fail(&r, "a tag is left open");
    return r.tags;
}

/* Check the whole page; how many elements it has. */
static inline size_t page_check(const char *html)
{
    return page_check_all(html, false);
}

#endif
