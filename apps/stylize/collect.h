/* Finds the pictures that a folder run paints and names their outputs. */
#ifndef CLI_COLLECT_H
#define CLI_COLLECT_H

#include "args.h"

/* One picture of a folder run. */
typedef struct file_entry {
    char *input;
    char *output;
    bool named; /* on the command line, not found in a folder */
} file_entry;

typedef struct file_list {
    file_entry *entries;
    size_t count;
    size_t skipped;     /* files that are no pictures */
    size_t done_before; /* left out by --resume */
    size_t failed;      /* could not be read, or would have a name that is taken */
} file_list;

/* Finds the pictures of all inputs and names their outputs. EXIT_DONE or an exit code. */
int file_list_collect(file_list *list, const cli_args *args, const char *label);
void file_list_free(file_list *list);

#endif
