/* A library.json from elsewhere, beside the shipped models and codes: whatever loads must be whole. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "style/entry.h"
#include "style/library.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static void log_line(void *user, stylize_log_level level, const char *text)
{
    expect(strncmp(text, "styles/library.json:", 20) == 0 && !strchr(text, '\n'));
}

static void add_model(stz_style_lib *lib, const char *dir)
{
    stz_model *model;
    expect(stz_model_read(dir, &model, NULL) == STYLIZE_OK && stz_style_lib_add_model(lib, model));
}

static void add_plain_model(stz_style_lib *lib)
{
    static const char text[] = "{\"name\":\"plain\",\"method\":\"fast\",\"torch\":\"t\"}";
    stz_model *model;
    expect(stz_model_parse("/models/plain", text, sizeof text - 1, NULL, &model, NULL) == STYLIZE_OK &&
           stz_style_lib_add_model(lib, model));
}

static void check(stz_style_lib *lib, const stylize_style_info *info)
{
    expect(stz_id_valid(info->id) && info->display_name[0] && strlen(info->display_name) < 256);
    expect(info->recommended_size <= 16384 && !info->added);
    stz_style *style = stz_style_lib_find(lib, info->id);
    const stz_model *model = stz_style_model(style);
    const float *code = stz_style_code(style, model);
    expect(strcmp(stz_style_id(style), info->id) == 0 && (code != NULL) == (model->code_length > 0));
    for (int i = 0; i < model->code_length; i++)
        expect(isfinite(code[i]));
    expect(stz_style_lib_remove(lib, info->id, NULL) == STYLIZE_OK);
    expect(!stz_style_lib_find(lib, info->id)); /* there was one of that id only */
    stz_style_unref(style);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stz_log log = {log_line, NULL, STYLIZE_LOG_DEBUG};
    stylize_error err = {0};
    stz_style_lib *lib = stz_style_lib_create(STYLIZE_SOURCE_DIR "/models");
    add_model(lib, STYLIZE_SOURCE_DIR "/models/any");
    add_model(lib, STYLIZE_SOURCE_DIR "/models/brush");
    add_plain_model(lib);
    stylize_status status = stz_style_lib_parse(lib, (const char *)data, size, &log, &err);
    expect(status == err.status && (status == STYLIZE_OK || status == STYLIZE_ERR_MODEL));
    stylize_style_info *list;
    size_t n;
    expect(stz_style_lib_list(lib, "zh", &list, &n, NULL) == STYLIZE_OK);
    for (size_t i = 0; i < n; i++)
        check(lib, &list[i]);
    free(list);
    stz_style_lib_close(lib);
    return 0;
}
