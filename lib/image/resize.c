#include "image/resize.h"

#include "image/deep.h"

#include <string.h>

/* One buffer of the pool holds both tables and the row between the passes. */
struct plan {
    stz_taps down, across;
    stz_buf *scratch;
    void *temp;
};

static bool is_opaque(const uint8_t *src, size_t stride, stz_rect r)
{
    for (uint32_t y = 0; y < r.height; y++) {
        const uint8_t *row = src + y * stride;
        uint8_t all = 255;
        for (uint32_t x = 0; x < r.width; x++)
            all &= row[(size_t)x * 4 + 3];
        if (all != 255)
            return false;
    }
    return true;
}

static size_t align64(size_t v) { return (v + 63) & ~(size_t)63; }

static stylize_status plan_make(struct plan *p, stz_rect r, uint32_t width, uint32_t height, int bpp,
                                bool weights, stz_pool *pool, stylize_error *err)
{
    size_t down, across, temp, size = 0;
    bool fits = stz_taps_size(r.height, height, &down) && stz_taps_size(r.width, width, &across) &&
                stz_mul(r.width, (size_t)bpp * (weights ? sizeof(float) : sizeof(int16_t)), &temp) &&
                stz_add(temp, STZ_TEMP_PAD * sizeof(int16_t), &temp) &&
                stz_add(align64(down) + align64(across), temp, &size);
    p->scratch = fits ? stz_pool_get(pool, STZ_MEM_SCRATCH, size) : NULL;
    if (!p->scratch)
        return stz_nomem(err, fits ? size : UINT64_MAX);
    uint8_t *at = p->scratch->data;
    stz_taps_make(&p->down, r.height, height, weights, at);
    stz_taps_make(&p->across, r.width, width, weights, at + align64(down));
    p->temp = at + align64(down) + align64(across);
    memset((uint8_t *)p->temp + temp - STZ_TEMP_PAD * sizeof(int16_t), 0, STZ_TEMP_PAD * sizeof(int16_t));
    return STYLIZE_OK;
}

static void run(const struct plan *p, const uint8_t *src, size_t stride, uint32_t width, int bpp,
                stylize_image *out)
{
    const stz_resize_kernels *kernels = stz_resize_best();
    const stz_taps *down = &p->down;
    for (uint32_t y = 0; y < out->height; y++) {
        kernels->down(src + down->first[y] * stride, stride, down->coef + (size_t)y * down->step,
                      down->count[y], p->temp, (size_t)width * (size_t)bpp);
        kernels->across(p->temp, &p->across, bpp, out->pixels + (size_t)y * (size_t)out->stride);
    }
}

static stylize_status check(const stylize_image *in, stz_rect r, uint32_t width, uint32_t height,
                            stylize_error *err)
{
    if (stz_is_encoded(in->format))
        return stz_fail(err, STYLIZE_ERR_INVALID, "picture is encoded; pixels are needed");
    if (!r.width || !r.height || r.x >= in->width || r.y >= in->height || r.width > in->width - r.x ||
        r.height > in->height - r.y)
        return stz_fail(err, STYLIZE_ERR_INVALID, "part %ux%u at %u,%u does not lie in a picture of %ux%u",
                        r.width, r.height, r.x, r.y, in->width, in->height);
    if (!width || !height || width > INT32_MAX || height > INT32_MAX)
        return stz_fail(err, STYLIZE_ERR_INVALID, "output size is %ux%u; 1 to %d a side is allowed", width,
                        height, INT32_MAX);
    return STYLIZE_OK;
}

stylize_status stz_resize(const stylize_image *in, stz_rect source, uint32_t width, uint32_t height,
                          stz_pool *pool, stylize_image *out, stylize_error *err)
{
    stylize_image from, to;
    stylize_status status = stz_image_check(in, "picture", &from, err);
    if (status == STYLIZE_OK)
        status = check(&from, source, width, height, err);
    if (status == STYLIZE_OK)
        status = stz_image_alloc(pool, width, height, from.format, &to, err);
    if (status != STYLIZE_OK)
        return status;
    int bpp = stz_bytes_per_pixel(from.format);
    size_t stride = (size_t)from.stride;
    const uint8_t *src = from.pixels + source.y * stride + (size_t)source.x * (size_t)bpp;
    if (source.width == width && source.height == height) {
        for (uint32_t y = 0; y < height; y++)
            memcpy(to.pixels + y * (size_t)to.stride, src + y * stride, (size_t)width * (size_t)bpp);
        *out = to;
        return STYLIZE_OK;
    }
    const bool deep = stz_is_deep(from.format);
    bool weights = deep || (from.format == STYLIZE_FORMAT_RGBA8 && !is_opaque(src, stride, source));
    struct plan p;
    status = plan_make(&p, source, width, height, bpp, weights, pool, err);
    if (status != STYLIZE_OK) {
        stylize_image_free(&to);
        return status;
    }
    if (deep)
        stz_resize_deep(src, stride, source.width, &p.down, &p.across, p.temp, &to);
    else if (weights)
        stz_resize_alpha(src, stride, source.width, &p.down, &p.across, p.temp, &to);
    else
        run(&p, src, stride, source.width, bpp, &to);
    stz_buf_unref(p.scratch);
    *out = to;
    return STYLIZE_OK;
}
