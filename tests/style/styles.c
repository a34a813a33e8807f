/* Styles that come and go: misuse, lists, and sixteen threads at once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"

#define THREADS 16
#define ROUNDS  300

static stz_style_lib *open_lib(void)
{
    char *dir = folder_models();
    folder_text(dir, "styles/library.json",
                "[{\"style_id\":\"a\",\"display_name\":{\"en\":\"A\",\"zh\":\"甲\"},\"model_path\":\"one\","
                "\"code_path\":\"codes/good.safetensors\"},"
                "{\"style_id\":\"p\",\"display_name\":\"P\",\"model_path\":\"plain\"}]");
    stz_style_lib *lib;
    assert_int_equal(stz_style_lib_open(dir, NULL, &lib, NULL), STYLIZE_OK);
    folder_remove(dir);
    return lib;
}

static void adds_and_removes(void **state)
{
    stz_style_lib *lib = open_lib();
    const stz_model *one = stz_style_lib_find_model(lib, "one");
    float code[4] = {1, 2, 3, 4};
    char name[] = "Mine", artist[] = "Me", licence[] = "CC0";
    stylize_style_info info = {.id = "mine",
                               .display_name = name,
                               .artist = artist,
                               .licence = licence,
                               .year = 2024,
                               .model = "ignored",
                               .recommended_size = 99};
    assert_int_equal(stz_style_lib_add(lib, &info, one, code, NULL), STYLIZE_OK);
    code[0] = 9; /* all of it was copied */
    name[0] = artist[0] = licence[0] = 'X';
    stylize_style_info *list;
    size_t n;
    assert_int_equal(stz_style_lib_list(lib, "zh", &list, &n, NULL), STYLIZE_OK);
    assert_int_equal(n, 3);
    assert_string_equal(list[0].display_name, "甲");
    assert_string_equal(list[1].display_name, "P");
    assert_string_equal(list[2].id, "mine");
    assert_string_equal(list[2].display_name, "Mine");
    assert_string_equal(list[2].artist, "Me");
    assert_string_equal(list[2].licence, "CC0");
    assert_string_equal(list[2].model, "one");
    assert_int_equal(list[2].year, 2024);
    assert_int_equal(list[2].recommended_size, 0);
    assert_null(list[2].preview_image);
    assert_true(list[2].added && list[2].blendable && !list[0].added);

    stz_style *style = stz_style_lib_find(lib, "mine");
    assert_int_equal(stz_style_lib_remove(lib, "mine", NULL), STYLIZE_OK);
    assert_null(stz_style_lib_find(lib, "mine"));
    const float want[4] = {1, 2, 3, 4}; /* still there for who holds it, as is the list */
    assert_memory_equal(stz_style_code(style, one), want, sizeof want);
    assert_string_equal(stz_style_id(style), "mine");
    assert_string_equal(list[2].id, "mine");
    assert_int_equal(stz_style_lib_add(lib, &info, one, code, NULL), STYLIZE_OK);
    stz_style *again = stz_style_lib_find(lib, "mine");
    assert_ptr_not_equal(again, style);
    stz_style_unref(style);
    stz_style_unref(again);
    free(list);

    assert_int_equal(stz_style_lib_remove(lib, "a", NULL), STYLIZE_OK); /* also those of library.json */
    assert_int_equal(stz_style_lib_remove(lib, "p", NULL), STYLIZE_OK);
    assert_int_equal(stz_style_lib_remove(lib, "mine", NULL), STYLIZE_OK);
    assert_int_equal(stz_style_lib_list(lib, NULL, &list, &n, NULL), STYLIZE_OK);
    assert_int_equal(n, 0);
    assert_non_null(list);
    free(list);
    stz_style_lib_close(lib);
}

static void names_a_style_by_its_id(void **state)
{
    stz_style_lib *lib = open_lib();
    stylize_style_info info = {.id = "x"}, *list;
    size_t n;
    assert_int_equal(stz_style_lib_add(lib, &info, stz_style_lib_find_model(lib, "plain"), NULL, NULL),
                     STYLIZE_OK);
    assert_int_equal(stz_style_lib_list(lib, NULL, &list, &n, NULL), STYLIZE_OK);
    assert_string_equal(list[2].display_name, "x");
    assert_false(list[2].blendable);
    free(list);
    stz_style_lib_close(lib);
}

static void expect(stz_style_lib *lib, const stylize_style_info *info, const stz_model *model,
                   const float *code, stylize_status want, const char *message)
{
    stylize_error err = {0};
    stylize_status status = stz_style_lib_add(lib, info, model, code, &err);
    if (status != want || !strstr(err.message, message))
        fail_msg("%d, not %d: %s", status, want, err.message);
    assert_int_equal(err.status, want);
    assert_int_equal(stz_style_lib_add(lib, info, model, code, NULL), want);
}

static void refuses_misuse(void **state)
{
    stz_style_lib *lib = open_lib();
    const stz_model *one = stz_style_lib_find_model(lib, "one");
    stylize_style_info info = {.id = "new"};
    static const char *const ids[] = {
        NULL,  "",     "New", "a b",   "ä",
        "a/b", "../a", "a.b", "new\n", "0123456789012345678901234567890123456789012345678901234567890123"};
    for (size_t i = 0; i < STZ_LEN(ids); i++) {
        info.id = ids[i];
        expect(lib, &info, one, code_one, STYLIZE_ERR_INVALID, "id of a style must be");
    }
    expect(lib, NULL, one, code_one, STYLIZE_ERR_INVALID, "id of a style must be");
    info.id = "a";
    expect(lib, &info, one, code_one, STYLIZE_ERR_EXISTS, "\"a\" is already there");
    info.id = "new";
    expect(lib, &info, NULL, code_one, STYLIZE_ERR_INVALID, "needs a model and its code");
    expect(lib, &info, one, NULL, STYLIZE_ERR_INVALID, "needs a model and its code");
    float code[4] = {0, 0, 0, NAN};
    expect(lib, &info, one, code, STYLIZE_ERR_INVALID, "finite");
    code[3] = INFINITY;
    expect(lib, &info, one, code, STYLIZE_ERR_INVALID, "finite");
    char long_text[257];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[256] = 0;
    static const char *const texts[] = {"two\nlines", "\xc3(", "\x7f", NULL};
    for (size_t i = 0; i < STZ_LEN(texts); i++) {
        const char *text = texts[i] ? texts[i] : long_text;
        info = (stylize_style_info){.id = "new", .display_name = text};
        expect(lib, &info, one, code_one, STYLIZE_ERR_INVALID, "display_name of a style must be UTF-8");
        info = (stylize_style_info){.id = "new", .artist = text};
        expect(lib, &info, one, code_one, STYLIZE_ERR_INVALID, "artist of a style must be UTF-8");
        info = (stylize_style_info){.id = "new", .licence = text};
        expect(lib, &info, one, code_one, STYLIZE_ERR_INVALID, "licence of a style must be UTF-8");
    }
    assert_null(stz_style_lib_find(lib, "new"));
    assert_null(stz_style_lib_find(lib, NULL));

    stylize_error err = {0};
    assert_int_equal(stz_style_lib_remove(lib, "new", &err), STYLIZE_ERR_NOT_FOUND);
    assert_string_equal(err.message, "there is no style \"new\"");
    assert_int_equal(stz_style_lib_remove(lib, NULL, &err), STYLIZE_ERR_INVALID);
    stylize_style_info *list;
    size_t n;
    assert_int_equal(stz_style_lib_list(lib, NULL, NULL, &n, &err), STYLIZE_ERR_INVALID);
    assert_int_equal(stz_style_lib_list(lib, NULL, &list, NULL, &err), STYLIZE_ERR_INVALID);
    stz_style_unref(NULL);
    stz_style_lib_close(lib);
    stz_style_lib_close(NULL);
}

static void keeps_order_of_many(void **state)
{
    stz_style_lib *lib = open_lib();
    const stz_model *one = stz_style_lib_find_model(lib, "one");
    char id[32];
    for (int i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "s%d", i);
        const float code[4] = {(float)i};
        assert_int_equal(stz_style_lib_add(lib, &(stylize_style_info){.id = id}, one, code, NULL),
                         STYLIZE_OK);
    }
    for (int i = 0; i < 500; i += 2) {
        snprintf(id, sizeof id, "s%d", i);
        assert_int_equal(stz_style_lib_remove(lib, id, NULL), STYLIZE_OK);
    }
    stylize_style_info *list;
    size_t n;
    assert_int_equal(stz_style_lib_list(lib, NULL, &list, &n, NULL), STYLIZE_OK);
    assert_int_equal(n, 252);
    for (int i = 0; i < 250; i++) {
        snprintf(id, sizeof id, "s%d", 2 * i + 1);
        assert_string_equal(list[2 + i].id, id);
        stz_style *style = stz_style_lib_find(lib, id);
        assert_true(stz_style_code(style, one)[0] == (float)(2 * i + 1));
        stz_style_unref(style);
    }
    free(list);
    stz_style_lib_close(lib);
}

/* ------------------------------------------------------------------ threads */

typedef struct crowd {
    stz_style_lib *lib;
    pthread_barrier_t start;
    atomic_int added, removed, wrong;
} crowd;

/* Every thread adds, finds, lists and removes the same few ids; the code says which id it is of. */
static void *come_and_go(void *arg)
{
    crowd *c = arg;
    const stz_model *one = stz_style_lib_find_model(c->lib, "one");
    pthread_barrier_wait(&c->start);
    for (int i = 0; i < ROUNDS; i++) {
        int which = i % 4;
        char id[8];
        snprintf(id, sizeof id, "t%d", which);
        const float code[4] = {(float)which, 1, 2, 3};
        stylize_status status = stz_style_lib_add(c->lib, &(stylize_style_info){.id = id}, one, code, NULL);
        c->added += status == STYLIZE_OK;
        c->wrong += status != STYLIZE_OK && status != STYLIZE_ERR_EXISTS;
        stz_style *style = stz_style_lib_find(c->lib, id), *fixed = stz_style_lib_find(c->lib, "a");
        if (i % 3 == 0) {
            status = stz_style_lib_remove(c->lib, id, NULL);
            c->removed += status == STYLIZE_OK;
            c->wrong += status != STYLIZE_OK && status != STYLIZE_ERR_NOT_FOUND;
        }
        stylize_style_info *list = NULL;
        size_t n = 0;
        c->wrong += stz_style_lib_list(c->lib, "zh", &list, &n, NULL) != STYLIZE_OK || n < 2 || n > 6;
        c->wrong += n > 0 && strcmp(list[n - 1].id, n == 2 ? "p" : list[n - 1].display_name) != 0;
        free(list);
        if (style)
            c->wrong += stz_style_code(style, one)[0] != code[0] || strcmp(stz_style_id(style), id) != 0;
        c->wrong += !fixed;
        stz_style_unref(style);
        stz_style_unref(fixed);
    }
    return NULL;
}

static void serves_sixteen_threads(void **state)
{
    crowd c = {.lib = open_lib()};
    pthread_t thread[THREADS];
    assert_int_equal(pthread_barrier_init(&c.start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, come_and_go, &c), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    pthread_barrier_destroy(&c.start);
    assert_int_equal(c.wrong, 0);
    stylize_style_info *list;
    size_t n;
    assert_int_equal(stz_style_lib_list(c.lib, NULL, &list, &n, NULL), STYLIZE_OK);
    assert_int_equal(c.added - c.removed, (int)n - 2);
    assert_true(c.removed > 0);
    free(list);
    stz_style_lib_close(c.lib);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_and_removes),       cmocka_unit_test(names_a_style_by_its_id),
        cmocka_unit_test(refuses_misuse),         cmocka_unit_test(keeps_order_of_many),
        cmocka_unit_test(serves_sixteen_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
