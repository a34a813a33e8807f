#include "jobs/celery.h"

#include <jansson.h>
#include <stdlib.h>

#include "check.h"

static json_t *parse(const buf *b)
{
    json_t *root = json_loadb(b->data, b->size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    return root;
}

/* The body of a message, out of its base64. */
static json_t *body_of(const json_t *message)
{
    const char *text = json_string_value(json_object_get(message, "body"));
    size_t size;
    uint8_t *bytes = malloc(strlen(text) + 1);
    assert_true(base64_decode(text, strlen(text), bytes, &size));
    json_t *body = json_loadb((char *)bytes, size, 0, NULL);
    free(bytes);
    assert_non_null(body);
    return body;
}

static const char *text_at(const json_t *root, const char *first, const char *second)
{
    return json_string_value(json_object_get(json_object_get(root, first), second));
}

static void a_message_has_protocol_2(void **state)
{
    const params_limits limits = {512, 4096};
    params p;
    buf out = {0};
    params_init(&p, &limits);
    p.format = STYLIZE_FORMAT_PNG;
    p.style_count = 1;
    strcpy(p.styles[0].id, "scream");
    trace belongs;
    trace_read(&belongs, TEXT("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), TEXT("a=1,b=2"));
    const celery_task t = {.id = "0123456789abcdef01234567",
                           .queue = "stylize",
                           .params = &p,
                           .trace = &belongs,
                           .content = "s3://b/jobs/\"quoted\"/content",
                           .result = "s3://b/r.png",
                           .expires = 1700000000};
    assert_true(celery_message(&t, &out));
    json_t *root = parse(&out), *body = body_of(root);
    assert_string_equal(text_at(root, "headers", "task"), "stylize.paint");
    assert_string_equal(text_at(root, "headers", "id"), t.id);
    assert_string_equal(text_at(root, "headers", "root_id"), t.id);
    assert_string_equal(text_at(root, "headers", "expires"), "2023-11-14T22:13:20+00:00");
    assert_string_equal(text_at(root, "properties", "correlation_id"), t.id);
    assert_string_equal(text_at(root, "properties", "body_encoding"), "base64");
    const char *parent = text_at(root, "headers", "traceparent");
    assert_memory_equal(parent, "00-0af7651916cd43dd8448eb211c80319c-", 36);
    assert_string_equal(parent + 52, "-01");
    assert_memory_not_equal(parent + 36, "b7ad6b7169203331", 16); /* a span of our own */
    assert_string_equal(text_at(root, "headers", "tracestate"), "a=1,b=2");
    assert_int_equal(json_array_size(body), 3);
    const json_t *kwargs = json_array_get(body, 1);
    assert_string_equal(json_string_value(json_object_get(kwargs, "content")), t.content);
    assert_string_equal(json_string_value(json_object_get(kwargs, "style_id")), "scream");
    assert_null(json_object_get(kwargs, "style"));
    assert_string_equal(text_at(kwargs, "options", "output_format"), "png");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(kwargs, "options"), "output_size")),
                     512);
    json_decref(body);
    json_decref(root);
    buf_free(&out);
}

static void blends_and_pictures_are_named(void **state)
{
    const params_limits limits = {512, 4096};
    params p;
    buf out = {0};
    params_init(&p, &limits);
    p.format = STYLIZE_FORMAT_JPEG;
    p.size = 0;
    p.width = 64;
    p.height = 32;
    p.style_count = 2;
    strcpy(p.styles[0].id, "a");
    strcpy(p.styles[1].id, "b");
    p.styles[0].weight = 0.25f;
    p.styles[1].weight = 0.75f;
    celery_task t = {.id = "id", .queue = "q", .params = &p, .content = "file:///c", .result = "file:///r"};
    assert_true(celery_message(&t, &out));
    json_t *root = parse(&out), *body = body_of(root);
    const json_t *styles = json_object_get(json_array_get(body, 1), "styles");
    assert_int_equal(json_array_size(styles), 2);
    assert_true(json_number_value(json_object_get(json_array_get(styles, 1), "weight")) == 0.75);
    json_decref(body);
    json_decref(root);
    buf_free(&out);
    p.style_count = 1;
    t.style = "file:///s";
    assert_true(celery_message(&t, &out));
    root = parse(&out);
    body = body_of(root);
    assert_string_equal(json_string_value(json_object_get(json_array_get(body, 1), "style")), "file:///s");
    assert_null(json_object_get(json_array_get(body, 1), "styles"));
    json_decref(body);
    json_decref(root);
    buf_free(&out);
}

/* The kwargs of a message, as text. */
static char *kwargs_text(const celery_task *t)
{
    buf out = {0};
    assert_true(celery_message(t, &out));
    json_t *root = parse(&out), *body = body_of(root), *kwargs = json_array_get(body, 1);
    json_object_del(kwargs, "options");
    char *text = json_dumps(kwargs, JSON_COMPACT);
    json_decref(body);
    json_decref(root);
    buf_free(&out);
    return text;
}

static void expect_kwargs(const celery_task *t, const char *expected)
{
    char *text = kwargs_text(t);
    assert_string_equal(text, expected);
    free(text);
}

static void masks_stand_with_their_styles(void **state)
{
    const params_limits limits = {512, 4096};
    const slice mask = {"a mask", 6};
    params p;
    params_init(&p, &limits);
    p.format = STYLIZE_FORMAT_JPEG;
    p.style_count = 1;
    p.styles[0] = (style_choice){.id = "a", .weight = 1};
    celery_task t = {.id = "id", .queue = "q", .params = &p, .content = "file:///c", .result = "file:///r"};
    p.mask_count = 1; /* an empty one is none */
    expect_kwargs(&t, "{\"content\":\"file:///c\",\"result\":\"file:///r\",\"style_id\":\"a\"}");
    p.masks[0] = mask;
    t.masks[0] = "file:///m1";
    expect_kwargs(&t, "{\"content\":\"file:///c\",\"result\":\"file:///r\","
                      "\"styles\":[{\"style_id\":\"a\",\"weight\":1.0,\"mask\":\"file:///m1\"}]}");
    t.style = "file:///s";
    expect_kwargs(&t, "{\"content\":\"file:///c\",\"result\":\"file:///r\","
                      "\"styles\":[{\"style\":\"file:///s\",\"weight\":1.0,\"mask\":\"file:///m1\"}]}");
    t.style = t.masks[0] = NULL;
    t.masks[1] = "file:///m2";
    p.style_count = p.mask_count = 2;
    p.styles[1] = (style_choice){.id = "b", .weight = 0.5f};
    p.masks[0] = (slice){0};
    p.masks[1] = mask;
    expect_kwargs(&t, "{\"content\":\"file:///c\",\"result\":\"file:///r\","
                      "\"styles\":[{\"style_id\":\"a\",\"weight\":1.0},"
                      "{\"style_id\":\"b\",\"weight\":0.5,\"mask\":\"file:///m2\"}]}");
}

static void revoking_is_a_broadcast(void **state)
{
    buf out = {0};
    assert_true(celery_revoke("the-id", &out));
    json_t *root = parse(&out), *body = body_of(root);
    assert_string_equal(json_string_value(json_object_get(body, "method")), "revoke");
    assert_string_equal(text_at(body, "arguments", "task_id"), "the-id");
    assert_true(json_is_null(json_object_get(body, "destination")));
    json_decref(body);
    json_decref(root);
    buf_free(&out);
    celery_result r;
    assert_true(celery_revoked("the-id", &out) && celery_result_read((slice){out.data, out.size}, &r));
    assert_int_equal(r.state, CELERY_REVOKED);
    buf_free(&out);
}

static celery_result result_of(const char *json, bool good)
{
    celery_result r;
    assert_int_equal(celery_result_read(TEXT(json), &r), good);
    return r;
}

static problem failure_of(const char *type, const char *text)
{
    char json[400];
    snprintf(json, sizeof json,
             "{\"status\": \"FAILURE\", \"result\": {\"exc_type\": \"%s\", \"exc_message\": [\"%s\"]}}", type,
             text);
    return result_of(json, true).problem;
}

/* What is wrong with the request is said; where things lie here is not. */
static void failures_name_no_places(void **state)
{
    problem p = failure_of("NotFoundError", "there is no style x");
    assert_int_equal(p.status, 422);
    assert_string_equal(p.message, "there is no style x");
    p = failure_of("NotFoundError", "there is no file /srv/jobs/1/content");
    assert_int_equal(p.status, 500);
    assert_null(strstr(p.message, "srv"));
    p = failure_of("TransferError", "s3://ours/jobs/1/content: 503 SlowDown");
    assert_int_equal(p.status, 503);
    assert_string_equal(p.code, "transfer_failed");
    assert_null(strstr(p.message, "ours"));
}

static void results_are_read(void **state)
{
    celery_result r = result_of("{\"status\": \"PROGRESS\", \"result\": {\"done\": 0.4}}", true);
    assert_true(r.state == CELERY_RUNNING && r.done == 0.4);
    assert_int_equal(result_of("{\"status\": \"STARTED\", \"result\": {\"pid\": 1}}", true).state,
                     CELERY_RUNNING);
    assert_int_equal(result_of("{\"status\": \"RETRY\", \"result\": null}", true).state, CELERY_WAITING);
    r = result_of(
        "{\"status\": \"SUCCESS\", \"result\": {\"width\": 640, \"height\": 480, \"tiles\": 1, "
        "\"engine\": \"native\", \"model\": \"br\\\"u\\nsh\", \"seconds\": 0.5, \"strength\": 0.25}}",
        true);
    assert_true(r.state == CELERY_DONE && r.width == 640 && r.height == 480 && r.seconds == 0.5);
    assert_true(r.strength == 0.25);
    assert_string_equal(r.engine, "native");
    assert_string_equal(r.model, "br_u_sh");
    r = result_of("{\"status\": \"SUCCESS\", \"result\": {\"engine\": null, \"tiles\": null, \"width\": -3}}",
                  true);
    assert_true(r.state == CELERY_DONE && r.width == 0 && !r.engine[0] && r.strength < 0);
}

static void failures_become_answers(void **state)
{
    celery_result r = result_of("{\"status\": \"FAILURE\", \"result\": {\"exc_type\": \"FormatError\", "
                                "\"exc_message\": [\"no picture\"], \"exc_module\": \"stylize\"}}",
                                true);
    assert_true(r.state == CELERY_FAILED && r.problem.status == 422);
    assert_string_equal(r.problem.message, "no picture");
    r = result_of("{\"status\": \"FAILURE\", \"result\": {\"exc_type\": \"KeyError\", "
                  "\"exc_message\": [\"a secret\"]}}",
                  true);
    assert_int_equal(r.problem.status, 500);
    assert_null(strstr(r.problem.message, "secret"));
}

static void nonsense_is_a_failure(void **state)
{
    static const char *const bad[] = {"", "null", "[]", "{", "{\"status\": 3}", "{\"status\": \"PAINTED\"}"};
    for (size_t i = 0; i < APP_LEN(bad); i++) {
        const celery_result r = result_of(bad[i], false);
        assert_int_equal(r.state, CELERY_FAILED);
        assert_int_equal(r.problem.status, 500);
    }
    const celery_result r = result_of("{\"status\": \"PROGRESS\", \"result\": {\"done\": 1e308}}", true);
    assert_true(r.done == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_has_protocol_2),      cmocka_unit_test(blends_and_pictures_are_named),
        cmocka_unit_test(masks_stand_with_their_styles), cmocka_unit_test(revoking_is_a_broadcast),
        cmocka_unit_test(failures_name_no_places),       cmocka_unit_test(results_are_read),
        cmocka_unit_test(failures_become_answers),       cmocka_unit_test(nonsense_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
