/* model.json: the shipped ones, defaults, and every way to get one wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"

#define DIR "/somewhere/net"

static stylize_status parse(const char *text, test_log *log, stz_model **model, stylize_error *err)
{
    log_init(log);
    return stz_model_parse(DIR, text, strlen(text), &log->log, model, err);
}

static void reads_shipped_models(void **state)
{
    stz_model *m;
    stylize_error err;
    assert_int_equal(stz_model_read(STYLIZE_SOURCE_DIR "/models/brush", &m, &err), STYLIZE_OK);
    assert_string_equal(m->name, "brush");
    assert_string_equal(m->dir, STYLIZE_SOURCE_DIR "/models/brush");
    assert_string_equal(m->native_file, "brush.safetensors");
    assert_string_equal(m->torch_file, "brush.pt");
    assert_string_equal(m->native_int8_file, "brush_int8.safetensors");
    assert_null(m->torch_encoder_file);
    assert_int_equal(m->multiple, 4);
    assert_int_equal(m->min_side, 16);
    assert_int_equal(m->code_length, 1168);
    assert_int_equal(m->stats_length, 1168);
    assert_int_equal(m->receptive_radius, 53);
    assert_int_equal(m->grid, 4);
    assert_false(m->encodes);
    assert_true(m->range == 1 && m->mean[0] == 0 && m->std[2] == 1);
    stz_model_free(m);
    assert_int_equal(stz_model_read(STYLIZE_SOURCE_DIR "/models/any", &m, &err), STYLIZE_OK);
    assert_string_equal(m->name, "any");
    assert_string_equal(m->native_file, "any.safetensors");
    assert_non_null(m->torch_encoder_file);
    assert_true(m->encodes);
    assert_int_equal(m->style_multiple, 2);
    assert_int_equal(m->style_min_side, 32);
    assert_int_equal(m->style_size, 512);
    stz_model_free(m);
}

static void fills_in_defaults(void **state)
{
    test_log log;
    stz_model *m;
    stylize_error err;
    assert_int_equal(
        parse("{\"name\":\"x\",\"method\":\"fast\",\"torch\":\"x.pt\",\"multiple\":8}", &log, &m, &err),
        STYLIZE_OK);
    assert_string_equal(m->dir, DIR);
    assert_null(m->native_file);
    assert_int_equal(m->grid, 8);
    assert_int_equal(m->min_side, 16);
    assert_int_equal(m->code_length, 0);
    assert_int_equal(m->stats_length, 0);
    assert_int_equal(m->receptive_radius, 0);
    assert_false(m->encodes);
    assert_int_equal(m->style_multiple, 1);
    assert_int_equal(m->style_min_side, 32);
    assert_int_equal(m->style_size, 512);
    assert_true(m->range == 1);
    for (int c = 0; c < 3; c++)
        assert_true(m->mean[c] == 0 && m->std[c] == 1);
    assert_int_equal(log.count, 0);
    stz_model_free(m);
}

static void reads_ranges(void **state)
{
    test_log log;
    stz_model *m;
    stylize_error err;
    assert_int_equal(
        parse("{\"name\":\"x\",\"method\":\"any\",\"torch\":\"x.pt\",\"code_length\":3,\"range\":255,"
              "\"mean\":[0.5,0.25,-1],\"std\":[1,0.5,2],\"style_min_side\":600}",
              &log, &m, &err),
        STYLIZE_OK);
    assert_true(m->range == 255);
    assert_true(m->mean[0] == 0.5f && m->mean[1] == 0.25f && m->mean[2] == -1);
    assert_true(m->std[0] == 1 && m->std[1] == 0.5f && m->std[2] == 2);
    assert_true(m->encodes);
    assert_int_equal(m->style_size, 600);
    stz_model_free(m);
}

static void ignores_unknown_members(void **state)
{
    test_log log;
    stz_model *m;
    stylize_error err;
    assert_int_equal(parse("{\"name\":\"x\",\n\"method\":\"fast\",\n\"torch\":\"x.pt\",\n\"multipel\":\n4}",
                           &log, &m, &err),
                     STYLIZE_OK);
    assert_int_equal(m->multiple, 1);
    assert_int_equal(log.count, 1);
    assert_int_equal(log.level[0], STYLIZE_LOG_WARNING);
    log_expect(&log, "net/model.json:4: the unknown member \"multipel\" is ignored");
    stz_model_free(m);
}

/* A model with one member replaced or added; line 3 is that member's. */
static const struct {
    const char *member, *message;
} bad_members[] = {
    {"\"name\": 3", ":3: name must be a text"},
    {"\"name\": \"\"", ":3: name must be a text"},
    {"\"name\": \"Brush\"", ":3: name must be 1 to 63"},
    {"\"name\": \"a/b\"", ":3: name must be 1 to 63"},
    {"\"name\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
     ":3: name must be a text"},
    {"\"name\": \"a\\nb\"", ":3: name must be a text"},
    {"\"description\": []", ":3: description must be a text"},
    {"\"method\": 1", ":3: method must be a text"},
    {"\"method\": \"slow\"", ":3: method must be \"fast\", \"any\" or \"optimize\""},
    {"\"native\": \"/etc/passwd\"", ":3: native must be a path inside"},
    {"\"native\": \"../x\"", ":3: native must be a path inside"},
    {"\"native_int8\": \"a/../../x\"", ":3: native_int8 must be a path inside"},
    {"\"torch\": \"a/..\"", ":3: torch must be a path inside"},
    {"\"torch_encoder\": true", ":3: torch_encoder must be a text"},
    {"\"multiple\": 0", ":3: multiple must be a whole number from 1 to 256"},
    {"\"multiple\": 257", ":3: multiple must be"},
    {"\"multiple\": 4.0", ":3: multiple must be"},
    {"\"multiple\": \"4\"", ":3: multiple must be"},
    {"\"multiple\": null", ":3: multiple must be"},
    {"\"multiple\": 4294967300", ":3: multiple must be"},
    {"\"min_side\": 0", ":3: min_side must be"},
    {"\"code_length\": -1", ":3: code_length must be"},
    {"\"code_length\": 1048577", ":3: code_length must be"},
    {"\"stats_length\": -1", ":3: stats_length must be"},
    {"\"receptive_radius\": 5000", ":3: receptive_radius must be"},
    {"\"grid\": 0", ":3: grid must be"},
    {"\"encodes\": 1", ":3: encodes must be true or false"},
    {"\"style_multiple\": 0", ":3: style_multiple must be"},
    {"\"style_min_side\": 0", ":3: style_min_side must be"},
    {"\"style_size\": 31", ":3: style_size must be a whole number from 32 to 4096"},
    {"\"range\": 2", ":3: range must be 1 or 255"},
    {"\"range\": \"1\"", ":3: range must be"},
    {"\"mean\": 0", ":3: mean must be 3 numbers"},
    {"\"mean\": [0, 0]", ":3: mean must be 3 numbers"},
    {"\"mean\": [0, 0, 0, 0]", ":3: mean must be 3 numbers"},
    {"\"mean\": [0, 0, \"a\"]", ":3: mean must be 3 numbers"},
    {"\"mean\": [0, 0, 11]", ":3: mean must be 3 numbers"},
    {"\"std\": [1, 1, 0]", ":3: std must be 3 numbers"},
    {"\"method\": \"optimize\"", "style_weights is missing: 1 to 8 numbers"}, /* its native file will do */
    {"\"method\": \"optimize\", \"torch\": \"x\"", "style_weights is missing: 1 to 8 numbers"},
    {"\"method\": \"optimize\", \"torch\": \"x\", \"style_weights\": []",
     "style_weights must be 1 to 8 numbers"},
    {"\"method\": \"optimize\", \"torch\": \"x\", \"style_weights\": [1, 1]", "content_weights is missing"},
    {"\"method\": \"optimize\", \"torch\": \"x\", \"style_weights\": [1, 1], \"content_weights\": [1]",
     "content_weights must have as many numbers as style_weights"},
    {"\"method\": \"optimize\", \"torch\": \"x\", \"style_weights\": [1, -1], \"content_weights\": [1, 1]",
     "style_weights must be 1 to 8 numbers"},
    {"\"method\": \"optimize\", \"torch\": \"x\", \"style_weights\": [1], \"content_weights\": [1]",
     "receptive_radius is missing"},
};

static void refuses_bad_members(void **state)
{
    static const char *const rest[] = {"\"name\": \"x\"", "\"method\": \"fast\"", "\"native\": \"x\""};
    for (size_t i = 0; i < STZ_LEN(bad_members); i++) {
        char text[1024];
        size_t at = (size_t)snprintf(text, sizeof text, "{\n\n%s", bad_members[i].member);
        size_t key = strcspn(bad_members[i].member, ":");
        for (size_t r = 0; r < STZ_LEN(rest); r++)
            if (strncmp(rest[r], bad_members[i].member, key))
                at += (size_t)snprintf(text + at, sizeof text - at, ",\n%s", rest[r]);
        snprintf(text + at, sizeof text - at, "\n}");
        test_log log;
        stz_model *m = (stz_model *)&log;
        stylize_error err = {0};
        if (parse(text, &log, &m, &err) != STYLIZE_ERR_MODEL || m)
            fail_msg("accepted: %s", text);
        assert_int_equal(err.status, STYLIZE_ERR_MODEL);
        if (!strstr(err.message, bad_members[i].message) || strncmp(err.message, "net/model.json:", 15))
            fail_msg("%s\nsays: %s", text, err.message);
    }
}

static const struct {
    const char *text, *message;
} bad_files[] = {
    {"", "net/model.json:1: "},
    {"[]", "net/model.json:1: an object"},
    {"3", "net/model.json:1: an object"},
    {"{\n\"name\": \"x\",\n\"method\" \"fast\"}", "net/model.json:3: "},
    {"{\n\"name\": \"x\",\n\"name\": \"y\"}", "net/model.json:3: duplicate"},
    {"{\"name\": \"x\"} {", "net/model.json:1: "},
    {"\n{}", "net/model.json:1: name is missing"},
    {"{\"name\":\"x\"}", "method is missing"},
    {"{\"name\":\"x\",\"method\":\"fast\"}", "neither native nor torch names a file"},
    {"{\"name\":\"x\",\"method\":\"any\",\"native\":\"n\"}", "code_length must be above 0"},
    {"{\"name\":\"x\",\"method\":\"fast\",\"native\":\"n\",\n\"encodes\":true,\n\"code_length\":0}",
     ":3: code_length must be above 0"},
    {"{\"name\":\"x\",\"method\":\"any\",\"native\":\"n\",\n\"encodes\":false}", ":2: encodes must be true"},
    {"{\"name\":\"\xff\"}", "net/model.json:1: "},
};

static void refuses_bad_files(void **state)
{
    for (size_t i = 0; i < STZ_LEN(bad_files); i++) {
        test_log log;
        stz_model *m;
        stylize_error err = {0};
        if (parse(bad_files[i].text, &log, &m, &err) != STYLIZE_ERR_MODEL || m)
            fail_msg("accepted: %s", bad_files[i].text);
        if (!strstr(err.message, bad_files[i].message))
            fail_msg("%s\nsays: %s", bad_files[i].text, err.message);
        assert_int_equal(parse(bad_files[i].text, &log, &m, NULL), STYLIZE_ERR_MODEL);
    }
}

static void refuses_what_is_no_file(void **state)
{
    char *dir = folder_create(), *path = stz_path_join(dir, "model.json");
    stz_model *m;
    stylize_error err;
    assert_int_equal(stz_model_read(dir, &m, &err), STYLIZE_ERR_NOT_FOUND);
    assert_null(m);
    assert_int_equal(stz_model_read("/nowhere/at/all", &m, &err), STYLIZE_ERR_NOT_FOUND);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(stz_model_read(dir, &m, &err), STYLIZE_ERR_IO);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0666), 0); /* must not wait for a writer */
    assert_int_equal(stz_model_read(dir, &m, &err), STYLIZE_ERR_IO);
    assert_int_equal(remove(path), 0);
    char *large = malloc(STZ_MODEL_MAX + 1);
    memset(large, ' ', STZ_MODEL_MAX + 1);
    folder_write(dir, "model.json", large, STZ_MODEL_MAX + 1);
    assert_int_equal(stz_model_read(dir, &m, &err), STYLIZE_ERR_MODEL);
    assert_non_null(strstr(err.message, "1048577 bytes, allowed are 1048576"));
    static const char text[] = "{\"name\":\"x\",\"method\":\"fast\",\"native\":\"n\"}";
    memcpy(large, text, sizeof text - 1);
    folder_write(dir, "model.json", large, STZ_MODEL_MAX);
    assert_int_equal(stz_model_read(dir, &m, &err), STYLIZE_OK);
    stz_model_free(m);
    free(large);
    free(path);
    folder_remove(dir);
}

static void limits_reports_of_unknown_members(void **state)
{
    char text[4096] = "{\"name\":\"x\",\"method\":\"fast\",\"native\":\"n\"";
    for (int i = 0; i < 100; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), ",\"u%d\":0", i);
    strcat(text, "}");
    test_log log;
    stz_model *m;
    assert_int_equal(parse(text, &log, &m, NULL), STYLIZE_OK);
    assert_int_equal(log.count, 16);
    stz_model_free(m);
    stz_model_free(NULL);
}

static void paths_stay_inside(void **state)
{
    static const char *const inside[] = {"a", "a/b.x", "a//b", ".", "./a", "..a", "a../b", "..."};
    static const char *const outside[] = {"", "/", "/a", "..", "../a", "a/..", "a/../b", "a//..", "./../x"};
    for (size_t i = 0; i < STZ_LEN(inside); i++)
        assert_true(stz_path_inside(inside[i]));
    for (size_t i = 0; i < STZ_LEN(outside); i++)
        assert_false(stz_path_inside(outside[i]));
}

static void knows_utf8(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "~",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "星月夜"};
    static const char *const bad[] = {"\x1f",
                                      "\n",
                                      "\x7f",
                                      "\x80",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "\xc3(",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xe4\xb8",
                                      "\xe4\xb8(",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf0\x90\x80",
                                      "a\xff"};
    for (size_t i = 0; i < STZ_LEN(good); i++)
        assert_true(stz_text_clean(good[i], strlen(good[i])));
    for (size_t i = 0; i < STZ_LEN(bad); i++)
        assert_false(stz_text_clean(bad[i], strlen(bad[i])));
    assert_false(stz_text_clean("a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_shipped_models),
        cmocka_unit_test(fills_in_defaults),
        cmocka_unit_test(reads_ranges),
        cmocka_unit_test(ignores_unknown_members),
        cmocka_unit_test(refuses_bad_members),
        cmocka_unit_test(refuses_bad_files),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(limits_reports_of_unknown_members),
        cmocka_unit_test(paths_stay_inside),
        cmocka_unit_test(knows_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
