#include <string.h>
#include <zlib.h>

#include "codec/exif.h"
#include "codec/format.h"
#include "codec/icc.h"
#include "codec/png_error.h"
#include "codec/rows.h"

#define SIGNATURE_SIZE 8
#define CHUNKS_MAX     1000  /* chunks that libpng keeps */
#define GAMMA_SRGB     45455 /* 1/2.2 in libpng's fixed point */
#define GAMMA_NEAR     2500
#define END_SIZE       16384 /* bytes at the end of a damaged file, where libpng takes */
#define END_STEP       8     /* that many at a time: a part that is not whole is lost */

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Whether a chunk that matters here has the checksum it should have. */
static bool whole(const uint8_t *name, uint32_t length)
{
    static const char matters[] = "tRNS"
                                  "iCCP"
                                  "eXIf";
    for (size_t i = 0; i < sizeof matters - 1; i += 4)
        if (!memcmp(name, matters + i, 4))
            return crc32(0, name, length + 4) == get32(name + 4 + length);
    return true;
}

stylize_status stz_png_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    size_t at = SIGNATURE_SIZE;
    if (size < at + 8 + 13 || get32(data + at) != 13 || memcmp(data + at + 4, "IHDR", 4))
        return stz_fail(err, STYLIZE_ERR_FORMAT, "PNG has no header: damaged or cut short");
    out->width = get32(data + at + 8);
    out->height = get32(data + at + 12);
    out->alpha = data[at + 17] & 4; /* of the colour type: alpha channel */
    while (size - at >= 8) {
        uint32_t length = get32(data + at);
        const uint8_t *name = data + at + 4, *body = name + 4;
        if (!memcmp(name, "IDAT", 4) || length > INT32_MAX || size - at < (uint64_t)length + 12)
            break;
        if (!whole(name, length)) /* left out, as libpng does below */
            ;
        else if (!memcmp(name, "tRNS", 4))
            out->alpha = true;
        else if (!memcmp(name, "iCCP", 4))
            out->icc = true;
        else if (!memcmp(name, "eXIf", 4))
            out->orientation = stz_exif_orientation(body, length);
        at += (size_t)length + 12;
    }
    return STYLIZE_OK;
}

struct decoder {
    png_structp png;
    png_infop info;
    stz_png_error error;
    const stz_source *source;
    size_t at;   /* bytes of the source that libpng has */
    bool pixels; /* all of them were read: what follows is not needed */
    stz_pool *pool;
    stylize_image *out;
    stylize_image whole;   /* interlaced and turned: the picture as stored */
    stylize_image *stored; /* interlaced: where its passes go, once they do */
    stz_rows rows;
    stz_icc *icc;
};

static void read_bytes(png_structp png, png_bytep to, size_t size)
{
    struct decoder *p = png_get_io_ptr(png);
    if (size > p->source->size - p->at && p->pixels)
        longjmp(p->error.jump, 1); /* the end mark is missing, and the status is OK */
    if (size > p->source->size - p->at)
        stz_png_error_raise(&p->error, stz_fail(p->error.err, STYLIZE_ERR_FORMAT, "PNG is cut short"));
    memcpy(to, p->source->data + p->at, size);
    p->at += size;
    if (p->source->header.tolerant && p->source->size - p->at < END_SIZE)
        png_set_compression_buffer_size(png, END_STEP);
}

static void open_source(struct decoder *p)
{
    /* text is of no use here, and compressed text could be made to cost much */
    static const png_byte text[] = "tEXt\0zTXt\0iTXt";
    p->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &p->error, stz_png_on_error, stz_png_on_warning);
    p->info = p->png ? png_create_info_struct(p->png) : NULL;
    if (!p->info)
        stz_png_error_raise(&p->error, stz_nomem(p->error.err, 4096));
    png_set_read_fn(p->png, p, read_bytes);
    /* A chunk that the picture can do without is left out if its checksum is wrong. */
    png_set_crc_action(p->png, p->source->header.tolerant ? PNG_CRC_WARN_USE : PNG_CRC_ERROR_QUIT,
                       PNG_CRC_WARN_DISCARD);
    png_set_user_limits(p->png, p->source->limits->max_side, p->source->limits->max_side);
    png_set_chunk_cache_max(p->png, CHUNKS_MAX);
    png_set_chunk_malloc_max(p->png, STZ_ICC_MAX);
    png_set_keep_unknown_chunks(p->png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_keep_unknown_chunks(p->png, PNG_HANDLE_CHUNK_NEVER, text, 3);
    png_read_info(p->png, p->info);
    stylize_status status = stz_limits_check(p->source->limits, png_get_image_width(p->png, p->info),
                                             png_get_image_height(p->png, p->info), p->error.err);
    if (status != STYLIZE_OK)
        stz_png_error_raise(&p->error, status);
}

/* By rank: primaries by their number, a profile, the mark of sRGB, a gamma. */
static void choose_colour(struct decoder *p, bool grey, bool alpha, bool deep)
{
    const stz_icc_kind kind =
        deep ? (alpha ? STZ_ICC_RGBA16 : STZ_ICC_RGB16) : (alpha ? STZ_ICC_RGBA : STZ_ICC_RGB);
    png_charp name;
    png_bytep profile;
    png_uint_32 size;
    int method;
    png_fixed_point gamma;
    const int primaries = stz_png_primaries(p->source->data, p->source->size);
    if (primaries) {
        p->icc = stz_icc_of_primaries(primaries, kind);
        return;
    }
    if (png_get_iCCP(p->png, p->info, &name, &method, &profile, &size)) {
        p->icc = stz_icc_create(profile, size, kind, grey);
        return;
    }
    if (png_get_valid(p->png, p->info, PNG_INFO_sRGB) || !png_get_gAMA_fixed(p->png, p->info, &gamma))
        return;
    if (gamma > 0 && (gamma < GAMMA_SRGB - GAMMA_NEAR || gamma > GAMMA_SRGB + GAMMA_NEAR))
        png_set_gamma_fixed(p->png, PNG_DEFAULT_sRGB, gamma);
}

/* Every kind becomes RGB8 or RGBA8, or, if they are wanted, of 16 bits RGB16 or RGBA16. */
static stylize_format transform(struct decoder *p)
{
    int type = png_get_color_type(p->png, p->info);
    bool grey = !(type & PNG_COLOR_MASK_COLOR);
    bool alpha = type & PNG_COLOR_MASK_ALPHA || png_get_valid(p->png, p->info, PNG_INFO_tRNS);
    png_set_expand(p->png); /* palette, fewer than 8 bits, tRNS */
    const bool deep = p->source->hint.deep && png_get_bit_depth(p->png, p->info) == 16;
    if (deep && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        png_set_swap(p->png);
    else if (!deep)
        png_set_scale_16(p->png);
    if (grey)
        png_set_gray_to_rgb(p->png);
    choose_colour(p, grey, alpha, deep);
    return deep ? (alpha ? STYLIZE_FORMAT_RGBA16 : STYLIZE_FORMAT_RGB16)
                : (alpha ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8);
}

static void convert_row(struct decoder *p, uint8_t *row)
{
    if (p->icc)
        stz_icc_row(p->icc, row, row, p->rows.width);
}

static void read_rows(struct decoder *p)
{
    for (uint32_t y = 0; y < p->rows.height; y++) {
        uint8_t *row = stz_rows_next(&p->rows);
        png_read_row(p->png, row, NULL);
        convert_row(p, row);
        stz_rows_done(&p->rows);
    }
}

/* Once the passes are there, all of them or some. */
static void finish_interlaced(struct decoder *p)
{
    const stylize_image *from = p->stored;
    for (uint32_t y = 0; y < p->rows.height; y++)
        convert_row(p, from->pixels + (size_t)y * (size_t)from->stride);
    if (from == &p->whole)
        stz_rows_put(&p->rows, from->pixels, from->stride);
}

/* Seven passes over the whole picture: in place if the rows stay where they are, else in memory of
 * its own first. */
static void read_interlaced(struct decoder *p, int passes)
{
    stylize_image *to = p->out;
    if (p->rows.orientation != 1) {
        stylize_status status =
            stz_image_alloc(p->pool, p->rows.width, p->rows.height, p->out->format, &p->whole, p->error.err);
        if (status != STYLIZE_OK)
            stz_png_error_raise(&p->error, status);
        to = &p->whole;
    }
    p->stored = to;
    if (p->source->header.tolerant)
        stz_rows_blank(to->pixels, (size_t)to->width * to->height, p->rows.bpp);
    /* as a display row, so that what only the first passes have fills the room between its pixels */
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < p->rows.height; y++)
            png_read_row(p->png, NULL, to->pixels + (size_t)y * (size_t)to->stride);
    finish_interlaced(p);
}

static void decode(struct decoder *p)
{
    open_source(p);
    stylize_format format = transform(p);
    int passes = png_set_interlace_handling(p->png);
    png_read_update_info(p->png, p->info);
    uint32_t width = png_get_image_width(p->png, p->info), height = png_get_image_height(p->png, p->info);
    if (png_get_rowbytes(p->png, p->info) != (size_t)width * (size_t)stz_bytes_per_pixel(format))
        png_error(p->png, "unexpected size of a row");
    stylize_status status = stz_rows_init(&p->rows, p->pool, width, height, p->source->header.orientation,
                                          format, p->out, p->error.err);
    if (status != STYLIZE_OK)
        stz_png_error_raise(&p->error, status);
    if (passes > 1)
        read_interlaced(p, passes);
    else
        read_rows(p);
    p->pixels = true;
    png_read_end(p->png, NULL);
}

static void decode_guarded(struct decoder *p)
{
    if (!setjmp(p->error.jump))
        decode(p);
}

/* What is there of a picture that is damaged in the middle. */
static void rescue(struct decoder *p)
{
    if (p->stored)
        finish_interlaced(p);
    else if (!stz_rows_fill(&p->rows))
        return;
    p->error.status = STYLIZE_OK;
    p->error.damaged = true;
}

stylize_status stz_png_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err)
{
    stylize_image image = {0};
    struct decoder p = {.source = source, .pool = pool, .out = &image, .error = {.err = err}};
    decode_guarded(&p);
    if (p.error.status == STYLIZE_ERR_FORMAT && source->header.tolerant)
        rescue(&p);
    if (p.error.damaged && source->hint.damaged)
        *source->hint.damaged = true;
    png_destroy_read_struct(&p.png, &p.info, NULL);
    stz_icc_free(p.icc);
    stz_rows_free(&p.rows);
    stylize_image_free(&p.whole);
    if (p.error.status != STYLIZE_OK)
        stylize_image_free(&image);
    else
        *out = image;
    return p.error.status;
}
