/*
 * AVIF by libheif and whatever AV1 encoder it has, libaom as a rule. HEIC is not written: its encoder, x265, is under the
 * GPL, and its format under patents.
 */
#include <string.h>

#include "codec/format.h"
#include "codec/names.h"

#ifdef STZ_HAVE_AVIF
#include <libheif/heif.h>

#define FULL_COLOUR 80     /* the quality from which on colours have as many pixels as brightness */
#define SIDE_MAX    65536u /* of a frame of AV1 */

struct encoder {
    struct heif_context *context;
    struct heif_encoder *encoder;
    struct heif_image *image;
    struct heif_image_handle *written;
    struct heif_encoding_options *options;
    struct heif_color_profile_nclx *colour;
    stz_sink *sink;
    bool full; /* no memory for what it writes */
};

static void close_all(struct encoder *e)
{
    if (e->colour)
        heif_nclx_color_profile_free(e->colour);
    if (e->options)
        heif_encoding_options_free(e->options);
    if (e->written)
        heif_image_handle_release(e->written);
    if (e->image)
        heif_image_release(e->image);
    if (e->encoder)
        heif_encoder_release(e->encoder);
    if (e->context)
        heif_context_free(e->context);
}

static struct heif_error write_bytes(struct heif_context *context, const void *data, size_t size, void *user)
{
    struct encoder *e = user;
    e->full = !stz_sink_write(e->sink, data, size);
    return (struct heif_error){e->full ? heif_error_Memory_allocation_error : heif_error_Ok,
                               heif_suberror_Unspecified, "out of memory"};
}

/* Of three channels, or four with alpha. */
static void copy_in(const stylize_image *in, uint8_t *to, int stride)
{
    const int bytes = stz_bytes_per_pixel(in->format);
    for (uint32_t y = 0; y < in->height; y++, to += stride) {
        const uint8_t *from = in->pixels + (size_t)y * (size_t)in->stride;
        if (bytes != 1)
            memcpy(to, from, (size_t)in->width * (size_t)bytes);
        for (uint32_t x = 0; bytes == 1 && x < in->width; x++)
            memset(to + (size_t)x * 3, from[x], 3);
    }
}

static struct heif_error take_pixels(struct encoder *e, const stylize_image *in)
{
    const bool alpha = in->format == STYLIZE_FORMAT_RGBA8;
    const int width = (int)in->width, height = (int)in->height;
    struct heif_error error =
        heif_image_create(width, height, heif_colorspace_RGB,
                          alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB, &e->image);
    if (error.code == heif_error_Ok)
        error = heif_image_add_plane(e->image, heif_channel_interleaved, width, height, 8);
    int stride = 0;
    uint8_t *plane = error.code == heif_error_Ok
                         ? heif_image_get_plane(e->image, heif_channel_interleaved, &stride)
                         : NULL;
    if (plane)
        copy_in(in, plane, stride);
    return error;
}

/* sRGB by numbers, or a profile. */
static struct heif_error set_colour(struct encoder *e, const stz_metadata *m)
{
    e->options = heif_encoding_options_alloc();
    e->colour = heif_nclx_color_profile_alloc();
    if (!e->options || !e->colour)
        return (struct heif_error){heif_error_Memory_allocation_error, heif_suberror_Unspecified, ""};
    e->colour->color_primaries = heif_color_primaries_ITU_R_BT_709_5;
    e->colour->transfer_characteristics = heif_transfer_characteristic_IEC_61966_2_1;
    e->colour->matrix_coefficients =
        heif_matrix_coefficients_ITU_R_BT_601_6; /* as libavif and browsers take it */
    e->colour->full_range_flag = 1;
    e->options->output_nclx_profile = e->colour;
    if (m && m->icc_size)
        return heif_image_set_raw_color_profile(e->image, "prof", m->icc->data, m->icc_size);
    return heif_image_set_nclx_color_profile(e->image, e->colour);
}

/* Settings that another encoder does not have are left as they are there. */
static struct heif_error set_parameters(struct encoder *e, int quality)
{
    struct heif_error error =
        heif_context_get_encoder_for_format(e->context, heif_compression_AV1, &e->encoder);
    if (error.code != heif_error_Ok)
        return error;
    heif_encoder_set_parameter_integer(e->encoder, "speed", 8); /* a third of the time of 6, the same size */
    heif_encoder_set_parameter_integer(e->encoder, "threads", 1); /* others have work of their own */
    heif_encoder_set_parameter_boolean(e->encoder, "lossless-alpha", 1);
    heif_encoder_set_parameter_string(e->encoder, "chroma", quality >= FULL_COLOUR ? "444" : "420");
    return heif_encoder_set_lossy_quality(e->encoder, quality);
}

static struct heif_error add_metadata(struct encoder *e, const stz_metadata *m)
{
    struct heif_error error = {heif_error_Ok, heif_suberror_Unspecified, ""};
    if (m && m->exif_size)
        error = heif_context_add_exif_metadata(e->context, e->written, m->exif->data, (int)m->exif_size);
    if (error.code == heif_error_Ok && m && m->xmp_size)
        error = heif_context_add_XMP_metadata(e->context, e->written, m->xmp->data, (int)m->xmp_size);
    return error;
}

static struct heif_error encode(struct encoder *e, const stylize_image *in, int quality,
                                const stz_metadata *m)
{
    struct heif_writer writer = {.writer_api_version = 1, .write = write_bytes};
    struct heif_error error = set_parameters(e, quality);
    if (error.code == heif_error_Ok)
        error = take_pixels(e, in);
    if (error.code == heif_error_Ok)
        error = set_colour(e, m);
    if (error.code == heif_error_Ok)
        error = heif_context_encode_image(e->context, e->image, e->encoder, e->options, &e->written);
    if (error.code == heif_error_Ok)
        error = add_metadata(e, m);
    return error.code == heif_error_Ok ? heif_context_write(e->context, &writer, e) : error;
}

stylize_status stz_avif_encode(const stylize_image *in, int quality, const stz_metadata *metadata,
                               stz_sink *sink, stylize_error *err)
{
    if (in->width > SIDE_MAX || in->height > SIDE_MAX)
        return stz_fail(err, STYLIZE_ERR_INVALID, "picture is %ux%u; an AVIF has at most %u a side",
                        in->width, in->height, SIDE_MAX);
    if (!heif_have_encoder_for_format(heif_compression_AV1))
        return stz_fail(err, STYLIZE_ERR_UNSUPPORTED,
                        "AVIF cannot be written: libheif has no AV1 encoder here");
    struct encoder e = {.context = heif_context_alloc(), .sink = sink};
    if (!e.context)
        return stz_nomem(err, 4096);
    const struct heif_error error = encode(&e, in, quality, metadata);
    stylize_status status = STYLIZE_OK;
    if (e.full || error.code == heif_error_Memory_allocation_error)
        status = stz_fail(err, STYLIZE_ERR_NOMEM, "out of memory while encoding AVIF");
    else if (error.code != heif_error_Ok)
        status = stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "AVIF of %ux%u could not be encoded: %.120s",
                          in->width, in->height, error.message);
    close_all(&e);
    return status;
}

#else

stylize_status stz_avif_encode(const stylize_image *in, int quality, const stz_metadata *metadata,
                               stz_sink *sink, stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_UNSUPPORTED, "AVIF is not in this build (libheif)");
}

#endif
