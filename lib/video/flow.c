#include "video/flow.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_COARSE 12
#define STEPS_FINE   6

static size_t plane_floats(const stz_plane *l)
{
    return (size_t)l->row * (size_t)(l->height + 2 * STZ_PLANE_PAD);
}

stylize_status stz_field_create(stz_field *f, const stz_pyramid *like, stylize_error *err)
{
    const stz_plane *l = &like->level[0];
    const size_t floats = plane_floats(l);
    *f = (stz_field){.width = l->width,
                     .height = l->height,
                     .scale = like->scale,
                     .row = l->row,
                     .frame_width = (uint32_t)like->width,
                     .frame_height = (uint32_t)like->height};
    float *memory = calloc(3 * floats, sizeof(float));
    if (!memory)
        return stz_nomem(err, 3 * floats * sizeof(float));
    const ptrdiff_t first = STZ_PLANE_PAD * l->row + STZ_PLANE_PAD;
    f->memory = memory;
    f->u = memory + first;
    f->v = f->u + floats;
    f->sure = f->v + floats;
    return STYLIZE_OK;
}

void stz_field_free(stz_field *f)
{
    free(f->memory);
    f->memory = NULL;
}

stylize_status stz_flow_create(stz_flow *f, const stz_pyramid *like, stylize_error *err)
{
    const stz_plane *l = &like->level[0];
    const size_t patches = (size_t)stz_patches(l->width) * (size_t)stz_patches(l->height);
    const size_t lower = (size_t)l->row * (size_t)l->height;
    *f = (stz_flow){.kernels = stz_video_kernels_get()};
    float *memory = calloc(2 * patches + 2 * lower, sizeof(float));
    f->memory = memory;
    if (!memory)
        return stz_nomem(err, (2 * patches + 2 * lower) * sizeof(float));
    f->u = memory;
    f->v = f->u + patches;
    f->lower_u = f->v + patches;
    f->lower_v = f->lower_u + lower;
    stylize_status status = stz_field_create(&f->forth, like, err);
    if (status == STYLIZE_OK)
        status = stz_field_create(&f->back, like, err);
    if (status != STYLIZE_OK)
        stz_flow_free(f);
    return status;
}

void stz_flow_free(stz_flow *f)
{
    stz_field_free(&f->forth);
    stz_field_free(&f->back);
    free(f->memory);
    f->memory = NULL;
}

/* Patches of a level begin where the level below it ended. */
static void begin(stz_flow *f, const stz_search *s, const stz_plane *lower)
{
    for (int row = 0; row < s->rows; row++)
        for (int column = 0; column < s->columns; column++) {
            const int n = row * s->columns + column;
            if (!lower) {
                f->u[n] = f->v[n] = 0;
                continue;
            }
            const int x = stz_clamp(column * STZ_PATCH_STEP / 2, 0, lower->width - 1);
            const int y = stz_clamp(row * STZ_PATCH_STEP / 2, 0, lower->height - 1);
            f->u[n] = 2 * f->lower_u[y * lower->width + x];
            f->v[n] = 2 * f->lower_v[y * lower->width + x];
        }
}

static void clear(const stz_search *s, float *plane)
{
    float *first = plane - STZ_PLANE_PAD - STZ_PLANE_PAD * s->dense_row;
    memset(first, 0, (size_t)s->dense_row * (size_t)(s->at.height + 2 * STZ_PLANE_PAD) * sizeof(float));
}

static void keep_for_next(stz_flow *f, const stz_search *s)
{
    for (int y = 0; y < s->at.height; y++) {
        const size_t bytes = (size_t)s->at.width * sizeof(float);
        memcpy(f->lower_u + y * s->at.width, s->dense_u + y * s->dense_row, bytes);
        memcpy(f->lower_v + y * s->at.width, s->dense_v + y * s->dense_row, bytes);
    }
}

/* From coarse to fine; `field` has the size of level 0, smaller levels use a part of it. */
static void run_one(stz_flow *f, const stz_pyramid *at, const stz_pyramid *to, stz_field *field)
{
    for (int i = at->count - 1; i >= 0; i--) {
        const stz_plane *l = &at->level[i];
        const stz_search s = {.at = *l,
                              .to = to->level[i],
                              .columns = stz_patches(l->width),
                              .rows = stz_patches(l->height),
                              .u = f->u,
                              .v = f->v,
                              .steps = i ? STEPS_COARSE : STEPS_FINE,
                              .dense_u = field->u,
                              .dense_v = field->v,
                              .weight = field->sure,
                              .dense_row = field->row};
        begin(f, &s, i + 1 < at->count ? &at->level[i + 1] : NULL);
        f->kernels->search(&s);
        clear(&s, field->u);
        clear(&s, field->v);
        clear(&s, field->sure);
        f->kernels->dense(&s);
        if (i)
            keep_for_next(f, &s);
    }
}

void stz_flow_run(stz_flow *f, const stz_pyramid *now, const stz_pyramid *before, stz_field *field)
{
    run_one(f, before, now, &f->forth);
    run_one(f, now, before, field);
    stz_sure(field, &f->forth, &now->level[0], &before->level[0], f->back.u);
}
