/*
 * Configuration: one table of names serves the flags, the variables, the file and the help.
 *
 * "--queue-length 64", STYLIZE_QUEUE_LENGTH=64 and the line "queue-length = 64" mean the same.
 * Flags win over variables, variables over the file.
 */
#ifndef SERVER_CONFIG_READ_H
#define SERVER_CONFIG_READ_H

#include <stdio.h>

#include "config/config.h"

typedef enum config_command {
    CONFIG_RUN,
    CONFIG_CHECK,
    CONFIG_NEW_KEY,
    CONFIG_HELP,
    CONFIG_VERSION
} config_command;

/*
 * Reads flags, variables and the file into c, which starts as all zero. Returns false after having
 * written one line about the first mistake to `message`. config_free is due in any case.
 * environ: as of main; NULL: none. words: what stands on the command line besides flags, set to
 * the arguments after the command ("new-key NAME").
 */
bool config_read(config *c, int argc, char **argv, char **environment, config_command *command,
                 const char **word, char *message, size_t size);
void config_free(config *c);
void config_help(FILE *out);
/* One "name = value" line each, in groups; a file that gives this configuration again. */
void config_print(const config *c, FILE *out);

#endif
