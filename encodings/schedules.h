/* Schedules: stacks of published models that differ by layer, by name, with their period as an option. */
#ifndef LX_ENCODINGS_SCHEDULES_H
#define LX_ENCODINGS_SCHEDULES_H

#include "json/json.h"

struct lx_schedule {
    const char *name; /* key in configs, where a scheme's name can be */
    const char *title;
    const char *cite;
    int every;         /* layers of a period, unless the config says otherwise; 0: it has none */
    const char *stack; /* JSON; @ stands for the period */
};

int lx_schedule_count(void);
const struct lx_schedule *lx_schedule_at(int i);
const struct lx_schedule *lx_schedule_find(const char *name); /* NULL: none */

/* The elements of the stack that `v` means, the schedule's name or an object with it and `every`. Free
 * *out with lx_json_free. */
LX_MUST_CHECK
enum lx_code lx_schedule_expand(const struct lx_schedule *s, const struct lx_json *v,
                                const char *path, struct lx_json **out, struct lx_err *err);

#endif
