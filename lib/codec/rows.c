#include "codec/rows.h"

#include <string.h>

/* Rows of the strip that a transposed picture passes through: one output row then receives runs of
 * 96 or 128 bytes, and the strip of a wide photograph stays near the processor. */
#define STRIP_ROWS 32u

stylize_status stz_rows_init(stz_rows *rows, stz_pool *pool, uint32_t width, uint32_t height, int orientation,
                             stylize_format format, stylize_image *out, stylize_error *err)
{
    bool transposed = orientation >= 5;
    *rows = (stz_rows){.out = out, .width = width, .height = height, .orientation = orientation};
    rows->bpp = stz_bytes_per_pixel(format);
    stylize_status status =
        stz_image_alloc(pool, transposed ? height : width, transposed ? width : height, format, out, err);
    if (status != STYLIZE_OK || !transposed)
        return status;
    size_t row, size;
    if (stz_mul(width, (size_t)rows->bpp, &row) && stz_mul(row, STRIP_ROWS, &size))
        rows->strip = stz_pool_get(pool, STZ_MEM_SCRATCH, size);
    if (!rows->strip) {
        stylize_image_free(out);
        return stz_nomem(err, (uint64_t)width * STRIP_ROWS * (uint64_t)rows->bpp);
    }
    return STYLIZE_OK;
}

static uint8_t *out_row(const stz_rows *rows, uint32_t y)
{
    return rows->out->pixels + (size_t)y * (size_t)rows->out->stride;
}

uint8_t *stz_rows_next(stz_rows *rows)
{
    if (rows->strip)
        return rows->strip->data + rows->y % STRIP_ROWS * (size_t)rows->width * (size_t)rows->bpp;
    bool upside_down = rows->orientation == 3 || rows->orientation == 4;
    return out_row(rows, upside_down ? rows->height - 1 - rows->y : rows->y);
}

static void mirror(uint8_t *row, uint32_t width, int bpp)
{
    uint8_t *a = row, *b = row + (size_t)(width - 1) * (size_t)bpp;
    for (; a < b; a += bpp, b -= bpp)
        for (int c = 0; c < bpp; c++) {
            uint8_t t = a[c];
            a[c] = b[c];
            b[c] = t;
        }
}

static inline void copy_column(uint8_t *dst, ptrdiff_t step, const uint8_t *src, size_t src_stride,
                               uint32_t n, int bpp)
{
    for (uint32_t i = 0; i < n; i++, dst += step, src += src_stride)
        for (int c = 0; c < bpp; c++)
            dst[c] = src[c];
}

/* Stored column x becomes output row x (5, 6) or width - 1 - x (7, 8); stored row y becomes output
 * column y (5, 8) or height - 1 - y (6, 7). `first` is the stored row at the top of the strip. */
static void flush_strip(stz_rows *rows, uint32_t first, uint32_t n)
{
    bool rows_reversed = rows->orientation >= 7;
    bool columns_reversed = rows->orientation == 6 || rows->orientation == 7;
    size_t bpp = (size_t)rows->bpp, src_stride = rows->width * bpp;
    ptrdiff_t step = columns_reversed ? -(ptrdiff_t)bpp : (ptrdiff_t)bpp;
    for (uint32_t x = 0; x < rows->width; x++) {
        uint32_t column = columns_reversed ? rows->height - 1 - first : first;
        uint8_t *dst = out_row(rows, rows_reversed ? rows->width - 1 - x : x) + column * bpp;
        const uint8_t *src = rows->strip->data + x * bpp;
        if (bpp == 3)
            copy_column(dst, step, src, src_stride, n, 3);
        else if (bpp == 4)
            copy_column(dst, step, src, src_stride, n, 4);
        else
            copy_column(dst, step, src, src_stride, n, (int)bpp);
    }
}

void stz_rows_done(stz_rows *rows)
{
    if (rows->orientation == 2 || rows->orientation == 3)
        mirror(stz_rows_next(rows), rows->width, rows->bpp);
    uint32_t in_strip = rows->y % STRIP_ROWS + 1;
    if (rows->strip && (in_strip == STRIP_ROWS || rows->y + 1 == rows->height))
        flush_strip(rows, rows->y + 1 - in_strip, in_strip);
    rows->y++;
}

void stz_rows_free(stz_rows *rows)
{
    stz_buf_unref(rows->strip);
    rows->strip = NULL;
}

void stz_rows_put(stz_rows *rows, const uint8_t *pixels, ptrdiff_t stride)
{
    while (rows->y < rows->height) {
        memcpy(stz_rows_next(rows), pixels + (ptrdiff_t)rows->y * stride,
               (size_t)rows->width * (size_t)rows->bpp);
        stz_rows_done(rows);
    }
}

void stz_rows_blank(uint8_t *to, size_t pixels, int bpp)
{
    memset(to, bpp == 4 || bpp == 8 ? 0 : 128, pixels * (size_t)bpp);
}

bool stz_rows_fill(stz_rows *rows)
{
    if (!rows->y)
        return false;
    while (rows->y < rows->height) {
        stz_rows_blank(stz_rows_next(rows), rows->width, rows->bpp);
        stz_rows_done(rows);
    }
    return true;
}
