/* Text of any script as coverage of pixels: fonts of the system by fontconfig, glyphs by FreeType, the order and the
 * joined forms of right-to-left scripts by FriBidi. A build without the three has none, see lettering_open. */
#ifndef CLI_LETTERING_H
#define CLI_LETTERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lettering lettering;

/* language: of the reader, as "zh", decides among fonts that draw one character differently. NULL and the reason in
 * *why if this build cannot write or the system has no font. */
lettering *lettering_open(const char *language, const char **why);
void lettering_close(lettering *l);

/* Called for every pixel that a glyph touches, with how much of it is covered. */
typedef void lettering_ink(void *user, int x, int y, uint8_t cover);

/* UTF-8, its capitals `height` pixels high, from (x, y) of the baseline; ends with an ellipsis where it would be wider
 * than max_width. Bytes that are no UTF-8 and control characters are shown as ?. Returns how many characters had a
 * glyph. */
int lettering_draw(lettering *l, const char *text, double x, double y, double height, double max_width,
                   lettering_ink *ink, void *user);

#endif
