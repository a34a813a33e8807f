/* Errors of the plugin as errors of the library. */
#ifndef STZ_TORCH_ERROR_H
#define STZ_TORCH_ERROR_H

#include "../../../shim/shim.h"
#include "base/common.h"

/* A text for the plugin to fill, and where it goes. */
typedef struct reason {
    char text[192];
    stz_torch_error error;
} reason;

const stz_torch_error *stz_torch_listen(reason *r);
stylize_status stz_torch_fail_net(stylize_error *err, int code, const char *name, const char *text);

#endif
