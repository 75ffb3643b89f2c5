/* Safetensors reader and writer; see safetensors.h. */
#include "model/safetensors.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "system/fs.h"

#define HEADER_LIMIT ((uint64_t)100 * 1000 * 1000)

static const struct {
    const char *name;
    size_t bytes;
} types[] = {{"F32", 4}, {"F64", 8}, {"I32", 4}};

/* A whole number of the header as a size. */
static enum lx_code get_size(const struct lx_json *v, const char *name, const char *what,
                             size_t *out, struct lx_err *err)
{
    double x = lx_json_number(v);

    if (lx_json_type(v) != LX_JSON_NUMBER || !(x >= 0) || x > 9007199254740992.0 || floor(x) != x)
        return lx_fail(err, LX_EFORMAT, "tensor \"%s\": %s must be whole numbers from 0 to 2^53",
                       name, what);
    *out = (size_t)x;
    return LX_OK;
}

static enum lx_code parse_shape(const struct lx_json *v, struct lx_st_tensor *t, struct lx_err *err)
{
    if (lx_json_type(v) != LX_JSON_ARRAY)
        return lx_fail(err, LX_EFORMAT, "tensor \"%s\": shape must be an array, got %s", t->name,
                       v == NULL ? "nothing" : lx_json_type_name(lx_json_type(v)));
    if (lx_json_count(v) > LX_ST_DIMS)
        return lx_fail(err, LX_EFORMAT, "tensor \"%s\": must have at most %d dimensions, got %zu",
                       t->name, LX_ST_DIMS, lx_json_count(v));
    t->n = 1;
    for (const struct lx_json *d = lx_json_first(v); d != NULL; d = lx_json_next(d)) {
        size_t dim = 0;

        if (get_size(d, t->name, "dimensions", &dim, err))
            return err->code;
        if (dim != 0 && t->n > SIZE_MAX / 8 / dim)
            return lx_fail(err, LX_EFORMAT, "tensor \"%s\": shape is too large", t->name);
        t->dim[t->n_dims++] = dim;
        t->n *= dim;
    }
    return LX_OK;
}

static enum lx_code parse_type(const struct lx_json *v, struct lx_st_tensor *t, struct lx_err *err)
{
    const char *text = lx_json_type(v) == LX_JSON_TEXT ? lx_json_text(v) : "nothing";

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(text, types[i].name) == 0) {
            t->type = (enum lx_st_type)i;
            return LX_OK;
        }
    }
    return lx_fail(err, LX_EFORMAT, "tensor \"%s\": dtype must be F32, F64 or I32, got %s", t->name,
                   text);
}

/* One member of the header; *begin and *end are its bytes in the data section of `room` bytes. */
static enum lx_code parse_tensor(const struct lx_json *v, const char *data, size_t room,
                                 struct lx_st_tensor *t, size_t *begin, size_t *end,
                                 struct lx_err *err)
{
    const struct lx_json *offsets = lx_json_find(v, "data_offsets");

    t->name = lx_json_key(v);
    if (lx_json_type(v) != LX_JSON_OBJECT)
        return lx_fail(err, LX_EFORMAT, "tensor \"%s\": must be an object, got %s", t->name,
                       lx_json_type_name(lx_json_type(v)));
    if (lx_json_count(v) != 3)
        return lx_fail(err, LX_EFORMAT,
                       "tensor \"%s\": must have just dtype, shape and data_offsets", t->name);
    if (parse_type(lx_json_find(v, "dtype"), t, err) ||
        parse_shape(lx_json_find(v, "shape"), t, err))
        return err->code;
    if (lx_json_type(offsets) != LX_JSON_ARRAY || lx_json_count(offsets) != 2)
        return lx_fail(err, LX_EFORMAT, "tensor \"%s\": data_offsets must be two numbers", t->name);
    if (get_size(lx_json_first(offsets), t->name, "data_offsets", begin, err) ||
        get_size(lx_json_next(lx_json_first(offsets)), t->name, "data_offsets", end, err))
        return err->code;
    if (*begin > *end || *end > room)
        return lx_fail(err, LX_EFORMAT,
                       "tensor \"%s\": data_offsets %zu..%zu must lie within the %zu bytes of data",
                       t->name, *begin, *end, room);
    if (*end - *begin != t->n * types[t->type].bytes)
        return lx_fail(err, LX_EFORMAT,
                       "tensor \"%s\": data_offsets span %zu bytes, the shape needs %zu", t->name,
                       *end - *begin, t->n * types[t->type].bytes);
    t->data = data + *begin;
    return LX_OK;
}

static enum lx_code parse_meta(const struct lx_json *v, struct lx_arena *arena,
                               struct lx_st_file *out, struct lx_err *err)
{
    size_t n = lx_json_count(v);

    if (lx_json_type(v) != LX_JSON_OBJECT)
        return lx_fail(err, LX_EFORMAT, "__metadata__: must be an object, got %s",
                       lx_json_type_name(lx_json_type(v)));
    if (lx_arena_get(arena, n, sizeof(*out->meta), &out->meta, "safetensors metadata", err))
        return err->code;
    for (const struct lx_json *m = lx_json_first(v); m != NULL; m = lx_json_next(m)) {
        if (lx_json_type(m) != LX_JSON_TEXT)
            return lx_fail(err, LX_EFORMAT, "__metadata__.%s: must be a string, got %s",
                           lx_json_key(m), lx_json_type_name(lx_json_type(m)));
        out->meta[out->n_meta].key = lx_arena_text(arena, lx_json_key(m));
        out->meta[out->n_meta].value = lx_arena_text(arena, lx_json_text(m));
        out->n_meta++;
    }
    return LX_OK;
}

static int by_begin(const void *a, const void *b)
{
    const size_t *x = a, *y = b;

    if (x[0] != y[0])
        return x[0] < y[0] ? -1 : 1;
    return x[1] < y[1] ? -1 : x[1] > y[1];
}

/* The data must be covered exactly once: sort by begin (then end, for tensors without values). */
static enum lx_code check_cover(size_t (*span)[2], size_t n, size_t room, struct lx_err *err)
{
    size_t at = 0;

    if (n > 0)
        qsort(span, n, sizeof(*span), by_begin);
    for (size_t i = 0; i < n; i++) {
        if (span[i][0] != at)
            return lx_fail(err, LX_EFORMAT, "data: %s at byte %zu",
                           span[i][0] < at ? "two tensors overlap" : "a hole", at);
        at = span[i][1];
    }
    if (at != room)
        return lx_fail(err, LX_EFORMAT, "data: %zu bytes belong to no tensor", room - at);
    return LX_OK;
}

static enum lx_code parse_header(const struct lx_json *root, const char *data, size_t room,
                                 struct lx_arena *arena, struct lx_st_file *out, struct lx_err *err)
{
    size_t n = lx_json_count(root);
    size_t(*span)[2];

    if (lx_json_type(root) != LX_JSON_OBJECT)
        return lx_fail(err, LX_EFORMAT, "header: must be an object, got %s",
                       lx_json_type_name(lx_json_type(root)));
    if (lx_arena_get(arena, n, sizeof(*out->tensors), &out->tensors, "safetensors header", err) ||
        lx_arena_get(arena, n, sizeof(*span), &span, "safetensors header", err))
        return err->code;
    for (const struct lx_json *v = lx_json_first(root); v != NULL; v = lx_json_next(v)) {
        struct lx_st_tensor *t = &out->tensors[out->n_tensors];

        if (strcmp(lx_json_key(v), "__metadata__") == 0) {
            if (parse_meta(v, arena, out, err))
                return err->code;
            continue;
        }
        if (parse_tensor(v, data, room, t, &span[out->n_tensors][0], &span[out->n_tensors][1], err))
            return err->code;
        t->name = lx_arena_text(arena, t->name);
        out->n_tensors++;
    }
    if (arena->failed)
        return lx_fail(err, LX_ENOMEM, "header: out of memory");
    return check_cover(span, out->n_tensors, room, err);
}

enum lx_code lx_st_parse(const void *bytes, size_t n, struct lx_arena *arena,
                         struct lx_st_file *out, struct lx_err *err)
{
    const unsigned char *b = bytes;
    struct lx_json *root;
    uint64_t header = 0;
    enum lx_code code;

    memset(out, 0, sizeof(*out));
    if (n < 8)
        return lx_fail(err, LX_EFORMAT, "must have at least 8 bytes, got %zu", n);
    for (int i = 7; i >= 0; i--)
        header = header << 8 | b[i];
    if (header > HEADER_LIMIT)
        return lx_fail(err, LX_EFORMAT, "header length: must be at most %llu, got %llu",
                       (unsigned long long)HEADER_LIMIT, (unsigned long long)header);
    if (header > n - 8)
        return lx_fail(err, LX_EFORMAT, "truncated: the header has %llu bytes, the file %zu",
                       (unsigned long long)header, n);
    if (lx_json_parse((const char *)bytes + 8, (size_t)header, "header", &root, err)) {
        err->code = LX_EFORMAT;
        return err->code;
    }
    code = parse_header(root, (const char *)bytes + 8 + header, n - 8 - (size_t)header, arena, out,
                        err);
    lx_json_free(root);
    return code;
}

enum lx_code lx_st_read(const char *path, struct lx_arena *arena, struct lx_st_file *out,
                        struct lx_err *err)
{
    const char *bytes;
    size_t n;

    if (lx_fs_read_arena(path, arena, &bytes, &n, err))
        return err->code;
    return lx_st_parse(bytes, n, arena, out, err) == LX_OK ? LX_OK : lx_wrap(err, "%s", path);
}

const struct lx_st_tensor *lx_st_find(const struct lx_st_file *f, const char *name)
{
    for (size_t i = 0; i < f->n_tensors; i++)
        if (strcmp(f->tensors[i].name, name) == 0)
            return &f->tensors[i];
    return NULL;
}

const char *lx_st_meta(const struct lx_st_file *f, const char *key)
{
    for (size_t i = 0; i < f->n_meta; i++)
        if (strcmp(f->meta[i].key, key) == 0)
            return f->meta[i].value;
    return NULL;
}

double lx_st_value(const struct lx_st_tensor *t, size_t i)
{
    const char *at = (const char *)t->data + i * types[t->type].bytes;
    double d;
    float f;
    int32_t k;

    switch (t->type) {
    case LX_ST_F64:
        memcpy(&d, at, sizeof(d));
        return d;
    case LX_ST_F32:
        memcpy(&f, at, sizeof(f));
        return (double)f;
    case LX_ST_I32:
        break;
    }
    memcpy(&k, at, sizeof(k));
    return k;
}

static void write_header(struct lx_json_writer *w, const struct lx_st_tensor *tensors,
                         size_t n_tensors, const struct lx_st_meta *meta, size_t n_meta)
{
    size_t at = 0;

    lx_json_open_object(w, NULL);
    if (n_meta > 0) {
        lx_json_open_object(w, "__metadata__");
        for (size_t i = 0; i < n_meta; i++)
            lx_json_add_text(w, meta[i].key, meta[i].value);
        lx_json_close_object(w);
    }
    for (size_t i = 0; i < n_tensors; i++) {
        const struct lx_st_tensor *t = &tensors[i];
        size_t end = at + t->n * types[t->type].bytes;

        lx_json_open_object(w, t->name);
        lx_json_add_text(w, "dtype", types[t->type].name);
        lx_json_open_array(w, "shape");
        for (int d = 0; d < t->n_dims; d++)
            lx_json_add_int(w, NULL, (long long)t->dim[d]);
        lx_json_close_array(w);
        lx_json_open_array(w, "data_offsets");
        lx_json_add_int(w, NULL, (long long)at);
        lx_json_add_int(w, NULL, (long long)end);
        lx_json_close_array(w);
        lx_json_close_object(w);
        at = end;
    }
    lx_json_close_object(w);
}

enum lx_code lx_st_pack(const struct lx_st_tensor *tensors, size_t n_tensors,
                        const struct lx_st_meta *meta, size_t n_meta, struct lx_buf *file,
                        struct lx_err *err)
{
    struct lx_buf header = {0};
    struct lx_json_writer w = {.out = &header};
    uint64_t n;

    write_header(&w, tensors, n_tensors, meta, n_meta);
    while (header.len % 8 != 0 && !header.failed) /* data starts aligned, as the format advises */
        lx_buf_add(&header, " ");
    n = header.len;
    for (int i = 0; i < 8; i++) {
        unsigned char byte = (unsigned char)(n >> (8 * i));

        lx_buf_addn(file, &byte, 1);
    }
    if (header.len > 0)
        lx_buf_addn(file, header.text, header.len);
    for (size_t i = 0; i < n_tensors; i++)
        lx_buf_addn(file, tensors[i].data, tensors[i].n * types[tensors[i].type].bytes);
    file->failed = file->failed || header.failed;
    lx_buf_free(&header);
    return lx_buf_check(file, err);
}

enum lx_code lx_st_write(const char *path, const struct lx_st_tensor *tensors, size_t n_tensors,
                         const struct lx_st_meta *meta, size_t n_meta, struct lx_err *err)
{
    struct lx_buf file = {0};

    if (lx_st_pack(tensors, n_tensors, meta, n_meta, &file, err) == LX_OK)
        err->code = lx_fs_write(path, file.text, file.len, err);
    lx_buf_free(&file);
    return err->code;
}
