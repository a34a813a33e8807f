/*
 * A sequence: a ring of frames that are in work. Pushing converts a frame, finds its motion on the caller's thread and
 * submits it; the context's workers paint frames in any order; pulling mixes them in order. So the only things that two
 * threads share are the ring and its slots, under `lock`.
 */
#ifndef STZ_VIDEO_SEQUENCE_H
#define STZ_VIDEO_SEQUENCE_H

#include "sched/queue.h"
#include "stylize/sequence.h"

stylize_status stz_sequence_create(stylize_sequence **out, stylize_ctx *ctx,
                                   const stylize_sequence_options *o, stylize_error *err);
stylize_status stz_sequence_push(stylize_sequence *s, const stylize_frame *frame,
                                 const stylize_request *request, stylize_error *err);
stylize_status stz_sequence_pull(stylize_sequence *s, stylize_frame *result, stylize_error *err);
void stz_sequence_cancel(stylize_sequence *s);
void stz_sequence_reset(stylize_sequence *s);
void stz_sequence_destroy(stylize_sequence *s);

#endif
