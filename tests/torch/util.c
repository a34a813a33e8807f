#include "util.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/safetensors.h"
#include "npy.h"
#include "style/library.h"

photo photo_new(int width, int height)
{
    photo p = {calloc((size_t)width * height * 3, sizeof(float)), {0}};
    assert_non_null(p.data);
    p.view = (stz_view){p.data, (ptrdiff_t)width * 12, width, height, STZ_F32};
    return p;
}

photo photo_random(int width, int height, unsigned seed)
{
    photo p = photo_new(width, height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) {
                seed = seed * 1664525u + 1013904223u;
                const double wave = sin(x * (0.05 + 0.02 * c)) * cos(y * 0.07 + c + seed % 7 * 1e-9);
                p.data[(y * width + x) * 3 + c] =
                    (float)(0.5 + 0.35 * wave + 0.1 * ((seed >> 16) / 65536.0 - 0.5));
            }
    return p;
}

photo photo_copy(const photo *p) { return photo_crop(p, 0, 0, p->view.width, p->view.height); }

photo photo_crop(const photo *p, int x, int y, int width, int height)
{
    photo out = photo_new(width, height);
    for (int row = 0; row < height; row++)
        memcpy(out.data + (size_t)row * width * 3, p->data + ((size_t)(y + row) * p->view.width + x) * 3,
               (size_t)width * 12);
    return out;
}

void photo_free(photo *p)
{
    free(p->data);
    p->data = NULL;
}

double photo_distance(const photo *a, const photo *b)
{
    double worst = 0;
    assert_int_equal(a->view.width, b->view.width);
    assert_int_equal(a->view.height, b->view.height);
    for (int i = 0; i < a->view.width * a->view.height * 3; i++) {
        const double d = fabs((double)a->data[i] - b->data[i]);
        worst = d <= worst ? worst : d; /* also when d is not a number */
    }
    return worst;
}

/* ------------------------------------------------------------------ golden files */

static npy read_golden(const char *name)
{
    npy array;
    char path[512];
    snprintf(path, sizeof path, GOLDEN "/%s.npy", name);
    assert_true(npy_read(path, &array));
    return array;
}

photo golden_photo(const char *name)
{
    npy planes = read_golden(name);
    assert_true(planes.dims == 4 && planes.shape[0] == 1 && planes.shape[1] == 3);
    const int height = (int)planes.shape[2], width = (int)planes.shape[3];
    photo p = photo_new(width, height);
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < width * height; i++)
            p.data[i * 3 + c] = planes.data[c * width * height + i];
    npy_free(&planes);
    return p;
}

void golden_code(const char *name, float *code, size_t count)
{
    npy array = read_golden(name);
    assert_int_equal(array.count, count);
    memcpy(code, array.data, count * sizeof *code);
    npy_free(&array);
}

float *library_code(const char *model, int row)
{
    char path[512];
    stz_safetensors *file;
    stylize_error err;
    snprintf(path, sizeof path, MODELS "/%s/%s.safetensors", model, model);
    assert_int_equal(stz_safetensors_open(path, &file, &err), STYLIZE_OK);
    const stz_tensor *codes = stz_safetensors_find(file, "codes");
    assert_non_null(codes);
    assert_true(row < (int)codes->shape[0]);
    float *code = malloc(codes->shape[1] * sizeof *code);
    assert_non_null(code);
    memcpy(code, (const float *)codes->data + (size_t)row * codes->shape[1], codes->shape[1] * sizeof *code);
    stz_safetensors_close(file);
    return code;
}

/* ------------------------------------------------------------------ engine */

stz_model user_model(const char *dir, const char *file)
{
    stz_model m = {.multiple = 1, .min_side = 16, .grid = 1, .range = 1, .std = {1, 1, 1}};
    snprintf(m.name, sizeof m.name, "%s", file);
    m.dir = (char *)(uintptr_t)dir;
    m.torch_file = (char *)(uintptr_t)file;
    return m;
}

/* Owned by this file until the program ends. */
static stz_model *shipped[2];

static void free_shipped(void)
{
    stz_model_free(shipped[0]);
    stz_model_free(shipped[1]);
}

stz_model shipped_model(const char *name)
{
    const int i = strcmp(name, "any") == 0;
    if (!shipped[0] && !shipped[1])
        atexit(free_shipped);
    stylize_error err = {0};
    if (!shipped[i] && stz_model_read(i ? MODELS "/any" : MODELS "/brush", &shipped[i], &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return *shipped[i];
}

void *engine_open(const char *device)
{
    void *engine = NULL;
    stylize_error err = {0};
    const stz_engine_config config = {.device = device, .threads = 2};
    if (stz_engine_torch.open(&engine, &config, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return engine;
}

void *net_load(void *engine, const stz_model *model)
{
    void *net = NULL;
    stylize_error err = {0};
    if (stz_engine_torch.load(engine, model, &net, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return net;
}

void load_fails(void *engine, const stz_model *model, stylize_status status, const char *part)
{
    void *net = NULL;
    stylize_error err = {0};
    const stylize_status got = stz_engine_torch.load(engine, model, &net, &err);
    if (got != status || err.status != status || net || !strstr(err.message, part))
        fail_msg("status %d instead of %d, text \"%s\" without \"%s\"", (int)got, (int)status, err.message,
                 part);
    assert_null(strchr(err.message, '\n'));
}

stz_apply job(const photo *in, photo *out, const float *code)
{
    stz_apply a = {.in = in->view, .code = code};
    if (out)
        a.out = out->view;
    return a;
}

void run(void *engine, void *net, const stz_apply *batch, int n)
{
    stylize_error err = {0};
    const stz_exec exec = {0};
    if (stz_engine_torch.apply(engine, net, batch, n, &exec, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
}

int skip_without_plugin(void)
{
    stylize_error err = {0};
    if (stz_engine_torch.probe(&err) != STYLIZE_ERR_NOT_FOUND)
        return 0;
    printf("skipped: %s\n", err.message);
    return 77;
}
