#include "video/pictures.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libavutil/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef CLI_HAVE_WEBP
#include <webp/demux.h>
#endif

#include "exit.h"
#include "memory.h"
#include "message.h"
#include "path.h"

#define RATE_DEFAULT 25
#define WEBP_MOST    (256u << 20) /* bytes of an animation, as of a picture */

struct pictures {
    const char *path;
    AVRational time_base, rate;
    double seconds;
    int64_t next; /* time of the next one */
    /* Of a folder: */
    stylize_ctx *ctx;
    char **names;
    size_t count;
    int width, height; /* of the first one */
#ifdef CLI_HAVE_WEBP
    WebPData data;
    WebPAnimDecoder *webp;
    WebPAnimInfo info;
#endif
};

static bool begins_as_webp(const char *path)
{
    char head[12];
    FILE *f = fopen(path, "rb");
    const bool is = f && fread(head, 1, sizeof head, f) == sizeof head && memcmp(head, "RIFF", 4) == 0 &&
                    memcmp(head + 8, "WEBP", 4) == 0;
    if (f)
        fclose(f);
    return is;
}

bool pictures_are(const char *path)
{
    return strcmp(path, "-") != 0 && (path_is_folder(path) || begins_as_webp(path));
}

AVRational pictures_time_base(const pictures *p) { return p->time_base; }
AVRational pictures_rate(const pictures *p) { return p->rate; }
double pictures_seconds(const pictures *p) { return p->seconds; }

static int take_rows(AVFrame *frame, const uint8_t *pixels, size_t stride, int width, int height,
                     int channels)
{
    frame->format = channels == 4 ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24;
    frame->width = width;
    frame->height = height;
    const int code = av_frame_get_buffer(frame, 0);
    for (int y = 0; code >= 0 && y < height; y++)
        memcpy(frame->data[0] + (ptrdiff_t)y * frame->linesize[0], pixels + (size_t)y * stride,
               (size_t)width * (size_t)channels);
    return code;
}

/* ------------------------------------------------------------------ a folder */

/* Numbers by their value: frame2 before frame10. */
static int by_number(const char *a, const char *b)
{
    while (*a && *b) {
        if (!isdigit((unsigned char)*a) || !isdigit((unsigned char)*b)) {
            if (*a != *b)
                return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
            a++, b++;
            continue;
        }
        while (*a == '0')
            a++;
        while (*b == '0')
            b++;
        const size_t n = strspn(a, "0123456789"), m = strspn(b, "0123456789");
        const int order = n == m ? strncmp(a, b, n) : n < m ? -1 : 1;
        if (order)
            return order;
        a += n, b += m;
    }
    return (*a != 0) - (*b != 0);
}

static int by_name(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    const int order = by_number(x, y);
    return order ? order : strcmp(x, y);
}

static int open_folder(pictures *p, double rate)
{
    DIR *folder = opendir(p->path);
    if (!folder) {
        message_error(p->path, "cannot be read: %s", strerror(errno));
        return EXIT_INPUT;
    }
    const struct dirent *d;
    while ((d = readdir(folder)) != NULL)
        if (d->d_name[0] != '.' && path_is_picture(d->d_name)) {
            p->names = memory_grow(p->names, p->count + 1, sizeof *p->names);
            p->names[p->count++] = text_format("%s/%s", p->path, d->d_name);
        }
    closedir(folder);
    if (p->count == 0) {
        message_error(p->path, "has no pictures, of which a film could be made");
        return EXIT_INPUT;
    }
    qsort(p->names, p->count, sizeof *p->names, by_name);
    p->rate = rate > 0 ? av_d2q(rate, 1001000) : (AVRational){RATE_DEFAULT, 1};
    p->time_base = av_inv_q(p->rate);
    p->seconds = (double)p->count * av_q2d(p->time_base);
    return EXIT_DONE;
}

static int next_of_folder(pictures *p, AVFrame *frame)
{
    if ((size_t)p->next == p->count)
        return AVERROR_EOF;
    stylize_error err = {0};
    stylize_image file, image;
    const char *name = p->names[p->next];
    if (stylize_image_load(p->ctx, name, &file, &err) != STYLIZE_OK) {
        message_failure(name, &err);
        return AVERROR_EXIT;
    }
    const stylize_status status = stylize_image_decode(p->ctx, &file, &image, &err);
    stylize_image_free(&file);
    if (status != STYLIZE_OK) {
        message_failure(name, &err);
        return AVERROR_EXIT;
    }
    int code = AVERROR_EXIT;
    const int width = (int)image.width, height = (int)image.height;
    if (p->width && (width != p->width || height != p->height))
        message_error(name, "has %dx%d pixels, those before have %dx%d; the frames of a film have one size",
                      width, height, p->width, p->height);
    else
        code = take_rows(frame, image.pixels, image.stride, width, height,
                         image.format == STYLIZE_FORMAT_RGBA8 ? 4 : 3);
    p->width = width;
    p->height = height;
    frame->best_effort_timestamp = frame->pts = p->next++;
    stylize_image_free(&image);
    return code;
}

/* ------------------------------------------------------------------ an animation */

#ifdef CLI_HAVE_WEBP
static bool read_file(const char *path, WebPData *data)
{
    FILE *f = fopen(path, "rb");
    long size = -1;
    if (f && fseek(f, 0, SEEK_END) == 0)
        size = ftell(f);
    bool ok = size > 0 && (unsigned long)size <= WEBP_MOST && fseek(f, 0, SEEK_SET) == 0;
    if (ok) {
        uint8_t *bytes = memory_get((size_t)size, 1);
        ok = fread(bytes, 1, (size_t)size, f) == (size_t)size;
        *data = (WebPData){bytes, (size_t)size};
    }
    if (f)
        fclose(f);
    return ok;
}

static int open_webp(pictures *p)
{
    WebPAnimDecoderOptions o;
    if (!read_file(p->path, &p->data)) {
        message_error(p->path, "cannot be read, or has more than %u MiB", WEBP_MOST >> 20);
        return EXIT_INPUT;
    }
    if (WebPAnimDecoderOptionsInit(&o)) {
        o.color_mode = MODE_RGBA;
        p->webp = WebPAnimDecoderNew(&p->data, &o);
    }
    if (!p->webp || !WebPAnimDecoderGetInfo(p->webp, &p->info)) {
        message_error(p->path, "cannot be read as a film: the WebP is damaged, or cut short");
        return EXIT_INPUT;
    }
    WebPIterator it = {0};
    int64_t ms = 0;
    for (int more = WebPDemuxGetFrame(WebPAnimDecoderGetDemuxer(p->webp), 1, &it); more;
         more = WebPDemuxNextFrame(&it))
        ms += it.duration;
    WebPDemuxReleaseIterator(&it);
    p->time_base = (AVRational){1, 1000};
    p->seconds = 1e-3 * (double)ms;
    p->rate =
        ms > 0 ? av_d2q(1e3 * p->info.frame_count / (double)ms, 1001000) : (AVRational){RATE_DEFAULT, 1};
    return EXIT_DONE;
}

static int next_of_webp(pictures *p, AVFrame *frame)
{
    uint8_t *pixels;
    int end;
    if (!WebPAnimDecoderHasMoreFrames(p->webp))
        return AVERROR_EOF;
    if (!WebPAnimDecoderGetNext(p->webp, &pixels, &end)) {
        message_error(p->path, "is damaged: a frame at %.1f s cannot be decoded", 1e-3 * (double)p->next);
        return AVERROR_EXIT;
    }
    const int width = (int)p->info.canvas_width;
    const int code = take_rows(frame, pixels, 4 * (size_t)width, width, (int)p->info.canvas_height, 4);
    frame->best_effort_timestamp = frame->pts = p->next;
    p->next = end;
    return code;
}
#endif

/* ------------------------------------------------------------------ both */

int pictures_open(pictures **out, const char *path, stylize_ctx *ctx, double rate)
{
    pictures *p = *out = memory_get(1, sizeof *p);
    *p = (pictures){.path = path, .ctx = ctx};
    if (path_is_folder(path))
        return open_folder(p, rate);
#ifdef CLI_HAVE_WEBP
    return open_webp(p);
#else
    message_error(path, "is a WebP, which this build does not read as a film: libwebpdemux was missing");
    return EXIT_INPUT;
#endif
}

int pictures_next(pictures *p, AVFrame *frame)
{
#ifdef CLI_HAVE_WEBP
    if (p->webp)
        return next_of_webp(p, frame);
#endif
    return next_of_folder(p, frame);
}

void pictures_close(pictures *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++)
        free(p->names[i]);
    free(p->names);
#ifdef CLI_HAVE_WEBP
    WebPAnimDecoderDelete(p->webp);
    free((void *)p->data.bytes);
#endif
    free(p);
}
