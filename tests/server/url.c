#include "base/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "remote/s3_keys.h"
#include "remote/s3_xml.h"
#ifdef SERVER_HAVE_REMOTE
#include "remote/redis.h"
#endif

static void secrets_are_masked(void **state)
{
    static const char *const pairs[][2] = {{"redis://a:b@host/1", "redis://a:***@host/1"},
                                           {"redis://:b@host", "redis://:***@host"},
                                           {"redis://token@host", "redis://***@host"},
                                           {"redis://host:1/2", "redis://host:1/2"},
                                           {"a:b@c@host", "a:***@host"},
                                           {"redis://a:b/c@host", "redis://a:***@host"}};
    char out[64];
    for (size_t i = 0; i < APP_LEN(pairs); i++) {
        url_mask(pairs[i][0], out, sizeof out);
        assert_string_equal(out, pairs[i][1]);
    }
    url_mask("redis://a:secret@host", out, 12);
    assert_true(strlen(out) < 12);
}

static void names_are_encoded(void **state)
{
    buf b = {0};
    url_encode(TEXT("a/b c+~\xc3\xa4"), true, &b);
    url_encode(TEXT("/="), false, &b);
    assert_string_equal(b.data, "a/b%20c%2B~%C3%A4%2F%3D");
    buf_free(&b);
}

static void secrets_are_read_from_files(void **state)
{
    char path[] = "/tmp/stylize-secret-XXXXXX", out[SECRET_MAX], message[200] = "";
    const int file = mkstemp(path);
    assert_true(file >= 0 && write(file, "  pass word \nsecond", 19) == 19);
    assert_true(secret_read(path, out, message, sizeof message));
    assert_string_equal(out, "pass word");
    assert_int_equal(ftruncate(file, 0), 0);
    assert_false(secret_read(path, out, message, sizeof message));
    assert_true(message[0]);
    char *large = calloc(1, 5000);
    memset(large, 'x', 4999);
    assert_int_equal(pwrite(file, large, 4999, 0), 4999);
    assert_false(secret_read(path, out, message, sizeof message));
    free(large);
    close(file);
    unlink(path);
    assert_false(secret_read(path, out, message, sizeof message));
}

#ifdef SERVER_HAVE_REMOTE
static bool parse(const char *text, service_url *u)
{
    char message[200] = "";
    const bool ok = url_parse(TEXT(text), u, message, sizeof message);
    assert_true(ok || message[0]);
    assert_null(strstr(message, "s3cret")); /* whatever is wrong */
    return ok;
}

static void addresses_are_read(void **state)
{
    service_url u;
    assert_true(parse("redis://anna:s3cret@redis.example:7000/3", &u));
    assert_string_equal(u.scheme, "redis");
    assert_string_equal(u.user, "anna");
    assert_string_equal(u.password, "s3cret");
    assert_string_equal(u.host, "redis.example");
    assert_int_equal(u.port, 7000);
    assert_string_equal(u.path, "/3");
    assert_true(parse("rediss://:p%40ss%2fword@[::1]", &u));
    assert_string_equal(u.user, "");
    assert_string_equal(u.password, "p@ss/word");
    assert_string_equal(u.host, "::1");
    assert_true(u.port == 0 && u.path[0] == '\0');
    assert_true(parse("file:///srv/pictures", &u));
    assert_string_equal(u.path, "/srv/pictures");
}

static void bad_addresses_are_refused(void **state)
{
    service_url u;
    static const char *const bad[] = {"",
                                      "redis",
                                      "redis:",
                                      "://host",
                                      "redis://",
                                      "redis://s3cret@",
                                      "redis://a:s3cret@host:port",
                                      "redis://host:0",
                                      "redis://host:65536",
                                      "redis://[::1",
                                      "redis://[::1]x",
                                      "redis://ho st",
                                      "redis://a:s3cret%zz@host",
                                      "redis://a:s3cret%00@host",
                                      "redis://a:s3cret%4@host",
                                      "redis://host/?db=s3cret",
                                      "redis://host/1#s3cret",
                                      "redis://h\xc3\xb6st",
                                      "averyveryverylongscheme://host"};
    for (size_t i = 0; i < APP_LEN(bad); i++)
        assert_false(parse(bad[i], &u));
    char large[1200] = "redis://host/";
    memset(large + strlen(large), 'a', 1000);
    large[1013] = '\0';
    assert_false(parse(large, &u));
}

static void redis_addresses_name_a_database(void **state)
{
    redis_address a;
    char message[200];
    assert_true(redis_address_parse(TEXT("rediss://host/15"), &a, message, sizeof message));
    assert_true(a.tls && a.database == 15 && a.url.port == 6379);
    assert_true(redis_address_parse(TEXT("redis://host"), &a, message, sizeof message));
    assert_true(!a.tls && a.database == 0);
    static const char *const bad[] = {"http://host", "redis://host/x", "redis://host/1/2", "redis:///1"};
    for (size_t i = 0; i < APP_LEN(bad); i++)
        assert_false(redis_address_parse(TEXT(bad[i]), &a, message, sizeof message));
}
#endif

static void xml_is_read(void **state)
{
    slice inside, rest = TEXT("<A><K>1</K><K>a&amp;b&#x2F;&#47;</K></A><Code>SlowDown</Code>");
    char text[16];
    assert_true(xml_find(rest, "Code", &inside) && xml_text(inside, text, sizeof text));
    assert_string_equal(text, "SlowDown");
    assert_true(xml_next(&rest, "K", &inside) && xml_text(inside, text, sizeof text));
    assert_string_equal(text, "1");
    assert_true(xml_next(&rest, "K", &inside) && xml_text(inside, text, sizeof text));
    assert_string_equal(text, "a&b//");
    assert_false(xml_next(&rest, "K", &inside));
    assert_false(xml_find(TEXT("<K>no end"), "K", &inside));
    static const char *const bad[] = {"&",     "&amp", "&nothing;", "&#0;",
                                      "&#xx;", "a<b",  "&#300;",    "0123456789abcdef"};
    for (size_t i = 0; i < APP_LEN(bad); i++)
        assert_false(xml_text(TEXT(bad[i]), text, sizeof text));
}

static void credentials_are_read(void **state)
{
    s3_keys k;
    assert_true(
        s3_keys_parse(TEXT("# mine\n[other]\naws_access_key_id=no\n[default]\naws_access_key_id = AK \n"
                           "aws_secret_access_key=s/k=\naws_session_token = t==\r\n[x]\naws_access_key_id=y"),
                      &k));
    assert_string_equal(k.access, "AK");
    assert_string_equal(k.secret, "s/k=");
    assert_string_equal(k.token, "t==");
    assert_true(s3_keys_parse(TEXT("aws_access_key_id=a\naws_secret_access_key=b"), &k));
    assert_string_equal(k.token, "");
    assert_false(s3_keys_parse(TEXT("[default]\naws_access_key_id=a"), &k));
    assert_false(s3_keys_parse(TEXT("[default]\naws_access_key_id=\naws_secret_access_key=b"), &k));
    assert_false(s3_keys_parse(TEXT(""), &k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_masked),
        cmocka_unit_test(names_are_encoded),
        cmocka_unit_test(secrets_are_read_from_files),
#ifdef SERVER_HAVE_REMOTE
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(bad_addresses_are_refused),
        cmocka_unit_test(redis_addresses_name_a_database),
#endif
        cmocka_unit_test(xml_is_read),
        cmocka_unit_test(credentials_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
