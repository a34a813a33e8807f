/* 256 colours for each frame of a GIF, by FFmpeg's filters. */
#ifndef CLI_VIDEO_PALETTE_H
#define CLI_VIDEO_PALETTE_H

#include <libavfilter/avfilter.h>
#include <libavutil/frame.h>

typedef struct palette {
    AVFilterGraph *graph;
    AVFilterContext *in, *out;
    AVFrame *frame;
} palette;

/* Codes of FFmpeg. */
int palette_open(palette *p, enum AVPixelFormat format, int width, int height, AVRational time_base);
int palette_send(palette *p, AVFrame *frame); /* NULL: there are no more */
/* AVERROR(EAGAIN): the next one is needed first. *out is the palette's, until the next call. */
int palette_receive(palette *p, AVFrame **out);
void palette_close(palette *p);

#endif
