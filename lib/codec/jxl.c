/*
 * JPEG XL by libjxl. It turns the picture upright itself; of an animation the first picture is read, on its canvas.
 * What the pixels mean is asked of the decoder, as it depends on how the file was made.
 */
#include <string.h>

#include "codec/format.h"
#include "codec/icc.h"
#include "codec/names.h"

#ifdef STZ_HAVE_JXL
#include <jxl/decode.h>

#define BLOCK_MAX (1u << 20) /* bytes of EXIF or XMP that are looked at, unpacked */

static stylize_status damaged(stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_FORMAT, "damaged JPEG XL");
}

/* A decoder that has all of the file and stops at these events, or NULL without memory. */
static JxlDecoder *open_file(const uint8_t *data, size_t size, int events)
{
    JxlDecoder *decoder = JxlDecoderCreate(NULL);
    if (decoder && (JxlDecoderSubscribeEvents(decoder, events) != JXL_DEC_SUCCESS ||
                    JxlDecoderSetUnpremultiplyAlpha(decoder, JXL_TRUE) != JXL_DEC_SUCCESS ||
                    JxlDecoderSetInput(decoder, data, size) != JXL_DEC_SUCCESS)) {
        JxlDecoderDestroy(decoder);
        return NULL;
    }
    if (decoder)
        JxlDecoderCloseInput(decoder);
    return decoder;
}

/* Black is a channel of its own here, and libjxl leaves it to its caller to print with it. */
static bool has_black(const JxlDecoder *decoder, const JxlBasicInfo *info)
{
    for (uint32_t i = 0; i < info->num_extra_channels; i++) {
        JxlExtraChannelInfo extra;
        if (JxlDecoderGetExtraChannelInfo(decoder, i, &extra) == JXL_DEC_SUCCESS &&
            extra.type == JXL_CHANNEL_BLACK)
            return true;
    }
    return false;
}

static stylize_status read_info(JxlDecoder *decoder, JxlBasicInfo *info, stylize_error *err)
{
    if (JxlDecoderProcessInput(decoder) != JXL_DEC_BASIC_INFO ||
        JxlDecoderGetBasicInfo(decoder, info) != JXL_DEC_SUCCESS)
        return damaged(err);
    if (has_black(decoder, info))
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "JPEG XL of an unsupported kind: CMYK");
    return STYLIZE_OK;
}

/* Whether the file brings a profile, rather than naming one of the usual spaces. */
static bool has_profile(const JxlDecoder *decoder)
{
    return JxlDecoderGetColorAsEncodedProfile(decoder, NULL, JXL_COLOR_PROFILE_TARGET_ORIGINAL, NULL) !=
               JXL_DEC_SUCCESS &&
           JxlDecoderGetICCProfileSize(decoder, NULL, JXL_COLOR_PROFILE_TARGET_ORIGINAL, NULL) ==
               JXL_DEC_SUCCESS;
}

/* A space that needs no words: what a picture without a profile is taken for. */
static bool is_srgb(const JxlDecoder *decoder)
{
    JxlColorEncoding c;
    return JxlDecoderGetColorAsEncodedProfile(decoder, NULL, JXL_COLOR_PROFILE_TARGET_ORIGINAL, &c) ==
               JXL_DEC_SUCCESS &&
           c.white_point == JXL_WHITE_POINT_D65 && c.transfer_function == JXL_TRANSFER_FUNCTION_SRGB &&
           (c.color_space == JXL_COLOR_SPACE_GRAY || c.primaries == JXL_PRIMARIES_SRGB);
}

stylize_status stz_jxl_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    JxlDecoder *decoder = open_file(data, size, JXL_DEC_BASIC_INFO | JXL_DEC_COLOR_ENCODING);
    if (!decoder)
        return stz_nomem(err, 4096);
    JxlBasicInfo info;
    const stylize_status status = read_info(decoder, &info, err);
    if (status == STYLIZE_OK) {
        out->width = info.xsize;
        out->height = info.ysize;
        out->alpha = info.alpha_bits > 0;
        out->icc = JxlDecoderProcessInput(decoder) == JXL_DEC_COLOR_ENCODING && has_profile(decoder);
    }
    JxlDecoderDestroy(decoder);
    return status;
}

/* The profile of the file, or of the pixels that will come; in memory of the pool, or NULL. */
static stz_buf *read_profile(const JxlDecoder *decoder, JxlColorProfileTarget which, stz_pool *pool,
                             size_t *size)
{
    if (JxlDecoderGetICCProfileSize(decoder, NULL, which, size) != JXL_DEC_SUCCESS || !*size ||
        *size > STZ_ICC_MAX)
        return NULL;
    stz_buf *profile = stz_pool_get(pool, STZ_MEM_SCRATCH, *size);
    if (profile &&
        JxlDecoderGetColorAsICCProfile(decoder, NULL, which, profile->data, *size) == JXL_DEC_SUCCESS)
        return profile;
    stz_buf_unref(profile);
    return NULL;
}

/* Where the decoder has a choice, and without a profile of its own knows only linear light, it is asked for sRGB. */
static void prefer_srgb(JxlDecoder *decoder, const JxlBasicInfo *info)
{
    const JxlColorEncoding srgb = {
        .color_space = info->num_color_channels == 1 ? JXL_COLOR_SPACE_GRAY : JXL_COLOR_SPACE_RGB,
        .white_point = JXL_WHITE_POINT_D65,
        .primaries = JXL_PRIMARIES_SRGB,
        .transfer_function = JXL_TRANSFER_FUNCTION_SRGB,
        .rendering_intent = JXL_RENDERING_INTENT_RELATIVE,
    };
    if (info->uses_original_profile || !has_profile(decoder))
        return;
    /* refused, the pixels stay linear, and their profile says so */
    (void)JxlDecoderSetPreferredColorProfile(decoder, &srgb);
}

/* What goes before the pixels: the picture they go to, and how their colours become sRGB. */
static stylize_status prepare(JxlDecoder *decoder, const stz_source *source, stz_pool *pool, stz_icc **icc,
                              stylize_image *out, stylize_error *err)
{
    JxlBasicInfo info;
    stylize_status status = read_info(decoder, &info, err);
    if (status == STYLIZE_OK && JxlDecoderProcessInput(decoder) != JXL_DEC_COLOR_ENCODING)
        status = damaged(err);
    if (status != STYLIZE_OK)
        return status;
    const bool alpha = source->header.alpha, deep = source->hint.deep && info.bits_per_sample > 8;
    status = stz_image_alloc(pool, source->header.width, source->header.height,
                             deep ? (alpha ? STYLIZE_FORMAT_RGBA16 : STYLIZE_FORMAT_RGB16)
                                  : (alpha ? STYLIZE_FORMAT_RGBA8 : STYLIZE_FORMAT_RGB8),
                             out, err);
    if (status != STYLIZE_OK)
        return status;
    prefer_srgb(decoder, &info);
    size_t size = 0;
    stz_buf *profile = read_profile(decoder, JXL_COLOR_PROFILE_TARGET_DATA, pool, &size);
    if (profile)
        *icc = stz_icc_create(profile->data, size,
                              deep    ? (alpha ? STZ_ICC_RGBA16 : STZ_ICC_RGB16)
                              : alpha ? STZ_ICC_RGBA
                                      : STZ_ICC_RGB,
                              info.num_color_channels == 1);
    stz_buf_unref(profile);
    return STYLIZE_OK;
}

/* What a file that is cut does not say: grey, or transparent. */
static void fill(const stylize_image *image, bool alpha)
{
    memset(image->pixels, alpha ? 0 : 0x80, image->size);
}

/* Reads the first picture. *whole: there was all of it; else what there was, if that will do. */
static stylize_status read_pixels(JxlDecoder *decoder, const stz_source *source, const stylize_image *out,
                                  bool *whole, stylize_error *err)
{
    const bool alpha = source->header.alpha, deep = stz_bytes_per_pixel(out->format) > 4;
    const JxlPixelFormat format = {.num_channels = alpha ? 4 : 3,
                                   .data_type = deep ? JXL_TYPE_UINT16 : JXL_TYPE_UINT8,
                                   .endianness = JXL_NATIVE_ENDIAN};
    size_t size = 0;
    JxlDecoderStatus event = JxlDecoderProcessInput(decoder);
    if (event == JXL_DEC_NEED_IMAGE_OUT_BUFFER) {
        if (JxlDecoderImageOutBufferSize(decoder, &format, &size) != JXL_DEC_SUCCESS || size != out->size ||
            JxlDecoderSetImageOutBuffer(decoder, &format, out->pixels, out->size) != JXL_DEC_SUCCESS)
            return damaged(err);
        fill(out, alpha);
        event = JxlDecoderProcessInput(decoder);
    }
    *whole = event == JXL_DEC_FULL_IMAGE;
    if (*whole || (source->header.tolerant && size && JxlDecoderFlushImage(decoder) == JXL_DEC_SUCCESS))
        return STYLIZE_OK;
    return damaged(err);
}

stylize_status stz_jxl_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err)
{
    JxlDecoder *decoder = open_file(source->data, source->size,
                                    JXL_DEC_BASIC_INFO | JXL_DEC_COLOR_ENCODING | JXL_DEC_FULL_IMAGE);
    if (!decoder)
        return stz_nomem(err, 4096);
    stylize_image image = {0};
    stz_icc *icc = NULL;
    bool whole = true;
    stylize_status status = prepare(decoder, source, pool, &icc, &image, err);
    if (status == STYLIZE_OK)
        status = read_pixels(decoder, source, &image, &whole, err);
    JxlDecoderDestroy(decoder);
    for (uint32_t y = 0; status == STYLIZE_OK && icc && y < image.height; y++) {
        uint8_t *row = image.pixels + (size_t)y * (size_t)image.stride;
        stz_icc_row(icc, row, row, image.width);
    }
    stz_icc_free(icc);
    if (status != STYLIZE_OK) {
        stylize_image_free(&image);
        return status;
    }
    if (!whole && source->hint.damaged)
        *source->hint.damaged = true;
    *out = image;
    return STYLIZE_OK;
}

/* What the box at hand holds, unpacked. NULL: too large, damaged, or no memory. */
static stz_buf *read_box(JxlDecoder *decoder, stz_pool *pool, size_t *size, JxlDecoderStatus *event)
{
    stz_buf *box = stz_pool_get(pool, STZ_MEM_SCRATCH, BLOCK_MAX);
    if (!box || JxlDecoderSetBoxBuffer(decoder, box->data, BLOCK_MAX) != JXL_DEC_SUCCESS) {
        stz_buf_unref(box);
        return NULL;
    }
    *event = JxlDecoderProcessInput(decoder);
    *size = BLOCK_MAX - JxlDecoderReleaseBoxBuffer(decoder);
    if (*size && (*event == JXL_DEC_BOX || *event == JXL_DEC_COLOR_ENCODING || *event == JXL_DEC_SUCCESS))
        return box;
    stz_buf_unref(box);
    return NULL;
}

static void take_box(stz_buf **to, size_t *to_size, stz_buf *box, size_t size)
{
    if (!box)
        return;
    stz_buf_unref(*to);
    *to = box;
    *to_size = size;
}

void stz_jxl_metadata(const uint8_t *data, size_t size, stz_pool *pool, stz_metadata *out)
{
    *out = (stz_metadata){0};
    JxlDecoder *decoder = open_file(data, size, JXL_DEC_COLOR_ENCODING | JXL_DEC_BOX);
    if (!decoder || JxlDecoderSetDecompressBoxes(decoder, JXL_TRUE) != JXL_DEC_SUCCESS) {
        JxlDecoderDestroy(decoder);
        return;
    }
    JxlDecoderStatus event = JxlDecoderProcessInput(decoder);
    while (event == JXL_DEC_BOX || event == JXL_DEC_COLOR_ENCODING) {
        JxlBoxType type = {0};
        JxlDecoderStatus next = JXL_DEC_SUCCESS;
        size_t length = 0;
        if (event == JXL_DEC_COLOR_ENCODING) {
            if (!is_srgb(decoder))
                out->icc = read_profile(decoder, JXL_COLOR_PROFILE_TARGET_ORIGINAL, pool, &out->icc_size);
            next = JxlDecoderProcessInput(decoder);
        } else if (JxlDecoderGetBoxType(decoder, type, JXL_TRUE) != JXL_DEC_SUCCESS) {
            break;
        } else if (!memcmp(type, "Exif", 4)) {
            stz_buf *box = read_box(decoder, pool, &length, &next);
            take_box(&out->exif, &out->exif_size, box, length);
        } else if (!memcmp(type, "xml ", 4)) {
            stz_buf *box = read_box(decoder, pool, &length, &next);
            take_box(&out->xmp, &out->xmp_size, box, length);
        } else {
            next = JxlDecoderProcessInput(decoder);
        }
        event = next;
    }
    JxlDecoderDestroy(decoder);
    stz_exif_of_box(out);
}

#else

stylize_status stz_jxl_header(const uint8_t *data, size_t size, stz_header *out, stylize_error *err)
{
    return stz_format_missing(out->format, "libjxl", err);
}

stylize_status stz_jxl_decode(const stz_source *source, stz_pool *pool, stylize_image *out,
                              stylize_error *err)
{
    return stz_format_missing(source->header.format, "libjxl", err);
}

void stz_jxl_metadata(const uint8_t *data, size_t size, stz_pool *pool, stz_metadata *out)
{
    *out = (stz_metadata){0};
}

#endif
