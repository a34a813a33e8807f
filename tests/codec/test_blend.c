#include "codec_test.h"

#define W 67 /* no multiple of a vector */
#define H 5

static uint32_t seed;
static uint8_t random_byte(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (uint8_t)(seed >> 24);
}

struct pictures {
    uint8_t content[H][W * 4 + 3], painted[H][W * 3 + 5], out[H][W * 3 + 5];
};

static void fill(struct pictures *p)
{
    seed = 3;
    uint8_t *bytes = (uint8_t *)p;
    for (size_t i = 0; i < sizeof *p; i++)
        bytes[i] = random_byte();
    memcpy(p->painted[0], "\0\0\0\xff\xff\xff", 6); /* the ends of the range, on saturated content */
    memcpy(p->content[0], "\xff\0\0\0\xff\0\0\xff\0\xff\0\0", 12);
}

static void blend(struct pictures *p, int bpp, float strength, float preserve)
{
    memcpy(p->out, p->painted, sizeof p->out);
    stz_blend_rgb(p->content[0], sizeof p->content[0], bpp, p->out[0], sizeof p->out[0], W, H, strength,
                  preserve);
    for (int y = 0; y < H; y++) /* what lies between the rows is left alone */
        assert_memory_equal(p->out[y] + W * 3, p->painted[y] + W * 3, 5);
}

static int content_at(const struct pictures *p, int bpp, int x, int y, int c)
{
    return p->content[y][x * bpp + (bpp == 1 ? 0 : c)];
}

static const int channels[] = {1, 3, 4};

static void is_exact_at_the_ends(void **state)
{
    static struct pictures p;
    fill(&p);
    for (size_t k = 0; k < STZ_LEN(channels); k++) {
        for (int preserve = 0; preserve < 2; preserve++) {
            blend(&p, channels[k], 0.0f, (float)preserve);
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++)
                    for (int c = 0; c < 3; c++)
                        assert_int_equal(p.out[y][x * 3 + c], content_at(&p, channels[k], x, y, c));
        }
        blend(&p, channels[k], 1.0f, 0);
        assert_memory_equal(p.out, p.painted, sizeof p.out);
    }
}

static void is_the_weighted_mean_and_rises(void **state)
{
    static struct pictures p, before;
    fill(&p);
    for (size_t k = 0; k < STZ_LEN(channels); k++)
        for (int step = 0; step <= 100; step++) {
            float s = (float)step / 100;
            blend(&p, channels[k], s, false);
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++)
                    for (int c = 0; c < 3; c++) {
                        int from = content_at(&p, channels[k], x, y, c), to = p.painted[y][x * 3 + c];
                        int v = p.out[y][x * 3 + c];
                        double want = from + s * (to - from);
                        assert_true(v - want < 0.52 && want - v < 0.52);
                        if (step)
                            assert_true(to >= from ? v >= before.out[y][x * 3 + c]
                                                   : v <= before.out[y][x * 3 + c]);
                    }
            before = p;
        }
}

static double luminance(const uint8_t *p) { return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]; }

static void keeps_luminance_and_chroma(void **state)
{
    static struct pictures p;
    fill(&p);
    for (size_t k = 0; k < STZ_LEN(channels); k++) {
        blend(&p, channels[k], 1.0f, true);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                const uint8_t *out = p.out[y] + x * 3;
                double brightness = luminance(p.painted[y] + x * 3);
                assert_true(luminance(out) - brightness < 0.51 && brightness - luminance(out) < 0.51);
                uint8_t c[3];
                for (int i = 0; i < 3; i++)
                    c[i] = (uint8_t)content_at(&p, channels[k], x, y, i);
                double shift = brightness - luminance(c), keep = 1;
                for (int i = 0; i < 3; i++) { /* how much of the chroma fits into 0 to 255 */
                    double d = c[i] - luminance(c);
                    if (c[i] + shift > 255 && (255 - brightness) / d < keep)
                        keep = (255 - brightness) / d;
                    if (c[i] + shift < 0 && brightness / -d < keep)
                        keep = brightness / -d;
                }
                for (int i = 0; i < 3; i++) {
                    double want = brightness + keep * (c[i] - luminance(c));
                    assert_true(out[i] - want < 0.52 && want - out[i] < 0.52);
                }
            }
    }
}

static void same_picture_stays(void **state)
{
    static struct pictures p;
    fill(&p);
    for (int y = 0; y < H; y++)
        memcpy(p.painted[y], p.content[y], W * 3);
    for (int preserve = 0; preserve < 2; preserve++)
        for (int step = 0; step <= 10; step++) {
            blend(&p, 3, (float)step / 10, (float)preserve);
            for (int y = 0; y < H; y++)
                assert_memory_equal(p.out[y], p.painted[y], W * 3);
        }
}

static void keeps_a_share_of_the_colours(void **state)
{
    static struct pictures p, whole;
    fill(&p);
    whole = p;
    for (size_t k = 0; k < STZ_LEN(channels); k++) {
        blend(&whole, channels[k], 1.0f, 1);
        for (int step = 0; step <= 4; step++) {
            blend(&p, channels[k], 1.0f, (float)step / 4);
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W * 3; x++) {
                    const int mean = p.painted[y][x] * (4 - step) + whole.out[y][x] * step;
                    assert_in_range(4 * p.out[y][x] + 4, mean, mean + 8);
                }
        }
    }
}

static void takes_odd_strengths(void **state)
{
    static struct pictures p, q;
    fill(&p);
    q = p;
    blend(&p, 3, -1.0f, 0); /* as 0 */
    blend(&q, 3, 0.0f, 0);
    assert_memory_equal(p.out, q.out, sizeof p.out);
    blend(&p, 3, 0.0f / 0.0f, 1);
    assert_memory_equal(p.out, q.out, sizeof p.out);
    blend(&p, 3, 7.0f, 0); /* as 1 */
    assert_memory_equal(p.out, p.painted, sizeof p.out);
    stz_blend_rgb(p.content[0], 0, 3, p.out[0], 0, 0, 0, 0.5f, 1); /* nothing */
    assert_memory_equal(p.out, p.painted, sizeof p.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_exact_at_the_ends),         cmocka_unit_test(is_the_weighted_mean_and_rises),
        cmocka_unit_test(keeps_luminance_and_chroma),   cmocka_unit_test(same_picture_stays),
        cmocka_unit_test(keeps_a_share_of_the_colours), cmocka_unit_test(takes_odd_strengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
