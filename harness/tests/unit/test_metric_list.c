/* The table of metrics against what writes them and what describes them: a metric that an analysis or
 * the documentation has and the table lacks is one that claims, compare and figures do not know. */
#include "analysis/analysis.h"
#include "core/buf.h"
#include "core/metric_list.h"
#include "system/fs.h"
#include "tests/unit/check.h"

static void names_are_unique(void **state)
{
    (void)state;
    for (int i = 0; i < lx_metric_count(); i++) {
        const struct lx_metric_info *m = lx_metric_at(i);

        assert_ptr_equal(lx_metric_find(m->name), m);
        assert_true(m->help[0] != '\0' && m->unit != NULL);
        assert_true(m->min < m->max);
    }
    assert_null(lx_metric_find("nll "));
    assert_null(lx_metric_find(""));
}

static void check_listed(const char *const *names)
{
    for (; names != NULL && *names != NULL; names++) {
        const struct lx_metric_info *m = lx_metric_find(*names);

        if (m == NULL)
            fail_msg("an analysis writes %s, which is not in the table of metrics", *names);
        assert_int_equal(m->rows, 0);
    }
}

static void analyses_are_listed(void **state)
{
    (void)state;
    for (int i = 0; i < lx_analysis_count(); i++) {
        check_listed(lx_analysis_at(i)->metrics);
        check_listed(lx_analysis_at(i)->variant_metrics);
    }
}

static bool described(const char *readme, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = readme; (p = strstr(p, name)) != NULL; p += n)
        if ((p[-1] == '`' || p[-1] == ' ') && p[n] == '`')
            return true;
    return false;
}

/* results/README.md defines each; a family of names is written with its common beginning once. */
static void each_is_described(void **state)
{
    static const char *const endings[] = {"_before", "_after", "_initial"};
    struct lx_buf text = {0};
    struct lx_err err;

    (void)state;
    CHECK_OK(lx_fs_read("results/README.md", &text, &err));
    for (int i = 0; i < lx_metric_count(); i++) {
        const char *name = lx_metric_at(i)->name;
        bool found = described(text.text, name);

        for (size_t k = 0; k < sizeof(endings) / sizeof(endings[0]); k++) {
            size_t n = strlen(name), m = strlen(endings[k]);

            found = found || (n > m && strcmp(name + n - m, endings[k]) == 0 &&
                              (strstr(text.text, endings[k]) != NULL));
        }
        if (!found)
            fail_msg("results/README.md does not describe %s", name);
    }
    lx_buf_free(&text);
}

static void bounds_hold(void **state)
{
    char text[64];

    (void)state;
    assert_false(lx_metric_possible("nll", 0));
    assert_true(lx_metric_possible("nll", 1e-9));
    assert_false(lx_metric_possible("ppl", 1));
    assert_false(lx_metric_possible("nll", (double)INFINITY));
    assert_false(lx_metric_possible("unknown", (double)NAN));
    assert_true(lx_metric_possible("unknown", -3));
    assert_true(lx_metric_possible("position_r2", -100));
    assert_false(lx_metric_possible("position_r2", 1.1));
    lx_metric_bounds(lx_metric_find("nll"), text, sizeof(text));
    assert_string_equal(text, "above 0");
    lx_metric_bounds(lx_metric_find("attention_max_prob"), text, sizeof(text));
    assert_string_equal(text, "from 0 to 1");
    lx_metric_bounds(lx_metric_find("position_r2"), text, sizeof(text));
    assert_string_equal(text, "at most 1");
    lx_metric_bounds(lx_metric_find("attention_entropy"), text, sizeof(text));
    assert_string_equal(text, "at least 0");
    lx_metric_bounds(lx_metric_find("context_gain"), text, sizeof(text));
    assert_string_equal(text, "a number");
    assert_true(lx_metric_evaluated("nll_floor") && !lx_metric_evaluated("context_gain"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_are_unique),
    cmocka_unit_test(analyses_are_listed),
    cmocka_unit_test(each_is_described),
    cmocka_unit_test(bounds_hold),
};

CHECK_MAIN(tests)
