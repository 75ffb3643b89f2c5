/* Files that may be gzip (RFC 1952); see lx_fs_read_gz in fs.h. The only file that knows zlib. */
#include <limits.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "system/fs.h"
#include "system/fs_internal.h"

#define BOMB_BYTES ((size_t)64 << 20) /* up to here nothing is suspicious */
#define BOMB_RATIO 100                /* text packs to a third, tables of numbers to a tenth */
#define MAX_FEED ((size_t)1 << 30)    /* zlib counts its input in unsigned int */

static bool is_gzip(const unsigned char *p, size_t n)
{
    return n >= 2 && p[0] == 0x1F && p[1] == 0x8B;
}

/* A file named .gz that stops before the two bytes of the magic is cut short, not plain. */
static bool is_stub(const char *path, const unsigned char *p, size_t n)
{
    size_t len = strlen(path);

    return len > 3 && strcmp(path + len - 3, ".gz") == 0 && (n == 0 || (n == 1 && p[0] == 0x1F));
}

static enum lx_code refuse_stub(const char *path, struct lx_buf *out, struct lx_err *err)
{
    (void)lx_fail(err, LX_EDATA, "%s: truncated gzip file: it has %zu bytes", path, out->len);
    lx_buf_free(out);
    return err->code;
}

static enum lx_code stream_failed(const z_stream *z, int status, const char *path, size_t at,
                                  struct lx_err *err)
{
    if (status == Z_MEM_ERROR)
        return lx_fail(err, LX_ENOMEM, "%s: out of memory while unpacking", path);
    if (status == Z_BUF_ERROR)
        return lx_fail(err, LX_EDATA, "%s: truncated gzip file: it ends early, at byte %zu", path,
                       at);
    return lx_fail(err, LX_EDATA, "%s: corrupt gzip file: %s near byte %zu", path,
                   z->msg != NULL ? z->msg : "broken data", at);
}

static enum lx_code check_size(const char *path, size_t packed, size_t unpacked, struct lx_err *err)
{
    if (unpacked > BOMB_BYTES && unpacked / BOMB_RATIO > packed)
        return lx_fail(err, LX_EDATA,
                       "%s: %zu bytes of gzip unpack to more than %zu MB: must be at most %d times",
                       path, packed, unpacked >> 20, BOMB_RATIO);
    return lx_fs_check_room(path, "unpacks to more than", unpacked, err);
}

/* Unpack one member that begins at in[*at]; moves *at behind it. */
static enum lx_code unpack_member(z_stream *z, const char *path, const unsigned char *in, size_t n,
                                  size_t *at, struct lx_buf *out, struct lx_err *err)
{
    unsigned char block[32768];
    int status = Z_OK;

    while (status == Z_OK) {
        size_t feed = n - *at < MAX_FEED ? n - *at : MAX_FEED;

        z->next_in = in + *at;
        z->avail_in = (uInt)feed;
        z->next_out = block;
        z->avail_out = sizeof(block);
        status = inflate(z, Z_NO_FLUSH);
        *at += feed - z->avail_in;
        lx_buf_addn(out, block, sizeof(block) - z->avail_out);
        if (lx_buf_check(out, err) != LX_OK)
            return lx_wrap(err, "%s: unpacking", path);
        if (check_size(path, n, out->len, err))
            return err->code;
    }
    return status == Z_STREAM_END ? LX_OK : stream_failed(z, status, path, *at, err);
}

static enum lx_code unpack(const char *path, const unsigned char *in, size_t n, struct lx_buf *out,
                           struct lx_err *err)
{
    enum lx_code code = LX_OK;
    z_stream z;
    size_t at = 0;

    memset(&z, 0, sizeof(z));
    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return lx_fail(err, LX_ENOMEM, "%s: out of memory while unpacking", path);
    lx_buf_addn(out, "", 0);
    while (code == LX_OK && at < n) {
        if (!is_gzip(in + at, n - at) && !(n - at == 1 && in[at] == 0x1F)) {
            code = lx_fail(err, LX_EDATA,
                           "%s: corrupt gzip file: %zu bytes of something else from byte %zu on",
                           path, n - at, at);
            break;
        }
        code = unpack_member(&z, path, in, n, &at, out, err);
        if (code == LX_OK && inflateReset(&z) != Z_OK)
            code = lx_fail(err, LX_EDATA, "%s: corrupt gzip file", path);
    }
    (void)inflateEnd(&z);
    return code;
}

enum lx_code lx_fs_read_gz(const char *path, struct lx_buf *out, struct lx_err *err)
{
    struct lx_buf packed = {0};
    enum lx_code code = lx_fs_read(path, out, err);

    if (code != LX_OK)
        return code;
    if (is_stub(path, (const unsigned char *)out->text, out->len))
        return refuse_stub(path, out, err);
    if (!is_gzip((const unsigned char *)out->text, out->len))
        return LX_OK;
    packed = *out;
    memset(out, 0, sizeof(*out));
    code = unpack(path, (const unsigned char *)packed.text, packed.len, out, err);
    lx_buf_free(&packed);
    if (code != LX_OK)
        lx_buf_free(out);
    return code;
}
