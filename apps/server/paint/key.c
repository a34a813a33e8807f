#include "paint/key.h"

#include <string.h>

#include "base/digest.h"

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

void params_digest(params *p)
{
    for (size_t i = 0; i < p->style_count; i++)
        if (p->styles[i].picture.data)
            digest_picture(p->styles[i].picture, &p->styles[i].digest);
    for (size_t i = 0; i < p->style_count && params_masked(p); i++)
        digest_picture(p->masks[i], &p->mask_digests[i]);
    for (size_t i = 0; i < p->style_count && params_parted(p); i++)
        digest_picture(p->parts[i], &p->part_digests[i]);
}

bool work_key(const keying *k, work *w)
{
    params *r = &w->params;
    uint8_t digest[DIGEST_SIZE];
    uint32_t bits;
    digester d;
    digest_begin(&d);
    digest_add(&d, stylize_version(), strlen(stylize_version()));
    digest_add(&d, k->precision, strlen(k->precision)); /* servers of several may share a cache */
    add_picture(&d, r->content, &r->content_digest);
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
        if (k->added_style)
            k->added_style(k->added_user, s->id, digest);
        digest_add(&d, digest, sizeof digest);
    }
    for (size_t i = 0; i < r->style_count && params_masked(r); i++)
        add_picture(&d, r->masks[i], &r->mask_digests[i]);
    if (params_parted(r))
        digest_add(&d, "style masks", 11); /* not to be taken for masks */
    for (size_t i = 0; i < r->style_count && params_parted(r); i++)
        add_picture(&d, r->parts[i], &r->part_digests[i]);
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
                                r->look,
                                (uint64_t)r->method,
                                (uint64_t)r->format,
                                (uint64_t)r->quality,
                                r->method == STYLIZE_METHOD_OPTIMIZE ? r->seed : 0,
                                r->method == STYLIZE_METHOD_OPTIMIZE ? r->iterations : 0,
                                /* one number, so that keys of requests without these are as they were */
                                (uint64_t)w->degraded | (uint64_t)r->tolerant << 1 |
                                    (uint64_t)(r->depth == 16) << 2 | (uint64_t)r->keep_metadata << 8};
    digest_add(&d, numbers, sizeof numbers);
    /* What is stored under a subject is removed with it, so it is not shared with others. */
    digest_add(&d, r->subject, strlen(r->subject));
    return digest_end(&d, w->key.bytes);
}
