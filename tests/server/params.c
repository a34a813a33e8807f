#include "paint/params_read.h"

#include <stdio.h>

#include "api/transfer.h"
#include "check.h"

static const params_limits limits = {512, 4096};

static bool set(params *p, const char *name, const char *value, problem *wrong)
{
    return params_set(p, &limits, TEXT(name), TEXT(value), wrong);
}

static void defaults_are_those_of_the_interface(void **state)
{
    params p;
    params_init(&p, &limits);
    assert_int_equal(p.size, 512);
    assert_true(p.strength == 1 && p.allow_degraded && !p.preserve_color && p.style_scale == 1);
    assert_int_equal(p.format, STYLIZE_FORMAT_NONE);
}

static void sizes_have_two_forms(void **state)
{
    params p;
    problem wrong;
    params_init(&p, &limits);
    assert_true(set(&p, "output_size", "640x480", &wrong));
    assert_true(p.size == 0 && p.width == 640 && p.height == 480);
    assert_true(set(&p, "output_size", "1024", &wrong));
    assert_true(p.size == 1024 && p.width == 0 && p.height == 0);
    static const char *const bad[] = {"",      "15",      "4097", "640x",     "x480",
                                      "640x9", "640X480", "1e3",  "640x480x2"};
    for (size_t i = 0; i < APP_LEN(bad); i++) {
        assert_false(set(&p, "output_size", bad[i], &wrong));
        assert_int_equal(wrong.status, 422);
        assert_string_equal(wrong.field, "output_size");
    }
}

static void blends_are_read(void **state)
{
    params p;
    problem wrong;
    params_init(&p, &limits);
    assert_true(set(&p, "styles", "starry_night:0.7, scream", &wrong));
    assert_int_equal(p.style_count, 2);
    assert_string_equal(p.styles[0].id, "starry_night");
    assert_true(p.styles[0].weight == 0.7f && p.styles[1].weight == 1);
    assert_string_equal(p.styles[1].id, "scream");
    assert_false(set(&p, "style_id", "scream", &wrong));
    assert_string_equal(wrong.code, "given_twice");
    params_init(&p, &limits);
    assert_true(
        set(&p, "styles", "scream:0,udnie:1", &wrong)); /* a slider at its end: the library leaves it out */
    assert_true(p.styles[0].weight == 0);
    static const char *const bad[] = {"",  "a:-0.5", "a:-1", "a:x",
                                      "A", "a,,b",   "a/b",  "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"};
    for (size_t i = 0; i < APP_LEN(bad); i++) {
        params_init(&p, &limits);
        assert_false(set(&p, "styles", bad[i], &wrong));
        assert_int_equal(wrong.status, 422);
    }
}

static void every_field_refuses_nonsense(void **state)
{
    static const char *const names[] = {"output_size",  "strength",      "preserve_color", "style_scale",
                                        "look",         "method",        "format",         "quality",
                                        "seed",         "iterations",    "allow_degraded", "style_id",
                                        "output_depth", "keep_metadata", "tolerant"};
    for (size_t i = 0; i < APP_LEN(names); i++) {
        params p;
        problem wrong;
        params_init(&p, &limits);
        assert_false(set(&p, names[i], "Nonsense!", &wrong));
        assert_int_equal(wrong.status, 422);
        assert_string_equal(wrong.field, names[i]);
    }
}

static void depth_metadata_and_tolerance_are_those_of_the_command(void **state)
{
    params p;
    problem wrong;
    params_init(&p, &limits);
    assert_true(p.depth == 8 && !p.keep_metadata && !p.tolerant);
    assert_true(set(&p, "output_depth", "16", &wrong) && p.depth == 16);
    assert_true(set(&p, "tolerant", "true", &wrong) && p.tolerant);
    assert_true(set(&p, "keep_metadata", "copyright, icc", &wrong));
    assert_int_equal(p.keep_metadata, STYLIZE_METADATA_COPYRIGHT | STYLIZE_METADATA_ICC);
    assert_true(set(&p, "keep_metadata", "all", &wrong));
    assert_int_equal(p.keep_metadata, STYLIZE_METADATA_ALL);
    static const char *const bad[][2] = {{"output_depth", "0"},       {"output_depth", "12"},
                                         {"keep_metadata", ""},       {"keep_metadata", "gps"},
                                         {"keep_metadata", "exif,,"}, {"tolerant", "2"}};
    for (size_t i = 0; i < APP_LEN(bad); i++) {
        assert_false(set(&p, bad[i][0], bad[i][1], &wrong));
        assert_string_equal(wrong.field, bad[i][0]);
    }
}

static void masks_on_the_artwork(void **state)
{
    params p;
    problem wrong;
    params_init(&p, &limits);
    assert_true(set(&p, "content_image", "photo", &wrong) && set(&p, "style_image", "art", &wrong));
    assert_false(params_parted(&p));
    assert_true(set(&p, "style_masks", "one", &wrong) && set(&p, "style_masks", "two", &wrong));
    assert_true(set(&p, "masks", "here", &wrong) && set(&p, "masks", "there", &wrong));
    assert_true(params_check(&p, &wrong) && params_parted(&p));
    assert_int_equal(p.style_count, 2); /* the picture once for each */
    assert_slice(p.styles[1].picture, "art");
    assert_true(params_check(&p, &wrong)); /* and not more of them the next time */
    assert_int_equal(p.style_count, 2);
    params_init(&p, &limits);
    assert_true(set(&p, "content_image", "photo", &wrong) && set(&p, "style_id", "scream", &wrong));
    assert_true(set(&p, "style_masks", "one", &wrong));
    assert_false(params_check(&p, &wrong));
    assert_string_equal(wrong.field, "style_masks");
    assert_true(set(&p, "method", "optimize", &wrong) && params_check(&p, &wrong));
    assert_true(set(&p, "style_masks", "two", &wrong));
    assert_false(params_check(&p, &wrong));
    assert_string_equal(wrong.field, "style_masks");
}

static void unknown_fields_are_named(void **state)
{
    params p;
    problem wrong;
    params_init(&p, &limits);
    assert_false(set(&p, "strenght", "1", &wrong));
    assert_string_equal(wrong.code, "unknown_field");
    assert_string_equal(wrong.field, "strenght");
}

static void subjects_are_bounded(void **state)
{
    params p;
    problem wrong;
    char long_one[SUBJECT_MAX + 2];
    params_init(&p, &limits);
    memset(long_one, 'a', sizeof long_one);
    long_one[sizeof long_one - 1] = '\0';
    assert_false(set(&p, "subject", long_one, &wrong));
    assert_false(set(&p, "subject", "a b", &wrong));
    assert_false(set(&p, "subject", "a/b", &wrong));
    assert_true(set(&p, "subject", "user-7@example", &wrong));
    assert_string_equal(p.subject, "user-7@example");
}

static void json_is_read(void **state)
{
    const char body[] =
        "{\"content_image\": \"data:image/png;base64,QUJD\", \"styles\": {\"a\": 0.25, \"b\": 1}, "
        "\"strength\": 0.5, \"preserve_color\": true, \"seed\": 7, \"output_size\": \"64x48\", "
        "\"quality\": null}";
    params p;
    problem wrong;
    buf pictures = {0};
    params_init(&p, &limits);
    assert_true(params_read_json(&p, &limits, TEXT(body), &pictures, &wrong));
    assert_slice(p.content, "ABC");
    assert_int_equal(p.style_count, 2);
    assert_true(p.styles[0].weight == 0.25f);
    assert_true(p.strength == 0.5f && p.preserve_color == 1 && p.seed == 7 && p.width == 64 &&
                p.quality == 0);
    buf_free(&pictures);
}

static void two_pictures_stay_where_they_are(void **state)
{
    const char body[] = "{\"content_image\": \"QUJD\", \"style_image\": \"REVG\"}";
    params p;
    problem wrong;
    buf pictures = {0};
    params_init(&p, &limits);
    assert_true(params_read_json(&p, &limits, TEXT(body), &pictures, &wrong));
    assert_slice(p.content, "ABC");
    assert_slice(p.styles[0].picture, "DEF");
    buf_free(&pictures);
}

static void bad_json_is_refused(void **state)
{
    static const struct {
        const char *body;
        unsigned status;
    } cases[] = {
        {"", 400},
        {"[]", 400},
        {"{", 400},
        {"{\"content_image\": \"QUJD\", \"content_image\": \"QUJD\"}", 400},
        {"{\"content_image\": 5}", 422},
        {"{\"content_image\": \"QU=\"}", 422},
        {"{\"content_image\": \"data:image/png,QUJD\"}", 422},
        {"{\"content_image\": \"QUJD\"}", 422},
        {"{\"content_image\": \"\", \"style_id\": \"a\"}", 422},
        {"{\"content_image\": \"QUJD\", \"styles\": {}}", 422},
        {"{\"content_image\": \"QUJD\", \"styles\": {\"a\": \"x\"}}", 422},
        {"{\"content_image\": \"QUJD\", \"style_id\": [\"a\"]}", 422},
        {"{\"content_image\": \"QUJD\", \"style_id\": \"a\", \"nothing\": 1}", 422},
    };
    for (size_t i = 0; i < APP_LEN(cases); i++) {
        params p;
        problem wrong = {0};
        buf pictures = {0};
        params_init(&p, &limits);
        assert_false(params_read_json(&p, &limits, TEXT(cases[i].body), &pictures, &wrong));
        assert_int_equal(wrong.status, cases[i].status);
        buf_free(&pictures);
    }
}

static void forms_are_read(void **state)
{
    const char body[] =
        "--B\r\nContent-Disposition: form-data; name=content_image; filename=a\r\n\r\nABC\r\n--B\r\n"
        "Content-Disposition: form-data; name=style_image; filename=\"\"\r\n\r\n\r\n--B\r\n"
        "Content-Disposition: form-data; name=style_id\r\n\r\nscream\r\n--B--";
    params p;
    problem wrong;
    params_init(&p, &limits);
    assert_true(params_read_form(&p, &limits, TEXT(body), TEXT("B"), &wrong));
    assert_slice(p.content, "ABC");
    assert_string_equal(p.styles[0].id, "scream");
    params_init(&p, &limits);
    assert_false(params_read_form(&p, &limits, TEXT("--B--"), TEXT("B"), &wrong));
    assert_string_equal(wrong.field, "content_image");
}

static void strength_may_be_auto(void **state)
{
    params p;
    problem wrong;
    params_init(&p, &limits);
    assert_true(set(&p, "strength", "auto", &wrong));
    assert_true(p.strength == STYLIZE_STRENGTH_AUTO);
    assert_true(set(&p, "strength", "0.25", &wrong));
    assert_true(p.strength == 0.25f);
    assert_false(set(&p, "strength", "-1", &wrong));
}

static void masks_go_with_the_styles(void **state)
{
    const char form[] =
        "--B\r\nContent-Disposition: form-data; name=content_image; filename=a\r\n\r\nABC\r\n--B\r\n"
        "Content-Disposition: form-data; name=styles\r\n\r\na,b,c\r\n--B\r\n"
        "Content-Disposition: form-data; name=masks; filename=\"\"\r\n\r\n\r\n--B\r\n"
        "Content-Disposition: form-data; name=masks; filename=m\r\n\r\nGHI\r\n--B--";
    const char json[] = "{\"content_image\": \"QUJD\", \"styles\": \"a,b,c\", \"masks\": [null, \"R0hJ\"]}";
    params p;
    problem wrong;
    buf pictures = {0};
    params_init(&p, &limits);
    assert_false(params_masked(&p));
    assert_true(params_read_form(&p, &limits, TEXT(form), TEXT("B"), &wrong));
    assert_true(p.mask_count == 2 && !p.masks[0].size && params_masked(&p));
    assert_slice(p.masks[1], "GHI");
    params_init(&p, &limits);
    assert_true(params_read_json(&p, &limits, TEXT(json), &pictures, &wrong));
    assert_true(p.mask_count == 2 && !p.masks[0].size);
    assert_slice(p.masks[1], "GHI");
    buf_free(&pictures);
    static const char *const bad[] = {
        "3", "[3]", "\"R0hJ\", \"style_id\": \"b\"", "[null, \"R0hJ\"]", "[\"not base64!\"]", "{}"};
    for (size_t i = 0; i < APP_LEN(bad); i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"content_image\": \"QUJD\", \"style_id\": \"a\", \"masks\": %s}",
                 bad[i]);
        params_init(&p, &limits);
        assert_false(params_read_json(&p, &limits, TEXT(text), &pictures, &wrong));
        assert_true(i == 2 || !strcmp(wrong.field, "masks"));
        buf_free(&pictures);
        pictures = (buf){0};
    }
    params_init(&p, &limits);
    for (int i = 0; i < STYLIZE_STYLES_MAX; i++)
        assert_true(set(&p, "masks", "x", &wrong));
    assert_false(set(&p, "masks", "x", &wrong));
}

static void accept_chooses_the_form_of_the_answer(void **state)
{
    assert_int_equal(transfer_accepts((slice){0}), STYLIZE_FORMAT_NONE);
    assert_int_equal(transfer_accepts(TEXT("*/*")), STYLIZE_FORMAT_NONE);
    assert_int_equal(transfer_accepts(TEXT("image/png")), STYLIZE_FORMAT_PNG);
    assert_int_equal(transfer_accepts(TEXT("image/avif, image/webp;q=0.9, */*")), STYLIZE_FORMAT_WEBP);
    assert_int_equal(transfer_accepts(TEXT("image/avif")), STYLIZE_FORMAT_AVIF);
    assert_int_equal(transfer_accepts(TEXT("*/*;q=0.5, image/avif;q=0.7")), STYLIZE_FORMAT_AVIF);
    assert_int_equal(transfer_accepts(TEXT("image/avif, application/json")), STYLIZE_FORMAT_NONE);
    assert_int_equal(transfer_accepts(TEXT("image/avif;q=0, */*")), STYLIZE_FORMAT_NONE);
    assert_int_equal(transfer_accepts(TEXT("application/json, image/png")), STYLIZE_FORMAT_NONE);
    assert_int_equal(transfer_accepts(TEXT("image/*")), STYLIZE_FORMAT_ENCODED);
}

static void problems_are_json(void **state)
{
    problem p;
    buf b = {0};
    problem_set(&p, 422, "invalid_value", "a\"b", "it is \"%s\"", "x");
    problem_json(&p, &b);
    assert_string_equal(
        b.data, "{\"type\": \"about:blank\", \"title\": \"Unprocessable Content\", \"status\": 422, "
                "\"detail\": \"it is \\\"x\\\"\", \"code\": \"invalid_value\", \"field\": \"a\\\"b\"}\n");
    buf_free(&b);
    assert_false(problem_set(&p, 503, "busy", NULL, "later"));
    assert_true(p.retry_after >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_interface),
        cmocka_unit_test(sizes_have_two_forms),
        cmocka_unit_test(blends_are_read),
        cmocka_unit_test(every_field_refuses_nonsense),
        cmocka_unit_test(depth_metadata_and_tolerance_are_those_of_the_command),
        cmocka_unit_test(masks_on_the_artwork),
        cmocka_unit_test(unknown_fields_are_named),
        cmocka_unit_test(subjects_are_bounded),
        cmocka_unit_test(json_is_read),
        cmocka_unit_test(two_pictures_stay_where_they_are),
        cmocka_unit_test(bad_json_is_refused),
        cmocka_unit_test(forms_are_read),
        cmocka_unit_test(strength_may_be_auto),
        cmocka_unit_test(masks_go_with_the_styles),
        cmocka_unit_test(accept_chooses_the_form_of_the_answer),
        cmocka_unit_test(problems_are_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
