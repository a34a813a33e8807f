/* A film that is read: its packets, and the frames of its picture as planar YUV 4:2:0 of 8 bits. */
#ifndef CLI_VIDEO_SOURCE_H
#define CLI_VIDEO_SOURCE_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
#include <stdbool.h>

#include <stylize/sequence.h>

typedef struct source {
    const char *path;
    AVFormatContext *format;
    AVStream *stream; /* of the picture */
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
    bool ended; /* by `to` */
} source;

/* An exit code, after a message; close is due in any case. */
int source_open(source *s, const char *path, double from, double to);
void source_close(source *s);

/* The next packet in s->packet: 1; at the end 0; below 0: a failure, after a message. */
int source_read(source *s);
/* Hands the packet, or NULL at the end, to the decoder. */
void source_decode(source *s, const AVPacket *packet);
/* The next frame that lies between from and to: 1; 0: another packet is needed; below 0: a failure, after a message. */
int source_frame(source *s, stylize_frame *out);
/* Seconds from the film's start of a time stamp of the picture. */
double source_seconds(const source *s, int64_t pts);
/* How many frames there will be about; 0: not known. */
uint64_t source_count(const source *s);
/* Whether the film ended where it says that it ends; a message if not. */
bool source_complete(const source *s);

#endif
