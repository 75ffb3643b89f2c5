/* Stacks by layer; see schedules.h. Windows are half the training length, so that they matter. */
#include "encodings/schedules.h"

#include <string.h>

#include "text/options.h"

static const struct lx_schedule schedules[] = {
    {"rnope_swa", "RNoPE-SWA",
     "Command A, model code 2025: rotations and windows in all layers but the last of a period", 4,
     "[{\"name\": \"rope\", \"layers\": \"not every @\"},"
     " {\"name\": \"window\", \"fraction\": 0.5, \"layers\": \"not every @\"}]"},
    {"irope", "iRoPE",
     "Llama 4, model code 2025: rotations in chunks, the last layer of a period without, and "
     "sharper",
     4,
     "[{\"name\": \"rope\", \"layers\": \"not every @\"},"
     " {\"name\": \"chunks\", \"layers\": \"not every @\"},"
     " {\"name\": \"logn\", \"form\": \"floor\", \"layers\": \"every @\"}]"},
    {"smollm3", "SmolLM3", "SmolLM3, model code 2025: no rotation in the last layer of a period", 4,
     "[{\"name\": \"rope\", \"layers\": \"not every @\"}]"},
    {"swan", "SWAN",
     "Puvvada et al. 2025, arXiv:2504.08719: the first layer of a period without rotation, "
     "sharper, the others in windows",
     4,
     "[{\"name\": \"rope\", \"layers\": \"not every @ from 0\"},"
     " {\"name\": \"window\", \"fraction\": 0.5, \"layers\": \"not every @ from 0\"},"
     " {\"name\": \"logn\", \"form\": \"shift\", \"layers\": \"every @ from 0\"}]"},
    {"gemma3", "Gemma 3",
     "Gemma 3, 2025, numbers recalled, not re-checked: two bases, windows in all layers but the "
     "last of a "
     "period",
     6,
     "[{\"name\": \"rope\", \"layers\": \"not every @\"},"
     " {\"name\": \"window\", \"fraction\": 0.5, \"layers\": \"not every @\"},"
     " {\"name\": \"rope\", \"base\": 1000000, \"layers\": \"every @\"}]"},
    {"gpt_oss", "gpt-oss",
     "gpt-oss, model code 2025: windows in every other layer, the first included; sinks", 2,
     "[{\"name\": \"rope\", \"scaling\": \"yarn\", \"truncate\": false},"
     " {\"name\": \"window\", \"fraction\": 0.5, \"layers\": \"not every @\"},"
     " {\"name\": \"sink\"}]"},
};

int lx_schedule_count(void)
{
    return (int)(sizeof(schedules) / sizeof(schedules[0]));
}

const struct lx_schedule *lx_schedule_at(int i)
{
    return &schedules[i];
}

const struct lx_schedule *lx_schedule_find(const char *name)
{
    for (int i = 0; i < lx_schedule_count(); i++)
        if (strcmp(schedules[i].name, name) == 0)
            return &schedules[i];
    return NULL;
}

enum lx_code lx_schedule_expand(const struct lx_schedule *s, const struct lx_json *v,
                                const char *path, struct lx_json **out, struct lx_err *err)
{
    static const char *const extra[] = {"name", NULL};
    int every = 0;
    const struct lx_option options[] = {
        {.key = "every", .type = LX_OPT_INT, .def = s->every, .min = 2, .max = 1000},
        {.type = LX_OPT_END},
    };
    struct lx_buf text = {0};
    enum lx_code code;

    *out = NULL;
    if (lx_options_parse(options, lx_json_type(v) == LX_JSON_OBJECT ? v : NULL, path, extra, &every,
                         NULL, err))
        return err->code;
    for (const char *c = s->stack; *c != '\0'; c++)
        if (*c == '@')
            lx_buf_printf(&text, "%d", every);
        else
            lx_buf_addn(&text, c, 1);
    code = lx_buf_check(&text, err);
    if (code == LX_OK)
        code = lx_json_parse(text.text, text.len, s->name, out, err);
    lx_buf_free(&text);
    return code;
}
