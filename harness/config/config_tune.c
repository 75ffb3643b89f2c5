/* The section `tune`; see config_tune.h. */
#include "config/config_tune.h"

#include <math.h>
#include <string.h>

#include "config/config_internal.h"
#include "system/fs.h"
#include "tune/tuned.h"

/* Give each encoding without a rate the best of the table. */
static enum lx_code take_rates(struct lx_config *c, struct lx_tuned *t, struct lx_err *err)
{
    if (lx_tuned_read_file(t, c->tuning.table, err)) {
        err->code = LX_ECONFIG;
        return lx_wrap(err, "tune.from");
    }
    for (size_t i = 0; i < c->n_encodings; i++) {
        struct lx_config_encoding *e = &c->encodings[i];
        const struct lx_rates_encoding *found = lx_tuned_find(t, e->trained.id);
        double common = c->variants[0].train.array_lr;

        if (!lx_tune_asks(c, i))
            continue;
        if (found == NULL) {
            (void)lx_fail(err, LX_ECONFIG, "tune.from: %s: must have a best rate of %s",
                          c->tuning.table, e->trained.id);
            return lx_hint(err, "an encoding with an lr of its own is not looked up");
        }
        e->lr = found->try[found->best].lr;
        if (isnan(e->array_lr) && fabs(found->try[found->best].array_lr - common) > 0)
            e->array_lr = found->try[found->best].array_lr;
    }
    return LX_OK;
}

/* Rates that were found elsewhere, in place of a search. As long as their table is not there they are
 * pending: such a config can be planned and registered. */
static enum lx_code read_from(struct lx_config *c, struct lx_err *err)
{
    struct lx_tuned t = {.n_rows = 0};
    enum lx_code code = LX_OK;

    for (const struct lx_json *m = lx_json_first(c->tune); m != NULL; m = lx_json_next(m))
        if (strcmp(lx_json_key(m), "from") != 0)
            return lx_fail(err, LX_ECONFIG, "tune.from: must go alone, got tune.%s beside it",
                           lx_json_key(m));
    for (size_t i = 0; i < c->n_sweeps; i++)
        if (strcmp(c->sweeps[i].key, "lr") == 0 || strcmp(c->sweeps[i].key, "array_lr") == 0)
            return lx_fail(err, LX_ECONFIG, "tune.from: must go without a sweep of %s.%s",
                           c->sweeps[i].section, c->sweeps[i].key);
    if (lx_tuned_find_file(c->tuning.from, &c->arena, &c->tuning.table, err))
        return err->code;
    if (lx_tune_pending(c) && lx_fs_exists(c->tuning.table))
        code = take_rates(c, &t, err);
    lx_tuned_free(&t);
    return code;
}

enum lx_code lx_config_tune_table(const struct lx_config *c, struct lx_err *err)
{
    if (!lx_tune_awaits(c))
        return LX_OK;
    (void)lx_fail(err, LX_ECONFIG, "%s: tune.from: %s: no such file", c->file, c->tuning.table);
    return lx_hint(err, "`longshot tune` of the config that looks for the rates makes it");
}

enum lx_code lx_config_tune_keep(const struct lx_config *c, const char *dir, struct lx_err *err)
{
    struct lx_buf text = {0}, path = {0};
    enum lx_code code = LX_OK;

    if (c->tuning.table == NULL || !lx_fs_exists(c->tuning.table))
        return LX_OK;
    lx_buf_printf(&path, "%s/" LX_TUNE_FOLDER, dir);
    if (lx_buf_check(&path, err) || lx_fs_read(c->tuning.table, &text, err) ||
        lx_fs_mkdir(path.text, err))
        code = err->code;
    lx_buf_add(&path, "/" LX_TUNE_TABLE);
    if (code == LX_OK &&
        (lx_buf_check(&path, err) || lx_fs_update(path.text, text.text, text.len, err)))
        code = err->code;
    lx_buf_free(&text);
    lx_buf_free(&path);
    return code;
}

static enum lx_code check_seeds(const struct lx_config *c, struct lx_err *err)
{
    for (size_t i = 0; i < c->n_seeds; i++)
        if (c->seeds[i] == (uint64_t)c->tuning.seed)
            return lx_fail(err, LX_ECONFIG,
                           "tune.seed: must be none of seeds, which the study is made of, got %d",
                           c->tuning.seed);
    return LX_OK;
}

enum lx_code lx_config_tune(struct lx_config *c, struct lx_err *err)
{
    static const char *const own[] = {"dataset", NULL};
    struct lx_tune_config *t = &c->tuning;

    if (lx_config_object(c->doc, "tune", &c->tune, err))
        return err->code;
    if (c->tune == NULL)
        return LX_OK;
    if (lx_options_parse(lx_tune_options, c->tune, "tune", own, t, &c->arena, err))
        return err->code;
    if (t->from != NULL)
        return read_from(c, err);
    if (check_seeds(c, err))
        return err->code;
    if (c->n_sweeps > 0)
        return lx_fail(err, LX_ECONFIG,
                       "tune: must go without sweeps in model and train, got one of %s.%s",
                       c->sweeps[0].section, c->sweeps[0].key);
    if (t->lowest > t->start)
        return lx_fail(err, LX_ECONFIG, "tune.lowest: must be at most tune.start %g, got %g",
                       t->start, t->lowest);
    if (ldexp(t->start, t->reach) > 10)
        return lx_fail(err, LX_ECONFIG,
                       "tune.reach: start times 2^reach must be at most 10, got 2^%d times %g",
                       t->reach, t->start);
    return LX_OK;
}

void lx_config_tune_write(const struct lx_config *c, struct lx_json_writer *w)
{
    const struct lx_json *dataset = lx_json_find(c->tune, "dataset");

    if (c->tune == NULL)
        return;
    lx_json_open_object(w, "tune");
    if (c->tuning.from != NULL)
        lx_json_add_text(w, "from", c->tuning.from);
    else
        lx_options_write(lx_tune_options, &c->tuning, w);
    if (dataset != NULL)
        lx_json_add_value(w, "dataset", dataset);
    lx_json_close_object(w);
}

bool lx_tune_asks(const struct lx_config *c, size_t encoding)
{
    return c->tune != NULL && isnan(c->encodings[encoding].lr);
}

bool lx_tune_pending(const struct lx_config *c)
{
    for (size_t i = 0; i < c->n_encodings; i++)
        if (lx_tune_asks(c, i))
            return true;
    return false;
}

bool lx_tune_awaits(const struct lx_config *c)
{
    return c->tuning.from != NULL && lx_tune_pending(c);
}

static bool is_one_of(const char *key, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        if (strcmp(key, *keys) == 0)
            return true;
    return false;
}

/* The members of obj but those in `without`, into the object that is open. */
static void copy_members(const struct lx_json *obj, const char *const *without,
                         struct lx_json_writer *w)
{
    for (const struct lx_json *m = lx_json_first(obj); m != NULL; m = lx_json_next(m))
        if (!is_one_of(lx_json_key(m), without))
            lx_json_add_value(w, lx_json_key(m), m);
}

/* The entry `v` of encoding e with a rate, under the name `id`. */
static void write_entry(const struct lx_config *c, const struct lx_json *v, const char *id,
                        const struct lx_tune_rate *rate, bool evaluate_as, struct lx_json_writer *w)
{
    static const char *const replaced[] = {"id", "lr", "array_lr", NULL};
    static const char *const trained[] = {"id", "lr", "array_lr", "evaluate_as", NULL};
    double common = c->variants[0].train.array_lr;

    lx_json_open_object(w, NULL);
    lx_json_add_text(w, "id", id);
    if (lx_json_type(v) == LX_JSON_OBJECT) {
        copy_members(v, evaluate_as ? replaced : trained, w);
    } else if (strchr(lx_json_text(v), '+') == NULL) {
        lx_json_open_array(w, "stack");
        lx_json_add_value(w, NULL, v);
        lx_json_close_array(w);
    } else { /* several in one word */
        lx_stack_write(&c->encodings[rate->encoding].trained.stack, w, "stack");
    }
    lx_json_add_number(w, "lr", rate->lr);
    if (rate->array_lr < common || rate->array_lr > common ||
        !isnan(c->encodings[rate->encoding].array_lr))
        lx_json_add_number(w, "array_lr", rate->array_lr);
    lx_json_close_object(w);
}

/* Entry number i of the list without sweeps. */
static const struct lx_json *entry_at(const struct lx_config *c, size_t i)
{
    const struct lx_json *v = lx_json_first(c->expanded);

    for (; i > 0; i--)
        v = lx_json_next(v);
    return v;
}

/* "a-lr-0.01-array_lr-10"; the multiple only where it is not what the encoding has anyway. */
static void name_try(const struct lx_config *c, const struct lx_tune_rate *rate, struct lx_buf *out)
{
    const struct lx_config_encoding *e = &c->encodings[rate->encoding];
    double own = lx_config_train(&c->variants[0], e).array_lr;
    char number[40];

    lx_number_text(rate->lr, number, sizeof(number));
    lx_buf_printf(out, "%s-lr-%s", e->trained.id, number);
    lx_number_text(rate->array_lr, number, sizeof(number));
    if (rate->array_lr < own || rate->array_lr > own)
        lx_buf_printf(out, "-array_lr-%s", number);
}

static void write_tries(const struct lx_config *c, const struct lx_tune_rate *rate, size_t n,
                        struct lx_json_writer *w)
{
    lx_json_open_array(w, "encodings");
    for (size_t i = 0; i < n; i++) {
        struct lx_buf id = {0};

        name_try(c, &rate[i], &id);
        write_entry(c, entry_at(c, rate[i].encoding), id.text != NULL ? id.text : "", &rate[i],
                    false, w);
        w->out->failed = w->out->failed || id.failed;
        lx_buf_free(&id);
    }
    lx_json_close_array(w);
}

/* The lengths as they were given, the training length among them. */
static void write_lengths(const struct lx_config *c, struct lx_json_writer *w)
{
    const struct lx_json *given = lx_json_find(c->eval, "lengths");
    const struct lx_eval_config *e = &c->variants[0].eval;
    int L = c->variants[0].train.length;
    bool open = true;

    for (int i = 0; i < e->n_lengths; i++)
        open = open && e->lengths[i] != L;
    if (!open) {
        if (given != NULL)
            lx_json_add_value(w, "lengths", given);
        return;
    }
    lx_json_open_array(w, "lengths");
    for (int i = 0; i < e->n_lengths; i++) {
        if (open && e->lengths[i] > L)
            lx_json_add_int(w, NULL, L);
        open = open && e->lengths[i] < L;
        lx_json_add_int(w, NULL, e->lengths[i]);
    }
    if (open)
        lx_json_add_int(w, NULL, L);
    lx_json_close_array(w);
}

static void write_eval(const struct lx_config *c, struct lx_json_writer *w)
{
    static const char *const replaced[] = {"split", "lengths", "modes", NULL};
    const struct lx_eval_config *e = &c->variants[0].eval;
    enum lx_eval_mode by = e->modes[LX_MODE_ANSWERS] ? LX_MODE_ANSWERS : LX_MODE_LAST;

    lx_json_open_object(w, "eval");
    copy_members(c->eval, replaced, w);
    write_lengths(c, w);
    lx_json_add_text(w, "split", lx_split_name((enum lx_split)c->tuning.split));
    lx_json_open_array(w, "modes");
    for (int m = 0; m < LX_MODES; m++)
        if (e->modes[m] || m == (int)by)
            lx_json_add_text(w, NULL, lx_eval_mode_name((enum lx_eval_mode)m));
    lx_json_close_array(w);
    lx_json_close_object(w);
}

static void write_train(const struct lx_config *c, struct lx_json_writer *w)
{
    static const char *const replaced[] = {"steps", NULL};

    lx_json_open_object(w, "train");
    copy_members(c->train, replaced, w);
    lx_json_add_int(w, "steps", c->tuning.steps > 0 ? c->tuning.steps : c->variants[0].train.steps);
    lx_json_close_object(w);
}

enum lx_code lx_tune_write_wave(const struct lx_config *c, const struct lx_tune_rate *rate,
                                size_t n, struct lx_buf *out, struct lx_err *err)
{
    const struct lx_json *own = lx_json_find(c->tune, "dataset");
    struct lx_json_writer w = {.out = out, .indent = true};
    struct lx_buf name = {0};

    lx_buf_printf(&name, "%s-tune", c->name);
    lx_json_open_object(&w, NULL);
    lx_json_add_text(&w, "name", name.text != NULL ? name.text : "");
    lx_json_add_value(&w, "dataset", own != NULL ? own : lx_json_find(c->doc, "dataset"));
    if (c->model != NULL)
        lx_json_add_value(&w, "model", c->model);
    write_train(c, &w);
    write_tries(c, rate, n, &w);
    write_eval(c, &w);
    lx_json_open_array(&w, "seeds");
    lx_json_add_int(&w, NULL, c->tuning.seed);
    lx_json_close_array(&w);
    lx_json_close_object(&w);
    lx_buf_add(out, "\n");
    out->failed = out->failed || name.failed;
    lx_buf_free(&name);
    return lx_buf_check(out, err);
}

static void write_found(const struct lx_config *c, const struct lx_tune_rate *rate, size_t n,
                        struct lx_json_writer *w)
{
    size_t e = 0;

    lx_json_open_array(w, "encodings");
    for (const struct lx_json *v = lx_json_first(c->expanded); v != NULL;
         v = lx_json_next(v), e++) {
        const struct lx_tune_rate *found = NULL;

        for (size_t i = 0; i < n; i++)
            found = rate[i].encoding == e ? &rate[i] : found;
        if (found != NULL)
            write_entry(c, v, c->encodings[e].trained.id, found, true, w);
        else
            lx_json_add_value(w, NULL, v);
    }
    lx_json_close_array(w);
}

enum lx_code lx_tune_write_found(const struct lx_config *c, const struct lx_tune_rate *rate,
                                 size_t n, struct lx_buf *out, struct lx_err *err)
{
    struct lx_json_writer w = {.out = out, .indent = true};

    lx_json_open_object(&w, NULL);
    for (const struct lx_json *m = lx_json_first(c->doc); m != NULL; m = lx_json_next(m))
        if (strcmp(lx_json_key(m), "encodings") == 0)
            write_found(c, rate, n, &w);
        else
            lx_json_add_value(&w, lx_json_key(m), m);
    lx_json_close_object(&w);
    lx_buf_add(out, "\n");
    return lx_buf_check(out, err);
}
