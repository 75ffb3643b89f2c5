/* At which learning rate each series was trained, by the config: one for all, or one for each. Names that
 * sweeps and tuning make, "a-lr-0.01", say it themselves. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/aggregate_internal.h"

const char *lx_encoding_id(const struct lx_json *stack)
{
    const struct lx_json *id = lx_json_find(stack, "id");

    if (lx_json_type(stack) == LX_JSON_TEXT)
        return lx_json_text(stack);
    return lx_json_type(id) == LX_JSON_TEXT ? lx_json_text(id) : "";
}

bool lx_encoding_is(const char *name, const char *id)
{
    size_t n = strlen(id);

    return n > 0 && strncmp(name, id, n) == 0 && (name[n] == '\0' || name[n] == '[');
}

double lx_encoding_setting(const struct lx_json *config, const char *encoding, const char *key,
                           double usual)
{
    const struct lx_json *v = lx_json_find(lx_json_find(config, "train"), key);
    const struct lx_json *e = lx_json_first(lx_json_find(config, "encodings"));

    for (; e != NULL; e = lx_json_next(e)) {
        const struct lx_json *own = lx_json_find(e, key);

        if (!lx_encoding_is(encoding, lx_encoding_id(e)))
            continue;
        v = own != NULL ? own : v;
        if (v == NULL)
            return usual;
        return lx_json_type(v) == LX_JSON_NUMBER ? lx_json_number(v) : (double)NAN;
    }
    return (double)NAN;
}

void lx_series_rates(struct lx_study *s, const struct lx_json *config)
{
    for (size_t i = 0; i < s->n_series; i++) {
        struct lx_series *x = &s->series[i];
        const char *name = lx_rows_name(&s->rows, x->encoding);

        x->lr = x->array_lr = (double)NAN;
        if (strstr(name, "-lr-") != NULL)
            continue;
        x->lr = lx_encoding_setting(config, name, "lr", (double)NAN);
        x->array_lr = lx_encoding_setting(config, name, "array_lr", 1);
    }
}

bool lx_study_rates_differ(const struct lx_study *s)
{
    for (size_t i = 1; i < s->n_series; i++)
        if (s->series[i].lr < s->series[0].lr || s->series[i].lr > s->series[0].lr ||
            s->series[i].array_lr < s->series[0].array_lr ||
            s->series[i].array_lr > s->series[0].array_lr)
            return true;
    return false;
}

void lx_series_rate_text(const struct lx_series *x, char out[48])
{
    char lr[40], arrays[40];
    bool same;

    out[0] = '\0';
    if (!isfinite(x->lr))
        return;
    lx_number_text(x->lr, lr, sizeof(lr));
    lx_number_text(x->lr * x->array_lr, arrays, sizeof(arrays));
    same = strcmp(lr, arrays) == 0;
    (void)snprintf(out, 48, "%.15s%s%.15s", lr, same ? "" : ", arrays ", same ? "" : arrays);
}
