/* The table of options and commands, and the help text made from it. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "args.h"
#include "common/options.h"

extern const option cli_options[];
extern const size_t cli_option_count;
extern const char *const engine_names[];

const option *option_by_name(slice name);
const option *option_by_letter(char letter);
const char *command_name(command c);
/* The command of that name, or 0. */
int command_by_name(const char *name);
/* The option nearest to a mistyped one, or NULL. */
const char *option_nearest(slice name);
void command_help(FILE *out, command c);

#endif
