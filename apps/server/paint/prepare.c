#include "paint/prepare.h"

#include <string.h>

#include "common/names.h"
#include "paint/in_flight.h"
#include "paint/scans.h"

#define SCANS_MAX   64 /* as the library has it */
#define SCANS_USUAL 16 /* a progressive JPEG has about ten */

/* The library would find out by doing the work. */
static bool check_scans(const painter *p, slice picture, const char *field, const stylize_image_info *info,
                        problem *wrong)
{
    const unsigned scans = jpeg_scans(picture, SCANS_MAX + 1);
    const uint64_t pixels = (uint64_t)info->width * info->height;
    if (!p->max_pixels || (scans <= SCANS_MAX && scans * pixels <= SCANS_USUAL * p->max_pixels))
        return true;
    return problem_set(
        wrong, 413, "picture_too_large", field,
        "the JPEG has %u scans%s of %llu pixels; at most %d are allowed, and %llu pixels in all of them",
        scans > SCANS_MAX ? SCANS_MAX : scans, scans > SCANS_MAX ? " and more" : "",
        (unsigned long long)pixels, SCANS_MAX, (unsigned long long)(SCANS_USUAL * p->max_pixels));
}

/* Reads the header, and of a JPEG where its scans begin. */
bool painter_probe(painter *p, slice picture, const char *field, stylize_image_info *info, problem *wrong)
{
    const stylize_image in = encoded_image(picture);
    stylize_error err = {0};
    *info = (stylize_image_info){.struct_size = sizeof *info};
    if (stylize_image_probe(p->ctx, &in, info, &err) == STYLIZE_OK)
        return check_scans(p, picture, field, info, wrong);
    atomic_fetch_add(&p->metrics->decode_failures, 1);
    if (err.status == STYLIZE_ERR_FORMAT)
        return problem_set(wrong, 415, "unsupported_picture", field, "%s", err.message);
    return problem_from(wrong, &err, field);
}

static uint64_t output_pixels(const params *r, const stylize_image_info *in)
{
    if (!r->size)
        return (uint64_t)r->width * r->height;
    const uint64_t longer = in->width > in->height ? in->width : in->height;
    const uint64_t shorter = in->width > in->height ? in->height : in->width;
    return r->size * (r->size * shorter / (longer ? longer : 1) + 1);
}

/* Of what is painted where that is not the output itself. Large strokes are painted over up to its size. */
static uint64_t work_pixels(const params *r, uint64_t output)
{
    const double scale = (double)r->style_scale;
    if (r->look || scale > 2)
        return output;
    return scale == 1 ? 0 : (uint64_t)((double)output / (scale * scale));
}

/* A channel of 16 bits takes twice the room, and the network's floats are there besides. */
static uint64_t deep_cost(const params *r, uint64_t content, uint64_t output)
{
    return r->depth == 16 ? 4 * content + 32 * output : 0;
}

/* Probes the pictures of a list, and adds what their pixels take. */
static bool probe_all(painter *p, const slice *pictures, size_t count, const char *field, uint64_t *cost,
                      problem *wrong)
{
    stylize_image_info info;
    for (size_t i = 0; i < count; i++) {
        if (!pictures[i].size)
            continue;
        if (!painter_probe(p, pictures[i], field, &info, wrong))
            return false;
        *cost += 4 * (uint64_t)info.width * info.height;
    }
    return true;
}

bool painter_prepare(painter *p, work *w, painting **cached, problem *wrong)
{
    params *r = &w->params;
    stylize_image_info content, style = {0};
    *cached = NULL;
    if (r->format == STYLIZE_FORMAT_NONE)
        r->format = STYLIZE_FORMAT_JPEG;
    if (r->depth == 16 && r->format != STYLIZE_FORMAT_PNG)
        return problem_set(wrong, 422, "invalid_value", "output_depth",
                           "output_depth 16 needs the format png; %s has 8 bits", format_name(r->format));
    if (!painter_probe(p, r->content, "content_image", &content, wrong))
        return false;
    w->cost = 0;
    for (size_t i = 0; i < r->style_count; i++)
        if (r->styles[i].picture.data) {
            if (!painter_probe(p, r->styles[i].picture, "style_image", &style, wrong))
                return false;
            w->cost += (params_parted(r) ? 8 : 4) * (uint64_t)style.width * style.height; /* a part is a copy */
        }
    if (!probe_all(p, r->masks, r->style_count, "masks", &w->cost, wrong) ||
        !probe_all(p, r->parts, r->style_count, "style_masks", &w->cost, wrong))
        return false;
    const uint64_t output = output_pixels(r, &content);
    w->cost += 4 * ((uint64_t)content.width * content.height + 2 * output + 2 * work_pixels(r, output));
    w->cost += deep_cost(r, (uint64_t)content.width * content.height, output);
    w->cost += params_masked(r) ? 12 * output : 0; /* a second painting, sums */
    if (w->cost > p->room.most)
        return problem_set(wrong, 413, "picture_too_large", "content_image",
                           "the pictures need %llu bytes as pixels; at most %llu are allowed",
                           (unsigned long long)w->cost, (unsigned long long)p->room.most);
    if (!work_key(&p->keying, w))
        return problem_set(wrong, 503, "out_of_memory", NULL, "memory for the request could not be had");
    *cached = cache_get_fast(&p->cache, &w->key);
    if (*cached)
        atomic_fetch_add(&p->metrics->cache_hits[0], 1);
    return true;
}
