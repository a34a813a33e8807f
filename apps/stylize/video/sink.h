/* A film that is written: painted frames are encoded, all else is copied. Under a temporary name until it is whole;
 * or to the standard output; or a folder of pictures. */
#ifndef CLI_VIDEO_SINK_H
#define CLI_VIDEO_SINK_H

#include "video/palette.h"
#include "video/sink_folder.h"
#include "video/source.h"
#include "video/wish.h"

typedef enum sink_kind { SINK_FILM, SINK_PIPE, SINK_FOLDER } sink_kind;

typedef struct sink {
    const char *path;
    sink_kind kind;
    bool gone; /* who read the pipe has ended */
    char *temporary;
    palette palette; /* of GIF */
    sink_wish wish;
    sink_folder folder;
    AVFormatContext *format;
    AVCodecContext *encoder;
    enum AVPixelFormat pixels; /* of frame */
    AVStream *video;
    int *map; /* of the source's streams; -1: left out */
    AVFrame *frame;
    AVPacket *packet;
    int64_t last;  /* time stamp that was encoded */
    int64_t shift; /* AV_TIME_BASE; taken from all times */
    bool begun;
} sink;

/* What a path names: "-", a folder (that there is, or with a slash at its end), or a film. */
sink_kind sink_kind_of(const char *path);
/* Whether films of that name keep alpha, and may have sides that are odd. */
bool sink_keeps_alpha(const char *path);
/* The source's first frame must be decoded. An exit code, after a message; close is due in any case. */
int sink_open(sink *k, const source *s, const char *path, const sink_wish *wish);
/* Memory for the next painting, in k->frame; set is its format. */
int sink_room(sink *k, stylize_frame *out);
/* Encodes k->frame; pts in the source's time. After that k->gone may be set: nobody reads any more. */
int sink_encode(sink *k, const source *s, int64_t pts);
/* A packet of sound or text as it is. */
int sink_copy(sink *k, const source *s, AVPacket *packet);
/* The rest of the encoder, the end of the file, and its name. */
int sink_finish(sink *k, const source *s);
void sink_close(sink *k); /* an unfinished file is gone then */

#endif
