/* A film that is read: its packets, and the frames of its picture as planar YUV 4:2:0, RGB or RGBA of 8 bits. */
#ifndef CLI_VIDEO_SOURCE_H
#define CLI_VIDEO_SOURCE_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
#include <stdbool.h>

#include <stylize/sequence.h>

#include "video/pictures.h"

typedef struct source_wish {
    double from, to;    /* seconds from its start; to 0: the end */
    double rate;        /* frames a second of pictures in a folder, and of a camera; 0: 25, or its own */
    const char *format; /* of FFmpeg's inputs; NULL: what it looks like */
    stylize_ctx *ctx;   /* reads the pictures of a folder */
    bool alpha;         /* frames that have alpha keep it */
} source_wish;

typedef struct source {
    const char *path;
    pictures *pictures; /* that it is made of; or NULL: */
    AVFormatContext *format;
    AVStream *stream;           /* of the picture */
    AVRational time_base, rate; /* of the picture; rate 0/1: not known */
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *frame;  /* as it was decoded */
    AVFrame *planar; /* converted, where it is not planar YUV already */
    struct SwsContext *scale;
    int width, height; /* of the first frame; 0 before */
    int64_t start;     /* of the film, in AV_TIME_BASE */
    double from, to;   /* seconds from its start; to 0: the end */
    double seen;       /* end of the last frame */
    uint64_t frames, damaged;
    bool ended;   /* by `to` */
    bool drained; /* the decoder knows that there is no more */
    bool live;    /* a camera: it goes on until somebody ends it */
    bool alpha;
} source;

/* An exit code, after a message; close is due in any case. */
int source_open(source *s, const char *path, const source_wish *wish);
void source_close(source *s);

typedef enum source_event {
    SOURCE_FAILED = -1, /* after a message */
    SOURCE_END = 0,
    SOURCE_FRAMES = 1, /* source_frame may have some */
    SOURCE_OTHER = 2   /* a packet of sound or text, in s->packet */
} source_event;

/* Reads on. */
source_event source_read(source *s);
/* The next frame that lies between from and to: 1; 0: none before more is read; below 0: a failure, after a message. */
int source_frame(source *s, stylize_frame *out);
/* Seconds from the film's start of a time stamp of the picture. */
double source_seconds(const source *s, int64_t pts);
/* How many frames there will be about; 0: not known. */
uint64_t source_count(const source *s);
/* Whether a GIF, which does not say how long it is, has no end; after a message. */
bool source_is_cut(const source *s);
/* Whether the film ended where it says that it ends; a message if not. */
bool source_complete(const source *s);

#endif
