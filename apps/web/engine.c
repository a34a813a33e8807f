/* What JavaScript calls: one context, over the public interface only. worker.js is the other side. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "stylize/embed.h"

#define FILES_MAX 256

int web_file(const char *name, const void *data, uint32_t size);
int web_open(int precision);
const uint8_t *web_paint(uint8_t *rgba, uint32_t width, uint32_t height, const char *style, float strength,
                         uint32_t size, int preserve_color);
uint32_t web_width(void);
uint32_t web_height(void);
const char *web_error(void);

static stylize_file files[FILES_MAX];
static size_t count;
static stylize_ctx *ctx;
static uint8_t *painting; /* RGBA, kept for the next one */
static uint32_t painting_width, painting_height;
static stylize_error error;

/* A file of the model folder; name and data stay where they are. */
int web_file(const char *name, const void *data, uint32_t size)
{
    if (count == FILES_MAX)
        return STYLIZE_ERR_LIMIT;
    files[count++] = (stylize_file){name, data, size};
    return STYLIZE_OK;
}

int web_open(int precision)
{
    stylize_embed embed;
    stylize_options options;
    stylize_embed_init(&embed, sizeof embed);
    embed.files = files;
    embed.file_count = count;
    embed.no_threads = 1;
    stylize_options_init(&options, sizeof options);
    options.queue_length = 1;
    options.batch_max = 1;
    options.engine = "native";
    options.precision = (stylize_precision)precision;
    return stylize_ctx_create_embedded(&ctx, &options, &embed, &error);
}

/* As RGBA; the library's pictures have an alpha where it keeps the content's. */
static bool keep(const stylize_image *in)
{
    uint8_t *out = realloc(painting, (size_t)in->width * in->height * 4);
    if (!out) {
        strcpy(error.message, "out of memory");
        return false;
    }
    painting = out;
    painting_width = in->width;
    painting_height = in->height;
    const size_t channels = in->format == STYLIZE_FORMAT_RGBA8 ? 4 : 3;
    for (uint32_t y = 0; y < in->height; y++) {
        const uint8_t *from = in->pixels + (ptrdiff_t)y * in->stride;
        for (uint32_t x = 0; x < in->width; x++, from += channels, out += 4) {
            out[3] = 255;
            memcpy(out, from, channels);
        }
    }
    return true;
}

/* The painting, RGBA of web_width and web_height, until the next call; NULL: web_error says why. size: of the longer
 * side, 0: that of the picture. */
const uint8_t *web_paint(uint8_t *rgba, uint32_t width, uint32_t height, const char *style, float strength,
                         uint32_t size, int preserve_color)
{
    const stylize_image content = {.pixels = rgba,
                                   .size = (size_t)width * height * 4,
                                   .width = width,
                                   .height = height,
                                   .format = STYLIZE_FORMAT_RGBA8};
    const stylize_style_ref ref = {style, NULL, 1};
    stylize_request request;
    stylize_request_init(&request, sizeof request);
    request.content = &content;
    request.styles = &ref;
    request.style_count = 1;
    request.strength = strength;
    request.output_size = size;
    request.preserve_color = preserve_color ? 1 : 0;
    stylize_image result = {.pixels = NULL};
    if (stylize_ctx_run(ctx, &request, &result, &error) != STYLIZE_OK)
        return NULL;
    const bool good = keep(&result);
    stylize_image_free(&result);
    return good ? painting : NULL;
}

uint32_t web_width(void) { return painting_width; }

uint32_t web_height(void) { return painting_height; }

const char *web_error(void) { return error.message; }
