#include <string.h>

#include "codec/format.h"
#include "codec/names.h"
#include "codec/rows.h"

#ifdef STZ_HAVE_GIF
#include <gif_lib.h>

struct reader {
    const uint8_t *data;
    size_t size, at;
    GifFileType *gif;
    int clear; /* index of the transparent colour, or -1 */
};

static int read_bytes(GifFileType *gif, GifByteType *to, int size)
{
    struct reader *r = gif->UserData;
    const size_t left = r->size - r->at, n = (size_t)size < left ? (size_t)size : left;
    memcpy(to, r->data + r->at, n);
    r->at += n;
    return (int)n;
}

static stylize_status fail(const struct reader *r, int code, stylize_error *err)
{
    if (code == D_GIF_ERR_NOT_ENOUGH_MEM)
        return stz_fail(err, STYLIZE_ERR_NOMEM, "out of memory while decoding GIF");
    if (r->at >= r->size)
        return stz_fail(err, STYLIZE_ERR_FORMAT, "GIF is cut short");
    const char *text = GifErrorString(code);
    return stz_fail(err, STYLIZE_ERR_FORMAT, "damaged GIF: %s", text ? text : "no picture in it");
}

static void close_gif(struct reader *r)
{
    if (r->gif)
        DGifCloseFile(r->gif, NULL);
    r->gif = NULL;
}

/* What stands before the picture: of it only the transparent colour matters. */
static bool read_extension(struct reader *r)
{
    GifByteType *block;
    int code;
    if (DGifGetExtension(r->gif, &code, &block) != GIF_OK)
        return false;
    if (code == GRAPHICS_EXT_FUNC_CODE && block && block[0] >= 4)
        r->clear = block[1] & 1 ? block[4] : -1;
    while (block)
        if (DGifGetExtensionNext(r->gif, &block) != GIF_OK)
            return false;
    return true;
}

/* Up to the first picture's pixels. */
static stylize_status open_picture(struct reader *r, stylize_error *err)
{
    int code = 0;
    r->clear = -1;
    r->gif = DGifOpen(r, read_bytes, &code);
    if (!r->gif)
        return fail(r, code, err);
    for (;;) {
        GifRecordType kind;
        if (DGifGetRecordType(r->gif, &kind) != GIF_OK || kind == TERMINATE_RECORD_TYPE)
            break;
        if (kind == EXTENSION_RECORD_TYPE && !read_extension(r))
            break;
        if (kind == IMAGE_DESC_RECORD_TYPE) {
            if (DGifGetImageDesc(r->gif) != GIF_OK)
                break;
            return STYLIZE_OK;
        }
    }
    code = r->gif->Error;
    close_gif(r);
    return fail(r, code, err);
}

/* The canvas; a first picture that is larger makes it larger, as in browsers. */
static void read_size(const GifFileType *gif, uint32_t *width, uint32_t *height)
{
    const GifImageDesc *d = &gif->Image;
    *width = (uint32_t)stz_max(gif->SWidth, d->Left + d->Width);
    *height = (uint32_t)stz_max(gif->SHeight, d->Top + d->Height);
}

static bool covers(const GifFileType *gif, uint32_t width, uint32_t height)
{
    return (uint32_t)gif->Image.Width == width && (uint32_t)gif->Image.Height == height;
}

stylize_status stz_gif_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    struct reader r = {.data = data, .size = size};
    stylize_status status = open_picture(&r, err);
    if (status != STYLIZE_OK)
        return status;
    read_size(r.gif, &out->width, &out->height);
    out->alpha = r.clear >= 0 || !covers(r.gif, out->width, out->height);
    if (r.gif->Image.Width <= 0 || r.gif->Image.Height <= 0)
        status = stz_fail(err, STYLIZE_ERR_FORMAT, "damaged GIF: its picture has no size");
    close_gif(&r);
    return status;
}

static void put_row(const struct reader *r, const ColorMapObject *map, const uint8_t *in, uint8_t *to,
                    int bpp)
{
    for (int x = 0; x < r->gif->Image.Width; x++, to += bpp) {
        const bool clear = in[x] == r->clear || in[x] >= map->ColorCount;
        if (clear && bpp == 4)
            continue; /* transparent already */
        const GifColorType colour = clear ? (GifColorType){0} : map->Colors[in[x]];
        to[0] = colour.Red;
        to[1] = colour.Green;
        to[2] = colour.Blue;
        if (bpp == 4)
            to[3] = 255;
    }
}

/* The rows come in the file's order: one after the other, or in four passes. */
static stylize_status read_rows(struct reader *r, const ColorMapObject *map, const stylize_image *out,
                                uint8_t *line, const stz_source *source, stylize_error *err)
{
    static const int start[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    const GifImageDesc *d = &r->gif->Image;
    const int bpp = stz_bytes_per_pixel(out->format);
    int done = 0;
    for (int pass = d->Interlace ? 0 : 3; pass < 4; pass++)
        for (int y = d->Interlace ? start[pass] : 0; y < d->Height; y += d->Interlace ? step[pass] : 1) {
            if (DGifGetLine(r->gif, line, d->Width) != GIF_OK) {
                if (!source->header.tolerant || !done)
                    return fail(r, r->gif->Error, err);
                if (source->hint.damaged)
                    *source->hint.damaged = true;
                return STYLIZE_OK;
            }
            put_row(r, map, line,
                    out->pixels + (ptrdiff_t)(d->Top + y) * out->stride + (ptrdiff_t)d->Left * bpp, bpp);
            done++;
        }
    return STYLIZE_OK;
}

stylize_status stz_gif_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err)
{
    struct reader r = {.data = source->data, .size = source->size};
    stylize_image image = {0};
    stylize_status status = open_picture(&r, err);
    if (status != STYLIZE_OK)
        return status;
    const ColorMapObject *map = r.gif->Image.ColorMap ? r.gif->Image.ColorMap : r.gif->SColorMap;
    stz_buf *line = stz_pool_get(pool, STZ_MEM_SCRATCH, (size_t)r.gif->Image.Width);
    if (!map)
        status = stz_fail(err, STYLIZE_ERR_FORMAT, "damaged GIF: its picture has no colours");
    else if (!line)
        status = stz_nomem(err, (uint64_t)r.gif->Image.Width);
    else
        status =
            stz_image_alloc(pool, source->header.width, source->header.height,
                            source->header.alpha ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8, &image, err);
    if (status == STYLIZE_OK) {
        stz_rows_blank(image.pixels, (size_t)image.width * image.height, stz_bytes_per_pixel(image.format));
        status = read_rows(&r, map, &image, line->data, source, err);
    }
    if (status == STYLIZE_OK)
        *out = image;
    else
        stylize_image_free(&image);
    stz_buf_unref(line);
    close_gif(&r);
    return status;
}

#else

stylize_status stz_gif_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    return stz_format_missing(STYLIZE_FORMAT_GIF, "giflib", err);
}

stylize_status stz_gif_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err)
{
    return stz_format_missing(STYLIZE_FORMAT_GIF, "giflib", err);
}

#endif
