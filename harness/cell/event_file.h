/* TensorBoard event files: framed records (TFRecord: length, masked CRC-32C of it, bytes, masked CRC-32C of
 * them) of protocol-buffer messages `Event` with scalars. Written without either library. */
#ifndef LX_CELL_EVENT_FILE_H
#define LX_CELL_EVENT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

/* CRC-32C (Castagnoli, RFC 3720, B.4). */
uint32_t lx_crc32c(const void *bytes, size_t n);

/* Append the record that a file begins with (of LX_EVENT_BEGIN bytes). seconds: since the epoch. */
#define LX_EVENT_BEGIN 40
void lx_event_begin(struct lx_buf *out, double seconds);

struct lx_event_value {
    const char *tag;
    double value;
};
/* Append (n) scalars of a step as one record. */
void lx_event_scalars(struct lx_buf *out, double seconds, long long step,
                      const struct lx_event_value *value, size_t n);

/* Bytes of the whole records that a file begins with; what follows was cut off in writing. *n (may
 * be NULL) counts those of them with a scalar whose tag begins with `prefix`. */
size_t lx_event_whole(const void *bytes, size_t size, const char *prefix, size_t *n);

#endif
