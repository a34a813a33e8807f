/* What the tests of sequences share. */
#ifndef SEQUENCE_TEST_H
#define SEQUENCE_TEST_H

#include "core/helpers.h"
#include "stylize/sequence.h"

static inline stylize_frame frame_of(const stylize_image *p)
{
    return (stylize_frame){.struct_size = sizeof(stylize_frame),
                           .planes = {p->pixels},
                           .strides = {p->stride},
                           .width = p->width,
                           .height = p->height,
                           .format =
                               p->format == STYLIZE_FORMAT_RGBA8 ? STYLIZE_FRAME_RGBA8 : STYLIZE_FRAME_RGB8};
}

/* Planes in one block of memory, which the caller frees: planes[0]. */
static inline stylize_frame yuv_frame(uint32_t width, uint32_t height)
{
    const size_t luma = (size_t)width * height, chroma = (size_t)((width + 1) / 2) * ((height + 1) / 2);
    uint8_t *memory = calloc(1, luma + 2 * chroma);
    assert_non_null(memory);
    return (stylize_frame){.struct_size = sizeof(stylize_frame),
                           .planes = {memory, memory + luma, memory + luma + chroma},
                           .width = width,
                           .height = height,
                           .format = STYLIZE_FRAME_YUV420};
}

static inline stylize_request plain_request(void)
{
    stylize_request r = request_for(NULL, &style_a);
    return r;
}

static inline stylize_sequence *create_sequence(stylize_ctx *ctx, const stylize_request *r, float stability,
                                                uint32_t depth)
{
    stylize_error err = {0};
    stylize_sequence *s = NULL;
    stylize_sequence_options o;
    assert_int_equal(stylize_sequence_init(&o, sizeof o), STYLIZE_OK);
    o.request = r;
    o.stability = stability;
    o.depth = depth;
    if (stylize_sequence_create(&s, ctx, &o, &err) != STYLIZE_OK)
        fail_msg("%s", err.message);
    return s;
}

#endif
