#include "codec/png_error.h"

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

void stz_png_on_warning(png_structp png, png_const_charp text) {}
