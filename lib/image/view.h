/* Pixels as an engine sees them. */
#ifndef STZ_VIEW_H
#define STZ_VIEW_H

#include <stddef.h>

/* Samples of a picture: interleaved RGB. U8: 0 to 255; F32: 0 to 1 (outputs are not clamped). */
typedef enum stz_elem { STZ_U8, STZ_F32 } stz_elem;

typedef struct stz_view {
    void *data;
    ptrdiff_t stride; /* bytes from row to row */
    int width, height;
    stz_elem elem;
} stz_view;

#endif
