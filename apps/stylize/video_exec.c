/* In stylize itself: goes on as stylize-video, which lies beside it. */
#include "video.h"

#include <errno.h>
#include <string.h>

#include "exit.h"
#include "message.h"
#include "system.h"

int command_video(const cli_args *args)
{
    const int code = system_become("stylize-video", args->argv);
    if (code == ENOENT)
        message_error(
            NULL,
            "this build has no films: FFmpeg's libraries (libavformat-dev, libavcodec-dev, libswscale-dev) "
            "were missing when it was built");
    else
        message_error("stylize-video", "%s", strerror(code));
    return EXIT_ENGINE;
}
