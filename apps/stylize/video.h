/* stylize video: films. Done by the program stylize-video, so that FFmpeg's libraries, of which there are a hundred,
 * are loaded for films only. */
#ifndef CLI_VIDEO_H
#define CLI_VIDEO_H

#include "args.h"

int command_video(const cli_args *args);

#endif
