/* A film as a folder of pictures, which has a temporary name until the last of them is there. */
#ifndef CLI_VIDEO_SINK_FOLDER_H
#define CLI_VIDEO_SINK_FOLDER_H

#include <libavutil/frame.h>

#include <stylize/stylize.h>

typedef struct sink_folder {
    const char *path; /* may end in slashes */
    stylize_format format;
    int quality;
    stylize_ctx *ctx;
    char *temporary;
    uint64_t count;
} sink_folder;

/* Exit codes, after a message. */
int sink_folder_open(sink_folder *k);
int sink_folder_write(sink_folder *k, const AVFrame *frame); /* RGB24 or RGBA */
int sink_folder_finish(sink_folder *k);
void sink_folder_drop(sink_folder *k); /* what is there of it, if it was not finished */

#endif
