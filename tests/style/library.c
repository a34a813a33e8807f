/* The model folder: the shipped one, and libraries that are broken in every way. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/safetensors.h"
#include "folder.h"

static const char *const shipped[] = {
    "starry_night",
    "great_wave",
    "scream",
    "composition_vii",
    "udnie",
    "minotaur",
    "mondrian",
    "water_lilies",
    "mont_sainte_victoire",
    "pastorale",
    "divisionist_harbour",
    "woman_with_hat",
    "red_chalk",
    "etching",
    "engraving",
    "wheat_field",
};

/* Row i of the network file's own codes is the shipped code of style i. */
static void check_code(stz_style_lib *lib, const char *network, const char *id, size_t row)
{
    const stz_model *model = stz_style_lib_find_model(lib, network);
    assert_non_null(model);
    char *path = stz_path_join(model->dir, model->native_file);
    stz_safetensors *file;
    assert_int_equal(stz_safetensors_open(path, &file, NULL), STYLIZE_OK);
    const stz_tensor *codes = stz_safetensors_find(file, "codes");
    assert_non_null(codes);
    size_t n = (size_t)model->code_length;
    assert_int_equal(codes->count, STZ_LEN(shipped) * n);
    stz_style *style = stz_style_lib_find(lib, id);
    assert_non_null(style);
    const float *code = stz_style_code(style, model);
    assert_non_null(code);
    assert_memory_equal(code, (const float *)codes->data + row * n, n * sizeof(float));
    stz_style_unref(style);
    stz_safetensors_close(file);
    free(path);
}

static void opens_shipped_library(void **state)
{
    test_log log;
    log_init(&log);
    stz_style_lib *lib;
    stylize_error err;
    assert_int_equal(stz_style_lib_open(STYLIZE_SOURCE_DIR "/models", &log.log, &lib, &err), STYLIZE_OK);
    if (log.count)
        fail_msg("%s", log.line[0]);
    assert_string_equal(stz_style_lib_encoder(lib)->name, "any");
    stylize_style_info *list, *chinese;
    size_t n;
    assert_int_equal(stz_style_lib_list(lib, "en", &list, &n, &err), STYLIZE_OK);
    assert_int_equal(n, STZ_LEN(shipped));
    assert_int_equal(stz_style_lib_list(lib, "zh", &chinese, &n, &err), STYLIZE_OK);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(list[i].id, shipped[i]);
        assert_string_equal(list[i].model, "brush");
        assert_int_equal(access(list[i].preview_image, R_OK), 0);
        assert_true(list[i].blendable && !list[i].added);
        assert_non_null(list[i].artist);
        assert_non_null(strstr(list[i].licence, "public domain"));
        assert_true(list[i].year > 1600 && list[i].year < 1931);
        assert_true(list[i].recommended_size >= 256);
        assert_string_not_equal(list[i].display_name, chinese[i].display_name);
        check_code(lib, "brush", shipped[i], i);
        check_code(lib, "any", shipped[i], i);
    }
    assert_string_equal(list[0].display_name, "The Starry Night");
    assert_string_equal(chinese[0].display_name, "星月夜");
    free(list);
    free(chinese);
    stz_style_lib_close(lib);
}

static stz_style_lib *open_dir(const char *dir, test_log *log)
{
    stz_style_lib *lib;
    stylize_error err = {0};
    log_init(log);
    stylize_status status = stz_style_lib_open(dir, &log->log, &lib, &err);
    if (status)
        fail_msg("%d: %s", status, err.message);
    return lib;
}

/* The ids of all styles, each with a space behind it. */
static void check_ids(stz_style_lib *lib, const char *want, test_log *log, const char *text)
{
    stylize_style_info *list;
    size_t n;
    char ids[1024] = "";
    assert_int_equal(stz_style_lib_list(lib, NULL, &list, &n, NULL), STYLIZE_OK);
    for (size_t i = 0; i < n; i++)
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s ", list[i].id);
    free(list);
    if (strcmp(ids, want)) {
        for (int i = 0; i < log->count && i < LOG_LINES; i++)
            print_error("log: %s\n", log->line[i]);
        fail_msg("%s\nhas the styles \"%s\", not \"%s\"", text, ids, want);
    }
}

#define GOOD(id)                                                                                             \
    "{\"style_id\": \"" id "\", \"display_name\": \"T\", \"model_path\": \"one\", "                          \
    "\"code_path\": \"codes/good.safetensors\"}"
#define PLAIN(id) "{\"style_id\": \"" id "\", \"display_name\": \"T\", \"model_path\": \"plain\"}"
/* An entry whose third line is given. */
#define WITH(member)                                                                                         \
    "[" GOOD("a") ",\n{\"style_id\": \"b\", \"display_name\": \"T\", \"model_path\": \"plain\",\n" member    \
                  "},\n" GOOD("c") "]"
/* The same with another member in place of one that is needed. */
#define ENTRY(members) "[" GOOD("a") ",\n{\n" members "},\n" GOOD("c") "]"
#define ID             "\"style_id\": \"b\","
#define NAME           "\"display_name\": \"T\","
#define MODEL          "\"model_path\": \"one\","

static const struct {
    const char *text, *ids, *message;
} broken[] = {
    /* members */
    {ENTRY(NAME MODEL "\"code_path\":\"codes/good.safetensors\""), "a c ", ":2: style_id is missing"},
    {ENTRY(ID MODEL "\"code_path\":\"codes/good.safetensors\""), "a c ", ":2: display_name is missing"},
    {ENTRY(ID NAME "\"code_path\":\"codes/good.safetensors\""), "a c ", ":2: model_path is missing"},
    {ENTRY(ID NAME "\"model_path\":\"one\""), "a c ", ":2: code_path is missing: one needs a code"},
    {ENTRY("\"style_id\": 1," NAME "\"model_path\":\"plain\""), "a c ", ":3: style_id must be a text"},
    {ENTRY("\"style_id\": \"B b\"," NAME "\"model_path\":\"plain\""), "a c ", ":3: style_id must be 1 to 63"},
    {ENTRY("\"style_id\": \"\"," NAME "\"model_path\":\"plain\""), "a c ", ":3: style_id must be a text"},
    {ENTRY("\"style_id\": \"a\"," NAME "\"model_path\":\"plain\""), "a c ", ":3: style_id is used twice: a"},
    {ENTRY(ID NAME "\n\"model_path\":\"other\""), "a c ",
     ":4: model_path names no model of this folder: \"other\""},
    {ENTRY(ID NAME "\n\"model_path\":\"../one\""), "a c ", ":4: model_path must be a path inside"},
    {ENTRY(ID NAME "\n\"model_path\":\"/one\""), "a c ", ":4: model_path must be a path inside"},
    {ENTRY(ID NAME "\n\"model_path\":[]"), "a c ", ":4: model_path must be a text"},
    {ENTRY(ID "\"model_path\":\"plain\",\n\"display_name\": 5"), "a c ", ":4: display_name must have texts"},
    {ENTRY(ID "\"model_path\":\"plain\",\n\"display_name\": \"\""), "a c ",
     ":4: display_name must have texts"},
    {ENTRY(ID "\"model_path\":\"plain\",\n\"display_name\": \"a\\nb\""), "a c ",
     ":4: display_name must have texts"},
    {ENTRY(ID "\"model_path\":\"plain\",\n\"display_name\": {\"zh\":\"T\"}"), "a c ",
     ":4: display_name has no text for"},
    {ENTRY(ID "\"model_path\":\"plain\",\n\"display_name\": {\"en\":\"T\",\"zh\":1}"), "a c ",
     ":4: display_name must have texts"},
    {ENTRY(ID "\"model_path\":\"plain\",\n\"display_name\": {\"en\":\"T\",\"\":\"x\"}"), "a c ",
     ":4: display_name has a language"},
    {ENTRY(ID NAME MODEL "\n\"code_path\":\"../codes/good.safetensors\""), "a c ",
     ":4: code_path must be a path"},
    {ENTRY(ID NAME MODEL "\n\"code_path\":\"codes/none.safetensors\""), "a c ",
     ":4: code_path cannot be used"},
    {ENTRY(ID NAME MODEL "\n\"code_path\":\"codes\""), "a c ", ":4: code_path cannot be used"},
    {ENTRY(ID NAME MODEL "\n\"code_path\":\"codes/junk.safetensors\""), "a c ",
     ":4: code_path cannot be used"},
    {ENTRY(ID NAME MODEL "\n\"code_path\":\"codes/short.safetensors\""), "a c ",
     ":4: code_path has a code for one that is not 4 fp32"},
    {ENTRY(ID NAME MODEL "\n\"code_path\":\"codes/half.safetensors\""), "a c ",
     ":4: code_path has a code for one that is not 4 fp32"},
    {ENTRY(ID NAME MODEL "\n\"code_path\":\"codes/nan.safetensors\""), "a c ",
     ":4: code_path has a number that is not finite in the code for one"},
    {ENTRY(ID NAME MODEL "\n\"code_path\":\"codes/inf.safetensors\""), "a c ", "in the code for two"},
    {ENTRY(ID NAME MODEL "\n\"code_path\":\"codes/two.safetensors\""), "a c ",
     ":4: code_path has no code for one"},
    {WITH("\"preview_image\": \"/etc/passwd\""), "a c ", ":3: preview_image must be a path inside"},
    {WITH("\"recommended_size\": 15"), "a c ",
     ":3: recommended_size must be a whole number from 16 to 16384"},
    {WITH("\"recommended_size\": \"big\""), "a c ", ":3: recommended_size must be"},
    {WITH("\"artist\": 7"), "a c ", ":3: artist must be a text"},
    {WITH("\"licence\": \"\""), "a c ", ":3: licence must be a text"},
    {WITH("\"year\": 1889.5"), "a c ", ":3: year must be a whole number"},
    {WITH("\"year\": 10000"), "a c ", ":3: year must be"},
    /* kept, with a word about it */
    {WITH("\"yaer\": 1889"), "a b c ", ":3: the unknown member \"yaer\" is ignored"},
    {WITH("\"preview_image\": \"previews/none.jpg\""), "a b c ",
     ":3: preview_image cannot be read: previews/none.jpg"},
    /* syntax inside an entry */
    {WITH("\"year\" 1889"), "a c ", "library.json:3: "},
    {WITH("\"year\": 1889,"), "a c ", "library.json:3: "},
    {WITH("\"year\": 18 89"), "a c ", "library.json:3: "},
    {WITH("\"year\": \"1889"), "a c ", "library.json:3: "},
    {WITH("\"year\": 'x'"), "a c ", "library.json:3: "},
    {WITH("\"year\": [1"), "a c ", "library.json:3: "},
    {WITH("\"year\": 1]"), "a c ", "library.json:3: "},
    {WITH("\"artist\": \"\xff\""), "a c ", "library.json:3: "},
    {WITH("\"artist\": \"\\u0000\""), "a c ", "library.json:3: "},
    {WITH("\"year\": 1, \"year\": 2"), "a c ", "library.json:3: duplicate"},
    {WITH("\"display_name\": {\"en\": \"T\""), "a c ", "library.json:"}, /* one brace too few */
    {"[" GOOD("a") ",\n{\"style_id\": \"b\",\n" GOOD("c") "]", "a c ", "library.json:2: "},
    {"[" GOOD("a") ",\n{\"style_id\": \"b\"\n]", "a ", "library.json:2: "},
    {"[" GOOD("a") ",\n{\"style_id\": \"b\", \"display_name\": \"T}\n,\n" GOOD("c") "]", "a c ",
     "library.json:2: "},
    /* syntax between entries */
    {"[" GOOD("a") "\n" GOOD("c") "]", "a c ", "library.json:2: a comma is missing between entries"},
    {"[" GOOD("a") ",\n,\n" GOOD("c") "]", "a c ", "library.json:2: a comma without an entry"},
    {"[" GOOD("a") ",\n]", "a ", "library.json:2: a comma before the end of the list"},
    {"[" GOOD("a") "},\n" GOOD("c") "]", "a c ", "library.json:1: a '}' too many"},
    {"[" GOOD("a") "\n],\n" GOOD("c") "]", "a c ", "library.json:2: a ']' that is not at the end"},
    {"[" GOOD("a") ",\n3, \"x\", null,\n" GOOD("c") "]", "a c ", "library.json:2: an object {...} is needed"},
    {"[" GOOD("a") ",\n[" GOOD("b") "],\n" GOOD("c") "]", "a b c ", "library.json:2: "},
    {"[" GOOD("a") ",\nnonsense here,\n" GOOD("c") "]", "a c ", "library.json:2: "},
    {"[" GOOD("a") ",\n" GOOD("c"), "a c ", "library.json:2: the list has no end"},
    {"[" GOOD("a") ",\n{\"style_id\": \"b\", \"disp", "a ", "library.json:2: "},
    {"[" GOOD("a") "]\n nothing", "a ", "library.json:1: a ']' that is not at the end"},
    {"[", "", "library.json:1: the list has no end"},
};

static void add_bad_codes(const char *dir)
{
    const float nan[4] = {0, 1, NAN, 2}, inf[2] = {0, -INFINITY};
    const uint16_t half[4] = {0};
    folder_text(dir, "styles/codes/junk.safetensors", "junk");
    test_tensor shorter = {"one", "F32", 3, 12, code_one}, f16 = {"one", "F16", 4, 8, half};
    test_tensor not_a_number = {"one", "F32", 4, 16, nan}, two = {"two", "F32", 2, 8, code_two};
    test_tensor infinite[2] = {{"one", "F32", 4, 16, code_one}, {"two", "F32", 2, 8, inf}};
    folder_tensors(dir, "styles/codes/short.safetensors", &shorter, 1);
    folder_tensors(dir, "styles/codes/half.safetensors", &f16, 1);
    folder_tensors(dir, "styles/codes/nan.safetensors", &not_a_number, 1);
    folder_tensors(dir, "styles/codes/inf.safetensors", infinite, 2);
    folder_tensors(dir, "styles/codes/two.safetensors", &two, 1);
}

static void loads_what_is_whole(void **state)
{
    char *dir = folder_models();
    add_bad_codes(dir);
    test_log log;
    for (size_t i = 0; i < STZ_LEN(broken); i++) {
        folder_text(dir, "styles/library.json", broken[i].text);
        stz_style_lib *lib = open_dir(dir, &log);
        check_ids(lib, broken[i].ids, &log, broken[i].text);
        if (!log_find(&log, broken[i].message))
            print_error("in: %s\n", broken[i].text);
        log_expect(&log, broken[i].message);
        for (int line = 0; line < log.count; line++)
            assert_int_equal(strncmp(log.line[line], "styles/library.json:", 20), 0);
        stz_style_lib_close(lib);
        lib = NULL;
        assert_int_equal(stz_style_lib_open(dir, NULL, &lib, NULL), STYLIZE_OK); /* without a log too */
        stz_style_lib_close(lib);
    }
    folder_remove(dir);
}

static void reads_all_members(void **state)
{
    char *dir = folder_models();
    folder_text(dir, "styles/p/i.jpg", "");
    folder_text(dir, "styles/library.json",
                "\xef\xbb\xbf[{\"style_id\": \"x-1_y\", \"model_path\": \"one/\", \"recommended_size\": 700,"
                "\"display_name\": {\"zh\": \"题\", \"en\": \"Title\", \"de\": \"Titel\"}, \"preview_image\":"
                "\"p/i.jpg\", \"artist\": \"A\", \"year\": -30, \"licence\": \"L\","
                "\"code_path\": \"codes/good.safetensors\"}, " PLAIN("p") "]\r\n\t ");
    test_log log;
    stz_style_lib *lib = open_dir(dir, &log);
    assert_int_equal(log.count, 0);
    static const char *const titles[][2] = {
        {NULL, "Title"}, {"en", "Title"}, {"fr", "Title"}, {"", "Title"},  {"zh", "题"},
        {"zh-CN", "题"}, {"zh_TW", "题"}, {"de", "Titel"}, {"d", "Title"}, {"deu", "Title"}};
    for (size_t i = 0; i < STZ_LEN(titles); i++) {
        stylize_style_info *list;
        size_t n;
        assert_int_equal(stz_style_lib_list(lib, titles[i][0], &list, &n, NULL), STYLIZE_OK);
        assert_int_equal(n, 2);
        assert_string_equal(list[0].display_name, titles[i][1]);
        assert_string_equal(list[0].id, "x-1_y");
        assert_string_equal(list[0].artist, "A");
        assert_string_equal(list[0].licence, "L");
        assert_string_equal(list[0].model, "one");
        assert_int_equal(list[0].year, -30);
        assert_int_equal(list[0].recommended_size, 700);
        assert_int_equal(access(list[0].preview_image, R_OK), 0);
        assert_true(list[0].blendable && !list[1].blendable);
        assert_true(!list[1].artist && !list[1].licence && !list[1].preview_image);
        assert_int_equal(list[1].year, 0);
        assert_int_equal(list[1].recommended_size, 0);
        free(list);
    }
    stz_style *x = stz_style_lib_find(lib, "x-1_y"), *p = stz_style_lib_find(lib, "p");
    const stz_model *one = stz_style_lib_find_model(lib, "one"), *two = stz_style_lib_find_model(lib, "two");
    assert_ptr_equal(stz_style_model(x), one);
    assert_string_equal(stz_style_id(x), "x-1_y");
    assert_memory_equal(stz_style_code(x, one), code_one, sizeof code_one);
    assert_memory_equal(stz_style_code(x, two), code_two, sizeof code_two);
    assert_null(stz_style_code(p, one));
    assert_null(stz_style_code(p, stz_style_model(p)));
    stz_style_unref(x);
    stz_style_unref(p);
    stz_style_lib_close(lib);
    folder_remove(dir);
}

static void leaves_out_broken_models(void **state)
{
    char *dir = folder_models();
    folder_text(dir, "two/model.json", "{\n\"name\": \"two\",\n\"method\": 3}");
    folder_text(dir, "one_more/model.json", "{\"name\":\"one\",\"method\":\"fast\",\"native\":\"n\"}");
    folder_text(dir, ".hidden/model.json", "{");
    folder_text(dir, "no_model/readme", "");
    folder_text(dir, "file", "");
    folder_text(dir, "styles/library.json",
                "[" GOOD("a") ",\n{" ID NAME
                              "\"model_path\": \"two\", \"code_path\": \"codes/good.safetensors\"}]");
    test_log log;
    stz_style_lib *lib = open_dir(dir, &log);
    check_ids(lib, "a ", &log, "a broken model");
    assert_int_equal(log.count, 3);
    log_expect(&log, "two/model.json:3: method must be a text");
    log_expect(&log, "one_more/model.json: name \"one\" is taken");
    log_expect(&log, "library.json:2: model_path names no model");
    assert_int_equal(stz_style_lib_model_count(lib), 2);
    assert_string_equal(stz_style_lib_model(lib, 0)->name, "one");
    assert_string_equal(stz_style_lib_model(lib, 1)->name, "plain");
    assert_null(stz_style_lib_model(lib, 2));
    assert_null(stz_style_lib_model(lib, -1));
    assert_null(stz_style_lib_find_model(lib, "two"));
    assert_null(stz_style_lib_find_model(lib, NULL));
    assert_null(stz_style_lib_encoder(lib));
    stz_style_lib_close(lib);
    folder_remove(dir);
}

static void refuse_open(const char *dir, stylize_status want, const char *message)
{
    stz_style_lib *lib = (stz_style_lib *)&want;
    stylize_error err = {0};
    assert_int_equal(stz_style_lib_open(dir, NULL, &lib, &err), want);
    assert_null(lib);
    assert_int_equal(err.status, want);
    if (!strstr(err.message, message))
        fail_msg("says: %s", err.message);
    assert_int_equal(stz_style_lib_open(dir, NULL, &lib, NULL), want);
}

static void refuses_what_is_no_library(void **state)
{
    char *dir = folder_models();
    refuse_open(NULL, STYLIZE_ERR_NOT_FOUND, "no name given");
    refuse_open("", STYLIZE_ERR_NOT_FOUND, "cannot be opened");
    refuse_open("/nowhere/at/all", STYLIZE_ERR_NOT_FOUND, "\"/nowhere/at/all\" cannot be opened");
    refuse_open(dir, STYLIZE_ERR_NOT_FOUND, "it has no styles/library.json");
    static const char *const no_array[] = {"", "  \n", "{}", "3", "\"[]\"", "\xef\xbb\xbf", "x[]"};
    for (size_t i = 0; i < STZ_LEN(no_array); i++) {
        folder_text(dir, "styles/library.json", no_array[i]);
        refuse_open(dir, STYLIZE_ERR_MODEL, "a list [...] of styles is needed");
    }
    char *large = malloc(STZ_LIBRARY_MAX + 1);
    memset(large, ' ', STZ_LIBRARY_MAX + 1);
    large[0] = '[';
    large[STZ_LIBRARY_MAX] = ']';
    folder_write(dir, "styles/library.json", large, STZ_LIBRARY_MAX + 1);
    refuse_open(dir, STYLIZE_ERR_MODEL, "4194305 bytes, allowed are 4194304");
    large[STZ_LIBRARY_MAX - 1] = ']';
    folder_write(dir, "styles/library.json", large, STZ_LIBRARY_MAX);
    test_log log;
    stz_style_lib *lib = open_dir(dir, &log);
    assert_int_equal(log.count, 0);
    stz_style_lib_close(lib);
    free(large);
    folder_remove(dir);
}

/* Text of n pieces, each made by printf from its number. */
static char *repeat(const char *format, int n)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    fputc('[', f);
    for (int i = 0; i < n; i++)
        fprintf(f, format, i);
    fputc(']', f);
    fclose(f);
    return text;
}

static void bounds_entries_and_reports(void **state)
{
    char *dir = folder_models();
    char *text = repeat("{\"style_id\":\"s%d\",\"display_name\":\"T\",\"model_path\":\"plain\"},\n", 4100);
    folder_text(dir, "styles/library.json", text);
    test_log log;
    stz_style_lib *lib = open_dir(dir, &log);
    log_expect(&log, "library.json:4097: more than 4096 styles");
    stz_style *last = stz_style_lib_find(lib, "s4095");
    assert_non_null(last);
    stz_style_unref(last);
    assert_null(stz_style_lib_find(lib, "s4096"));
    stz_style_lib_close(lib);
    free(text);
    text = repeat("%d,\n", 1000);
    folder_text(dir, "styles/library.json", text);
    lib = open_dir(dir, &log);
    assert_int_equal(log.count, 101);
    log_expect(&log, "library.json: 901 more problems");
    stz_style_lib_close(lib);
    free(text);
    folder_remove(dir);
}

static void survives_a_change_of_folder(void **state)
{
    char *dir = folder_models(), before[PATH_MAX];
    folder_text(dir, "styles/library.json", "[" GOOD("a") "]");
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(dir), 0);
    test_log log;
    stz_style_lib *lib = open_dir(".", &log);
    assert_int_equal(chdir("/"), 0);
    char *path = stz_path_join(stz_style_lib_find_model(lib, "one")->dir, "model.json");
    assert_int_equal(access(path, R_OK), 0);
    free(path);
    stz_style_lib_close(lib);
    assert_int_equal(chdir(before), 0);
    folder_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_shipped_library),       cmocka_unit_test(loads_what_is_whole),
        cmocka_unit_test(reads_all_members),           cmocka_unit_test(leaves_out_broken_models),
        cmocka_unit_test(refuses_what_is_no_library),  cmocka_unit_test(bounds_entries_and_reports),
        cmocka_unit_test(survives_a_change_of_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
