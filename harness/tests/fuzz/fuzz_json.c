/* Fuzz target: any bytes as JSON. What is taken must be written and read back to the same bytes, in
 * both layouts; what is refused must say where. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void write_value(const struct lx_json *v, bool indent, struct lx_buf *out)
{
    struct lx_json_writer w = {.out = out, .indent = indent};

    lx_json_add_value(&w, NULL, v);
}

static void check_round_trip(const struct lx_json *root, bool indent)
{
    struct lx_buf first = {0}, second = {0};
    struct lx_json *again;
    struct lx_err err;

    write_value(root, indent, &first);
    if (!first.failed) {
        require(lx_json_parse(first.text, first.len, "again", &again, &err) == LX_OK);
        write_value(again, indent, &second);
        require(second.failed ||
                (first.len == second.len && memcmp(first.text, second.text, first.len) == 0));
        lx_json_free(again);
    }
    lx_buf_free(&first);
    lx_buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lx_json *root, *copy;
    struct lx_err err = {.code = LX_OK};

    if (lx_json_parse((const char *)data, size, "fuzz", &root, &err) != LX_OK) {
        require(root == NULL && strncmp(err.text, "fuzz: ", 6) == 0);
        return 0;
    }
    check_round_trip(root, false);
    check_round_trip(root, true);
    if (lx_json_clone(root, &copy, &err) == LX_OK) {
        lx_json_free(root);
        check_round_trip(copy, false);
        root = copy;
    }
    lx_json_free(root);
    return 0;
}
