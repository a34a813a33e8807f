#include "video/source.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <string.h>

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
    s->decoder = avcodec_alloc_context3(codec);
    s->packet = av_packet_alloc();
    s->frame = av_frame_alloc();
    s->planar = av_frame_alloc();
    if (!s->decoder || !s->packet || !s->frame || !s->planar)
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

int source_open(source *s, const char *path, double from, double to)
{
    *s = (source){.path = path, .from = from, .to = to};
    /* As a file, whatever its name looks like; and a list of addresses in it leads nowhere but to files. */
    AVDictionary *options = NULL;
    av_dict_set(&options, "protocol_whitelist", "file,pipe", 0);
    char *url = strcmp(path, "-") ? text_format("file:%s", path) : text_format("pipe:0");
    int code = avformat_open_input(&s->format, url, NULL, &options);
    free(url);
    av_dict_free(&options);
    if (code == AVERROR(ENOENT) || code == AVERROR(EACCES) || code == AVERROR(EISDIR))
        return av_failure(EXIT_INPUT, path, code, "cannot be read");
    if (code >= 0)
        code = avformat_find_stream_info(s->format, NULL);
    if (code < 0)
        return av_failure(EXIT_INPUT, path, code, "cannot be read as a film");
    s->start = s->format->start_time == AV_NOPTS_VALUE ? 0 : s->format->start_time;
    code = open_decoder(s);
    if (code == EXIT_DONE)
        code = check_colours(s);
    if (code != EXIT_DONE || from <= 0)
        return code;
    const int64_t at = s->start + (int64_t)(from * AV_TIME_BASE);
    if (avformat_seek_file(s->format, -1, INT64_MIN, at, at, 0) < 0)
        message_note("%s: cannot be searched, it is read from its beginning", path);
    return EXIT_DONE;
}

void source_close(source *s)
{
    sws_freeContext(s->scale);
    av_frame_free(&s->planar);
    av_frame_free(&s->frame);
    av_packet_free(&s->packet);
    avcodec_free_context(&s->decoder);
    avformat_close_input(&s->format);
}

int source_read(source *s)
{
    av_packet_unref(s->packet);
    const int code = av_read_frame(s->format, s->packet);
    if (code >= 0)
        return 1;
    if (code != AVERROR_EOF && code != AVERROR_INVALIDDATA) {
        av_failure(0, s->path, code, "cannot be read");
        return -1;
    }
    s->damaged += code != AVERROR_EOF;
    return 0;
}

void source_decode(source *s, const AVPacket *packet)
{
    const int code = avcodec_send_packet(s->decoder, packet);
    s->damaged += code < 0 && code != AVERROR_EOF && code != AVERROR(EAGAIN);
}

double source_seconds(const source *s, int64_t pts)
{
    return (double)pts * av_q2d(s->stream->time_base) - (double)s->start / AV_TIME_BASE;
}

/* Other layouts become planar; colours keep their meaning, those of RGB are coded as the frame's height suggests. */
static int convert(source *s)
{
    AVFrame *f = s->frame, *p = s->planar;
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)f->format);
    const bool rgb = d && d->flags & AV_PIX_FMT_FLAG_RGB;
    if (!p->data[0]) {
        p->width = f->width;
        p->height = f->height;
        p->format = AV_PIX_FMT_YUV420P;
        if (av_frame_get_buffer(p, 0) < 0)
            return AVERROR(ENOMEM);
    }
    if (rgb) {
        f->colorspace = f->height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
        f->color_range = AVCOL_RANGE_MPEG;
    }
    s->scale = sws_getCachedContext(s->scale, f->width, f->height, (enum AVPixelFormat)f->format, f->width,
                                    f->height, AV_PIX_FMT_YUV420P,
                                    SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL, NULL);
    if (!s->scale)
        return AVERROR(EINVAL);
    const int *table = sws_getCoefficients(f->colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
    const int full = f->color_range == AVCOL_RANGE_JPEG;
    sws_setColorspaceDetails(s->scale, table, rgb || full, table, full, 0, 1 << 16, 1 << 16);
    return sws_scale(s->scale, (const uint8_t *const *)f->data, f->linesize, 0, f->height, p->data,
                     p->linesize);
}

static int describe(source *s, stylize_frame *out)
{
    const AVFrame *f = s->frame;
    const AVFrame *from = f;
    if (f->format == AV_PIX_FMT_YUVJ420P)
        s->frame->color_range = AVCOL_RANGE_JPEG;
    else if (f->format != AV_PIX_FMT_YUV420P) {
        const int code = convert(s);
        if (code < 0) {
            av_failure(0, s->path, code, "its frames (%s) cannot be converted",
                       av_get_pix_fmt_name((enum AVPixelFormat)f->format));
            return -1;
        }
        from = s->planar;
    }
    *out = (stylize_frame){.struct_size = sizeof *out,
                           .width = (uint32_t)f->width,
                           .height = (uint32_t)f->height,
                           .format = STYLIZE_FRAME_YUV420,
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
    const double rate = av_q2d(av_guess_frame_rate(s->format, s->stream, NULL));
    const double length = rate > 0 ? 1 / rate : 0;
    if (f->best_effort_timestamp == AV_NOPTS_VALUE) /* a stream without times: frames of equal length */
        f->best_effort_timestamp =
            (int64_t)((s->seen + (double)s->start / AV_TIME_BASE) / av_q2d(s->stream->time_base) + 0.5);
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
        const int code = avcodec_receive_frame(s->decoder, s->frame);
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
    if (s->stream->duration > 0)
        return (double)s->stream->duration * av_q2d(s->stream->time_base);
    return s->format->duration > 0 ? (double)s->format->duration / AV_TIME_BASE : 0;
}

uint64_t source_count(const source *s)
{
    const double length = length_of(s), rate = av_q2d(av_guess_frame_rate(s->format, s->stream, NULL));
    const double end = s->to > 0 && (s->to < length || length <= 0) ? s->to : length;
    return end > s->from && rate > 0 ? (uint64_t)((end - s->from) * rate + 0.5) : 0;
}

bool source_complete(const source *s)
{
    char seen[16], says[16];
    double length = length_of(s);
    if (length > 0 && s->stream->duration <= 0) /* of the whole file: sound may be longer */
        length -= SHORT_SECONDS;
    if (s->ended || length <= 0 || (s->to > 0 && s->seen >= s->to - SHORT_SECONDS) ||
        s->seen >= length - SHORT_SECONDS)
        return true;
    message_error(s->path, "is cut short: it ends at %s of %s; --tolerant paints it as far as it goes",
                  clock_text(s->seen, seen, sizeof seen), clock_text(length, says, sizeof says));
    return false;
}
