/* `sample`: what a dataset yields, as text or as tokens. */
#include <limits.h>
#include <string.h>

#include "command/command.h"
#include "config/data.h"
#include "system/fs.h"
#include "text/csvfile.h"
#include "text/escape.h"
#include "text/nearest.h"

struct options {
    int split, count, offset, size;
    bool as_tokens;
    const char *dataset, *out;
};

#define AT(field) offsetof(struct options, field)

static const struct lx_option options[] = {
    {"split", LX_OPT_CHOICE, AT(split), LX_SPLIT_TRAIN, 0, 0, LX_SPLIT_NAMES,
     "train, valid or test (default: train)", LX_OPT_LETTER('s')},
    {"count", LX_OPT_INT, AT(count), 0, 1, INT_MAX, "N",
     "tokens to show (default: 1000), or examples (8)", LX_OPT_LETTER('n')},
    {"offset", LX_OPT_INT, AT(offset), 0, 0, INT_MAX, "K", "first token or example to show, from 0",
     0},
    {"size", LX_OPT_INT, AT(size), 0, 1, INT_MAX, "N",
     "dataset of examples: all of this size (default: the sizes of training)", 0},
    {"tokens", LX_OPT_BOOL, AT(as_tokens), 0, 0, 0, NULL,
     "CSV: position, token, text, floor_nll, reach, blind_nll (examples: example, size, position, "
     "input, text, target, reach)",
     0},
    {"dataset", LX_OPT_ARGUMENT, AT(dataset), 0, 0, 0, "ID",
     "which dataset, if the config has several", 0},
    {"out", LX_OPT_ARGUMENT, AT(out), 0, 0, 0, "FILE", "write to a file", LX_OPT_LETTER('o')},
    {.type = LX_OPT_END},
};

static enum lx_code find_dataset(const struct lx_config *c, const char *id,
                                 const struct lx_config_dataset **out, struct lx_err *err)
{
    const char *names[LX_NAMES];
    size_t n = 0;

    *out = &c->datasets[0];
    if (id == NULL)
        return LX_OK;
    for (size_t i = 0; i < c->n_datasets; i++) {
        *out = &c->datasets[i];
        if (strcmp((*out)->id, id) == 0)
            return LX_OK;
        if (n < LX_NAMES)
            names[n++] = (*out)->id;
    }
    return lx_fail_unknown(err, LX_EUSAGE, id, names, n, "--dataset: the config has no dataset");
}

/* A token may be a part of a character: the text is escaped, so that the table is UTF-8. */
static void add_row(const struct lx_data *d, const struct lx_stream *s, size_t i,
                    struct lx_buf *text, struct lx_buf *shown, struct lx_buf *out)
{
    lx_buf_clear(text);
    lx_buf_clear(shown);
    d->set->ops->text(d->set->self, s->tokens[i], text);
    lx_buf_addn(text, "", 1);
    lx_buf_printf(out, "%zu,%d,", i, s->tokens[i]);
    lx_escape_control(shown, text->text != NULL ? text->text : "");
    lx_csv_field(out, shown->text != NULL ? shown->text : "");
    lx_buf_add(out, ",");
    if (s->floor_nll != NULL)
        lx_csv_number(out, (double)s->floor_nll[i]);
    lx_buf_add(out, ",");
    if (s->reach != NULL)
        lx_buf_printf(out, "%lu", (unsigned long)s->reach[i]);
    lx_buf_add(out, ",");
    if (s->blind_nll != NULL)
        lx_csv_number(out, (double)s->blind_nll[i]);
    lx_buf_add(out, "\n");
}

static enum lx_code show_stream(const struct options *o, struct lx_data *d,
                                const struct lx_stream *s, struct lx_buf *out, struct lx_err *err)
{
    struct lx_buf text = {0}, shown = {0};
    size_t from = (size_t)o->offset, to, count = o->count > 0 ? (size_t)o->count : 1000;
    enum lx_code code;

    if (o->size > 0)
        return lx_fail(err, LX_EUSAGE, "--size: needs a dataset of examples, %s is a stream",
                       d->set->ops->name);
    if (from >= s->n)
        return lx_fail(err, LX_EUSAGE,
                       "--offset: must be below %zu, the tokens of the split, got %d", s->n,
                       o->offset);
    to = s->n - from > count ? from + count : s->n;
    if (o->as_tokens)
        lx_buf_add(out, "position,token,text,floor_nll,reach,blind_nll\n");
    for (size_t i = from; i < to; i++) {
        if (o->as_tokens)
            add_row(d, s, i, &text, &shown, out);
        else
            d->set->ops->text(d->set->self, s->tokens[i], out);
    }
    if (!o->as_tokens && out->len > 0 && out->text[out->len - 1] != '\n')
        lx_buf_add(out, "\n");
    code = lx_buf_check(&text, err) || lx_buf_check(&shown, err) ? err->code : LX_OK;
    lx_buf_free(&text);
    lx_buf_free(&shown);
    return code;
}

/* A token on its line: the end and what is not scored by a sign of their own. */
static void add_sign(const struct lx_dataset_ops *ops, const void *self, int token,
                     struct lx_buf *out)
{
    if (token == LX_UNSCORED)
        lx_buf_add(out, ".");
    else if (token == LX_EXAMPLE_END)
        lx_buf_add(out, "$");
    else
        ops->text(self, token, out);
}

/* Its size, what is read, and below each input what is to be said after it. */
static void add_example(const struct lx_config_dataset *set, const struct lx_example *x, int size,
                        struct lx_buf *out)
{
    lx_buf_printf(out, "%ssize %d\n", out->len > 0 ? "\n" : "", size);
    for (int i = 0; i < x->n; i++)
        add_sign(set->ops, set->self, x->inputs[i], out);
    lx_buf_add(out, "\n");
    for (int i = 0; i < x->n; i++)
        add_sign(set->ops, set->self, x->targets[i], out);
    lx_buf_add(out, "\n");
}

static void add_example_rows(const struct lx_config_dataset *set, const struct lx_example *x,
                             int size, int k, struct lx_buf *out)
{
    for (int i = 0; i < x->n; i++) {
        struct lx_buf sign = {0};

        add_sign(set->ops, set->self, x->inputs[i], &sign);
        lx_buf_printf(out, "%d,%d,%d,%d,", k, size, i, x->inputs[i]);
        lx_csv_field(out, sign.text != NULL ? sign.text : "");
        if (x->targets[i] != LX_UNSCORED)
            lx_buf_printf(out, ",%d,%d\n", x->targets[i], x->reach[i]);
        else
            lx_buf_add(out, ",,\n");
        lx_buf_free(&sign);
    }
}

static enum lx_code take_example(const struct lx_config_dataset *set, int size,
                                 struct lx_arena *arena, struct lx_example *x, struct lx_err *err)
{
    size_t n = (size_t)set->ops->examples->tokens(set->self, size);

    *x = (struct lx_example){.n = 0};
    if (lx_arena_get(arena, n, sizeof(uint16_t), &x->inputs, "an example", err) ||
        lx_arena_get(arena, n, sizeof(uint16_t), &x->targets, "an example", err))
        return err->code;
    return lx_arena_get(arena, n, sizeof(uint16_t), &x->reach, "an example", err);
}

/* Examples of the split, of one size or of those of training, each as likely. */
static enum lx_code show_examples(const struct options *o, const struct lx_config *c,
                                  struct lx_data *d, struct lx_buf *out, struct lx_err *err)
{
    const struct lx_example_ops *ops = d->set->ops->examples;
    const void *self = d->set->self;
    int length = lx_config_variant(c, (size_t)(d->set - c->datasets), 0)->train.length;
    int lo, hi, count = o->count > 0 ? o->count : 8;
    struct lx_example x;
    struct lx_rng rng;

    ops->sizes(self, length, &lo, &hi);
    if (o->size > 0 && o->size < lo)
        return lx_fail(err, LX_EUSAGE, "--size: must be at least %d, got %d", lo, o->size);
    lo = o->size > 0 ? o->size : lo;
    hi = o->size > 0 ? o->size : hi;
    if (ops->check(self, length, hi, err))
        return lx_config_at(err, d->set->path);
    if (take_example(d->set, hi, &d->arena, &x, err))
        return err->code;
    lx_rng_init(&rng, ops->seed(self), lx_split_name((enum lx_split)o->split));
    if (o->as_tokens)
        lx_buf_add(out, "example,size,position,input,text,target,reach\n");
    for (int k = 0; k < o->offset + count; k++) {
        int size = lo + (int)lx_rng_below(&rng, (uint64_t)(hi - lo) + 1);

        ops->draw(self, &rng, (enum lx_split)o->split, size, &x);
        if (k >= o->offset && o->as_tokens)
            add_example_rows(d->set, &x, size, k, out);
        else if (k >= o->offset)
            add_example(d->set, &x, size, out);
    }
    return lx_buf_check(out, err);
}

static enum lx_code show(const struct options *o, const struct lx_config *c, struct lx_data *d,
                         struct lx_buf *out, struct lx_err *err)
{
    const struct lx_stream *s;

    if (d->set->ops->examples != NULL)
        return show_examples(o, c, d, out, err);
    if (lx_data_load(d, (enum lx_split)o->split, &s, err))
        return err->code;
    return show_stream(o, d, s, out, err);
}

static enum lx_code run(const void *given, int n, char **argv, struct lx_err *err)
{
    const struct options *o = given;
    const struct lx_config_dataset *set;
    struct lx_config c;
    struct lx_data d = {0};
    struct lx_buf out = {0};
    enum lx_code code = LX_OK;

    if (lx_command_arity(&lx_command_sample, n, 1, -1, err))
        return err->code;
    if (lx_config_read(&c, argv[0], argv + 1, (size_t)n - 1, err) ||
        find_dataset(&c, o->dataset, &set, err)) {
        code = err->code;
        goto done;
    }
    lx_data_open(&d, set);
    if (show(o, &c, &d, &out, err) || lx_buf_check(&out, err))
        code = err->code;
    else
        code = o->out != NULL ? lx_fs_write(o->out, out.text, out.len, err)
                              : lx_command_print(&out, err);
done:
    lx_buf_free(&out);
    lx_data_close(&d);
    lx_config_free(&c);
    return code;
}

const struct lx_command lx_command_sample = {
    .name = "sample",
    .usage = "CONFIG [KEY=VALUE ...] [--split S] [-n N] [--offset K] [--size N] [--tokens]",
    .help = "show what the dataset of a config yields, as text or as tokens",
    .more =
        "Of a dataset of examples it prints three lines each: the size, what is read ($ is a line\n"
        "break), and below each token what is to be said after it: . is not scored, $ the end.\n",
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
