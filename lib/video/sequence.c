#include "video/sequence.h"

#include <stdlib.h>
#include <string.h>

#include "base/tagged.h"
#include "codec/limits.h"
#include "video/asked.h"
#include "video/frame.h"
#include "video/mix.h"
#include "video/ring.h"

#define DEPTH_DEFAULT_MAX 4

struct stylize_sequence {
    stz_ring ring;
    stz_asked asked;
    float stability;
    pthread_mutex_t pushing, pulling; /* one at a time */

    /* Of pushing. */
    uint32_t width, height; /* of the frames; 0: of the next one */
    stz_pyramid pyramids[2];
    int newest;   /* of the frame before */
    bool follows; /* there is a frame before */
    stz_flow flow;
    uint8_t *luma;

    /* Of pulling. */
    stz_mix mix;
};

static stylize_status check_options(const stylize_sequence_options *in, stylize_sequence_options *o,
                                    stylize_error *err)
{
    if (!in || !stz_tagged_read(STZ_TAG_SEQUENCE, o, in))
        return stz_fail(
            err, STYLIZE_ERR_INVALID,
            in ? "the options are not initialised, or from a newer header; call stylize_sequence_init first"
               : "options are NULL");
    if (!(o->stability >= 0 && o->stability <= 1))
        return stz_fail(err, STYLIZE_ERR_INVALID, "stability is %g; 0 to 1 is allowed", (double)o->stability);
    if (o->depth > STZ_DEPTH_MAX)
        return stz_fail(err, STYLIZE_ERR_INVALID, "depth is %u; 1 to %d are allowed, or 0 for the default",
                        o->depth, STZ_DEPTH_MAX);
    return STYLIZE_OK;
}

static stylize_status create_locks(stylize_sequence *s, stylize_error *err)
{
    if (pthread_mutex_init(&s->pushing, NULL))
        return stz_nomem(err, sizeof s->pushing);
    if (pthread_mutex_init(&s->pulling, NULL)) {
        pthread_mutex_destroy(&s->pushing);
        return stz_nomem(err, sizeof s->pulling);
    }
    return STYLIZE_OK;
}

stylize_status stz_sequence_create(stylize_sequence **out, stylize_ctx *ctx,
                                   const stylize_sequence_options *in, stylize_error *err)
{
    stylize_sequence_options o;
    stylize_status status = check_options(in, &o, err);
    if (status != STYLIZE_OK)
        return status;
    stylize_sequence *s = calloc(1, sizeof *s);
    if (!s)
        return stz_nomem(err, sizeof *s);
    s->stability = o.stability;
    const int depth = o.depth ? (int)o.depth : stz_min(ctx->worker_count + 1, DEPTH_DEFAULT_MAX);
    status = stz_asked_copy(&s->asked, o.request, err);
    if (status != STYLIZE_OK)
        goto fail;
    status = create_locks(s, err);
    if (status != STYLIZE_OK)
        goto fail_asked;
    status = stz_ring_create(&s->ring, ctx, depth, err);
    if (status != STYLIZE_OK)
        goto fail_locks;
    *out = s;
    return STYLIZE_OK;
fail_locks:
    pthread_mutex_destroy(&s->pulling);
    pthread_mutex_destroy(&s->pushing);
fail_asked:
    stz_asked_free(&s->asked);
fail:
    free(s);
    return status;
}

/* ------------------------------------------------------------------ pushing */

static void forget_size(stylize_sequence *s)
{
    for (int i = 0; i < 2; i++)
        stz_pyramid_free(&s->pyramids[i]);
    stz_flow_free(&s->flow);
    free(s->luma);
    s->luma = NULL;
    s->width = s->height = 0;
    s->follows = false;
}

/* What frames of this size need. */
static stylize_status take_size(stylize_sequence *s, const stylize_frame *frame, stylize_error *err)
{
    const int width = (int)frame->width, height = (int)frame->height;
    stylize_status status =
        stz_limits_pixels(&s->ring.ctx->env.limits, "frame", frame->width, frame->height, err);
    if (status != STYLIZE_OK)
        return status;
    if (s->stability > 0) {
        for (int i = 0; i < 2 && status == STYLIZE_OK; i++)
            status = stz_pyramid_create(&s->pyramids[i], width, height, err);
        if (status == STYLIZE_OK)
            status = stz_flow_create(&s->flow, &s->pyramids[0], err);
        if (status == STYLIZE_OK) {
            s->luma = malloc((size_t)width * (size_t)height);
            if (!s->luma)
                status = stz_nomem(err, (uint64_t)width * (uint64_t)height);
        }
    }
    if (status != STYLIZE_OK) {
        forget_size(s);
        return status;
    }
    s->width = frame->width;
    s->height = frame->height;
    return STYLIZE_OK;
}

/* The slot's field, of the size of the frames. */
static stylize_status take_field(stylize_sequence *s, stz_slot *slot, stylize_error *err)
{
    stz_field *f = &slot->field;
    if (f->memory && f->frame_width == s->width && f->frame_height == s->height)
        return STYLIZE_OK;
    stz_field_free(f);
    return stz_field_create(f, &s->pyramids[0], err);
}

static stylize_status find_motion(stylize_sequence *s, const stylize_frame *frame, stz_slot *slot,
                                  stylize_error *err)
{
    slot->scene = !s->follows || frame->scene;
    if (s->stability <= 0)
        return STYLIZE_OK;
    ptrdiff_t stride;
    const uint8_t *luma = stz_frame_luma(frame, s->luma, &stride);
    stz_pyramid *now = &s->pyramids[1 - s->newest];
    stz_pyramid_fill(now, luma, stride);
    if (slot->scene)
        return STYLIZE_OK;
    const stylize_status status = take_field(s, slot, err);
    if (status != STYLIZE_OK)
        return status;
    stz_flow_run(&s->flow, now, &s->pyramids[s->newest], &slot->field);
    slot->scene = slot->field.mean < STZ_SCENE_SURE;
    return STYLIZE_OK;
}

static stylize_status push(stylize_sequence *s, const stylize_frame *frame, stylize_request *request,
                           stylize_error *err)
{
    if (s->width && (frame->width != s->width || frame->height != s->height))
        return stz_fail(err, STYLIZE_ERR_INVALID,
                        "frame is %ux%u, those before were %ux%u; reset the sequence to change the size",
                        frame->width, frame->height, s->width, s->height);
    stz_slot *slot = NULL;
    stylize_status status = stz_ring_next(&s->ring, &slot, err);
    if (status == STYLIZE_OK && !s->width)
        status = take_size(s, frame, err);
    if (status == STYLIZE_OK)
        status = find_motion(s, frame, slot, err);
    if (status == STYLIZE_OK)
        status = stz_frame_to_image(frame, s->ring.ctx->env.pool, &slot->content, err);
    if (status != STYLIZE_OK)
        return status;
    slot->tag = frame->tag;
    status = stz_ring_submit(&s->ring, slot, request, err);
    if (status == STYLIZE_OK) {
        s->newest = 1 - s->newest;
        s->follows = true;
    }
    return status;
}

stylize_status stz_sequence_push(stylize_sequence *s, const stylize_frame *frame,
                                 const stylize_request *request, stylize_error *err)
{
    stylize_frame checked;
    stylize_request r = s->asked.request;
    stylize_status status = stz_frame_check(frame, "frame", &checked, err);
    if (status == STYLIZE_OK && request)
        status = stz_asked_check(request, &r, err);
    if (status != STYLIZE_OK)
        return status;
    pthread_mutex_lock(&s->pushing);
    status = push(s, &checked, &r, err);
    pthread_mutex_unlock(&s->pushing);
    return status;
}

/* ------------------------------------------------------------------ pulling */

static void tell(const stz_slot *slot, stylize_frame *result, float kept)
{
    stylize_frame told;
    stz_tagged_read(STZ_TAG_FRAME, &told, result);
    told.width = slot->painting.width;
    told.height = slot->painting.height;
    told.scene = slot->scene;
    told.kept = kept;
    told.tag = slot->tag;
    stz_tagged_write(STZ_TAG_FRAME, result, &told);
}

/* The painting as it is shown. */
static stylize_status settle(stylize_sequence *s, stz_slot *slot, float *kept, stylize_error *err)
{
    *kept = 0;
    if (s->stability <= 0)
        return STYLIZE_OK;
    const stylize_image *p = &slot->painting;
    const bool same = s->mix.begun && s->mix.width == (int)p->width && s->mix.height == (int)p->height;
    slot->scene = slot->scene || !same;
    if (slot->scene)
        return stz_mix_begin(&s->mix, p, err);
    *kept = stz_mix_next(&s->mix, p, &slot->field, s->stability);
    return STYLIZE_OK;
}

static stylize_status fetch(stylize_sequence *s, stz_slot *slot, stylize_frame *result, stylize_error *err)
{
    stylize_frame to;
    stylize_status status = stz_frame_check(result, "result", &to, err);
    if (status != STYLIZE_OK)
        return status;
    const stylize_image *p = &slot->painting;
    if (to.width != p->width || to.height != p->height)
        return stz_fail(err, STYLIZE_ERR_INVALID, "result has room for %ux%u pixels, the painting has %ux%u",
                        to.width, to.height, p->width, p->height);
    float kept;
    status = settle(s, slot, &kept, err);
    if (status == STYLIZE_OK) {
        stz_frame_from_image(p, &to);
        tell(slot, result, kept);
    }
    stz_ring_give(&s->ring, slot);
    return status;
}

stylize_status stz_sequence_pull(stylize_sequence *s, stylize_frame *result, stylize_error *err)
{
    stz_slot *slot = NULL;
    pthread_mutex_lock(&s->pulling);
    stylize_status status = stz_ring_oldest(&s->ring, &slot, err);
    if (status == STYLIZE_OK && slot->status != STYLIZE_OK) {
        status = slot->status;
        if (err)
            *err = slot->err;
        s->mix.begun = false;
        stz_ring_give(&s->ring, slot);
    } else if (status == STYLIZE_OK) {
        if (result->planes[0])
            status = fetch(s, slot, result, err);
        else
            tell(slot, result, 0); /* only the size is wanted */
    }
    pthread_mutex_unlock(&s->pulling);
    return status;
}

/* ------------------------------------------------------------------ ends */

void stz_sequence_cancel(stylize_sequence *s) { stz_ring_cancel(&s->ring); }

void stz_sequence_reset(stylize_sequence *s)
{
    stz_ring_cancel(&s->ring);
    pthread_mutex_lock(&s->pushing);
    pthread_mutex_lock(&s->pulling);
    stz_ring_drain(&s->ring);
    forget_size(s);
    s->mix.begun = false;
    pthread_mutex_unlock(&s->pulling);
    pthread_mutex_unlock(&s->pushing);
}

void stz_sequence_destroy(stylize_sequence *s)
{
    stz_sequence_reset(s);
    stz_mix_free(&s->mix);
    stz_ring_destroy(&s->ring);
    pthread_mutex_destroy(&s->pulling);
    pthread_mutex_destroy(&s->pushing);
    stz_asked_free(&s->asked);
    free(s);
}
