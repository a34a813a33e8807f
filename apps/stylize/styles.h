/* `stylize styles`: the style library as a table or as JSON. */
#ifndef CLI_STYLES_H
#define CLI_STYLES_H

#include "args.h"

int command_styles(const cli_args *args);

#endif
