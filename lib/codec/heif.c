/*
 * AVIF and HEIC by libheif, which hands the pixels to libde265, dav1d or libaom. Turned and cropped as the file says
 * by libheif itself; an EXIF orientation beside that is only a copy of it, by the standard, and is not looked at.
 */
#include <string.h>

#include "codec/format.h"
#include "codec/icc.h"
#include "codec/names.h"

#if defined(STZ_HAVE_AVIF) || defined(STZ_HAVE_HEIC)
#include <libheif/heif.h>

#define BLOCK_MAX  (1u << 20) /* bytes of EXIF or XMP that are looked at */
#define BLOCKS_MAX 8

struct reader {
    struct heif_context *context;
    struct heif_image_handle *handle;
    struct heif_image *image;
};

static void close_all(struct reader *r)
{
    if (r->image)
        heif_image_release(r->image);
    if (r->handle)
        heif_image_handle_release(r->handle);
    if (r->context)
        heif_context_free(r->context);
    *r = (struct reader){0};
}

static stylize_status fail(struct heif_error e, stylize_format format, stylize_error *err)
{
    const char *name = stz_format_name(format);
    switch (e.code) {
    case heif_error_Memory_allocation_error:
        return stz_fail(err, STYLIZE_ERR_NOMEM, "out of memory while decoding %s", name);
    case heif_error_Unsupported_filetype:
    case heif_error_Unsupported_feature:
    case heif_error_Plugin_loading_error:
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "%s of an unsupported kind: %.120s", name, e.message);
    default:
        return stz_fail(err, STYLIZE_ERR_FORMAT, "damaged %s: %.120s", name, e.message);
    }
}

/* Up to the pixels of the main picture. */
static stylize_status open_picture(struct reader *r, const uint8_t *data, size_t size, stylize_format format,
                                   stylize_error *err)
{
    *r = (struct reader){.context = heif_context_alloc()};
    if (!r->context)
        return stz_nomem(err, 4096);
    struct heif_error e = heif_context_read_from_memory_without_copy(r->context, data, size, NULL);
    if (e.code == heif_error_Ok)
        e = heif_context_get_primary_image_handle(r->context, &r->handle);
    if (e.code == heif_error_Ok)
        return STYLIZE_OK;
    const stylize_status status = fail(e, format, err); /* the text is the context's */
    close_all(r);
    return status;
}

stylize_status stz_heif_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    struct reader r;
    const stylize_status status = open_picture(&r, data, size, out->format, err);
    if (status != STYLIZE_OK)
        return status;
    const int width = heif_image_handle_get_width(r.handle), height = heif_image_handle_get_height(r.handle);
    out->width = (uint32_t)stz_max(width, 0);
    out->height = (uint32_t)stz_max(height, 0);
    out->alpha = heif_image_handle_has_alpha_channel(r.handle);
    out->icc = heif_image_handle_get_raw_color_profile_size(r.handle) > 0;
    close_all(&r);
    return STYLIZE_OK;
}

/* An ICC profile, or the primaries by their number. */
static stz_icc *choose_colour(const struct reader *r, stz_icc_kind kind, stz_pool *pool)
{
    const size_t size = heif_image_handle_get_raw_color_profile_size(r->handle);
    stz_icc *icc = NULL;
    struct heif_color_profile_nclx *nclx = NULL;
    if (size && size <= STZ_ICC_MAX) {
        stz_buf *profile = stz_pool_get(pool, STZ_MEM_SCRATCH, size);
        if (profile &&
            heif_image_handle_get_raw_color_profile(r->handle, profile->data).code == heif_error_Ok)
            icc = stz_icc_create(profile->data, size, kind, false);
        stz_buf_unref(profile);
    } else if (heif_image_handle_get_nclx_color_profile(r->handle, &nclx).code == heif_error_Ok && nclx) {
        icc = stz_icc_of_primaries((int)nclx->color_primaries, kind);
    }
    if (nclx) /* also where its values are not known to libheif */
        heif_nclx_color_profile_free(nclx);
    return icc;
}

/* Samples of more than 8 bits, each in two bytes, become 16 bits. */
static void widen(uint16_t *row, size_t samples, int bits)
{
    for (size_t i = 0; i < samples; i++)
        row[i] = (uint16_t)(((unsigned)row[i] * 65535u + (1u << (bits - 1))) / ((1u << bits) - 1));
}

static void undo_alpha_deep(uint16_t *row, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, row += 4)
        for (int c = 0; c < 3 && row[3]; c++) {
            const uint64_t v = ((uint64_t)row[c] * 65535 + row[3] / 2) / row[3];
            row[c] = (uint16_t)(v < 65535 ? v : 65535);
        }
}

/* Colours that were stored times alpha, as they were. */
static void undo_alpha(uint8_t *row, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++, row += 4)
        for (int c = 0; c < 3 && row[3]; c++)
            row[c] = (uint8_t)stz_min(255, (row[c] * 255 + row[3] / 2) / row[3]);
}

static bool is_deep(const struct reader *r, const stz_source *source)
{
    return source->hint.deep && heif_image_handle_get_luma_bits_per_pixel(r->handle) > 8;
}

static enum heif_chroma chroma_of(bool alpha, bool deep)
{
    if (!deep)
        return alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB;
    if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        return alpha ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBB_LE;
    return alpha ? heif_chroma_interleaved_RRGGBBAA_BE : heif_chroma_interleaved_RRGGBB_BE;
}

static stylize_status copy_out(const struct reader *r, const stz_source *source, stz_pool *pool,
                               stylize_image *out, stylize_error *err)
{
    const bool alpha = source->header.alpha;
    int stride = 0;
    const uint8_t *from = heif_image_get_plane_readonly(r->image, heif_channel_interleaved, &stride);
    if (!from || heif_image_get_width(r->image, heif_channel_interleaved) != (int)source->header.width ||
        heif_image_get_height(r->image, heif_channel_interleaved) != (int)source->header.height)
        return stz_fail(err, STYLIZE_ERR_FORMAT,
                        "damaged %s: its picture is of another size than its header says",
                        stz_format_name(source->header.format));
    const bool deep = is_deep(r, source);
    const int bits = deep ? heif_image_get_bits_per_pixel_range(r->image, heif_channel_interleaved) : 8;
    if (bits < 8 || bits > 16)
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "%s of %d bits is not read; at most 16 are",
                        stz_format_name(source->header.format), bits);
    const stylize_status status =
        stz_image_alloc(pool, source->header.width, source->header.height,
                        deep ? (alpha ? STYLIZE_FORMAT_RGBA16 : STYLIZE_FORMAT_RGB16)
                             : (alpha ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8),
                        out, err);
    if (status != STYLIZE_OK)
        return status;
    stz_icc *icc = choose_colour(
        r, deep ? (alpha ? STZ_ICC_RGBA16 : STZ_ICC_RGB16) : (alpha ? STZ_ICC_RGBA : STZ_ICC_RGB), pool);
    const bool times_alpha = alpha && heif_image_handle_is_premultiplied_alpha(r->handle);
    for (uint32_t y = 0; y < out->height; y++) {
        uint8_t *row = out->pixels + (size_t)y * (size_t)out->stride;
        uint16_t *wide = (uint16_t *)(void *)row;
        memcpy(row, from + (size_t)y * (size_t)stride, (size_t)out->stride);
        if (deep)
            widen(wide, (size_t)out->stride / 2, bits);
        if (times_alpha && deep)
            undo_alpha_deep(wide, out->width);
        else if (times_alpha)
            undo_alpha(row, out->width);
        if (icc)
            stz_icc_row(icc, row, row, out->width);
    }
    stz_icc_free(icc);
    return STYLIZE_OK;
}

stylize_status stz_heif_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err)
{
    struct reader r;
    stylize_status status = open_picture(&r, source->data, source->size, source->header.format, err);
    if (status != STYLIZE_OK)
        return status;
    /* what is stored may be larger than what is shown of it; the limit is for each */
    heif_context_set_maximum_image_size_limit(r.context, (int)source->limits->max_side);
    heif_context_set_max_decoding_threads(r.context, 0);
    struct heif_decoding_options *options = heif_decoding_options_alloc();
    if (!options) {
        close_all(&r);
        return stz_nomem(err, sizeof *options);
    }
    options->convert_hdr_to_8bit = !is_deep(&r, source);
    options->strict_decoding = !source->header.tolerant;
    const struct heif_error e =
        heif_decode_image(r.handle, &r.image, heif_colorspace_RGB,
                          chroma_of(source->header.alpha, is_deep(&r, source)), options);
    heif_decoding_options_free(options);
    status =
        e.code == heif_error_Ok ? copy_out(&r, source, pool, out, err) : fail(e, source->header.format, err);
    if (status == STYLIZE_OK && source->hint.damaged &&
        heif_image_get_decoding_warnings(r.image, 0, NULL, 0) > 0)
        *source->hint.damaged = true;
    close_all(&r);
    return status;
}

/* A block of metadata of that type, and of MIME that content. */
static stz_buf *read_block(const struct reader *r, const char *type, const char *content, stz_pool *pool,
                           size_t *size)
{
    heif_item_id ids[BLOCKS_MAX];
    const int n = heif_image_handle_get_list_of_metadata_block_IDs(r->handle, type, ids, BLOCKS_MAX);
    for (int i = 0; i < n; i++) {
        const char *here = heif_image_handle_get_metadata_content_type(r->handle, ids[i]);
        if (content && (!here || strcmp(here, content)))
            continue;
        *size = heif_image_handle_get_metadata_size(r->handle, ids[i]);
        stz_buf *block = *size && *size <= BLOCK_MAX ? stz_pool_get(pool, STZ_MEM_SCRATCH, *size) : NULL;
        if (block && heif_image_handle_get_metadata(r->handle, ids[i], block->data).code == heif_error_Ok)
            return block;
        stz_buf_unref(block);
    }
    return NULL;
}

void stz_heif_metadata(const uint8_t *data, size_t size, stz_pool *pool, stz_metadata *out)
{
    struct reader r;
    *out = (stz_metadata){0};
    if (open_picture(&r, data, size, STYLIZE_FORMAT_HEIC, NULL) != STYLIZE_OK)
        return;
    out->exif = read_block(&r, "Exif", NULL, pool, &out->exif_size);
    stz_exif_of_box(out);
    out->xmp = read_block(&r, "mime", "application/rdf+xml", pool, &out->xmp_size);
    const size_t length = heif_image_handle_get_raw_color_profile_size(r.handle);
    if (length && length <= STZ_ICC_MAX)
        out->icc = stz_pool_get(pool, STZ_MEM_SCRATCH, length);
    out->icc_size = length;
    if (out->icc && heif_image_handle_get_raw_color_profile(r.handle, out->icc->data).code != heif_error_Ok) {
        stz_buf_unref(out->icc);
        out->icc = NULL;
    }
    close_all(&r);
}

#else

stylize_status stz_heif_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    return stz_format_missing(out->format, "libheif", err);
}

stylize_status stz_heif_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                               stylize_error *err)
{
    return stz_format_missing(source->header.format, "libheif", err);
}

void stz_heif_metadata(const uint8_t *data, size_t size, stz_pool *pool, stz_metadata *out)
{
    *out = (stz_metadata){0};
}

#endif
