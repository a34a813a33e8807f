/* What a file says besides its pixels, to be written into another: asked for by name, never by default. */
#ifndef STZ_METADATA_H
#define STZ_METADATA_H

#include "codec/exif_keep.h"

/* Takes from an encoded picture what `keep` (bits of stylize_metadata) asks for and it has; what is damaged
 * counts as not there. NOMEM is the only error. */
stylize_status stz_metadata_read(const uint8_t *data, size_t size, uint32_t keep, stz_pool *pool,
                                 stz_metadata *out, stylize_error *err);
void stz_metadata_free(stz_metadata *metadata);

#endif
