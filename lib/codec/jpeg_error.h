/* libjpeg's errors as statuses: a jump out of the library instead of its exit and its stderr. */
#ifndef STZ_JPEG_ERROR_H
#define STZ_JPEG_ERROR_H

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "base/common.h"

typedef struct stz_jpeg_error {
    struct jpeg_error_mgr mgr; /* first: libjpeg hands this pointer back */
    jmp_buf jump;
    stylize_error *err;
    stylize_status status;
    bool ended;     /* the data came to its end before the picture did */
    bool end_is_ok; /* set by the decoder, see jpeg_error.c */
    bool tolerant;  /* set by the decoder: goes on after damage as long as there is anything to show */
    bool damaged;   /* it did */
} stz_jpeg_error;

/* Sets the handlers up; the caller then calls setjmp(e->jump). */
void stz_jpeg_error_init(stz_jpeg_error *e, stylize_error *err);
/* Leaves libjpeg: status and text are set, then the jump. */
_Noreturn void stz_jpeg_error_raise(stz_jpeg_error *e, stylize_status status);

#endif
