/* EXIF: the orientation and nothing else. */
#ifndef STZ_EXIF_H
#define STZ_EXIF_H

#include "base/common.h"

/* The orientation, 1 to 8, of a TIFF block (the bytes after "Exif\0\0"); 1 for anything that is
 * damaged or out of its range. Only the first directory is read, no offset is followed twice. */
int stz_exif_orientation(const uint8_t *tiff, size_t size);

#endif
