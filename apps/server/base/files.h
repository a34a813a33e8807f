/* Whole files by their handle. */
#ifndef SERVER_FILES_H
#define SERVER_FILES_H

#include "base/text.h"

bool file_write(int file, slice data);
/* A regular file of at most `most` bytes, added to out. */
bool file_read(int file, uint64_t most, buf *out);
/* A folder for its owner only, with those above it, where they are not there. The path is changed meanwhile. */
bool folders_make(char *path);

#endif
