/* Paths, and folders on the way to an output. */
#ifndef CLI_PATH_H
#define CLI_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include <stylize/stylize.h>

const char *path_base(const char *path);   /* after the last slash */
char *path_folder(const char *path);       /* before it, or "."; the caller frees it */
bool path_ends_in_slash(const char *path);
size_t path_stem_length(const char *path); /* of the last part, up to its ending */
bool path_is_folder(const char *path);
bool path_exists(const char *path);
bool path_same(const char *a, const char *b); /* both exist and are one file */
/* Makes a folder and those above it; 0 or an errno. */
int folder_make(const char *path);
/* Makes sure that a file can be made there before work is spent; false after a message. */
bool folder_check_writable(const char *file);
/* Picture format by a file name's ending, or STYLIZE_FORMAT_NONE. */
stylize_format format_by_path(const char *path);
/* Whether the ending is that of a picture, also of a format that may not be written or not be in this build. */
bool path_is_picture(const char *path);

#endif
