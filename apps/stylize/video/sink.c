#include "video/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit.h"
#include "memory.h"
#include "message.h"
#include "path.h"
#include "video/failure.h"

#define GUESS_MOST 65535 /* denominator of a time base in MPEG-4 and before */

/* ------------------------------------------------------------------ the encoder */

static const AVCodec *find_encoder(const sink *k, const char *name)
{
    if (name) {
        const AVCodec *codec = avcodec_find_encoder_by_name(name);
        const AVCodecDescriptor *d = codec ? NULL : avcodec_descriptor_get_by_name(name);
        codec = d ? avcodec_find_encoder(d->id) : codec;
        if (!codec || codec->type != AVMEDIA_TYPE_VIDEO)
            message_error(
                "--codec",
                "there is no encoder \"%s\" in FFmpeg's libraries here; ffmpeg -encoders lists them", name);
        return codec && codec->type == AVMEDIA_TYPE_VIDEO ? codec : NULL;
    }
    const AVCodec *x264 = avcodec_find_encoder_by_name("libx264");
    if (x264 && k->format->oformat->video_codec != AV_CODEC_ID_VP9 &&
        k->format->oformat->video_codec != AV_CODEC_ID_VP8 &&
        avformat_query_codec(k->format->oformat, AV_CODEC_ID_H264, FF_COMPLIANCE_NORMAL) > 0)
        return x264;
    const AVCodec *usual = avcodec_find_encoder(k->format->oformat->video_codec);
    if (!usual)
        message_error(k->path, "there is no encoder for this kind of file; --codec names one");
    return usual;
}

static bool takes_planar(const AVCodec *codec)
{
    for (const enum AVPixelFormat *p = codec->pix_fmts; p && *p != AV_PIX_FMT_NONE; p++)
        if (*p == AV_PIX_FMT_YUV420P)
            return true;
    return !codec->pix_fmts;
}

/* What the numbers of the frames mean stays as it was. */
static void take_colours(AVCodecContext *e, const AVFrame *f)
{
    e->color_range = f->color_range;
    e->color_primaries = f->color_primaries;
    e->color_trc = f->color_trc;
    e->colorspace = f->colorspace == AVCOL_SPC_RGB ? AVCOL_SPC_UNSPECIFIED : f->colorspace;
    e->chroma_sample_location = f->chroma_location;
    e->sample_aspect_ratio = f->sample_aspect_ratio;
}

static void take_quality(AVCodecContext *e, const AVCodec *codec, int crf)
{
    const bool vp =
        codec->id == AV_CODEC_ID_VP8 || codec->id == AV_CODEC_ID_VP9 || codec->id == AV_CODEC_ID_AV1;
    /* Strokes are fine and everywhere: a little better than the encoders' own. */
    if (av_opt_find(e->priv_data, "crf", NULL, 0, 0))
        av_opt_set_double(e->priv_data, "crf", crf >= 0 ? crf : vp ? 28 : 20, 0);
    else {
        e->flags |= AV_CODEC_FLAG_QSCALE;
        e->global_quality = FF_QP2LAMBDA * (crf >= 0 ? crf < 31 ? crf > 1 ? crf : 1 : 31 : 3);
    }
    if (strcmp(codec->name, "libx264") == 0 || strcmp(codec->name, "libx265") == 0)
        av_opt_set(e->priv_data, "preset", "fast", 0);
    else if (vp)
        av_opt_set(e->priv_data, "cpu-used", "4", 0);
}

static int open_encoder(sink *k, const source *s, const sink_wish *wish)
{
    const AVCodec *codec = find_encoder(k, wish->codec);
    if (!codec)
        return EXIT_USAGE;
    if (!takes_planar(codec) ||
        avformat_query_codec(k->format->oformat, codec->id, FF_COMPLIANCE_NORMAL) == 0) {
        message_error(k->path, "%s %s", codec->name,
                      takes_planar(codec) ? "cannot be put into this kind of file"
                                          : "takes no YUV 4:2:0 frames");
        return EXIT_USAGE;
    }
    AVCodecContext *e = k->encoder = avcodec_alloc_context3(codec);
    k->frame = av_frame_alloc();
    k->packet = av_packet_alloc();
    if (!e || !k->frame || !k->packet)
        return av_failure(EXIT_ENGINE, k->path, AVERROR(ENOMEM), "cannot be written");
    e->width = wish->width;
    e->height = wish->height;
    e->pix_fmt = AV_PIX_FMT_YUV420P;
    e->framerate = av_guess_frame_rate(s->format, s->stream, NULL);
    e->time_base = s->stream->time_base;
    const bool old = codec->id == AV_CODEC_ID_MPEG4 || codec->id == AV_CODEC_ID_MPEG2VIDEO ||
                     codec->id == AV_CODEC_ID_MPEG1VIDEO;
    if (old && e->framerate.num > 0 && e->time_base.den > GUESS_MOST)
        e->time_base = av_inv_q(e->framerate);
    take_colours(e, s->frame);
    take_quality(e, codec, wish->crf);
    if (k->format->oformat->flags & AVFMT_GLOBALHEADER)
        e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    const int code = avcodec_open2(e, codec, NULL);
    return code < 0 ? av_failure(EXIT_OUTPUT, k->path, code, "%s cannot encode %dx%d", codec->name, e->width,
                                 e->height)
                    : EXIT_DONE;
}

/* ------------------------------------------------------------------ streams */

static void copy_rotation(AVStream *to, const AVStream *from)
{
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
    const AVPacketSideData *d = av_packet_side_data_get(
        from->codecpar->coded_side_data, from->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    AVPacketSideData *n =
        d ? av_packet_side_data_new(&to->codecpar->coded_side_data, &to->codecpar->nb_coded_side_data,
                                    AV_PKT_DATA_DISPLAYMATRIX, d->size, 0)
          : NULL;
    if (n)
        memcpy(n->data, d->data, d->size);
#else
    size_t size = 0;
    const uint8_t *d = av_stream_get_side_data(from, AV_PKT_DATA_DISPLAYMATRIX, &size);
    uint8_t *n = d ? av_stream_new_side_data(to, AV_PKT_DATA_DISPLAYMATRIX, size) : NULL;
    if (n)
        memcpy(n, d, size);
#endif
}

static int add_video(sink *k, const source *s)
{
    k->video = avformat_new_stream(k->format, NULL);
    if (!k->video)
        return AVERROR(ENOMEM);
    k->video->time_base = k->encoder->time_base;
    k->video->avg_frame_rate = s->stream->avg_frame_rate;
    k->video->sample_aspect_ratio = k->encoder->sample_aspect_ratio;
    k->video->disposition = s->stream->disposition;
    av_dict_copy(&k->video->metadata, s->stream->metadata, 0);
    const int code = avcodec_parameters_from_context(k->video->codecpar, k->encoder);
    copy_rotation(k->video, s->stream);
    return code;
}

static int add_copied(sink *k, const AVStream *from)
{
    AVStream *to = avformat_new_stream(k->format, NULL);
    if (!to)
        return AVERROR(ENOMEM);
    const int code = avcodec_parameters_copy(to->codecpar, from->codecpar);
    to->codecpar->codec_tag = 0; /* of the other container */
    to->time_base = from->time_base;
    to->disposition = from->disposition;
    av_dict_copy(&to->metadata, from->metadata, 0);
    return code;
}

/* In the order of the source: the picture where its own was, sound and text as they are. */
static int add_streams(sink *k, const source *s)
{
    k->map = memory_get(s->format->nb_streams + 1, sizeof *k->map);
    int code = 0, count = 0;
    for (unsigned i = 0; i < s->format->nb_streams && code >= 0; i++) {
        const AVStream *from = s->format->streams[i];
        const enum AVMediaType type = from->codecpar->codec_type;
        k->map[i] = -1;
        if (from == s->stream)
            code = add_video(k, s);
        else if (type != AVMEDIA_TYPE_AUDIO && type != AVMEDIA_TYPE_SUBTITLE)
            continue;
        else if (avformat_query_codec(k->format->oformat, from->codecpar->codec_id, FF_COMPLIANCE_NORMAL) <=
                 0) {
            message_note("%s: %s (%s) is left out, it cannot be put into this kind of file", k->path,
                         type == AVMEDIA_TYPE_AUDIO ? "sound" : "text",
                         avcodec_get_name(from->codecpar->codec_id));
            continue;
        } else
            code = add_copied(k, from);
        k->map[i] = count++;
    }
    return code;
}

/* A name beside the final one, so that renaming it is one step. */
static int open_temporary(sink *k)
{
    const int folder = (int)(path_base(k->path) - k->path);
    k->temporary = text_format("%.*s.%s.XXXXXX", folder, k->path, k->path + folder);
    const int file = mkstemp(k->temporary);
    if (file < 0) {
        message_error(k->path, "cannot be written: %s", strerror(errno));
        free(k->temporary);
        k->temporary = NULL;
        return EXIT_OUTPUT;
    }
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(file, 0666 & ~mask);
    close(file);
    char *url = text_format("file:%s", k->temporary);
    const int code = avio_open(&k->format->pb, url, AVIO_FLAG_WRITE);
    k->format->url = av_strdup(url); /* it is read again to put its index in front */
    free(url);
    return code < 0 ? av_failure(EXIT_OUTPUT, k->path, code, "cannot be written") : EXIT_DONE;
}

int sink_open(sink *k, const source *s, const char *path, const sink_wish *wish)
{
    *k = (sink){.path = path, .last = AV_NOPTS_VALUE};
    const AVOutputFormat *kind = av_guess_format(NULL, path, NULL);
    if (!kind || kind->video_codec == AV_CODEC_ID_NONE || kind->flags & AVFMT_NOFILE ||
        avformat_alloc_output_context2(&k->format, kind, NULL, NULL) < 0) {
        message_error(path, "its ending names no kind of film; .mp4, .mkv, .mov and .webm do");
        return EXIT_USAGE;
    }
    k->shift = s->from > 0 ? s->start + (int64_t)(s->from * AV_TIME_BASE) : 0;
    int exit_code = open_encoder(k, s, wish);
    if (exit_code != EXIT_DONE)
        return exit_code;
    int code = add_streams(k, s);
    if (code < 0)
        return av_failure(EXIT_ENGINE, path, code, "cannot be written");
    exit_code = open_temporary(k);
    if (exit_code != EXIT_DONE)
        return exit_code;
    av_dict_copy(&k->format->metadata, s->format->metadata, 0);
    AVDictionary *options = NULL;
    if (strstr(kind->name, "mp4") || strstr(kind->name, "mov"))
        av_dict_set(&options, "movflags", "+faststart", 0);
    code = avformat_write_header(k->format, &options);
    av_dict_free(&options);
    k->begun = code >= 0;
    return code < 0 ? av_failure(EXIT_OUTPUT, path, code, "cannot be written") : EXIT_DONE;
}

/* ------------------------------------------------------------------ packets */

static int write_packet(sink *k, AVPacket *p)
{
    const int code = av_interleaved_write_frame(k->format, p);
    return code < 0 ? av_failure(EXIT_OUTPUT, k->path, code, "cannot be written") : EXIT_DONE;
}

static int drain(sink *k)
{
    int code, exit_code = EXIT_DONE;
    while (exit_code == EXIT_DONE && (code = avcodec_receive_packet(k->encoder, k->packet)) >= 0) {
        k->packet->stream_index = k->video->index;
        av_packet_rescale_ts(k->packet, k->encoder->time_base, k->video->time_base);
        exit_code = write_packet(k, k->packet);
    }
    if (exit_code == EXIT_DONE && code != AVERROR(EAGAIN) && code != AVERROR_EOF)
        return av_failure(EXIT_OUTPUT, k->path, code, "a frame cannot be encoded");
    return exit_code;
}

int sink_room(sink *k, stylize_frame *out)
{
    AVFrame *f = k->frame;
    const AVCodecContext *e = k->encoder;
    int code = 0;
    if (!f->data[0]) {
        f->format = e->pix_fmt;
        f->width = e->width;
        f->height = e->height;
        code = av_frame_get_buffer(f, 0);
    } else {
        code = av_frame_make_writable(f); /* the encoder may hold the one before */
    }
    if (code < 0)
        return av_failure(EXIT_ENGINE, k->path, code, "no room for a frame");
    f->color_range = e->color_range;
    f->colorspace = e->colorspace;
    f->color_primaries = e->color_primaries;
    f->color_trc = e->color_trc;
    *out = (stylize_frame){.struct_size = sizeof *out,
                           .width = (uint32_t)f->width,
                           .height = (uint32_t)f->height,
                           .format = STYLIZE_FRAME_YUV420,
                           .range = e->color_range == AVCOL_RANGE_JPEG ? STYLIZE_RANGE_FULL
                                                                       : STYLIZE_RANGE_LIMITED};
    for (int i = 0; i < 3; i++) {
        out->planes[i] = f->data[i];
        out->strides[i] = f->linesize[i];
    }
    return EXIT_DONE;
}

int sink_encode(sink *k, const source *s, int64_t pts)
{
    const AVRational us = {1, AV_TIME_BASE};
    int64_t at = av_rescale_q(pts, s->stream->time_base, k->encoder->time_base) -
                 av_rescale_q(k->shift, us, k->encoder->time_base);
    if (k->last != AV_NOPTS_VALUE && at <= k->last)
        at = k->last + 1; /* encoders take rising times only */
    k->last = k->frame->pts = at;
    k->frame->pict_type = AV_PICTURE_TYPE_NONE;
    k->frame->quality = k->encoder->global_quality;
    const int code = avcodec_send_frame(k->encoder, k->frame);
    return code < 0 ? av_failure(EXIT_OUTPUT, k->path, code, "a frame cannot be encoded") : drain(k);
}

int sink_copy(sink *k, const source *s, AVPacket *p)
{
    if (p->stream_index < 0 || (unsigned)p->stream_index >= s->format->nb_streams ||
        k->map[p->stream_index] < 0)
        return EXIT_DONE;
    const AVStream *from = s->format->streams[p->stream_index];
    const AVStream *to = k->format->streams[k->map[p->stream_index]];
    const AVRational us = {1, AV_TIME_BASE};
    const int64_t time = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
    const double at = (double)time * av_q2d(from->time_base) - (double)s->start / AV_TIME_BASE;
    if (time != AV_NOPTS_VALUE && (at < s->from || (s->to > 0 && at >= s->to)))
        return EXIT_DONE;
    const int64_t shift = av_rescale_q(k->shift, us, from->time_base);
    p->pts -= p->pts != AV_NOPTS_VALUE ? shift : 0;
    p->dts -= p->dts != AV_NOPTS_VALUE ? shift : 0;
    av_packet_rescale_ts(p, from->time_base, to->time_base);
    p->stream_index = to->index;
    p->pos = -1;
    return write_packet(k, p);
}

int sink_finish(sink *k, const source *s)
{
    int code = avcodec_send_frame(k->encoder, NULL);
    const int exit_code =
        code < 0 ? av_failure(EXIT_OUTPUT, k->path, code, "a frame cannot be encoded") : drain(k);
    if (exit_code != EXIT_DONE)
        return exit_code;
    code = av_write_trailer(k->format);
    const int closed = avio_closep(&k->format->pb);
    code = code < 0 ? code : closed;
    if (code < 0)
        return av_failure(EXIT_OUTPUT, k->path, code, "cannot be written");
    if (rename(k->temporary, k->path)) {
        message_error(k->path, "cannot be written: %s", strerror(errno));
        return EXIT_OUTPUT;
    }
    free(k->temporary);
    k->temporary = NULL;
    return EXIT_DONE;
}

void sink_close(sink *k)
{
    if (k->format)
        avio_closep(&k->format->pb);
    if (k->temporary)
        unlink(k->temporary);
    free(k->temporary);
    free(k->map);
    av_frame_free(&k->frame);
    av_packet_free(&k->packet);
    avcodec_free_context(&k->encoder);
    avformat_free_context(k->format);
    *k = (sink){0};
}
