#include "paint/prepare.h"

#include <string.h>

#include "base/digest.h"
#include "common/clock.h"
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
static bool probe(painter *p, slice picture, const char *field, stylize_image_info *info, problem *wrong)
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

static void choose_size(painter *p, work *w)
{
    params *r = &w->params;
    flight *oldest = NULL;
    pthread_mutex_lock(&p->lock);
    for (oldest = p->first; oldest && (oldest->waiting || atomic_load(&oldest->started));
         oldest = oldest->next)
        ;
    const uint64_t now = now_ns(), since = oldest ? oldest->accepted_ns : now;
    pthread_mutex_unlock(&p->lock);
    const int level = degrade_level(&p->degrade, now - since, now);
    if (!level || !r->allow_degraded)
        return;
    const uint32_t longer = r->size ? r->size : r->width > r->height ? r->width : r->height;
    const uint32_t side = degrade_side(longer, level);
    if (side == longer)
        return;
    if (r->size) {
        r->size = side;
    } else {
        r->width = (uint32_t)((uint64_t)r->width * side / longer);
        r->height = (uint32_t)((uint64_t)r->height * side / longer);
        r->width = r->width < 16 ? 16 : r->width;
        r->height = r->height < 16 ? 16 : r->height;
    }
    w->degraded = true;
    atomic_fetch_add(&p->metrics->degraded[level], 1);
}

static uint64_t output_pixels(const params *r, const stylize_image_info *in)
{
    if (!r->size)
        return (uint64_t)r->width * r->height;
    const uint64_t longer = in->width > in->height ? in->width : in->height;
    const uint64_t shorter = in->width > in->height ? in->height : in->width;
    return r->size * (r->size * shorter / (longer ? longer : 1) + 1);
}

/* Of what is painted where that is not the output itself. */
static uint64_t work_pixels(const params *r, uint64_t output)
{
    const double scale = (double)r->style_scale;
    return scale == 1 ? 0 : (uint64_t)((double)output / (scale * scale));
}

static void add_number(digester *d, uint64_t v) { digest_add(d, &v, sizeof v); }

static void digest_picture(slice picture, picture_digest *out)
{
    out->known = out->known || digest_of(picture.data, picture.size, out->bytes);
}

/* A picture stands in the key by a digest of its own. */
static void add_picture(digester *d, slice picture, picture_digest *known)
{
    digest_picture(picture, known);
    d->failed = d->failed || !known->known;
    digest_add(d, known->bytes, sizeof known->bytes);
}

void painter_digest(params *p)
{
    for (size_t i = 0; i < p->style_count; i++)
        if (p->styles[i].picture.data)
            digest_picture(p->styles[i].picture, &p->styles[i].digest);
    for (size_t i = 0; i < p->style_count && params_masked(p); i++)
        digest_picture(p->masks[i], &p->mask_digests[i]);
}

static bool make_key(painter *p, work *w)
{
    params *r = &w->params;
    picture_digest content = {.known = false};
    uint8_t digest[DIGEST_SIZE];
    uint32_t bits;
    digester d;
    digest_begin(&d);
    digest_add(&d, stylize_version(), strlen(stylize_version()));
    digest_add(&d, p->precision, strlen(p->precision)); /* servers of several may share a cache */
    add_picture(&d, r->content, &content);
    for (size_t i = 0; i < r->style_count; i++) {
        style_choice *s = &r->styles[i];
        memcpy(&bits, &s->weight, sizeof bits);
        add_number(&d, r->style_count > 1 ? bits : 0);
        digest_add(&d, s->id, sizeof s->id);
        if (s->picture.data) {
            add_picture(&d, s->picture, &s->digest);
            continue;
        }
        memset(digest, 0, sizeof digest);
        if (p->added_style)
            p->added_style(p->added_user, s->id, digest);
        digest_add(&d, digest, sizeof digest);
    }
    for (size_t i = 0; i < r->style_count && params_masked(r); i++)
        add_picture(&d, r->masks[i], &r->mask_digests[i]);
    uint32_t colour_bits, scale_bits;
    memcpy(&bits, &r->strength, sizeof bits);
    memcpy(&colour_bits, &r->preserve_color, sizeof colour_bits);
    memcpy(&scale_bits, &r->style_scale, sizeof scale_bits);
    const uint64_t numbers[] = {r->size,
                                r->width,
                                r->height,
                                bits,
                                colour_bits,
                                scale_bits,
                                (uint64_t)r->method,
                                (uint64_t)r->format,
                                (uint64_t)r->quality,
                                r->method == STYLIZE_METHOD_OPTIMIZE ? r->seed : 0,
                                r->method == STYLIZE_METHOD_OPTIMIZE ? r->iterations : 0,
                                w->degraded};
    digest_add(&d, numbers, sizeof numbers);
    /* What is stored under a subject is removed with it, so it is not shared with others. */
    digest_add(&d, r->subject, strlen(r->subject));
    return digest_end(&d, w->key.bytes);
}

bool painter_prepare(painter *p, work *w, painting **cached, problem *wrong)
{
    params *r = &w->params;
    stylize_image_info content, style = {0}; /* a style picture's or a mask's */
    *cached = NULL;
    if (r->format == STYLIZE_FORMAT_NONE)
        r->format = STYLIZE_FORMAT_JPEG;
    if (!probe(p, r->content, "content_image", &content, wrong))
        return false;
    w->cost = 0;
    for (size_t i = 0; i < r->style_count; i++)
        if (r->styles[i].picture.data) {
            if (!probe(p, r->styles[i].picture, "style_image", &style, wrong))
                return false;
            w->cost += 4 * (uint64_t)style.width * style.height;
        }
    for (size_t i = 0; i < r->style_count; i++)
        if (r->masks[i].size) {
            if (!probe(p, r->masks[i], "masks", &style, wrong))
                return false;
            w->cost += 4 * (uint64_t)style.width * style.height;
        }
    choose_size(p, w);
    const uint64_t output = output_pixels(r, &content);
    w->cost += 4 * ((uint64_t)content.width * content.height + 2 * output + 2 * work_pixels(r, output));
    w->cost += params_masked(r) ? 12 * output : 0; /* a second painting, sums */
    if (w->cost > p->room.most)
        return problem_set(wrong, 413, "picture_too_large", "content_image",
                           "the pictures need %llu bytes as pixels; at most %llu are allowed",
                           (unsigned long long)w->cost, (unsigned long long)p->room.most);
    if (!make_key(p, w))
        return problem_set(wrong, 503, "out_of_memory", NULL, "memory for the request could not be had");
    *cached = cache_get_fast(&p->cache, &w->key);
    if (*cached)
        atomic_fetch_add(&p->metrics->cache_hits[0], 1);
    return true;
}
