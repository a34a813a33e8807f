/* `stylize bench`: runs a network at given sizes and thread counts, says how near to the CPU's peak. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "args.h"

int command_bench(const cli_args *args);

#endif
