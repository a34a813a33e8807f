#include "base/multipart.h"

#include "check.h"

static void the_boundary_is_found(void **state)
{
    slice b;
    assert_true(multipart_boundary(TEXT("multipart/form-data; boundary=abc"), &b));
    assert_slice(b, "abc");
    assert_true(multipart_boundary(TEXT("Multipart/Form-Data; charset=utf-8; boundary=\"a b;c\""), &b));
    assert_slice(b, "a b;c");
    static const char *const wrong[] = {
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=abc",
        "multipart/form-data; boundary=\"abc",
        "text/plain; boundary=abc",
        ("multipart/form-data; boundary=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeee"
         "eeeffffffffffgggggggggghh")};
    for (size_t i = 0; i < APP_LEN(wrong); i++)
        assert_false(multipart_boundary(TEXT(wrong[i]), &b));
}

static void parts_are_split(void **state)
{
    const char body[] =
        "preamble\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--B  \r\n"
        "content-type: image/png\r\nContent-Disposition: form-data; name=f; filename=\"x.png\"\r\n\r\n"
        "\r\n--b\r\n\r\n--B--\r\n";
    part p[4];
    size_t n;
    assert_null(multipart_split((slice){body, sizeof body - 1}, TEXT("B"), p, 4, &n));
    assert_int_equal(n, 2);
    assert_slice(p[0].name, "a");
    assert_slice(p[0].data, "one");
    assert_null(p[0].filename.data);
    assert_slice(p[1].name, "f");
    assert_slice(p[1].filename, "x.png");
    assert_slice(p[1].type, "image/png");
    assert_slice(p[1].data, "\r\n--b\r\n");
}

static void an_empty_form_is_a_form(void **state)
{
    part p[1];
    size_t n = 9;
    assert_null(multipart_split(TEXT("--B--"), TEXT("B"), p, 1, &n));
    assert_int_equal(n, 0);
}

static void broken_forms_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "--B",
        "--B\r\n",
        "--C--",
        "--B\r\nContent-Disposition: form-data; name=a\r\n\r\none",        /* no end */
        "--B\r\nContent-Disposition: form-data\r\n\r\none\r\n--B--",       /* no name */
        "--B\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--B--", /* not a form's */
        "--B\r\nX-Other: 1\r\n\r\none\r\n--B--",                           /* no disposition */
        "--B\r\nnonsense\r\n\r\none\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=a\r\n--B--", /* header goes on */
        "--B junk\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--B--",
    };
    part p[4];
    size_t n;
    for (size_t i = 0; i < APP_LEN(wrong); i++)
        assert_non_null(multipart_split(TEXT(wrong[i]), TEXT("B"), p, 4, &n));
}

static void the_number_of_parts_is_bounded(void **state)
{
    const char body[] = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B\r\n"
                        "Content-Disposition: form-data; name=b\r\n\r\n2\r\n--B--";
    part p[1];
    size_t n;
    assert_non_null(multipart_split((slice){body, sizeof body - 1}, TEXT("B"), p, 1, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_boundary_is_found),          cmocka_unit_test(parts_are_split),
        cmocka_unit_test(an_empty_form_is_a_form),        cmocka_unit_test(broken_forms_are_refused),
        cmocka_unit_test(the_number_of_parts_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
