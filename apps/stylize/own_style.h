/* stylize style: styles of one's own are learnt, listed, shown and removed. */
#ifndef CLI_OWN_STYLE_H
#define CLI_OWN_STYLE_H

#include "args.h"

int command_style(const cli_args *args);

#endif
