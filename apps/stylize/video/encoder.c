#include "video/encoder.h"

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <string.h>

#include "exit.h"
#include "message.h"
#include "video/failure.h"

#define GUESS_MOST 65535 /* denominator of a time base in MPEG-4 */

static const AVCodec *find_encoder(const encoding *k, const char *name)
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
    if (x264 && k->kind->video_codec != AV_CODEC_ID_VP9 && k->kind->video_codec != AV_CODEC_ID_VP8 &&
        (avformat_query_codec(k->kind, AV_CODEC_ID_H264, FF_COMPLIANCE_NORMAL) > 0 ||
         strcmp(k->kind->name, "mpegts") == 0)) /* which does not say what it takes */
        return x264;
    const AVCodec *usual = avcodec_find_encoder(k->kind->video_codec);
    if (!usual)
        message_error(k->path, "there is no encoder for this kind of file; --codec names one");
    return usual;
}

static bool takes(const AVCodec *codec, enum AVPixelFormat format)
{
    for (const enum AVPixelFormat *p = codec->pix_fmts; p && *p != AV_PIX_FMT_NONE; p++)
        if (*p == format)
            return true;
    return !codec->pix_fmts && format == AV_PIX_FMT_YUV420P;
}

/* Of what the library writes, what is nearest to a film's; with alpha where there is some. */
static enum AVPixelFormat choose_pixels(const AVCodec *codec, bool alpha)
{
    static const enum AVPixelFormat known[] = {AV_PIX_FMT_BGRA,  AV_PIX_FMT_RGBA,  AV_PIX_FMT_YUV420P,
                                               AV_PIX_FMT_RGB24, AV_PIX_FMT_BGR24, AV_PIX_FMT_RGBA,
                                               AV_PIX_FMT_BGRA};
    if (codec->id == AV_CODEC_ID_GIF)
        return AV_PIX_FMT_BGRA; /* the palette is found after it */
    for (size_t i = alpha ? 0 : 2; i < sizeof known / sizeof *known; i++)
        if (takes(codec, known[i]))
            return known[i];
    return AV_PIX_FMT_NONE;
}

static bool is_planar(enum AVPixelFormat format) { return format == AV_PIX_FMT_YUV420P; }

/* What the numbers of the frames mean stays as it was. */
static void take_colours(const encoding *k, AVCodecContext *e, const AVFrame *f)
{
    e->color_range = f->color_range;
    e->color_primaries = f->color_primaries;
    e->color_trc = f->color_trc;
    e->colorspace = f->colorspace == AVCOL_SPC_RGB ? AVCOL_SPC_UNSPECIFIED : f->colorspace;
    e->chroma_sample_location = f->chroma_location;
    e->sample_aspect_ratio = f->sample_aspect_ratio;
    if (!is_planar(k->pixels)) {
        e->colorspace = AVCOL_SPC_RGB;
        e->color_range = AVCOL_RANGE_JPEG;
    }
}

static bool has_alpha(const AVFrame *f)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get((enum AVPixelFormat)f->format);
    return d && d->flags & AV_PIX_FMT_FLAG_ALPHA;
}

static void take_quality(AVCodecContext *e, const AVCodec *codec, int crf, int quality)
{
    if (codec->id == AV_CODEC_ID_WEBP) {
        e->flags |= AV_CODEC_FLAG_QSCALE;
        e->global_quality = FF_QP2LAMBDA * (quality ? quality : 85);
        return;
    }
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

int encoder_open(encoding *k, const source *s, const sink_wish *wish)
{
    const AVCodec *codec = find_encoder(k, wish->codec);
    if (!codec)
        return EXIT_USAGE;
    k->pixels = choose_pixels(codec, s->alpha && has_alpha(s->frame));
    if (k->pixels == AV_PIX_FMT_NONE || avformat_query_codec(k->kind, codec->id, FF_COMPLIANCE_NORMAL) == 0) {
        message_error(k->path, "%s %s", codec->name,
                      k->pixels == AV_PIX_FMT_NONE ? "takes neither YUV 4:2:0 nor RGB frames of 8 bits"
                                                   : "cannot be put into this kind of file");
        return EXIT_USAGE;
    }
    AVCodecContext *e = k->context = avcodec_alloc_context3(codec);
    if (!e)
        return av_failure(EXIT_ENGINE, k->path, AVERROR(ENOMEM), "cannot be written");
    e->width = wish->width;
    e->height = wish->height;
    e->pix_fmt = codec->id == AV_CODEC_ID_GIF ? AV_PIX_FMT_PAL8 : k->pixels;
    e->framerate = s->rate;
    e->time_base = s->time_base;
    if (codec->id == AV_CODEC_ID_GIF)
        e->time_base = (AVRational){1, 100};
    else if (codec->id == AV_CODEC_ID_RAWVIDEO || codec->id == AV_CODEC_ID_WRAPPED_AVFRAME)
        e->time_base = s->rate.num > 0 ? av_inv_q(s->rate) : e->time_base; /* it has no times of its own */
    const bool older = codec->id == AV_CODEC_ID_MPEG2VIDEO || codec->id == AV_CODEC_ID_MPEG1VIDEO;
    const bool old = codec->id == AV_CODEC_ID_MPEG4 && e->time_base.den > GUESS_MOST;
    if ((older || old) && e->framerate.num > 0)
        e->time_base = av_inv_q(e->framerate);
    take_colours(k, e, s->frame);
    take_quality(e, codec, wish->crf, wish->quality);
    if (k->kind->flags & AVFMT_GLOBALHEADER)
        e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    if (s->live && av_opt_find(e->priv_data, "tune", NULL, 0, 0))
        av_opt_set(e->priv_data, "tune", "zerolatency", 0);
    const int code = avcodec_open2(e, codec, NULL);
    if (code < 0)
        return av_failure(EXIT_OUTPUT, k->path, code, "%s cannot encode %dx%d", codec->name, e->width,
                          e->height);
    return EXIT_DONE;
}
