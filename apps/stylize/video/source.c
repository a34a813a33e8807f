#include "video/source.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#ifdef CLI_HAVE_DEVICES
#include <libavdevice/avdevice.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exit.h"
#include "memory.h"
#include "message.h"
#include "video/failure.h"

#define SHORT_SECONDS 1.5 /* a film that ends that much early was cut short */

static int open_decoder(source *s)
{
    const AVCodec *codec = NULL;
    const int index = av_find_best_stream(s->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (index == AVERROR_DECODER_NOT_FOUND)
        return av_failure(EXIT_INPUT, s->path, index, "its picture cannot be decoded");
    if (index < 0 || s->format->streams[index]->disposition & AV_DISPOSITION_ATTACHED_PIC) {
        message_error(s->path, "has no moving picture");
        return EXIT_INPUT;
    }
    s->stream = s->format->streams[index];
    s->time_base = s->stream->time_base;
    s->rate = av_guess_frame_rate(s->format, s->stream, NULL);
    s->decoder = avcodec_alloc_context3(codec);
    s->packet = av_packet_alloc();
    if (!s->decoder || !s->packet)
        return av_failure(EXIT_ENGINE, s->path, AVERROR(ENOMEM), "cannot be read");
    int code = avcodec_parameters_to_context(s->decoder, s->stream->codecpar);
    s->decoder->pkt_timebase = s->stream->time_base;
    s->decoder->thread_count = 0;
    if (code >= 0)
        code = avcodec_open2(s->decoder, codec, NULL);
    return code < 0 ? av_failure(EXIT_INPUT, s->path, code, "its picture cannot be decoded") : EXIT_DONE;
}

/* High dynamic range would come out pale: the networks know nothing of it. */
static int check_colours(const source *s)
{
    const enum AVColorTransferCharacteristic curve = s->stream->codecpar->color_trc;
    if (curve == AVCOL_TRC_SMPTE2084 || curve == AVCOL_TRC_ARIB_STD_B67) {
        message_error(s->path,
                      "has high dynamic range (%s), which is not painted; convert it to BT.709 first",
                      av_color_transfer_name(curve));
        return EXIT_INPUT;
    }
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)s->stream->codecpar->format);
    if (d && d->comp[0].depth > 8)
        message_note("%s: has %d bits a channel, painted are 8", s->path, d->comp[0].depth);
    return EXIT_DONE;
}

/* Cameras and what else FFmpeg calls a device have names of their own, and go on until somebody ends them. */
static int open_device(source *s, const char *name, double rate)
{
#ifdef CLI_HAVE_DEVICES
    avdevice_register_all();
#endif
    const AVInputFormat *kind = av_find_input_format(name);
    if (!kind) {
        message_error("--input-format", "\"%s\" is no input of FFmpeg's libraries here%s", name,
#ifdef CLI_HAVE_DEVICES
                      "; ffmpeg -demuxers and ffmpeg -devices list them"
#else
                      "; cameras need libavdevice-dev when this is built"
#endif
        );
        return EXIT_USAGE;
    }
    AVDictionary *options = NULL;
    char text[32];
    snprintf(text, sizeof text, "%g", rate);
    s->live = kind->flags & AVFMT_NOFILE;
    if (rate > 0)
        av_dict_set(&options, "framerate", text, 0);
    if (!s->live)
        av_dict_set(&options, "protocol_whitelist", "file,pipe", 0);
    char *url = s->live                ? text_format("%s", s->path)
                : strcmp(s->path, "-") ? text_format("file:%s", s->path)
                                       : text_format("pipe:0");
    const int code = avformat_open_input(&s->format, url, kind, &options);
    free(url);
    av_dict_free(&options);
    return code < 0 ? av_failure(EXIT_INPUT, s->path, code, "cannot be opened as %s", name) : EXIT_DONE;
}

/* As a file, whatever its name looks like; and a list of addresses in it leads nowhere but to files. */
static int open_file(source *s)
{
    AVDictionary *options = NULL;
    av_dict_set(&options, "protocol_whitelist", "file,pipe", 0);
    char *url = strcmp(s->path, "-") ? text_format("file:%s", s->path) : text_format("pipe:0");
    const int code = avformat_open_input(&s->format, url, NULL, &options);
    free(url);
    av_dict_free(&options);
    if (code == AVERROR(ENOENT) || code == AVERROR(EACCES) || code == AVERROR(EISDIR))
        return av_failure(EXIT_INPUT, s->path, code, "cannot be read");
    return code < 0 ? av_failure(EXIT_INPUT, s->path, code, "cannot be read as a film") : EXIT_DONE;
}

static bool is_camera(const char *path)
{
    struct stat st;
    return strncmp(path, "/dev/video", 10) == 0 && stat(path, &st) == 0 && S_ISCHR(st.st_mode);
}

static int open_film(source *s, const source_wish *wish)
{
    const char *format = wish->format ? wish->format : is_camera(s->path) ? "video4linux2" : NULL;
    int code = format ? open_device(s, format, wish->rate) : open_file(s);
    if (code != EXIT_DONE)
        return code;
    const int found = avformat_find_stream_info(s->format, NULL);
    if (found < 0)
        return av_failure(EXIT_INPUT, s->path, found, "cannot be read as a film");
    s->start = s->format->start_time == AV_NOPTS_VALUE ? 0 : s->format->start_time;
    code = open_decoder(s);
    if (code == EXIT_DONE)
        code = check_colours(s);
    if (code != EXIT_DONE || s->from <= 0)
        return code;
    const int64_t at = s->start + (int64_t)(s->from * AV_TIME_BASE);
    if (s->live || avformat_seek_file(s->format, -1, INT64_MIN, at, at, 0) < 0)
        message_note("%s: cannot be searched, it is read from its beginning", s->path);
    return EXIT_DONE;
}

int source_open(source *s, const char *path, const source_wish *wish)
{
    *s = (source){.path = path, .from = wish->from, .to = wish->to, .alpha = wish->alpha};
    s->frame = av_frame_alloc();
    s->planar = av_frame_alloc();
    if (!s->frame || !s->planar)
        return av_failure(EXIT_ENGINE, path, AVERROR(ENOMEM), "cannot be read");
    if (wish->format || !pictures_are(path))
        return open_film(s, wish);
    const int code = pictures_open(&s->pictures, path, wish->ctx, wish->rate);
    if (code == EXIT_DONE) {
        s->time_base = pictures_time_base(s->pictures);
        s->rate = pictures_rate(s->pictures);
    }
    return code;
}

void source_close(source *s)
{
    pictures_close(s->pictures);
    sws_freeContext(s->scale);
    av_frame_free(&s->planar);
    av_frame_free(&s->frame);
    av_packet_free(&s->packet);
    avcodec_free_context(&s->decoder);
    avformat_close_input(&s->format);
}

static void decode(source *s, const AVPacket *packet)
{
    const int code = avcodec_send_packet(s->decoder, packet);
    s->damaged += code < 0 && code != AVERROR_EOF && code != AVERROR(EAGAIN);
}

source_event source_read(source *s)
{
    if (s->pictures)
        return s->drained ? SOURCE_END : SOURCE_FRAMES;
    av_packet_unref(s->packet);
    const int code = s->drained ? AVERROR_EOF : av_read_frame(s->format, s->packet);
    if (code >= 0 && s->packet->stream_index != s->stream->index)
        return SOURCE_OTHER;
    if (code >= 0) {
        decode(s, s->packet);
        return SOURCE_FRAMES;
    }
    if (s->drained || interrupted)
        return SOURCE_END;
    if (code != AVERROR_EOF && code != AVERROR_INVALIDDATA) {
        av_failure(0, s->path, code, "cannot be read");
        return SOURCE_FAILED;
    }
    s->damaged += code != AVERROR_EOF;
    s->drained = true;
    decode(s, NULL);
    return SOURCE_FRAMES;
}

double source_seconds(const source *s, int64_t pts)
{
    return (double)pts * av_q2d(s->time_base) - (double)s->start / AV_TIME_BASE;
}

static bool is_rgb(const AVFrame *f)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)f->format);
    return d && d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL);
}

static bool has_alpha(const AVFrame *f)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)f->format);
    return d && d->flags & (AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_PAL);
}

/* Other layouts become one that the library knows; colours keep their meaning. */
static int convert(source *s, enum AVPixelFormat format)
{
    AVFrame *f = s->frame, *p = s->planar;
    const bool rgb = is_rgb(f);
    if (!p->data[0]) {
        p->width = f->width;
        p->height = f->height;
        p->format = format;
        if (av_frame_get_buffer(p, 0) < 0)
            return AVERROR(ENOMEM);
    }
    s->scale = sws_getCachedContext(s->scale, f->width, f->height, (enum AVPixelFormat)f->format, f->width,
                                    f->height, format, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT,
                                    NULL, NULL, NULL);
    if (!s->scale)
        return AVERROR(EINVAL);
    const int *table = sws_getCoefficients(f->colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
    const int full = f->color_range == AVCOL_RANGE_JPEG;
    sws_setColorspaceDetails(s->scale, table, rgb || full, table, full, 0, 1 << 16, 1 << 16);
    return sws_scale(s->scale, (const uint8_t *const *)f->data, f->linesize, 0, f->height, p->data,
                     p->linesize);
}

static stylize_frame_format kind_of(int format)
{
    switch (format) {
    case AV_PIX_FMT_RGB24:
        return STYLIZE_FRAME_RGB8;
    case AV_PIX_FMT_BGR24:
        return STYLIZE_FRAME_BGR8;
    case AV_PIX_FMT_RGBA:
        return STYLIZE_FRAME_RGBA8;
    case AV_PIX_FMT_BGRA:
        return STYLIZE_FRAME_BGRA8;
    case AV_PIX_FMT_YUV420P:
    case AV_PIX_FMT_YUVJ420P:
        return STYLIZE_FRAME_YUV420;
    default:
        return (stylize_frame_format)0;
    }
}

/* What the frame is painted as: alpha only where it is kept. */
static enum AVPixelFormat paintable(const source *s)
{
    const AVFrame *f = s->frame;
    const stylize_frame_format kind = kind_of(f->format);
    const bool alpha = kind == STYLIZE_FRAME_RGBA8 || kind == STYLIZE_FRAME_BGRA8;
    if (kind && alpha == (s->alpha && has_alpha(f)))
        return (enum AVPixelFormat)f->format;
    if (has_alpha(f) && s->alpha)
        return AV_PIX_FMT_RGBA;
    return is_rgb(f) ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_YUV420P;
}

static int describe(source *s, stylize_frame *out)
{
    AVFrame *f = s->frame;
    const AVFrame *from = f;
    const enum AVPixelFormat format = paintable(s);
    if (format != f->format) {
        const int code = convert(s, format);
        if (code < 0) {
            av_failure(0, s->path, code, "its frames (%s) cannot be converted",
                       av_get_pix_fmt_name((enum AVPixelFormat)f->format));
            return -1;
        }
        from = s->planar;
    }
    if (f->format == AV_PIX_FMT_YUVJ420P)
        f->color_range = AVCOL_RANGE_JPEG;
    if (is_rgb(f)) { /* where it becomes YUV, it is coded as its height suggests */
        f->colorspace = f->height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
        f->color_range = AVCOL_RANGE_MPEG;
    }
    *out = (stylize_frame){.struct_size = sizeof *out,
                           .width = (uint32_t)f->width,
                           .height = (uint32_t)f->height,
                           .format = kind_of(format),
                           .range = f->color_range == AVCOL_RANGE_JPEG ? STYLIZE_RANGE_FULL
                                                                       : STYLIZE_RANGE_LIMITED,
                           .tag = f->best_effort_timestamp};
    if (f->colorspace == AVCOL_SPC_BT709)
        out->matrix = STYLIZE_MATRIX_BT709;
    else if (f->colorspace == AVCOL_SPC_SMPTE170M || f->colorspace == AVCOL_SPC_BT470BG)
        out->matrix = STYLIZE_MATRIX_BT601;
    for (int i = 0; i < 3; i++) {
        out->planes[i] = from->data[i];
        out->strides[i] = from->linesize[i];
    }
    return 1;
}

/* Whether the frame in s->frame is wanted. -1: it has another size than those before. */
static int admit(source *s)
{
    AVFrame *f = s->frame;
    const double rate = av_q2d(s->rate);
    const double length = rate > 0 ? 1 / rate : 0;
    if (f->best_effort_timestamp == AV_NOPTS_VALUE) /* a stream without times: frames of equal length */
        f->best_effort_timestamp =
            (int64_t)((s->seen + (double)s->start / AV_TIME_BASE) / av_q2d(s->time_base) + 0.5);
    const double at = source_seconds(s, f->best_effort_timestamp);
    if (s->to > 0 && at >= s->to - 1e-6) {
        s->ended = true;
        return 0;
    }
    s->seen = at + length;
    if (at < s->from - 1e-6)
        return 0;
    if (s->width && (f->width != s->width || f->height != s->height)) {
        char text[16];
        message_error(s->path,
                      "the size of its picture changes at %s from %dx%d to %dx%d, which a film cannot",
                      clock_text(at, text, sizeof text), s->width, s->height, f->width, f->height);
        return -1;
    }
    s->width = f->width;
    s->height = f->height;
    return 1;
}

int source_frame(source *s, stylize_frame *out)
{
    for (;;) {
        av_frame_unref(s->frame);
        const int code =
            s->pictures ? pictures_next(s->pictures, s->frame) : avcodec_receive_frame(s->decoder, s->frame);
        s->drained |= s->pictures && code;
        if (code == AVERROR_EXIT) /* after a message */
            return -1;
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
            return 0;
        if (code < 0) {
            s->damaged++;
            return 0;
        }
        const int wanted = admit(s);
        if (wanted < 0)
            return -1;
        if (wanted) {
            s->frames++;
            return describe(s, out);
        }
    }
}

/* Seconds that the picture is long, as the file says; 0: it does not. */
static double length_of(const source *s)
{
    if (s->pictures)
        return pictures_seconds(s->pictures);
    if (s->stream->duration > 0)
        return (double)s->stream->duration * av_q2d(s->stream->time_base);
    return s->format->duration > 0 ? (double)s->format->duration / AV_TIME_BASE : 0;
}

uint64_t source_count(const source *s)
{
    const double length = length_of(s), rate = av_q2d(s->rate);
    const double end = s->to > 0 && (s->to < length || length <= 0) ? s->to : length;
    return end > s->from && rate > 0 ? (uint64_t)((end - s->from) * rate + 0.5) : 0;
}

/* It has an end, which some programs put zeros behind. */
bool source_is_cut(const source *s)
{
    char end[16] = "";
    size_t n = 0;
    if (!s->format || strcmp(s->format->iformat->name, "gif") != 0 || strcmp(s->path, "-") == 0)
        return false;
    FILE *f = fopen(s->path, "rb");
    if (f && fseek(f, -(long)sizeof end, SEEK_END) == 0)
        n = fread(end, 1, sizeof end, f);
    if (f)
        fclose(f);
    while (n > 0 && end[n - 1] == 0)
        n--;
    if (n == 0 || end[n - 1] == ';')
        return false;
    message_error(s->path, "is cut short: it has no end");
    return true;
}

bool source_complete(const source *s)
{
    char seen[16], says[16];
    double length = length_of(s);
    if (s->pictures || s->live)
        return true;
    if (!s->ended && source_is_cut(s))
        return false;
    if (length > 0 && s->stream->duration <= 0) /* of the whole file: sound may be longer */
        length -= SHORT_SECONDS;
    if (s->ended || length <= 0 || (s->to > 0 && s->seen >= s->to - SHORT_SECONDS) ||
        s->seen >= length - SHORT_SECONDS)
        return true;
    message_error(s->path, "is cut short: it ends at %s of %s; --tolerant paints it as far as it goes",
                  clock_text(s->seen, seen, sizeof seen), clock_text(length, says, sizeof says));
    return false;
}
