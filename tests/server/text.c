#include "check.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/json_text.h"
#include "base/trace.h"
#include "common/values.h"

#define ID     "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

static void traces_are_read_in_a_strict_way(void **state)
{
    static const char *const right[] = {"00-" ID "-" PARENT "-00", "00-" ID "-" PARENT "-01",
                                        "cc-" ID "-" PARENT "-01-what-comes-later"};
    static const char *const wrong[] = {"",
                                        "00-" ID "-" PARENT,
                                        "00-" ID "-" PARENT "-0",
                                        "00-" ID "-" PARENT "-01-more",
                                        "cc-" ID "-" PARENT "-01more",
                                        "ff-" ID "-" PARENT "-01",
                                        "00_" ID "-" PARENT "-01",
                                        "00-0AF7651916cd43dd8448eb211c80319c-" PARENT "-01",
                                        "00-00000000000000000000000000000000-" PARENT "-01",
                                        "00-" ID "-0000000000000000-01"};
    trace t;
    char text[TRACE_PARENT_TEXT];
    for (size_t i = 0; i < APP_LEN(right); i++) {
        trace_read(&t, (slice){right[i], strlen(right[i])}, TEXT("vendor=value"));
        assert_string_equal(t.id, ID);
        assert_string_equal(t.parent, PARENT);
        assert_string_equal(t.state, "vendor=value");
        trace_write(&t, text);
        assert_memory_equal(text, "00-" ID "-", 36);
        assert_memory_equal(text + 36, t.span, 16);
    }
    for (size_t i = 0; i < APP_LEN(wrong); i++) {
        trace_read(&t, (slice){wrong[i], strlen(wrong[i])}, TEXT("vendor=value"));
        assert_true(!t.id[0] && !t.state[0]);
    }
    trace_read(&t, (slice){NULL, 0}, (slice){NULL, 0});
    assert_true(!t.id[0]);
    trace_read(&t, (slice){right[0], strlen(right[0])}, TEXT("a\nb"));
    assert_true(t.id[0] && !t.state[0]);
}

static void base64_goes_both_ways(void **state)
{
    uint8_t data[100], back[100];
    size_t size;
    for (size_t n = 0; n <= sizeof data; n++) {
        buf b = {0};
        for (size_t i = 0; i < n; i++)
            data[i] = (uint8_t)(i * 37 + n);
        buf_base64(&b, data, n);
        assert_int_equal(b.size, (n + 2) / 3 * 4);
        assert_true(base64_decode(b.data, b.size, back, &size));
        assert_int_equal(size, n);
        assert_memory_equal(back, data, n);
        buf_free(&b);
    }
}

static void base64_is_read_in_a_strict_way(void **state)
{
    static const char *const wrong[] = {"A",    "AA",       "AAA",  "A===",       "====",
                                        "AA=A", "AA==AAAA", "AB==", "AAB=",       "AA A",
                                        "AA.A", "A\nAA",    "=AAA", "AA==\nAA==", "AAA\0"};
    uint8_t out[16];
    size_t size;
    for (size_t i = 0; i < APP_LEN(wrong); i++)
        assert_false(base64_decode(wrong[i], strlen(wrong[i]), out, &size));
    assert_true(base64_decode("", 0, out, &size));
    assert_int_equal(size, 0);
    assert_true(base64_decode(" \n", 2, out, &size));
    assert_int_equal(size, 0);
}

static void base64_may_have_blanks_and_the_digits_of_urls(void **state)
{
    static const char *const same[] = {"+/+/AA==", "-_-_AA==", "+/+\r\n/AA==", "\n+/\t+/ A A = = \r\n",
                                       "+_-/AA=\n="};
    for (size_t i = 0; i < APP_LEN(same); i++) {
        char text[32];
        size_t size;
        strcpy(text, same[i]);
        assert_true(base64_decode(text, strlen(text), (uint8_t *)text, &size)); /* in its own place */
        assert_int_equal(size, 4);
        assert_memory_equal(text, "\xfb\xff\xbf\0", 4);
    }
}

/* Whatever bytes come in, what goes out is JSON, and says the same where it can. */
static void json_takes_any_text(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {{"plain", "plain"},
                 {"a\"b\\c", "a\"b\\c"},
                 {"\n\t\x7f", "\n\t\x7f"},
                 {"\xe6\x98\x9f", "\xe6\x98\x9f"},
                 {"\xff", "\xef\xbf\xbd"},
                 {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
                 {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                 {"\xe6\x98", "\xef\xbf\xbd\xef\xbf\xbd"},
                 {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}};
    for (size_t i = 0; i < APP_LEN(cases); i++) {
        buf b = {0};
        assert_true(json_write_text(cases[i].in, strlen(cases[i].in), &b));
        json_t *back = json_loads(b.data, JSON_DECODE_ANY, NULL);
        assert_string_equal(json_string_value(back), cases[i].out);
        json_decref(back);
        buf_free(&b);
    }
}

static void json_has_bytes_in_front(void **state)
{
    buf b = {0};
    assert_true(json_write_bytes(json_pack("{s:i}", "n", 1), "picture", "data:x;base64,", "abcd", 4, &b));
    assert_string_equal(b.data, "{\"picture\": \"data:x;base64,YWJjZA==\", \"n\": 1}");
    buf_free(&b);
    assert_true(json_write_bytes(json_object(), "upload", "", "", 0, &b));
    assert_string_equal(b.data, "{\"upload\": \"\"}");
    buf_free(&b);
    assert_false(json_write_bytes(NULL, "upload", "", "", 0, &b)); /* no memory */
    assert_true(b.failed);
    buf_free(&b);
}

static void a_buffer_refuses_what_cannot_be(void **state)
{
    buf b = {0};
    assert_false(buf_reserve(&b, SIZE_MAX - 4));
    assert_true(b.failed);
    buf_puts(&b, "more");
    assert_null(b.data);
    buf_free(&b);
}

static void numbers_are_read_whole_or_not(void **state)
{
    uint64_t n;
    double d;
    bool yes;
    assert_true(parse_uint(TEXT("16"), 16, 20, &n));
    assert_false(parse_uint(TEXT("15"), 16, 20, &n));
    assert_false(parse_uint(TEXT("21"), 16, 20, &n));
    assert_false(parse_uint(TEXT("-1"), 0, UINT64_MAX, &n));
    assert_false(parse_uint(TEXT("1 "), 0, 9, &n));
    assert_false(parse_uint(TEXT(""), 0, 9, &n));
    assert_false(parse_uint(TEXT("18446744073709551616"), 0, UINT64_MAX, &n));
    assert_false(parse_uint((slice){"1\0", 2}, 0, 9, &n));
    assert_true(parse_number(TEXT("0.25"), 0, 1, &d));
    assert_true(d == 0.25);
    static const char *const wrong[] = {"nan", "inf", "0x1", "", " 1", "1,5", "1.5", "1e999", "--1"};
    for (size_t i = 0; i < APP_LEN(wrong); i++)
        assert_false(parse_number(TEXT(wrong[i]), 0, 1, &d));
    assert_true(parse_bool(TEXT("True"), &yes) && yes);
    assert_true(parse_bool(TEXT("off"), &yes) && !yes);
    assert_false(parse_bool(TEXT("maybe"), &yes));
}

static void sizes_and_times_have_units(void **state)
{
    uint64_t n;
    assert_true(parse_bytes(TEXT("32M"), &n) && n == 32u << 20);
    assert_true(parse_bytes(TEXT("2GiB"), &n) && n == 2ull << 30);
    assert_true(parse_bytes(TEXT("100"), &n) && n == 100);
    assert_false(parse_bytes(TEXT("M"), &n));
    assert_false(parse_bytes(TEXT("99999999999T"), &n));
    assert_false(parse_bytes(TEXT("1X"), &n));
    assert_true(parse_milliseconds(TEXT("250ms"), &n) && n == 250);
    assert_true(parse_milliseconds(TEXT("2m"), &n) && n == 120000);
    assert_true(parse_milliseconds(TEXT("20"), &n) && n == 20000);
    assert_false(parse_milliseconds(TEXT("20min"), &n));
}

static void pieces_are_cut_one_by_one(void **state)
{
    slice rest = TEXT("a,,b"), piece;
    assert_true(slice_next(&rest, ',', &piece));
    assert_slice(piece, "a");
    assert_true(slice_next(&rest, ',', &piece));
    assert_slice(piece, "");
    assert_true(slice_next(&rest, ',', &piece));
    assert_slice(piece, "b");
    assert_false(slice_next(&rest, ',', &piece));
}

static void hexadecimal_is_read_in_a_strict_way(void **state)
{
    static const char *const wrong[] = {"a",    "ab1",   "zz",   "a b1",   " ab1",
                                        "ab 1", "ab\n1", "0x12", "ab  1c", "a-b1"};
    uint8_t out[8];
    char text[9];
    for (size_t i = 0; i < APP_LEN(wrong); i++)
        assert_false(hex_decode(wrong[i], strlen(wrong[i]), out));
    assert_false(hex_decode("ab\0c", 4, out));
    assert_true(hex_decode("", 0, out));
    assert_true(hex_decode("00fFa9C1", 8, out));
    hex_encode(out, 4, text);
    assert_string_equal(text, "00ffa9c1");
    hex_encode(out, 0, text);
    assert_string_equal(text, "");
}

/* Examples of FIPS 180-4, and lengths around the end of a block against one call. */
static void digests_are_right(void **state)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    uint8_t digest[DIGEST_SIZE], pieces[DIGEST_SIZE];
    static uint8_t data[5000];
    char hex[65];
    for (size_t i = 0; i < APP_LEN(cases); i++) {
        assert_true(digest_of(cases[i].text, strlen(cases[i].text), digest));
        hex_encode(digest, sizeof digest, hex);
        assert_string_equal(hex, cases[i].hex);
    }
    memset(data, 'x', sizeof data);
    for (size_t n = 0; n <= sizeof data; n += n < 200 ? 1 : 97) {
        digester d;
        assert_true(digest_of(data, n, digest));
        digest_begin(&d);
        for (size_t i = 0; i < n; i += 7)
            digest_add(&d, data + i, n - i < 7 ? n - i : 7);
        assert_true(digest_end(&d, pieces));
        assert_memory_equal(digest, pieces, sizeof digest);
    }
}

static void secrets_are_compared(void **state)
{
    assert_true(equal_secret("abc", "abc", 3));
    assert_false(equal_secret("abc", "abd", 3));
    assert_false(equal_secret("abc", "bbc", 3));
}

static void style_ids_have_a_form(void **state)
{
    assert_true(is_style_id(TEXT("starry_night-2")));
    assert_false(is_style_id(TEXT("")));
    assert_false(is_style_id(TEXT("../x")));
    assert_false(is_style_id(TEXT("Starry")));
    assert_false(is_style_id(TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(traces_are_read_in_a_strict_way),
        cmocka_unit_test(base64_goes_both_ways),
        cmocka_unit_test(base64_is_read_in_a_strict_way),
        cmocka_unit_test(base64_may_have_blanks_and_the_digits_of_urls),
        cmocka_unit_test(json_takes_any_text),
        cmocka_unit_test(json_has_bytes_in_front),
        cmocka_unit_test(a_buffer_refuses_what_cannot_be),
        cmocka_unit_test(numbers_are_read_whole_or_not),
        cmocka_unit_test(sizes_and_times_have_units),
        cmocka_unit_test(pieces_are_cut_one_by_one),
        cmocka_unit_test(hexadecimal_is_read_in_a_strict_way),
        cmocka_unit_test(digests_are_right),
        cmocka_unit_test(secrets_are_compared),
        cmocka_unit_test(style_ids_have_a_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
