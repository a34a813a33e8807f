#include "image/stack.h"

#include <string.h>

#include "image/deep.h"

#define SHARE_ONE 4096 /* a share of 1 in whole numbers: times 255 and 255 again it fits 32 bits */

/* A row of a new painting into the mean so far. Where the mask is black nothing changes. */
static void mean_row(uint8_t *mean, const uint8_t *added, const uint8_t *mask, uint32_t *weight,
                     uint32_t share, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, mean += 3, added += 3) {
        const uint32_t more = share * (mask ? mask[x] : 255);
        if (!more)
            continue;
        const uint32_t before = weight[x], sum = before + more;
        weight[x] = sum;
        for (int c = 0; c < 3; c++)
            mean[c] = (uint8_t)((mean[c] * before + added[c] * more + sum / 2) / sum);
    }
}

/* The same of 16 bits a channel. */
static void mean_row_deep(uint16_t *mean, const uint16_t *added, const uint8_t *mask, uint32_t *weight,
                          uint32_t share, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, mean += 3, added += 3) {
        const uint32_t more = share * (mask ? mask[x] : 255);
        if (!more)
            continue;
        const uint64_t before = weight[x], sum = before + more;
        weight[x] = (uint32_t)sum;
        for (int c = 0; c < 3; c++)
            mean[c] = (uint16_t)((mean[c] * before + (uint64_t)added[c] * more + sum / 2) / sum);
    }
}

static void mean_rows(const stylize_image *mean, const stylize_image *added, const stylize_image *mask,
                      uint32_t *weight, uint32_t share)
{
    const bool deep = stz_is_deep(mean->format);
    for (uint32_t y = 0; y < mean->height; y++, weight += mean->width) {
        uint8_t *to = mean->pixels + y * mean->stride;
        const uint8_t *from = added->pixels + y * added->stride;
        const uint8_t *where = mask ? mask->pixels + y * mask->stride : NULL;
        if (deep)
            mean_row_deep((uint16_t *)(void *)to, (const uint16_t *)(const void *)from, where, weight, share,
                          mean->width);
        else
            mean_row(to, from, where, weight, share, mean->width);
    }
}

static void cover_row(uint8_t *coverage, const uint8_t *mask, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++)
        coverage[x] = (uint8_t)stz_min(coverage[x] + mask[x], 255);
}

/* The first painting is the picture; its weights, if others follow, its mask. */
static stylize_status begin(stz_pool *pool, stz_stack *stack, const stylize_image *painting, bool only,
                            stylize_error *err)
{
    const size_t bytes = (size_t)painting->width * painting->height * sizeof(uint32_t);
    if (only)
        return STYLIZE_OK;
    stack->weight = stz_pool_get(pool, STZ_MEM_SCRATCH, bytes);
    if (!stack->weight)
        return stz_nomem(err, bytes);
    memset(stack->weight->data, 0, bytes);
    return STYLIZE_OK;
}

stylize_status stz_stack_add(stz_pool *pool, stz_stack *stack, stylize_image *painting, stylize_image *mask,
                             float share, bool only, stylize_error *err)
{
    const bool first = !stack->picture.pixels;
    stylize_status status = first ? begin(pool, stack, painting, only, err) : STYLIZE_OK;
    if (status != STYLIZE_OK)
        return status;
    const uint32_t width = painting->width, height = painting->height;
    const uint32_t whole = (uint32_t)(share * SHARE_ONE + 0.5f), part = whole ? whole : 1;
    if (first)
        stack->picture = *painting;
    if (stack->weight)
        mean_rows(&stack->picture, painting, mask, (uint32_t *)(void *)stack->weight->data, part);
    if (!first)
        stylize_image_free(painting);
    *painting = (stylize_image){0};
    if (!mask) {
        stylize_image_free(&stack->coverage);
    } else if (first) {
        stack->coverage = *mask;
        *mask = (stylize_image){0};
    } else {
        for (uint32_t y = 0; stack->coverage.pixels && y < height; y++)
            cover_row(stack->coverage.pixels + y * stack->coverage.stride, mask->pixels + y * mask->stride,
                      width);
    }
    return STYLIZE_OK;
}

static void show_row(uint8_t *painted, const uint8_t *content, int bpp, const uint8_t *coverage,
                     uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, painted += 3, content += bpp)
        for (int c = 0; c < 3; c++)
            painted[c] = (uint8_t)((painted[c] * coverage[x] + content[c] * (255 - coverage[x]) + 127) / 255);
}

/* A content of the caller's may lie at an odd address. */
static void show_row_deep(uint16_t *painted, const uint8_t *content, int bpp, const uint8_t *coverage,
                          uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, painted += 3, content += bpp)
        for (int c = 0; c < 3; c++) {
            uint16_t v;
            memcpy(&v, content + 2 * c, 2);
            painted[c] =
                (uint16_t)(((uint32_t)painted[c] * coverage[x] + (uint32_t)v * (255u - coverage[x]) + 127) /
                           255);
        }
}

void stz_stack_finish(stz_stack *stack, const stylize_image *content, stylize_image *out)
{
    const stylize_image *p = &stack->picture, *c = &stack->coverage;
    const int bpp = stz_bytes_per_pixel(content->format);
    for (uint32_t y = 0; p->pixels && c->pixels && y < p->height; y++) {
        uint8_t *row = p->pixels + y * p->stride;
        const uint8_t *from = content->pixels + y * content->stride, *cover = c->pixels + y * c->stride;
        if (stz_is_deep(p->format))
            show_row_deep((uint16_t *)(void *)row, from, bpp, cover, p->width);
        else
            show_row(row, from, bpp, cover, p->width);
    }
    *out = *p;
    stack->picture = (stylize_image){0};
}

void stz_stack_free(stz_stack *stack)
{
    stylize_image_free(&stack->picture);
    stylize_image_free(&stack->coverage);
    stz_buf_unref(stack->weight);
    *stack = (stz_stack){0};
}
