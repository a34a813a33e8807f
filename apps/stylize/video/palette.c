#include "video/palette.h"

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>
#include <stdio.h>

/* A palette for each frame: one for all would need all frames in memory. Dots in a fixed pattern stand still. */
#define FILTERS                                                                                              \
    "split[a][b];[a]palettegen=stats_mode=single:reserve_transparent=1[p];"                                  \
    "[b][p]paletteuse=new=1:dither=bayer:bayer_scale=3"

static int connect(palette *p)
{
    AVFilterInOut *from = avfilter_inout_alloc(), *to = avfilter_inout_alloc();
    int code = AVERROR(ENOMEM);
    if (from && to) {
        *from = (AVFilterInOut){.name = av_strdup("in"), .filter_ctx = p->in};
        *to = (AVFilterInOut){.name = av_strdup("out"), .filter_ctx = p->out};
        code = avfilter_graph_parse_ptr(p->graph, FILTERS, &to, &from, NULL);
    }
    avfilter_inout_free(&from);
    avfilter_inout_free(&to);
    return code < 0 ? code : avfilter_graph_config(p->graph, NULL);
}

int palette_open(palette *p, enum AVPixelFormat format, int width, int height, AVRational time_base)
{
    char text[128];
    p->graph = avfilter_graph_alloc();
    p->frame = av_frame_alloc();
    if (!p->graph || !p->frame)
        return AVERROR(ENOMEM);
    p->graph->nb_threads = 1;
    snprintf(text, sizeof text, "video_size=%dx%d:pix_fmt=%d:time_base=%d/%d", width, height, (int)format,
             time_base.num, time_base.den);
    int code =
        avfilter_graph_create_filter(&p->in, avfilter_get_by_name("buffer"), "in", text, NULL, p->graph);
    if (code >= 0)
        code = avfilter_graph_create_filter(&p->out, avfilter_get_by_name("buffersink"), "out", NULL, NULL,
                                            p->graph);
    return code < 0 ? code : connect(p);
}

int palette_send(palette *p, AVFrame *frame)
{
    return av_buffersrc_add_frame_flags(p->in, frame, AV_BUFFERSRC_FLAG_KEEP_REF);
}

int palette_receive(palette *p, AVFrame **out)
{
    av_frame_unref(p->frame);
    *out = p->frame;
    return av_buffersink_get_frame(p->out, p->frame);
}

void palette_close(palette *p)
{
    avfilter_graph_free(&p->graph);
    av_frame_free(&p->frame);
}
