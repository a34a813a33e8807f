/*
 * Options of a program: one table of names, types and ranges serves the reader, the messages about wrong
 * values and the help.
 */
#ifndef APPS_OPTIONS_H
#define APPS_OPTIONS_H

#include <stdint.h>
#include <stdio.h>

#include "common/slice.h"

/* With each type the C type of the member that holds the value. */
typedef enum option_type {
    OPTION_TEXT,   /* char *, owned by the structure; NULL if it is empty */
    OPTION_URL,    /* the same, perhaps with a password, which is not shown */
    OPTION_BOOL,   /* bool */
    OPTION_UINT,   /* uint64_t */
    OPTION_NUMBER, /* double */
    OPTION_BYTES,  /* uint64_t; "64M" */
    OPTION_TIME,   /* uint64_t, milliseconds; "20s" */
    OPTION_CHOICE, /* int or an enum: the place in `choices` */
    OPTION_OWN     /* what `read` makes of it */
} option_type;

typedef struct option {
    const char *group;
    const char *name; /* "queue-length": --queue-length, and for a server STYLIZE_QUEUE_LENGTH */
    option_type type;
    size_t offset;      /* of the member */
    const char *preset; /* NULL: the member stays zero */
    double min, max;    /* of numbers; max 0: none. Of text: min 1 if it must not be empty */
    const char *value;  /* what the help calls it; NULL: the option takes none */
    const char *help;
    const char *const *choices; /* NULL after the last */
    const char *allowed;        /* for the message, where it does not follow from the above */
    bool (*read)(void *target, const struct option *o, slice value);
    char letter;       /* 0: long form only */
    unsigned commands; /* bits: in which commands of the program it means something */
} option;

/* target: the structure that the offsets are of. */

const option *option_find(const option *list, size_t count, slice name);
/* False: the value is not of that form or out of range. */
bool option_set(void *target, const option *o, slice value);
/* "--threads is "x"; allowed: a whole number from 1 to 256". source: the option as the user wrote it. */
void option_wrong(const option *o, const char *source, slice value, char *message, size_t size);
/* All presets; false without memory. */
bool options_preset(void *target, const option *list, size_t count);
void options_free(void *target, const option *list, size_t count);
/* In groups; only those of the commands, 0: all. */
void options_help(const option *list, size_t count, unsigned commands, FILE *out);

#endif
