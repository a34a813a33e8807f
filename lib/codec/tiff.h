/* An open TIFF, shared by the files that read it; nothing outside of them includes this. */
#ifndef STZ_TIFF_H
#define STZ_TIFF_H

#include <tiffio.h>

#include "codec/format.h"

/* How its pixels are stored, as far as it matters here. */
typedef struct stz_tiff {
    TIFF *tif;
    const uint8_t *data;
    size_t size;
    uint64_t at;
    char text[160]; /* what libtiff said first */

    uint32_t width, height;
    uint16_t bits, samples, photometric, planar;
    int colours;     /* samples of a pixel that are colour: 1, 3 or 4 */
    bool alpha;      /* the next one is alpha */
    bool times;      /* colours are stored times alpha */
    bool by_libtiff; /* of a kind that is left to libtiff's own conversion */
    const uint8_t *profile;
    uint32_t profile_size;
    uint16_t *palette[3];
    int orientation;
} stz_tiff;

/* Opens the first picture. *t is only to be closed if this is OK; it must stay where it is. */
stylize_status stz_tiff_open(stz_tiff *t, const uint8_t *data, size_t size, stylize_error *err);
void stz_tiff_close(stz_tiff *t);
/* FORMAT, with libtiff's own words. */
stylize_status stz_tiff_fail(const stz_tiff *t, stylize_error *err);

/* The samples of a row, 8 or 16 bits each; 1 to 4 bits are made 8, of palettes left as they are. */
typedef struct stz_tiff_rows {
    stz_tiff *tiff;
    stz_buf *line;  /* a row, or a tile, as libtiff gives it */
    stz_buf *whole; /* the picture, where the file is not in order of its rows; else NULL */
    uint32_t y;
    int step;  /* samples from one pixel to the next */
    int bytes; /* of a sample */
} stz_tiff_rows;

/* tolerant: what cannot be read of a picture that is not in order of its rows stays 0, and *whole is false. */
stylize_status stz_tiff_rows_open(stz_tiff_rows *rows, stz_tiff *tiff, stz_pool *pool,
                                  const stz_limits *limits, bool tolerant, bool *whole, stylize_error *err);
/* The next row, valid until the next call; NULL with libtiff's text if it cannot be read. */
const uint8_t *stz_tiff_rows_next(stz_tiff_rows *rows);
void stz_tiff_rows_close(stz_tiff_rows *rows);

#endif
