/* libpng's errors as statuses. */
#ifndef STZ_PNG_ERROR_H
#define STZ_PNG_ERROR_H

#include <png.h>
#include <setjmp.h>

#include "base/common.h"

typedef struct stz_png_error {
    jmp_buf jump;
    stylize_error *err;
    stylize_status status;
    bool damaged; /* the checksum of a chunk that matters is wrong, which a tolerant decoder passes over */
} stz_png_error;

/* libpng's callbacks; their error pointer is a stz_png_error. */
_Noreturn void stz_png_on_error(png_structp png, png_const_charp text);
void stz_png_on_warning(png_structp png, png_const_charp text);
_Noreturn void stz_png_error_raise(stz_png_error *e, stylize_status status);

#endif
