/* The registry of schemes: names, files, option tables, and the table of encodings/README.md agree. */
#include <ctype.h>
#include <dirent.h>
#include <unistd.h>

#include "stack/stack.h"
#include "tests/unit/encoding_rig.h"

static bool is_key(const char *text)
{
    return text[0] != '\0' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

static void names_are_legal_unique_and_found(void **state)
{
    (void)state;
    assert_true(lx_encoding_count() >= 12);
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);
        const char *const lines[] = {ops->title, ops->cite, ops->formula, ops->beyond};

        assert_true(is_key(ops->name));
        assert_ptr_equal(lx_encoding_find(ops->name), ops);
        for (size_t j = 0; j < 4; j++) {
            assert_non_null(lines[j]);
            assert_true(strlen(lines[j]) > 3);
            for (const char *c = lines[j]; *c != '\0'; c++)
                assert_true(*c >= ' ' && *c <= '~');
        }
        for (int j = 0; j < i; j++)
            assert_string_not_equal(lx_encoding_at(j)->title, ops->title);
    }
    assert_null(lx_encoding_find("no_such_scheme"));
    assert_null(lx_encoding_find(""));
}

/* Words of others lead to schemes that there are, and hide none. */
static void words_of_others_lead_to_schemes(void **state)
{
    static const struct {
        const char *got, *want;
    } cases[] = {
        {"rotary", "(did you mean \"rope\"?)"},
        {"RoFormer", "(did you mean \"rope\"?)"},
        {"none", "(did you mean \"nope\"?)"},
        {"no", "(did you mean \"nope\"?)"},
        {"absolute", "(did you mean \"learned\" or \"sinusoidal\"?)"},
        {"learnt", "(did you mean \"learned\"?)"},
        {"sin", "(did you mean \"sinusoidal\"?)"},
        {"rel", "(did you mean \"t5\" or \"shaw\"?)"},
        {"t5-bias", "(did you mean \"t5\"?)"},
    };
    struct lx_err err;

    (void)state;
    for (const struct lx_word *w = lx_encoding_words; w->word != NULL; w++) {
        assert_non_null(lx_encoding_find(w->name));
        assert_null(lx_encoding_find(w->word));
        for (const struct lx_word *v = lx_encoding_words; v < w; v++)
            assert_false(strcmp(v->word, w->word) == 0 && strcmp(v->name, w->name) == 0);
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CHECK_FAILS(lx_stack_unknown(cases[i].got, "encodings[0]", LX_ECONFIG, &err), LX_ECONFIG,
                    cases[i].want);
}

/* Folder of the schemes: beside the folder that this file was compiled from. */
static void path_in_encodings(char *out, size_t size, const char *file)
{
    const char *here = __FILE__, *tail = strstr(here, "harness/tests/");

    assert_non_null(tail);
    (void)snprintf(out, size, "%.*sencodings/%s", (int)(tail - here), here, file);
}

static void every_file_is_listed_and_every_name_has_a_file(void **state)
{
    char path[1024];
    struct dirent *e;
    DIR *dir;
    int files = 0;

    (void)state;
    path_in_encodings(path, sizeof(path), "");
    dir = opendir(path);
    if (dir == NULL)
        fail_msg("%s: cannot be opened: run the tests where they were compiled", path);
    while ((e = readdir(dir)) != NULL) {
        size_t n = strlen(e->d_name);
        char name[256];

        if (n < 3 || strcmp(e->d_name + n - 2, ".c") != 0 ||
            strcmp(e->d_name, "encoding_list.c") == 0)
            continue;
        (void)snprintf(name, sizeof(name), "%.*s.h", (int)(n - 2), e->d_name);
        path_in_encodings(path, sizeof(path), name);
        if (access(path, F_OK) == 0)
            continue; /* a header of its own: schemes share it */
        name[n - 2] = '\0';
        if (lx_encoding_find(name) == NULL)
            fail_msg("encodings/%s: no scheme of that name in encoding_list.c", e->d_name);
        files++;
    }
    (void)closedir(dir);
    assert_int_equal(files, lx_encoding_count());
}

/* The table of encodings/README.md has a row for each scheme, which names each of its options. */
static void the_readme_names_every_scheme_and_option(void **state)
{
    static char text[65536];
    char path[1024];
    FILE *f;

    (void)state;
    path_in_encodings(path, sizeof(path), "README.md");
    f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    (void)fclose(f);
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);
        char start[80], row[4096];
        const char *line;

        (void)snprintf(start, sizeof(start), "\n| `%s` |", ops->name);
        line = strstr(text, start);
        if (line == NULL) {
            fail_msg("encodings/README.md: no row for %s", ops->name);
            return;
        }
        (void)snprintf(row, sizeof(row), "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
        for (const struct lx_option *o = ops->options; o != NULL && o->type != LX_OPT_END; o++) {
            char key[80];

            (void)snprintf(key, sizeof(key), "`%s`", o->key);
            if (strstr(row, key) == NULL)
                fail_msg("encodings/README.md: row of %s lacks option %s", ops->name, o->key);
        }
    }
}

static size_t size_of_field(enum lx_option_type type)
{
    return type == LX_OPT_BOOL      ? sizeof(bool)
           : type == LX_OPT_REAL    ? sizeof(double)
           : type == LX_OPT_TEXT    ? sizeof(char *)
           : type == LX_OPT_NUMBERS ? sizeof(struct lx_numbers)
           : type == LX_OPT_MAP     ? sizeof(struct lx_map)
                                    : sizeof(int);
}

static void options_are_sane(void **state)
{
    (void)state;
    for (int i = 0; i < lx_encoding_count(); i++) {
        const struct lx_encoding_ops *ops = lx_encoding_at(i);

        for (const struct lx_option *o = ops->options; o != NULL && o->type != LX_OPT_END; o++) {
            size_t end = o->offset + size_of_field(o->type);

            assert_true(is_key(o->key));
            assert_string_not_equal(o->key, "name");
            assert_non_null(o->help);
            assert_true(strlen(o->help) > 5 && !isupper((unsigned char)o->help[0]));
            assert_true(o->help[strlen(o->help) - 1] != '.');
            assert_true(end <= ops->state_size);
            if ((o->type == LX_OPT_INT || o->type == LX_OPT_REAL) && !isnan(o->def))
                assert_true(o->min < o->max && o->def >= o->min && o->def <= o->max);
            if (o->type == LX_OPT_CHOICE)
                assert_non_null(strchr(o->text, '|'));
            for (const struct lx_option *p = ops->options; p != o; p++) {
                assert_string_not_equal(p->key, o->key);
                assert_true(end <= p->offset || p->offset + size_of_field(p->type) <= o->offset);
            }
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_are_legal_unique_and_found),
    cmocka_unit_test(words_of_others_lead_to_schemes),
    cmocka_unit_test(every_file_is_listed_and_every_name_has_a_file),
    cmocka_unit_test(the_readme_names_every_scheme_and_option),
    cmocka_unit_test(options_are_sane),
};

CHECK_MAIN(tests)
