/* The public functions on sequences. */

#include "base/tagged.h"
#include "video/sequence.h"

stylize_status stylize_sequence_init(stylize_sequence_options *o, size_t size)
{
    if (!stz_tagged_init(STZ_TAG_SEQUENCE, o, size))
        return STYLIZE_ERR_INVALID;
    o->stability = 0.7f;
    return STYLIZE_OK;
}

stylize_status stylize_sequence_create(stylize_sequence **out, stylize_ctx *ctx,
                                       const stylize_sequence_options *o, stylize_error *err)
{
    if (!out)
        return stz_fail(err, STYLIZE_ERR_INVALID, "out is NULL");
    *out = NULL;
    if (!ctx)
        return stz_fail(err, STYLIZE_ERR_INVALID, "ctx is NULL");
    return stz_sequence_create(out, ctx, o, err);
}

stylize_status stylize_sequence_push(stylize_sequence *sequence, const stylize_frame *frame,
                                     const stylize_request *request, stylize_error *err)
{
    if (!sequence || !frame)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", sequence ? "frame" : "sequence");
    return stz_sequence_push(sequence, frame, request, err);
}

stylize_status stylize_sequence_pull(stylize_sequence *sequence, stylize_frame *result, stylize_error *err)
{
    if (!sequence || !result)
        return stz_fail(err, STYLIZE_ERR_INVALID, "%s is NULL", sequence ? "result" : "sequence");
    stylize_frame copy;
    if (!stz_tagged_read(STZ_TAG_FRAME, &copy, result))
        return stz_fail(err, STYLIZE_ERR_INVALID, "result's struct_size is not set, or from a newer header");
    return stz_sequence_pull(sequence, result, err);
}

void stylize_sequence_cancel(stylize_sequence *sequence)
{
    if (sequence)
        stz_sequence_cancel(sequence);
}

stylize_status stylize_sequence_reset(stylize_sequence *sequence, stylize_error *err)
{
    if (!sequence)
        return stz_fail(err, STYLIZE_ERR_INVALID, "sequence is NULL");
    stz_sequence_reset(sequence);
    return STYLIZE_OK;
}

void stylize_sequence_destroy(stylize_sequence *sequence)
{
    if (sequence)
        stz_sequence_destroy(sequence);
}
