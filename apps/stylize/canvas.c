#include "canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/language.h"
#include "font.h"

/* Proportions of the font, in units of a twelfth of a capital's height. */
static const double narrowing = 0.86; /* of all widths: the grid of font.c is a little wide */
static const double spacing = 3.0;    /* between the strokes of two characters */

bool canvas_create(canvas *c, size_t width, size_t height, color background)
{
    *c = (canvas){0};
    size_t pixels, bytes;
    if (width > 1u << 20 || height > 1u << 20 || __builtin_mul_overflow(width, height, &pixels) ||
        __builtin_mul_overflow(pixels, (size_t)3, &bytes))
        return false;
    c->pixels = malloc(bytes);
    if (!c->pixels)
        return false;
    c->width = (int)width;
    c->height = (int)height;
    canvas_fill(c, 0, 0, c->width, c->height, background);
    return true;
}

void canvas_free(canvas *c)
{
    free(c->pixels);
    *c = (canvas){0};
}

static uint8_t *pixel_at(const canvas *c, int x, int y)
{
    return c->pixels + 3 * ((size_t)y * (size_t)c->width + (size_t)x);
}

static bool is_inside(const canvas *c, int x, int y)
{
    return x >= 0 && y >= 0 && x < c->width && y < c->height;
}

void canvas_fill(canvas *c, int x, int y, int width, int height, color fill)
{
    for (int j = y; j < y + height; j++)
        for (int i = x; i < x + width; i++)
            if (is_inside(c, i, j))
                memcpy(pixel_at(c, i, j), &fill, 3);
}

static void blend(uint8_t *p, color ink, double alpha)
{
    p[0] = (uint8_t)lround(p[0] + alpha * (ink.r - p[0]));
    p[1] = (uint8_t)lround(p[1] + alpha * (ink.g - p[1]));
    p[2] = (uint8_t)lround(p[2] + alpha * (ink.b - p[2]));
}

void canvas_paste(canvas *c, const stylize_image *image, int x, int y)
{
    const size_t bytes = image->format == STYLIZE_FORMAT_RGBA8 ? 4 : 3;
    for (int j = 0; j < (int)image->height; j++) {
        const uint8_t *row = image->pixels + (ptrdiff_t)j * image->stride;
        for (int i = 0; i < (int)image->width; i++, row += bytes)
            if (is_inside(c, x + i, y + j))
                blend(pixel_at(c, x + i, y + j), (color){row[0], row[1], row[2]},
                      bytes == 4 ? row[3] / 255.0 : 1.0);
    }
}

typedef struct point {
    double x, y;
} point;

/* The line pieces of one glyph, in pixels. */
typedef struct outline {
    point from[160], to[160];
    int count;
} outline;

static void add_line(outline *o, point a, point b)
{
    if (o->count < (int)APP_LEN(o->from)) {
        o->from[o->count] = a;
        o->to[o->count++] = b;
    }
}

static void add_curve(outline *o, point a, point control, point b)
{
    enum { PIECES = 8 };
    point last = a;
    for (int i = 1; i <= PIECES; i++) {
        const double t = (double)i / PIECES, u = 1 - t;
        const point p = {u * u * a.x + 2 * u * t * control.x + t * t * b.x,
                         u * u * a.y + 2 * u * t * control.y + t * t * b.y};
        add_line(o, last, p);
        last = p;
    }
}

static point read_point(const char *s, double x, double y, double unit)
{
    return (point){x + (s[0] - 'A') * unit * narrowing, y + (s[1] - 'm') * unit};
}

/* x: left end of the glyph, y: baseline. */
static void read_glyph(outline *o, const char *s, double x, double y, double unit)
{
    o->count = 0;
    while (*s) {
        point pen = read_point(s, x, y, unit);
        s += 2;
        if (!*s || *s == ' ')
            add_line(o, pen, pen);
        while (*s && *s != ' ') {
            const bool curve = *s == '(';
            const point control = read_point(s + curve, x, y, unit);
            s += curve ? 3 : 0;
            const point end = read_point(s, x, y, unit);
            if (curve)
                add_curve(o, pen, control, end);
            else
                add_line(o, pen, end);
            pen = end;
            s += 2;
        }
        s += *s == ' ';
    }
}

static double distance_squared(point p, point a, point b)
{
    const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    double t = length > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / length : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    const double ex = p.x - a.x - t * dx, ey = p.y - a.y - t * dy;
    return ex * ex + ey * ey;
}

/* A pixel is covered by how far the pen's edge reaches over its centre. */
static void draw_outline(canvas *c, const outline *o, double radius, color ink)
{
    double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9;
    for (int i = 0; i < o->count; i++) {
        left = fmin(left, fmin(o->from[i].x, o->to[i].x));
        right = fmax(right, fmax(o->from[i].x, o->to[i].x));
        top = fmin(top, fmin(o->from[i].y, o->to[i].y));
        bottom = fmax(bottom, fmax(o->from[i].y, o->to[i].y));
    }
    const double reach = radius + 1;
    for (int y = (int)floor(top - reach); y <= (int)ceil(bottom + reach); y++) {
        for (int x = (int)floor(left - reach); x <= (int)ceil(right + reach); x++) {
            if (!is_inside(c, x, y))
                continue;
            double nearest = 1e18;
            for (int i = 0; i < o->count; i++)
                nearest = fmin(nearest, distance_squared((point){x + 0.5, y + 0.5}, o->from[i], o->to[i]));
            const double cover = radius + 0.5 - sqrt(nearest);
            if (cover > 0)
                blend(pixel_at(c, x, y), ink, cover < 1 ? cover : 1);
        }
    }
}

/* A letter with its accent, which is drawn above or below the letter's own strokes. */
typedef struct letter {
    char base;
    char accent; /* as in `accents`, or 0 */
} letter;

/* U+00C0 to U+00FF: base letters, and accents: ` ' ^ ~ : o (ring) , (cedilla) . (none) */
static const char bases[] = "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYPsaaaaaaaceeeeiiiidnooooo/ouuuuypy";
static const char accents[] = "`'^~:o.,`'^:`'^:.~`'^~:..`'^:'..`'^~:o.,`'^:`'^:.~`'^~:..`'^:'.:";

/* Strokes of an accent over a small letter 8 units wide, in the notation of font.c. */
static const char *accent_strokes(char accent)
{
    switch (accent) {
    case '`':
        return "CaEc";
    case '\'':
        return "GaEc";
    case '^':
        return "CcEaGc";
    case '~':
        return "Bc(DaEb(FcHa";
    case ':':
        return "Cb Gb";
    case 'o':
        return "Ea(FaFb(FcEc(DcDb(DaEa";
    default:
        return "EmEn(GnFo(EpDp";
    }
}

/* Reads one character of UTF-8: ASCII or a letter of Latin-1. False at others, also at the end. */
static bool next_letter(const char **text, letter *l)
{
    const unsigned char *p = (const unsigned char *)*text;
    int width;
    if (*p < 128) {
        *l = (letter){.base = (char)*p};
        *text += *p != 0;
        return *p && font_glyph((char)*p, &width);
    }
    if (*p != 0xC3 || (p[1] & 0xC0) != 0x80)
        return false;
    const int index = p[1] & 0x3F;
    *l = (letter){.base = bases[index], .accent = accents[index] == '.' ? 0 : accents[index]};
    *text += 2;
    return true;
}

bool text_is_drawable(const char *text)
{
    letter l;
    while (*text)
        if (!next_letter(&text, &l))
            return false;
    return true;
}

static double advance(char c, double unit)
{
    int width = 0;
    font_glyph(c, &width);
    return (width * narrowing + spacing) * unit;
}

/* Width of the characters before `end`, without the space after the last one. */
static double width_until(const char *text, const char *end, double height)
{
    double width = 0;
    letter l;
    while (text < end && next_letter(&text, &l))
        width += advance(l.base, height / 12);
    return width > 0 ? width - spacing * height / 12 : 0;
}

static double text_width(const char *text, double height) { return width_until(text, text + strlen(text), height); }

static void draw_letter(canvas *c, letter l, double x, double y, double unit, double radius, color ink)
{
    outline o;
    int width = 0;
    const char *strokes = font_glyph(l.base, &width);
    if (l.base == 'i' && l.accent)
        strokes = "AeAm"; /* the accent takes the dot's place */
    read_glyph(&o, strokes, x, y, unit);
    draw_outline(c, &o, radius, ink);
    if (!l.accent)
        return;
    const bool capital = l.base >= 'A' && l.base <= 'Z';
    const double shift = (width - 8) / 2.0 * narrowing * unit;
    read_glyph(&o, accent_strokes(l.accent), x + shift, capital && l.accent != ',' ? y - 3.5 * unit : y,
               unit);
    draw_outline(c, &o, radius, ink);
}

void canvas_text(canvas *c, const char *text, double x, double y, double height, double weight,
                 double max_width, color ink)
{
    const double unit = height / 12, radius = weight * unit;
    const char *end = text + strlen(text);
    const bool cut = text_width(text, height) > max_width;
    const double room = max_width - text_width("...", height) - spacing * unit;
    while (cut && end > text && (width_until(text, end, height) > room || end[-1] == ' '))
        end--;
    letter l;
    while (text < end && next_letter(&text, &l)) {
        draw_letter(c, l, x, y, unit, radius, ink);
        x += advance(l.base, unit);
    }
    for (int i = 0; cut && i < 3; i++, x += advance('.', unit))
        draw_letter(c, (letter){.base = '.'}, x, y, unit, radius, ink);
}
