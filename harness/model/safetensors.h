/* The safetensors container: named arrays of F32, F64, I32 with a JSON header.
 *
 * The reader trusts nothing: header length, types, shapes, offsets, overlaps, holes and duplicate
 * names are checked before any size is used; a broken file is LX_EFORMAT with the reason. */
#ifndef LX_MODEL_SAFETENSORS_H
#define LX_MODEL_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/real.h"

#define LX_ST_DIMS 8

enum lx_st_type { LX_ST_F32, LX_ST_F64, LX_ST_I32 };

struct lx_st_tensor {
    const char *name;
    enum lx_st_type type;
    int n_dims;
    size_t dim[LX_ST_DIMS];
    size_t n;         /* values */
    const void *data; /* little-endian, C order; not necessarily aligned */
};

struct lx_st_meta {
    const char *key, *value;
};

struct lx_st_file {
    struct lx_st_tensor *tensors; /* (n_tensors) in file order */
    size_t n_tensors;
    struct lx_st_meta *meta; /* (n_meta) the __metadata__ map */
    size_t n_meta;
};

/* Parse n bytes that outlive the result; everything else goes to the arena. */
LX_MUST_CHECK
enum lx_code lx_st_parse(const void *bytes, size_t n, struct lx_arena *arena,
                         struct lx_st_file *out, struct lx_err *err);
/* Read a file; its bytes go to the arena too. Errors begin with the path. */
LX_MUST_CHECK
enum lx_code lx_st_read(const char *path, struct lx_arena *arena, struct lx_st_file *out,
                        struct lx_err *err);
const struct lx_st_tensor *lx_st_find(const struct lx_st_file *f, const char *name);
const char *lx_st_meta(const struct lx_st_file *f, const char *key); /* NULL: none */
/* Value i of a tensor of any type. */
double lx_st_value(const struct lx_st_tensor *t, size_t i);

/* Write tensors and metadata atomically; data of F32 tensors is float, of I32 int32_t, of F64
 * double, in memory order of this machine (little-endian only). */
LX_MUST_CHECK
enum lx_code lx_st_write(const char *path, const struct lx_st_tensor *tensors, size_t n_tensors,
                         const struct lx_st_meta *meta, size_t n_meta, struct lx_err *err);
/* The same bytes, appended to `file`. */
LX_MUST_CHECK
enum lx_code lx_st_pack(const struct lx_st_tensor *tensors, size_t n_tensors,
                        const struct lx_st_meta *meta, size_t n_meta, struct lx_buf *file,
                        struct lx_err *err);

#endif
