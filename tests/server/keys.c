#include "http/keys.h"

#include <stdlib.h>

#include "check.h"

#define DIGEST_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void keys_are_read_and_found(void **state)
{
    char message[200];
    keys k;
    api_key found;
    keys_init(&k);
    k.list = keys_parse(TEXT("# people\n\nuser anna " DIGEST_OF_ABC "\r\nadmin  root "
                             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                        &k.count, message, sizeof message);
    assert_non_null(k.list);
    assert_int_equal(k.count, 2);
    assert_true(keys_find(&k, TEXT("abc"), &found));
    assert_string_equal(found.name, "anna");
    assert_false(found.admin);
    assert_true(keys_find(&k, TEXT(""), &found) && found.admin);
    assert_false(keys_find(&k, TEXT("abd"), &found));
    keys_free(&k);
}

static void wrong_lines_are_told(void **state)
{
    static const char *const wrong[] = {
        "user anna", "boss anna " DIGEST_OF_ABC, "user anna " DIGEST_OF_ABC " more",
        "user anna zz7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "user anna ba78"};
    char message[200];
    size_t count;
    for (size_t i = 0; i < APP_LEN(wrong); i++) {
        message[0] = '\0';
        assert_null(keys_parse(TEXT(wrong[i]), &count, message, sizeof message));
        assert_non_null(strstr(message, "line 1"));
    }
}

static void a_file_without_keys_lets_nobody_in(void **state)
{
    char message[200] = "";
    api_key found;
    keys k;
    keys_init(&k);
    k.list = keys_parse(TEXT("# all were withdrawn\n\n"), &k.count, message, sizeof message);
    assert_non_null(k.list);
    assert_int_equal(k.count, 0);
    assert_false(keys_find(&k, TEXT("abc"), &found));
    keys_free(&k);
}

static void a_missing_file_is_told(void **state)
{
    char message[200] = "";
    keys k;
    keys_init(&k);
    assert_false(keys_load(&k, "/nonexistent/keys", message, sizeof message));
    assert_non_null(strstr(message, "/nonexistent/keys"));
    assert_false(k.needed);
    keys_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_read_and_found),
        cmocka_unit_test(wrong_lines_are_told),
        cmocka_unit_test(a_file_without_keys_lets_nobody_in),
        cmocka_unit_test(a_missing_file_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
