/* SHA-256 against published digests: FIPS 180-4's examples (the standard's "abc", the two- and
 * four-part messages, one million 'a'), and runs of 'a' around the padding's corners, whose digests
 * come from the coreutils program sha256sum. */
#include "check.h"
#include "core/hash.h"

static void digest(const void *data, size_t n, char out[65])
{
    struct lx_hash h;

    lx_hash_init(&h);
    lx_hash_add(&h, data, n);
    lx_hash_hex(&h, out);
}

static void test_published(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
         "lmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    char got[65];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        digest(cases[i].text, strlen(cases[i].text), got);
        assert_string_equal(got, cases[i].want);
    }
}

static void test_million(void **state)
{
    char block[1000], got[65];
    struct lx_hash h;

    (void)state;
    memset(block, 'a', sizeof(block));
    lx_hash_init(&h);
    for (int i = 0; i < 1000; i++)
        lx_hash_add(&h, block, sizeof(block));
    lx_hash_hex(&h, got);
    assert_string_equal(got, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_padding_corners(void **state)
{
    static const struct {
        size_t n;
        const char *want;
    } cases[] = {
        {1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
        {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
        {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
        {57, "f13b2d724659eb3bf47f2dd6af1accc87b81f09f59f2b75e5c0bed6589dfe8c6"},
        {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
        {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
        {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
        {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
        {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
        {128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
    };
    char text[128], got[65];

    (void)state;
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        digest(text, cases[i].n, got);
        assert_string_equal(got, cases[i].want);
    }
}

static void test_pieces_do_not_matter(void **state)
{
    unsigned char data[200];
    char want[65], got[65];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (unsigned char)(i * 7 + 3);
    digest(data, sizeof(data), want);
    for (size_t a = 0; a <= sizeof(data); a++) {
        for (size_t b = a; b <= sizeof(data); b += 13) {
            struct lx_hash h;

            lx_hash_init(&h);
            lx_hash_add(&h, data, a);
            lx_hash_add(&h, data + a, b - a);
            lx_hash_add(&h, data + b, sizeof(data) - b);
            lx_hash_hex(&h, got);
            assert_string_equal(got, want);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_published),
    cmocka_unit_test(test_million),
    cmocka_unit_test(test_padding_corners),
    cmocka_unit_test(test_pieces_do_not_matter),
};

CHECK_MAIN(tests)
