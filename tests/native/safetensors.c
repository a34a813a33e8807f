#include "base/safetensors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "blob.h"

/* The header must be refused with an error that holds `text`. */
static void refuse(const char *header, size_t data_size, const char *text)
{
    blob b = blob_make(header, data_size);
    stz_safetensors *file = (void *)1;
    stylize_error err = {0};
    assert_int_equal(stz_safetensors_parse(b.data, b.size, &file, &err), STYLIZE_ERR_MODEL);
    assert_null(file);
    assert_int_equal(err.status, STYLIZE_ERR_MODEL);
    if (!strstr(err.message, text))
        fail_msg("\"%s\" does not hold \"%s\"", err.message, text);
    assert_int_equal(stz_safetensors_parse(b.data, b.size, &file, NULL), STYLIZE_ERR_MODEL);
    free(b.data);
}

static void test_reads(void **state)
{
    blob b = blob_make("{\"__metadata__\":{\"name\":\"x\",\"graph\":\"[]\"},"
                       "\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[24,30]},"
                       "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                       "\"none\":{\"dtype\":\"I32\",\"shape\":[4,0],\"data_offsets\":[24,24]},"
                       "\"q\":{\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[30,31]}}",
                       31);
    const float five = 5;
    memcpy(b.data + b.size - 31 + 20, &five, 4);
    stz_safetensors *file;
    stylize_error err;
    assert_int_equal(stz_safetensors_parse(b.data, b.size, &file, &err), STYLIZE_OK);
    assert_int_equal(stz_safetensors_count(file), 4);
    const stz_tensor *w = stz_safetensors_find(file, "w");
    assert_non_null(w);
    assert_int_equal(w->dtype, STZ_DTYPE_F32);
    assert_int_equal(w->dims, 2);
    assert_int_equal(w->shape[0], 2);
    assert_int_equal(w->shape[1], 3);
    assert_int_equal(w->count, 6);
    assert_true(((const float *)w->data)[5] == 5);
    assert_ptr_equal(stz_safetensors_at(file, 0), w);
    assert_string_equal(stz_safetensors_at(file, 1)->name, "none");
    assert_int_equal(stz_safetensors_find(file, "h")->dtype, STZ_DTYPE_F16);
    assert_int_equal(stz_safetensors_find(file, "q")->dims, 0);
    assert_int_equal(stz_safetensors_find(file, "q")->count, 1);
    assert_string_equal(stz_safetensors_meta(file, "name"), "x");
    assert_null(stz_safetensors_find(file, "W"));
    assert_null(stz_safetensors_find(file, "__metadata__"));
    assert_null(stz_safetensors_find(file, NULL));
    assert_null(stz_safetensors_at(file, 4));
    assert_null(stz_safetensors_at(file, -1));
    assert_null(stz_safetensors_meta(file, "w"));
    assert_null(stz_safetensors_meta(file, NULL));
    stz_safetensors_close(file);
    stz_safetensors_close(NULL);
    free(b.data);
}

static void test_empty(void **state)
{
    blob b = blob_make("{}", 0);
    stz_safetensors *file;
    assert_int_equal(stz_safetensors_parse(b.data, b.size, &file, NULL), STYLIZE_OK);
    assert_int_equal(stz_safetensors_count(file), 0);
    assert_null(stz_safetensors_meta(file, "name"));
    stz_safetensors_close(file);
    free(b.data);
}

#define ONE(dtype, shape, offsets)                                                                           \
    "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define TWO(a, b)                                                                                            \
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" a "},"                                       \
    "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":" b "}}"

static void test_header_refused(void **state)
{
    refuse("[]", 0, "not a JSON object");
    refuse("{\"a\":", 0, "not valid JSON");
    refuse("", 0, "not valid JSON");
    refuse("{} {}", 0, "not valid JSON");
    refuse("{\"a\":1,\"a\":2}", 0, "duplicate");
    refuse("{\"__metadata__\":{\"k\":\"v\",\"k\":\"w\"}}", 0, "duplicate");
    refuse("{\"__metadata__\":[]}", 0, "metadata is not an object");
    refuse("{\"__metadata__\":{\"k\":1}}", 0, "\"k\" is not text");
    refuse("{\"a\\u0000\":1}", 0, "not valid JSON");
    refuse("{\"a\":7}", 0, "not an object");
}

static void test_tensor_refused(void **state)
{
    refuse(ONE("\"F32\"", "[2]", "[0,8]"), 4, "outside");
    refuse(ONE("\"F32\"", "[2]", "[8,0]"), 8, "outside");
    refuse(ONE("\"F32\"", "[2]", "[0,8]"), 9, "1 bytes after the last tensor");
    refuse(ONE("\"F32\"", "[3]", "[0,8]"), 8, "not as long");
    refuse(ONE("\"F32\"", "[2]", "[4,12]"), 12, "unused bytes");
    refuse(ONE("\"F32\"", "[2]", "[1,9]"), 9, "not aligned");
    refuse(ONE("\"F32\"", "[2]", "[0]"), 8, "data_offsets");
    refuse(ONE("\"F32\"", "[2]", "[0,8,8]"), 8, "data_offsets");
    refuse(ONE("\"F32\"", "[2]", "[-8,0]"), 8, "data_offsets");
    refuse(ONE("\"F32\"", "[2]", "[0.0,8]"), 8, "data_offsets");
    refuse(ONE("\"F32\"", "[-2]", "[0,8]"), 8, "dimension");
    refuse(ONE("\"F32\"", "[2.0]", "[0,8]"), 8, "dimension");
    refuse(ONE("\"F32\"", "2", "[0,8]"), 8, "shape");
    refuse(ONE("\"F32\"", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, "more than 8");
    refuse(ONE("\"F33\"", "[2]", "[0,8]"), 8, "dtype");
    refuse(ONE("4", "[2]", "[0,8]"), 8, "dtype");
    refuse("{\"a\":{}}", 0, "dtype");
    refuse("{\"a\":{\"dtype\":\"F32\"}}", 0, "shape");
    /* products beyond the address space: elements, then bytes */
    refuse(ONE("\"F32\"", "[4294967296,4294967296]", "[0,8]"), 8, "more elements");
    refuse(ONE("\"F32\"", "[4611686018427387904]", "[0,0]"), 0, "not as long");
    refuse(ONE("\"F32\"", "[99999999999999999999]", "[0,8]"), 8, "not valid JSON");
}

static void test_overlap_refused(void **state)
{
    refuse(TWO("[0,8]", "[4,12]"), 12, "\"b\": its data overlaps");
    refuse(TWO("[0,8]", "[0,8]"), 8, "overlaps");
    refuse(TWO("[0,8]", "[12,20]"), 20, "\"b\": unused bytes");
    refuse(TWO("[8,16]", "[0,8]"), 20, "4 bytes after");
}

static void test_count_refused(void **state)
{
    char *header = malloc(4097 * 64), *at = header;
    for (int i = 0; i < 4097; i++)
        at += sprintf(at, "%c\"t%d\":{\"dtype\":\"I8\",\"shape\":[0],\"data_offsets\":[0,0]}", i ? ',' : '{',
                      i);
    strcpy(at, "}");
    refuse(header, 0, "4097 tensors");
    free(header);
}

static void test_lengths_refused(void **state)
{
    blob b = blob_make("{\"__metadata__\":{}}", 0);
    stz_safetensors *file;
    stylize_error err;
    for (size_t size = 0; size < b.size; size++) { /* cut off anywhere; a copy so that overreads are seen */
        uint8_t *cut = malloc(size ? size : 1);
        memcpy(cut, b.data, size);
        assert_int_equal(stz_safetensors_parse(cut, size, &file, &err), STYLIZE_ERR_MODEL);
        free(cut);
    }
    memset(b.data, 0xff, 8);
    assert_int_equal(stz_safetensors_parse(b.data, b.size, &file, &err), STYLIZE_ERR_MODEL);
    assert_non_null(strstr(err.message, "at most"));
    free(b.data);
}

/* The same bytes at an odd address: no tensor there is aligned. */
static void test_odd_memory_refused(void **state)
{
    blob b = blob_make(ONE("\"F32\"", "[2]", "[0,8]"), 8);
    uint8_t *moved = malloc(b.size + 1);
    memcpy(moved + 1, b.data, b.size);
    stz_safetensors *file;
    stylize_error err;
    assert_int_equal(stz_safetensors_parse(moved + 1, b.size, &file, &err), STYLIZE_ERR_MODEL);
    assert_non_null(strstr(err.message, "not aligned"));
    free(moved);
    free(b.data);
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    fclose(f);
}

static void test_open(void **state)
{
    char path[] = "/tmp/stylize-safetensors-XXXXXX";
    blob b = blob_make(ONE("\"F32\"", "[2]", "[0,8]"), 8);
    stz_safetensors *file;
    stylize_error err;
    close(mkstemp(path));
    assert_int_equal(stz_safetensors_open(path, &file, &err), STYLIZE_ERR_MODEL); /* empty */
    assert_null(file);
    write_file(path, b.data, b.size);
    assert_int_equal(stz_safetensors_open(path, &file, &err), STYLIZE_OK);
    assert_int_equal(stz_safetensors_find(file, "a")->count, 2);
    stz_safetensors_close(file);
    write_file(path, b.data, b.size - 1);
    assert_int_equal(stz_safetensors_open(path, &file, &err), STYLIZE_ERR_MODEL);
    assert_non_null(strstr(err.message, path));
    unlink(path);
    assert_int_equal(stz_safetensors_open(path, &file, &err), STYLIZE_ERR_IO);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(stz_safetensors_open("/tmp", &file, &err), STYLIZE_ERR_IO);
    assert_int_equal(stz_safetensors_open("/dev/null", &file, &err), STYLIZE_ERR_IO);
    free(b.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_header_refused),
        cmocka_unit_test(test_tensor_refused),
        cmocka_unit_test(test_overlap_refused),
        cmocka_unit_test(test_count_refused),
        cmocka_unit_test(test_lengths_refused),
        cmocka_unit_test(test_odd_memory_refused),
        cmocka_unit_test(test_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
