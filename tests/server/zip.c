#include "api/zip.h"

#include "check.h"

static uint32_t get(const char *p, int bytes)
{
    uint32_t v = 0;
    for (int i = bytes - 1; i >= 0; i--)
        v = v << 8 | (uint8_t)p[i];
    return v;
}

/* The check value of CRC-32 in its catalogues. */
static void the_checksum_is_right(void **state)
{
    zip z = {.count = 0};
    buf out = {0};
    zip_add(&z, &out, "a", "123456789", 9);
    assert_int_equal(get(out.data + 14, 4), 0xcbf43926);
    zip_free(&z);
    buf_free(&out);
}

static void entries_are_where_the_directory_says(void **state)
{
    zip z = {.count = 0};
    buf out = {0};
    zip_add(&z, &out, "a.txt", "hello", 5);
    zip_add(&z, &out, "b.txt", "", 0);
    zip_end(&z, &out);
    const char *end = out.data + out.size - 22;
    assert_int_equal(get(end, 4), 0x06054b50);
    assert_int_equal(get(end + 10, 2), 2);
    const char *entry = out.data + get(end + 16, 4);
    assert_int_equal(get(entry, 4), 0x02014b50);
    assert_int_equal(get(entry + 24, 4), 5);
    const char *local = out.data + get(entry + 42, 4);
    assert_int_equal(get(local, 4), 0x04034b50);
    assert_memory_equal(local + 30, "a.txthello", 10);
    entry += 46 + 5;
    local = out.data + get(entry + 42, 4);
    assert_memory_equal(local + 30, "b.txt", 5);
    assert_ptr_equal(entry + 46 + 5, end);
    zip_free(&z);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checksum_is_right),
        cmocka_unit_test(entries_are_where_the_directory_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
