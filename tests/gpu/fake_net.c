#include "fake_net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/pixel.h"
#include "image/canvas.h"

fake_net_state fake_net;

static bool take(atomic_int *left)
{
    int n = atomic_load(left);
    while (n > 0 && !atomic_compare_exchange_weak(left, &n, n - 1))
        ;
    return n == 1;
}

static stz_planes planes_of(void *data, const stz_gpu_net *net, int64_t w, int64_t h)
{
    if (net->channels_last)
        return (stz_planes){data, h * w * 3, 1, w * 3, 3, net->is_half};
    return (stz_planes){data, 3 * h * w, h * w, w, 1, net->is_half};
}

static float mean_of(const stz_planes *x, int i, int width, int height)
{
    double sum = 0;
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < height; y++)
            for (int px = 0; px < width; px++)
                sum += stz_get(x, i, c, y, px);
    return (float)(sum / (3.0 * width * height));
}

/* planes to planes; the same code makes the reference. */
static void paint(const stz_planes *x, const stz_planes *out, int i, int width, int height, const float *code)
{
    const float mean = mean_of(x, i, width, height);
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < height; y++)
            for (int px = 0; px < width; px++)
                stz_put(out, i, c, y, px, stz_get(x, i, c, y, px) * code[0] + code[1] + mean * code[2]);
}

static int fail(const stz_torch_error *error, int code, const char *text)
{
    if (error && error->text)
        snprintf(error->text, error->size, "%s", text);
    return code;
}

static void note_max(int n)
{
    int seen = atomic_load(&fake_net.largest);
    while (n > seen && !atomic_compare_exchange_weak(&fake_net.largest, &seen, n))
        ;
}

static int forward(stz_torch_net *opaque, stz_torch_batch *b, const stz_torch_error *error)
{
    const stz_gpu_net *net = (const stz_gpu_net *)(const void *)opaque;
    const int most = atomic_load(&fake_net.most);
    fake_net.calls++;
    fake_net.tuned += b->tune;
    if (most && b->n > most)
        return fail(error, STZ_TORCH_NOMEM, "out of memory");
    if (take(&fake_net.fail_in))
        return fail(error, STZ_TORCH_ENGINE, "the fake network was told to fail");
    note_max(b->n);
    const stz_planes x = planes_of(b->x, net, b->width, b->height);
    for (int i = 0; b->stats_out && i < b->n; i++)
        b->stats_out[i] = mean_of(&x, i, b->width, b->height);
    if (b->stats_out)
        return STZ_TORCH_OK;
    b->kept = malloc((size_t)b->n * 3 * (size_t)b->width * (size_t)b->height * (net->is_half ? 2 : 4));
    fake_net.kept++;
    const stz_planes y = planes_of(b->kept, net, b->width, b->height);
    for (int i = 0; i < b->n; i++)
        paint(&x, &y, i, b->width, b->height, b->code + i * FAKE_NET_CODE);
    if (atomic_load(&fake_net.not_a_number))
        stz_put(&y, b->n - 1, 2, 0, 0, NAN);
    b->y = b->kept;
    b->y_half = net->is_half;
    const long long strides[4] = {y.n, y.c, y.y, y.x};
    memcpy(b->y_strides, strides, sizeof strides);
    return STZ_TORCH_OK;
}

static void drop(void *kept)
{
    if (kept)
        fake_net.kept--;
    free(kept);
}

stz_gpu_net fake_net_new(int multiple, int is_half, int channels_last)
{
    memset(&fake_net, 0, sizeof fake_net);
    return (stz_gpu_net){.forward = forward,
                         .drop = drop,
                         .code_length = FAKE_NET_CODE,
                         .stats_length = 1,
                         .multiple = multiple,
                         .is_half = is_half,
                         .channels_last = channels_last,
                         .scale = {1 / 255.0f, 1 / 255.0f, 1 / 255.0f},
                         .shift = {0.1f, 0, -0.1f},
                         .out_scale = 255};
}

static stylize_image plain(uint32_t width, uint32_t height, stylize_format format)
{
    const uint32_t bpp = (uint32_t)stz_bytes_per_pixel(format);
    return (stylize_image){.pixels = malloc((size_t)width * height * bpp),
                           .stride = (ptrdiff_t)(width * bpp),
                           .width = width,
                           .height = height,
                           .format = format};
}

static stylize_image grey_to_rgb(const stylize_image *in)
{
    stylize_image rgb = plain(in->width, in->height, STYLIZE_FORMAT_RGB8);
    for (uint32_t i = 0; i < in->width * in->height; i++)
        memset(rgb.pixels + i * 3, in->pixels[i], 3);
    return rgb;
}

/* The network over a picture of bytes, as the core does it: padded, normalised, cropped, rounded. */
static stylize_image paint_picture(const stylize_image *content, const stz_gpu_net *net, const float *code)
{
    const int w = (int)content->width, h = (int)content->height;
    const int pw = stz_round_up(w, net->multiple), ph = stz_round_up(h, net->multiple);
    stylize_image padded = plain((uint32_t)pw, (uint32_t)ph, STYLIZE_FORMAT_RGB8);
    stylize_image out = plain((uint32_t)w, (uint32_t)h, STYLIZE_FORMAT_RGB8);
    stz_extract(content, 0, 0, &padded);
    const size_t samples = (size_t)pw * (size_t)ph * 3;
    void *x = malloc(samples * 4), *y = malloc(samples * 4);
    const stz_planes px = planes_of(x, net, pw, ph), py = planes_of(y, net, pw, ph);
    for (int i = 0; i < pw * ph * 3; i++) {
        const float v = (float)padded.pixels[i] * net->scale[i % 3];
        stz_put(&px, 0, i % 3, i / 3 / pw, i / 3 % pw, v - net->shift[i % 3]);
    }
    paint(&px, &py, 0, pw, ph, code);
    for (int i = 0; i < w * h * 3; i++) {
        const float v = stz_get(&py, 0, i % 3, i / 3 / w, i / 3 % w) * net->out_scale;
        out.pixels[i] = (uint8_t)stz_clamp((int)floorf(v + 0.5f), 0, 255);
    }
    free(x);
    free(y);
    free(padded.pixels);
    return out;
}

stylize_image fake_net_reference(const stylize_image *in, stz_rect source, uint32_t width, uint32_t height,
                                 const stz_gpu_net *net, const float *code, float strength, float preserve)
{
    stz_pool *pool = stz_pool_create(0);
    stylize_image scaled, content;
    if (stz_resize(in, source, width, height, pool, &scaled, NULL) != STYLIZE_OK)
        abort();
    content = scaled.format == STYLIZE_FORMAT_GRAY8 ? grey_to_rgb(&scaled) : scaled;
    stylize_image painted = paint_picture(&content, net, code);
    stz_blend_rgb(content.pixels, content.stride, stz_bytes_per_pixel(content.format), painted.pixels,
                  painted.stride, (int)width, (int)height, strength, preserve);
    if (content.format == STYLIZE_FORMAT_RGBA8) {
        stylize_image joined = plain(width, height, STYLIZE_FORMAT_RGBA8);
        for (size_t i = 0; i < (size_t)width * height; i++) {
            memcpy(joined.pixels + i * 4, painted.pixels + i * 3, 3);
            joined.pixels[i * 4 + 3] = content.pixels[i * 4 + 3];
        }
        free(painted.pixels);
        painted = joined;
    }
    if (content.pixels != scaled.pixels)
        free(content.pixels);
    stylize_image_free(&scaled);
    stz_pool_end(pool);
    return painted;
}
