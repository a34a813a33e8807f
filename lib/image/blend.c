#include "base/cpu.h"
#include "image/image.h"

#define ONE   (1 << 14) /* strength as a whole number */
#define BLOCK 64        /* pixels whose channels are taken apart at a time */

/* Everything is compiled into each of the two functions at the end. */
#define INLINE static inline __attribute__((always_inline))

/* content + strength * (painted - content), rounded; exact at both ends, rising with strength. */
INLINE uint8_t mix(int content, int painted, int strength)
{
    return (uint8_t)((content * (ONE - strength) + painted * strength + ONE / 2) >> 14);
}

INLINE float luminance(float r, float g, float b) { return 0.299f * r + 0.587f * g + 0.114f * b; }

INLINE uint8_t to_byte(float v) { return (uint8_t)stz_clamp((int)(v + 0.5f), 0, 255); }

/* Takes n pixels apart into channels; a grey content has three equal ones. */
INLINE void split(const uint8_t *in, int bpp, int n, float r[BLOCK], float g[BLOCK], float b[BLOCK])
{
    int green = bpp == 1 ? 0 : 1, blue = bpp == 1 ? 0 : 2;
    for (int i = 0; i < n; i++, in += bpp) {
        r[i] = in[0];
        g[i] = in[green];
        b[i] = in[blue];
    }
}

/* The painting's luminance on the content's chroma, mixed by `share` with the painting as it was. A
 * colour that leaves the range is drawn towards the grey of that luminance, which keeps luminance and hue. */
INLINE void recolour(const uint8_t *content, int bpp, uint8_t *painted, int n, float share)
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
        pr[i] = (1.0f - share) * pr[i] + share * (y + keep * dr);
        pg[i] = (1.0f - share) * pg[i] + share * (y + keep * dg);
        pb[i] = (1.0f - share) * pb[i] + share * (y + keep * db);
    }
    for (int i = 0; i < n; i++, painted += 3) {
        painted[0] = to_byte(pr[i]);
        painted[1] = to_byte(pg[i]);
        painted[2] = to_byte(pb[i]);
    }
}

INLINE void mix_row(const uint8_t *content, int bpp, uint8_t *painted, int width, int strength)
{
    int green = bpp == 1 ? 0 : 1, blue = bpp == 1 ? 0 : 2;
    for (int x = 0; x < width; x++, content += bpp, painted += 3) {
        painted[0] = mix(content[0], painted[0], strength);
        painted[1] = mix(content[green], painted[1], strength);
        painted[2] = mix(content[blue], painted[2], strength);
    }
}

/* bpp is a constant where this is called, so that each case is compiled for itself. */
INLINE void blend_row(const uint8_t *content, int bpp, uint8_t *painted, int width, int strength,
                      float preserve)
{
    for (int x = 0; preserve > 0 && strength > 0 && x < width; x += BLOCK)
        recolour(content + (ptrdiff_t)x * bpp, bpp, painted + (ptrdiff_t)x * 3, stz_min(BLOCK, width - x),
                 preserve);
    if (strength == ONE)
        return;
    if (bpp == 3) { /* plain bytes: nothing to take apart */
        for (ptrdiff_t i = 0; i < (ptrdiff_t)width * 3; i++)
            painted[i] = mix(content[i], painted[i], strength);
        return;
    }
    mix_row(content, bpp, painted, width, strength);
}

INLINE void blend_rows(const uint8_t *content, ptrdiff_t content_stride, int bpp, uint8_t *painted,
                       ptrdiff_t painted_stride, int width, int height, int strength, float preserve)
{
    for (int y = 0; y < height; y++, content += content_stride, painted += painted_stride)
        switch (bpp) {
        case 1:
            blend_row(content, 1, painted, width, strength, preserve);
            break;
        case 3:
            blend_row(content, 3, painted, width, strength, preserve);
            break;
        default:
            blend_row(content, 4, painted, width, strength, preserve);
            break;
        }
}

static void blend_portable(const uint8_t *content, ptrdiff_t content_stride, int bpp, uint8_t *painted,
                           ptrdiff_t painted_stride, int width, int height, int strength, float preserve)
{
    blend_rows(content, content_stride, bpp, painted, painted_stride, width, height, strength, preserve);
}

#if defined(__x86_64__) && defined(__GNUC__)
/* The same lines for wider vectors: a third of the time, the same bytes. */
__attribute__((target("avx2"))) static void blend_avx2(const uint8_t *content, ptrdiff_t content_stride,
                                                       int bpp, uint8_t *painted, ptrdiff_t painted_stride,
                                                       int width, int height, int strength, float preserve)
{
    blend_rows(content, content_stride, bpp, painted, painted_stride, width, height, strength, preserve);
}
#else
#define blend_avx2 blend_portable
#endif

void stz_blend_rgb(const uint8_t *content, ptrdiff_t content_stride, int content_bpp, uint8_t *painted,
                   ptrdiff_t painted_stride, int width, int height, float strength, float preserve_color)
{
    int s = !(strength > 0.0f) ? 0 : strength >= 1.0f ? ONE : (int)(strength * ONE + 0.5f);
    if (s == ONE && !(preserve_color > 0.0f))
        return;
    if (stz_cpu_isa() >= STZ_ISA_AVX2)
        blend_avx2(content, content_stride, content_bpp, painted, painted_stride, width, height, s,
                   preserve_color);
    else
        blend_portable(content, content_stride, content_bpp, painted, painted_stride, width, height, s,
                       preserve_color);
}
