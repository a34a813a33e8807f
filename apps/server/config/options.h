/* The table of the configuration's options. */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "common/options.h"
#include "config/config.h"

extern const option config_options[];
extern const size_t config_option_count;

/* Names of --storage-style, by its place. */
extern const char *const storage_styles[];

#endif
