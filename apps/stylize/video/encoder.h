/* The encoder of a film: which one, what it is given, and its settings. */
#ifndef CLI_VIDEO_ENCODER_H
#define CLI_VIDEO_ENCODER_H

#include "video/source.h"
#include "video/wish.h"

typedef struct encoding {
    const char *path;           /* for messages */
    const AVOutputFormat *kind; /* of file */
    AVCodecContext *context;    /* the caller's to free */
    enum AVPixelFormat pixels;  /* of what the library paints; for GIF a palette is found after it */
} encoding;

/* path and kind are set, the source's first frame is decoded. An exit code, after a message. */
int encoder_open(encoding *k, const source *s, const sink_wish *wish);

#endif
