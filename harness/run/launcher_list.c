/* The launchers; see launcher_list.h. */
#include "run/launcher_list.h"

#include <string.h>

#include "cluster/slurm.h"
#include "core/buf.h"
#include "launch/supervisor.h"
#include "text/nearest.h"

const struct lx_launcher *const lx_launchers[] = {&lx_launcher_local, &lx_launcher_slurm, NULL};

enum lx_code lx_launcher_find(const char *name, const struct lx_launcher **out, struct lx_err *err)
{
    const char *known[LX_NAMES];
    struct lx_buf names = {0};
    size_t n = 0;

    for (size_t i = 0; lx_launchers[i] != NULL; i++) {
        *out = lx_launchers[i];
        if (name == NULL || strcmp(name, (*out)->name) == 0) {
            lx_buf_free(&names);
            return LX_OK;
        }
        known[n++] = (*out)->name;
        lx_buf_printf(&names, "%s%s",
                      i == 0                        ? ""
                      : lx_launchers[i + 1] == NULL ? " or "
                                                    : ", ",
                      (*out)->name);
    }
    (void)lx_fail_unknown(err, LX_EUSAGE, name, known, n, "--launcher: must be %s, got",
                          names.text != NULL ? names.text : "another");
    lx_buf_free(&names);
    return err->code;
}

static bool has_option(const struct lx_launcher *l, const char *option)
{
    for (size_t i = 0; l->options[i] != NULL; i++)
        if (strcmp(l->options[i], option) == 0)
            return true;
    return false;
}

enum lx_code lx_launcher_check_option(const struct lx_launcher *l, const char *option,
                                      struct lx_err *err)
{
    if (has_option(l, option))
        return LX_OK;
    for (size_t i = 0; lx_launchers[i] != NULL; i++)
        if (has_option(lx_launchers[i], option))
            return lx_fail(err, LX_EUSAGE, "--%s: must go with --launcher %s", option,
                           lx_launchers[i]->name);
    return LX_OK;
}
