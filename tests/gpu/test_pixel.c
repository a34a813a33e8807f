/* The arithmetic of the kernels, run on the CPU, against the library's own code for the CPU: equal to the bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host_ops.h"
#include "image/canvas.h"
#include "image/image.h"
#include "image/resize.h"

static uint32_t noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

#if defined(__FLT16_MAX__)
static float bits(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static uint16_t compiler_half(float v)
{
    const _Float16 h = (_Float16)v;
    uint16_t u;
    memcpy(&u, &h, sizeof u);
    return u;
}

static void half_is_what_the_compiler_makes(void **state)
{
    for (uint32_t h = 0; h < 65536; h++) {
        const uint16_t u = (uint16_t)h;
        _Float16 f;
        memcpy(&f, &u, sizeof f);
        const float want = (float)f, got = stz_float_of(u);
        assert_true(isnan(want) ? isnan(got) : memcmp(&want, &got, sizeof got) == 0);
    }
    uint32_t seed = 1;
    for (uint64_t u = 0; u < (1ull << 32); u += 997 + noise(&seed) % 4096) {
        const float v = bits((uint32_t)u);
        if (isnan(v))
            assert_true(isnan(stz_float_of(stz_half_of(v))));
        else
            assert_int_equal(stz_half_of(v), compiler_half(v));
    }
    const float edges[] = {65504,          65519.99f,      65520,   65536, 5.96e-8f,
                           2.98023224e-8f, 2.98023260e-8f, 6.1e-5f, 0,     -0.0f};
    for (size_t i = 0; i < STZ_LEN(edges); i++)
        assert_int_equal(stz_half_of(edges[i]), compiler_half(edges[i]));
}
#else
static void half_is_what_the_compiler_makes(void **state) { skip(); }
#endif

/* ------------------------------------------------------------------ pictures */

static stylize_image picture(int width, int height, stylize_format format, size_t extra, uint32_t seed,
                             bool opaque)
{
    const size_t bpp = (size_t)stz_bytes_per_pixel(format), stride = (size_t)width * bpp + extra;
    stylize_image p = {.pixels = malloc(stride * (size_t)height),
                       .stride = (ptrdiff_t)stride,
                       .width = (uint32_t)width,
                       .height = (uint32_t)height,
                       .format = format};
    for (size_t i = 0; i < stride * (size_t)height; i++)
        p.pixels[i] = (uint8_t)noise(&seed);
    for (int y = 0; y < height; y++)
        for (int x = 0; bpp == 4 && x < width; x++) {
            uint8_t *alpha = &p.pixels[(size_t)y * stride + (size_t)x * 4 + 3];
            *alpha = opaque ? 255 : *alpha < 64 ? 0 : *alpha; /* a fourth of them empty */
        }
    return p;
}

static void assert_same(const stylize_image *a, const stylize_image *b)
{
    const size_t row = a->width * (size_t)stz_bytes_per_pixel(a->format);
    for (uint32_t y = 0; y < a->height; y++)
        assert_memory_equal(a->pixels + (size_t)y * (size_t)a->stride,
                            b->pixels + (size_t)y * (size_t)b->stride, row);
}

/* What enters a network: the core's padding and the plugin's normalisation. */
static void input_is_extract_and_normalise(void **state)
{
    const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8};
    const float mean[3] = {0.485f, 0.456f, 0.406f}, std[3] = {0.229f, 0.224f, 0.225f};
    for (int round = 0; round < 8; round++) {
        const int width = 5 + round * 3, height = 21 - round, padded_w = stz_round_up(width, 8),
                  padded_h = stz_round_up(height, 8);
        const bool last = round & 2, half = round & 4;
        stylize_image in = picture(width, height, formats[round & 1], 3, (uint32_t)round, false);
        stylize_image rgb = picture(padded_w, padded_h, STYLIZE_FORMAT_RGB8, 0, 0, true);
        stz_extract(&in, 0, 0, &rgb);
        const size_t samples = (size_t)padded_w * (size_t)padded_h * 3;
        void *x = calloc(samples, half ? 2 : 4);
        stz_op_input op = {.in = {in.pixels},
                           .pitch = {in.stride},
                           .channels = {(uint8_t)stz_bytes_per_pixel(in.format)},
                           .n = 1,
                           .width = width,
                           .height = height,
                           .padded_width = padded_w,
                           .padded_height = padded_h};
        const int64_t w = padded_w, h = padded_h;
        op.out = last ? (stz_planes){x, 0, 1, 3 * w, 3, half} : (stz_planes){x, 0, w * h, w, 1, half};
        for (int c = 0; c < 3; c++) {
            op.scale[c] = 1 / (255 * std[c]);
            op.shift[c] = mean[c] / std[c];
        }
        host_input(&op);
        for (int y = 0; y < padded_h; y++)
            for (int px = 0; px < padded_w; px++)
                for (int c = 0; c < 3; c++) {
                    float want = (float)rgb.pixels[(y * padded_w + px) * 3 + c] * op.scale[c];
                    want -= op.shift[c];
                    if (half)
                        want = stz_float_of(stz_half_of(want));
                    const float got = stz_get(&op.out, 0, c, y, px);
                    assert_true(got == want);
                }
        free(x);
        free(in.pixels);
        free(rgb.pixels);
    }
}

/* ------------------------------------------------------------------ output */

typedef struct finish_case {
    stylize_format content, out;
    float strength, preserve;
    bool half;
} finish_case;

static uint8_t rounded(float v) { return (uint8_t)(v <= 0 ? 0 : v >= 255 ? 255 : (int)v); }

static void finish_one(const finish_case *t, uint32_t seed)
{
    enum { W = 37, H = 11 };
    stylize_image content = picture(W, H, t->content, 5, seed, false);
    stylize_image out = picture(W, H, t->out, 2, seed + 1, false);
    stylize_image painted = picture(W, H, STYLIZE_FORMAT_RGB8, 0, seed + 2, true);
    void *y = calloc(W * H * 3, 4);
    const stz_planes planes = {y, 0, W * H, W, 1, t->half};
    for (int i = 0; i < W * H * 3; i++) { /* also below 0, above 1 and extreme */
        const float v = (float)noise(&seed) / 16777216.0f * 1.4f - 0.2f;
        stz_put(&planes, 0, i / (W * H), i / W % H, i % W, i % 50 ? v : v * 40000);
    }
    for (int i = 0; i < W * H; i++)
        for (int c = 0; c < 3; c++) {
            float v = stz_get(&planes, 0, c, i / W, i % W) * 255.0f;
            painted.pixels[i * 3 + c] = rounded(v + 0.5f);
        }
    int bad = 0;
    const stz_op_output op = {.y = planes,
                              .content = {content.pixels},
                              .out = {out.pixels},
                              .content_pitch = {content.stride},
                              .out_pitch = {out.stride},
                              .strength = {(uint16_t)(t->strength * STZ_MIX_ONE + 0.5f)},
                              .preserve = {t->preserve},
                              .content_channels = {(uint8_t)stz_bytes_per_pixel(t->content)},
                              .out_channels = {(uint8_t)stz_bytes_per_pixel(t->out)},
                              .n = 1,
                              .width = W,
                              .height = H,
                              .scale = 255,
                              .bad = &bad};
    host_output(&op);
    stz_blend_rgb(content.pixels, content.stride, stz_bytes_per_pixel(t->content), painted.pixels,
                  painted.stride, W, H, t->strength, t->preserve);
    assert_int_equal(bad, 0);
    for (int i = 0; i < W * H; i++) {
        const uint8_t *o = out.pixels + i / W * out.stride + i % W * stz_bytes_per_pixel(t->out);
        assert_memory_equal(o, painted.pixels + i * 3, 3);
        if (t->out == STYLIZE_FORMAT_RGBA8)
            assert_int_equal(o[3], content.pixels[i / W * content.stride + i % W * 4 + 3]);
    }
    free(y);
    free(content.pixels);
    free(out.pixels);
    free(painted.pixels);
}

static void output_is_rounding_blend_and_alpha(void **state)
{
    const stylize_format content[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    const float strength[] = {0, 0.001f, 0.25f, 0.7f, 1};
    for (uint32_t k = 0; k < 3 * 5 * 3 * 2; k++) {
        const finish_case t = {.content = content[k % 3],
                               .out = content[k % 3] == STYLIZE_FORMAT_RGBA8 ? STYLIZE_FORMAT_RGBA8
                                                                             : STYLIZE_FORMAT_RGB8,
                               .strength = strength[k / 3 % 5],
                               .preserve = 0.5f * (float)(k / 15 % 3),
                               .half = k / 45 & 1};
        finish_one(&t, k * 77 + 1);
    }
}

/* Every pair of colours near the corners of the cube, where recolouring is cut off. */
static void recolouring_is_the_library_s(void **state)
{
    static const uint8_t level[] = {0, 1, 2, 64, 127, 128, 200, 253, 254, 255};
    enum { N = 10 * 10 * 10 };
    uint8_t *a = malloc(N * N * 3), *b = malloc(N * N * 3);
    for (int i = 0; i < N * N; i++)
        for (int c = 0, p = i / N, q = i % N; c < 3; c++, p /= 10, q /= 10) {
            a[i * 3 + c] = level[p % 10];
            b[i * 3 + c] = level[q % 10];
        }
    uint8_t *want = malloc(N * N * 3);
    static const float share[] = {1, 0.5f, 0.3f};
    for (size_t s = 0; s < STZ_LEN(share); s++) {
        memcpy(want, b, N * N * 3);
        stz_blend_rgb(a, N * N * 3, 3, want, N * N * 3, N * N, 1, 1, share[s]);
        for (int i = 0; i < N * N; i++) {
            int content[3], painted[3];
            stz_colour(a + i * 3, 3, content);
            stz_colour(b + i * 3, 3, painted);
            stz_recolour(content, painted, share[s]);
            for (int c = 0; c < 3; c++)
                assert_int_equal(painted[c], want[i * 3 + c]);
        }
    }
    free(want);
    free(a);
    free(b);
}

static void what_is_not_finite_is_marked(void **state)
{
    const float values[] = {NAN, INFINITY, -INFINITY};
    for (int k = 0; k < 3; k++) {
        float y[6] = {0.5f, 0.5f, 0.5f, 0.5f, 0.5f, values[k]};
        uint8_t content[6] = {0}, out[6];
        int bad[2] = {0, 0};
        const stz_op_output op = {.y = {y, 3, 1, 1, 1, 0},
                                  .content = {content, content + 3},
                                  .out = {out, out + 3},
                                  .strength = {STZ_MIX_ONE, STZ_MIX_ONE},
                                  .content_channels = {3, 3},
                                  .out_channels = {3, 3},
                                  .n = 2,
                                  .width = 1,
                                  .height = 1,
                                  .scale = 255,
                                  .bad = bad};
        host_output(&op);
        assert_int_equal(bad[0], 0);
        assert_int_equal(bad[1], 1);
        assert_int_equal(out[5], k == 1 ? 255 : 0);
    }
}

/* ------------------------------------------------------------------ resizing */

static stz_op_taps both_taps(uint32_t in, uint32_t out, bool weights, void **memory)
{
    size_t size;
    stz_taps coef, weight = {0};
    assert_true(stz_taps_size(in, out, &size));
    size = (size + 63) / 64 * 64;
    *memory = aligned_alloc(64, 2 * size);
    stz_taps_make(&coef, in, out, false, *memory);
    if (weights)
        stz_taps_make(&weight, in, out, true, (uint8_t *)*memory + size);
    return (stz_op_taps){coef.first,   coef.count,    coef.coef, weight.first,
                         weight.count, weight.weight, coef.step, out};
}

static void resize_one(stylize_format format, bool opaque, stz_rect part, uint32_t width, uint32_t height)
{
    const int channels = stz_bytes_per_pixel(format);
    stylize_image in = picture(61, 47, format, 7, width * 31 + height, opaque), want, got;
    stz_pool *pool = stz_pool_create(0);
    assert_int_equal(stz_resize(&in, part, width, height, pool, &want, NULL), STYLIZE_OK);
    got = picture((int)width, (int)height, format, 4, 9, true);
    void *down_memory, *across_memory, *temp = calloc((size_t)height * part.width * (size_t)channels, 4);
    const uint8_t *from = in.pixels + part.y * in.stride + part.x * (uint32_t)channels;
    int translucent = 0;
    const stz_op_translucent look = {from, in.stride, (int)part.width, (int)part.height, &translucent};
    if (channels == 4)
        host_translucent(&look);
    const stz_op_down down = {from,         in.stride,
                              channels,     (int)part.width,
                              &translucent, both_taps(part.height, height, channels == 4, &down_memory),
                              temp};
    const stz_op_across across = {
        temp,        channels,     (int)part.width,
        (int)height, &translucent, both_taps(part.width, width, channels == 4, &across_memory),
        got.pixels,  got.stride};
    host_down(&down);
    host_across(&across);
    assert_int_equal(translucent, channels == 4 && !opaque);
    assert_same(&want, &got);
    stylize_image_free(&want);
    stz_pool_end(pool);
    free(temp);
    free(down_memory);
    free(across_memory);
    free(got.pixels);
    free(in.pixels);
}

static void resizing_is_the_library_s(void **state)
{
    const stylize_format formats[] = {STYLIZE_FORMAT_RGB8, STYLIZE_FORMAT_RGBA8, STYLIZE_FORMAT_GRAY8};
    const uint32_t sizes[][2] = {{16, 16}, {30, 23}, {61, 20}, {100, 90}, {17, 140}};
    for (size_t f = 0; f < 6; f++)
        for (size_t s = 0; s < STZ_LEN(sizes); s++) {
            resize_one(formats[f % 3], f / 3, (stz_rect){0, 0, 61, 47}, sizes[s][0], sizes[s][1]);
            resize_one(formats[f % 3], f / 3, (stz_rect){5, 9, 40, 33}, sizes[s][0], sizes[s][1]);
        }
}

/* Arguments of a kernel are passed by value. */
static void arguments_fit_a_launch(void **state)
{
    for (int op = STZ_OP_INPUT; op <= STZ_OP_ACROSS; op++)
        assert_true(host_op_size(op) <= 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_is_what_the_compiler_makes),
        cmocka_unit_test(input_is_extract_and_normalise),
        cmocka_unit_test(output_is_rounding_blend_and_alpha),
        cmocka_unit_test(recolouring_is_the_library_s),
        cmocka_unit_test(what_is_not_finite_is_marked),
        cmocka_unit_test(resizing_is_the_library_s),
        cmocka_unit_test(arguments_fit_a_launch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
