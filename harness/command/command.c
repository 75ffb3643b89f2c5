/* Helpers of the subcommands; see command.h. */
#include "command/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system/fs.h"
#include "tensor/product.h"

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
