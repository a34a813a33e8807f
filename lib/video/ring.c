#include "video/ring.h"

#include <string.h>

#include "sched/worker.h"

stylize_status stz_ring_create(stz_ring *r, stylize_ctx *ctx, int depth, stylize_error *err)
{
    if (pthread_mutex_init(&r->lock, NULL))
        return stz_nomem(err, sizeof r->lock);
    if (pthread_cond_init(&r->change, NULL)) {
        pthread_mutex_destroy(&r->lock);
        return stz_nomem(err, sizeof r->change);
    }
    r->ctx = ctx;
    r->depth = depth;
    return STYLIZE_OK;
}

void stz_ring_destroy(stz_ring *r)
{
    if (!r->depth)
        return;
    for (int i = 0; i < r->depth; i++)
        stz_field_free(&r->slots[i].field);
    pthread_cond_destroy(&r->change);
    pthread_mutex_destroy(&r->lock);
}

static stylize_status cancelled(stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_CANCELLED, "the sequence was cancelled; reset it to go on");
}

static void clear(stz_slot *slot)
{
    stylize_image_free(&slot->content);
    stylize_image_free(&slot->painting);
    const stz_field field = slot->field;
    *slot = (stz_slot){.field = field};
}

stylize_status stz_ring_next(stz_ring *r, stz_slot **out, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    pthread_mutex_lock(&r->lock);
    if (r->cancelled)
        status = cancelled(err);
    else if (r->count == r->depth)
        status = stz_fail(err, STYLIZE_ERR_QUEUE_FULL,
                          "%d frames are in work, the most allowed; fetch a result first", r->count);
    else
        *out = &r->slots[(r->first + r->count) % r->depth];
    pthread_mutex_unlock(&r->lock);
    if (status == STYLIZE_OK) {
        clear(*out);
        (*out)->ring = r;
    }
    return status;
}

static void painted(void *user, uint64_t id, stylize_status status, stylize_image *result,
                    const stylize_error *error)
{
    stz_slot *slot = user;
    stz_ring *r = slot->ring;
    (void)id;
    pthread_mutex_lock(&r->lock);
    slot->status = status;
    if (status == STYLIZE_OK)
        slot->painting = *result;
    else
        slot->err = *error;
    slot->over = true;
    pthread_cond_broadcast(&r->change);
    pthread_mutex_unlock(&r->lock);
}

stylize_status stz_ring_submit(stz_ring *r, stz_slot *slot, stylize_request *request, stylize_error *err)
{
    request->content = &slot->content;
    /* Under the lock, so that the slot has its number before anyone can cancel it or call it over. */
    pthread_mutex_lock(&r->lock);
    stylize_status status =
        r->cancelled ? cancelled(err) : stz_queue_submit(r->ctx, request, painted, slot, &slot->id, err);
    if (status == STYLIZE_OK)
        r->count++;
    pthread_mutex_unlock(&r->lock);
    if (status == STYLIZE_OK)
        stz_workers_drain(r->ctx);
    else
        clear(slot);
    return status;
}

stylize_status stz_ring_oldest(stz_ring *r, stz_slot **out, stylize_error *err)
{
    stylize_status status = STYLIZE_OK;
    pthread_mutex_lock(&r->lock);
    stz_slot *slot = &r->slots[r->first];
    while (r->count && !slot->over && !r->cancelled)
        pthread_cond_wait(&r->change, &r->lock);
    if (r->cancelled)
        status = cancelled(err);
    else if (!r->count)
        status = stz_fail(err, STYLIZE_ERR_NOT_FOUND, "no frame is in work");
    else
        *out = slot;
    pthread_mutex_unlock(&r->lock);
    return status;
}

void stz_ring_give(stz_ring *r, stz_slot *slot)
{
    clear(slot);
    pthread_mutex_lock(&r->lock);
    r->first = (r->first + 1) % r->depth;
    r->count--;
    pthread_mutex_unlock(&r->lock);
}

void stz_ring_cancel(stz_ring *r)
{
    pthread_mutex_lock(&r->lock);
    r->cancelled = true;
    for (int i = 0; i < r->count; i++) {
        const stz_slot *slot = &r->slots[(r->first + i) % r->depth];
        if (!slot->over)
            stz_queue_cancel(r->ctx, slot->id);
    }
    pthread_cond_broadcast(&r->change);
    pthread_mutex_unlock(&r->lock);
}

void stz_ring_drain(stz_ring *r)
{
    pthread_mutex_lock(&r->lock);
    for (; r->count; r->count--, r->first = (r->first + 1) % r->depth) {
        while (!r->slots[r->first].over)
            pthread_cond_wait(&r->change, &r->lock);
        clear(&r->slots[r->first]);
    }
    r->cancelled = false;
    pthread_mutex_unlock(&r->lock);
}
