/* Against the examples of "Authenticating Requests: Using the Authorization Header" in the documentation of S3. */
#include "remote/sigv4.h"

#include <stdio.h>

#include "check.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HOST                                                                                                 \
    {                                                                                                        \
        "host", "examplebucket.s3.amazonaws.com"                                                             \
    }
#define HASH                                                                                                 \
    {                                                                                                        \
        "x-amz-content-sha256", EMPTY                                                                        \
    }
#define DATE                                                                                                 \
    {                                                                                                        \
        "x-amz-date", "20130524T000000Z"                                                                     \
    }

static void check(const char *method, const char *path, const char *query, const sigv4_header *headers,
                  size_t count, const char *payload, const char *signature)
{
    const sigv4_request q = {.access_key = "AKIAIOSFODNN7EXAMPLE",
                             .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                             .region = "us-east-1",
                             .service = "s3",
                             .method = method,
                             .path = path,
                             .query = query,
                             .headers = headers,
                             .header_count = count,
                             .payload = payload,
                             .date = "20130524T000000Z"};
    buf out = {0};
    assert_true(sigv4_sign(&q, &out));
    assert_non_null(strstr(out.data, "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"));
    assert_string_equal(strstr(out.data, "Signature=") + 10, signature);
    buf_free(&out);
}

static void an_object_is_read(void **state)
{
    const sigv4_header h[] = {HOST, {"range", "bytes=0-9"}, HASH, DATE};
    check("GET", "/test.txt", "", h, 4, EMPTY,
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

static void an_object_is_written(void **state)
{
    static const char digest[] = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    const sigv4_header h[] = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                              HOST,
                              {"x-amz-content-sha256", digest},
                              DATE,
                              {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    check("PUT", "/test%24file.text", "", h, 5, digest,
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void a_name_without_value_is_signed(void **state)
{
    const sigv4_header h[] = {HOST, HASH, DATE};
    check("GET", "/", "lifecycle=", h, 3, EMPTY,
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

static void a_bucket_is_listed(void **state)
{
    const sigv4_header h[] = {HOST, HASH, DATE};
    check("GET", "/", "max-keys=2&prefix=J", h, 3, EMPTY,
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void a_secret_that_is_too_long_is_refused(void **state)
{
    char secret[400];
    buf out = {0};
    memset(secret, 'x', sizeof secret - 1);
    secret[sizeof secret - 1] = '\0';
    const sigv4_header h[] = {HOST};
    const sigv4_request q = {"a", secret, "r", "s3", "GET", "/", "", h, 1, EMPTY, "20130524T000000Z"};
    assert_false(sigv4_sign(&q, &out));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_read),
        cmocka_unit_test(an_object_is_written),
        cmocka_unit_test(a_name_without_value_is_signed),
        cmocka_unit_test(a_bucket_is_listed),
        cmocka_unit_test(a_secret_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
