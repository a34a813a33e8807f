/* IPTC-IIM: the block of a file, made ready for another. */
#ifndef STZ_IPTC_H
#define STZ_IPTC_H

#include "base/common.h"

#define STZ_IPTC_MAX 65000u /* bytes: it must fit into a segment of a JPEG */

/* The datasets that `keep` (bits of stylize_metadata) asks for: with all of them every one but previews, with COPYRIGHT
 * author, credit and copyright. At most `room` bytes; how many were written, or 0. */
size_t stz_iptc_keep(const uint8_t *iptc, size_t size, uint32_t keep, uint8_t *to, size_t room);
/* The block inside of Photoshop's resources, of which it is one. False if there is none. */
bool stz_iptc_find(const uint8_t *resources, size_t size, const uint8_t **iptc, size_t *iptc_size);

#define STZ_IPTC_HEAD 12 /* bytes that stand before it as such a resource */
/* Writes them. A block of an odd size has a byte of padding behind it. */
void stz_iptc_head(uint8_t to[STZ_IPTC_HEAD], size_t iptc_size);

#endif
