/* A sequence's request, kept. */
#ifndef STZ_VIDEO_ASKED_H
#define STZ_VIDEO_ASKED_H

#include "base/common.h"

typedef struct stz_asked {
    stylize_request request; /* its styles and masks are those below */
    stylize_style_ref styles[STYLIZE_STYLES_MAX];
    const stylize_image *masks[STYLIZE_STYLES_MAX], *style_masks[STYLIZE_STYLES_MAX];
    char *ids; /* all of them */
} stz_asked;

/* Whether a sequence can be painted by the request; a copy of it, whose pointers are the caller's. */
stylize_status stz_asked_check(const stylize_request *in, stylize_request *out, stylize_error *err);
stylize_status stz_asked_copy(stz_asked *to, const stylize_request *in, stylize_error *err);
void stz_asked_free(stz_asked *a); /* of zero bytes: nothing to do */

#endif
