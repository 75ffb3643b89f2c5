/* Event files for TensorBoard, read by a reader of the test's own. */
#include "cell/event_file.h"
#include "tests/unit/check.h"

/* RFC 3720, B.4, and the check value of the CRC catalogues. */
static void crc_of_published_vectors(void **state)
{
    unsigned char zeros[32] = {0}, ones[32], up[32], down[32];

    (void)state;
    for (int i = 0; i < 32; i++) {
        ones[i] = 0xff;
        up[i] = (unsigned char)i;
        down[i] = (unsigned char)(31 - i);
    }
    assert_int_equal(lx_crc32c(zeros, 32), 0x8a9136aa);
    assert_int_equal(lx_crc32c(ones, 32), 0x62a8ab43);
    assert_int_equal(lx_crc32c(up, 32), 0x46dd794e);
    assert_int_equal(lx_crc32c(down, 32), 0x113fdb5c);
    assert_int_equal(lx_crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(lx_crc32c("", 0), 0);
}

/* A reader: CRC by table, then fields of the messages one by one. */
static uint32_t crc_by_table(const unsigned char *p, size_t n)
{
    uint32_t table[256], crc = 0xffffffffu;

    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int k = 0; k < 8; k++)
            table[i] = table[i] & 1 ? table[i] >> 1 ^ 0x82f63b78u : table[i] >> 1;
    }
    for (size_t i = 0; i < n; i++)
        crc = crc >> 8 ^ table[(crc ^ p[i]) & 0xff];
    crc = ~crc;
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static uint64_t little(const unsigned char *p, int n)
{
    uint64_t v = 0;

    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

struct reader {
    const unsigned char *p, *end;
};

static uint64_t varint(struct reader *r)
{
    uint64_t v = 0;

    for (int shift = 0; r->p < r->end; shift += 7) {
        v |= (uint64_t)(*r->p & 0x7f) << shift;
        if ((*r->p++ & 0x80) == 0)
            return v;
    }
    fail_msg("a number has no end");
    return 0;
}

/* The next field: its number; value of a number, text of bytes. */
static int field(struct reader *r, uint64_t *value, struct reader *text)
{
    uint64_t key = varint(r);
    int bytes = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : 0;

    if ((key & 7) == 2) {
        uint64_t n = varint(r);

        assert_true(n <= (uint64_t)(r->end - r->p));
        *text = (struct reader){r->p, r->p + n};
        r->p += n;
    } else if ((key & 7) == 0) {
        *value = varint(r);
    } else {
        assert_true(bytes > 0 && r->end - r->p >= bytes);
        *value = little(r->p, bytes);
        r->p += bytes;
    }
    return (int)(key >> 3);
}

/* Take a record off; false at the end. */
static bool record(struct reader *file, struct reader *event)
{
    uint64_t n;

    if (file->p == file->end)
        return false;
    assert_true(file->end - file->p >= 16);
    n = little(file->p, 8);
    assert_int_equal(little(file->p + 8, 4), crc_by_table(file->p, 8));
    assert_true(n <= (uint64_t)(file->end - file->p) - 16);
    *event = (struct reader){file->p + 12, file->p + 12 + n};
    assert_int_equal(little(event->end, 4), crc_by_table(event->p, (size_t)n));
    file->p = event->end + 4;
    return true;
}

/* "STEP TAG=VALUE TAG=VALUE" of an event, or its version. */
static void tell(struct reader event, char *out, size_t size)
{
    struct reader text = {0}, value, tag;
    uint64_t number = 0;
    size_t at = 0;
    float v;

    while (event.p < event.end)
        switch (field(&event, &number, &text)) {
        case 1:
            break; /* when */
        case 2:
            at += (size_t)snprintf(out + at, size - at, "%d", (int)number);
            break;
        case 3:
            at += (size_t)snprintf(out + at, size - at, "%.*s", (int)(text.end - text.p),
                                   (const char *)text.p);
            break;
        case 5:
            while (text.p < text.end) {
                uint32_t bits;

                assert_int_equal(field(&text, &number, &value), 1);
                assert_int_equal(field(&value, &number, &tag), 1);
                assert_int_equal(field(&value, &number, NULL), 2);
                bits = (uint32_t)number;
                memcpy(&v, &bits, sizeof(v));
                at += (size_t)snprintf(out + at, size - at, " %.*s=%g", (int)(tag.end - tag.p),
                                       (const char *)tag.p, (double)v);
            }
            break;
        default:
            fail_msg("an unknown field");
        }
}

static const struct lx_event_value three[] = {
    {"train/nll", 2.5}, {"train/lr", 1e-3}, {"train/grad_norm", 0.25}};

static void make(struct lx_buf *out)
{
    lx_event_begin(out, 1700000000.5);
    assert_int_equal(out->len, LX_EVENT_BEGIN);
    lx_event_scalars(out, 1700000001, 10, three, 3);
    lx_event_scalars(out, 1700000002, 300, three, 3);
    lx_event_scalars(out, 1700000003, 1024, &(struct lx_event_value){"ppl/last", 7.125}, 1);
    assert_false(out->failed);
}

static void what_is_written_is_read(void **state)
{
    static const char *const want[] = {
        "brain.Event:2", "10 train/nll=2.5 train/lr=0.001 train/grad_norm=0.25",
        "300 train/nll=2.5 train/lr=0.001 train/grad_norm=0.25", "1024 ppl/last=7.125"};
    struct lx_buf out = {0};
    struct reader file, event;
    char told[200];
    size_t n = 0;

    (void)state;
    make(&out);
    file.p = (const unsigned char *)out.text;
    file.end = file.p + out.len;
    for (; record(&file, &event); n++) {
        assert_true(n < 4);
        tell(event, told, sizeof(told));
        assert_string_equal(told, want[n]);
    }
    assert_int_equal(n, 4);
    lx_buf_free(&out);
}

/* Cut anywhere, or with any byte changed, a file is taken up after its last whole record. */
static void whole_records_are_told(void **state)
{
    struct lx_buf out = {0};
    size_t n, begin[5] = {0, LX_EVENT_BEGIN}, whole = 0;

    (void)state;
    make(&out);
    for (size_t i = 2; i < 5; i++)
        begin[i] = begin[i - 1] + 16 + (size_t)little((unsigned char *)out.text + begin[i - 1], 8);
    assert_int_equal(begin[4], out.len);
    for (size_t cut = 0; cut <= out.len; cut++) {
        while (whole < 4 && begin[whole + 1] <= cut)
            whole++;
        assert_int_equal(lx_event_whole(out.text, cut, "train/nll", &n), begin[whole]);
        assert_int_equal(n, whole < 2 ? 0 : whole > 2 ? 2 : 1);
    }
    assert_int_equal(lx_event_whole(out.text, out.len, "ppl/", &n), out.len);
    assert_int_equal(n, 1);
    for (size_t i = 0; i < out.len; i++) {
        size_t last = 0;

        while (begin[last + 1] <= i)
            last++;
        out.text[i] ^= 4;
        assert_int_equal(lx_event_whole(out.text, out.len, "ppl/", NULL), begin[last]);
        out.text[i] ^= 4;
    }
    lx_buf_free(&out);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(crc_of_published_vectors),
    cmocka_unit_test(what_is_written_is_read),
    cmocka_unit_test(whole_records_are_told),
};

CHECK_MAIN(tests)
