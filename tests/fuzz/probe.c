/* Any bytes as a header; what the decoder then delivers must have the size that was announced. */
#include <stdlib.h>

#include "codec/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const stz_limits limits = {
        .max_bytes = 1u << 20, .max_pixels = 1u << 16, .max_side = 1024, .max_scans = 4};
    stylize_image_info info = {.struct_size = sizeof info};
    stylize_error err = {0};
    stylize_status status = stz_codec_probe(data, size, &limits, &info, &err);
    if (status != STYLIZE_OK) {
        if (!err.message[0] || err.status != status)
            abort();
        return 0;
    }
    if (!info.width || !info.height || info.width > limits.max_side || info.height > limits.max_side ||
        info.orientation < 1 || info.orientation > 8 || !info.format)
        abort();
    stz_pool *pool = stz_pool_create(0);
    stylize_image image = {0};
    if (stz_codec_decode(data, size, &limits, NULL, pool, &image, &err) == STYLIZE_OK &&
        (image.width != info.width || image.height != info.height ||
         (image.format == STYLIZE_FORMAT_RGBA8 && !info.has_alpha)))
        abort();
    stylize_image_free(&image);
    stz_pool_end(pool);
    return 0;
}
