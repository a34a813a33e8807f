/* Reads the command line. */
#ifndef CLI_ARGS_READ_H
#define CLI_ARGS_READ_H

#include "args.h"

/* Returns -1 to go on, otherwise the program ends with that exit code: 0 after --help and --version,
 * EXIT_USAGE after a message. args_free is due in any case. */
int args_parse(cli_args *args, int argc, char **argv);
void args_free(cli_args *args);

#endif
