/* `stylize sheet photo.jpg`: the picture in many styles on one sheet, with their names. */
#ifndef CLI_SHEET_H
#define CLI_SHEET_H

#include "args.h"

int command_sheet(const cli_args *args);

#endif
