/* Any bytes as a picture: decoded in full size and with a hint, also as far as it goes, and with 16 bits; its metadata. */
#include <stdlib.h>

#include "codec/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static stz_limits limits = {.max_bytes = 1u << 20, .max_pixels = 1u << 18, .max_side = 2048, .max_scans = 16};

static void check(const stylize_image *image)
{
    stylize_image checked;
    if (stz_image_check(image, "picture", &checked, NULL) != STYLIZE_OK || image->width > limits.max_side ||
        (uint64_t)image->width * image->height > limits.max_pixels)
        abort();
    volatile uint8_t sum = 0; /* every byte is there and has a value */
    for (size_t i = 0; i < image->size; i++)
        sum ^= image->pixels[i];
    (void)sum;
}

/* And what it says besides its pixels. */
static void keep_metadata(const uint8_t *data, size_t size, stz_pool *pool)
{
    static const uint32_t kinds[] = {STYLIZE_METADATA_COPYRIGHT, STYLIZE_METADATA_ALL};
    for (int i = 0; i < 2 && size <= limits.max_bytes; i++) {
        stz_metadata m;
        if (stz_metadata_read(data, size, kinds[i], pool, &m, NULL) != STYLIZE_OK)
            abort();
        stz_metadata_free(&m);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stz_pool *pool = stz_pool_create(0);
    bool damaged = false;
    const stz_decode_hint hints[] = {
        {.damaged = NULL}, {.min_width = 5, .min_height = 3}, {.damaged = &damaged}, {.deep = true}};
    for (int i = 0; i < 4; i++) {
        limits.tolerant = hints[i].damaged;
        stylize_image image = {0};
        stylize_error err = {0};
        stylize_status status = stz_codec_decode(data, size, &limits, &hints[i], pool, &image, &err);
        if (status == STYLIZE_OK)
            check(&image);
        else if (image.pixels || !err.message[0] || err.status != status)
            abort();
        stylize_image_free(&image);
    }
    keep_metadata(data, size, pool);
    stz_pool_stats stats;
    stz_pool_get_stats(pool, STZ_MEM_PURPOSES, &stats);
    if (stats.bytes)
        abort(); /* a buffer was lost */
    stz_pool_end(pool);
    return 0;
}
