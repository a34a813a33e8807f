/* The formats by name: which there are, and which of them this build has. */
#ifndef STZ_NAMES_H
#define STZ_NAMES_H

#include "base/common.h"

static inline uint32_t stz_format_bit(stylize_format format)
{
    return format > STYLIZE_FORMAT_ENCODED ? 1u << (format - STYLIZE_FORMAT_ENCODED) : 0;
}

/* "JPEG", also of those that are not in this build. Static text. */
const char *stz_format_name(stylize_format format);
/* "jpeg,png,webp": the formats that this build reads. Static text. */
const char *stz_formats_list(void);
/* "JPEG, PNG, WebP": the same, for people. */
const char *stz_formats_text(void);
/* The bits of a list such as "jpeg,png"; NULL and "all": 0, all; "web": JPEG, PNG and WebP, as far as they are here.
 * INVALID: a name that is none, or of a format that is not in this build. */
stylize_status stz_formats_read(const char *list, uint32_t *bits, stylize_error *err);
/* UNSUPPORTED: the picture is of a format that this build lacks for want of `library`. */
stylize_status stz_format_missing(stylize_format format, const char *library, stylize_error *err);
/* The format that a file name's ending asks for in an output, or NONE. */
stylize_format stz_format_of_path(const char *path);

#endif
