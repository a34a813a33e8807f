/* What is wanted of a film that is written. */
#ifndef CLI_VIDEO_WISH_H
#define CLI_VIDEO_WISH_H

#include <stylize/stylize.h>

typedef struct sink_wish {
    int width, height;
    const char *codec;     /* NULL: what the container is usual with */
    const char *container; /* NULL: what the path's ending says; of a pipe Matroska */
    int crf;               /* below 0: the default of its codec */
    int quality;           /* of WebP, and of pictures in a folder; 0: the default */
    stylize_format format; /* of pictures in a folder; 0: PNG */
    stylize_ctx *ctx;      /* writes them */
} sink_wish;

#endif
