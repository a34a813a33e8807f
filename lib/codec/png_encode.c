#include <zlib.h>

#include "codec/format.h"
#include "codec/png_error.h"
#include "image/deep.h"

struct encoder {
    png_structp png;
    png_infop info;
    stz_png_error error;
    const stylize_image *in;
    const stz_metadata *metadata;
    stz_sink *sink;
};

static void write_bytes(png_structp png, png_bytep data, size_t size)
{
    struct encoder *p = png_get_io_ptr(png);
    if (!stz_sink_write(p->sink, data, size))
        stz_png_error_raise(&p->error, stz_nomem(p->error.err, p->sink->used + size));
}

static void flush(png_structp png) {}

static int colour_type(stylize_format format)
{
    switch (format) {
    case STYLIZE_FORMAT_GRAY8:
        return PNG_COLOR_TYPE_GRAY;
    case STYLIZE_FORMAT_RGBA8:
    case STYLIZE_FORMAT_RGBA16:
        return PNG_COLOR_TYPE_RGB_ALPHA;
    default:
        return PNG_COLOR_TYPE_RGB;
    }
}

static void write_metadata(struct encoder *p)
{
    const stz_metadata *m = p->metadata;
    if (m && m->icc_size)
        png_set_iCCP(p->png, p->info, "ICC", PNG_COMPRESSION_TYPE_BASE, m->icc->data,
                     (png_uint_32)m->icc_size);
    if (m && m->exif_size)
        png_set_eXIf_1(p->png, p->info, (png_uint_32)m->exif_size, m->exif->data);
}

/* As a text without language, not compressed. */
static void write_xmp(struct encoder *p)
{
    static const uint8_t head[] = STZ_PNG_XMP "\0\0\0\0"; /* and one more 0 */
    const stz_metadata *m = p->metadata;
    if (!m || !m->xmp_size)
        return;
    png_write_chunk_start(p->png, (png_const_bytep) "iTXt", (png_uint_32)(sizeof head + m->xmp_size));
    png_write_chunk_data(p->png, head, sizeof head);
    png_write_chunk_data(p->png, m->xmp->data, m->xmp_size);
    png_write_chunk_end(p->png);
}

static void encode(struct encoder *p)
{
    p->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &p->error, stz_png_on_error, stz_png_on_warning);
    p->info = p->png ? png_create_info_struct(p->png) : NULL;
    if (!p->info)
        stz_png_error_raise(&p->error, stz_nomem(p->error.err, 4096));
    png_set_write_fn(p->png, p, write_bytes, flush);
    png_set_user_limits(p->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(p->png, p->info, p->in->width, p->in->height, stz_is_deep(p->in->format) ? 16 : 8,
                 colour_type(p->in->format), PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    /* Of photographs and paintings little repeats: behind the Paeth filter run lengths and Huffman
     * codes are a quarter of the work of zlib's level 6 and within 3 % of its size. */
    png_set_filter(p->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_PAETH);
    png_set_compression_strategy(p->png, Z_RLE);
    png_set_compression_level(p->png, 1);
    png_set_compression_buffer_size(p->png, 65536);
    write_metadata(p);
    png_write_info(p->png, p->info);
    write_xmp(p);
    if (stz_is_deep(p->in->format) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        png_set_swap(p->png);
    for (uint32_t y = 0; y < p->in->height; y++)
        png_write_row(p->png, p->in->pixels + (size_t)y * (size_t)p->in->stride);
    png_write_end(p->png, NULL);
}

static void encode_guarded(struct encoder *p)
{
    if (!setjmp(p->error.jump))
        encode(p);
}

stylize_status stz_png_encode(const stylize_image *in, const stz_metadata *metadata, stz_sink *sink,
                              stylize_error *err)
{
    struct encoder p = {.in = in, .metadata = metadata, .sink = sink, .error = {.err = err}};
    encode_guarded(&p);
    png_destroy_write_struct(&p.png, &p.info);
    return p.error.status;
}
