/* A context of the library, as the command line wants it. */
#ifndef CLI_CONTEXT_H
#define CLI_CONTEXT_H

#include "args.h"

enum { INPUT_BYTES_MAX = 256 << 20 }; /* of an encoded picture */

/* Threads and queue length are given apart. NULL after a message, *exit_code is then set. */
stylize_ctx *context_create(const cli_args *args, uint32_t threads, uint32_t queue_length, int *exit_code);

#endif
