/* Reading files of token ids; see tokens_file.h. */
#define _XOPEN_SOURCE 700

#include "datasets/tokens_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/fs.h"

enum { BLOCK = 32768 }; /* bytes read at a time */
enum { LLMC_HEADER = 1024, LLMC_MAGIC = 20240520, LLMC_MAGIC_32 = 20240801, LLMC_VERSION = 1 };

static uint32_t little32(const unsigned char *at)
{
    return (uint32_t)lx_little_endian(at, 4);
}

static enum lx_tokens_format tell(const char *path, const unsigned char *head, size_t n)
{
    size_t length = strlen(path);
    uint32_t magic = n >= 4 ? little32(head) : 0;

    if (n >= 6 && memcmp(head, LX_NPY_MAGIC, 6) == 0)
        return LX_TOKENS_NPY;
    if (length >= 4 && strcmp(path + length - 4, ".npy") == 0)
        return LX_TOKENS_NPY;
    return magic == LLMC_MAGIC || magic == LLMC_MAGIC_32 ? LX_TOKENS_LLMC : LX_TOKENS_RAW;
}

static enum lx_code raw_layout(uint64_t size, struct lx_npy *out, struct lx_err *err)
{
    *out = (struct lx_npy){.n = (size_t)(size / 2), .width = 2};
    if (size % 2 != 0)
        return lx_fail(err, LX_EDATA,
                       "must have an even number of bytes, 2 an id (uint16), got %llu",
                       (unsigned long long)size);
    return LX_OK;
}

static enum lx_code llmc_layout(const unsigned char *head, size_t n, struct lx_npy *out,
                                struct lx_err *err)
{
    uint32_t magic = n >= 4 ? little32(head) : 0;

    if (n < LLMC_HEADER)
        return lx_fail(err, LX_EDATA, "is cut: must have %d bytes of llm.c's header, got %zu",
                       LLMC_HEADER, n);
    if (magic == LLMC_MAGIC_32)
        return lx_fail(err, LX_EDATA,
                       "magic: must be %d (uint16), got %d, which is for vocabularies of more "
                       "than %d ids",
                       LLMC_MAGIC, LLMC_MAGIC_32, LX_TOKENS_VOCAB_MOST);
    if (magic != LLMC_MAGIC)
        return lx_fail(err, LX_EDATA, "magic: must be %d, as llm.c writes it, got %lu", LLMC_MAGIC,
                       (unsigned long)magic);
    if (little32(head + 4) != LLMC_VERSION)
        return lx_fail(err, LX_EDATA, "version of llm.c's format: must be %d, got %lu",
                       LLMC_VERSION, (unsigned long)little32(head + 4));
    *out = (struct lx_npy){.offset = LLMC_HEADER, .n = little32(head + 8), .width = 2};
    return LX_OK;
}

static enum lx_code layout(const char *path, enum lx_tokens_format format,
                           const unsigned char *head, size_t n_head, uint64_t size,
                           struct lx_npy *out, struct lx_err *err)
{
    uint64_t want;

    if (format == LX_TOKENS_AUTO)
        format = tell(path, head, n_head);
    if (format == LX_TOKENS_RAW)
        return raw_layout(size, out, err);
    if (format == LX_TOKENS_LLMC ? llmc_layout(head, n_head, out, err)
                                 : lx_npy_parse(head, n_head, out, err))
        return err->code;
    want = (uint64_t)out->offset + (uint64_t)out->n * (uint64_t)out->width;
    if (size == want)
        return LX_OK;
    return lx_fail(err, LX_EDATA,
                   "%s: must have %llu bytes for the %zu ids of its header, got %llu",
                   size < want ? "is cut" : "has more than it says", (unsigned long long)want,
                   out->n, (unsigned long long)size);
}

enum lx_code lx_tokens_layout(const char *path, enum lx_tokens_format format,
                              const unsigned char *head, size_t n_head, uint64_t size,
                              struct lx_npy *out, struct lx_err *err)
{
    return layout(path, format, head, n_head, size, out, err) ? lx_wrap(err, "%s", path) : LX_OK;
}

/* Exactly n bytes from `at` on. */
static enum lx_code read_at(int fd, const char *path, uint64_t at, unsigned char *out, size_t n,
                            struct lx_err *err)
{
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(fd, out + done, n - done, (off_t)(at + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return lx_fail(err, LX_EIO, "%s: cannot read: %s", path, strerror(errno));
        if (got == 0)
            return lx_fail(err, LX_EDATA, "%s: was cut while it was read, at byte %llu", path,
                           (unsigned long long)(at + done));
        done += (size_t)got;
    }
    return LX_OK;
}

enum lx_code lx_tokens_open(struct lx_tokens_file *f, const char *path,
                            enum lx_tokens_format format, struct lx_err *err)
{
    unsigned char head[LX_TOKENS_HEAD];
    struct stat st;
    size_t n;

    *f = (struct lx_tokens_file){.path = path, .fd = -1};
    if (lx_fs_open(path, O_RDONLY, &f->fd, err))
        return err->code;
    if (fstat(f->fd, &st) != 0)
        return lx_fail(err, LX_EIO, "%s: cannot read: %s", path, strerror(errno));
    n = (size_t)st.st_size < sizeof(head) ? (size_t)st.st_size : sizeof(head);
    if (read_at(f->fd, path, 0, head, n, err))
        return err->code;
    return lx_tokens_layout(path, format, head, n, (uint64_t)st.st_size, &f->at, err);
}

enum lx_code lx_tokens_read(const struct lx_tokens_file *f, size_t from, size_t n, int vocab,
                            uint16_t *out, struct lx_err *err)
{
    unsigned char block[BLOCK];
    size_t width = (size_t)f->at.width, each = sizeof(block) / width;

    for (size_t i = 0; i < n; i += each) {
        size_t count = n - i < each ? n - i : each;

        if (read_at(f->fd, f->path, f->at.offset + (from + i) * width, block, count * width, err))
            return err->code;
        for (size_t k = 0; k < count; k++) {
            const unsigned char *b = block + k * width;
            uint32_t v = (uint32_t)lx_little_endian(b, (int)width);

            if (v >= (uint32_t)vocab)
                return lx_fail(err, LX_EDATA,
                               "%s: token %zu must be an id from 0 to %d (vocab is %d), got %lld",
                               f->path, from + i + k, vocab - 1, vocab,
                               f->at.is_signed ? (long long)(int32_t)v : (long long)v);
            out[i + k] = (uint16_t)v;
        }
    }
    return LX_OK;
}

void lx_tokens_close(struct lx_tokens_file *f)
{
    if (f->fd >= 0)
        (void)close(f->fd);
    f->fd = -1;
}
