/* What the tests of the torch engine share. */
#ifndef TEST_TORCH_UTIL_H
#define TEST_TORCH_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "engine/engine.h"

#define DATA   STYLIZE_SOURCE_DIR "/tests/torch/data"
#define GOLDEN STYLIZE_SOURCE_DIR "/tests/golden"
#define MODELS STYLIZE_SOURCE_DIR "/models"

/* A picture of floats, and the view of it. */
typedef struct photo {
    float *data;
    stz_view view;
} photo;

photo photo_new(int width, int height);
photo photo_random(int width, int height, unsigned seed); /* smooth, from 0 to 1 */
photo photo_copy(const photo *p);
photo photo_crop(const photo *p, int x, int y, int width, int height);
void photo_free(photo *p);
double photo_distance(const photo *a, const photo *b);

/* A .npy file of the golden folder: [1, 3, H, W] as a picture, [1, n] as floats. */
photo golden_photo(const char *name);
void golden_code(const char *name, float *code, size_t count);

/* Row `row` of the tensor "codes" in a network's safetensors file; free. */
float *library_code(const char *model, int row);

/* What model.json of a shipped network says; the strings are not the caller's. */
stz_model shipped_model(const char *name);
stz_model user_model(const char *dir, const char *file);

/* An engine on the CPU with two threads; the test fails if it cannot be had. */
void *engine_open(const char *device);
void *net_load(void *engine, const stz_model *model);
/* Loading must fail with this status and a text that contains `part`. */
void load_fails(void *engine, const stz_model *model, stylize_status status, const char *part);

stz_apply job(const photo *in, photo *out, const float *code);
void run(void *engine, void *net, const stz_apply *batch, int n);

/* 77 for ctest after one line, if the plugin is not there; else 0. */
int skip_without_plugin(void);

#endif
