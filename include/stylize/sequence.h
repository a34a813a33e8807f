/*
 * Sequences of frames: moving pictures whose paintings stand still. Since 0.1.
 *
 * A sequence paints frames that are pushed in order and gives the results back in the same order. Each painting is
 * mixed with the one before, moved along with what the frames show, where that motion is sure; a new scene begins
 * anew. Several frames are in work at once.
 *
 *   stylize_sequence_init(&options, sizeof options);
 *   options.request = &request;                        // a still's, without a content
 *   stylize_sequence_create(&sequence, ctx, &options, &err);
 *   for (each frame) {
 *       while ((status = stylize_sequence_push(sequence, &frame, NULL, &err)) == STYLIZE_ERR_QUEUE_FULL &&
 *              stylize_sequence_pull(sequence, &result, &err) == STYLIZE_OK)
 *           use(&result);
 *   }
 *   while (stylize_sequence_pull(sequence, &result, &err) == STYLIZE_OK)
 *       use(&result);
 *   stylize_sequence_destroy(sequence);
 *
 * Threads: as for stylize.h; pushing and pulling may be done by two threads. docs/video.md has more.
 */
#ifndef STYLIZE_SEQUENCE_H
#define STYLIZE_SEQUENCE_H

#include "stylize/stylize.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A sequence. Opaque. */
typedef struct stylize_sequence stylize_sequence;

typedef enum stylize_frame_format {
    STYLIZE_FRAME_RGB8 = 1,   /* one plane, 3 bytes a pixel */
    STYLIZE_FRAME_RGBA8 = 2,  /* one plane, 4 bytes a pixel; alpha is kept, not premultiplied */
    STYLIZE_FRAME_BGR8 = 3,   /* as RGB8, blue first: OpenCV's */
    STYLIZE_FRAME_BGRA8 = 4,  /* as RGBA8, blue first */
    STYLIZE_FRAME_YUV420 = 16 /* three planes of 8 bits: Y, and U and V of half the size, rounded up */
} stylize_frame_format;

/* What Y, U and V mean. */
typedef enum stylize_frame_matrix {
    STYLIZE_MATRIX_AUTO = 0, /* BT.709 from 720 rows on, BT.601 below */
    STYLIZE_MATRIX_BT601 = 1,
    STYLIZE_MATRIX_BT709 = 2
} stylize_frame_matrix;

typedef enum stylize_frame_range {
    STYLIZE_RANGE_LIMITED = 0, /* Y 16 to 235, U and V 16 to 240 */
    STYLIZE_RANGE_FULL = 1     /* 0 to 255 */
} stylize_frame_range;

/* One frame, in or out. Start from all zero bytes. The memory is the caller's in host memory. */
typedef struct stylize_frame {
    size_t struct_size;   /* set by the caller: sizeof(stylize_frame) */
    uint8_t *planes[3];   /* first rows; those that the format has */
    ptrdiff_t strides[3]; /* bytes from one row to the next; 0: rows are packed */
    uint32_t width;       /* 16 or more; of a result: set by the library, or what the caller has room for */
    uint32_t height;
    stylize_frame_format format; /* of a result: what the caller wants, whatever was pushed */
    stylize_frame_matrix matrix; /* YUV only */
    stylize_frame_range range;   /* YUV only */
    uint32_t
        scene;  /* pushed: 1 if a new scene is known to begin here. Result: 1 if one did, or was found to */
    float kept; /* result: how much of the painting is the one before, 0 to 1 */
    uint32_t reserved; /* 0 */
    int64_t tag;       /* the caller's: comes out as it went in, a time for example */
    /* end of 0.1 */
} stylize_frame;

/* Options of a sequence. Fill with stylize_sequence_init, then set request. */
typedef struct stylize_sequence_options {
    size_t struct_size; /* set by stylize_sequence_init */
    const stylize_request
        *request;    /* how each frame is painted. Copied with its styles and ids; pictures and masks that
                                       it points to must stay until the sequence is destroyed. Without content,
                                       output_format RGB8, 8 bits; without tiling, target, report, progress, preview */
    float stability; /* 0: each frame for itself, 1: as still as can be; default 0.7 */
    uint32_t depth;  /* frames in work and results not yet fetched at most, 1 to 64; 0: one more than the
                        context's threads, 4 at most. Results do not depend on it */
    /* end of 0.1 */
} stylize_sequence_options;

/*
 * Fills options with their defaults.
 * @param o     structure to fill; the caller's
 * @param size  sizeof(stylize_sequence_options) of the caller's header
 * @return STYLIZE_OK; INVALID if o is NULL or size is none of a released version
 */
STYLIZE_API stylize_status stylize_sequence_init(stylize_sequence_options *o, size_t size);

/*
 * Creates a sequence. Nothing is painted yet; styles are looked up when frames are pushed.
 * @param out  receives the sequence; NULL on failure. Release with stylize_sequence_destroy, before its context
 * @param ctx  what paints; it may paint other requests and sequences meanwhile
 * @param o    options, copied
 * @return STYLIZE_OK; INVALID, NOMEM
 */
STYLIZE_API stylize_status stylize_sequence_create(stylize_sequence **out, stylize_ctx *ctx,
                                                   const stylize_sequence_options *o, stylize_error *err);

/*
 * Hands in the next frame and returns once its motion is known; it is painted meanwhile. The frame is copied.
 * @param frame    of the size of the first one, or of the first since a reset; any format
 * @param request  NULL; or how this frame is painted instead of the sequence's request, under the same rules: for
 *                 styles that change. Copied; pictures and masks must stay until the frame was pulled
 * @return STYLIZE_OK; INVALID; QUEUE_FULL (as many frames as the depth are in work: pull one first; or the context's
 *         queue is full); CANCELLED (stylize_sequence_cancel was called); LIMIT, NOT_FOUND, NOMEM, UNSUPPORTED
 */
STYLIZE_API stylize_status stylize_sequence_push(stylize_sequence *sequence, const stylize_frame *frame,
                                                 const stylize_request *request, stylize_error *err);

/*
 * Waits for the next result.
 * @param result  set struct_size, format, and planes, strides, width and height of the memory that it is written to; for
 *                YUV matrix and range. With planes[0] NULL only width, height, scene and tag are filled, and the
 *                result stays to be fetched
 * @return STYLIZE_OK; NOT_FOUND (no frame is in work); CANCELLED; INVALID (also: the memory has another size than the
 *         result; it can be fetched again). Any other status is this frame's failure: it is over with, and the next
 *         begins a new scene
 */
STYLIZE_API stylize_status stylize_sequence_pull(stylize_sequence *sequence, stylize_frame *result,
                                                 stylize_error *err);

/*
 * Stops all frames in work, from any thread. A waiting pull returns with CANCELLED, as do all calls to push
 * and pull until stylize_sequence_reset.
 * @param sequence  or NULL for nothing to do
 */
STYLIZE_API void stylize_sequence_cancel(stylize_sequence *sequence);

/*
 * Makes the sequence as new: frames in work and results not fetched are dropped, the next frame begins a new scene
 * and may have another size. Waits for the frames in work to notice; no other call may be under way but cancel.
 * @return STYLIZE_OK; INVALID
 */
STYLIZE_API stylize_status stylize_sequence_reset(stylize_sequence *sequence, stylize_error *err);

/*
 * Stops what is in work, waits for it, and releases everything. Not from a callback of the context.
 * @param sequence  or NULL for nothing to do
 */
STYLIZE_API void stylize_sequence_destroy(stylize_sequence *sequence);

#ifdef __cplusplus
}
#endif
#endif
