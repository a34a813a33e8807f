/* A model.json from elsewhere: what passes must be within the limits that engines rely on. */
#include <math.h>
#include <string.h>

#include "style/entry.h"
#include "style/library.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
    if (!ok)
        __builtin_trap();
}

static bool within(int v, int lo, int hi) { return v >= lo && v <= hi; }

static void check(const stz_model *m)
{
    expect(stz_id_valid(m->name) && strcmp(m->dir, "/models/x") == 0);
    const char *const files[] = {m->native_file, m->native_int8_file, m->torch_file, m->torch_encoder_file};
    for (size_t i = 0; i < STZ_LEN(files); i++)
        expect(!files[i] || stz_path_inside(files[i]));
    expect(m->native_file || m->torch_file);
    expect(within(m->multiple, 1, 256) && within(m->min_side, 1, 4096) && within(m->grid, 1, 256));
    expect(within(m->code_length, 0, 1 << 20) && within(m->stats_length, 0, 1 << 20));
    expect(within(m->receptive_radius, 0, 4096) && (!m->encodes || m->code_length > 0));
    expect(within(m->style_multiple, 1, 256) && within(m->style_min_side, 1, 4096));
    expect(within(m->style_size, m->style_min_side, 4096));
    expect(m->range == 1 || m->range == 255);
    for (int c = 0; c < 3; c++)
        expect(isfinite(m->mean[c]) && isfinite(m->std[c]) && m->std[c] > 0);
}

static void log_line(void *user, stylize_log_level level, const char *text) { expect(!strchr(text, '\n')); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stz_log log = {log_line, NULL, STYLIZE_LOG_DEBUG};
    stz_model *model;
    stylize_error err = {0};
    stylize_status status = stz_model_parse("/models/x", (const char *)data, size, &log, &model, &err);
    expect((status == STYLIZE_OK) == (model != NULL));
    expect(status == err.status && (status == STYLIZE_OK || err.message[0]));
    if (model)
        check(model);
    stz_model_free(model);
    return 0;
}
