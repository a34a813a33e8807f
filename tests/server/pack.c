/* Answers as gzip: who takes them, and that what is unpacked is what was packed. */
#include "http/pack.h"

#include <zlib.h>

#include "check.h"

static bool allowed(const char *list) { return pack_allowed(slice_of(list)); }

static void gzip_is_for_who_takes_it(void **state)
{
    (void)state;
    assert_true(allowed("gzip") && allowed("br, GZIP;q=0.8") && allowed("x-gzip") && allowed("*"));
    assert_true(allowed("deflate, gzip;q=0.001, *;q=0"));
    assert_false(allowed("") || allowed("br") || allowed("identity") || allowed("gzip;q=0"));
    assert_false(allowed("*, gzip;q=0") || allowed("*;q=0") || allowed("gzippy") || allowed(",;,"));
}

static void what_is_unpacked_is_what_was_packed(void **state)
{
    (void)state;
    enum { SIZE = 5000 };
    char in[SIZE], out[SIZE + 1];
    buf small = {0};
    for (int i = 0; i < SIZE; i++)
        in[i] = (char)('a' + i % 7);
    assert_true(pack_gzip((slice){in, SIZE}, &small) && small.size < SIZE / 10);
    z_stream z = {.next_in = (Bytef *)small.data,
                  .avail_in = (uInt)small.size,
                  .next_out = (Bytef *)out,
                  .avail_out = sizeof out};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.total_out, SIZE);
    assert_memory_equal(in, out, SIZE);
    inflateEnd(&z);
    buf_free(&small);
}

static void what_gets_no_smaller_stays(void **state)
{
    (void)state;
    buf small = {0};
    static const char *const texts[] = {"", "a", "ab", "no word twice"};
    for (size_t i = 0; i < APP_LEN(texts); i++) {
        assert_false(pack_gzip(slice_of(texts[i]), &small));
        assert_true(!small.data && !small.size && !small.failed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_is_for_who_takes_it),
        cmocka_unit_test(what_is_unpacked_is_what_was_packed),
        cmocka_unit_test(what_gets_no_smaller_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
