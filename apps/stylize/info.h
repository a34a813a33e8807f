/* `stylize info`: what stylize_ctx_info tells, as text or as its own JSON. */
#ifndef CLI_INFO_H
#define CLI_INFO_H

#include "args.h"

int command_info(const cli_args *args);

#endif
