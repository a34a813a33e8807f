/* One option of the configuration, by all its names. */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "config.h"

typedef enum option_type {
    OPTION_TEXT,
    OPTION_URL, /* text, perhaps with a password, which is not shown */
    OPTION_BOOL,
    OPTION_UINT,
    OPTION_NUMBER,
    OPTION_BYTES, /* "64M" */
    OPTION_TIME   /* "20s"; stored in milliseconds */
} option_type;

typedef struct option {
    const char *group;
    const char *name; /* "queue-length": --queue-length and STYLIZE_QUEUE_LENGTH */
    option_type type;
    size_t offset; /* in config */
    const char *preset;
    uint64_t min, max;
    const char *value; /* what the help calls it */
    const char *help;
} option;

extern const option options[];
extern const size_t option_count;

#endif
