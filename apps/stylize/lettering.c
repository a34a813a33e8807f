#include "lettering.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <fontconfig/fontconfig.h>
#include <fribidi.h>
#include <ft2build.h>
#include FT_FREETYPE_H

#include "common/language.h"
#include "common/utf8.h"

#define ELLIPSIS 0x2026
#define CAPITAL                                                                                              \
    0.72 /* height of a capital, in parts of a font's size; so it is in most fonts without serifs */

enum { TEXT_MAX = 512 };

struct lettering {
    FcConfig *config;
    FcFontSet *fonts; /* those of the system, the best for text without serifs first */
    FT_Library library;
    FT_Face *faces; /* of each font, opened when a character needs it */
    bool *broken;
};

typedef struct line {
    FriBidiChar codes[TEXT_MAX + 1]; /* as they are read */
    FriBidiChar shown[TEXT_MAX + 1]; /* from left to right, letters joined */
    int count;
} line;

static FcFontSet *sorted_fonts(FcConfig *config, const char *language)
{
    FcPattern *wanted = FcPatternCreate();
    FcResult result;
    if (!wanted)
        return NULL;
    FcPatternAddString(wanted, FC_FAMILY, (const FcChar8 *)"sans-serif");
    if (language)
        FcPatternAddString(wanted, FC_LANG, (const FcChar8 *)language);
    FcConfigSubstitute(config, wanted, FcMatchPattern);
    FcDefaultSubstitute(wanted);
    FcFontSet *fonts = FcFontSort(config, wanted, FcTrue, NULL, &result);
    FcPatternDestroy(wanted);
    return fonts;
}

lettering *lettering_open(const char *language, const char **why)
{
    lettering *l = calloc(1, sizeof *l);
    *why = "there is no memory";
    if (!l)
        return NULL;
    l->config = FcInitLoadConfigAndFonts();
    if (!l->config || FT_Init_FreeType(&l->library))
        goto failed;
    l->fonts = sorted_fonts(l->config, language);
    if (!l->fonts || l->fonts->nfont == 0) {
        *why = "there is no font";
        goto failed;
    }
    l->faces = calloc((size_t)l->fonts->nfont, sizeof *l->faces);
    l->broken = calloc((size_t)l->fonts->nfont, sizeof *l->broken);
    if (l->faces && l->broken)
        return l;

failed:
    lettering_close(l);
    return NULL;
}

void lettering_close(lettering *l)
{
    if (!l)
        return;
    for (int i = 0; l->faces && i < l->fonts->nfont; i++)
        if (l->faces[i])
            FT_Done_Face(l->faces[i]);
    free(l->faces);
    free(l->broken);
    if (l->library)
        FT_Done_FreeType(l->library);
    if (l->fonts)
        FcFontSetDestroy(l->fonts);
    if (l->config)
        FcConfigDestroy(l->config);
    free(l);
}

/* Fonts of bitmaps and of coloured pictures have no outline to cover pixels with. */
static bool has_outlines(const FcPattern *font)
{
    FcBool scalable = FcFalse, color = FcFalse;
    FcPatternGetBool(font, FC_SCALABLE, 0, &scalable);
    FcPatternGetBool(font, FC_COLOR, 0, &color);
    return scalable && !color;
}

static FT_Face face_open(lettering *l, int i)
{
    const FcPattern *font = l->fonts->fonts[i];
    FcChar8 *file;
    int index = 0;
    if (l->faces[i] || l->broken[i])
        return l->faces[i];
    FcPatternGetInteger(font, FC_INDEX, 0, &index);
    if (!has_outlines(font) || FcPatternGetString(font, FC_FILE, 0, &file) != FcResultMatch ||
        FT_New_Face(l->library, (const char *)file, index, &l->faces[i])) {
        l->faces[i] = NULL;
        l->broken[i] = true;
    }
    return l->faces[i];
}

/* The first font that has the character; *glyph is 0, a box in most fonts, if none does. */
static FT_Face face_of(lettering *l, FriBidiChar code, FT_UInt *glyph)
{
    FT_Face any = NULL;
    for (int i = 0; i < l->fonts->nfont; i++) {
        FcCharSet *has;
        if (FcPatternGetCharSet(l->fonts->fonts[i], FC_CHARSET, 0, &has) != FcResultMatch ||
            (any && !FcCharSetHasChar(has, code)))
            continue;
        FT_Face face = face_open(l, i);
        if (face && (*glyph = FT_Get_Char_Index(face, code)))
            return face;
        any = any ? any : face;
    }
    *glyph = 0;
    return any;
}

static void read_text(line *t, const char *text)
{
    size_t left = strlen(text);
    t->count = 0;
    while (left && t->count < TEXT_MAX) {
        uint32_t code = '?';
        size_t length = utf8_read(text, left, &code);
        if (!length || code < ' ' || (code >= 0x7F && code < 0xA0))
            code = '?';
        length = length ? length : 1;
        t->codes[t->count++] = code;
        text += length;
        left -= length;
    }
}

/* Marks that only say how to order or join, and what is left of letters that became one. */
static bool is_invisible(FriBidiChar code)
{
    return code == 0xFEFF || (code >= 0x200B && code <= 0x200F) || (code >= 0x202A && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x2069) || (code >= 0xFE00 && code <= 0xFE0F);
}

static void order(line *t)
{
    FriBidiParType direction = FRIBIDI_PAR_ON;
    if (!fribidi_log2vis(t->codes, t->count, &direction, t->shown, NULL, NULL, NULL))
        memcpy(t->shown, t->codes, (size_t)t->count * sizeof *t->codes);
}

static void draw_glyph(FT_GlyphSlot slot, int x, int y, lettering_ink *ink, void *user)
{
    const FT_Bitmap *b = &slot->bitmap;
    if (b->pixel_mode != FT_PIXEL_MODE_GRAY)
        return;
    for (int j = 0; j < (int)b->rows; j++)
        for (int i = 0; i < (int)b->width; i++) {
            const uint8_t cover = b->buffer[j * b->pitch + i];
            if (cover)
                ink(user, x + slot->bitmap_left + i, y - slot->bitmap_top + j, cover);
        }
}

/* Width of the line, which is drawn if there is ink. *known: characters that had a glyph. */
static double walk(lettering *l, line *t, double x, double y, double height, int *known, lettering_ink *ink,
                   void *user)
{
    const FT_F26Dot6 size = (FT_F26Dot6)lround(height / CAPITAL * 64);
    const double from = x;
    *known = 0;
    order(t);
    for (int i = 0; i < t->count; i++) {
        FT_UInt glyph;
        FT_Face face = is_invisible(t->shown[i]) ? NULL : face_of(l, t->shown[i], &glyph);
        if (!face || FT_Set_Char_Size(face, 0, size, 72, 72))
            continue;
        FT_Vector part = {lround((x - floor(x)) * 64), 0};
        FT_Set_Transform(face, NULL, &part);
        if (FT_Load_Glyph(face, glyph, FT_LOAD_NO_HINTING | (ink ? FT_LOAD_RENDER : 0)))
            continue;
        if (ink)
            draw_glyph(face->glyph, (int)floor(x), (int)lround(y), ink, user);
        x += (double)face->glyph->linearHoriAdvance / 65536;
        *known += glyph != 0;
    }
    return x - from;
}

int lettering_draw(lettering *l, const char *text, double x, double y, double height, double max_width,
                   lettering_ink *ink, void *user)
{
    line t;
    int known;
    read_text(&t, text);
    while (t.count > 1 && walk(l, &t, x, y, height, &known, NULL, NULL) > max_width) {
        const bool cut = t.codes[t.count - 1] == ELLIPSIS;
        t.count -= cut ? 2 : 1;
        while (t.count > 0 && t.codes[t.count - 1] == ' ')
            t.count--;
        t.codes[t.count++] = ELLIPSIS;
    }
    walk(l, &t, x, y, height, &known, ink, user);
    return known;
}
