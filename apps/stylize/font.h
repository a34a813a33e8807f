/* The letters of a sheet's labels: a stroke font of our own, printable ASCII. */
#ifndef CLI_FONT_H
#define CLI_FONT_H

/* Strokes of a character as font.c describes them, and its width in units. */
const char *font_glyph(char c, int *width);

#endif
