/* XMP: the packet of a file, made ready for another. */
#ifndef STZ_XMP_H
#define STZ_XMP_H

#include "base/common.h"

#define STZ_XMP_MAX (1u << 20) /* bytes of a packet that is looked at */

/* What `keep` (bits of stylize_metadata) asks for of a packet, in at most `room` bytes. With all of them: the packet,
 * upright, without thumbnails and what points at parts of it elsewhere. With COPYRIGHT: a new one with creator and
 * rights alone. The bytes written; 0 if nothing is wanted or there, it does not fit, or is no packet in UTF-8. */
size_t stz_xmp_keep(const uint8_t *xmp, size_t size, uint32_t keep, uint8_t *to, size_t room);

#endif
