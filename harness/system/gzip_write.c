/* Writing gzip; see lx_gzip in fs.h. */
#include <limits.h>

#include "system/fs.h"

#define ZLIB_CONST
#include <zlib.h>

#define MEMORY 9       /* the most that zlib may use: 256 kB */
#define GZIP_WINDOW 31 /* 32 kB, and a gzip header */

enum lx_code lx_gzip(const void *data, size_t n, struct lx_buf *out, struct lx_err *err)
{
    unsigned char block[32768];
    z_stream z = {.next_in = data};
    int status;

    if (n > UINT_MAX)
        return lx_fail(err, LX_ENOMEM, "%zu bytes are too many to pack", n);
    z.avail_in = (uInt)n;
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return lx_fail(err, LX_ENOMEM, "out of memory for packing");
    do {
        z.next_out = block;
        z.avail_out = sizeof(block);
        status = deflate(&z, Z_FINISH);
        lx_buf_addn(out, block, sizeof(block) - z.avail_out);
    } while (status == Z_OK);
    (void)deflateEnd(&z);
    return status == Z_STREAM_END ? lx_buf_check(out, err)
                                  : lx_fail(err, LX_ENOMEM, "zlib: cannot pack: status %d", status);
}
