#include "video/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit.h"
#include "memory.h"
#include "message.h"
#include "path.h"
#include "video/encoder.h"
#include "video/failure.h"

sink_kind sink_kind_of(const char *path)
{
    if (strcmp(path, "-") == 0)
        return SINK_PIPE;
    return path[strlen(path) - 1] == '/' || path_is_folder(path) ? SINK_FOLDER : SINK_FILM;
}

bool sink_keeps_alpha(const char *path)
{
    static const char *const endings[] = {".gif", ".webp", ".apng"};
    const char *dot = strrchr(path_base(path), '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return sink_kind_of(path) == SINK_FOLDER;
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
    k->video->avg_frame_rate = s->stream ? s->stream->avg_frame_rate : s->rate;
    k->video->sample_aspect_ratio = k->encoder->sample_aspect_ratio;
    const int code = avcodec_parameters_from_context(k->video->codecpar, k->encoder);
    if (!s->stream)
        return code;
    k->video->disposition = s->stream->disposition;
    av_dict_copy(&k->video->metadata, s->stream->metadata, 0);
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
    if (!s->format)
        return add_video(k, s);
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
        else if (!k->format->oformat->query_codec && !k->format->oformat->codec_tag &&
                 k->format->oformat->audio_codec == AV_CODEC_ID_NONE)
            continue; /* GIF and the like have no sound: nothing to say */
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
    return EXIT_DONE;
}

static int open_io(sink *k)
{
    const int exit_code = k->kind == SINK_PIPE ? EXIT_DONE : open_temporary(k);
    if (exit_code != EXIT_DONE)
        return exit_code;
    char *url = k->temporary ? text_format("file:%s", k->temporary) : text_format("pipe:1");
    const int code = avio_open(&k->format->pb, url, AVIO_FLAG_WRITE);
    k->format->url = av_strdup(url); /* it is read again to put its index in front */
    free(url);
    return code < 0 ? av_failure(EXIT_OUTPUT, k->path, code, "cannot be written") : EXIT_DONE;
}

/* Names that people use, of what FFmpeg calls otherwise. */
static const AVOutputFormat *find_container(const sink *k, const char *name)
{
    static const char *const other[][2] = {
        {"mkv", "matroska"}, {"y4m", "yuv4mpegpipe"}, {"ts", "mpegts"}, {NULL, NULL}};
    const char *wanted = name ? name : k->kind == SINK_PIPE ? "matroska" : NULL;
    for (int i = 0; wanted && other[i][0]; i++)
        wanted = strcmp(wanted, other[i][0]) == 0 ? other[i][1] : wanted;
    const AVOutputFormat *kind = av_guess_format(wanted, wanted ? NULL : k->path, NULL);
    if (kind && kind->video_codec != AV_CODEC_ID_NONE && !(kind->flags & AVFMT_NOFILE))
        return kind;
    if (name)
        message_error("--container",
                      "\"%s\" is no kind of film; matroska, mp4, webm, y4m, nut and mpegts are", name);
    else
        message_error(k->path,
                      "its ending names no kind of film; .mp4, .mkv, .mov, .webm, .gif and .webp do, "
                      "and a name with / at its end a folder of pictures");
    return NULL;
}

static void set_container(const sink *k, const AVOutputFormat *kind, AVDictionary **options)
{
    if (strstr(kind->name, "mp4") || strstr(kind->name, "mov"))
        av_dict_set(options, "movflags", k->kind == SINK_PIPE ? "+frag_keyframe+empty_moov" : "+faststart",
                    0);
    if (strcmp(kind->name, "webp") == 0)
        av_dict_set(options, "loop", "0", 0); /* for ever, as GIF */
    if (k->kind == SINK_PIPE)
        k->format->flags |= AVFMT_FLAG_FLUSH_PACKETS;
}

static int open_folder(sink *k, const source *s)
{
    k->folder = (sink_folder){.path = k->path,
                              .format = k->wish.format ? k->wish.format : STYLIZE_FORMAT_PNG,
                              .quality = k->wish.quality,
                              .ctx = k->wish.ctx};
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)s->frame->format);
    k->pixels = s->alpha && d && d->flags & AV_PIX_FMT_FLAG_ALPHA ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24;
    k->frame = av_frame_alloc();
    return k->frame ? sink_folder_open(&k->folder)
                    : av_failure(EXIT_ENGINE, k->path, AVERROR(ENOMEM), "cannot be written");
}

static int open_encoder(sink *k, const source *s)
{
    encoding e = {.path = k->path, .kind = k->format->oformat};
    int exit_code = encoder_open(&e, s, &k->wish);
    k->encoder = e.context;
    k->pixels = e.pixels;
    k->frame = av_frame_alloc();
    k->packet = av_packet_alloc();
    if (exit_code != EXIT_DONE)
        return exit_code;
    int code = k->frame && k->packet ? 0 : AVERROR(ENOMEM);
    if (code >= 0 && k->encoder->codec_id == AV_CODEC_ID_GIF)
        code = palette_open(&k->palette, k->pixels, k->encoder->width, k->encoder->height,
                            k->encoder->time_base);
    return code < 0 ? av_failure(EXIT_ENGINE, k->path, code, "cannot be written") : EXIT_DONE;
}

int sink_open(sink *k, const source *s, const char *path, const sink_wish *wish)
{
    *k = (sink){.path = path, .wish = *wish, .kind = sink_kind_of(path), .last = AV_NOPTS_VALUE};
    if (k->kind == SINK_FOLDER)
        return open_folder(k, s);
    const AVOutputFormat *kind = find_container(k, wish->container);
    if (!kind || avformat_alloc_output_context2(&k->format, kind, NULL, NULL) < 0)
        return EXIT_USAGE;
    k->shift = s->from > 0 ? s->start + (int64_t)(s->from * AV_TIME_BASE) : 0;
    int exit_code = open_encoder(k, s);
    if (exit_code != EXIT_DONE)
        return exit_code;
    int code = add_streams(k, s);
    if (code < 0)
        return av_failure(EXIT_ENGINE, path, code, "cannot be written");
    exit_code = open_io(k);
    if (exit_code != EXIT_DONE)
        return exit_code;
    if (s->format)
        av_dict_copy(&k->format->metadata, s->format->metadata, 0);
    AVDictionary *options = NULL;
    set_container(k, kind, &options);
    code = avformat_write_header(k->format, &options);
    av_dict_free(&options);
    k->begun = code >= 0;
    return code < 0 ? av_failure(EXIT_OUTPUT, path, code, "cannot be written") : EXIT_DONE;
}

/* ------------------------------------------------------------------ packets */

static int write_packet(sink *k, AVPacket *p)
{
    const int code = av_interleaved_write_frame(k->format, p);
    if (k->kind == SINK_PIPE && code == AVERROR(EPIPE)) { /* a player that was closed */
        k->gone = true;
        return EXIT_DONE;
    }
    return code < 0 ? av_failure(EXIT_OUTPUT, k->path, code, "cannot be written") : EXIT_DONE;
}

static int drain(sink *k)
{
    int code, exit_code = EXIT_DONE;
    while (exit_code == EXIT_DONE && (code = avcodec_receive_packet(k->encoder, k->packet)) >= 0) {
        k->packet->stream_index = k->video->index;
        if (k->packet->duration == 0 && k->encoder->framerate.num > 0 && !k->palette.graph)
            k->packet->duration = av_rescale_q(1, av_inv_q(k->encoder->framerate), k->encoder->time_base);
        av_packet_rescale_ts(k->packet, k->encoder->time_base, k->video->time_base);
        exit_code = write_packet(k, k->packet);
    }
    if (exit_code == EXIT_DONE && code != AVERROR(EAGAIN) && code != AVERROR_EOF)
        return av_failure(EXIT_OUTPUT, k->path, code, "a frame cannot be encoded");
    return exit_code;
}

static stylize_frame_format kind_of(enum AVPixelFormat format)
{
    switch (format) {
    case AV_PIX_FMT_YUV420P:
        return STYLIZE_FRAME_YUV420;
    case AV_PIX_FMT_RGB24:
        return STYLIZE_FRAME_RGB8;
    case AV_PIX_FMT_BGR24:
        return STYLIZE_FRAME_BGR8;
    default:
        return format == AV_PIX_FMT_RGBA ? STYLIZE_FRAME_RGBA8 : STYLIZE_FRAME_BGRA8;
    }
}

int sink_room(sink *k, stylize_frame *out)
{
    AVFrame *f = k->frame;
    const AVCodecContext *e = k->encoder;
    int code = 0;
    if (!f->data[0]) {
        f->format = k->pixels;
        f->width = k->wish.width;
        f->height = k->wish.height;
        code = av_frame_get_buffer(f, 0);
    } else {
        code = av_frame_make_writable(f); /* the encoder may hold the one before */
    }
    if (code < 0)
        return av_failure(EXIT_ENGINE, k->path, code, "no room for a frame");
    if (e) {
        f->color_range = e->color_range;
        f->colorspace = e->colorspace;
        f->color_primaries = e->color_primaries;
        f->color_trc = e->color_trc;
    }
    *out = (stylize_frame){.struct_size = sizeof *out,
                           .width = (uint32_t)f->width,
                           .height = (uint32_t)f->height,
                           .format = kind_of(k->pixels),
                           .range = f->color_range == AVCOL_RANGE_JPEG ? STYLIZE_RANGE_FULL
                                                                       : STYLIZE_RANGE_LIMITED};
    for (int i = 0; i < 3; i++) {
        out->planes[i] = f->data[i];
        out->strides[i] = f->linesize[i];
    }
    return EXIT_DONE;
}

/* One frame, or NULL at the end, as the encoder wants it. */
static int encode(sink *k, AVFrame *frame)
{
    const int code = avcodec_send_frame(k->encoder, frame);
    return code < 0 ? av_failure(EXIT_OUTPUT, k->path, code, "a frame cannot be encoded") : drain(k);
}

/* The same by way of the palette. */
static int encode_palette(sink *k, AVFrame *frame)
{
    AVFrame *out = NULL;
    int exit_code = EXIT_DONE, code = palette_send(&k->palette, frame);
    while (code >= 0 && exit_code == EXIT_DONE && (code = palette_receive(&k->palette, &out)) >= 0)
        exit_code = encode(k, out);
    if (code < 0 && code != AVERROR(EAGAIN) && code != AVERROR_EOF)
        return av_failure(EXIT_OUTPUT, k->path, code, "no palette");
    return frame || exit_code != EXIT_DONE ? exit_code : encode(k, NULL);
}

int sink_encode(sink *k, const source *s, int64_t pts)
{
    const AVRational us = {1, AV_TIME_BASE};
    if (k->kind == SINK_FOLDER)
        return sink_folder_write(&k->folder, k->frame);
    int64_t at = av_rescale_q(pts, s->time_base, k->encoder->time_base) -
                 av_rescale_q(k->shift, us, k->encoder->time_base);
    if (k->last != AV_NOPTS_VALUE && at <= k->last)
        at = k->last + 1; /* encoders take rising times only */
    k->last = k->frame->pts = at;
    k->frame->pict_type = AV_PICTURE_TYPE_NONE;
    k->frame->quality = k->encoder->global_quality;
    return k->palette.graph ? encode_palette(k, k->frame) : encode(k, k->frame);
}

int sink_copy(sink *k, const source *s, AVPacket *p)
{
    if (!k->map || p->stream_index < 0 || (unsigned)p->stream_index >= s->format->nb_streams ||
        k->map[p->stream_index] < 0)
        return EXIT_DONE;
    const AVStream *from = s->format->streams[p->stream_index];
    const AVStream *to = k->format->streams[k->map[p->stream_index]];
    const AVRational us = {1, AV_TIME_BASE};
    const int64_t time = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
    const double at = (double)time * av_q2d(from->time_base) - (double)s->start / AV_TIME_BASE;
    /* What lies before the start of a whole film stays: decoders of sound need it to begin with. */
    if (time != AV_NOPTS_VALUE && ((s->from > 0 && at < s->from) || (s->to > 0 && at >= s->to)))
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
    if (k->kind == SINK_FOLDER)
        return sink_folder_finish(&k->folder);
    if (k->gone)
        return EXIT_DONE;
    const int exit_code = k->palette.graph ? encode_palette(k, NULL) : encode(k, NULL);
    if (exit_code != EXIT_DONE)
        return exit_code;
    int code = av_write_trailer(k->format);
    const int closed = avio_closep(&k->format->pb);
    code = code < 0 ? code : closed;
    if (k->kind == SINK_PIPE && code == AVERROR(EPIPE))
        return EXIT_DONE;
    if (code < 0)
        return av_failure(EXIT_OUTPUT, k->path, code, "cannot be written");
    if (k->temporary && rename(k->temporary, k->path)) {
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
    if (k->kind == SINK_FOLDER)
        sink_folder_drop(&k->folder);
    else if (k->temporary)
        unlink(k->temporary);
    palette_close(&k->palette);
    free(k->temporary);
    free(k->map);
    av_frame_free(&k->frame);
    av_packet_free(&k->packet);
    avcodec_free_context(&k->encoder);
    avformat_free_context(k->format);
    *k = (sink){0};
}
