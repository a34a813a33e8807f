#include <string.h>

#include "codec/bmp.h"
#include "codec/rows.h"

static uint8_t *out_row(const stz_bmp *b, const stylize_image *out, uint32_t y)
{
    return out->pixels + (size_t)(b->top_down ? y : b->height - 1 - y) * (size_t)out->stride;
}

static uint8_t channel_of(const stz_bmp_channel *c, uint32_t pixel, uint8_t without)
{
    return c->mask ? (uint8_t)(((uint64_t)(pixel >> c->shift & c->top) * 255 + c->top / 2) / c->top)
                   : without;
}

static void masked_row(const stz_bmp *b, const uint8_t *in, uint8_t *to)
{
    const size_t bytes = b->bits / 8;
    for (uint32_t x = 0; x < b->width; x++, in += bytes) {
        uint32_t pixel = in[0] | (uint32_t)in[1] << 8;
        if (bytes == 4)
            pixel |= (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
        for (int c = 0; c < 3; c++)
            *to++ = channel_of(&b->channel[c], pixel, 0);
        if (b->alpha)
            *to++ = channel_of(&b->channel[3], pixel, 255);
    }
}

static void palette_row(const stz_bmp *b, const uint8_t *in, uint8_t *to)
{
    const uint32_t each = 8 / b->bits, mask = (1u << b->bits) - 1;
    for (uint32_t x = 0; x < b->width; x++, to += 3)
        memcpy(to, b->palette[in[x / each] >> (8 - b->bits * (x % each + 1)) & mask], 3);
}

static void true_row(const stz_bmp *b, const uint8_t *in, uint8_t *to)
{
    for (uint32_t x = 0; x < b->width; x++, in += 3, to += 3) {
        to[0] = in[2];
        to[1] = in[1];
        to[2] = in[0];
    }
}

static stylize_status cut_short(stylize_error *err)
{
    return stz_fail(err, STYLIZE_ERR_FORMAT, "BMP is cut short");
}

static stylize_status plain_rows(const stz_bmp *b, const stylize_image *out, bool tolerant, bool *whole,
                                 stylize_error *err)
{
    const uint64_t row = ((uint64_t)b->width * b->bits + 31) / 32 * 4,
                   used = ((uint64_t)b->width * b->bits + 7) / 8;
    uint64_t at = b->pixels;
    for (uint32_t y = 0; y < b->height; y++, at += row) {
        if (at > b->size || b->size - at < used) { /* the padding of the last row may lack */
            if (!tolerant || !y)
                return cut_short(err);
            *whole = false;
            for (; y < b->height; y++)
                stz_rows_blank(out_row(b, out, y), b->width, b->alpha ? 4 : 3);
            return STYLIZE_OK;
        }
        const uint8_t *in = b->data + at;
        if (b->bits <= 8)
            palette_row(b, in, out_row(b, out, y));
        else if (b->bits == 24)
            true_row(b, in, out_row(b, out, y));
        else
            masked_row(b, in, out_row(b, out, y));
    }
    return STYLIZE_OK;
}

/* Where a run-length code is, in the file and in the picture. */
struct runs {
    const stz_bmp *b;
    const stylize_image *out;
    size_t at;
    uint32_t x, y;
};

static void put(struct runs *r, uint8_t index)
{
    if (r->x >= r->b->width || r->y >= r->b->height) /* runs over an edge are cut, as other readers do */
        return;
    uint8_t *to = out_row(r->b, r->out, r->y) + (size_t)r->x++ * 4;
    memcpy(to, r->b->palette[index], 3);
    to[3] = 255;
}

/* Value i of those that begin at `in`: a byte each, or half a byte. */
static uint8_t value(const struct runs *r, const uint8_t *in, uint32_t i)
{
    return r->b->bits == 8 ? in[i] : i % 2 ? in[i / 2] & 15 : in[i / 2] >> 4;
}

/* `count` pixels that lie in the code as they are. False: they are not all there. */
static bool literal(struct runs *r, uint32_t count)
{
    const size_t bytes = r->b->bits == 8 ? count : (count + 1) / 2;
    if (r->b->size - r->at < bytes)
        return false;
    for (uint32_t i = 0; i < count; i++)
        put(r, value(r, r->b->data + r->at, i));
    r->at += bytes + (bytes & 1);
    return r->at <= r->b->size;
}

/* One command. False at the end of the picture; *sound is false at the end of the file. */
static bool command(struct runs *r, bool *sound)
{
    *sound = r->at <= r->b->size && r->b->size - r->at >= 2;
    if (!*sound)
        return false;
    const uint8_t *in = r->b->data + r->at;
    r->at += 2;
    if (in[0]) {
        for (uint32_t i = 0; i < in[0]; i++)
            put(r, r->b->bits == 8 ? in[1] : i % 2 ? in[1] & 15 : in[1] >> 4);
        return true;
    }
    switch (in[1]) {
    case 0:
        r->x = 0;
        r->y++;
        return r->y < r->b->height;
    case 1:
        return false;
    case 2:
        if (r->b->size - r->at < 2)
            return *sound = false;
        r->x += r->b->data[r->at];
        r->y += r->b->data[r->at + 1];
        r->at += 2;
        return r->y < r->b->height;
    default:
        return *sound = literal(r, in[1]);
    }
}

static stylize_status run_rows(const stz_bmp *b, const stylize_image *out, bool tolerant, bool *whole,
                               stylize_error *err)
{
    struct runs r = {.b = b, .out = out, .at = b->pixels};
    bool sound = true;
    memset(out->pixels, 0, out->size); /* what no run reaches is transparent */
    while (command(&r, &sound))
        ;
    if (sound || (tolerant && r.y)) {
        *whole = sound;
        return STYLIZE_OK;
    }
    return cut_short(err);
}

stylize_status stz_bmp_rows(const stz_bmp *b, const stylize_image *out, bool tolerant, bool *whole,
                            stylize_error *err)
{
    return b->runs ? run_rows(b, out, tolerant, whole, err) : plain_rows(b, out, tolerant, whole, err);
}
