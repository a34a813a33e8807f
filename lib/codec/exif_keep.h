/* What of a file's metadata is written into another, and EXIF made of it. */
#ifndef STZ_EXIF_KEEP_H
#define STZ_EXIF_KEEP_H

#include "base/mem.h"

/* Ready to be written; size 0: there is none. */
typedef struct stz_metadata {
    stz_buf *exif, *icc, *xmp, *iptc;
    /* exif: the TIFF block, without "Exif\0\0" before it; xmp: the packet; iptc: the datasets */
    size_t exif_size, icc_size, xmp_size, iptc_size;
} stz_metadata;

#define STZ_EXIF_MAX 65000u /* bytes: it must fit into a segment of a JPEG */

/* The part of a TIFF block that `keep` (bits of stylize_metadata) asks for, as a block of its own of at most `room`
 * bytes: upright, without thumbnails and what only the pixels of the original had. The bytes written, or 0. */
size_t stz_exif_keep(const uint8_t *tiff, size_t size, uint32_t keep, uint8_t *to, size_t room);
/* Of AVIF, HEIC and JPEG XL: four bytes of the EXIF say how many more stand before its TIFF block. Leaves the block, or nothing. */
void stz_exif_of_box(stz_metadata *metadata);
/* The bytes of an entry of the first directory, as they stand. False: not there, or not whole. */
bool stz_exif_find(const uint8_t *tiff, size_t size, unsigned tag, const uint8_t **value, size_t *bytes);

#endif
