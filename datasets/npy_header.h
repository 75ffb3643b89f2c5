/* The header of a NumPy .npy file (format versions 1.0, 2.0 and 3.0) that holds token ids: one dimension
 * of uint16, uint32 or int32, little endian. Source: NumPy's NEP 1 and numpy.lib.format. Whether the
 * array is in Fortran order makes no difference for one dimension. */
#ifndef LX_DATASETS_NPY_HEADER_H
#define LX_DATASETS_NPY_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define LX_NPY_MAGIC "\x93NUMPY"
/* Bytes of a header at most. What NumPy writes for one dimension takes 128. */
#define LX_NPY_HEADER_MOST 4000

struct lx_npy {
    size_t offset; /* of the first value, in bytes */
    size_t n;      /* values, as the header says    */
    int width;     /* bytes of a value: 2 or 4      */
    bool is_signed;
};

/* Read the header out of the first n bytes of a file: all of it, or LX_NPY_HEADER_MOST and 12 more. What
 * cannot be read is LX_EDATA, in one line that names no file. */
LX_MUST_CHECK
enum lx_code lx_npy_parse(const unsigned char *head, size_t n, struct lx_npy *out,
                          struct lx_err *err);

/* The number that so many bytes are, the least significant first. */
size_t lx_little_endian(const unsigned char *at, int bytes);

#endif
