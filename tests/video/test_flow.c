/* Motion against motion that is known: a pattern that is computed, so that it can be moved by any part of a pixel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>

#include "video/flow.h"

#define WIDTH  320
#define HEIGHT 200

typedef struct moved {
    float u, v, zoom; /* of the frame before, as seen from the frame now */
} moved;

/* Waves of all directions and of lengths from 7 to 90 pixels. */
static float pattern(float x, float y)
{
    float sum = 128;
    for (int i = 0; i < 14; i++) {
        const float angle = (float)i * 2.399963f, length = 7 * powf(1.22f, (float)i);
        sum += 14 * sinf((x * cosf(angle) + y * sinf(angle)) * 6.2831853f / length + (float)(i * i));
    }
    return fminf(fmaxf(sum, 0), 255);
}

static void place(moved m, float x, float y, float *px, float *py)
{
    *px = (x - WIDTH / 2) * m.zoom + WIDTH / 2 + m.u;
    *py = (y - HEIGHT / 2) * m.zoom + HEIGHT / 2 + m.v;
}

static uint8_t *draw(int width, int height, moved m, float gain)
{
    uint8_t *luma = malloc((size_t)width * (size_t)height);
    assert_non_null(luma);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            float px, py;
            place(m, (float)x, (float)y, &px, &py);
            luma[y * width + x] = (uint8_t)fminf(pattern(px, py) * gain + 0.5f, 255);
        }
    return luma;
}

typedef struct found {
    stz_pyramid now, before;
    stz_flow flow;
    stz_field field;
} found;

static void find(found *f, int width, int height, const uint8_t *before, const uint8_t *now,
                 const stz_video_kernels *kernels)
{
    stylize_error err;
    assert_int_equal(stz_pyramid_create(&f->now, width, height, &err), STYLIZE_OK);
    assert_int_equal(stz_pyramid_create(&f->before, width, height, &err), STYLIZE_OK);
    assert_int_equal(stz_flow_create(&f->flow, &f->now, &err), STYLIZE_OK);
    assert_int_equal(stz_field_create(&f->field, &f->now, &err), STYLIZE_OK);
    if (kernels)
        f->flow.kernels = kernels;
    stz_pyramid_fill(&f->before, before, width);
    stz_pyramid_fill(&f->now, now, width);
    stz_flow_run(&f->flow, &f->now, &f->before, &f->field);
}

static void release(found *f)
{
    stz_pyramid_free(&f->now);
    stz_pyramid_free(&f->before);
    stz_flow_free(&f->flow);
    stz_field_free(&f->field);
}

/* Mean distance in pixels of the frame from what is true, where the field is sure; *share: how much that is. */
static float distance(const stz_field *f, moved m, float *share)
{
    double sum = 0, weight = 0;
    int inside = 0;
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++) {
            const float scale = (float)f->scale;
            const float fx = ((float)x + 0.5f) * scale - 0.5f, fy = ((float)y + 0.5f) * scale - 0.5f;
            float px, py;
            place(m, fx, fy, &px, &py);
            if (px < 4 || py < 4 || px > WIDTH - 5 || py > HEIGHT - 5)
                continue;
            const float u = f->u[y * f->row + x] * scale - (px - fx),
                        v = f->v[y * f->row + x] * scale - (py - fy);
            sum += (double)(f->sure[y * f->row + x] * sqrtf(u * u + v * v));
            weight += (double)f->sure[y * f->row + x];
            inside++;
        }
    *share = (float)(weight / inside);
    return (float)(sum / weight);
}

/* A quarter of a pixel: the painting's finest strokes are four pixels wide. */
static void motion_is_found(void **state)
{
    const moved all[] = {{0, 0, 1},    {1, 0, 1},     {0.4f, -0.3f, 1}, {3.3f, -2.6f, 1}, {-9, 7.5f, 1},
                         {34, -11, 1}, {0, 0, 1.02f}, {0, 0, 0.97f},    {5, 2, 1.03f}};
    for (size_t i = 0; i < STZ_LEN(all); i++)
        for (int gain = 0; gain < 2; gain++) { /* a camera that opens up by five in a hundred */
            found f;
            float share;
            uint8_t *before = draw(WIDTH, HEIGHT, (moved){0, 0, 1}, 1),
                    *now = draw(WIDTH, HEIGHT, all[i], 1 + 0.05f * (float)gain);
            find(&f, WIDTH, HEIGHT, before, now, NULL);
            const float far = distance(&f.field, all[i], &share);
            if (!(far < 0.25f && share > (gain ? 0.6f : 0.8f)))
                fail_msg("motion %zu: %.3f pixels off where sure, which is %.2f of it", i, (double)far,
                         (double)share);
            release(&f);
            free(before);
            free(now);
        }
}

/* A piece of another pattern passes by: what it uncovers was nowhere before. */
static void uncovered_pixels_are_not_sure(void **state)
{
    uint8_t *before = draw(WIDTH, HEIGHT, (moved){0, 0, 1}, 1),
            *now = draw(WIDTH, HEIGHT, (moved){0, 0, 1}, 1);
    for (int y = 60; y < 140; y++)
        for (int x = 0; x < 80; x++) {
            const uint8_t piece = (uint8_t)(255 - pattern((float)(x + 1000) * 1.4f, (float)y * 1.4f));
            before[y * WIDTH + 100 + x] = piece;
            now[y * WIDTH + 124 + x] = piece;
        }
    found f;
    find(&f, WIDTH, HEIGHT, before, now, NULL);
    double uncovered = 0, inside = 0, still = 0;
    for (int y = 35; y < 65; y++) {
        for (int x = 51; x < 61; x++) /* 102 to 122 of the frame */
            uncovered += (double)f.field.sure[y * f.field.row + x] / 300;
        for (int x = 70; x < 94; x++)
            inside += (double)f.field.sure[y * f.field.row + x] / 720;
        for (int x = 10; x < 40; x++)
            still += (double)f.field.sure[y * f.field.row + x] / 900;
    }
    if (!(uncovered < 0.08 && inside > 0.8 && still > 0.9))
        fail_msg("sure: uncovered %.2f, inside %.2f, still %.2f", uncovered, inside, still);
    release(&f);
    free(before);
    free(now);
}

static void another_scene_is_noticed(void **state)
{
    uint8_t *before = draw(WIDTH, HEIGHT, (moved){0, 0, 1}, 1),
            *now = draw(WIDTH, HEIGHT, (moved){900, 700, 0.6f}, 1);
    found f;
    find(&f, WIDTH, HEIGHT, before, now, NULL);
    assert_true(f.field.mean < STZ_SCENE_SURE);
    release(&f);
    free(before);
    free(now);
}

static void every_size_works(void **state)
{
    const int sides[] = {16, 17, 31, 33, 101};
    for (size_t i = 0; i < STZ_LEN(sides); i++)
        for (size_t j = 0; j < STZ_LEN(sides); j++) {
            found f;
            uint8_t *frame = draw(sides[i], sides[j], (moved){0, 0, 1}, 1);
            find(&f, sides[i], sides[j], frame, frame, NULL);
            assert_true(f.field.mean > 0.99f);
            release(&f);
            free(frame);
        }
}

/* A large frame is looked at a smaller size: the time does not grow with it. */
static void large_frames_are_looked_at_smaller(void **state)
{
    stylize_error err;
    stz_pyramid p;
    assert_int_equal(stz_pyramid_create(&p, 3840, 2160, &err), STYLIZE_OK);
    assert_int_equal(p.scale, 8);
    assert_int_equal(p.level[0].width, 480);
    stz_pyramid_free(&p);
}

static void instruction_sets_agree(void **state)
{
    const stz_video_kernels *fast = stz_video_kernels_of(STZ_ISA_AVX2);
    if (!fast)
        skip();
    found a, b;
    uint8_t *before = draw(WIDTH, HEIGHT, (moved){0, 0, 1}, 1),
            *now = draw(WIDTH, HEIGHT, (moved){3.3f, -2.6f, 1.01f}, 1);
    find(&a, WIDTH, HEIGHT, before, now, fast);
    find(&b, WIDTH, HEIGHT, before, now, stz_video_kernels_of(STZ_ISA_PORTABLE));
    double sum = 0;
    for (int y = 0; y < a.field.height; y++)
        for (int x = 0; x < a.field.width; x++)
            sum += fabs((double)(a.field.u[y * a.field.row + x] - b.field.u[y * b.field.row + x]));
    assert_true(sum / (a.field.width * a.field.height) < 0.01);
    release(&a);
    release(&b);
    free(before);
    free(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(motion_is_found),
        cmocka_unit_test(uncovered_pixels_are_not_sure),
        cmocka_unit_test(another_scene_is_noticed),
        cmocka_unit_test(every_size_works),
        cmocka_unit_test(large_frames_are_looked_at_smaller),
        cmocka_unit_test(instruction_sets_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
