/* Where decoded rows go. */
#ifndef STZ_ROWS_H
#define STZ_ROWS_H

#include "image/image.h"

/*
 * Takes stored rows from top to bottom and puts them upright into a picture. Rows whose direction
 * stays are decoded in place; those that become columns pass through a strip of a few rows.
 */
typedef struct stz_rows {
    stylize_image *out;
    stz_buf *strip; /* orientations 5 to 8 */
    uint32_t width, height, y;
    int orientation, bpp;
} stz_rows;
/* Allocates out (upright) for width x height stored pixels, and the strip. */
stylize_status stz_rows_init(stz_rows *rows, stz_pool *pool, uint32_t width, uint32_t height, int orientation,
                             stylize_format format, stylize_image *out, stylize_error *err);
uint8_t *stz_rows_next(stz_rows *rows); /* where the next stored row is to be written */
void stz_rows_done(stz_rows *rows);     /* that row is complete */
void stz_rows_free(stz_rows *rows);     /* the strip; not the picture */
/* Ends a picture that is damaged in the middle: the rows that are missing become grey, or transparent where
 * there is alpha. False, and nothing done, if not one row is there. */
bool stz_rows_fill(stz_rows *rows);
/* What stz_rows_fill makes of `pixels` pixels. */
void stz_rows_blank(uint8_t *to, size_t pixels, int bpp);
/* Takes all rows of a decoded picture of the same format. */
void stz_rows_put(stz_rows *rows, const uint8_t *pixels, ptrdiff_t stride);

#endif
