/* Metadata put around an encoded WebP. */
#ifndef STZ_WEBP_PARTS_H
#define STZ_WEBP_PARTS_H

#include "codec/format.h"

/* Makes the sink's file, of the picture `in`, an extended one with the metadata in it. False: no memory. */
bool stz_webp_add(stz_sink *sink, const stylize_image *in, const stz_metadata *metadata);

#endif
