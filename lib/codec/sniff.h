/* What a file is, by its first bytes. */
#ifndef STZ_SNIFF_H
#define STZ_SNIFF_H

#include "base/common.h"

#define STZ_SNIFF_SIZE 32 /* bytes that are enough */

/* The format by the first bytes, also one that is not in this build, or NONE. */
stylize_format stz_sniff(const uint8_t *data, size_t size);

/* FORMAT: says what `what` is instead, if that is known. */
stylize_status stz_sniff_fail(const char *what, const uint8_t *data, size_t size, stylize_error *err);

#endif
