/* Films that are not FFmpeg's to read: folders of pictures, and animations in WebP. */
#ifndef CLI_VIDEO_PICTURES_H
#define CLI_VIDEO_PICTURES_H

#include <libavutil/frame.h>
#include <stdbool.h>

#include <stylize/stylize.h>

typedef struct pictures pictures;

/* Whether there is a folder, or a file that begins as a WebP. */
bool pictures_are(const char *path);
/* rate: of a folder's, 0 for 25. An exit code, after a message. */
int pictures_open(pictures **out, const char *path, stylize_ctx *ctx, double rate);
void pictures_close(pictures *p); /* or NULL */

AVRational pictures_time_base(const pictures *p);
AVRational pictures_rate(const pictures *p); /* of an animation, on the mean */
double pictures_seconds(const pictures *p);
/* The next one, RGB24 or RGBA, into an empty frame: 0; at the end AVERROR_EOF; after a message AVERROR_EXIT. */
int pictures_next(pictures *p, AVFrame *frame);

#endif
