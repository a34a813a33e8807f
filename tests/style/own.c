/* Styles of one's own: written whole or not at all, read back, removed. */
#include "folder.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "style/own.h"
#include "style/record.h"
#include "style/save.h"

typedef struct scene {
    char *models, *styles;
    stz_style_lib *lib;
    test_log log;
    stylize_error err;
} scene;

static void scene_open(scene *s)
{
    memset(s, 0, sizeof *s);
    s->models = folder_models();
    s->styles = folder_create();
    folder_text(s->models, "styles/library.json", "[]");
    log_init(&s->log);
    assert_int_equal(stz_style_lib_open(s->models, &s->log.log, &s->lib, &s->err), STYLIZE_OK);
}

static void scene_close(scene *s)
{
    stz_style_lib_close(s->lib);
    folder_remove(s->models);
    folder_remove(s->styles);
}

static int entries(const char *dir)
{
    struct dirent **found;
    const int n = scandir(dir, &found, NULL, NULL);
    for (int i = 0; i < n; i++)
        free(found[i]);
    if (n >= 0)
        free(found);
    return n - 2;
}

/* Writes a style of `network`, NULL: one of its own, named like model "one". */
static stylize_status save(scene *s, const char *id, const char *network)
{
    stz_style_folder f;
    const stylize_status status = stz_style_folder_begin(&f, s->styles, id, &s->err);
    if (status)
        return status;
    const float own[4] = {4, 3, 2, 1};
    const stz_record_code codes[] = {{"one", code_one, 4}, {"own-net", own, 4}};
    size_t size;
    void *file = stz_record_codes(codes, 2, &size);
    const stz_record r = {
        .id = id, .title = "A \"name\" 星", .artist = "Somebody", .model_path = network, .year = 1889};
    char *entry = stz_record_entry(&r);
    assert_non_null(file);
    assert_non_null(entry);
    assert_int_equal(stz_style_folder_write(&f, STZ_RECORD_CODE, file, size, &s->err), STYLIZE_OK);
    assert_int_equal(stz_style_folder_write(&f, STZ_RECORD_ARTWORK, "x", 1, &s->err), STYLIZE_OK);
    assert_int_equal(stz_style_folder_write(&f, STZ_RECORD_PREVIEW, "x", 1, &s->err), STYLIZE_OK);
    assert_int_equal(stz_style_folder_write(&f, STZ_OWN_ENTRY, entry, strlen(entry), &s->err), STYLIZE_OK);
    if (!network) {
        char *model = stz_record_model(stz_style_lib_find_model(s->lib, "one"), "own-net");
        assert_int_equal(stz_style_folder_write(&f, STZ_OWN_MODEL, model, strlen(model), &s->err),
                         STYLIZE_OK);
        assert_int_equal(stz_style_folder_write(&f, STZ_RECORD_NETWORK, "x", 1, &s->err), STYLIZE_OK);
        free(model);
    }
    free(file);
    free(entry);
    return stz_style_folder_commit(&f, &s->err);
}

static void a_style_is_read_back(void **state)
{
    scene s;
    scene_open(&s);
    assert_int_equal(save(&s, "mine", "one"), STYLIZE_OK);
    assert_int_equal(stz_own_style_open(s.lib, s.styles, "mine", &s.log.log, &s.err), STYLIZE_OK);
    stz_style *style = stz_style_lib_find(s.lib, "mine");
    const stz_model *one = stz_style_lib_find_model(s.lib, "one");
    assert_ptr_equal(stz_style_model(style), one);
    assert_memory_equal(stz_style_code(style, one), code_one, sizeof code_one);
    assert_string_equal(stz_style_title(style, NULL), "A \"name\" 星");
    assert_non_null(stz_style_artwork(style));
    assert_non_null(strstr(stz_style_artwork(style), "/mine/artwork.jpg"));
    assert_non_null(strstr(stz_style_own_folder(style), "/mine"));
    stz_style_unref(style);
    assert_int_equal(stz_own_style_open(s.lib, s.styles, "mine", &s.log.log, &s.err), STYLIZE_ERR_EXISTS);
    scene_close(&s);
}

static void a_network_of_its_own_paints(void **state)
{
    scene s;
    scene_open(&s);
    const int models = stz_style_lib_model_count(s.lib);
    assert_int_equal(save(&s, "mine", NULL), STYLIZE_OK);
    assert_int_equal(stz_own_styles_open(s.lib, s.styles, &s.log.log, &s.err), STYLIZE_OK);
    stz_style *style = stz_style_lib_find(s.lib, "mine");
    assert_non_null(style);
    assert_int_equal(stz_style_lib_model_count(s.lib), models + 1);
    const stz_model *own = stz_style_model(style);
    assert_string_equal(own->name, "own-net");
    assert_int_equal(own->code_length, 4);
    assert_true(stz_style_code(style, own)[0] == 4);
    assert_non_null(stz_style_code(style, stz_style_lib_find_model(s.lib, "one"))); /* for blends */
    stz_style_unref(style);
    scene_close(&s);
}

static void a_style_is_there_once(void **state)
{
    scene s;
    scene_open(&s);
    stz_style_folder f, second;
    assert_int_equal(stz_style_folder_begin(&f, s.styles, "mine", &s.err), STYLIZE_OK);
    assert_int_equal(save(&s, "mine", "one"), STYLIZE_OK); /* by somebody else meanwhile */
    assert_int_equal(stz_style_folder_write(&f, "x", "x", 1, &s.err), STYLIZE_OK);
    assert_int_equal(stz_style_folder_commit(&f, &s.err), STYLIZE_ERR_EXISTS);
    stz_style_folder_abandon(&f);
    assert_int_equal(stz_style_folder_begin(&second, s.styles, "mine", &s.err), STYLIZE_ERR_EXISTS);
    assert_int_equal(entries(s.styles), 1);
    assert_int_equal(stz_own_style_open(s.lib, s.styles, "mine", &s.log.log, &s.err), STYLIZE_OK);
    scene_close(&s);
}

static void abandoned_leaves_nothing(void **state)
{
    scene s;
    scene_open(&s);
    stz_style_folder f;
    assert_int_equal(stz_style_folder_begin(&f, s.styles, "mine", &s.err), STYLIZE_OK);
    assert_int_equal(stz_style_folder_write(&f, "x", "x", 1, &s.err), STYLIZE_OK);
    assert_int_equal(stz_own_styles_open(s.lib, s.styles, &s.log.log, &s.err),
                     STYLIZE_OK); /* not half of one */
    assert_null(stz_style_lib_find(s.lib, "mine"));
    stz_style_folder_abandon(&f);
    assert_int_equal(entries(s.styles), 0);
    scene_close(&s);
}

static void removed_is_gone(void **state)
{
    scene s;
    scene_open(&s);
    assert_int_equal(save(&s, "mine", NULL), STYLIZE_OK);
    assert_int_equal(stz_style_folder_remove(s.styles, "mine", &s.err), STYLIZE_OK);
    assert_int_equal(entries(s.styles), 0);
    assert_int_equal(stz_style_folder_remove(s.styles, "mine", &s.err), STYLIZE_ERR_NOT_FOUND);
    assert_int_equal(entries(s.styles), 0);
    assert_int_equal(stz_style_folder_remove("/does/not/exist", "mine", &s.err), STYLIZE_ERR_NOT_FOUND);
    scene_close(&s);
}

static void folders_are_made(void **state)
{
    scene s;
    scene_open(&s);
    char *deep = stz_path_join(s.styles, "a/b");
    stz_style_folder f;
    assert_int_equal(stz_style_folder_begin(&f, deep, "mine", &s.err), STYLIZE_OK);
    stz_style_folder_abandon(&f);
    free(deep);
    folder_text(s.styles, "file", "x");
    char *no = stz_path_join(s.styles, "file/styles");
    assert_int_equal(stz_style_folder_begin(&f, no, "mine", &s.err), STYLIZE_ERR_IO);
    free(no);
    assert_int_equal(stz_own_styles_open(s.lib, "/does/not/exist", &s.log.log, &s.err), STYLIZE_OK);
    assert_int_equal(s.log.count, 0);
    scene_close(&s);
}

static void broken_ones_are_left_out(void **state)
{
    scene s;
    scene_open(&s);
    assert_int_equal(save(&s, "good", "one"), STYLIZE_OK);
    folder_text(s.styles, "no_json/style.json", "{");
    folder_text(s.styles, "other/style.json",
                "{\"style_id\":\"another\",\"display_name\":\"x\",\"model_path\":\"plain\"}");
    folder_text(s.styles, "no_model/style.json", "{\"style_id\":\"no_model\",\"display_name\":\"x\"}");
    folder_text(
        s.styles, "outside/style.json",
        "{\"style_id\":\"outside\",\"display_name\":\"x\",\"model_path\":\"one\",\"code_path\":\"../code\"}");
    folder_text(s.styles, "bad_net/style.json", "{\"style_id\":\"bad_net\",\"display_name\":\"x\"}");
    folder_text(s.styles, "bad_net/model.json", "[]");
    folder_text(s.styles, "empty/README", "x"); /* not a style at all */
    assert_int_equal(stz_own_styles_open(s.lib, s.styles, &s.log.log, &s.err), STYLIZE_OK);
    for (int i = 0; i < 5; i++)
        log_expect(&s.log,
                   (const char *[]){"no_json: ", "other: ", "no_model: ", "outside: ", "bad_net: "}[i]);
    assert_int_equal(s.log.count, 5);
    size_t count;
    stylize_style_info *list;
    assert_int_equal(stz_style_lib_list(s.lib, NULL, &list, &count, &s.err), STYLIZE_OK);
    assert_int_equal(count, 1);
    assert_string_equal(list[0].id, "good");
    assert_int_equal(list[0].added, 1);
    free(list);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_style_is_read_back),     cmocka_unit_test(a_network_of_its_own_paints),
        cmocka_unit_test(a_style_is_there_once),    cmocka_unit_test(abandoned_leaves_nothing),
        cmocka_unit_test(removed_is_gone),          cmocka_unit_test(folders_are_made),
        cmocka_unit_test(broken_ones_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
