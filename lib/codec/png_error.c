#include "codec/png_error.h"

#include <string.h>

_Noreturn void stz_png_error_raise(stz_png_error *e, stylize_status status)
{
    e->status = status;
    longjmp(e->jump, 1);
}

_Noreturn void stz_png_on_error(png_structp png, png_const_charp text)
{
    stz_png_error *e = png_get_error_ptr(png);
    stz_png_error_raise(e, stz_fail(e->err, STYLIZE_ERR_FORMAT, "damaged PNG: %s", text));
}

/* Of warnings one matters: chunks whose name begins with a capital letter are part of the pixels. */
void stz_png_on_warning(png_structp png, png_const_charp text)
{
    stz_png_error *e = png_get_error_ptr(png);
    if (text[0] >= 'A' && text[0] <= 'Z' && strstr(text, "CRC error"))
        e->damaged = true;
}
