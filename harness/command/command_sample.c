/* `sample`: what a dataset yields, as text or as tokens. */
#include <string.h>

#include "command/command.h"
#include "config/data.h"
#include "system/fs.h"
#include "text/csvfile.h"

static const char *split_name = "train", *out_path, *dataset_id;
static int count = 1000, offset;
static bool as_tokens;

static const struct lx_arg args[] = {
    {"split", 's', LX_ARG_TEXT, &split_name, "SPLIT", "train, valid or test (default: train)", 0},
    {"count", 'n', LX_ARG_COUNT, &count, "N", "tokens to show (default: 1000)", 1},
    {"offset", 0, LX_ARG_COUNT, &offset, "K", "first token to show, from 0", 0},
    {"tokens", 0, LX_ARG_FLAG, &as_tokens, NULL,
     "CSV: position, token, text, floor_nll, reach, blind_nll", 0},
    {"dataset", 0, LX_ARG_TEXT, &dataset_id, "ID", "which dataset, if the config has several", 0},
    {"out", 'o', LX_ARG_TEXT, &out_path, "FILE", "write to a file", 0},
    {.type = LX_ARG_END},
};

static enum lx_code find_split(enum lx_split *out, struct lx_err *err)
{
    for (int s = 0; s < LX_SPLITS; s++)
        if (strcmp(split_name, lx_split_name((enum lx_split)s)) == 0) {
            *out = (enum lx_split)s;
            return LX_OK;
        }
    return lx_fail(err, LX_EUSAGE, "--split: must be train, valid or test, got \"%.80s\"",
                   split_name);
}

static enum lx_code find_dataset(const struct lx_config *c, const struct lx_config_dataset **out,
                                 struct lx_err *err)
{
    *out = &c->datasets[0];
    if (dataset_id == NULL)
        return LX_OK;
    for (size_t i = 0; i < c->n_datasets; i++)
        if (strcmp(c->datasets[i].id, dataset_id) == 0) {
            *out = &c->datasets[i];
            return LX_OK;
        }
    return lx_fail(err, LX_EUSAGE, "--dataset: the config has no dataset \"%.80s\"", dataset_id);
}

static void add_row(const struct lx_data *d, const struct lx_stream *s, size_t i,
                    struct lx_buf *text, struct lx_buf *out)
{
    lx_buf_clear(text);
    d->set.ops->text(d->set.self, s->tokens[i], text);
    lx_buf_addn(text, "", 1);
    lx_buf_printf(out, "%zu,%d,", i, s->tokens[i]);
    lx_csv_field(out, text->text != NULL ? text->text : "");
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

static enum lx_code show(struct lx_data *d, enum lx_split split, struct lx_buf *out,
                         struct lx_err *err)
{
    const struct lx_stream *s;
    struct lx_buf text = {0};
    size_t from = (size_t)offset, to;
    enum lx_code code = lx_data_load(d, split, &s, err);

    if (code != LX_OK)
        return code;
    if (from >= s->n)
        return lx_fail(err, LX_EUSAGE,
                       "--offset: must be below %zu, the tokens of the split, got %d", s->n,
                       offset);
    to = s->n - from > (size_t)count ? from + (size_t)count : s->n;
    if (as_tokens)
        lx_buf_add(out, "position,token,text,floor_nll,reach,blind_nll\n");
    for (size_t i = from; i < to; i++) {
        if (as_tokens)
            add_row(d, s, i, &text, out);
        else
            d->set.ops->text(d->set.self, s->tokens[i], out);
    }
    if (!as_tokens && out->len > 0 && out->text[out->len - 1] != '\n')
        lx_buf_add(out, "\n");
    code = lx_buf_check(&text, err);
    lx_buf_free(&text);
    return code;
}

static enum lx_code run(int n, char **argv, struct lx_err *err)
{
    const struct lx_config_dataset *set;
    struct lx_config c;
    struct lx_data d = {0};
    struct lx_buf out = {0};
    enum lx_split split = LX_SPLIT_TRAIN;
    enum lx_code code = lx_command_arity(&lx_command_sample, n, 1, -1, err);

    if (code == LX_OK)
        code = find_split(&split, err);
    if (code != LX_OK)
        return code;
    code = lx_config_read(&c, argv[0], argv + 1, (size_t)n - 1, err);
    if (code == LX_OK)
        code = find_dataset(&c, &set, err);
    if (code == LX_OK)
        code = lx_data_open(&d, set, err);
    if (code == LX_OK)
        code = show(&d, split, &out, err);
    if (code == LX_OK)
        code = lx_buf_check(&out, err);
    if (code == LX_OK && out_path != NULL)
        code = lx_fs_write(out_path, out.text, out.len, err);
    else if (code == LX_OK)
        code = lx_command_print(&out, err);
    lx_buf_free(&out);
    lx_data_close(&d);
    lx_config_free(&c);
    return code;
}

const struct lx_command lx_command_sample = {
    .name = "sample",
    .usage = "CONFIG [KEY=VALUE ...] [--split S] [-n N] [--offset K] [--tokens]",
    .help = "show what the dataset of a config yields, as text or as tokens",
    .args = args,
    .run = run,
};
