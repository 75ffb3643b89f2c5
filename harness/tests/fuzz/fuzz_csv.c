/* Fuzz target: any bytes as CSV. What is taken must come back unchanged after being written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/csvfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* An empty cell alone on its line would be an empty line, and a header that begins with a byte order
 * mark would lose it: both are quoted here. */
static void write_cell(struct lx_buf *out, const char *text, bool alone)
{
    bool mark = out->len == 0 && strncmp(text, "\xEF\xBB\xBF", 3) == 0;

    if (alone && text[0] == '\0')
        lx_buf_add(out, "\"\"");
    else if (mark && strpbrk(text, ",\"\r\n") == NULL)
        lx_buf_printf(out, "\"%s\"", text);
    else
        lx_csv_field(out, text);
}

static void check_round_trip(const struct lx_csv *csv)
{
    size_t n = csv->n_columns * (csv->n_rows + 1);
    struct lx_arena arena = {0};
    struct lx_buf text = {0};
    struct lx_csv again;
    struct lx_err err;

    for (size_t i = 0; i < n; i++) {
        write_cell(&text, csv->header[i], csv->n_columns == 1);
        lx_buf_add(&text, i % csv->n_columns == csv->n_columns - 1 ? "\n" : ",");
    }
    if (!text.failed) {
        require(lx_csv_parse(text.text, text.len, "again", &arena, &again, &err) == LX_OK);
        require(again.n_columns == csv->n_columns && again.n_rows == csv->n_rows);
        for (size_t i = 0; i < n; i++)
            require(strcmp(again.header[i], csv->header[i]) == 0);
    }
    lx_buf_free(&text);
    lx_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lx_arena arena = {0};
    struct lx_csv csv;
    struct lx_err err;

    if (lx_csv_parse((const char *)data, size, "fuzz", &arena, &csv, &err) == LX_OK) {
        require(csv.n_columns > 0 && csv.cells == csv.header + csv.n_columns);
        require(lx_csv_column(&csv, csv.header[csv.n_columns - 1]) == (int)csv.n_columns - 1);
        check_round_trip(&csv);
    } else {
        require(strncmp(err.text, "fuzz: ", 6) == 0);
    }
    lx_arena_free(&arena);
    return 0;
}
