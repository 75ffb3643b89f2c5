/* Files of token ids: nanoGPT's .bin (uint16 and nothing else), llm.c's .bin (256 int32 of header: magic
 * 20240520, version 1, the number of tokens; then uint16) and NumPy's .npy. Little endian all. */
#ifndef LX_DATASETS_TOKENS_FILE_H
#define LX_DATASETS_TOKENS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "datasets/npy_header.h"

/* The most ids that a vocabulary may have: 0xffff marks targets that are not scored. */
#define LX_TOKENS_VOCAB_MOST 65535

enum lx_tokens_format { LX_TOKENS_AUTO, LX_TOKENS_RAW, LX_TOKENS_LLMC, LX_TOKENS_NPY };
#define LX_TOKENS_FORMAT_NAMES "auto|uint16|llmc|npy"

/* First bytes of a file that its layout is read from. */
#define LX_TOKENS_HEAD (LX_NPY_HEADER_MOST + 12)

/* Where the n ids of a file of `size` bytes are, from its first n_head bytes (all, or LX_TOKENS_HEAD). The
 * format `auto` goes by what the file begins with, and by .npy at the end of `path`. A file that is
 * something else, or longer or shorter than it says, is LX_EDATA. */
LX_MUST_CHECK
enum lx_code lx_tokens_layout(const char *path, enum lx_tokens_format format,
                              const unsigned char *head, size_t n_head, uint64_t size,
                              struct lx_npy *out, struct lx_err *err);

/* An open file of ids. Only what is asked for is ever read, in blocks. */
struct lx_tokens_file {
    const char *path;
    int fd;
    struct lx_npy at;
};

/* Close with lx_tokens_close, also after a failure. */
LX_MUST_CHECK
enum lx_code lx_tokens_open(struct lx_tokens_file *f, const char *path,
                            enum lx_tokens_format format, struct lx_err *err);

/* The ids from .. from+n-1 into out (n). One that is not below vocab is LX_EDATA and named. */
LX_MUST_CHECK
enum lx_code lx_tokens_read(const struct lx_tokens_file *f, size_t from, size_t n, int vocab,
                            uint16_t *out, struct lx_err *err);

void lx_tokens_close(struct lx_tokens_file *f);

#endif
