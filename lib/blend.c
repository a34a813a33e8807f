#include "image.h"

#define ONE   (1 << 14) /* strength as a whole number */
#define BLOCK 64        /* pixels whose channels are taken apart at a time */

/* content + strength * (painted - content), rounded; exact at both ends, rising with strength. */
static inline uint8_t mix(int content, int painted, int strength)
{
    return (uint8_t)((content * (ONE - strength) + painted * strength + ONE / 2) >> 14);
}

static inline float luminance(float r, float g, float b) { return 0.299f * r + 0.587f * g + 0.114f * b; }

static inline uint8_t to_byte(float v) { return (uint8_t)stz_clamp((int)(v + 0.5f), 0, 255); }

/* Takes n pixels apart into channels; a grey content has three equal ones. */
static inline void split(const uint8_t *in, int bpp, int n, float r[BLOCK], float g[BLOCK], float b[BLOCK])
{
    int green = bpp == 1 ? 0 : 1, blue = bpp == 1 ? 0 : 2;
    for (int i = 0; i < n; i++, in += bpp) {
        r[i] = in[0];
        g[i] = in[green];
        b[i] = in[blue];
    }
}

/* The painting's luminance on the content's chroma. A colour that leaves the range is drawn
 * towards the grey of that luminance, which keeps luminance and hue. */
static inline void recolour(const uint8_t *content, int bpp, uint8_t *painted, int n)
{
    float r[BLOCK], g[BLOCK], b[BLOCK], pr[BLOCK], pg[BLOCK], pb[BLOCK];
    split(content, bpp, n, r, g, b);
    split(painted, 3, n, pr, pg, pb);
    for (int i = 0; i < n; i++) {
        float y = luminance(pr[i], pg[i], pb[i]), old = luminance(r[i], g[i], b[i]);
        float dr = r[i] - old, dg = g[i] - old, db = b[i] - old;
        float high = dr > dg ? dr : dg, low = dr < dg ? dr : dg;
        high = high > db ? high : db;
        low = low < db ? low : db;
        /* the room there is, divided by what is wanted; a grey content wants none */
        float up = (255.0f - y) / (high > 1e-3f ? high : 1e-3f);
        float down = y / (low < -1e-3f ? -low : 1e-3f);
        float keep = up < down ? up : down;
        keep = keep < 1.0f ? keep : 1.0f;
        pr[i] = y + keep * dr;
        pg[i] = y + keep * dg;
        pb[i] = y + keep * db;
    }
    for (int i = 0; i < n; i++, painted += 3) {
        painted[0] = to_byte(pr[i]);
        painted[1] = to_byte(pg[i]);
        painted[2] = to_byte(pb[i]);
    }
}

static inline void mix_row(const uint8_t *content, int bpp, uint8_t *painted, int width, int strength)
{
    int green = bpp == 1 ? 0 : 1, blue = bpp == 1 ? 0 : 2;
    for (int x = 0; x < width; x++, content += bpp, painted += 3) {
        painted[0] = mix(content[0], painted[0], strength);
        painted[1] = mix(content[green], painted[1], strength);
        painted[2] = mix(content[blue], painted[2], strength);
    }
}

/* bpp is a constant where this is called, so that each case is compiled for itself. */
static inline void blend_row(const uint8_t *content, int bpp, uint8_t *painted, int width, int strength,
                             bool preserve)
{
    for (int x = 0; preserve && strength > 0 && x < width; x += BLOCK)
        recolour(content + (ptrdiff_t)x * bpp, bpp, painted + (ptrdiff_t)x * 3, stz_min(BLOCK, width - x));
    if (strength == ONE)
        return;
    if (bpp == 3) { /* plain bytes: nothing to take apart */
        for (ptrdiff_t i = 0; i < (ptrdiff_t)width * 3; i++)
            painted[i] = mix(content[i], painted[i], strength);
        return;
    }
    mix_row(content, bpp, painted, width, strength);
}

void stz_blend_rgb(const uint8_t *content, ptrdiff_t content_stride, int content_bpp, uint8_t *painted,
                   ptrdiff_t painted_stride, int width, int height, float strength, bool preserve_color)
{
    int s = !(strength > 0.0f) ? 0 : strength >= 1.0f ? ONE : (int)(strength * ONE + 0.5f);
    if (s == ONE && !preserve_color)
        return;
    for (int y = 0; y < height; y++, content += content_stride, painted += painted_stride) {
        switch (content_bpp) {
        case 1:
            blend_row(content, 1, painted, width, s, preserve_color);
            break;
        case 3:
            blend_row(content, 3, painted, width, s, preserve_color);
            break;
        default:
            blend_row(content, 4, painted, width, s, preserve_color);
            break;
        }
    }
}
