/* Helpers of the subcommands; see command.h. */
#include "command/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "kernels/product.h"
#include "system/fs.h"
#include "text/escape.h"

enum lx_code lx_command_choose_products(const char *products, struct lx_err *err)
{
    if (products == NULL)
        return LX_OK;
    if (lx_products_ask(products, err))
        return lx_wrap(err, "--products");
    if (setenv("LX_PRODUCTS", products, 1) != 0)
        return lx_fail(err, LX_ENOMEM, "out of memory");
    return LX_OK;
}

enum lx_code lx_command_print(const struct lx_buf *text, struct lx_err *err)
{
    enum lx_code code = lx_buf_check(text, err);

    if (code != LX_OK || text->len == 0)
        return code;
    if (!lx_fs_put(STDOUT_FILENO, text->text, text->len))
        return lx_fail(err, LX_EIO, "stdout: %s", strerror(errno));
    return LX_OK;
}

enum lx_code lx_command_show(const struct lx_buf *text, struct lx_err *err)
{
    struct lx_buf safe = {0}, line = {0};
    enum lx_code code = lx_buf_check(text, err);

    for (size_t at = 0; code == LX_OK && at < text->len;) {
        const char *end = memchr(text->text + at, '\n', text->len - at);
        size_t n = end != NULL ? (size_t)(end - text->text) - at : text->len - at;

        lx_buf_clear(&line);
        lx_buf_addn(&line, text->text + at, n);
        lx_escape_control(&safe, line.len > 0 ? line.text : "");
        if (end != NULL)
            lx_buf_add(&safe, "\n");
        safe.failed = safe.failed || line.failed;
        at += n + 1;
    }
    if (code != LX_OK || lx_command_print(&safe, err))
        code = err->code;
    lx_buf_free(&safe);
    lx_buf_free(&line);
    return code;
}

enum lx_code lx_command_print_config(const char *path, char *const *overrides, size_t n_overrides,
                                     struct lx_err *err)
{
    struct lx_config c;
    struct lx_buf text = {0};
    enum lx_code code = LX_OK;

    if (lx_config_read(&c, path, overrides, n_overrides, err) || lx_config_write(&c, &text, err) ||
        lx_command_print(&text, err))
        code = err->code;
    lx_buf_free(&text);
    lx_config_free(&c);
    return code;
}

enum lx_code lx_command_arity(const struct lx_command *c, int n, int min, int max,
                              struct lx_err *err)
{
    if (n >= min && (max < 0 || n <= max))
        return LX_OK;
    if (n < min)
        (void)lx_fail(err, LX_EUSAGE, "%s: too few arguments, got %d", c->name, n);
    else
        (void)lx_fail(err, LX_EUSAGE, "%s: too many arguments, got %d", c->name, n);
    return lx_hint(err, "longshot %s %s", c->name, c->usage);
}
