/* A film that is written: painted frames are encoded, all else is copied. Under a temporary name until it is whole. */
#ifndef CLI_VIDEO_SINK_H
#define CLI_VIDEO_SINK_H

#include "video/source.h"

typedef struct sink {
    const char *path;
    char *temporary;
    AVFormatContext *format;
    AVCodecContext *encoder;
    AVStream *video;
    int *map; /* of the source's streams; -1: left out */
    AVFrame *frame;
    AVPacket *packet;
    int64_t last;  /* time stamp that was encoded */
    int64_t shift; /* AV_TIME_BASE; taken from all times */
    bool begun;
} sink;

typedef struct sink_wish {
    int width, height;
    const char *codec; /* NULL: what the container is usual with */
    int crf;           /* below 0: the default of its codec */
} sink_wish;

/* The source's first frame must be decoded. An exit code, after a message; close is due in any case. */
int sink_open(sink *k, const source *s, const char *path, const sink_wish *wish);
/* Memory for the next painting, in k->frame. */
int sink_room(sink *k, stylize_frame *out);
/* Encodes k->frame; pts in the source's time. */
int sink_encode(sink *k, const source *s, int64_t pts);
/* A packet of sound or text as it is. */
int sink_copy(sink *k, const source *s, AVPacket *packet);
/* The rest of the encoder, the end of the file, and its name. */
int sink_finish(sink *k, const source *s);
void sink_close(sink *k); /* an unfinished file is gone then */

#endif
