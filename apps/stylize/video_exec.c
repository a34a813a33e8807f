/* In stylize itself: goes on as stylize-video, which lies beside it. */
#include "video.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exit.h"
#include "memory.h"
#include "message.h"

int command_video(const cli_args *args)
{
    char self[4096];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(self, '/');
    char *path =
        slash ? text_format("%.*s/stylize-video", (int)(slash - self), self) : text_format("stylize-video");
    execv(path, args->argv);
    if (errno == ENOENT)
        message_error(
            NULL,
            "this build has no films: FFmpeg's libraries (libavformat-dev, libavcodec-dev, libswscale-dev) "
            "were missing when it was built");
    else
        message_error(path, "%s", strerror(errno));
    free(path);
    return EXIT_ENGINE;
}
