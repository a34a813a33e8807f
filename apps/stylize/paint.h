/* `stylize photo.jpg --style ID`: one picture, from a file or the standard input; many go to folder.h. */
#ifndef CLI_PAINT_H
#define CLI_PAINT_H

#include "args.h"

int command_paint(const cli_args *args);

#endif
