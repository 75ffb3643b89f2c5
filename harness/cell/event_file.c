/* Event files; see event_file.h. Fields of Event: 1 wall_time (double), 2 step (varint), 3 file_version
 * (text), 5 summary; of Summary: 1 value; of Value: 1 tag (text), 2 simple_value (float). */
#include "cell/event_file.h"

#include <stdbool.h>
#include <string.h>

#define HEADER 12 /* bytes before a record's own: length and its check */
#define FOOTER 4  /* and after */

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

uint32_t lx_crc32c(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    uint32_t crc = 0xffffffffu;

    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1u)));
    }
    return ~crc;
}

/* A check of bytes that may hold checks themselves is turned and shifted. */
static uint32_t masked(const void *bytes, size_t n)
{
    uint32_t crc = lx_crc32c(bytes, n);

    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static void add_little(struct lx_buf *out, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        unsigned char byte = (unsigned char)(v >> (8 * i) & 0xff);

        lx_buf_addn(out, &byte, 1);
    }
}

static uint64_t read_little(const unsigned char *p, int bytes)
{
    uint64_t v = 0;

    for (int i = 0; i < bytes; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

static void add_varint(struct lx_buf *out, uint64_t v)
{
    for (; v > 0x7f; v >>= 7)
        add_little(out, (v & 0x7f) | 0x80, 1);
    add_little(out, v, 1);
}

static void add_key(struct lx_buf *out, unsigned field, enum wire wire)
{
    add_varint(out, field << 3 | (unsigned)wire);
}

static void add_bytes(struct lx_buf *out, unsigned field, const void *bytes, size_t n)
{
    add_key(out, field, WIRE_BYTES);
    add_varint(out, n);
    lx_buf_addn(out, bytes, n);
}

static void add_double(struct lx_buf *out, unsigned field, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    add_key(out, field, WIRE_64);
    add_little(out, bits, 8);
}

static void add_float(struct lx_buf *out, unsigned field, float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof(bits));
    add_key(out, field, WIRE_32);
    add_little(out, bits, 4);
}

static void add_record(struct lx_buf *out, struct lx_buf *event)
{
    size_t at = out->len;

    add_little(out, event->len, 8);
    add_little(out, out->failed ? 0 : masked(out->text + at, 8), 4);
    lx_buf_addn(out, event->text, event->len);
    add_little(out, masked(event->text, event->len), FOOTER);
    out->failed |= event->failed;
    lx_buf_free(event);
}

void lx_event_begin(struct lx_buf *out, double seconds)
{
    static const char version[] = "brain.Event:2";
    struct lx_buf event = {0};

    add_double(&event, 1, seconds);
    add_bytes(&event, 3, version, sizeof(version) - 1);
    add_record(out, &event);
}

void lx_event_scalars(struct lx_buf *out, double seconds, long long step,
                      const struct lx_event_value *value, size_t n)
{
    struct lx_buf event = {0}, summary = {0}, scalar = {0};

    for (size_t i = 0; i < n; i++) {
        lx_buf_clear(&scalar);
        add_bytes(&scalar, 1, value[i].tag, strlen(value[i].tag));
        add_float(&scalar, 2, (float)value[i].value);
        add_bytes(&summary, 1, scalar.text, scalar.len);
        summary.failed |= scalar.failed;
    }
    add_double(&event, 1, seconds);
    add_key(&event, 2, WIRE_VARINT);
    add_varint(&event, (uint64_t)step);
    add_bytes(&event, 5, summary.text, summary.len);
    event.failed |= summary.failed;
    lx_buf_free(&scalar);
    lx_buf_free(&summary);
    add_record(out, &event);
}

/* Bytes of the record at p, 0: it is not whole. */
static size_t record_at(const unsigned char *p, size_t left)
{
    uint64_t n;

    if (left < HEADER + FOOTER || read_little(p + 8, 4) != masked(p, 8))
        return 0;
    n = read_little(p, 8);
    if (n > left - HEADER - FOOTER ||
        read_little(p + HEADER + n, FOOTER) != masked(p + HEADER, (size_t)n))
        return 0;
    return HEADER + (size_t)n + FOOTER;
}

/* Whether bytes hold a text field 1 (of a Value, as written here) that begins with the prefix. */
static bool holds(const unsigned char *p, size_t n, const char *prefix)
{
    size_t len = strlen(prefix);

    for (size_t i = 0; i + 2 + len <= n; i++)
        if (p[i] == (1 << 3 | WIRE_BYTES) && p[i + 1] >= len && memcmp(p + i + 2, prefix, len) == 0)
            return true;
    return false;
}

size_t lx_event_whole(const void *bytes, size_t size, const char *prefix, size_t *n)
{
    const unsigned char *p = bytes;
    size_t at = 0, found = 0, record;

    for (; (record = record_at(p + at, size - at)) > 0; at += record)
        found += (size_t)holds(p + at, record, prefix);
    if (n != NULL)
        *n = found;
    return at;
}
